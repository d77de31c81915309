// Clocks that disagree: rates as far apart as leases allow for, time of day as far as it comes.

#include "simulator/scenarios/families.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace faultlab::simulator {
namespace {

constexpr Nanos ms = 1'000'000;

/// Counts who begins to lead while clocks are wrong, and sees to it that somebody does.
class WrongClocks : public Stage::Program {
public:
    explicit WrongClocks(Stage& stage) : stage_(&stage) {
        stage.on(EventKind::ViewEntered, [this](ReplicaId, const Event& event) {
            if (event.b != 0 && wrong_) this->stage().count("views_meanwhile");
        });
    }

protected:
    [[nodiscard]] Stage& stage() { return *stage_; }
    void go_wrong() { wrong_ = true; }

    void set_rate(ReplicaId id, std::int64_t permille) {
        stage_->world().set_clock_rate(id, permille);
    }
    FaultId wrong_rate(ReplicaId id, std::int64_t permille) {
        World& world = stage_->world();
        set_rate(id, permille);
        return stage_->begin(
            {.kind = "clock-rate",
             .summary = fmt::format("the clock of n{} goes at {} of a thousand", id, permille),
             .targets = {id},
             .gauge_name = "events",
             .gauge = [&world] { return world.events(); }});
    }

    void unseat_now_and_then() {
        const auto commits = static_cast<Op>(stage_->rng().between(3, 25));
        stage_->after_commits(commits, [this] {
            stage_->unseat(2 * stage_->patience(), 5 * stage_->patience());
            unseat_now_and_then();
        });
    }

private:
    Stage* stage_;
    bool wrong_ = false;
};

// --- SC35: drift

/// Each clock runs at a rate of its own, or fast and slow by turns, or in steps. No two rates
/// differ by more than leases allow for.
class Drift : public WrongClocks {
public:
    using WrongClocks::WrongClocks;

    void begin() {
        go_wrong();
        for (ReplicaId id = 1; id <= stage().voters(); ++id) {
            const auto model = static_cast<Model>(stage().rng().below(3));
            stage().later(0, stage().patience(), [this, id, model] { turn(id, model); });
        }
        unseat_now_and_then();
    }

private:
    enum class Model : std::uint8_t { Linear, Periodic, Stepped };

    void turn(ReplicaId id, Model model) {
        const auto allowed = static_cast<std::int64_t>(stage().world().timeouts().clock_drift);
        const std::int64_t most = allowed / 2 - 1;
        std::int64_t rate = 1000 + stage().rng().between(-most, most);
        if (model == Model::Periodic) {
            fast_.at(id) = !fast_.at(id);
            rate = 1000 + (fast_.at(id) ? most : -most);
        }
        if (model == Model::Stepped)
            stage().world().jump_wall(id, stage().rng().between(-100, 100) * ms);
        const FaultId fault = wrong_rate(id, rate);
        constexpr std::array counters = {"linear", "periodic", "stepped"};
        stage().count(counters.at(static_cast<std::size_t>(model)));
        const Nanos least = (model == Model::Linear ? 4 : 1) * stage().patience();
        stage().later(least, 2 * least, [this, id, model, fault] {
            set_rate(id, 1000);
            stage().end(fault);
            turn(id, model);
        });
    }

    std::array<bool, max_replica_id + 1> fast_{};
};

void with_leases(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::LeaseReads, 1);
}

void play_drift(Stage& stage) {
    auto& drift = stage.keep<Drift>();
    stage.after_commits(3, [&drift] { drift.begin(); });
}

constexpr std::array drift_proofs = {Proof{"linear", 100, "clocks go at rates of their own"},
                                     Proof{"periodic", 200, "they go fast and slow by turns"},
                                     Proof{"stepped", 200, "their time of day jumps as well"},
                                     Proof{"views_meanwhile", 50, "views change meanwhile"}};

// --- SC36: offsets

/// No two clocks show the same time of day: they are up to two seconds apart, most about as far as
/// time-outs and leases are long.
class Offsets : public WrongClocks {
public:
    using WrongClocks::WrongClocks;

    void begin() {
        go_wrong();
        for (ReplicaId id = 1; id <= stage().voters(); ++id)
            set(id);
        unseat_now_and_then();
    }

private:
    void set(ReplicaId id) {
        const Timeouts& timeouts = stage().world().timeouts();
        const std::array around = {
            timeouts.lease, timeouts.primary_silent, timeouts.view_change, 1'000 * ms};
        const Nanos middle = around.at(stage().rng().below(around.size()));
        const Nanos to = stage().rng().between(-2 * middle, 2 * middle);
        const Nanos by = to - stage().world().machine(id).wall_offset;
        stage().end(stage().begin(
            {.kind = "wall-jump",
             .summary = fmt::format("the wall clock of n{} is {} ms off", id, to / ms),
             .targets = {id}}));
        stage().world().jump_wall(id, by);
        stage().count(to < 0 ? "behind" : "ahead");
        stage().later(stage().patience(), 6 * stage().patience(), [this, id] { set(id); });
    }
};

void play_offsets(Stage& stage) {
    auto& offsets = stage.keep<Offsets>();
    stage.after_commits(3, [&offsets] { offsets.begin(); });
}

constexpr std::array offset_proofs = {Proof{"behind", 300, "clocks are set behind"},
                                      Proof{"ahead", 300, "clocks are set ahead"},
                                      Proof{"views_meanwhile", 50, "views change meanwhile"}};

// --- SC05: compressed time

/// All clocks go many times faster than messages and disks do: what was patience is haste.
class Haste : public WrongClocks {
public:
    using WrongClocks::WrongClocks;

    void begin() {
        go_wrong();
        hurry();
        unseat_now_and_then();
    }

private:
    void hurry() {
        const std::int64_t factor = stage().rng().between(3, 15);
        std::vector<FaultId> faults;
        for (ReplicaId id = 1; id <= stage().voters(); ++id)
            faults.push_back(wrong_rate(id, factor * 1000));
        stage().count("hurries");
        stage().later(2 * stage().patience(), 6 * stage().patience(), [this, faults] {
            for (ReplicaId id = 1; id <= stage().voters(); ++id)
                set_rate(id, 1000);
            for (const FaultId fault : faults)
                stage().end(fault);
            stage().later(stage().patience(), 4 * stage().patience(), [this] { hurry(); });
        });
    }
};

void slow_for_its_clocks(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::TimeoutPercent, 100);
}

void play_haste(Stage& stage) {
    auto& haste = stage.keep<Haste>();
    stage.after_commits(3, [&haste] { haste.begin(); });
}

constexpr std::array haste_proofs = {
    Proof{"hurries", 100, "all clocks go three to fifteen times as fast"},
    Proof{"views_meanwhile", 50, "views change in haste"}};

// --- SC96: a lease at its end

/// Has the others leave a primary, some of them right after they have promised it to wait: what it
/// then may rely on is only how long that was, on clocks that are as far apart as is allowed for.
/// All lose the primary. When one has left its view, as few others as it takes to promise hear one
/// heartbeat more, answer it, and are told then that the view is over; and the primary is alone.
class LeaseRace : public Stage::Program {
public:
    explicit LeaseRace(Stage& stage) : stage_(&stage) {
        stage.on_sent([this](const Packet& packet) { sent(packet); });
        stage.on_heard([this](ReplicaId id, const Packet& packet) { heard(id, packet); });
        stage.on(EventKind::ViewEntered, [this](ReplicaId id, const Event& event) {
            if (event.b == 0 || id == old_ || !in_lease()) return;
            led_ = true;
            stage_->count("elected_in_lease");
        });
    }

    void wait() {
        act_ = Act::None;
        // So many that whoever asks has a session: only then it may read under a lease.
        const auto commits = static_cast<Op>(stage_->rng().between(20, 60));
        stage_->after_commits(commits, [this] { begin(); });
    }

private:
    /// None; nobody hears the primary; some do again; they have answered it.
    enum class Act : std::uint8_t { None, Lost, Met, Parted };

    void begin() {
        World& world = stage_->world();
        const std::optional<ReplicaId> primary = world.primary();
        if (!primary || *primary > stage_->voters()) return wait();
        old_ = *primary;
        next_ = world.telemetry(old_).view.next();
        promisers_ = stage_->others(old_);
        stage_->rng().shuffle(std::span(promisers_));
        const std::size_t quorum = replica::Quorums::of(stage_->voters()).replication;
        promisers_.resize(quorum - 1);
        answers_.clear();
        heartbeat_ = {};
        led_ = false;
        ++race_;
        act_ = Act::Lost;
        set_clocks();
        fault_ = stage_->isolate(old_, Stage::Cut::BothWays);
        Network& network = stage_->network();
        held_ = network.hold_if(
            [this](const Packet& packet) { return leaves(packet.from) && promises(packet.to); });
        late_ = stage_->begin(
            {.kind = "held-back",
             .summary = fmt::format("{} hear late of who leaves n{}", text(promisers_), old_),
             .targets = promisers_,
             .gauge_name = "packets_held",
             .gauge = [&network, rule = held_] { return network.hits(rule); }});
        const Nanos enough = 8 * stage_->patience();
        stage_->later(enough, enough, [this, race = race_] {
            if (race == race_ && act_ != Act::None) end();
        });
    }

    /// The old primary's is slow, the others' are fast.
    void set_clocks() {
        World& world = stage_->world();
        const auto allowed = static_cast<std::int64_t>(world.timeouts().clock_drift);
        for (ReplicaId id = 1; id <= stage_->voters(); ++id) {
            const std::int64_t by = allowed / 2 - 1;
            const std::int64_t rate = id == old_ ? 1000 - by : 1000 + by;
            world.set_clock_rate(id, rate);
            rates_.push_back(stage_->begin(
                {.kind = "clock-rate",
                 .summary = fmt::format("the clock of n{} goes at {} of a thousand", id, rate),
                 .targets = {id},
                 .gauge_name = "events",
                 .gauge = [&world] { return world.events(); }}));
        }
    }

    void sent(const Packet& packet) {
        const Header& header = packet.header;
        if (act_ == Act::Lost && leaves(packet.from) && promises(packet.to) &&
            header.command == Command::StartViewChange && header.from >= next_.value) {
            act_ = Act::Met;
            stage_->at_step_end([this] { meet(); });
        }
        if (led_ && in_lease() && header.command == Command::Reply && packet.from != old_ &&
            header.request > 0)
            stage_->count("answered_in_lease");
        if (act_ != Act::Met || heard_all()) return;
        if (packet.from == old_ && header.command == Command::Commit)
            heartbeat_ = {.nonce = header.nonce, .at = stage_->world().now()};
    }

    void meet() {
        for (const ReplicaId id : promisers_)
            stage_->network().heal(old_, id);
    }

    void heard(ReplicaId id, const Packet& packet) {
        const Header& header = packet.header;
        if (act_ == Act::Met && id == old_ && header.command == Command::PrepareOk &&
            header.nonce == heartbeat_.nonce && heartbeat_.at > 0) {
            answers_.insert(static_cast<ReplicaId>(packet.from));
            if (heard_all()) stage_->at_step_end([this] { part(); });
        }
        if (led_ && id == old_ && header.command == Command::Request && in_lease())
            stage_->count("asked_in_lease");
    }

    void part() {
        if (act_ != Act::Met) return;
        act_ = Act::Parted;
        stage_->count("promised");
        for (const ReplicaId id : promisers_)
            stage_->network().cut(old_, id);
        let_hear();
        const Nanos lease = stage_->world().timeouts().lease;
        stage_->later(2 * lease, 3 * lease, [this, race = race_] {
            if (race == race_ && act_ == Act::Parted) end();
        });
    }

    /// What was held back from those who promised.
    void let_hear() {
        if (!late_) return;
        stage_->end(*std::exchange(late_, std::nullopt));
        stage_->network().release(held_);
    }

    void end() {
        let_hear();
        for (ReplicaId id = 1; id <= stage_->voters(); ++id)
            stage_->world().set_clock_rate(id, 1000);
        for (const FaultId fault : std::exchange(rates_, {}))
            stage_->end(fault);
        stage_->rejoin(old_, fault_);
        wait();
    }

    [[nodiscard]] bool promises(Endpoint end) const {
        return std::ranges::find(promisers_, end) != promisers_.end();
    }
    [[nodiscard]] bool leaves(Endpoint end) const {
        return end <= stage_->voters() && end != old_ && !promises(end);
    }
    [[nodiscard]] bool heard_all() const { return answers_.size() == promisers_.size(); }
    /// Whether less than a lease has passed on the old primary's clock since that heartbeat.
    [[nodiscard]] bool in_lease() const {
        if (act_ != Act::Parted) return false;
        const World& world = stage_->world();
        const Nanos passed = world.now() - heartbeat_.at;
        return passed * world.machine(old_).rate_permille / 1000 < world.timeouts().lease;
    }

    struct Heartbeat {
        std::uint64_t nonce = 0;
        Nanos at = 0;
    };

    Stage* stage_;
    Act act_ = Act::None;
    ReplicaId old_ = no_replica;
    View next_;
    std::vector<ReplicaId> promisers_;
    std::set<ReplicaId> answers_; ///< of whom it has heard that they answer
    Heartbeat heartbeat_;         ///< the last one
    bool led_ = false;            ///< by another, while that heartbeat was younger than a lease
    std::uint64_t race_ = 0;
    Network::RuleId held_ = 0;
    std::optional<FaultId> late_; ///< while something is held back from those who promise
    FaultId fault_ = 0;
    std::vector<FaultId> rates_;
};

/// Leases long against everything else, and many who ask.
void long_leases(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::LeaseReads, 1);
    knobs.set(Knob::TimeoutPercent, 400);
    knobs.set(Knob::DelayMicros, 20);
    knobs.set(Knob::DelaySpreadMicros, 30);
    knobs.set(Knob::ReadMicros, 20);
    knobs.set(Knob::WriteMicros, 20);
    knobs.set(Knob::SyncMicros, 100);
    knobs.set(Knob::ThinkMicros, 1'200);
    knobs.set(Knob::RetryMillis, 20);
    knobs.set(Knob::PatienceMillis, 0);
    knobs.set(Knob::AdmissionRate, 0);
    knobs.set(Knob::ClientsPerNode, std::max<std::int64_t>(10 / knobs[Knob::Voters], 1));
    knobs.set(Knob::ReadersPerNode, 1);
    knobs.set(Knob::Sessions, 16);
    knobs.set(Knob::Keys, 8);
    // Whoever only reads gets on faster than whoever waits, and must not be done with keys for it.
    knobs.set(Knob::OpsPerKey, 3'000);
}

constexpr std::array lease_proofs = {
    Proof{"promised", 40, "as few as it takes promise the primary a lease, while others leave it"},
    Proof{"elected_in_lease", 30, "another leads before the lease is over on the primary's clock"},
    Proof{"answered_in_lease", 100, "and answers clients"},
    Proof{"asked_in_lease", 15, "while others ask the one that is alone"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC05",
             .name = "time-compression",
             .summary =
                 "all clocks go three to fifteen times faster than messages and disks, by turns",
             .prepare = slow_for_its_clocks,
             .play = play_haste,
             .proofs = haste_proofs},
    Scenario{.id = "SC35",
             .name = "clock-drift",
             .summary = "clocks drift, linearly, by turns or in steps, as far as leases allow for",
             .prepare = with_leases,
             .play = play_drift,
             .proofs = drift_proofs},
    Scenario{.id = "SC36",
             .name = "clock-offsets",
             .summary = "no two clocks show the same time of day, up to two seconds apart",
             .prepare = with_leases,
             .play = play_offsets,
             .proofs = offset_proofs},
    Scenario{.id = "SC96",
             .name = "lease-race",
             .summary = "others elect a primary as soon as their promise to the old one is over, "
                        "on clocks that are faster than its own",
             .prepare = long_leases,
             .play = play<LeaseRace>,
             .proofs = lease_proofs}};

} // namespace

std::span<const Scenario> clock_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
