// Rule L8.
// While a core is undisturbed, each of it comes within a bound to the membership, and to the active
// release, that its leader has: what an operator began comes to an end, whoever died meanwhile.

#include "checker/monitors/catalogue_entries.hpp"
#include "checker/monitors/stable_window.hpp"

#include <fmt/format.h>

namespace faultlab::monitors {
namespace {

std::uint32_t epoch(const Survey::Replica& replica) {
    return epoch_of(static_cast<ViewNumber>(replica.gauges.view));
}

class EpochsSpread final : public RuleOf<EpochsSpread, StableWindowRule> {
    void look(const ProtocolEvent& event, const Survey& survey) override {
        const Survey::Replica* leader = leader_of(survey);
        if (leader == nullptr) return; // that is rule L2
        const bool decided = epoch(*leader) > 0 || leader->gauges.release > 0;
        for (const Survey::Replica& replica : survey.replicas) {
            if (!decided || !replica.member || !in_core(survey, replica.node)) continue;
            const bool there = epoch(replica) == epoch(*leader) &&
                               replica.gauges.release == leader->gauges.release;
            if (in_time(replica.node, there, event.t, time_to_follow(survey))) continue;
            alarm_of(replica.node,
                     event,
                     fmt::format("is in epoch {} with release {}, its leader in {} with {}",
                                 epoch(replica),
                                 replica.gauges.release,
                                 epoch(*leader),
                                 leader->gauges.release));
        }
    }
};

} // namespace

std::unique_ptr<Rule> epochs_spread() {
    return std::make_unique<EpochsSpread>();
}

} // namespace faultlab::monitors
