// Disks that lose power, rot, and lie.

#include "simulator/scenarios/families.hpp"

#include <array>

namespace faultlab::simulator {
namespace {

// --- SC26: torn writes

/// Cuts the power of one replica, of several or of all in the middle of their writes, after some
/// commits, and starts them again.
class TornWrites : public Stage::Program {
public:
    explicit TornWrites(Stage& stage) : stage_(&stage) {}

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(1, 25));
        stage_->after_commits(commits, [this] { cut(); });
    }

private:
    void cut() {
        const std::uint64_t ticket = stage_->rng().below(4);
        const ReplicaId one = stage_->any_voter();
        if (ticket == 0) stage_->count("all_cut");
        for (ReplicaId id = 1; id <= stage_->voters(); ++id) {
            const bool others = ticket == 0 || (ticket == 1 && stage_->rng().chance(1, 2));
            if (id != one && !others) continue;
            const std::uint64_t before = stage_->world().disk(id).torn();
            stage_->power_cycle(id, 1, stage_->patience());
            const std::uint64_t torn = stage_->world().disk(id).torn() - before;
            stage_->count("power_cuts");
            stage_->count("torn_sectors", torn);
            if (torn > 0) stage_->count("torn_restarts");
        }
        wait();
    }

    Stage* stage_;
};

void with_slow_syncs(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::SyncMicros, 5'000);
}

void play_torn_writes(Stage& stage) {
    stage.keep<TornWrites>().wait();
}

constexpr std::array torn_proofs = {
    Proof{"power_cuts", 200, "machines lose their power"},
    Proof{"all_cut", 20, "all of them at once"},
    Proof{"torn_restarts", 50, "a replica starts on a disk whose last writes are torn"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC26",
             .name = "torn-writes",
             .summary = "power cuts in the middle of writes, of one machine, of some or of all",
             .prepare = with_slow_syncs,
             .play = play_torn_writes,
             .proofs = torn_proofs}};

} // namespace

std::span<const Scenario> disk_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
