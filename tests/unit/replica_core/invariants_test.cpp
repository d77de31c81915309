#include "replica/core/core.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/trips.hpp"
#include "tests/unit/replica_core/bench.hpp"

#include <functional>

// What holds between steps (core_invariants.cpp): each of it is broken once, from inside.
namespace faultlab::replica {

struct InvariantProbe {
    using Core = Replica::Core;
    using Then = Core::Then;
    using Case = Breach<Core>;

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
        vote.header.count = 1;
        vote.slots.resize(1);
        return vote;
    }
    static void rot(Core& core, Op op) {
        core.journal_.slots_[op].state = SlotState::Faulty;
        core.journal_.newest_faulty_ = op;
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
            {"is-incarnation-fits", [](Core& c) { c.wanted_.incarnation = end_of_incarnations; }},
            {"is-life", [](Core& c) { c.wanted_.lives.lost[2] = 1; }},
            {"is-self", [](Core& c) { c.wanted_.self = 3; }},
            {"is-recovering-flag", [](Core& c) { c.wanted_.recovering = 2; }},
            {"is-wanted-epoch", [](Core& c) { c.wanted_.membership.epoch = 1; }},
            {"is-wanted-log-view",
             [](Core& c) { c.wanted_.view = c.wanted_.log_view = View::of(0, 1); }},
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
            {"is-executed-known",
             [](Core& c) {
                 c.commit_min_ = c.commit_max_ = 3;
                 c.journal_.truncate(1);
                 c.journal_.head_ = 3;
             }},
            {"is-durable", [](Core& c) { c.journal_.durable_ = 4; }},
            {"is-durable-checkpoint",
             [](Core& c) {
                 on_disk(c, [](Superblock& d) { d.checkpoint_op = 1; });
                 c.journal_.checkpoint_ = 1;
                 c.journal_.durable_ = 0;
             }},
            {"is-ring", [](Core& c) { c.journal_.head_ = c.config_.limits.slots + 1; }},
            {"is-tail", [](Core& c) { c.journal_.tail_ = 2; }},
            {"is-durable-whole", [](Core& c) { rot(c, 3); }},
            {"is-executed-whole",
             [](Core& c) {
                 c.journal_.durable_ = 0;
                 rot(c, 1);
             }},
            {"is-executed-view", [](Core& c) { c.journal_.headers_[1].view = View::of(0, 1); }},
            {"is-view-entry", [](Core& c) { c.journal_.headers_[3].view = View::of(0, 1); }},
            {"is-view-began", [](Core& c) { c.view_began_at_ = 4; }},
            {"is-log-op", [](Core& c) { c.wanted_.log_op = 4; }},
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
            {"is-abdicated-wishing",
             [](Core& c) {
                 lead(c);
                 on_disk(c, [&](Superblock& d) { d.view = c.view_; });
                 c.abdicated_ = true;
             }},
            {"is-sync-status", [](Core& c) { c.sync_.active = true; }},
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
            {"is-serving",
             [](Core& c) {
                 Header request;
                 request.client = 5;
                 const std::array operation{std::byte{1}};
                 c.queue_.push(request, operation, 1);
                 c.queue_.pop();
             }},
            {"is-retired", [](Core& c) { c.status_ = Status::Retired; }},
            {"is-claim", [](Core& c) { c.claimed_head_ = 3; }},
            {"is-stale", [](Core& c) { c.stale_above_ = 3; }},
            {"is-promise", [](Core& c) { c.promised_until_ += 1; }},
            {"is-heard", [](Core& c) { c.heard_primary_ = c.now_ + 1; }},
            {"is-beat", [](Core& c) { c.heartbeat_sent_ = c.now_ + 1; }},
            {"is-scratch", [](Core& c) { c.scratch_.pop_back(); }},
            {"is-result", [](Core& c) { c.result_.pop_back(); }},
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
            {"is-vote-count", [](Core& c) { vote(c).header.count = 2; }},
            {"is-vote-slot", [](Core& c) { vote(c).slots[0].header.op = 3; }},
            {"is-vote-head",
             [](Core& c) {
                 Core::Vote& broken = vote(c);
                 broken.slots[0].header = *c.journal_.header(2);
                 broken.header.parent = {1, 2};
             }},
            {"is-vote-own",
             [](Core& c) {
                 c.votes_[1] = vote(c);
                 c.votes_[1].header.replica = 2;
                 c.votes_[1].header.incarnation = 9;
             }},
            {"is-suffix", [](Core& c) { c.suffix_.resize(most_suffix(c.config_.limits) + 1); }},
            {"is-vote-waiting", [](Core& c) { c.vote_waits_ = true; }},
            {"is-vote-due",
             [](Core& c) {
                 c.status_ = Status::ViewChange;
                 c.vote_waits_ = true;
             }},
            {"is-candidate-voter",
             [](Core& c) {
                 c.status_ = Status::Retired;
                 c.candidate_ = View::of(0, 1);
             }},
            {"is-voting", [](Core& c) { c.then_ = Then::DoViewChange; }},
            {"is-voting-higher",
             [](Core& c) {
                 c.status_ = Status::ViewChange;
                 c.then_ = Then::DoViewChange;
             }},
            {"is-recovering-again", [](Core& c) { c.then_ = Then::Recover; }},
            {"is-entered", [](Core& c) { c.then_ = Then::EnterAfterBoot; }},
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
            {"is-install-began", installing([](Core& c) { c.install_.began = c.now_ + 1; })},
            {"is-install-kept", installing([](Core& c) { c.install_.kept = 3; })},
            {"is-install-lowered", installing([](Core& c) { c.install_.lowered_at = 1; })},
            {"is-install-here", installing([](Core& c) { c.install_.op = c.install_.next = 5; })},
            {"is-install-whole", installing([](Core& c) { c.install_.storing = true; })},
            {"is-install-end", installing([](Core& c) {
                 c.install_.storing = true;
                 c.install_.op = 2;
                 c.install_.checksum = *c.journal_.checksum_at(2);
             })},
            {"is-install-right", installing([](Core& c) { c.install_.next = 4; })},
            {"is-install-older", installing([](Core& c) { c.install_.as_primary = true; })},
            {"is-install-durable", installing([](Core& c) {
                 c.install_.storing = true;
                 c.install_.next = 4;
                 c.install_.checksum = c.journal_.head_checksum();
                 c.journal_.durable_ = 2;
             })},
            {"is-suffix-op", installing([](Core& c) {
                 c.suffix_.resize(2);
                 c.suffix_[1].op = 2;
             })},
            {"is-suffix-chain", installing([](Core& c) {
                 c.suffix_ = {*c.journal_.header(2), *c.journal_.header(3)};
                 c.suffix_[1].parent = {};
             })},
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
            {"is-decided-begun", [](Core& c) { c.decided_.membership.began_at = 1; }},
            {"is-first-epoch", [](Core& c) { c.membership_.began_at = 1; }},
            {"is-decided-next",
             [](Core& c) {
                 c.decided_.membership = c.membership_;
                 c.decided_.membership.epoch = 2;
                 c.decided_.membership.began_at = 1;
             }},
            {"is-release", [](Core& c) { c.decided_.release = newest_release + 1; }},
            {"is-release-durable",
             [](Core& c) { c.wanted_.release_active = c.decided_.release + 1; }},
            {"is-release-known",
             [](Core& c) { c.decided_.release = c.wanted_.release_active = 0; }},
            {"is-first-view", [](Core& c) { c.membership_.first_view = 1; }},
            {"is-wanted-members", [](Core& c) { c.wanted_.membership.epoch = 1; }},
            {"is-epoch-entered",
             [](Core& c) {
                 c.decided_.membership = c.membership_;
                 c.decided_.membership.epoch = 1;
                 c.decided_.membership.began_at = 1;
             }},
        };
    }
    static std::vector<Case> of_peers() {
        return {
            {"is-acknowledged",
             [](Core& c) {
                 lead(c);
                 c.peers_[1].acknowledged = 9;
             }},
            {"is-acknowledger",
             [](Core& c) {
                 lead(c);
                 c.peers_[9].acknowledged = 1;
             }},
            {"is-echo", [](Core& c) { c.peers_[1].echoed = c.now_ + 1; }},
            {"is-answered", [](Core& c) { c.peers_[1].answered = c.now_ + 1; }},
            {"is-wish", [](Core& c) { c.peers_[1].wanted_at = c.now_ + 1; }},
            {"is-latency", [](Core& c) { c.peers_[1].latency = -1; }},
            {"is-asker", [](Core& c) { c.peers_[1].recovering = 1; }},
            {"is-heard-peer", [](Core& c) { c.peers_[1].heard = c.now_ + 1; }},
            {"is-asked-at", [](Core& c) { c.peers_[1].asked_at = c.now_ + 1; }},
            {"is-peer-incarnation", [](Core& c) { c.peers_[1].incarnation = end_of_incarnations; }},
            {"is-peer-checkpoint", [](Core& c) { c.peers_[1].checkpoint_op = 12; }},
            {"is-nobody", [](Core& c) { c.peers_[0].incarnation = 1; }},
            {"is-me", [](Core& c) { c.peers_[2].incarnation = 1; }},
            {"is-me-unheard", [](Core& c) { c.peers_[2].heard = 1; }},
            {"is-me-stated",
             [](Core& c) {
                 c.peers_[2].checkpoint_op = 12;
                 c.stated_[2][0].op = 12;
             }},
            {"is-own-acknowledgement",
             [](Core& c) {
                 lead(c);
                 c.peers_[2].acknowledged = c.told_ - 1;
             }},
            {"is-recovery-nonce", [](Core& c) { c.status_ = Status::Recovering; }},
            {"is-recovery-answer", [](Core& c) { c.recovery_body_.resize(1); }},
            {"is-recovery-body",
             [](Core& c) {
                 c.recovery_header_.flags = flag_primary;
                 c.recovery_body_.resize(1);
             }},
            {"is-answer-waiting", [](Core& c) { c.others_recover_ = true; }},
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
            {"is-disk-recovering", [](Core& c) { c.wanted_.recovering = 1; }},
            {"is-disk-checkpoint-due",
             [](Core& c) {
                 c.wanted_.checkpoint_op = 1;
                 on_disk(c, [](Superblock& d) { d.checkpoint_op = 1; });
             }},
            {"is-disk-checkpoint-id",
             [](Core& c) { on_disk(c, [](Superblock& d) {
                               d.checkpoint_id = {1, 2};
                           }); }},
            {"is-disk-executed",
             [](Core& c) {
                 c.wanted_.checkpoint_op = 12;
                 on_disk(c, [](Superblock& d) {
                     d.checkpoint_op = 12;
                     d.checkpoint_id = {1, 2};
                 });
             }},
            {"is-disk-parent",
             [](Core& c) { on_disk(c, [](Superblock& d) { d.checkpoint_parent = {}; }); }},
            {"is-disk-members",
             [](Core& c) { on_disk(c, [](Superblock& d) { d.membership.epoch = 1; }); }},
            {"is-disk-lives",
             [](Core& c) { on_disk(c, [](Superblock& d) { d.lives.lost[3] = 1; }); }},
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
            {"is-checkpoint-whole",
             [](Core& c) { c.commit_min_ = c.commit_max_ = c.checkpointing_ = 12; }},
            {"is-checkpoint-op",
             [](Core& c) {
                 c.commit_min_ = c.commit_max_ = c.checkpointing_ = 12;
                 c.snapshots_.whole_ = true;
             }},
            {"is-offered", [](Core& c) { c.offered_.op = 1; }},
            {"is-sync-storing", [](Core& c) { c.sync_.storing = true; }},
            {"is-sync-gathering", [](Core& c) { c.sync_.gathering = true; }},
            {"is-sync-donor", [](Core& c) { c.sync_.donor = 2; }},
            {"is-sync-idle", [](Core& c) { c.sync_.asked = true; }},
            {"is-sync-began", [](Core& c) { c.sync_.began = c.now_ + 1; }},
            {"is-sync-asked", [](Core& c) { c.sync_.active = c.sync_.asked = true; }},
            {"is-sync-window",
             [](Core& c) {
                 c.sync_.active = c.sync_.gathering = c.sync_.asked = true;
                 c.sync_.donor = 1;
                 c.sync_.target.op = 12;
             }},
            {"is-sync-forward", [](Core& c) { c.sync_.target.op = 1; }},
            {"is-damaged", [](Core& c) { c.state_damaged_ = true; }},
            {"is-late-snapshot", [](Core& c) { c.late_snapshot_ = 12; }},
            {"is-offered-id",
             [](Core& c) {
                 c.offered_.id = {1, 2};
             }},
            {"is-snapshot-whole", [](Core& c) { c.snapshots_.stored_ = true; }},
            {"is-snapshot-waited-for",
             [](Core& c) { c.snapshots_.phase_ = SnapshotStore::Phase::Writing; }},
            {"is-snapshot-named",
             [](Core& c) {
                 c.snapshots_.stored_ = c.snapshots_.whole_ = true;
                 c.snapshots_.id_ = {1, 2};
             }},
            {"is-checkpoint-taken", [](Core& c) { c.journal_.set_checkpoint(1); }},
            {"is-snapshot-area",
             [](Core& c) {
                 c.snapshots_.phase_ = SnapshotStore::Phase::Writing;
                 c.sync_.active = c.sync_.gathering = true;
                 c.sync_.target.op = 12;
             }},
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
            {"is-watching-donor", [](Core& c) { c.sync_.active = true; }},
            {"is-watching-nobody",
             [](Core& c) { c.armed_ |= 1U << static_cast<unsigned>(Timer::Sync); }},
            {"is-abdicated-silent",
             [](Core& c) {
                 c.abdicated_ = true;
                 c.armed_ |= 1U << static_cast<unsigned>(Timer::Heartbeat);
             }},
            {"is-silent-backup",
             [](Core& c) { c.armed_ |= 1U << static_cast<unsigned>(Timer::Heartbeat); }},
            {"is-backup-staying",
             [](Core& c) { c.armed_ |= 1U << static_cast<unsigned>(Timer::Abdicate); }},
            {"is-timer", [](Core& c) { c.armed_ |= 1U << timer_count; }},
            {"is-normal-quiet",
             [](Core& c) { c.armed_ |= 1U << static_cast<unsigned>(Timer::ViewChange); }},
            {"is-idle-outside",
             [](Core& c) {
                 c.status_ = Status::ViewChange;
                 c.armed_ |= 1U << static_cast<unsigned>(Timer::ViewChange);
             }},
            {"is-fetching", [](Core& c) { c.heard_head_ = 9; }},
            {"is-asking", [](Core& c) { c.asked_to_ = 3; }},
            {"is-failing", [](Core& c) { c.repair_failures_ = 1; }},
        };
    }

    using Check = void (*)(const Core&);
    /// A backup with three durable entries, of which one is executed.
    static void each(const std::vector<Case>& cases, Check check) {
        for (const Case& of : cases) {
            Bench bench(2);
            bench.receive_three();
            INFO(of.id);
            Core& broken = core(bench);
            check(broken); // and before, nothing is wrong
            of.by(broken);
            CHECK(tripped_by([&] { check(broken); }) == of.id);
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
