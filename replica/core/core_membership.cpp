#include "replica/core/core.hpp"
#include "replica/core/operation_view.hpp"

#include <algorithm>

// Who takes part, and which release is active: both are decided by entries of the log.
namespace faultlab::replica {

namespace {

bool is_reconfiguration(Bytes operation) {
    return operation.front() == static_cast<std::byte>(OpCode::Reconfigure);
}

/// The membership that the entry asks for; nothing when it is about something else, or refused.
std::optional<Membership> asked_for(const Message& entry) {
    if (entry.header.count != 1 || entry.header.flags == flag_refused) {
        return std::nullopt;
    }
    BatchReader batch(entry.body);
    const auto request = batch.next();
    if (!request || !is_reconfiguration(request->operation)) {
        return std::nullopt;
    }
    const auto operation = view_operation(request->operation);
    return operation ? std::optional(operation->membership) : std::nullopt;
}

/// The view with which the epoch begins: that of the entry's primary, if it stays.
std::uint32_t first_view(const Membership& membership, ReplicaId primary) {
    std::uint32_t number = 0;
    for (std::uint32_t index = 0; index < membership.voter_count; ++index) {
        number = membership.voters[index] == primary ? index : number;
    }
    return number;
}

std::size_t bare_result(Outcome outcome, std::span<std::byte> result) {
    REPLICA_ASSERT("bare-room", result.size() >= bare_result_bytes);
    result.front() = static_cast<std::byte>(outcome);
    return bare_result_bytes;
}

} // namespace

// --- before the entry

/// Whether the epoch can follow now: only the primary can tell who has caught up.
bool Replica::Core::may_enter(const Membership& wanted) {
    REPLICA_ASSERT("enter-leads", proposes());
    REPLICA_ASSERT("enter-members", wanted.well_formed());
    REPLICA_ASSERT("enter-settled", decided_.membership.epoch <= membership_.epoch || bugs_.any());
    if (wanted.epoch != membership_.epoch + 1) {
        return false;
    }
    for (std::size_t index = 0; index < wanted.voter_count; ++index) {
        const ReplicaId id = wanted.voters[index];
        if (membership_.votes(id)) {
            continue; // also a dead one: it must not keep others from being replaced
        }
        const bool member = membership_.listens(id);
        const Op acknowledged = id == config_.self ? journal_.head() : peers_[id].acknowledged;
        const bool caught_up = acknowledged + config_.limits.pipeline >= commit_max_ &&
                               (acknowledged > 0 || commit_max_ == 0);
        if (!(member && caught_up) && !bugs_.changes(Bug::B21, [] { return true; })) {
            return false;
        }
    }
    return true;
}

bool Replica::Core::may_upgrade(std::uint32_t release) const {
    REPLICA_ASSERT("upgrade-leads", proposes());
    const auto can = [&](ReplicaId id) {
        return (id == config_.self ? config_.release : peers_[id].release) >= release;
    };
    const auto voters = std::span(membership_.voters).first(membership_.voter_count);
    return release > decided_.release && std::ranges::all_of(voters, can);
}

std::uint32_t Replica::Core::reconfiguration_flags(Bytes operation) {
    REPLICA_ASSERT("flags-operation", !operation.empty());
    REPLICA_ASSERT("flags-leads", proposes());
    const auto wanted = view_operation(operation);
    if (!wanted) {
        return flag_refused;
    }
    REPLICA_ASSERT("flags-code",
                   wanted->code == OpCode::Reconfigure || wanted->code == OpCode::Upgrade);
    const bool granted = wanted->code == OpCode::Reconfigure ? may_enter(wanted->membership)
                                                             : may_upgrade(wanted->release);
    return granted ? 0 : flag_refused;
}

/// An upgrade is the last op before a checkpoint, so that no replica executes operations of the new
/// release on top of a checkpoint that a program of the old one may still open.
bool Replica::Core::upgrade_waits(Op op, Bytes operation) {
    REPLICA_ASSERT("waits-next", op == journal_.head() + 1);
    REPLICA_ASSERT("waits-leads", proposes());
    const auto wanted = view_operation(operation);
    if (!wanted || wanted->code != OpCode::Upgrade || !may_upgrade(wanted->release)) {
        return false;
    }
    const bool waits = op % config_.limits.checkpoint_every != 0;
    return waits && !bugs_.changes(Bug::B15, [] { return true; });
}

/// The first op of these that asks for an epoch; 0: none.
Op Replica::Core::pending_reconfiguration(Op first, Op last) const {
    for (Op op = first; op <= last; ++op) {
        if (journal_.state(op) == SlotState::Present && asked_for(journal_.entry(op))) {
            return op;
        }
    }
    return 0;
}

bool Replica::Core::reconfiguration_blocks() const {
    return decided_.membership.epoch > membership_.epoch ||
           pending_reconfiguration(commit_min_ + 1, journal_.head()) != 0;
}

Op Replica::Core::reconfiguration_limit(Op commit) {
    const Op pending = pending_reconfiguration(commit_max_ + 1, commit);
    if (pending == 0) {
        return commit;
    }
    const auto coming = asked_for(journal_.entry(pending));
    const Op limit = replicated(*coming) >= pending ? commit : pending - 1;
    return bugs_.changes(Bug::B19, [&] { return limit < commit; }) ? commit : limit;
}

Op Replica::Core::replicated_by_anyone() const {
    std::array<Op, max_replica_id + 1> acknowledged{};
    std::ranges::transform(
        peers_, acknowledged.begin(), [](const Peer& peer) { return peer.acknowledged; });
    std::ranges::sort(acknowledged, std::greater<>());
    return acknowledged[quorums().replication - 1U];
}

// --- the entry is committed

std::size_t Replica::Core::execute_reconfiguration(const Header& entry,
                                                   Bytes operation,
                                                   std::span<std::byte> result) {
    REPLICA_ASSERT("reconfigure-next", entry.op == commit_min_ + 1);
    REPLICA_ASSERT("reconfigure-flags", (entry.flags & ~flag_refused) == 0);
    const auto wanted = view_operation(operation);
    if (!wanted) {
        return bare_result(Outcome::Malformed, result);
    }
    if (entry.flags == flag_refused) {
        return bare_result(Outcome::Refused, result);
    }
    if (wanted->code == OpCode::Reconfigure) {
        REPLICA_ASSERT("reconfigure-rises",
                       wanted->membership.epoch > decided_.membership.epoch || bugs_.any());
        REPLICA_ASSERT("reconfigure-by-one",
                       decided_.membership.epoch == 0 ||
                           wanted->membership.epoch == decided_.membership.epoch + 1 ||
                           bugs_.any());
        decided_.membership = wanted->membership;
        decided_.membership.began_at = entry.op;
        decided_.membership.first_view = first_view(wanted->membership, entry.replica);
        return bare_result(Outcome::Ok, result);
    }
    if (wanted->release > config_.release) {
        halt("the log needs a program of a newer release");
        return bare_result(Outcome::Unsupported, result);
    }
    REPLICA_ASSERT("upgrade-rises", wanted->release >= decided_.release || bugs_.any());
    REPLICA_ASSERT("upgrade-last", entry.op % config_.limits.checkpoint_every == 0 || bugs_.any());
    decided_.release = wanted->release;
    event(EventKind::FeatureActive, wanted->release, entry.op);
    if (entry.op % config_.limits.checkpoint_every != 0) {
        wanted_.release_active = wanted->release; // only ever with B15: no checkpoint says it
        store_superblock();
    }
    return bare_result(Outcome::Ok, result);
}

void Replica::Core::settle_membership() {
    const Membership& next = decided_.membership;
    if (next.epoch <= membership_.epoch || !may_vote() || install_.storing) {
        return;
    }
    REPLICA_ASSERT("epoch-executed", next.began_at <= commit_min_);
    REPLICA_ASSERT("epoch-known", journal_.checksum_at(next.began_at) != nullptr);
    REPLICA_ASSERT("epoch-view", View::of(next.epoch, next.first_view) > view_);
    // Those who are still in the old view learn from it that the epoch is committed.
    send_heartbeat();
    leave_normal();
    view_ = View::of(next.epoch, next.first_view);
    set_membership(next);
    suffix_.clear();
    Install wanted; // nothing is missing, but it counts only once it is durable
    wanted.view = view_;
    wanted.log_view = view_;
    wanted.op = next.began_at;
    wanted.checksum = *journal_.checksum_at(next.began_at);
    wanted.commit = next.began_at;
    wanted.membership = next;
    start_install(wanted);
    advance_install();
}

// --- replicas of other epochs

bool Replica::Core::later_epoch_heard() const {
    return std::ranges::any_of(
        peers_, [&](const Peer& peer) { return peer.view.epoch() > membership_.epoch; });
}

void Replica::Core::tell_epoch(ReplicaId to) {
    REPLICA_ASSERT("tell-other", to != config_.self);
    REPLICA_ASSERT("tell-known", membership_known());
    const Checksum* config = journal_.checksum_at(membership_.began_at);
    const bool knows = durable().view.epoch() == membership_.epoch && membership_.began_at > 0 &&
                       commit_min_ >= membership_.began_at;
    if (!knows || config == nullptr) {
        return;
    }
    Header header = outgoing(Command::StartView);
    header.flags = flag_epoch;
    header.op = membership_.began_at;
    header.commit = membership_.began_at;
    header.parent = *config;
    send(to, header, std::as_bytes(std::span(&membership_, 1)));
}

void Replica::Core::retire(const Membership& membership) {
    REPLICA_ASSERT("retire-out",
                   !membership.votes(config_.self) && !membership.listens(config_.self));
    if (!membership_known() || membership.epoch <= membership_.epoch || !may_vote() ||
        install_.storing) {
        return;
    }
    leave_normal();
    set_membership(membership);
    set_status(Status::Retired);
}

} // namespace faultlab::replica
