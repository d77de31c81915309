#include "replica/core/core.hpp"

#include <algorithm>

// Reads that the primary serves from its state while nobody can elect another.
namespace faultlab::replica {

namespace {

/// What is left of a promise on a clock that may go faster than the promiser's.
Nanos shortened(Nanos lease, std::uint32_t drift_permille) {
    return lease / 1000 * (1000 - 2 * static_cast<Nanos>(drift_permille));
}

} // namespace

/// Until when, by its own clock, a replication quorum has promised not to help elect another: each
/// promise counts from the moment at which the heartbeat that it answers was sent.
Nanos Replica::Core::lease_until(Nanos lease) const {
    if (config_.reads != Reads::Lease || !is_normal_primary()) {
        return 0;
    }
    const Nanos oldest = quorum_heard();
    return oldest == 0 ? 0 : oldest + lease;
}

/// When the oldest of those heartbeats was sent that a replication quorum has answered; 0: none.
Nanos Replica::Core::quorum_heard() const {
    REPLICA_ASSERT("heard-members", membership_known());
    std::array<Nanos, max_voters> sent{};
    for (std::size_t index = 0; index < membership_.voter_count; ++index) {
        const ReplicaId id = membership_.voters[index];
        sent[index] = id == config_.self ? now_ : peers_[id].echoed;
    }
    const auto voters = std::span(sent).first(membership_.voter_count);
    std::ranges::sort(voters, std::greater<>());
    return voters[quorums().replication - 1U];
}

bool Replica::Core::lease_holds() const {
    const Timeouts& of = config_.timeouts;
    return now_ < lease_until(shortened(of.lease, of.clock_drift));
}

/// Whether it has promised a primary not to help elect another. Who restarts may have.
bool Replica::Core::promised() const {
    return config_.reads == Reads::Lease && now_ < promised_until_;
}

void Replica::Core::promise() {
    REPLICA_ASSERT("promise-lasts", now_ + config_.timeouts.lease >= promised_until_);
    promised_until_ = now_ + config_.timeouts.lease;
}

bool Replica::Core::serve_read(const Message& message, std::uint64_t link) {
    if (!StateMachine::only_reads(message.body)) {
        return false;
    }
    REPLICA_ASSERT("read-leads", is_normal_primary() || bugs_.on(Bug::KM13));
    REPLICA_ASSERT("read-executed", commit_min_ >= view_began_at_);
    // on_request has seen to it that all of the older views is executed.
    bool holds = lease_holds();
    if (bugs_.changes(Bug::V12,
                      [&] { return !holds && now_ < lease_until(config_.timeouts.lease); })) {
        holds = true;
    }
    if (!holds && bugs_.on(Bug::V11)) {
        // Another primary can exist only once a quorum has not heard this one for so long.
        const Nanos alone = quorum_heard() + config_.timeouts.primary_silent;
        bugs_.changes(Bug::V11, [&] { return now_ >= alone; });
        holds = true;
    }
    if (!holds) {
        return false;
    }
    const std::size_t size = state_.query(message.body, result_);
    Header reply = outgoing(Command::Reply);
    reply.client = message.header.client;
    reply.session = message.header.session;
    reply.request = message.header.request;
    reply.op = commit_min_;
    send_reply(link, reply, Bytes(result_).first(size));
    return true;
}

} // namespace faultlab::replica
