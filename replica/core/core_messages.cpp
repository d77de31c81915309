#include "replica/core/core.hpp"
#include "replica/core/validate.hpp"

#include <algorithm>

// What comes from others is let in here, and what goes to them leaves here.
namespace faultlab::replica {

void Replica::Core::on_message(const Received& received) {
    const Header& header = received.message.header;
    ++figures_.messages_in;
    if (boot_ != BootStage::Done) {
        return;
    }
    if (const Reject why = validate(received.message, config_, bugs_); why != Reject::None) {
        reject(why, received.from);
        harmed_by(header, why);
        return;
    }
    const bool of_client = header.command == Command::Request;
    if (received.from != (of_client ? no_replica : header.replica) ||
        received.from > max_replica_id || (received.from == config_.self)) {
        reject(Reject::Sender, received.from);
        return;
    }
    cause_ = Fact{Fact::Kind::Received, header.checksum.low, received.from};
    fact(cause_, Fact{Fact::Kind::Sent, header.checksum.low, config_.self});
    if (of_client) {
        on_request(received.message, received.client_link);
    } else {
        on_peer_message(received.message, received.from);
    }
}

/// Planted bugs: a message that is not let in has an effect all the same.
void Replica::Core::harmed_by(const Header& header, Reject why) {
    const bool any_vote = std::ranges::any_of(votes_, &Vote::valid);
    if (header.command == Command::DoViewChange && why != Reject::HeaderChecksum &&
        bugs_.changes(Bug::F2, [&] { return any_vote; })) {
        for (Vote& vote : votes_) {
            vote.valid = false;
        }
    }
    const bool broken = why == Reject::HeaderChecksum || why == Reject::BodyChecksum;
    if (broken && header.command == Command::Prepare && status_ == Status::Normal &&
        bugs_.changes(Bug::KM3,
                      [&] { return header.op > std::max(heard_head_, journal_.head()); })) {
        heard_head_ = header.op;
    }
}

namespace {

/// Nobody is ahead by so many views: one wrong message must not use up all that there are.
constexpr std::uint64_t farthest_view = 1U << 20U;

/// What one incarnation says about itself holds for no other.
bool is_vote(Command command) {
    return command == Command::PrepareOk || command == Command::StartViewChange ||
           command == Command::DoViewChange;
}

} // namespace

void Replica::Core::on_peer_message(const Message& message, ReplicaId from) {
    REPLICA_ASSERT("peer-other", from != config_.self && from != no_replica);
    const Header& header = message.header;
    if (header.view.epoch() == view_.epoch() &&
        header.view.number() > std::uint64_t{view_.number()} + farthest_view) {
        reject(Reject::View, from);
        return;
    }
    Peer& peer = peers_[from];
    if (header.incarnation < peer.incarnation && is_vote(header.command)) {
        return;
    }
    if (header.command != Command::Prepare) { // whose header may be old
        peer.incarnation = std::max(peer.incarnation, header.incarnation);
        peer.log_view = header.log_view;
        peer.release = header.release;
        note_checkpoint(header, from);
    }
    switch (header.command) {
        case Command::Prepare: on_prepare(message, from); return;
        case Command::PrepareOk: on_prepare_ok(header, from); return;
        case Command::Commit: on_commit(header, from); return;
        case Command::Ping: on_ping(header, from); return;
        case Command::StartViewChange: on_start_view_change(header, from); return;
        case Command::DoViewChange: on_do_view_change(message, from); return;
        case Command::StartView: on_start_view(message, from); return;
        case Command::GetView: on_get_view(header, from); return;
        case Command::GetLog: on_get_log(header, from); return;
        case Command::GetPrepare: on_get_prepare(header, from); return;
        case Command::Log: on_log(message, from); return;
        case Command::GetSnapshot: on_get_snapshot(header, from); return;
        case Command::Snapshot: on_snapshot(message, from); return;
        case Command::Recovery: on_recovery(header, from); return;
        case Command::RecoveryResponse: on_recovery_response(message, from); return;
        default: reject(Reject::Command, from); return;
    }
}

/// The view that its messages may name: one that its disk knows.
View Replica::Core::spoken_view() const {
    return bugs_.on(Bug::B2) ? view_ : durable().view;
}

Header Replica::Core::outgoing(Command command) const {
    Header header;
    header.cluster = config_.cluster;
    header.command = command;
    header.protocol = protocol_version;
    header.release = config_.release;
    header.replica = config_.self;
    header.incarnation = durable().incarnation;
    header.view = spoken_view();
    header.log_view = log_view_;
    header.checkpoint_op = offered_.op;
    header.checkpoint_id = offered_.id;
    return header;
}

void Replica::Core::send(ReplicaId to, Header header, Bytes body) {
    REPLICA_ASSERT("send-to-other", to != config_.self && to != no_replica);
    seal(header, body);
    send_sealed(to, header, body);
}

void Replica::Core::send_sealed(ReplicaId to, const Header& header, Bytes body) {
    REPLICA_ASSERT("send-size", header.size <= config_.limits.message_bytes);
    ++figures_.messages_out;
    fact(Fact{Fact::Kind::Sent, header.checksum.low, to}, cause_);
    effects_->send(to, header, body);
}

void Replica::Core::broadcast(const Header& header, Bytes body) {
    REPLICA_ASSERT("broadcast-own", header.replica == config_.self);
    Header sealed = header;
    seal(sealed, body);
    for (ReplicaId id = 1; id <= max_replica_id; ++id) {
        const bool known = membership_known();
        if (id != config_.self && (!known || membership_.votes(id) || membership_.listens(id))) {
            send_sealed(id, sealed, body);
        }
    }
}

void Replica::Core::broadcast_to_all(const Header& header) {
    REPLICA_ASSERT("broadcast-all-own", header.replica == config_.self);
    Header sealed = header;
    seal(sealed, {});
    for (ReplicaId id = 1; id <= max_replica_id; ++id) {
        if (id != config_.self) {
            send_sealed(id, sealed, {});
        }
    }
}

void Replica::Core::broadcast_to_voters(const Header& header, Bytes body) {
    REPLICA_ASSERT("broadcast-voters-own", header.replica == config_.self);
    REPLICA_ASSERT("broadcast-voters-known", membership_known());
    Header sealed = header;
    seal(sealed, body);
    for (ReplicaId id = 1; id <= max_replica_id; ++id) {
        if (id != config_.self && membership_.votes(id)) {
            send_sealed(id, sealed, body);
        }
    }
}

} // namespace faultlab::replica
