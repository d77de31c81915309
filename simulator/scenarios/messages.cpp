// Messages of one kind that are lost, late, or come again.

#include "simulator/scenarios/families.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <vector>

namespace faultlab::simulator {
namespace {

bool is_one_of(std::span<const Command> commands, const Packet& packet) {
    return std::ranges::find(commands, packet.header.command) != commands.end();
}

// --- SC13, SC49: replays

/// Keeps copies of some kinds of messages, changes the view, and sends them again: what was once
/// right comes from a view that is gone.
class Replays : public Stage::Program {
public:
    explicit Replays(Stage& stage) : stage_(&stage) {
        stage.on(EventKind::ViewEntered, [this](ReplicaId, const Event& event) {
            if (event.b != 0 && keeps_) stage_->at_step_end([this] { view_began(); });
        });
    }

    void keep(std::span<const Command> commands, bool disks) {
        commands_ = commands;
        disks_ = disks;
        collect();
    }

private:
    void collect() {
        rule_ = stage_->network().copy_if([this](const Packet& packet) {
            return is_one_of(commands_, packet) && ++copies_[packet.header.command] <= kept_most;
        });
        copies_.clear();
        keeps_ = true;
        const auto commits = static_cast<Op>(stage_->rng().between(1, 8));
        stage_->after_commits(commits, [this] { disturb(); });
    }

    void disturb() {
        if (disks_ && stage_->rng().chance(1, 3)) stage_->nemesis().make(Trouble::LostDisk);
        stage_->unseat(2 * stage_->patience(), 6 * stage_->patience());
        const Nanos enough = 10 * stage_->patience();
        stage_->later(enough, enough, [this, rule = rule_] {
            if (keeps_ && rule == rule_) again();
        });
    }

    void view_began() {
        if (!keeps_) return;
        if (stage_->rng().chance(1, 2)) { // only after one view more
            const auto commits = static_cast<Op>(stage_->rng().between(1, 4));
            return stage_->after_commits(commits, [this] { disturb(); });
        }
        keeps_ = false;
        stage_->later(0, stage_->patience(), [this] { again(); });
    }

    void again() {
        keeps_ = false;
        Network& network = stage_->network();
        const FaultId fault =
            stage_->begin({.kind = "replay",
                           .summary = "old messages come once more",
                           .gauge_name = "packets_replayed",
                           .gauge = [&network] { return network.counts().replayed; }});
        for (const Packet& packet : network.kept(rule_)) {
            const auto to = static_cast<ReplicaId>(packet.to);
            const bool arrives = network.connected(packet.from, packet.to);
            if (!arrives || !stage_->world().running(to)) continue;
            const View now = stage_->world().telemetry(to).view;
            const bool wish = packet.header.command == Command::StartViewChange;
            if (packet.header.view > now || (packet.header.view == now && !wish)) continue;
            stage_->count(fmt::format("old_{}", replica::name(packet.header.command)));
        }
        network.release(rule_);
        stage_->end(fault);
        collect();
    }

    static constexpr std::size_t kept_most = 20;

    Stage* stage_;
    std::span<const Command> commands_;
    std::map<Command, std::size_t> copies_;
    bool disks_ = false;
    bool keeps_ = false;
    Network::RuleId rule_ = 0;
};

constexpr std::array of_views = {Command::StartView,
                                 Command::Prepare,
                                 Command::PrepareOk,
                                 Command::DoViewChange,
                                 Command::Log,
                                 Command::RecoveryResponse};
constexpr std::array of_wishes = {Command::StartViewChange};

void play_old_views(Stage& stage) {
    stage.keep<Replays>().keep(of_views, true);
}
void play_old_wishes(Stage& stage) {
    stage.keep<Replays>().keep(of_wishes, false);
}

constexpr std::array old_view_proofs = {
    Proof{"old_StartView", 12, "a StartView comes to who is in a later view"},
    Proof{"old_DoViewChange", 6, "likewise a DoViewChange"},
    Proof{"old_Prepare", 200, "likewise a Prepare"},
    Proof{"old_PrepareOk", 80, "likewise a PrepareOk"},
    Proof{"old_RecoveryResponse", 3, "likewise an answer to who had lost its disk"}};

constexpr std::array old_wish_proofs = {
    Proof{"old_StartViewChange",
          30,
          "a StartViewChange comes to who is in that view already, or later"},
    Proof{counter::views, 200, "the view changes"}};

// --- SC16: a flood of prepares

/// Whoever leads says everything ten times over for a while: copies of its newest prepares come
/// again and again.
class Flood : public Stage::Program {
public:
    explicit Flood(Stage& stage) : stage_(&stage) {
        stage.count_while(floods_, EventKind::Committed, "commits_meanwhile");
    }

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(1, 15));
        stage_->after_commits(commits, [this] { begin(); });
    }

private:
    void begin() {
        const auto primary = stage_->world().primary();
        if (!primary) return wait();
        const auto rule = stage_->network().copy_if(is(Command::Prepare) && from(*primary));
        Network& network = stage_->network();
        const std::uint64_t before = network.counts().replayed;
        const FaultId fault =
            stage_->begin({.kind = "flood",
                           .summary = fmt::format("the prepares of n{} come ten times", *primary),
                           .targets = {*primary},
                           .gauge_name = "packets_replayed",
                           .gauge = [&network] { return network.counts().replayed; }});
        floods_ = true;
        again(rule, 10 * static_cast<int>(stage_->rng().between(1, 4)));
        stage_->later(4 * stage_->patience(), 6 * stage_->patience(), [this, rule, before, fault] {
            floods_ = false;
            stage_->count("prepares_again", stage_->network().counts().replayed - before);
            stage_->network().remove(rule);
            stage_->end(fault);
            wait();
        });
    }

    void again(Network::RuleId rule, int times) {
        if (!floods_ || times == 0) return;
        stage_->network().replay(rule);
        std::vector<Packet>& kept = stage_->network().kept(rule);
        if (kept.size() > newest) kept.erase(kept.begin(), kept.end() - newest);
        stage_->later(stage_->patience() / 20, stage_->patience() / 10, [this, rule, times] {
            again(rule, times - 1);
        });
    }

    static constexpr std::ptrdiff_t newest = 16;

    Stage* stage_;
    bool floods_ = false;
};

constexpr std::array flood_proofs = {
    Proof{"prepares_again", 3'000, "prepares come again and again"},
    Proof{"commits_meanwhile", 1'000, "work goes on"}};

// --- SC15, SC46, SC47, SC48: one kind of messages is lost or late

/// Loses or holds back all messages of some kinds for a while, now and then.
class Starvation : public Stage::Program {
public:
    struct Plan {
        std::span<const Command> commands;
        std::string_view counter;               ///< of messages
        bool late = false;                      ///< they come in the end
        bool unseat = false;                    ///< the primary is cut off as well
        std::size_t receivers = max_replica_id; ///< so many at most get none
        Nanos most = 6;                         ///< patiences
    };

    explicit Starvation(Stage& stage) : stage_(&stage) {
        stage.count_while(starves_, EventKind::Abdicated, "abdications");
        stage.on(EventKind::StatusChanged, [this](ReplicaId, const Event& event) {
            const bool leaves = event.a == static_cast<std::uint64_t>(Status::ViewChange);
            if (starves_ && leaves) stage_->count("views_left");
        });
        stage.count_while(starves_, EventKind::Committed, "commits_meanwhile");
    }

    void follow(const Plan& plan) {
        plan_ = plan;
        wait();
    }

private:
    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(1, 15));
        stage_->after_commits(commits, [this] { begin(); });
    }

    void begin() {
        std::vector<ReplicaId> hungry = stage_->others(no_replica);
        stage_->rng().shuffle(std::span(hungry));
        hungry.resize(std::min(hungry.size(), plan_.receivers));
        const Match match = [this, hungry](const Packet& packet) {
            return is_one_of(plan_.commands, packet) &&
                   std::ranges::find(hungry, packet.to) != hungry.end();
        };
        Network& network = stage_->network();
        const auto rule = plan_.late ? network.hold_if(match) : network.drop_if(match);
        fault_ =
            stage_->begin({.kind = plan_.late ? "held-back" : "starvation",
                           .summary = fmt::format("{} {} {}",
                                                  replica::name(plan_.commands[0]),
                                                  plan_.late ? "comes late to" : "does not reach",
                                                  text(hungry)),
                           .targets = hungry,
                           .gauge_name = "packets",
                           .gauge = [&network, rule] { return network.hits(rule); }});
        starves_ = true;
        if (plan_.unseat)
            stage_->unseat(plan_.most * stage_->patience(), 2 * plan_.most * stage_->patience());
        watch();
        stage_->later(
            stage_->patience() / 2, plan_.most * stage_->patience(), [this, rule] { end(rule); });
    }

    /// Whether the primary's pipeline is full, and nothing comes out of it.
    void watch() {
        stage_->later(stage_->patience() / 4, stage_->patience() / 2, [this] {
            if (!starves_) return;
            const auto primary = stage_->world().primary();
            const auto full = stage_->world().limits().pipeline;
            if (primary && stage_->world().telemetry(*primary).pipeline >= full)
                stage_->count("full_pipelines");
            watch();
        });
    }

    void end(Network::RuleId rule) {
        starves_ = false;
        Network& network = stage_->network();
        stage_->count(plan_.counter, network.hits(rule));
        stage_->end(fault_);
        if (plan_.late) {
            network.release(rule);
        } else {
            network.remove(rule);
        }
        wait();
    }

    Stage* stage_;
    Plan plan_;
    bool starves_ = false;
    FaultId fault_ = 0;
};

constexpr std::array votes = {Command::DoViewChange};
constexpr std::array acknowledgements = {Command::PrepareOk};
constexpr std::array heartbeats = {Command::Commit};
constexpr std::array pings = {Command::Ping};

void play_blocked_votes(Stage& stage) {
    stage.keep<Starvation>().follow(
        {.commands = votes, .counter = "votes_lost", .unseat = true, .receivers = 2});
}
void play_commit_stall(Stage& stage) {
    stage.keep<Starvation>().follow(
        {.commands = acknowledgements, .counter = "acknowledgements_lost"});
}
void play_lost_pings(Stage& stage) {
    stage.keep<Starvation>().follow(
        {.commands = pings, .counter = "pings_lost", .unseat = true, .most = 12});
}
void play_late_heartbeats(Stage& stage) {
    stage.keep<Starvation>().follow(
        {.commands = heartbeats, .counter = "heartbeats_late", .late = true});
}
void play_lost_heartbeats(Stage& stage) {
    stage.keep<Starvation>().follow({.commands = heartbeats, .counter = "heartbeats_lost"});
}

/// So little to do that nothing but heartbeats tells of a commit.
void idle(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::ClientsPerNode, 1);
    knobs.set(Knob::ThinkMicros, 400'000);
    knobs.set(Knob::TimeoutPercent, 100);
}

constexpr std::array blocked_vote_proofs = {
    Proof{"votes_lost", 100, "votes do not reach two of the replicas"},
    Proof{"views_left", 100, "views are left meanwhile"},
    Proof{counter::views, 100, "views are installed in the end"}};

constexpr std::array stall_proofs = {
    Proof{"acknowledgements_lost", 1'000, "acknowledgements are lost"},
    Proof{"full_pipelines", 100, "a primary's pipeline is full, and nothing is committed"},
    Proof{"abdications", 20, "a primary that nobody answers gives up"}};

constexpr std::array lost_ping_proofs = {
    Proof{"pings_lost", 1'000, "nobody hears from those that do not lead"},
    Proof{"views_left", 50, "views change meanwhile"},
    Proof{"commits_meanwhile", 1'000, "work goes on"}};

constexpr std::array late_heartbeat_proofs = {
    Proof{"heartbeats_late", 300, "heartbeats come late"},
    Proof{"views_left", 20, "somebody takes the primary for dead"}};

constexpr std::array lost_heartbeat_proofs = {
    Proof{"heartbeats_lost", 300, "heartbeats are lost"},
    Proof{"commits_meanwhile", 300, "commits are learned from elsewhere"},
    Proof{"views_left", 20, "somebody takes the primary for dead"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC13",
             .name = "old-views",
             .summary = "messages of views that are gone come once more",
             .prepare = only_its_own_faults,
             .play = play_old_views,
             .proofs = old_view_proofs},
    Scenario{.id = "SC15",
             .name = "blocked-votes",
             .summary = "the primary is cut off, and two of the replicas get no votes for a while",
             .prepare = only_its_own_faults,
             .play = play_blocked_votes,
             .proofs = blocked_vote_proofs},
    Scenario{.id = "SC16",
             .name = "prepare-flood",
             .summary = "whoever leads says everything ten times over for a while",
             .prepare = only_its_own_faults,
             .play = play<Flood>,
             .proofs = flood_proofs},
    Scenario{.id = "SC37",
             .name = "lost-pings",
             .summary = "pings are lost, by which replicas know of each other's clocks and state",
             .prepare = only_its_own_faults,
             .play = play_lost_pings,
             .proofs = lost_ping_proofs},
    Scenario{.id = "SC46",
             .name = "commit-stall",
             .summary = "acknowledgements are lost and nothing else, until the pipeline is full",
             .prepare = only_its_own_faults,
             .play = play_commit_stall,
             .proofs = stall_proofs},
    Scenario{.id = "SC47",
             .name = "late-heartbeats",
             .summary = "heartbeats of an idle cluster come late, all at once",
             .prepare = idle,
             .play = play_late_heartbeats,
             .proofs = late_heartbeat_proofs},
    Scenario{.id = "SC48",
             .name = "lost-heartbeats",
             .summary = "heartbeats are lost while there is little to do",
             .prepare = idle,
             .play = play_lost_heartbeats,
             .proofs = lost_heartbeat_proofs},
    Scenario{.id = "SC49",
             .name = "old-wishes",
             .summary = "wishes for views that are gone come once more",
             .prepare = only_its_own_faults,
             .play = play_old_wishes,
             .proofs = old_wish_proofs}};

} // namespace

std::span<const Scenario> message_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
