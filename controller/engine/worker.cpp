#include "controller/engine/worker.hpp"

#include "core/check.hpp"

#include <variant>

namespace faultlab {

Worker::Worker(const Seat& seat, OpLane& lane, Tally& tally)
    : seat_(seat), lane_(lane), tally_(tally), process_(seat.worker) {}

Step Worker::next(Nanos now) {
    FAULTLAB_CHECK(!open_);
    FAULTLAB_CHECK(stream_ != nullptr);
    return stream_->next({.now = now, .process = process_});
}

void Worker::invoke(const Emit& emit, const Clock& clock) {
    FAULTLAB_CHECK(!open_);
    if (!emit.op.key.is_absent()) keys_.insert(emit.op.key);
    row_ = {.process = process_, .node = seat_.node, .op = emit.op, .t_due = emit.due};
    open_ = true;
    invoked_ = lane_.invoke(row_, clock);
}

void Worker::complete(const Completion& completion, NodeId asked, const Clock& clock) {
    lane_.complete(invoked_, completion, asked == seat_.node ? no_node : asked, clock);
    FAULTLAB_CHECK(open_);
    open_ = false;
    if (std::holds_alternative<Done>(completion)) {
        tally_.ok.fetch_add(1, std::memory_order_relaxed);
    } else if (std::holds_alternative<Failed>(completion)) {
        tally_.fail.fetch_add(1, std::memory_order_relaxed);
    } else {
        tally_.info.fetch_add(1, std::memory_order_relaxed);
    }
    stream_->observe(row_.op, completion);
    if (std::holds_alternative<Unknown>(completion)) process_ += seat_.workers;
}

} // namespace faultlab
