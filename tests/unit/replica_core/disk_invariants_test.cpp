#include "tests/unit/replica_core/invariant_probe.hpp"

// Of what the disk holds, what goes there, who else is there, and who is woken when.
namespace faultlab::replica {

std::vector<InvariantProbe::Case> InvariantProbe::of_peers() {
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
        {"is-told-view", [](Core& c) { c.peers_[1].told_view = c.now_ + 1; }},
        {"is-peer-release", [](Core& c) { c.peers_[1].release = newest_release + 1; }},
        {"is-peer-incarnation", [](Core& c) { c.peers_[1].incarnation = end_of_incarnations; }},
        {"is-peer-checkpoint", [](Core& c) { c.peers_[1].checkpoint_op = 12; }},
        {"is-nobody", [](Core& c) { c.peers_[0].incarnation = 1; }},
        {"is-nobody-ahead", [](Core& c) { c.peers_[0].view = View::of(0, 1); }},
        {"is-me-wishing", [](Core& c) { c.peers_[2].wants = View::of(0, 1); }},
        {"is-me-asked", [](Core& c) { c.peers_[2].asked_at = 1; }},
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
        {"is-recovery-members",
         [](Core& c) {
             c.recovery_header_.flags = flag_primary;
             c.recovery_header_.size = sizeof(Header) + 1;
             c.recovery_body_.resize(1);
         }},
        {"is-recovery-room", [](Core& c) { c.recovery_body_ = std::vector<std::byte>(); }},
        {"is-answer-waiting", [](Core& c) { c.others_recover_ = true; }},
        {"is-turn", [](Core& c) { c.turn_ = max_replica_id + 1; }},
        {"is-asked-peer", [](Core& c) { c.asked_peer_ = 2; }},
    };
}

std::vector<InvariantProbe::Case> InvariantProbe::of_disk() {
    return {
        {"is-disk-checkpoint",
         [](Core& c) { on_disk(c, [](Superblock& d) { d.checkpoint_op = 1; }); }},
        {"is-disk-area", [](Core& c) { on_disk(c, [](Superblock& d) { d.checkpoint_area = 2; }); }},
        {"is-disk-self", [](Core& c) { on_disk(c, [](Superblock& d) { d.self = 3; }); }},
        {"is-disk-sequence", [](Core& c) { on_disk(c, [](Superblock& d) { d.sequence = 0; }); }},
        {"is-disk-limits", [](Core& c) { on_disk(c, [](Superblock& d) { ++d.limits.slots; }); }},
        {"is-disk-log-end", [](Core& c) { c.wanted_.log_end = 1; }},
        {"is-disk-release",
         [](Core& c) { on_disk(c, [](Superblock& d) { d.release_active = newest_release + 1; }); }},
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
        {"is-disk-lives", [](Core& c) { on_disk(c, [](Superblock& d) { d.lives.lost[3] = 1; }); }},
        {"is-ticket",
         [](Core& c) {
             c.then_ = Then::BeginView;
             c.then_ticket_ = 0;
         }},
        {"is-io", [](Core& c) { c.boot_read_ = 1; }},
        {"is-disk-sealed", [](Core& c) { on_disk(c, [](Superblock& d) { ++d.sequence; }); }},
    };
}

std::vector<InvariantProbe::Case> InvariantProbe::of_snapshots() {
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

std::vector<InvariantProbe::Case> InvariantProbe::of_syncs() {
    return {
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
        {"is-damaged-fetched",
         [](Core& c) {
             c.commit_min_ = 0;
             c.state_damaged_ = true;
         }},
        {"is-checkpoint-apart",
         [](Core& c) {
             write_checkpoint(c);
             c.sync_.active = c.sync_.gathering = true;
             c.sync_.target.op = 24;
         }},
        {"is-checkpoint-wanted",
         [](Core& c) {
             write_checkpoint(c);
             c.checkpoint_storing_ = true;
         }},
        {"is-sync-wanted",
         [](Core& c) {
             c.sync_.active = c.sync_.storing = true;
             c.sync_.ticket = 1;
             c.sync_.target.op = 12;
         }},
        {"is-sync-over", [](Core& c) { c.sync_.donor = 1; }},
    };
}

std::vector<InvariantProbe::Case> InvariantProbe::of_timers() {
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
        {"is-timer-started",
         [](Core& c) { c.armed_ |= 1U << static_cast<unsigned>(Timer::Lease); }},
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

void InvariantProbe::around_it() {
    each(of_peers(), [](const Core& c) { c.check_peers(); });
    each(of_disk(), [](const Core& c) { c.check_disk(); });
    each(of_snapshots(), [](const Core& c) { c.check_snapshots(); });
    each(of_syncs(), [](const Core& c) { c.check_snapshots(); });
    each(of_timers(), [](const Core& c) { c.check_timers(); });
}

TEST_CASE("Whatever must hold of disk, peers and timers is noticed when it does not",
          "[replica_core]") {
    InvariantProbe::around_it();
}

} // namespace faultlab::replica
