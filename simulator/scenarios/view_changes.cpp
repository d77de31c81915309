// Primaries that are replaced, and do not know it.

#include "simulator/scenarios/families.hpp"

#include <array>

namespace faultlab::simulator {
namespace {

bool believes_to_lead(World& world, ReplicaId id) {
    if (!world.running(id)) return false;
    const Telemetry said = world.telemetry(id);
    return said.status == Status::Normal && said.role == Role::Primary;
}

// --- SC12: two replicas that lead

/// Makes the others change the view while the old primary cannot hear of it: first it is mute, so
/// that they want another view; as soon as one of them has left the old view it is deaf too. When
/// they lead without it, it comes back, first as one that only speaks.
class LeaderRace : public Stage::Program {
public:
    explicit LeaderRace(Stage& stage) : stage_(&stage) {
        stage.on(EventKind::StatusChanged, [this](ReplicaId id, const Event& event) {
            const bool leaves = event.a == static_cast<std::uint64_t>(Status::ViewChange);
            if (act_ == Act::Mute && id != old_ && leaves)
                stage_->at_step_end([this] { deafen(); });
        });
        stage.on(EventKind::ViewInstalled, [this](ReplicaId id, const Event&) {
            if (act_ == Act::Deaf && id != old_) stage_->at_step_end([this, id] { compare(id); });
        });
    }

    void wait() {
        act_ = Act::None;
        const auto commits = static_cast<Op>(stage_->rng().between(2, 15));
        stage_->after_commits(commits, [this] { begin(); });
    }

private:
    enum class Act : std::uint8_t { None, Mute, Deaf, Race };

    void begin() {
        const std::optional<ReplicaId> primary = stage_->world().primary();
        if (!primary || *primary > stage_->voters()) return wait();
        old_ = *primary;
        act_ = Act::Mute;
        ++race_;
        fault_ = stage_->isolate(old_, Stage::Cut::Mute);
        // Whatever becomes of it, it ends.
        const Nanos enough = 12 * stage_->patience();
        stage_->later(enough, enough, [this, race = race_] {
            if (race == race_ && act_ != Act::None) end();
        });
    }

    void deafen() {
        if (act_ != Act::Mute) return;
        act_ = Act::Deaf;
        for (const ReplicaId other : stage_->others(old_))
            stage_->network().cut_one_way(other, old_);
    }

    void compare(ReplicaId id) {
        if (act_ != Act::Deaf) return;
        World& world = stage_->world();
        if (!believes_to_lead(world, id) || !believes_to_lead(world, old_)) return;
        act_ = Act::Race;
        stage_->count("two_primaries");
        stage_->later(0, 2 * stage_->patience(), [this] { let_speak(); });
    }

    void let_speak() {
        if (act_ != Act::Race) return;
        // The cut is undone one way: what the old primary says is heard by those who left it.
        stage_->rejoin(old_, fault_);
        for (const ReplicaId other : stage_->others(old_))
            stage_->network().cut_one_way(other, old_);
        stage_->later(0, stage_->patience() / 2, [this, race = race_] {
            if (race == race_ && act_ == Act::Race) end();
        });
    }

    void end() {
        stage_->rejoin(old_, fault_);
        wait();
    }

    Stage* stage_;
    Act act_ = Act::None;
    ReplicaId old_ = no_replica;
    FaultId fault_ = 0;
    std::uint64_t race_ = 0;
};

constexpr std::array race_proofs = {
    Proof{"two_primaries", 50, "two replicas lead different views at one moment"}};

// --- SC45: a primary without a quorum

/// Isolates whoever leads, wholly or one way, and lets it come back.
class Isolation : public Stage::Program {
public:
    explicit Isolation(Stage& stage) : stage_(&stage) {
        stage.on(EventKind::Abdicated, [this](ReplicaId id, const Event&) {
            if (isolated_ && id == old_) stage_->count("abdications");
        });
        stage.on(EventKind::ViewEntered, [this](ReplicaId id, const Event& event) {
            if (!isolated_ || id == old_ || event.b == 0) return;
            stage_->count("replaced");
            // It may be gone again as soon as it has done something, and the old one back, whose
            // log is then longer, and of no worth.
            if (stage_->rng().chance(1, 2)) {
                const auto commits = static_cast<Op>(stage_->rng().between(1, 3));
                stage_->after_commits(commits, [this, id] { swap(id); });
            }
        });
    }

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(1, 20));
        stage_->after_commits(commits, [this] { begin(); });
    }

private:
    void begin() {
        const std::optional<ReplicaId> primary = stage_->world().primary();
        if (!primary || *primary > stage_->voters()) return wait();
        constexpr std::array cuts = {Stage::Cut::BothWays, Stage::Cut::Deaf, Stage::Cut::Mute};
        constexpr std::array names = {"isolated_both_ways", "isolated_deaf", "isolated_mute"};
        const std::uint64_t way = stage_->rng().below(cuts.size());
        old_ = *primary;
        isolated_ = true;
        stage_->count(names.at(way));
        fault_ = stage_->isolate(old_, cuts.at(way));
        stage_->later(stage_->patience() / 2, 8 * stage_->patience(), [this] {
            isolated_ = false;
            stage_->rejoin(old_, fault_);
            wait();
        });
    }

    /// The one that replaced it is isolated in its place.
    void swap(ReplicaId id) {
        if (!isolated_ || id == old_) return;
        stage_->count("swaps");
        stage_->rejoin(old_, fault_);
        old_ = id;
        fault_ = stage_->isolate(old_, Stage::Cut::BothWays);
    }

    Stage* stage_;
    bool isolated_ = false;
    FaultId fault_ = 0;
    ReplicaId old_ = no_replica;
};

constexpr std::array isolation_proofs = {
    Proof{"isolated_both_ways", 20, "a primary is cut off"},
    Proof{"isolated_deaf", 20, "a primary speaks and does not hear"},
    Proof{"isolated_mute", 20, "a primary hears and does not speak"},
    Proof{"replaced", 50, "another leads meanwhile"},
    Proof{"swaps", 20, "the other is isolated in its place as soon as it has committed something"},
    Proof{"abdications", 5, "a primary that nobody answers gives up"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC12",
             .name = "leader-race",
             .summary = "the others elect a primary while the old one cannot hear of it",
             .prepare = only_its_own_faults,
             .play = play<LeaderRace>,
             .proofs = race_proofs},
    Scenario{.id = "SC45",
             .name = "primary-isolated",
             .summary = "whoever leads is cut off, deaf or mute, and comes back",
             .prepare = only_its_own_faults,
             .play = play<Isolation>,
             .proofs = isolation_proofs}};

} // namespace

std::span<const Scenario> view_change_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
