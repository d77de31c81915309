// Clients that die, and clients that are too many.

#include "simulator/scenarios/families.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace faultlab::simulator {
namespace {

// --- SC39: a client dies

/// Clients die, mostly in the middle of a request, and start again without any memory.
class ClientCrashes : public Stage::Program {
public:
    explicit ClientCrashes(Stage& stage) : stage_(&stage) {}

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(1, 8));
        stage_->after_commits(commits, [this] { crash(); });
    }

private:
    void crash() {
        World& world = stage_->world();
        const std::size_t index = stage_->rng().below(world.client_count());
        Client& client = world.client(index);
        const bool midway = client.busy_with_request();
        if (client.restart()) {
            stage_->end(stage_->begin(
                {.kind = "client-crash", .summary = fmt::format("c{} dies", index + 1)}));
            stage_->count(midway ? "died_midway" : "died_idle");
        }
        // What it asked for last may come true only in the next view.
        if (stage_->rng().chance(1, 6))
            stage_->unseat(2 * stage_->patience(), 4 * stage_->patience());
        wait();
    }

    Stage* stage_;
};

constexpr std::array crash_proofs = {
    Proof{"died_midway", 200, "clients die while they wait for an answer"},
    Proof{"died_idle", 15, "others between two requests"},
    Proof{counter::views, 50, "views change meanwhile"}};

// --- SC41: more clients than sessions

/// Takes the primary away now and then; the rest is done by the clients, of whom there are more
/// than the store remembers.
void few_sessions(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::Voters, 3);
    knobs.set(Knob::ClientsPerNode, 3);
    knobs.set(Knob::Sessions, 5);
}

class Crowd : public Stage::Program {
public:
    explicit Crowd(Stage& stage) : stage_(&stage) {}

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(5, 25));
        stage_->after_commits(commits, [this] {
            stage_->unseat(2 * stage_->patience(), 4 * stage_->patience());
            wait();
        });
    }

private:
    Stage* stage_;
};

constexpr std::array crowd_proofs = {
    Proof{counter::evictions, 1'000, "sessions are evicted"},
    Proof{counter::views, 100, "views change meanwhile"},
    Proof{counter::checkpoints, 50, "checkpoints are made of what is left"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC39",
             .name = "client-crashes",
             .summary = "clients die in the middle of requests, and start again without memory",
             .prepare = only_its_own_faults,
             .play = play<ClientCrashes>,
             .proofs = crash_proofs},
    Scenario{.id = "SC41",
             .name = "session-eviction",
             .summary = "nine clients share a store that remembers five, and views change",
             .prepare = few_sessions,
             .play = play<Crowd>,
             .proofs = crowd_proofs}};

} // namespace

std::span<const Scenario> session_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
