#include "core/rng.hpp"
#include "simulator/model_checker/schedule.hpp"
#include "tests/support/catch.hpp"

#include <map>

namespace faultlab::simulator {
namespace {

using Moment = Histories::Moment;

/// A way through a cluster, at random.
State wander(Schedule& schedule, Rng& rng, int steps) {
    State state = schedule.first();
    for (int i = 0; i < steps; ++i) {
        const std::vector<Action> all = schedule.actions(state);
        if (all.empty()) break;
        state = schedule.after(state, all[rng.below(all.size())]);
    }
    return state;
}

} // namespace

TEST_CASE("The same history is told only once") {
    Schedule schedule({.faults = 1}, {});
    Rng one(1);
    const State there = wander(schedule, one, 12);
    const std::uint64_t moments = schedule.moments();
    Rng again(1);
    const State same = wander(schedule, again, 12);
    CHECK(same.at == there.at);
    CHECK(same.flight == there.flight);
    CHECK(schedule.moments() == moments);
}

TEST_CASE("Replicas with one fingerprint do alike") {
    Schedule schedule({.faults = 2, .views = 3}, {});
    std::map<std::pair<ReplicaId, Checksum>, State> known;
    std::size_t merged = 0;
    Rng rng(7);
    for (int walk = 0; walk < 400; ++walk) {
        State state = schedule.first();
        for (int step = 0; step < 14; ++step) {
            const std::vector<Action> all = schedule.actions(state);
            if (all.empty()) break;
            state = schedule.after(state, all[rng.below(all.size())]);
            for (ReplicaId id = 1; id <= 3; ++id) {
                const Moment here = state.at[id - 1U];
                const auto [at, fresh] =
                    known.try_emplace({id, schedule.replica(id).fingerprint(here)}, state);
                if (fresh || at->second.at[id - 1U] == here) continue;
                // The same is told to both.
                State there = state;
                there.at[id - 1U] = at->second.at[id - 1U];
                for (const Action& action : schedule.actions(state)) {
                    if (action.at != id) continue;
                    ++merged;
                    const State next_here = schedule.after(state, action);
                    const State next_there = schedule.after(there, action);
                    const Moment one = next_here.at[id - 1U];
                    const Moment other = next_there.at[id - 1U];
                    INFO(schedule.text(action));
                    CHECK(schedule.replica(id).fingerprint(one) ==
                          schedule.replica(id).fingerprint(other));
                    CHECK(schedule.replica(id).sent(one).size() ==
                          schedule.replica(id).sent(other).size());
                    CHECK(schedule.replica(id).stance(one).view ==
                          schedule.replica(id).stance(other).view);
                    CHECK(schedule.replica(id).stance(one).status ==
                          schedule.replica(id).stance(other).status);
                }
            }
        }
    }
    CHECK(merged > 100);
}

} // namespace faultlab::simulator
