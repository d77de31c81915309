#include "replica/core/core.hpp"

#include <algorithm>

// State transfer: a replica that lags by more than a log, or whose snapshot is damaged, fetches
// one.
namespace faultlab::replica {

namespace {

constexpr std::size_t window = 8; // chunks that are asked for at a time

/// Sync timeouts without anybody to fetch from; certified() waits for four of them.
constexpr Nanos hopeless_after = 8;

} // namespace

// --- who has what

void Replica::Core::note_checkpoint(const Header& header, ReplicaId from) {
    const Stated stated{header.checkpoint_op, header.checkpoint_id};
    Peer& peer = peers_[from];
    peer.heard = now_;
    // A GetSnapshot names the one that its sender wants.
    if (header.command == Command::GetSnapshot || stated.op < peer.checkpoint_op) {
        return;
    }
    peer.checkpoint_op = stated.op;
    peer.checkpoint_id = stated.id;
    if (has_stated(from, stated)) {
        return;
    }
    auto& before = stated_[from];
    std::shift_right(before.begin(), before.end(), 1);
    before.front() = stated;
}

bool Replica::Core::has_stated(ReplicaId id, const Stated& checkpoint) const {
    REPLICA_ASSERT("stated-id", id <= max_replica_id);
    return std::ranges::find(stated_[id], checkpoint) != stated_[id].end();
}

/// Whether it is sure that the checkpoint is what all replicas had after that op: of f + 1 that say
/// so one at least is in order (KM6). The one that this replica's own superblock names is. While f
/// are down or without their disks, f + 1 others may not have it: after a while nobody of those who
/// can be heard and have come as far may say otherwise.
bool Replica::Core::certified(const Stated& checkpoint) {
    REPLICA_ASSERT("certified-op", checkpoint.op > 0); // the root is no checkpoint
    REPLICA_ASSERT("certified-sync", sync_.active);    // since when it waits
    if (checkpoint == Stated{durable().checkpoint_op, durable().checkpoint_id}) {
        return true;
    }
    const Membership& who = membership_known() ? membership_ : install_.membership;
    std::size_t saying = 0;
    std::size_t denying = 0;
    for (ReplicaId id = 1; id <= max_replica_id; ++id) {
        const bool counts = id != config_.self && (who.voter_count == 0 || who.votes(id));
        const Peer& peer = peers_[id];
        if (counts && has_stated(id, checkpoint)) {
            ++saying;
        } else if (counts && peer.checkpoint_op >= checkpoint.op &&
                   now_ - peer.heard < 4 * config_.timeouts.ping) {
            ++denying;
        }
    }
    const std::size_t needed = who.voter_count == 0 ? 2 : (who.voter_count - 1U) / 2 + 1;
    const bool waited = now_ - sync_.began > 4 * config_.timeouts.sync;
    return saying >= needed || (waited && saying > 0 && denying == 0) ||
           bugs_.changes(Bug::KM6, [&] { return saying > 0; });
}

/// The newest checkpoint of a peer that is certified and is worth its way. False when none is.
bool Replica::Core::choose_target() {
    REPLICA_ASSERT("target-sync", sync_.active && !sync_.storing);
    REPLICA_ASSERT("target-free", !sync_.gathering);
    Stated best;
    for (ReplicaId id = 1; id <= max_replica_id; ++id) {
        const Stated stated{peers_[id].checkpoint_op, peers_[id].checkpoint_id};
        const bool useful =
            state_damaged_ ? stated.op >= durable().checkpoint_op : stated.op > commit_min_;
        if (id != config_.self && useful && stated.op > best.op && certified(stated)) {
            best = stated;
        }
    }
    sync_.target = best;
    sync_.donor = no_replica;
    sync_.asked = false;
    sync_.view = {};
    return best.op != 0;
}

/// The next replica after `last`, in turn, whose newest checkpoint is the target.
ReplicaId Replica::Core::donor_after(ReplicaId last) const {
    REPLICA_ASSERT("donor-after", last <= max_replica_id && last != config_.self);
    for (std::size_t step = 1; sync_.target.op > 0 && step <= max_replica_id; ++step) {
        const auto id = static_cast<ReplicaId>((last + step - 1) % max_replica_id + 1);
        const Peer& peer = peers_[id];
        if (id != config_.self && Stated{peer.checkpoint_op, peer.checkpoint_id} == sync_.target) {
            return id;
        }
    }
    return no_replica;
}

// --- fetching

void Replica::Core::start_sync() {
    if (sync_.active) {
        return;
    }
    REPLICA_ASSERT("sync-storing", !install_.storing);
    REPLICA_ASSERT("sync-remembers", status_ != Status::Retired);
    REPLICA_ASSERT("sync-booted", boot_ == BootStage::Done);
    leave_normal();
    // Who has lost its disk does not know itself: that outweighs what it does about it.
    set_status(wanted_.recovering != 0 ? Status::Recovering : Status::Syncing);
    sync_ = {};
    sync_.active = true;
    sync_.began = now_;
    arm(Timer::Sync, with_jitter(config_.timeouts.sync));
}

void Replica::Core::settle_sync() {
    if (!sync_.active) {
        if (state_damaged_ && status_ != Status::Recovering && status_ != Status::Retired) {
            start_sync();
        }
        return;
    }
    if (sync_.storing) {
        REPLICA_ASSERT("sync-stays-stored", snapshots_.stored());
        if (superblock_.done() >= sync_.ticket) {
            finish_sync();
        }
        return;
    }
    if (checkpointing_ != 0) {
        return; // one that had begun before
    }
    REPLICA_ASSERT("sync-donor-target", sync_.donor == no_replica || sync_.target.op > 0);
    REPLICA_ASSERT("sync-gathers-target", !sync_.gathering || snapshots_.id() == sync_.target.id);
    if (sync_.gathering && snapshots_.stored()) {
        store_synced();
        return;
    }
    if (sync_.donor == no_replica || donor_after(sync_.donor) == no_replica) {
        // Nobody has it as his newest any more, or there is no target yet.
        if (sync_.gathering) {
            snapshots_.abandon();
            sync_.gathering = false;
        }
        if (!choose_target()) {
            return; // until somebody states one
        }
        sync_.donor = donor_after(no_replica);
        event(EventKind::SyncStarted, sync_.target.op, sync_.donor);
    }
    ask_snapshot();
}

/// Asks for the manifest, or for the next chunks, once the last request is answered.
void Replica::Core::ask_snapshot() {
    REPLICA_ASSERT("ask-target", sync_.target.op > 0);
    REPLICA_ASSERT("ask-donor", sync_.donor != no_replica && sync_.donor != config_.self);
    REPLICA_ASSERT("ask-active", sync_.active && !sync_.storing);
    if (sync_.gathering && sync_.asked && snapshots_.missing(0) > sync_.asked_to) {
        sync_.asked = false;
    }
    if (sync_.asked || (!sync_.gathering && !snapshots_.idle())) {
        return;
    }
    Header header = outgoing(Command::GetSnapshot);
    header.checkpoint_op = sync_.target.op;
    header.checkpoint_id = sync_.target.id;
    if (!sync_.gathering) {
        header.flags = flag_manifest;
    } else {
        const std::size_t first = snapshots_.missing(0);
        if (snapshots_.searching() || first == snapshots_.chunks()) {
            return;
        }
        header.from = first;
        header.to = std::min(first + window, snapshots_.chunks()) - 1;
        sync_.asked_to = header.to;
    }
    sync_.asked = true;
    sync_.progress = false;
    send(sync_.donor, header);
    arm(Timer::Sync, with_jitter(config_.timeouts.sync));
}

void Replica::Core::on_sync_timer() {
    if (!sync_.active || sync_.storing) {
        return;
    }
    if (sync_.donor == no_replica && now_ - sync_.began > hopeless_after * config_.timeouts.sync &&
        !state_damaged_) {
        give_up_sync();
        return;
    }
    arm(Timer::Sync, with_jitter(config_.timeouts.sync));
    if (!sync_.asked) {
        return; // the end of this step looks for a target again
    }
    sync_.asked = false; // what is still missing is asked for again
    if (!sync_.progress) {
        donor_failed();
    }
}

void Replica::Core::donor_failed() {
    REPLICA_ASSERT("donor-failed-sync", sync_.active);
    REPLICA_ASSERT("donor-failed-who", sync_.donor != no_replica);
    REPLICA_ASSERT("donor-failed-target", sync_.target.op > 0);
    REPLICA_ASSERT("donor-failed-late", !sync_.storing); // nobody is needed any more
    ++figures_.sync_failures;
    event(EventKind::SyncFailed, sync_.target.op, sync_.donor);
    // It may have lost its disk since: it must say again what it has.
    peers_[sync_.donor].checkpoint_op = 0;
    peers_[sync_.donor].checkpoint_id = {};
    // Those who still have it may be deaf, and repeat that they have it: a newer one is as good.
    sync_.donor = newer_target() ? no_replica : donor_after(sync_.donor);
    sync_.asked = false;
}

/// Whoever had a checkpoint is gone, and the rest may need this replica's vote to get to one: its
/// own state and log are whole, and what it promised stands.
void Replica::Core::give_up_sync() {
    REPLICA_ASSERT("give-up-sync-active", sync_.active);
    REPLICA_ASSERT("give-up-sync-fetching", !sync_.storing && !sync_.gathering);
    REPLICA_ASSERT("give-up-sync-state", !state_damaged_);
    sync_ = {};
    disarm(Timer::Sync);
    resume();
}

/// Whether a newer checkpoint than the target has become certified.
bool Replica::Core::newer_target() {
    return std::ranges::any_of(peers_, [this](const Peer& peer) {
        const Stated stated{peer.checkpoint_op, peer.checkpoint_id};
        return stated.op > sync_.target.op && certified(stated);
    });
}

void Replica::Core::on_snapshot(const Message& message, ReplicaId from) {
    const Header& header = message.header;
    if (!sync_.active || sync_.storing || from != sync_.donor ||
        Stated{header.checkpoint_op, header.checkpoint_id} != sync_.target) {
        return;
    }
    sync_.view = std::max(sync_.view, header.view);
    if (header.flags == flag_manifest) {
        if (sync_.gathering || !snapshots_.idle()) {
            return;
        }
        sync_.asked = false;
        sync_.gathering = snapshots_.fetch(message.body,
                                           sync_.target.op,
                                           sync_.target.id,
                                           1 - durable().checkpoint_area,
                                           next_io_,
                                           *effects_);
        if (!sync_.gathering) {
            reject(Reject::Entry, from);
            donor_failed();
        }
        return;
    }
    if (!sync_.gathering) {
        return;
    }
    REPLICA_ASSERT("gathering-fetches",
                   snapshots_.phase() == SnapshotStore::Phase::Fetching || snapshots_.stored());
    const std::size_t before = snapshots_.chunks_here();
    if (!snapshots_.take(header.from, message.body, next_io_, *effects_)) {
        reject(Reject::Entry, from);
        donor_failed();
        return;
    }
    sync_.fetched += snapshots_.chunks_here() - before;
    sync_.progress = true;
}

void Replica::Core::on_get_snapshot(const Header& header, ReplicaId from) {
    const Stated wanted{header.checkpoint_op, header.checkpoint_id};
    if (!snapshots_.whole() || wanted != offered_ || snapshots_.id() != wanted.id) {
        return; // it asks somebody else when nothing comes
    }
    REPLICA_ASSERT("give-durable",
                   durable().checkpoint_id == snapshots_.id() || bugs_.on(Bug::B12));
    REPLICA_ASSERT("give-op", snapshots_.head().entry.op == offered_.op);
    Header answer = outgoing(Command::Snapshot);
    if (header.flags == flag_manifest) {
        answer.flags = flag_manifest;
        send(from, answer, snapshots_.manifest());
        return;
    }
    const std::size_t end =
        std::min<std::uint64_t>({header.to, snapshots_.chunks() - 1, header.from + window - 1});
    for (std::size_t index = header.from; index <= end; ++index) {
        answer.from = index;
        answer.count = static_cast<std::uint32_t>(snapshots_.chunks());
        send(from, answer, snapshots_.chunk(index));
    }
}

// --- taking it up

/// View and checkpoint go to the disk together (B12): what the snapshot holds was committed in a
/// view that its donors were in or past, and a replica that goes on in an older one could
/// acknowledge there what contradicts it. Its claim in a view change, log_view and the checkpoint
/// as head, is true if the checkpoint was committed in a view up to log_view; else every quorum has
/// somebody with a larger log_view, and the claim decides nothing.
void Replica::Core::store_synced() {
    REPLICA_ASSERT("store-synced-once", !sync_.storing);
    REPLICA_ASSERT("store-synced-whole", snapshots_.stored());
    REPLICA_ASSERT("store-synced-target", snapshots_.id() == sync_.target.id);
    REPLICA_ASSERT("store-synced-forward",
                   sync_.target.op > commit_min_ ||
                       (state_damaged_ && sync_.target.op == commit_min_));
    REPLICA_ASSERT("store-synced-alone", checkpointing_ == 0 && !checkpoint_storing_);
    if (snapshot_decided().release > config_.release) {
        halt("the checkpoint needs a program of a newer release");
        return;
    }
    want_checkpoint();
    wanted_.view = std::max(wanted_.view, view_);
    wanted_.membership = membership_; // of view_
    // Of a later epoch the members are not known. Any view but the one that it was Normal in will
    // do then: it is told of the later epoch before it can acknowledge anything.
    const bool same_epoch = sync_.view.epoch() <= membership_.epoch;
    // Who recovers enters no view before the others tell it of theirs, and must not name one that
    // its donor alone has entered: they may go on in a lower one.
    if (wanted_.recovering == 0) {
        wanted_.view = std::max(wanted_.view, same_epoch ? sync_.view : log_view_.next());
    }
    const Membership decided = snapshot_decided().membership;
    if (decided.epoch > wanted_.membership.epoch) {
        wanted_.membership = decided;
        wanted_.view = std::max(wanted_.view, View::of(decided.epoch, decided.first_view));
    }
    sync_.storing = true;
    sync_.ticket = store_superblock();
}

void Replica::Core::finish_sync() {
    REPLICA_ASSERT("finish-sync-storing", sync_.storing);
    REPLICA_ASSERT("finish-sync-target", durable().checkpoint_op == sync_.target.op);
    REPLICA_ASSERT("finish-sync-id", durable().checkpoint_id == sync_.target.id);
    REPLICA_ASSERT("finish-sync-view", durable().view >= view_ || bugs_.any());
    if (!restore_state()) {
        halt("the snapshot that the others agree on is no state");
        return;
    }
    journal_.reset(durable().checkpoint_op, durable().checkpoint_parent);
    commit_max_ = std::max(commit_min_, std::min(commit_max_, journal_.head()));
    offered_ = {durable().checkpoint_op, durable().checkpoint_id};
    view_ = durable().view;
    if (decided_.membership.epoch > membership_.epoch) {
        set_membership(decided_.membership);
    }
    event(EventKind::SyncDone, commit_min_, sync_.fetched);
    publish_digest(commit_min_);
    state_damaged_ = false;
    late_snapshot_ = 0;
    sync_ = {};
    disarm(Timer::Sync);
    enter_after_boot();
}

} // namespace faultlab::replica
