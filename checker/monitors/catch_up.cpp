// Rule L4.
// While a core is undisturbed, each of it has within a bound executed, and has on disk, what its
// leader had in its log.

#include "checker/monitors/catalogue_entries.hpp"
#include "checker/monitors/per_node.hpp"
#include "checker/monitors/stable_window.hpp"

#include <fmt/format.h>

namespace faultlab::monitors {
namespace {

class CatchUp final : public RuleOf<CatchUp, StableWindowRule> {
    void begin() override { goals_ = {}; }
    void look(const ProtocolEvent& event, const Survey& survey) override {
        const Survey::Replica* leader = leader_of(survey);
        if (leader == nullptr) return; // that is rule L2
        for (const Survey::Replica& replica : survey.replicas) {
            if (!replica.member || !in_core(survey, replica.node)) continue;
            Goal& goal = goals_[replica.node];
            if (goal.view != leader->gauges.view) { // another leader may have another log
                forget(replica.node);
                goal = {.view = leader->gauges.view};
            }
            if (goal.op < 0) goal.op = leader->gauges.head;
            const Gauges& now = replica.gauges;
            const bool there =
                now.applied >= goal.op && (now.durable < 0 || now.durable >= goal.op);
            if (!in_time(replica.node, there, event.t, time_to_follow(survey)))
                alarm_of(replica.node,
                         event,
                         fmt::format("has executed op {}, and its leader had op {} {} ms ago",
                                     now.applied,
                                     goal.op,
                                     time_to_follow(survey) / millisecond));
            if (there) goal.op = -1;
        }
    }

    struct Goal {
        std::int64_t view = -1;
        std::int64_t op = -1; ///< that it has to reach; -1: the leader's next one
    };
    PerNode<Goal> goals_;
};

} // namespace

std::unique_ptr<Rule> catch_up() {
    return std::make_unique<CatchUp>();
}

} // namespace faultlab::monitors
