// Rule S6.
// Nobody takes for committed what lies beyond its log, or executes what is not committed.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

namespace faultlab::monitors {
namespace {

class CommitWithinLog final : public RuleOf<CommitWithinLog> {
public:
    void on(const ProtocolEvent& event) override {
        const Gauges& now = *event.gauges;
        if (!now.normal) return;
        if (now.committed >= 0 && now.head >= 0 && !judge(now.committed <= now.head)) {
            alarm(event,
                  fmt::format("takes op {} for committed, and its log ends at {}",
                              now.committed,
                              now.head));
        }
        if (now.applied >= 0 && now.committed >= 0 && !judge(now.applied <= now.committed)) {
            alarm(event,
                  fmt::format("executed op {}, and knows of {} committed ones",
                              now.applied,
                              now.committed));
        }
    }
};

} // namespace

std::unique_ptr<Rule> commit_within_log() {
    return std::make_unique<CommitWithinLog>();
}

} // namespace faultlab::monitors
