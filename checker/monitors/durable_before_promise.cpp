// Rule S8.
// Who acknowledges an entry has it on disk: a power cut in the next moment takes nothing from what
// the others count on.

#include "checker/monitors/catalogue_entries.hpp"
#include "checker/monitors/per_node.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faultlab::monitors {
namespace {

class DurableBeforePromise final : public RuleOf<DurableBeforePromise> {
public:
    void on(const ProtocolEvent& event) override {
        std::int64_t& promised = promised_[event.node];
        if (event.kind == ProtocolEvent::Kind::Acknowledged) {
            promised = std::max(promised, static_cast<std::int64_t>(event.op));
            return;
        }
        // Shown after the step that promised.
        if (promised > 0 && event.gauges->durable >= 0 && !judge(event.gauges->durable >= promised))
            alarm(event,
                  fmt::format(
                      "acknowledged op {}, and has {} on disk", promised, event.gauges->durable));
        promised = 0;
    }

private:
    PerNode<std::int64_t> promised_;
};

} // namespace

std::unique_ptr<Rule> durable_before_promise() {
    return std::make_unique<DurableBeforePromise>();
}

} // namespace faultlab::monitors
