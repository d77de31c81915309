#include "checker/monitors/stable_window.hpp"

#include <algorithm>
#include <utility>

namespace faultlab::monitors {

void StableWindowRule::on(const ProtocolEvent& event) {
    const Survey& survey = *event.survey;
    if (survey.calm_since != window_) {
        window_ = survey.calm_since;
        owed_.clear();
        begin();
    }
    if (survey.setup == nullptr || window_ < 0 || event.t < window_) return;
    look(event, survey);
}

bool StableWindowRule::in_time(std::int64_t which, bool so, Nanos now, Nanos bound) {
    if (so) {
        owed_.erase(which);
        return judge(true);
    }
    Owed& owed = owed_.try_emplace(which, Owed{.since = now, .seen = now}).first->second;
    // Nobody has looked for a while: it may have been so meanwhile.
    if (now - std::exchange(owed.seen, now) > bound / 4) owed.since = now;
    if (owed.told || now - owed.since <= bound) return true;
    owed.told = true;
    return judge(false);
}

void StableWindowRule::alarm_of(NodeId node, const ProtocolEvent& event, std::string what) {
    ProtocolEvent of = event;
    of.node = node;
    alarm(of, std::move(what));
}

bool in_core(const Survey& survey, NodeId node) {
    return std::ranges::find(survey.core, node) != survey.core.end();
}

const Survey::Replica* leader_of(const Survey& survey) {
    const Survey::Replica* leader = nullptr;
    for (const Survey::Replica& replica : survey.replicas) {
        if (!replica.gauges.leads || !in_core(survey, replica.node)) continue;
        if (leader == nullptr || replica.gauges.view > leader->gauges.view) leader = &replica;
    }
    return leader;
}

Nanos time_to_lead(const Survey& survey) {
    const Setup& of = *survey.setup;
    const Nanos round = of.view_change + 2 * of.message + of.work;
    return of.repair + of.silence + (Nanos{survey.absent} + 2) * round + 4 * of.message + of.work;
}

Nanos time_to_follow(const Survey& survey) {
    const Setup& of = *survey.setup;
    return time_to_lead(survey) + of.repair + 2 * of.message;
}

Nanos time_to_answer(const Survey& survey) {
    const Setup& of = *survey.setup;
    const auto replicas = static_cast<Nanos>(survey.core.size() + survey.absent);
    return time_to_follow(survey) + replicas * of.retry + 4 * of.message + 2 * of.work;
}

} // namespace faultlab::monitors
