#include "replica/core/core.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/replica_core/bench.hpp"

#include <functional>

// What holds between steps (core_invariants.cpp): each of it is broken once, from inside.
namespace faultlab::replica {

struct InvariantProbe {
    using Core = Replica::Core;
    using Then = Core::Then;
    struct Case {
        const char* id;
        std::function<void(Core&)> breaks;
    };

    static Core& core(Bench& bench) { return *bench.replica->core_; }

    /// What the disk is said to hold.
    static void on_disk(Core& core, const std::function<void(Superblock&)>& change) {
        change(core.superblock_.durable_);
    }
    static void install(Core& core, Op op) {
        core.status_ = Status::ViewChange;
        core.view_ = View::of(0, 1);
        core.install_ = {};
        core.install_.active = true;
        core.install_.view = core.view_;
        core.install_.log_view = core.view_;
        core.install_.op = op;
        core.install_.next = op;
        core.install_.donor = 1;
        core.install_.membership = core.membership_;
    }
    /// A vote for view 1 of replica 1, which claims its log up to op 2.
    static Core::Vote& vote(Core& core) {
        core.status_ = Status::ViewChange;
        core.view_ = View::of(0, 1); // replica 2 leads it
        Core::Vote& vote = core.votes_[0];
        vote.valid = true;
        vote.header.replica = 1;
        vote.header.view = core.view_;
        vote.header.op = 2;
        vote.header.commit = 1;
        vote.slots.resize(1);
        return vote;
    }
    static void lead(Core& core) {
        core.view_ = core.log_view_ = View::of(0, 1);
        core.peers_[core.config_.self].acknowledged = core.told_;
    }

    static std::vector<Case> of_views() {
        return {
            {"is-log-view", [](Core& c) { c.log_view_ = View::of(0, 1); }},
            {"is-wanted-view",
             [](Core& c) {
                 c.wanted_.view = View::of(0, 2);
                 c.then_ = Then::BeginView;
             }},
            {"is-durable-view",
             [](Core& c) { on_disk(c, [](Superblock& d) { d.view = View::of(0, 2); }); }},
            {"is-durable-log-view",
             [](Core& c) { on_disk(c, [](Superblock& d) { d.log_view = View::of(0, 2); }); }},
            {"is-durable-log-behind",
             [](Core& c) {
                 c.wanted_.view = View::of(0, 2);
                 on_disk(c, [](Superblock& d) { d.view = d.log_view = View::of(0, 2); });
             }},
            {"is-log-durable", [](Core& c) { c.view_ = c.log_view_ = View::of(0, 1); }},
            {"is-candidate",
             [](Core& c) {
                 c.view_ = View::of(0, 3);
                 c.candidate_ = View::of(0, 2);
             }},
            {"is-candidate-epoch", [](Core& c) { c.candidate_ = View::of(1, 2); }},
            {"is-incarnation", [](Core& c) { c.wanted_.incarnation = 0; }},
            {"is-life", [](Core& c) { c.wanted_.lives.lost[2] = 1; }},
            {"is-self", [](Core& c) { c.wanted_.self = 3; }},
        };
    }
    static std::vector<Case> of_log() {
        return {
            {"is-executed", [](Core& c) { c.commit_max_ = 0; }},
            {"is-committed", [](Core& c) { c.commit_max_ = 9; }},
            {"is-own-head",
             [](Core& c) {
                 install(c, 9);
                 c.commit_max_ = 9;
             }},
            {"is-checkpoint-executed",
             [](Core& c) {
                 c.journal_.set_checkpoint(1);
                 c.commit_min_ = 0;
             }},
            {"is-checkpoint-durable", [](Core& c) { c.journal_.set_checkpoint(1); }},
            {"is-timestamp",
             [](Core& c) {
                 lead(c);
                 c.last_timestamp_ = 0;
             }},
        };
    }
    static std::vector<Case> of_status() {
        return {
            {"is-booted", [](Core& c) { c.status_ = Status::Booting; }},
            {"is-normal", [](Core& c) { c.view_ = View::of(0, 1); }},
            {"is-normal-durable", [](Core& c) { c.view_ = c.log_view_ = View::of(0, 1); }},
            {"is-normal-whole", [](Core& c) { c.install_.active = true; }},
            {"is-normal-member",
             [](Core& c) {
                 c.membership_.voters = {7, 8, 9};
             }},
            {"is-normal-head", [](Core& c) { c.wanted_.doubt_end = 9; }},
            {"is-recovering", [](Core& c) { c.status_ = Status::Recovering; }},
            {"is-not-recovering",
             [](Core& c) { on_disk(c, [](Superblock& d) { d.recovering = 1; }); }},
            {"is-syncing", [](Core& c) { c.status_ = Status::Syncing; }},
            {"is-sync-apart",
             [](Core& c) {
                 c.status_ = Status::Syncing;
                 c.sync_.active = c.install_.active = true;
             }},
            {"is-told", [](Core& c) { c.told_ = 9; }},
            {"is-abdicated", [](Core& c) { c.abdicated_ = true; }},
            {"is-pipeline",
             [](Core& c) {
                 lead(c);
                 on_disk(c, [&](Superblock& d) { d.view = c.view_; });
                 c.told_ = 0;
                 c.journal_.reset(8, {});
             }},
            {"is-proposing",
             [](Core& c) {
                 Header request;
                 request.client = 5;
                 const std::array operation{std::byte{1}};
                 c.queue_.push(request, operation, 1);
             }},
        };
    }
    static std::vector<Case> of_votes() {
        return {
            {"is-vote-counted",
             [](Core& c) {
                 vote(c);
                 c.view_ = View{};
             }},
            {"is-vote-voter", [](Core& c) { c.votes_[5] = vote(c); }},
            {"is-vote-place", [](Core& c) { vote(c).header.replica = 3; }},
            {"is-vote-view", [](Core& c) { vote(c).header.view = View::of(0, 4); }},
            {"is-vote-older", [](Core& c) { vote(c).header.log_view = View::of(0, 1); }},
            {"is-vote-commit", [](Core& c) { vote(c).header.commit = 3; }},
            {"is-vote-suffix", [](Core& c) { vote(c).slots.clear(); }},
            {"is-suffix", [](Core& c) { c.suffix_.resize(most_suffix(c.config_.limits) + 1); }},
            {"is-vote-waiting", [](Core& c) { c.vote_waits_ = true; }},
            {"is-voting", [](Core& c) { c.then_ = Then::DoViewChange; }},
        };
    }
    static std::vector<Case> of_installs() {
        const auto installing = [](const std::function<void(Core&)>& change) {
            return [change](Core& c) {
                install(c, 3);
                change(c);
            };
        };
        return {
            {"is-storing", [](Core& c) { c.install_.storing = true; }},
            {"is-beginning", [](Core& c) { c.then_ = Then::BeginView; }},
            {"is-install-status", installing([](Core& c) { c.status_ = Status::Normal; })},
            {"is-install-view", installing([](Core& c) { c.view_ = View::of(0, 2); })},
            {"is-install-next", installing([](Core& c) { c.install_.next = 5; })},
            {"is-install-commit", installing([](Core& c) { c.install_.commit = 4; })},
            {"is-install-executed",
             installing([](Core& c) { c.install_.op = c.install_.next = 0; })},
            {"is-install-leads", installing([](Core& c) {
                 c.install_.as_primary = true;
                 c.view_ = c.install_.view = View::of(0, 2);
             })},
            {"is-install-donor", installing([](Core& c) { c.install_.donor = 2; })},
            {"is-install-suffix", installing([](Core& c) { c.suffix_.resize(4); })},
            {"is-install-member", installing([](Core& c) { c.install_.membership.epoch = 1; })},
        };
    }
    static std::vector<Case> of_members() {
        return {
            {"is-membership", [](Core& c) { c.membership_.voters[1] = 1; }},
            {"is-epoch", [](Core& c) { c.membership_.epoch = 1; }},
            {"is-normal-epoch", [](Core& c) { c.view_ = View::of(1, 0); }},
            {"is-epoch-begun", [](Core& c) { c.membership_.began_at = 3; }},
            {"is-decided", [](Core& c) { c.decided_.membership.epoch = 1; }},
            {"is-decided-at", [](Core& c) { c.decided_.membership.began_at = 2; }},
            {"is-decided-next",
             [](Core& c) {
                 c.decided_.membership = c.membership_;
                 c.decided_.membership.epoch = 2;
             }},
            {"is-release", [](Core& c) { c.decided_.release = newest_release + 1; }},
            {"is-release-durable",
             [](Core& c) { c.wanted_.release_active = c.decided_.release + 1; }},
        };
    }
    static std::vector<Case> of_peers() {
        return {
            {"is-acknowledged",
             [](Core& c) {
                 lead(c);
                 c.peers_[1].acknowledged = 9;
             }},
            {"is-echo", [](Core& c) { c.peers_[1].echoed = c.now_ + 1; }},
            {"is-answered", [](Core& c) { c.peers_[1].answered = c.now_ + 1; }},
            {"is-wish", [](Core& c) { c.peers_[1].wanted_at = c.now_ + 1; }},
            {"is-latency", [](Core& c) { c.peers_[1].latency = -1; }},
            {"is-asker", [](Core& c) { c.peers_[1].recovering = 1; }},
            {"is-nobody", [](Core& c) { c.peers_[0].incarnation = 1; }},
            {"is-me", [](Core& c) { c.peers_[2].incarnation = 1; }},
            {"is-own-acknowledgement",
             [](Core& c) {
                 lead(c);
                 c.peers_[2].acknowledged = c.told_ - 1;
             }},
            {"is-turn", [](Core& c) { c.turn_ = max_replica_id + 1; }},
            {"is-asked-peer", [](Core& c) { c.asked_peer_ = 2; }},
        };
    }
    static std::vector<Case> of_disk() {
        return {
            {"is-disk-checkpoint",
             [](Core& c) { on_disk(c, [](Superblock& d) { d.checkpoint_op = 1; }); }},
            {"is-disk-area",
             [](Core& c) { on_disk(c, [](Superblock& d) { d.checkpoint_area = 2; }); }},
            {"is-disk-limits",
             [](Core& c) { on_disk(c, [](Superblock& d) { ++d.limits.slots; }); }},
            {"is-disk-log-end", [](Core& c) { c.wanted_.log_end = 1; }},
            {"is-disk-release",
             [](Core& c) {
                 on_disk(c, [](Superblock& d) { d.release_active = newest_release + 1; });
             }},
            {"is-ticket",
             [](Core& c) {
                 c.then_ = Then::BeginView;
                 c.then_ticket_ = 0;
             }},
            {"is-io", [](Core& c) { c.boot_read_ = 1; }},
        };
    }
    static std::vector<Case> of_snapshots() {
        return {
            {"is-checkpointing", [](Core& c) { c.checkpointing_ = 12; }},
            {"is-checkpoint-due", [](Core& c) { c.checkpointing_ = 1; }},
            {"is-checkpoint-storing", [](Core& c) { c.checkpoint_storing_ = true; }},
            {"is-checkpoint-new",
             [](Core& c) {
                 c.journal_.reset(12, {});
                 c.commit_min_ = 12;
                 c.checkpointing_ = 12;
             }},
            {"is-offered", [](Core& c) { c.offered_.op = 1; }},
            {"is-sync-storing", [](Core& c) { c.sync_.storing = true; }},
            {"is-sync-gathering", [](Core& c) { c.sync_.gathering = true; }},
            {"is-sync-donor", [](Core& c) { c.sync_.donor = 2; }},
            {"is-sync-idle", [](Core& c) { c.sync_.asked = true; }},
            {"is-digest", [](Core& c) { c.figures_.digest_op = 2; }},
        };
    }
    static std::vector<Case> of_timers() {
        const auto disarmed = [](Timer timer) { return [timer](Core& c) { c.disarm(timer); }; };
        const auto leading = [](Timer timer) {
            return [timer](Core& c) {
                lead(c);
                c.armed_ = ~0U;
                c.disarm(timer);
            };
        };
        const auto in = [](Status status) {
            return [status](Core& c) {
                c.status_ = status;
                c.armed_ = 1U << static_cast<unsigned>(Timer::Ping) |
                           1U << static_cast<unsigned>(Timer::Scrub);
            };
        };
        return {
            {"is-pinging", disarmed(Timer::Ping)},
            {"is-scrubbing", disarmed(Timer::Scrub)},
            {"is-beating", leading(Timer::Heartbeat)},
            {"is-watching-quorum", leading(Timer::Abdicate)},
            {"is-watching-primary", disarmed(Timer::PrimarySilent)},
            {"is-calling", in(Status::ViewChange)},
            {"is-asking-view", in(Status::RecoveringHead)},
            {"is-asking-others", in(Status::Recovering)},
            {"is-wishing", [](Core& c) { c.candidate_ = View::of(0, 1); }},
            {"is-flushing", disarmed(Timer::IdleFlush)},
            {"is-idle-primary", leading(Timer::GetView)},
        };
    }

    using Check = void (*)(const Core&);
    static std::string trip(Core& core, const Case& of, Check check) {
        of.breaks(core);
        try {
            check(core);
        } catch (const AssertionFailed& failure) {
            return failure.id();
        }
        return "";
    }

    /// A backup with three durable entries, of which one is executed.
    static void each(const std::vector<Case>& cases, Check check) {
        for (const Case& of : cases) {
            Bench bench(2);
            for (const Letter& entry : bench.log(View{}, 3))
                bench.receive(1, entry);
            Header commit = bench.header(1, Command::Commit, View{});
            commit.op = 3;
            commit.commit = 1;
            bench.receive(1, Bench::sealed(commit));
            INFO(of.id);
            Core& broken = core(bench);
            check(broken); // and before, nothing is wrong
            CHECK(trip(broken, of, check) == of.id);
        }
    }

    static void all() {
        each(of_views(), [](const Core& c) { c.check_views(); });
        each(of_log(), [](const Core& c) { c.check_log(); });
        each(of_status(), [](const Core& c) { c.check_status(); });
        each(of_votes(), [](const Core& c) { c.check_view_change(); });
        each(of_installs(), [](const Core& c) { c.check_install(); });
        each(of_members(), [](const Core& c) { c.check_members(); });
        each(of_peers(), [](const Core& c) { c.check_peers(); });
        each(of_disk(), [](const Core& c) { c.check_disk(); });
        each(of_snapshots(), [](const Core& c) { c.check_snapshots(); });
        each(of_timers(), [](const Core& c) { c.check_timers(); });
    }
};

TEST_CASE("Whatever must hold between steps is noticed when it does not", "[replica_core]") {
    InvariantProbe::all();
}

} // namespace faultlab::replica
