#include "replica/core/core.hpp"

#include <algorithm>

// The state on the disk.
namespace faultlab::replica {

// --- at start

void Replica::Core::load_checkpoint() {
    REPLICA_ASSERT("load-stage", boot_ == BootStage::State);
    REPLICA_ASSERT("load-executed", commit_min_ == 0 && clients_.size() == 0);
    offered_ = {wanted_.checkpoint_op, wanted_.checkpoint_id};
    if (wanted_.checkpoint_op == 0) {
        on_state_loaded();
        return;
    }
    snapshots_.load(wanted_.checkpoint_id, wanted_.checkpoint_area, next_io_, *effects_);
}

// The layout of a snapshot: membership and release as decided, sessions, state machine.

Replica::Core::Decided Replica::Core::snapshot_decided() const {
    REPLICA_ASSERT("decided-whole", snapshots_.whole());
    SnapshotReader in(snapshots_.image());
    Decided decided;
    decided.membership = in.get<Membership>();
    decided.release = in.get<std::uint32_t>();
    // Others may have made it, but f + 1 of them, and it is not damaged.
    REPLICA_ASSERT("decided-members",
                   decided.membership.epoch == 0 || decided.membership.well_formed() ||
                       bugs_.any());
    REPLICA_ASSERT("decided-release", decided.release >= oldest_release || bugs_.any());
    REPLICA_ASSERT("decided-at",
                   decided.membership.began_at <= snapshots_.head().entry.op || bugs_.any());
    return decided;
}

bool Replica::Core::restore_state() {
    const Decided decided = snapshot_decided();
    REPLICA_ASSERT("restored-epoch",
                   decided.membership.epoch >= decided_.membership.epoch || bugs_.any());
    decided_.membership = decided.membership;
    decided_.release = std::max(decided_.release, decided.release);
    SnapshotReader in(snapshots_.image());
    (void)in.bytes(sizeof decided.membership + sizeof decided.release);
    const bool whole = clients_.load(in) && state_.load(in) && !in.failed() && in.remaining() == 0;
    const ManifestHead head = snapshots_.head();
    REPLICA_ASSERT("restored-op", head.entry.op == wanted_.checkpoint_op);
    REPLICA_ASSERT("restored-id", snapshots_.id() == wanted_.checkpoint_id);
    REPLICA_ASSERT("restored-forward", head.entry.op >= commit_min_);
    last_timestamp_ = std::max(last_timestamp_, head.entry.timestamp);
    commit_min_ = head.entry.op;
    REPLICA_ASSERT("restored-digest", !whole || state_digest() == head.digest || bugs_.any());
    return whole;
}

bool Replica::Core::on_snapshot_io(const IoDone& done) {
    if (!snapshots_.on_io(done, next_io_, *effects_)) {
        return false;
    }
    if (snapshots_.failed()) {
        halt("a write or a sync of a snapshot failed: what the disk holds is not known any more");
    } else if (boot_ == BootStage::State && snapshots_.idle()) {
        // What is damaged is fetched from others; the log is whole, and so are the promises.
        state_damaged_ = !snapshots_.whole() || !restore_state();
        on_state_loaded();
        if (!state_damaged_) {
            publish_digest(commit_min_);
        }
    }
    return true;
}

// --- taking one

void Replica::Core::checkpoint() {
    REPLICA_ASSERT("checkpoint-due", commit_min_ % config_.limits.checkpoint_every == 0);
    REPLICA_ASSERT("checkpoint-rises", commit_min_ > journal_.checkpoint());
    if (checkpoint_under_way()) {
        return; // only ever with B4
    }
    if (bugs_.on(Bug::B17)) {
        late_snapshot_ = commit_min_;
        return;
    }
    take_snapshot(commit_min_);
}

void Replica::Core::save_sessions(SnapshotWriter& out) {
    if (bugs_.changes(Bug::B16, [&] { return clients_.size() > 0; })) {
        ClientTable(config_.limits).save(out);
        return;
    }
    clients_.save(out);
}

void Replica::Core::take_snapshot(Op op) {
    REPLICA_ASSERT("snapshot-executed", op <= commit_min_);
    REPLICA_ASSERT("snapshot-one", checkpointing_ == 0);
    REPLICA_ASSERT("snapshot-due", op % config_.limits.checkpoint_every == 0);
    REPLICA_ASSERT("snapshot-rises", op > durable().checkpoint_op);
    REPLICA_ASSERT("snapshot-apart", !sync_.active); // it has the one snapshot in memory
    REPLICA_ASSERT("snapshot-decided", decided_.membership.began_at <= op || bugs_.any());
    SnapshotWriter out(snapshots_.begin_image());
    out.put(decided_.membership);
    out.put(decided_.release);
    save_sessions(out);
    state_.save(out);
    if (out.overflow()) {
        halt("the state is larger than its limits say");
        return;
    }
    ManifestHead head;
    head.entry = journal_.entry(op).header;
    head.bytes = out.size();
    head.digest = state_digest();
    REPLICA_ASSERT("snapshot-digest",
                   figures_.digest_op != op || figures_.digest == head.digest || bugs_.any());
    checkpointing_ = op;
    snapshots_.write(head, 1 - durable().checkpoint_area, next_io_, *effects_);
    if (bugs_.changes(Bug::B12, [&] { return op > offered_.op; })) {
        offered_ = {op, snapshots_.id()};
    }
}

bool Replica::Core::checkpoint_under_way() const {
    return checkpointing_ != 0 || snapshots_.phase() != SnapshotStore::Phase::Idle;
}

bool Replica::Core::checkpoint_blocks() {
    const bool next_is_due = (commit_min_ + 1) % config_.limits.checkpoint_every == 0;
    const bool waits = next_is_due && (checkpoint_under_way() || late_snapshot_ != 0);
    return state_damaged_ || sync_.active ||
           (waits && !bugs_.changes(Bug::B4, [] { return true; }));
}

void Replica::Core::settle_checkpoint() {
    if (late_snapshot_ != 0 && !sync_.active &&
        bugs_.changes(Bug::B17, [&] { return commit_min_ > late_snapshot_; })) {
        take_snapshot(late_snapshot_);
        late_snapshot_ = 0;
    }
    if (checkpointing_ == 0) {
        return;
    }
    const bool stored =
        snapshots_.stored() || bugs_.changes(Bug::B12, [&] { return !checkpoint_storing_; });
    if (!checkpoint_storing_ && stored) {
        checkpoint_storing_ = true;
        want_checkpoint();
        if (view_ > wanted_.view) {
            // Its ops may be of the view that is being installed: after a restart it must not go on
            // in the older one, and acknowledge there what the checkpoint contradicts.
            wanted_.view = view_;
            wanted_.membership = membership_;
        }
        checkpoint_ticket_ = store_superblock();
    }
    if (checkpoint_storing_ && superblock_.done() >= checkpoint_ticket_) {
        REPLICA_ASSERT("checkpoint-named", durable().checkpoint_op == checkpointing_);
        REPLICA_ASSERT("checkpoint-id", durable().checkpoint_id == snapshots_.id());
        journal_.set_checkpoint(checkpointing_);
        offered_ = {durable().checkpoint_op, durable().checkpoint_id};
        event(EventKind::Checkpointed, checkpointing_, 0, offered_.id);
        checkpointing_ = 0;
        checkpoint_storing_ = false;
    }
}

/// The superblock is to name the snapshot that is on the disk now.
void Replica::Core::want_checkpoint() {
    const ManifestHead head = snapshots_.head();
    REPLICA_ASSERT("want-checkpoint-rises", head.entry.op >= wanted_.checkpoint_op);
    REPLICA_ASSERT("want-checkpoint-op",
                   head.entry.op == (checkpointing_ != 0 ? checkpointing_ : sync_.target.op));
    REPLICA_ASSERT("want-checkpoint-whole", snapshots_.whole());
    // What the superblock on the disk names is never overwritten.
    REPLICA_ASSERT("want-checkpoint-area", snapshots_.area() != durable().checkpoint_area);
    wanted_.checkpoint_op = head.entry.op;
    wanted_.checkpoint_parent = head.entry.checksum;
    wanted_.checkpoint_id = snapshots_.id();
    wanted_.checkpoint_area = snapshots_.area();
    wanted_.release_active = std::max(wanted_.release_active, snapshot_decided().release);
}

void Replica::Core::on_scrub_timer() {
    arm(Timer::Scrub, config_.timeouts.scrub);
    journal_.scrub(config_.scrub_reads, next_io_, *effects_);
    if (snapshots_.stored()) {
        snapshots_.scrub(next_io_, *effects_);
    }
}

} // namespace faultlab::replica
