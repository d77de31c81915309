// View changes that meet each other, or the work of the old view.

#include "simulator/scenarios/families.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <set>
#include <vector>

namespace faultlab::simulator {
namespace {

// --- SC17: selective silence

/// A replica hears nothing of two others, who hear it.
class SelectiveSilence : public Stage::Program {
public:
    explicit SelectiveSilence(Stage& stage) : stage_(&stage) {
        stage.on(EventKind::Committed, [this](ReplicaId id, const Event&) {
            if (id == deaf_) stage_->count("executed_meanwhile");
        });
    }

    void wait() {
        deaf_ = no_replica;
        const auto commits = static_cast<Op>(stage_->rng().between(1, 15));
        stage_->after_commits(commits, [this] { begin(); });
    }

private:
    void begin() {
        const auto primary = stage_->world().primary();
        const bool leads = primary && *primary <= stage_->voters() && stage_->rng().chance(1, 3);
        deaf_ = leads ? *primary : stage_->any_voter();
        if (stage_->world().primary() == deaf_) stage_->count("primaries");
        std::vector<ReplicaId> unheard = stage_->others(deaf_);
        stage_->rng().shuffle(std::span(unheard));
        unheard.resize(2);
        const Network::RuleId rule =
            stage_->network().drop_if([id = deaf_, unheard](const Packet& packet) {
                return packet.to == id && (packet.from == unheard[0] || packet.from == unheard[1]);
            });
        const FaultId fault =
            stage_->begin({.kind = "silence",
                           .summary = fmt::format("n{} does not hear {}", deaf_, text(unheard)),
                           .targets = {deaf_},
                           .gauge_name = "packets_ignored",
                           .gauge = [this, rule] { return stage_->network().hits(rule); }});
        stage_->later(stage_->patience(), 8 * stage_->patience(), [this, rule, fault] {
            stage_->count("ignored", stage_->network().hits(rule));
            stage_->end(fault);
            stage_->network().remove(rule);
            wait();
        });
    }

    Stage* stage_;
    ReplicaId deaf_ = no_replica;
};

void five_voters(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::Voters, 5);
    knobs.set(Knob::ClientsPerNode, 1);
}

constexpr std::array silence_proofs = {
    Proof{"ignored", 1'000, "a replica does not hear what two others say to it"},
    Proof{"primaries", 20, "that replica leads"},
    Proof{"executed_meanwhile", 200, "it works on"}};

// --- SC33: many want many views

/// All backups lose the primary at one moment, and no vote gets through until several views have
/// been tried.
class ManyViews : public Stage::Program {
public:
    explicit ManyViews(Stage& stage) : stage_(&stage) {
        stage.on_sent([this](const Packet& packet) {
            if (hushed_ && packet.header.command == Command::DoViewChange)
                tried_.insert(packet.header.view.value);
        });
    }

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(1, 10));
        stage_->after_commits(commits, [this] { begin(); });
    }

private:
    void begin() {
        const auto primary = stage_->world().primary();
        if (!primary || *primary > stage_->voters()) return wait();
        tried_.clear();
        hushed_ = true;
        views_ = static_cast<std::size_t>(stage_->rng().between(2, 4));
        fault_ = stage_->isolate(*primary, Stage::Cut::Mute);
        old_ = *primary;
        Network& network = stage_->network();
        rule_ = network.drop_if([this](const Packet& packet) {
            return packet.header.command == Command::DoViewChange && tried_.size() < views_;
        });
        const Nanos enough = 14 * stage_->patience();
        stage_->later(
            stage_->patience(), 6 * stage_->patience(), [this] { stage_->rejoin(old_, fault_); });
        stage_->later(enough / 2, enough, [this] { end(); });
    }

    void end() {
        hushed_ = false;
        stage_->network().remove(rule_);
        stage_->count("views_tried", tried_.size());
        if (tried_.size() >= 3) stage_->count("three_tried");
        wait();
    }

    Stage* stage_;
    bool hushed_ = false;
    std::size_t views_ = 0;
    std::set<std::uint64_t> tried_;
    ReplicaId old_ = no_replica;
    FaultId fault_ = 0;
    Network::RuleId rule_ = 0;
};

constexpr std::array many_view_proofs = {
    Proof{"views_tried", 40, "votes for views are sent"},
    Proof{"three_tried", 8, "three views are tried one after the other"},
    Proof{counter::views, 100, "views are installed in the end"}};

// --- SC34: the old view's work arrives in the middle of the change

/// Holds back what the old primary says, and lets it go as soon as a vote for the next view has
/// been sent.
class LateWork : public Stage::Program {
public:
    explicit LateWork(Stage& stage) : stage_(&stage) {
        stage.on_sent([this](const Packet& packet) {
            if (held_ && packet.from != old_ && packet.header.command == Command::DoViewChange) {
                held_ = false;
                stage_->at_step_end([this] { let_go(); });
            }
        });
    }

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(1, 12));
        stage_->after_commits(commits, [this] { begin(); });
    }

private:
    void begin() {
        const auto primary = stage_->world().primary();
        if (!primary || *primary > stage_->voters()) return wait();
        old_ = *primary;
        held_ = true;
        Network& network = stage_->network();
        rule_ = network.hold_if([id = old_](const Packet& packet) {
            return packet.from == id && !is_client(packet.to);
        });
        fault_ = stage_->begin({.kind = "held-back",
                                .summary = fmt::format("what n{} says comes late", old_),
                                .targets = {old_},
                                .gauge_name = "packets_held",
                                .gauge = [&network, rule = rule_] { return network.hits(rule); }});
        const Nanos enough = 12 * stage_->patience();
        stage_->later(enough, enough, [this, rule = rule_] {
            if (held_ && rule == rule_) {
                held_ = false;
                let_go();
            }
        });
    }

    void let_go() {
        for (const Packet& packet : stage_->network().kept(rule_)) {
            const auto to = static_cast<ReplicaId>(packet.to);
            if (!stage_->world().running(to)) continue;
            if (stage_->world().status(to) != Status::ViewChange) continue;
            if (packet.header.command == Command::Prepare) stage_->count("prepares_in_change");
            if (packet.header.command == Command::Commit) stage_->count("commits_in_change");
        }
        stage_->end(fault_);
        stage_->network().release(rule_);
        wait();
    }

    Stage* stage_;
    bool held_ = false;
    ReplicaId old_ = no_replica;
    FaultId fault_ = 0;
    Network::RuleId rule_ = 0;
};

constexpr std::array late_work_proofs = {
    Proof{"prepares_in_change", 100, "a Prepare of the old view comes to who is leaving it"},
    Proof{"commits_in_change", 100, "likewise a Commit"},
    Proof{counter::views, 100, "the view changes"}};

// --- SC38: the clock goes back

/// Whoever begins to lead has a wall clock that jumps back at that moment.
class ClockBack : public Stage::Program {
public:
    explicit ClockBack(Stage& stage) : stage_(&stage) {
        stage.on(EventKind::ViewEntered, [this](ReplicaId id, const Event& event) {
            if (event.b != 0) jump(id);
        });
        stage.on(EventKind::Appended, [this](ReplicaId id, const Event&) {
            if (id == behind_) stage_->count("proposed_behind");
        });
    }

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(1, 15));
        stage_->after_commits(commits, [this] {
            stage_->unseat(2 * stage_->patience(), 5 * stage_->patience());
            wait();
        });
    }

private:
    void jump(ReplicaId id) {
        constexpr Nanos ms = 1'000'000;
        const Nanos by = stage_->rng().between(100 * ms, 10'000 * ms);
        stage_->end(stage_->begin(
            {.kind = "wall-jump",
             .summary = fmt::format("the wall clock of n{} goes back by {} ms", id, by / ms),
             .targets = {id}}));
        stage_->world().jump_wall(id, -by);
        stage_->count("jumps");
        behind_ = id;
    }

    Stage* stage_;
    ReplicaId behind_ = no_replica;
};

constexpr std::array clock_proofs = {
    Proof{"jumps", 100, "a new primary's clock goes back"},
    Proof{"proposed_behind", 500, "it proposes entries by that clock"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC17",
             .name = "selective-silence",
             .summary = "of five, one does not hear two others, who hear it",
             .prepare = five_voters,
             .play = play<SelectiveSilence>,
             .proofs = silence_proofs},
    Scenario{.id = "SC33",
             .name = "many-views",
             .summary = "all lose the primary at once, and several views are tried in vain",
             .prepare = only_its_own_faults,
             .play = play<ManyViews>,
             .proofs = many_view_proofs},
    Scenario{.id = "SC34",
             .name = "late-work",
             .summary = "what the old primary said arrives in the middle of the view change",
             .prepare = only_its_own_faults,
             .play = play<LateWork>,
             .proofs = late_work_proofs},
    Scenario{.id = "SC38",
             .name = "clock-back",
             .summary = "whoever begins to lead has a clock that goes back at that moment",
             .prepare = only_its_own_faults,
             .play = play<ClockBack>,
             .proofs = clock_proofs}};

} // namespace

std::span<const Scenario> race_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
