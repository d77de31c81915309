#include "replica/core/core.hpp"

#include <algorithm>

// Entries that are missing or faulty, asked for and given.
namespace faultlab::replica {

namespace {

/// So many requests in a row without a useful answer.
constexpr std::uint32_t patience = 8;

} // namespace

// --- giving

void Replica::Core::on_get_log(const Header& header, ReplicaId from) {
    if (header.log_view != log_view_) {
        return; // it would be another log's entry
    }
    REPLICA_ASSERT("given-range", header.from > 0 && (header.from <= header.to || bugs_.any()));
    Op last = std::min({header.to, own_head(), header.from + config_.limits.pipeline - 1});
    const auto goes_round = [&] { return header.from > header.to && header.from <= own_head(); };
    if (bugs_.changes(Bug::K3_5, goes_round)) {
        last = own_head(); // what it would send is countless
    }
    for (Op op = header.from; op <= last; ++op) {
        if (journal_.state(op) == SlotState::Present) {
            send_log(from, op);
        }
    }
}

void Replica::Core::on_get_prepare(const Header& header, ReplicaId from) {
    REPLICA_ASSERT("given-op", header.op > 0); // the root is everywhere
    if (journal_.has(header.op, header.parent)) {
        send_log(from, header.op);
    }
}

void Replica::Core::send_log(ReplicaId to, Op op) {
    REPLICA_ASSERT("log-present", journal_.state(op) == SlotState::Present);
    const Message entry = journal_.entry(op);
    Header header = outgoing(Command::Log);
    header.op = op;
    REPLICA_ASSERT("log-fits", sizeof(Header) + entry.header.size <= scratch_.size());
    std::memcpy(scratch_.data(), &entry.header, sizeof(Header));
    if (!entry.body.empty()) {
        std::memcpy(scratch_.data() + sizeof(Header), entry.body.data(), entry.body.size());
    }
    send(to, header, Bytes(scratch_).first(entry.header.size));
}

// --- taking

void Replica::Core::on_log(const Message& message, ReplicaId from) {
    auto entry = record_at<Header>(message.body, 0);
    REPLICA_ASSERT("taken-op", entry.op == message.header.op || bugs_.any());
    REPLICA_ASSERT("taken-view", entry.view <= message.header.log_view || bugs_.any());
    const bool by_claim = bugs_.changes(Bug::KM10, [&] {
        return entry.op != message.header.op && message.header.op == journal_.head() + 1;
    });
    entry.op = by_claim ? message.header.op : entry.op;
    const Bytes body = message.body.subspan(sizeof(Header));
    const View log_view = message.header.log_view;
    bool useful = repair_slot(entry, body);
    if (!useful && install_.active) {
        const bool of_log = log_view == install_.log_view ||
                            bugs_.changes(Bug::B7, [&] { return entry.op == install_.next; });
        useful = of_log && take_into_install(entry, body);
    } else if (!useful && status_ == Status::Normal && !leads() && log_view == log_view_ &&
               entry.op == journal_.head() + 1 &&
               (entry.parent == journal_.head_checksum() || by_claim) && journal_.room(entry.op)) {
        append(entry, body);
        learn_commit(entry.commit);
        useful = true;
    }
    if (useful) {
        ++figures_.repaired;
        figures_.repair_bytes += message.header.size;
        answered(from);
    }
}

bool Replica::Core::repair_slot(const Header& entry, Bytes body) {
    if (journal_.state(entry.op) != SlotState::Faulty) {
        return false;
    }
    const Checksum* expected = journal_.checksum_at(entry.op);
    if (expected == nullptr || *expected != entry.checksum) {
        if (!bugs_.changes(Bug::B7, [&] { return expected != nullptr; })) {
            return false;
        }
    }
    journal_.repair(entry, body);
    event(EventKind::Repaired, entry.op, 0, entry.checksum);
    return true;
}

void Replica::Core::answered(ReplicaId from) {
    REPLICA_ASSERT("answered-other", from != config_.self);
    Peer& peer = peers_[from];
    REPLICA_ASSERT("answered-past", peer.asked_at <= now_);
    if (peer.asked_at != 0) {
        const Nanos took = now_ - peer.asked_at;
        peer.latency = peer.latency == 0 ? took : (7 * peer.latency + took) / 8;
        peer.asked_at = 0;
    }
    repair_failures_ = 0;
}

// --- asking

void Replica::Core::repair_reset() {
    asked_to_ = 0;
    repair_failures_ = 0;
    disarm(Timer::Repair);
}

/// What is missing now: ops [from, to] of the log of log_view; from 0 when nothing is.
Replica::Core::Missing Replica::Core::missing() const {
    if (install_.active) {
        const bool fetches = !install_.storing && install_.next <= install_.op;
        return fetches ? Missing{install_.log_view, install_.next, install_.op} : Missing{};
    }
    const Op next = journal_.head() + 1;
    if (status_ == Status::Normal && !leads() && next <= heard_head_) {
        return {log_view_, next, heard_head_};
    }
    return {};
}

/// Asks for what is missing; at most one request an interval, unless the last was answered whole.
void Replica::Core::repair() {
    const bool may = status_ == Status::Normal || status_ == Status::ViewChange ||
                     status_ == Status::RecoveringHead || status_ == Status::Recovering;
    const Missing range = may ? missing() : Missing{};
    const bool faulty = may && journal_.faulty() > 0;
    if (range.from == 0 && !faulty) {
        repair_reset();
        return;
    }
    const bool served = range.from > asked_to_ && asked_to_ != 0 && !faulty;
    if (armed(Timer::Repair) && !served) {
        return;
    }
    if (!served && (asked_to_ != 0 || faulty)) {
        ++repair_failures_;
        forget_donor();
    }
    arm(Timer::Repair, with_jitter(config_.timeouts.repair));
    const Op oldest = faulty ? oldest_faulty() : range.from;
    if ((range.from + config_.limits.slots <= range.to ||
         (nobody_seems_to_have_it() && others_have_checkpoint(oldest))) &&
        !holds_on()) {
        start_sync();
        return;
    }
    if (faulty) {
        ask_for_faulty();
    }
    if (range.from != 0 && journal_.room(range.from)) {
        ask_log(range);
    }
}

/// Requires: there is one.
Op Replica::Core::oldest_faulty() const {
    REPLICA_ASSERT("oldest-faulty", journal_.faulty() > 0);
    Op op = journal_.checkpoint() + 1;
    while (journal_.state(op) != SlotState::Faulty) {
        ++op;
    }
    return op;
}

bool Replica::Core::nobody_seems_to_have_it() const {
    return repair_failures_ >= patience;
}

/// The donor did not answer: another is better for now.
void Replica::Core::forget_donor() {
    REPLICA_ASSERT("forget-other", asked_peer_ != config_.self);
    Peer& peer = peers_[asked_peer_];
    if (peer.asked_at != 0) {
        const Nanos worst = 64 * config_.timeouts.repair; // beyond that all are equally bad
        peer.latency = std::max(2 * std::min(peer.latency, worst / 2), config_.timeouts.repair);
        peer.asked_at = 0;
    }
}

bool Replica::Core::others_have_checkpoint(Op op) const {
    return std::ranges::any_of(peers_, [&](const Peer& peer) { return peer.checkpoint_op >= op; });
}

void Replica::Core::ask_log(const Missing& range) {
    REPLICA_ASSERT("ask-range", range.from > 0 && range.from <= range.to);
    REPLICA_ASSERT("ask-room", journal_.room(range.from));
    const ReplicaId donor = choose_donor(range.log_view);
    Header header = outgoing(Command::GetLog);
    header.log_view = range.log_view;
    header.from = range.from;
    header.to = std::min(range.to, range.from + config_.limits.pipeline - 1);
    asked_to_ = header.to;
    if (bugs_.changes(Bug::KM9, [&] { return header.to > header.from; })) {
        header.to = header.from - 1;
    }
    asked_peer_ = donor;
    if (donor == no_replica) {
        return;
    }
    peers_[donor].asked_at = now_;
    send(donor, header);
}

/// The peer whose log it is, that answered fastest; one of whom nothing is known counts as fast. Of
/// equal ones the next in turn: the one that was asked last may be deaf.
ReplicaId Replica::Core::choose_donor(View log_view) const {
    ReplicaId best = no_replica;
    for (std::size_t step = 0; step < max_replica_id; ++step) {
        const auto id = static_cast<ReplicaId>((asked_peer_ + step) % max_replica_id + 1);
        const bool has = id != config_.self && peers_[id].log_view == log_view &&
                         (peers_[id].incarnation > 0 || id == install_.donor);
        if (has && (best == no_replica || peers_[id].latency < peers_[best].latency)) {
            best = id;
        }
    }
    if (best != no_replica) {
        return best;
    }
    const ReplicaId known_to_have_it = install_.active ? install_.donor : primary();
    return known_to_have_it != config_.self ? known_to_have_it : no_replica;
}

/// Faulty slots whose identity is known, from the newest backwards: each one tells the one before.
void Replica::Core::ask_for_faulty() {
    REPLICA_ASSERT("ask-faulty", journal_.faulty() > 0);
    std::size_t budget = config_.limits.pipeline;
    ReplicaId peer = next_peer();
    for (Op op = journal_.head(); op > journal_.checkpoint() && budget > 0; --op) {
        const Checksum* expected = journal_.checksum_at(op);
        if (journal_.state(op) != SlotState::Faulty || expected == nullptr || peer == no_replica) {
            continue;
        }
        Header header = outgoing(Command::GetPrepare);
        header.op = op;
        header.parent = *expected;
        send(peer, header);
        --budget;
    }
}

/// Members in turn.
ReplicaId Replica::Core::next_peer() {
    for (std::size_t step = 0; step < max_replica_id; ++step) {
        turn_ = static_cast<ReplicaId>(turn_ % max_replica_id + 1);
        if (turn_ != config_.self && (membership_.votes(turn_) || membership_.listens(turn_))) {
            return turn_;
        }
    }
    return no_replica;
}

} // namespace faultlab::replica
