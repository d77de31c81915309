#include "replica/core/core.hpp"
#include "replica/core/format.hpp"

#include <algorithm>

// A replica that lost its disk asks the others before it takes part in anything (VRR §4.3).
namespace faultlab::replica {

/// The disk is blank. Until the others have told it, the superblock says that this replica does not
/// know what it promised: a crash on the way must not make it believe its own empty log.
void Replica::Core::start_recovery() {
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

/// Asks anew, forgetting what was answered before.
void Replica::Core::ask_to_recover() {
    set_status(Status::Recovering);
    abandon_install();
    recovery_nonce_ = fresh_nonce();
    recovery_header_ = {};
    recovery_body_.clear();
    for (Peer& peer : peers_) {
        peer.recovery_answered = false;
    }
    send_recovery();
}

void Replica::Core::send_recovery() {
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

void Replica::Core::on_recovery(const Header& header, ReplicaId from) {
    // Whatever it is busy with, its disk knows the newest view that it promised anything in. One
    // that lost its disk does not.
    const bool knows = may_vote() || (status_ == Status::Syncing && wanted_.recovering == 0);
    if (!knows || !is_voter()) {
        return;
    }
    Header answer = outgoing(Command::RecoveryResponse);
    answer.nonce = header.nonce;
    answer.to = peers_[from].incarnation;
    std::size_t size = 0;
    if (is_normal_primary()) {
        answer.flags = flag_primary;
        size = lay_out_view(answer);
    }
    send(from, answer, Bytes(scratch_).first(size));
}

void Replica::Core::on_recovery_response(const Message& message, ReplicaId from) {
    const Header& header = message.header;
    if (install_.active || sync_.active ||
        (header.nonce != recovery_nonce_ &&
         !bugs_.changes(Bug::V4, [&] { return status_ == Status::Recovering; }))) {
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
    peer.recovery_answered = true;
    peer.recovery_view = header.view;
    wanted_.incarnation = std::max(wanted_.incarnation, header.to);
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
void Replica::Core::try_recover() {
    if (recovery_body_.empty()) {
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
        if (peer.recovery_answered && membership.voters[index] != config_.self) {
            ++answers;
            highest = std::max(highest, peer.recovery_view);
        }
    }
    const std::size_t voters = membership.voter_count;
    if (answers < voters - Quorums::of(voters).view_change + 1 ||
        (recovery_header_.view < highest && !bugs_.changes(Bug::V3, [] { return true; }))) {
        return;
    }
    // Above what any voter can have seen of the lost life, also one that did not answer.
    wanted_.incarnation += std::uint64_t{1} << 32U;
    install_view(Message{recovery_header_, recovery_body_}, membership);
}

} // namespace faultlab::replica
