// Rule L5.
// While a core is undisturbed, each of it takes part in its leader's view within a bound, and
// nothing of its log is damaged or missing: starts, recoveries and repairs come to an end.

#include "checker/monitors/catalogue_entries.hpp"
#include "checker/monitors/stable_window.hpp"

#include <fmt/format.h>

namespace faultlab::monitors {
namespace {

class RepairEnds final : public RuleOf<RepairEnds, StableWindowRule> {
    void look(const ProtocolEvent& event, const Survey& survey) override {
        const Survey::Replica* leader = leader_of(survey);
        if (leader == nullptr) return; // that is rule L2
        for (const Survey::Replica& replica : survey.replicas) {
            if (!replica.member || !in_core(survey, replica.node)) continue;
            const Gauges& now = replica.gauges;
            const bool follows = now.normal && now.log_view == leader->gauges.log_view;
            const bool whole = follows && now.damaged <= 0;
            if (in_time(replica.node, whole, event.t, time_to_follow(survey))) continue;
            alarm_of(replica.node,
                     event,
                     follows ? fmt::format("lacks {} entries of its log, and does not get them",
                                           now.damaged)
                             : "does not come to take part in its leader's view");
        }
    }
};

} // namespace

std::unique_ptr<Rule> repair_ends() {
    return std::make_unique<RepairEnds>();
}

} // namespace faultlab::monitors
