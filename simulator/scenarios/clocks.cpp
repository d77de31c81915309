// Clocks that disagree: rates as far apart as leases allow for, time of day as far as it comes.

#include "simulator/scenarios/families.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

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
             .proofs = offset_proofs}};

} // namespace

std::span<const Scenario> clock_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
