// Programs of two releases in one cluster.

#include "simulator/scenarios/families.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace faultlab::simulator {
namespace {

// --- SC61 to SC64: rolling upgrades

/// Restarts one replica after the other as the newer release, now and then one as the older again,
/// while clients work; then somebody asks for what only the newer can do.
class RollingUpgrade : public Stage::Program {
public:
    struct Plan {
        bool failures = false; ///< some die as they start, or whoever leads is cut off
        bool back = false;     ///< when all run the newer release, all go back once
        bool hasty = false;    ///< it is asked for before all run the newer release
    };

    explicit RollingUpgrade(Stage& stage) : stage_(&stage) {
        stage.on(EventKind::FeatureActive, [this](ReplicaId, const Event&) {
            if (!active_) stage_->count("activated");
            active_ = true;
        });
    }

    void follow(const Plan& plan) {
        plan_ = plan;
        wait();
    }

private:
    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(1, 5));
        stage_->after_commits(commits, [this] { next(); });
    }

    void next() {
        if (done_ == stage_->voters()) return all_done();
        const auto id = static_cast<ReplicaId>(done_ + 1);
        ++done_;
        swap(id, release_);
        if (plan_.hasty && done_ == 1) ask();
        // Who has said that it is ready must not go back: it may begin at any moment.
        const bool may_go_back = release_ == newest_release && !plan_.hasty;
        const bool back = may_go_back && stage_->rng().chance(1, 4);
        pause([this, id, back] {
            if (!back) return next();
            swap(id, oldest_release);
            pause([this, id] {
                swap(id, release_);
                pause([this] { next(); });
            });
        });
    }

    void all_done() {
        if (plan_.back && release_ == newest_release && !was_back_) {
            release_ = oldest_release;
            stage_->count("all_newer");
        } else if (release_ == oldest_release) {
            release_ = newest_release;
            was_back_ = true;
            stage_->count("all_older_again");
        } else {
            if (!plan_.hasty) stage_->later(0, stage_->patience(), [this] { ask(); });
            return;
        }
        done_ = 0;
        pause([this] { next(); });
    }

    void swap(ReplicaId id, std::uint32_t release) {
        restart(id, release);
        stage_->count(release == newest_release ? "newer_starts" : "older_starts");
        if (!plan_.failures) return;
        if (stage_->rng().chance(1, 2)) {
            stage_->later(0, stage_->patience() / 16, [this, id, release] {
                stage_->count("deaths_while_starting");
                restart(id, release);
            });
        }
        if (stage_->rng().chance(1, 3) &&
            stage_->unseat(stage_->patience(), 3 * stage_->patience()))
            stage_->count("primaries_cut_off");
    }

    void restart(ReplicaId id, std::uint32_t release) {
        if (plan_.failures && stage_->rng().chance(1, 2)) {
            stage_->world().power_cut(id);
        } else {
            stage_->world().crash(id);
        }
        stage_->world().start(id, release);
    }

    /// Long enough for a replica to be back.
    void pause(std::function<void()> what) {
        stage_->later(stage_->patience() / 4, stage_->patience(), std::move(what));
    }

    /// Again and again: it is refused until every replica has told what it can.
    void ask() {
        if (active_) return;
        if (done_ < stage_->voters()) stage_->count("asked_too_early");
        stage_->world().client(0).submit({.code = OpCode::Upgrade, .release = newest_release});
        stage_->later(2 * stage_->patience(), 4 * stage_->patience(), [this] { ask(); });
    }

    Stage* stage_;
    Plan plan_;
    std::uint32_t release_ = newest_release; ///< that replicas restart as
    ReplicaId done_ = 0;                     ///< the voters up to it have
    bool was_back_ = false;
    bool active_ = false;
};

// --- SC103: deaths after an activation

/// Has all replicas run the newer release, and asks for what only that can do, all the time: it is
/// refused until the release is activated, and done from then on. Some entries after that each
/// replica dies once, and executes again what its last checkpoint does not have: what was refused
/// must be refused again.
class ActivationDeaths : public Stage::Program {
public:
    explicit ActivationDeaths(Stage& stage) : stage_(&stage) {
        stage.on(EventKind::FeatureActive, [this](ReplicaId id, const Event&) {
            if (!std::exchange(active_, true)) stage_->count("activated");
            if (std::exchange(dies_.at(id), true)) return;
            const std::int64_t period = stage_->world().limits().checkpoint_every;
            const auto commits = static_cast<Op>(stage_->rng().between(1, period));
            stage_->at_step_end(
                [this, id, commits] { stage_->after_commits(commits, [this, id] { die(id); }); });
        });
    }

    void start() {
        swap();
        stage_->after_commits(static_cast<Op>(stage_->rng().between(2, 10)), [this] { renew(1); });
    }

    /// What came of all the swaps.
    void heal() override {
        for (std::size_t i = 0; i < stage_->world().client_count(); ++i) {
            for (const faultlab::Op& op : stage_->world().client(i).history()) {
                if (op.f != replica::name(OpCode::Swap)) continue;
                if (op.status == OpStatus::fail) stage_->count("swaps_refused");
                if (op.status == OpStatus::ok) stage_->count("swaps_done");
            }
        }
    }

private:
    /// One replica after the other runs the newer release.
    void renew(ReplicaId id) {
        if (id > stage_->world().size()) return ask();
        stage_->world().crash(id);
        stage_->world().start(id, newest_release);
        stage_->later(stage_->patience() / 8, stage_->patience() / 2, [this, id] {
            renew(static_cast<ReplicaId>(id + 1));
        });
    }

    void ask() {
        if (active_) return;
        stage_->world().client(0).submit({.code = OpCode::Upgrade, .release = newest_release});
        stage_->later(2 * stage_->patience(), 4 * stage_->patience(), [this] { ask(); });
    }

    /// Of keys that nobody else uses.
    void swap() {
        World& world = stage_->world();
        Client& client = world.client(stage_->rng().below(world.client_count()));
        if (!client.asks(OpCode::Swap)) {
            client.submit({.code = OpCode::Swap,
                           .key = Value(first_key + stage_->rng().between(0, 3)),
                           .value = Value(++last_value_)});
        }
        stage_->later(0, stage_->patience() / 16, [this] { swap(); });
    }

    void die(ReplicaId id) {
        if (!stage_->world().running(id)) return;
        stage_->count("died_after_activation");
        if (stage_->rng().chance(1, 2)) return stage_->power_cycle(id, 1, stage_->patience());
        const FaultId fault = stage_->begin(
            {.kind = "crash", .summary = fmt::format("n{} dies", id), .targets = {id}});
        stage_->world().crash(id);
        stage_->later(1, stage_->patience(), [this, id, fault] {
            stage_->end(fault);
            stage_->reboot(id);
        });
    }

    static constexpr std::int64_t first_key = 1'000'000;
    Stage* stage_;
    bool active_ = false;
    std::array<bool, max_replica_id + 1> dies_{};
    std::int64_t last_value_ = 0;
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
    stage.keep<RollingUpgrade>().follow({});
}
void play_failing_upgrade(Stage& stage) {
    stage.keep<RollingUpgrade>().follow({.failures = true});
}
void play_rollback(Stage& stage) {
    stage.keep<RollingUpgrade>().follow({.back = true});
}
void play_hasty_activation(Stage& stage) {
    stage.keep<RollingUpgrade>().follow({.hasty = true});
}

constexpr std::array upgrade_proofs = {
    Proof{"newer_starts", 200, "replicas come back as the newer release"},
    Proof{"older_starts", 20, "one goes back to the older release before it is too late"},
    Proof{"activated", 50, "the cluster begins what only the newer release can do"}};

constexpr std::array failing_proofs = {
    Proof{"deaths_while_starting", 100, "replicas die as they start as another release"},
    Proof{"primaries_cut_off", 25, "whoever leads is cut off meanwhile"},
    Proof{"activated", 40, "the cluster begins what only the newer release can do"}};

constexpr std::array rollback_proofs = {
    Proof{"all_newer", 50, "all replicas run the newer release"},
    Proof{"all_older_again", 15, "all run the older release again"},
    Proof{"activated", 10, "the cluster begins what only the newer release can do"}};

constexpr std::array hasty_proofs = {
    Proof{"asked_too_early", 50, "it is asked for while some run the older release"},
    Proof{"activated", 50, "the cluster begins it when all are ready"}};

void before_the_newer_release(Knobs& knobs) {
    of_the_older_release(knobs);
    knobs.set(Knob::ClientsPerNode, 1);
    knobs.set(Knob::ThinkMicros, 5'000);
}

void play_activation_deaths(Stage& stage) {
    stage.keep<ActivationDeaths>().start();
}

constexpr std::array death_proofs = {
    Proof{"swaps_refused", 400, "what only the newer release can do is refused"},
    Proof{"activated", 80, "the cluster begins it"},
    Proof{"died_after_activation", 200, "replicas die some entries later"},
    Proof{"swaps_done", 400, "it is done then"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC61",
             .name = "rolling-upgrade",
             .summary = "one replica after the other restarts as a newer release, some go back",
             .prepare = of_the_older_release,
             .play = play_rolling_upgrade,
             .proofs = upgrade_proofs},
    Scenario{.id = "SC62",
             .name = "failing-upgrade",
             .summary = "a rolling upgrade in which replicas die as they start, and primaries are "
                        "cut off",
             .prepare = of_the_older_release,
             .play = play_failing_upgrade,
             .proofs = failing_proofs},
    Scenario{.id = "SC63",
             .name = "rollback",
             .summary = "all replicas go to a newer release, back, and to it again",
             .prepare = of_the_older_release,
             .play = play_rollback,
             .proofs = rollback_proofs},
    Scenario{.id = "SC64",
             .name = "hasty-activation",
             .summary = "what only a newer release can do is asked for before all replicas run it",
             .prepare = of_the_older_release,
             .play = play_hasty_activation,
             .proofs = hasty_proofs},
    Scenario{.id = "SC103",
             .name = "activation-deaths",
             .summary = "what only a newer release can do is asked for all the time, and replicas "
                        "die some entries after it has become active",
             .prepare = before_the_newer_release,
             .play = play_activation_deaths,
             .proofs = death_proofs}};

} // namespace

std::span<const Scenario> upgrade_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
