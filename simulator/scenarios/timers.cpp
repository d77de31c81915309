// Timers that ring at another time than they were set for.

#include "simulator/scenarios/families.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace faultlab::simulator {
namespace {

// --- SC50: every timer, starved and stormed

/// One timer after the other goes wrong for a while, at one replica or at all of them: it rings
/// long after its time (starved), or long before and so often (stormed). What that timer is for is
/// brought about meanwhile.
class MistimedTimers : public Stage::Program {
public:
    explicit MistimedTimers(Stage& stage) : stage_(&stage) {
        for (std::size_t i = 0; i < timer_count; ++i) {
            const auto timer = static_cast<Timer>(i);
            // No replica sets it: who waits for the end of a promise looks at the time.
            if (timer != Timer::Lease) timers_.push_back(timer);
        }
        stage.rng().shuffle(std::span(timers_));
        stage.on(EventKind::StatusChanged, [this](ReplicaId, const Event& event) {
            const bool syncs = event.a == static_cast<std::uint64_t>(Status::Syncing);
            // At once: it sets its timer later in this step.
            if (syncs && std::exchange(awaits_sync_, false)) bend(Timer::Sync);
        });
        stage.count_while(wrong_, EventKind::ViewInstalled, "views_meanwhile");
        stage.count_while(wrong_, EventKind::Committed, "commits_meanwhile");
    }

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(1, 8));
        stage_->after_commits(commits, [this] { begin(); });
    }

private:
    void begin() {
        const Timer timer = timers_.at(turn_++ % timers_.size());
        if (timer != Timer::Sync) return bend(timer);
        // It goes wrong when somebody fetches a checkpoint.
        const ReplicaId id = stage_->any_voter();
        const FaultId fault = stage_->isolate(id, Stage::Cut::BothWays);
        const Limits& limits = stage_->world().limits();
        stage_->after_commits(limits.slots + limits.pipeline, [this, id, fault] {
            stage_->rejoin(id, fault);
            awaits_sync_ = true;
            const Nanos enough = 10 * stage_->patience();
            stage_->later(enough, enough, [this] {
                if (std::exchange(awaits_sync_, false)) wait();
            });
        });
    }

    void bend(Timer timer) {
        const bool starved = stage_->rng().chance(1, 2);
        // Three to twenty times slower, or faster.
        const std::int64_t factor = stage_->rng().between(3, 20);
        const std::int64_t rate = starved ? 1000 / factor : 1000 * factor;
        std::vector<ReplicaId> ids = stage_->others(no_replica);
        // Who will need these is not known.
        const bool any = timer == Timer::Recovery || timer == Timer::Sync;
        if (!any && stage_->rng().chance(1, 2)) ids = {one_that_sets(timer)};
        const auto rung = [this, ids, timer] {
            std::uint64_t all = 0;
            for (const ReplicaId id : ids)
                all += stage_->world().mistimed(id, timer);
            return all;
        };
        const FaultId fault =
            stage_->begin({.kind = starved ? "starved-timer" : "stormed-timer",
                           .summary = fmt::format("the timer {} of {} is {} times {}",
                                                  replica::name(timer),
                                                  text(ids),
                                                  factor,
                                                  starved ? "too slow" : "too fast"),
                           .targets = ids,
                           .gauge_name = "mistimed",
                           .gauge = rung});
        for (const ReplicaId id : ids)
            stage_->world().set_timer_rate(id, timer, rate);
        wrong_ = true;
        const std::uint64_t before = rung();
        const Nanos length = patiences(timer) * stage_->patience();
        give_reason(timer, length);
        stage_->later(length, length, [this, ids, timer, starved, fault, rung, before] {
            wrong_ = false;
            if (rung() > before) {
                const char* const how = starved ? "starved" : "stormed";
                stage_->count(fmt::format("{}.{}", how, replica::name(timer)));
            }
            stage_->end(fault);
            for (const ReplicaId id : ids)
                stage_->world().set_timer_rate(id, timer, 1000);
            wait();
        });
    }

    /// A voter; of timers that only primaries set, whoever leads.
    [[nodiscard]] ReplicaId one_that_sets(Timer timer) {
        const bool leads =
            timer == Timer::Prepare || timer == Timer::Heartbeat || timer == Timer::Abdicate;
        const ReplicaId any = stage_->any_voter();
        return leads ? stage_->world().primary().value_or(any) : any;
    }

    /// Long enough for one that is starved to be due, if it is first set some time after.
    [[nodiscard]] Nanos patiences(Timer timer) {
        switch (timer) {
            case Timer::Sync:
            case Timer::GetView: return stage_->rng().between(8, 12);
            case Timer::ViewChange:
            case Timer::Abdicate: return stage_->rng().between(6, 9);
            default: return stage_->rng().between(3, 6);
        }
    }

    /// Brings about what this timer is for, as long as it is wrong.
    void give_reason(Timer timer, Nanos length) {
        const Nanos patience = stage_->patience();
        switch (timer) {
            case Timer::Heartbeat:
            case Timer::Ping:
            case Timer::Scrub:
            case Timer::IdleFlush:
            case Timer::Lease: return;
            case Timer::Prepare: return lose(Command::PrepareOk, 400, length);
            case Timer::PrimarySilent: stage_->unseat(2 * patience, length); return;
            case Timer::GetView:
                stage_->unseat(2 * patience, 3 * patience);
                return lose(Command::StartView, 900, length);
            case Timer::ViewChange:
            case Timer::ViewChangeMessage:
                stage_->unseat(length, length);
                return lose(Command::DoViewChange, 1000, length);
            case Timer::Repair: return lose(Command::Prepare, 700, length);
            case Timer::Sync: return lose(Command::Snapshot, 1000, length);
            case Timer::Abdicate: return lose(Command::PrepareOk, 1000, length);
            case Timer::Recovery:
                // Of one that may be damaged; it comes back as those of the swarm do.
                stage_->nemesis().make(Trouble::LostDisk);
                return lose(Command::RecoveryResponse, 500, length);
        }
    }

    /// So many of a thousand messages of this kind, so long and a little longer.
    void lose(Command command, std::uint32_t permille, Nanos length) {
        Network& network = stage_->network();
        const auto rule = network.drop_if([this, command, permille](const Packet& packet) {
            return packet.header.command == command && stage_->rng().chance(permille, 1000);
        });
        const FaultId fault =
            stage_->begin({.kind = "loss",
                           .summary = fmt::format(
                               "{} of a thousand {} are lost", permille, replica::name(command)),
                           .gauge_name = "packets",
                           .gauge = [&network, rule] { return network.hits(rule); }});
        stage_->later(length + 1, length + stage_->patience(), [this, rule, fault] {
            stage_->end(fault);
            stage_->network().remove(rule);
        });
    }

    Stage* stage_;
    std::vector<Timer> timers_; ///< in the order of their turns
    std::size_t turn_ = 0;
    bool wrong_ = false;
    bool awaits_sync_ = false;
};

/// Little to do, so that there is time for many timers; and a log that soon goes round.
void time_for_all(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::ClientsPerNode, 1);
    knobs.set(Knob::ThinkMicros, 200'000);
    knobs.set(Knob::Slots, 32);
    knobs.set(Knob::CheckpointEvery, 12);
    knobs.set(Knob::TimeoutPercent, 100);
}

constexpr std::string_view late = "it rings late in a round, and is waited for";
constexpr std::string_view early = "it rings early in a round, and is waited for";

constexpr std::array proofs = {Proof{"starved.Prepare", 6, late},
                               Proof{"stormed.Prepare", 6, early},
                               Proof{"starved.Heartbeat", 6, late},
                               Proof{"stormed.Heartbeat", 6, early},
                               Proof{"starved.PrimarySilent", 6, late},
                               Proof{"stormed.PrimarySilent", 6, early},
                               Proof{"starved.ViewChange", 6, late},
                               Proof{"stormed.ViewChange", 6, early},
                               Proof{"starved.ViewChangeMessage", 6, late},
                               Proof{"stormed.ViewChangeMessage", 6, early},
                               Proof{"starved.GetView", 2, late},
                               Proof{"stormed.GetView", 6, early},
                               Proof{"starved.Repair", 4, late},
                               Proof{"stormed.Repair", 4, early},
                               Proof{"starved.Sync", 3, late},
                               Proof{"stormed.Sync", 4, early},
                               Proof{"starved.Ping", 6, late},
                               Proof{"stormed.Ping", 6, early},
                               Proof{"starved.Abdicate", 6, late},
                               Proof{"stormed.Abdicate", 6, early},
                               Proof{"starved.Scrub", 6, late},
                               Proof{"stormed.Scrub", 6, early},
                               Proof{"starved.IdleFlush", 6, late},
                               Proof{"stormed.IdleFlush", 6, early},
                               Proof{"starved.Recovery", 4, late},
                               Proof{"stormed.Recovery", 6, early},
                               Proof{"views_meanwhile", 350, "views are installed meanwhile"},
                               Proof{"commits_meanwhile", 7'000, "and work goes on"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC50",
             .name = "mistimed-timers",
             .summary = "each timer of the replicas rings three to twenty times too late, or too "
                        "early, in turn, while it is needed",
             .prepare = time_for_all,
             .play = play<MistimedTimers>,
             .proofs = proofs}};

} // namespace

std::span<const Scenario> timer_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
