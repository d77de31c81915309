#include "replica/core/core.hpp"
#include "replica/core/format.hpp"

#include <algorithm>

// A replica that lost its disk asks the others before it takes part in anything (VRR §4.3).
namespace faultlab::replica {

/// The disk is blank. Until the others have told it, the superblock says that this replica does not
/// know what it promised: a crash on the way must not make it believe its own empty log.
void Replica::Core::start_recovery() {
    REPLICA_ASSERT("recover-before-work", boot_ != BootStage::Done);
    REPLICA_ASSERT("recover-nothing", commit_max_ == 0 && journal_.head() == 0);
    REPLICA_ASSERT("recover-unstored", superblock_.done() == 0);
    Superblock blank;
    blank.cluster = config_.cluster;
    blank.self = config_.self;
    blank.limits = config_.limits;
    blank.recovering = 1;
    blank.checkpoint_parent = root_header(config_.cluster).checksum;
    wanted_ = blank;
    journal_.reset(0, blank.checkpoint_parent);
    boot_ = BootStage::Incarnation;
    ++wanted_.incarnation;
    store_then(Then::EnterAfterBoot);
}

/// Asks anew, forgetting what was answered before. In its first round, with an incarnation that may
/// be an old one, it finds out which incarnation is above all of its lives; in the second it has
/// that one, and whoever answers has noted that what the lives before it promised is forgotten.
void Replica::Core::ask_to_recover() {
    REPLICA_ASSERT("recover-blank", wanted_.recovering == 1);
    REPLICA_ASSERT("recover-syncing", !sync_.active); // it asks when it has the snapshot
    REPLICA_ASSERT("recover-storing", !install_.storing);
    set_status(Status::Recovering);
    abandon_install();
    recovery_nonce_ = fresh_nonce();
    recovery_header_ = {};
    recovery_body_.clear();
    for (Peer& peer : peers_) {
        peer.recovery_life = 0;
    }
    send_recovery();
}

void Replica::Core::send_recovery() {
    REPLICA_ASSERT("recover-asks", status_ == Status::Recovering);
    REPLICA_ASSERT("recover-nonce", recovery_nonce_ != 0);
    Header header = outgoing(Command::Recovery);
    header.nonce = recovery_nonce_;
    broadcast(header);
    recovery_progress_ = install_.next;
    arm(Timer::Recovery, with_jitter(config_.timeouts.view_change));
}

void Replica::Core::on_recovery_timer() {
    if (status_ != Status::Recovering) {
        return;
    }
    if (sync_.active) {
        return; // it asks anew when it has the snapshot
    }
    if (install_.active && (install_.storing || install_.next > recovery_progress_)) {
        recovery_progress_ = install_.next;
        arm(Timer::Recovery, with_jitter(config_.timeouts.view_change));
        return;
    }
    ask_to_recover();
}

// --- as one of those that are asked

void Replica::Core::on_recovery(const Header& header, ReplicaId from) {
    REPLICA_ASSERT("recover-other", from != config_.self);
    if (!is_voter()) {
        return;
    }
    peers_[from].recovering = header.nonce;
    others_recover_ = true;
    Lives known = wanted_.lives;
    known.learn(from, header.incarnation);
    if (known != wanted_.lives) {
        wanted_.lives = known;
        store_superblock();
    }
}

/// Answers when it will remember that the asker has forgotten.
void Replica::Core::answer_recoveries() {
    if (!others_recover_ || durable().lives != wanted_.lives) {
        return;
    }
    others_recover_ = false;
    for (ReplicaId id = 1; id <= max_replica_id; ++id) {
        if (peers_[id].recovering != 0) {
            answer_recovery(id, peers_[id].recovering);
            peers_[id].recovering = 0;
        }
    }
}

void Replica::Core::answer_recovery(ReplicaId to, std::uint64_t nonce) {
    REPLICA_ASSERT("recover-answer-stored", durable().lives == wanted_.lives);
    REPLICA_ASSERT("recover-answer-nonce", nonce != 0);
    // Whatever it is busy with, its disk knows the newest view that it promised anything in. One
    // that lost its disk does not.
    const bool knows = may_vote() || (status_ == Status::Syncing && wanted_.recovering == 0);
    // A log that may be the end of its epoch is told when that is known: the asker may have voted
    // in the next one, whose voters are then to be asked.
    if (!knows || !is_voter() || (is_normal_primary() && reconfiguration_blocks())) {
        return;
    }
    Header answer = outgoing(Command::RecoveryResponse);
    answer.nonce = nonce;
    answer.to = peers_[to].incarnation;
    answer.lives = durable().lives;
    std::size_t size = 0;
    if (is_normal_primary()) {
        answer.flags = flag_primary;
        size = lay_out_view(answer);
    }
    send(to, answer, Bytes(scratch_).first(size));
}

// --- the answers

void Replica::Core::on_recovery_response(const Message& message, ReplicaId from) {
    const Header& header = message.header;
    // Of an earlier question, or from one that has not noted that this is another life.
    const bool old = header.nonce != recovery_nonce_ ||
                     header.lives.lost[config_.self] < Lives::of(durable().incarnation);
    if (install_.active || sync_.active ||
        (old && !bugs_.changes(Bug::V4, [&] { return status_ == Status::Recovering; }))) {
        return;
    }
    if (status_ != Status::Recovering) {
        if (bugs_.changes(Bug::KM8, [&] { return recovers_again(header); })) {
            leave_normal();
            install_view(message, membership_);
        }
        return;
    }
    Peer& peer = peers_[from];
    peer.recovery_life = header.incarnation;
    peer.recovery_view = header.view;
    wanted_.incarnation = std::max(wanted_.incarnation, header.to);
    wanted_.lives.learn(header.lives);
    if (header.flags == flag_primary && header.view >= recovery_header_.view) {
        recovery_header_ = header;
        recovery_body_.assign(message.body.begin(), message.body.end());
    }
    try_recover();
}

/// Planted bug KM8: an answer that comes once more replaces the log of a replica that is well.
bool Replica::Core::recovers_again(const Header& header) const {
    return status_ == Status::Normal && !leads() && header.flags == flag_primary &&
           header.view == view_ && header.op < journal_.head() &&
           header.op >= journal_.checkpoint();
}

/// With answers of f + 1 voters, the primary of the highest view among them, it takes that
/// primary's log: whatever this replica promised, one of these voters knows a view not below it.
/// An answer from a life that is over counts as little as a vote from one.
void Replica::Core::try_recover() {
    REPLICA_ASSERT("recovers", status_ == Status::Recovering && wanted_.recovering == 1);
    const auto counts = [&](ReplicaId id, std::uint64_t life) {
        return life != 0 && id != config_.self && wanted_.lives.hold(id, life);
    };
    if (recovery_body_.empty() || then_ == Then::Recover ||
        !counts(recovery_header_.replica, recovery_header_.incarnation)) {
        return;
    }
    const auto membership = record_at<Membership>(recovery_body_, 0);
    if (membership.primary(recovery_header_.view) != recovery_header_.replica) {
        return;
    }
    std::size_t answers = 0;
    View highest;
    for (std::size_t index = 0; index < membership.voter_count; ++index) {
        const Peer& peer = peers_[membership.voters[index]];
        if (counts(membership.voters[index], peer.recovery_life)) {
            ++answers;
            highest = std::max(highest, peer.recovery_view);
        }
    }
    const std::size_t voters = membership.voter_count;
    if (answers < voters - Quorums::of(voters).view_change + 1 ||
        (recovery_header_.view < highest && !bugs_.changes(Bug::V3, [] { return true; }))) {
        return;
    }
    if (Lives::of(durable().incarnation) == 0) {
        begin_life();
    } else {
        install_view(Message{recovery_header_, recovery_body_}, membership);
    }
}

/// The first round has told of its former lives.
void Replica::Core::begin_life() {
    REPLICA_ASSERT("life-once", Lives::of(durable().incarnation) == 0);
    REPLICA_ASSERT("life-begins", then_ == Then::Nothing && wanted_.recovering == 1);
    const std::uint64_t known = std::uint64_t{wanted_.lives.lost[config_.self]} << 32U;
    const std::uint64_t next = Lives::next(std::max(wanted_.incarnation, known));
    if (next >= end_of_incarnations) {
        halt("this replica has lost more disks than can be counted");
        return;
    }
    wanted_.incarnation = next;
    wanted_.lives.learn(config_.self, next);
    store_then(Then::Recover);
}

} // namespace faultlab::replica
