// Rule S22.
// The timestamps that leaders give rise along the committed log, whatever clocks do.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

namespace faultlab::monitors {
namespace {

class TimestampsRise final : public RuleOf<TimestampsRise> {
public:
    void on(const ProtocolEvent& event) override {
        const Ledger::Entry* before = event.op > 0 ? ledger().committed(event.op - 1) : nullptr;
        const std::uint64_t timestamp = event.log.front().timestamp;
        if (before == nullptr || before->entry.timestamp == 0 || timestamp == 0) return;
        if (!judge(timestamp > before->entry.timestamp)) {
            alarm(
                event,
                fmt::format("commits op {}, whose timestamp is not above the last one", event.op));
        }
    }
};

} // namespace

std::unique_ptr<Rule> timestamps_rise() {
    return std::make_unique<TimestampsRise>();
}

} // namespace faultlab::monitors
