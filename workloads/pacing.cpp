#include "core/check.hpp"
#include "workloads/generators.hpp"

#include <algorithm>
#include <utility>

namespace faultlab {

Paced::Paced(const Pace& pace, const StreamContext& context, Rng rng, GeneratorPtr child)
    : pace_(pace),
      gap_(std::max<Nanos>(1, context.workers * second / std::max<std::int64_t>(1, pace.rate))),
      offset_(context.worker * second / std::max<std::int64_t>(1, pace.rate)), rng_(rng),
      child_(std::move(child)) {
    FAULTLAB_CHECK(pace.rate > 0);
}

Step Paced::next(const Moment& moment) {
    if (!started_) {
        started_ = true;
        end_ = moment.now + pace_.length;
        due_ = moment.now + offset_;
    }
    if (ended_) return End{};
    if (moment.now >= end_) return drop_rest();
    if (due_ >= end_) {
        ended_ = true;
        return End{};
    }
    while (moment.now >= due_) {
        Step step = child_->next(moment);
        if (std::holds_alternative<End>(step)) {
            ended_ = true;
            return End{};
        }
        auto* emit = std::get_if<Emit>(&step);
        if (emit == nullptr) {
            child_waited_ = true;
            if (auto* wait = std::get_if<WaitUntil>(&step)) wait->t = std::min(wait->t, end_);
            return step;
        }
        if (child_waited_) due_ = moment.now;
        child_waited_ = false;
        emit->due = due_;
        schedule_next(due_);
        if (moment.now - emit->due <= pace_.backlog_limit) return step;
        child_->observe(emit->op, Failed{"never invoked: the worker fell too far behind"});
        ++dropped_;
    }
    return WaitUntil{std::min(due_, end_)};
}

void Paced::observe(const Invocation& op, const Completion& completion) {
    child_->observe(op, completion);
}

void Paced::schedule_next(Nanos from) {
    due_ = from + (pace_.jitter ? rng_.between(0, 2 * gap_) : gap_);
}

Step Paced::drop_rest() {
    // While the child waits nothing is due, so nothing is missed.
    for (; due_ < end_ && !child_waited_; schedule_next(due_))
        ++dropped_;
    ended_ = true;
    return End{};
}

} // namespace faultlab
