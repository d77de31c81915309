// Rule L6.
// While a core is undisturbed, and all of it have followed one leader for longer than a wish for
// another one counts, the leader speaks before anybody loses patience, and nobody leaves its view.
// Who lacks a checkpoint fetches it, and neither hears its leader nor answers meanwhile: it does
// not follow, and a leader whom no quorum answers may give up (rule L3).

#include "checker/monitors/catalogue_entries.hpp"
#include "checker/monitors/stable_window.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faultlab::monitors {
namespace {

class SteadyLeader final : public RuleOf<SteadyLeader, StableWindowRule> {
    void begin() override { view_ = -1; }
    void look(const ProtocolEvent& event, const Survey& survey) override {
        const Survey::Replica* leader = leader_of(survey);
        // Who does not know when it spoke, or was answered, cannot tell whether it gave a reason.
        if (leader != nullptr && (leader->spoke < 0 || leader->answered < 0)) return;
        if (leader != nullptr && event.t - leader->answered > survey.setup->abdication / 2) {
            view_ = -1;
            return;
        }
        const bool was_steady =
            view_ >= 0 && event.t - since_ > survey.setup->silence + 2 * survey.setup->message;
        if (was_steady) steady(event, survey, leader);
        // One that had given up before keeps silent until another is elected.
        if (leader == nullptr || !speaks(event, survey, *leader) ||
            !all_follow(survey, leader->gauges)) {
            view_ = -1;
        } else if (view_ != leader->gauges.view) {
            view_ = leader->gauges.view;
            since_ = event.t;
        }
    }

    static bool
    speaks(const ProtocolEvent& event, const Survey& survey, const Survey::Replica& leader) {
        return event.t - leader.spoke <= survey.setup->silence;
    }

    static bool all_follow(const Survey& survey, const Gauges& leader) {
        return std::ranges::all_of(survey.core, [&](NodeId node) {
            const auto replica = std::ranges::find(survey.replicas, node, &Survey::Replica::node);
            if (replica == survey.replicas.end()) return false;
            const Gauges& now = replica->gauges;
            return !replica->member ||
                   (now.normal && now.view == leader.view && now.log_view == leader.view &&
                    now.applied >= leader.checkpoint);
        });
    }

    void steady(const ProtocolEvent& event, const Survey& survey, const Survey::Replica* leader) {
        for (const Survey::Replica& replica : survey.replicas) {
            if (!replica.member || !in_core(survey, replica.node)) continue;
            const auto view = static_cast<ViewNumber>(replica.gauges.view);
            const auto left = static_cast<ViewNumber>(view_);
            // Another membership begins with a view of its own.
            if (judge(view <= left || epoch_of(view) != epoch_of(left))) continue;
            alarm_of(replica.node,
                     event,
                     fmt::format("leaves view {} for {}, although nothing disturbed its leader",
                                 view_text(left),
                                 view_text(view)));
            return;
        }
        if (leader == nullptr || leader->gauges.view != view_) return;
        if (judge(speaks(event, survey, *leader))) return;
        alarm_of(leader->node,
                 event,
                 fmt::format("leads, and has been silent for {} ms",
                             (event.t - leader->spoke) / millisecond));
    }

    std::int64_t view_ = -1; ///< that all follow
    Nanos since_ = 0;        ///< and since when
};

} // namespace

std::unique_ptr<Rule> steady_leader() {
    return std::make_unique<SteadyLeader>();
}

} // namespace faultlab::monitors
