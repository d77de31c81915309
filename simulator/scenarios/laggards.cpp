// Replicas that come back far behind.

#include "simulator/scenarios/families.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

namespace faultlab::simulator {
namespace {

/// Counts what those who come back fetch.
class Laggards : public Stage::Program {
public:
    explicit Laggards(Stage& stage) : stage_(&stage) {
        stage.on(EventKind::SyncStarted,
                 [this](ReplicaId, const Event&) { stage_->count("syncs_started"); });
        stage.on(EventKind::SyncDone,
                 [this](ReplicaId, const Event&) { stage_->count("syncs_done"); });
    }

protected:
    [[nodiscard]] Stage& stage() { return *stage_; }
    [[nodiscard]] const Limits& limits() const { return stage_->world().limits(); }

private:
    Stage* stage_;
};

// --- SC42: as many as may be away come back at once

/// Powers as many replicas off as may be away until the others have made a checkpoint or two, and
/// starts them all at one moment.
class BackAtOnce : public Laggards {
public:
    using Laggards::Laggards;

    void wait() {
        const auto commits = static_cast<Op>(stage().rng().between(3, 15));
        stage().after_commits(commits, [this] { leave(); });
    }

private:
    void leave() {
        away_ = stage().others(no_replica);
        stage().rng().shuffle(std::span(away_));
        away_.resize((away_.size() - 1) / 2);
        fault_ = stage().begin({.kind = "power-cut",
                                .summary = fmt::format("{} lose their power", text(away_)),
                                .targets = away_});
        for (const ReplicaId id : away_)
            stage().world().power_cut(id);
        const std::int64_t period = limits().checkpoint_every;
        const auto commits = static_cast<Op>(stage().rng().between(period + 1, 3 * period));
        stage().after_commits(commits, [this] { come_back(); });
    }

    void come_back() {
        stage().end(fault_);
        for (const ReplicaId id : away_) {
            stage().reboot(id);
            stage().count("back_behind_a_checkpoint");
        }
        wait();
    }

    std::vector<ReplicaId> away_;
    FaultId fault_ = 0;
};

constexpr std::array back_proofs = {
    Proof{"back_behind_a_checkpoint", 200, "replicas come back behind a checkpoint of the others"},
    Proof{"syncs_done", 100, "they fetch it"}};

// --- SC44: the log has gone round

/// Cuts a replica off until the others' log has no entry any more that it knows, on a network that
/// loses a third of all messages when it is back.
class GoneRound : public Laggards {
public:
    using Laggards::Laggards;

    void wait() {
        const auto commits = static_cast<Op>(stage().rng().between(3, 15));
        stage().after_commits(commits, [this] { cut(); });
    }

private:
    void cut() {
        away_ = stage().any_voter();
        fault_ = stage().isolate(away_, Stage::Cut::BothWays);
        stage().after_commits(limits().slots + limits().pipeline, [this] { come_back(); });
    }

    void come_back() {
        const Op committed = stage().world().monitors().committed();
        const Telemetry said = stage().world().telemetry(away_);
        if (said.commit_min + limits().slots < committed) stage().count("wrapped");
        stage().rejoin(away_, fault_);
        Network& network = stage().network();
        network.options().loss_permille = 300;
        const FaultId loss = stage().begin({.kind = "loss",
                                            .summary = "300 of a thousand messages lost",
                                            .gauge_name = "packets_lost",
                                            .gauge = [&network] { return network.counts().lost; }});
        stage().later(2 * stage().patience(), 8 * stage().patience(), [this, loss] {
            stage().end(loss);
            stage().network().options().loss_permille = 0;
            wait();
        });
    }

    ReplicaId away_ = no_replica;
    FaultId fault_ = 0;
};

constexpr std::array round_proofs = {
    Proof{"wrapped", 50, "the others' log has nothing left that the replica needs next"},
    Proof{"syncs_started", 50, "it asks for a checkpoint"},
    Proof{"syncs_done", 40, "it installs one, on a network that loses a third"}};

// --- SC43: a slow donor

/// Powers a replica off for less than a checkpoint; when it comes back, one of those that have what
/// it misses answers slowly.
class SlowDonor : public Laggards {
public:
    explicit SlowDonor(Stage& stage) : Laggards(stage) {
        stage.on_heard([this](ReplicaId id, const Packet& packet) {
            if (id != away_ || packet.header.command != Command::Log) return;
            this->stage().count(packet.from == slow_ ? "slow_answers" : "fast_answers");
        });
    }

    void wait() {
        const auto commits = static_cast<Op>(stage().rng().between(1, 10));
        stage().after_commits(commits, [this] { leave(); });
    }

private:
    void leave() {
        away_ = stage().any_voter();
        const FaultId fault = stage().begin({.kind = "power-cut",
                                             .summary = fmt::format("n{} loses its power", away_),
                                             .targets = {away_}});
        stage().world().power_cut(away_);
        const auto commits = static_cast<Op>(stage().rng().between(2, 10));
        stage().after_commits(commits, [this, fault] {
            stage().end(fault);
            come_back();
        });
    }

    void come_back() {
        std::vector<ReplicaId> others = stage().others(away_);
        slow_ = others.at(stage().rng().below(others.size()));
        const Nanos more = stage().rng().between(stage().patience() / 8, stage().patience() / 2);
        const Stage::Links link{{slow_, away_}};
        const FaultId fault = stage().slow_links(slow_, link, more);
        stage().reboot(away_);
        stage().count("came_back");
        stage().later(2 * stage().patience(), 6 * stage().patience(), [this, link, fault] {
            stage().quicken(link, fault);
            wait();
        });
    }

    ReplicaId away_ = no_replica;
    ReplicaId slow_ = no_replica;
};

// --- SC101: whose turn it is lags

/// Cuts off whoever leads next until the log has gone round, and then brings it back in the moment
/// in which the primary, and as many others as may be away, lose their power until work goes on:
/// all who are left are needed, and what the next primary lacks is in nobody's log.
class LaggingPrimary : public Laggards {
public:
    explicit LaggingPrimary(Stage& stage) : Laggards(stage) {
        stage.on(EventKind::ViewEntered, [this](ReplicaId id, const Event& event) {
            if (late_ == no_replica || away_.empty() || event.b == 0) return;
            this->stage().count(id == late_ ? "it_leads" : "another_leads");
        });
    }

    void wait() {
        late_ = no_replica;
        const auto commits = static_cast<Op>(stage().rng().between(3, 15));
        stage().after_commits(commits, [this] { cut(); });
    }

private:
    /// Who leads the view after the one that the primary leads.
    [[nodiscard]] static ReplicaId next_after(const Telemetry& primary) {
        return primary.membership.primary(primary.view.next());
    }

    void cut() {
        const auto primary = stage().world().primary();
        if (!primary) return wait();
        late_ = next_after(stage().world().telemetry(*primary));
        fault_ = stage().isolate(late_, Stage::Cut::BothWays);
        stage().after_commits(limits().slots + limits().pipeline, [this] { swap(); });
    }

    void swap() {
        const auto primary = stage().world().primary();
        const bool its_turn = primary && next_after(stage().world().telemetry(*primary)) == late_;
        if (its_turn) leave(*primary);
        stage().rejoin(late_, fault_);
        if (!its_turn) return wait();
        const auto commits = static_cast<Op>(stage().rng().between(1, 12));
        stage().after_commits(commits, [this] { come_back(); });
    }

    void leave(ReplicaId primary) {
        away_ = stage().others(late_);
        std::erase(away_, primary);
        stage().rng().shuffle(std::span(away_));
        away_.resize((stage().voters() - 1) / 2 - 1);
        away_.push_back(primary);
        power_ = stage().begin({.kind = "power-cut",
                                .summary = fmt::format("{} lose their power", text(away_)),
                                .targets = away_});
        for (const ReplicaId id : away_)
            stage().world().power_cut(id);
        const Op committed = stage().world().monitors().committed();
        const Telemetry said = stage().world().telemetry(late_);
        if (said.commit_min + limits().slots < committed) stage().count("its_turn");
    }

    void come_back() {
        stage().count("work_goes_on");
        stage().end(power_);
        for (const ReplicaId id : away_)
            stage().reboot(id);
        away_.clear();
        wait();
    }

    ReplicaId late_ = no_replica;
    FaultId fault_ = 0;
    std::vector<ReplicaId> away_;
    FaultId power_ = 0;
};

/// Who lags waits for several time-outs until it takes the word of one for a checkpoint.
void short_waits(Knobs& knobs) {
    short_logs(knobs);
    knobs.set(Knob::TimeoutPercent, 100);
}

constexpr std::array turn_proofs = {
    Proof{"its_turn", 50, "a replica is to lead whose entries nobody's log has any more"},
    Proof{"another_leads", 50, "another leads in its place"},
    Proof{"work_goes_on", 50, "and work goes on with all who are left"},
    Proof{"syncs_done", 50, "as it has fetched a checkpoint"}};

void long_logs(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::Slots, 160);
    knobs.set(Knob::CheckpointEvery, 70);
}

constexpr std::array donor_proofs = {
    Proof{"came_back", 60, "a replica comes back to a slow donor and others"},
    Proof{"fast_answers", 300, "it gets entries from the others"},
    Proof{"slow_answers", 10, "it gets some from the slow one"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC42",
             .name = "back-at-once",
             .summary = "as many replicas as may be away come back at once, behind a checkpoint",
             .prepare = short_logs,
             .play = play<BackAtOnce>,
             .proofs = back_proofs},
    Scenario{.id = "SC43",
             .name = "slow-donor",
             .summary = "one of those that have what a replica misses answers slowly",
             .prepare = long_logs,
             .play = play<SlowDonor>,
             .proofs = donor_proofs},
    Scenario{.id = "SC44",
             .name = "gone-round",
             .summary = "a replica comes back when the log has gone round, over a bad network",
             .prepare = short_logs,
             .play = play<GoneRound>,
             .proofs = round_proofs},
    Scenario{.id = "SC101",
             .name = "lagging-primary",
             .summary = "a replica is to lead that lacks what nobody's log has any more, and all "
                        "who are left are needed",
             .prepare = short_waits,
             .play = play<LaggingPrimary>,
             .proofs = turn_proofs}};

} // namespace

std::span<const Scenario> laggard_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
