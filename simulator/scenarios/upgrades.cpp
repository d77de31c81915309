// Programs of two releases in one cluster.

#include "simulator/scenarios/families.hpp"

#include <algorithm>
#include <array>

namespace faultlab::simulator {
namespace {

// --- SC61: a rolling upgrade

/// Restarts one replica after the other as the newer release, now and then one as the older again,
/// while clients work; then somebody asks for what only the newer can do.
class RollingUpgrade : public Stage::Program {
public:
    explicit RollingUpgrade(Stage& stage) : stage_(&stage) {
        stage.on(EventKind::FeatureActive, [this](ReplicaId, const Event&) {
            if (!active_) stage_->count("activated");
            active_ = true;
        });
    }

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(1, 5));
        stage_->after_commits(commits, [this] { next(); });
    }

private:
    void next() {
        if (done_ == stage_->voters()) {
            stage_->later(0, stage_->patience(), [this] { ask(); });
            return;
        }
        const auto id = static_cast<ReplicaId>(done_ + 1);
        ++done_;
        restart(id, newest_release);
        stage_->count("newer_starts");
        const bool back = stage_->rng().chance(1, 4);
        pause([this, id, back] {
            if (!back) return next();
            restart(id, oldest_release);
            stage_->count("older_starts");
            pause([this, id] {
                restart(id, newest_release);
                pause([this] { next(); });
            });
        });
    }

    void restart(ReplicaId id, std::uint32_t release) {
        stage_->world().crash(id);
        stage_->world().start(id, release);
    }

    /// Long enough for a replica to be back.
    void pause(std::function<void()> what) {
        stage_->later(stage_->patience() / 4, stage_->patience(), std::move(what));
    }

    /// Again and again: it is refused until every replica has told what it can.
    void ask() {
        if (active_) return;
        stage_->world().client(0).submit({.code = OpCode::Upgrade, .release = newest_release});
        stage_->later(2 * stage_->patience(), 4 * stage_->patience(), [this] { ask(); });
    }

    Stage* stage_;
    ReplicaId done_ = 0; ///< the voters up to it run the newer release
    bool active_ = false;
};

void of_the_older_release(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::Standbys, 0);
    knobs.set(Knob::Release, oldest_release);
    // All of it has to come about in time, and the upgrade is the last op before a checkpoint.
    knobs.set(Knob::Voters, std::min<std::int64_t>(knobs[Knob::Voters], 4));
    knobs.set(Knob::TimeoutPercent, 100);
    knobs.set(Knob::CheckpointEvery, 12);
}

void play_rolling_upgrade(Stage& stage) {
    stage.keep<RollingUpgrade>().wait();
}

constexpr std::array upgrade_proofs = {
    Proof{"newer_starts", 200, "replicas come back as the newer release"},
    Proof{"older_starts", 20, "one goes back to the older release before it is too late"},
    Proof{"activated", 50, "the cluster begins what only the newer release can do"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC61",
             .name = "rolling-upgrade",
             .summary = "one replica after the other restarts as a newer release, some go back",
             .prepare = of_the_older_release,
             .play = play_rolling_upgrade,
             .proofs = upgrade_proofs}};

} // namespace

std::span<const Scenario> upgrade_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
