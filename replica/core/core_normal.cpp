#include "replica/core/core.hpp"
#include "replica/core/layout.hpp"
#include "replica/core/operations.hpp"

#include <algorithm>

// Prepares, acknowledgements, the commit number and heartbeats of one view.
namespace faultlab::replica {

/// Takes up the work of the view that is installed.
void Replica::Core::start_normal() {
    REPLICA_ASSERT("normal-view", view_ == log_view_ && !install_.active);
    REPLICA_ASSERT("normal-spoken", spoken_view() == view_);
    for (Peer& peer : peers_) {
        peer.acknowledged = 0;
        peer.answered = 0;
        peer.echoed = 0;
    }
    told_ = 0;
    candidate_ = {};
    vote_waits_ = false;
    heard_head_ = 0;
    view_began_at_ = journal_.head();
    abdicated_ = false;
    disarm(Timer::ViewChange);
    disarm(Timer::ViewChangeMessage);
    disarm(Timer::GetView);
    event(EventKind::ViewEntered, view_.value, leads() ? 1 : 0);
    if (leads()) {
        // Requests that came with the log are executed before a new one is taken (on_request).
        drop_requests();
        if (const Header* head = journal_.header(journal_.head())) {
            last_timestamp_ = std::max(last_timestamp_, head->timestamp);
        }
        arm(Timer::Abdicate, config_.timeouts.abdicate);
        send_heartbeat();
    } else {
        heard_primary_ = now_;
        arm(Timer::PrimarySilent, with_jitter(config_.timeouts.primary_silent));
    }
}

// --- the primary proposes

bool Replica::Core::proposes() const {
    return is_normal_primary() || (bugs_.on(Bug::KM13) && status_ == Status::Normal && is_voter());
}

bool Replica::Core::may_propose() const {
    const Op head = journal_.head();
    if (!proposes() || abdicated_ || queue_.waiting() == 0) {
        return false;
    }
    if (head - commit_max_ >= config_.limits.pipeline || !journal_.room(head + 1)) {
        return false;
    }
    // An entry costs more than the requests in it: while its own disk has some to write, the next
    // one waits until it is as large as all that are not answered.
    const std::size_t under_way = std::min<std::size_t>(queue_.in_pipeline(), config_.limits.batch);
    const bool worthwhile = head == journal_.durable() || queue_.waiting() >= under_way;
    return worthwhile && !reconfiguration_blocks(); // last: it looks at the entries under way
}

void Replica::Core::propose() {
    while (may_propose()) {
        Header entry = outgoing(Command::Prepare);
        entry.view = view_;
        entry.op = journal_.head() + 1;
        entry.parent = journal_.head_checksum();
        entry.commit = commit_max_;
        entry.timestamp = std::max(wall_, last_timestamp_ + 1);
        if (bugs_.changes(Bug::B14, [&] { return entry.timestamp != wall_; })) {
            entry.timestamp = wall_;
        }
        const std::size_t size = fill_batch(entry);
        append_and_send(entry, Bytes(scratch_).first(size));
    }
}

std::size_t Replica::Core::fill_batch(Header& entry) {
    REPLICA_ASSERT("batch-fresh", entry.count == 0);
    REPLICA_ASSERT("batch-next", entry.op == journal_.head() + 1);
    const std::size_t most = entry_bytes(config_.limits) - sizeof(Header);
    std::size_t used = 0;
    while (queue_.waiting() > 0 && entry.count < config_.limits.batch) {
        const RequestQueue::Waiting next = queue_.front();
        if (used + batch_bytes(next.operation.size()) > most) {
            break;
        }
        const auto code = static_cast<OpCode>(next.operation.front());
        const bool alone = code == OpCode::Reconfigure || code == OpCode::Upgrade;
        if (alone && (entry.count > 0 || upgrade_waits(entry.op, next.operation))) {
            break;
        }
        if (alone) {
            entry.flags = reconfiguration_flags(next.operation);
        }
        RequestRecord record;
        record.client = next.header.client;
        record.session = next.header.session;
        record.request = next.header.request;
        record.trace = decided_.release >= 2 ? next.header.trace : 0;
        used = append_request(scratch_, used, record, next.operation);
        ++entry.count;
        queue_.pop();
        if (alone) {
            break;
        }
    }
    return used;
}

void Replica::Core::append_and_send(Header& entry, Bytes body) {
    REPLICA_ASSERT("append-leads", proposes());
    seal(entry, body);
    last_timestamp_ = entry.timestamp;
    append(entry, body);
    appended_at_[entry.op % appended_at_.size()] = now_;
    for (ReplicaId id = 1; id <= max_replica_id; ++id) {
        if (id != config_.self && (membership_.votes(id) || membership_.listens(id))) {
            send_sealed(id, entry, body);
        }
    }
    if (!armed(Timer::Prepare)) {
        arm(Timer::Prepare, config_.timeouts.prepare);
    }
}

void Replica::Core::append(const Header& entry, Bytes body) {
    journal_.append(entry, body);
    appended_by_[entry.op % appended_by_.size()] = cause_;
    event(EventKind::Appended, entry.op, entry.view.value, entry.checksum);
}

void Replica::Core::resend_prepares() {
    if (!is_normal_primary() || abdicated_ || journal_.head() == commit_max_) {
        return;
    }
    for (ReplicaId id = 1; id <= max_replica_id; ++id) {
        if (id == config_.self || !(membership_.votes(id) || membership_.listens(id))) {
            continue;
        }
        // Who is further behind than the pipeline fetches by itself.
        for (Op op = std::max(peers_[id].acknowledged, commit_max_) + 1; op <= journal_.head();
             ++op) {
            const Message entry = journal_.entry(op);
            if (entry.header.view == view_) {
                send_sealed(id, entry.header, entry.body);
            }
        }
    }
    arm(Timer::Prepare, config_.timeouts.prepare);
}

// --- planted bug V1

bool Replica::Core::may_jump(const Header& header, ReplicaId from) const {
    const bool of_epoch = header.view.epoch() == view_.epoch() && membership_known();
    return of_epoch && (status_ == Status::Normal || status_ == Status::ViewChange) &&
           !install_.storing && membership_.primary(header.view) == from &&
           journal_.head() > commit_max_ && journal_.checksum_at(commit_max_) != nullptr;
}

/// Claims the new view with what is committed here, and fetches the rest later.
void Replica::Core::jump_to_view(const Header& header) {
    leave_normal();
    view_ = header.view;
    suffix_.clear();
    Install wanted;
    wanted.view = header.view;
    wanted.log_view = header.view;
    wanted.op = commit_max_;
    wanted.checksum = *journal_.checksum_at(commit_max_);
    wanted.commit = commit_max_;
    wanted.donor = header.replica;
    wanted.membership = membership_;
    start_install(wanted);
}

// --- the backup appends

void Replica::Core::on_prepare(const Message& message, ReplicaId from) {
    const Header& header = message.header;
    if (header.view > view_) {
        if (bugs_.changes(Bug::V1, [&] { return may_jump(header, from); })) {
            jump_to_view(header);
        } else {
            learn_view(header.view, from);
        }
        return;
    }
    if (header.view < view_) {
        return;
    }
    if ((from != primary() || leads()) &&
        !bugs_.changes(Bug::KM13, [&] { return status_ == Status::Normal; })) {
        reject(Reject::Sender, from);
        return;
    }
    if (status_ != Status::Normal) {
        learn_view(header.view, from);
        return;
    }
    heard_primary();
    heard_head_ = std::max(heard_head_, header.op);
    const Op head = journal_.head();
    if (header.op <= head) {
        on_prepare_again(message);
    } else if (header.op == head + 1) {
        if (header.parent != journal_.head_checksum()) {
            reject(Reject::Fork, from);
            return;
        }
        if (!journal_.room(header.op)) {
            return; // until the next checkpoint; then it is fetched
        }
        append(header, message.body);
    }
    learn_commit(header.commit);
}

/// An entry at or below the head: acknowledged again if it is the one that is here.
void Replica::Core::on_prepare_again(const Message& message) {
    REPLICA_ASSERT("again-below-head", message.header.op <= journal_.head());
    const Header& header = message.header;
    if (journal_.state(header.op) == SlotState::Faulty) {
        repair_slot(header, message.body);
    } else if (journal_.has(header.op, header.checksum)) {
        if (told_ > 0) {
            acknowledge(0);
        }
    } else if (bugs_.changes(Bug::F6b, [&] { return told_ < header.op; })) {
        stale_above_ = header.op;
        acknowledge(0);
    } else if (header.op > commit_min_) {
        reject(Reject::Fork, message.header.replica);
    }
}

void Replica::Core::acknowledge_progress() {
    if (status_ != Status::Normal) {
        return;
    }
    const Op sound = acknowledgeable();
    if (sound <= told_) {
        return;
    }
    tell_durable(sound);
    if (leads()) {
        told_ = sound;
        peers_[config_.self].acknowledged = sound;
        event(EventKind::Acknowledged, sound, view_.value);
    } else {
        acknowledge(0);
    }
}

/// Everything up to it is durable here, and of this view's log.
Op Replica::Core::acknowledgeable() const {
    const Op durable = journal_.durable();
    if (stale_above_ != 0) { // planted bugs F6a and F6b: what lies above is another log's
        return std::min(durable, stale_above_);
    }
    return std::max(durable, claimed_head_); // planted bug F5
}

void Replica::Core::tell_durable(Op sound) {
    REPLICA_ASSERT("tell-sound", sound <= journal_.head() || bugs_.on(Bug::F5));
    if (!effects_->wants_lineage()) {
        return;
    }
    for (Op op = std::max(told_, journal_.tail()) + 1; op <= sound; ++op) {
        if (const Header* header = journal_.header(op)) {
            const Fact durable{Fact::Kind::Durable, op, header->checksum.low};
            fact(durable, appended_by_[op % appended_by_.size()]);
            cause_ = durable; // of what is acknowledged next
        }
    }
}

/// Says that everything up to its durable head is here, in this view.
void Replica::Core::acknowledge(std::uint64_t nonce) {
    REPLICA_ASSERT("acknowledge-other", primary() != config_.self);
    REPLICA_ASSERT("acknowledge-normal", status_ == Status::Normal && spoken_view() == view_);
    const Op sound = acknowledgeable();
    if (sound > told_) {
        told_ = sound;
        event(EventKind::Acknowledged, sound, view_.value);
    }
    Header header = outgoing(Command::PrepareOk);
    header.op = told_;
    header.commit = std::min(commit_max_, told_);
    header.nonce = nonce;
    send(primary(), header);
}

// --- the commit number

void Replica::Core::on_prepare_ok(const Header& header, ReplicaId from) {
    if (header.view > view_) {
        learn_view(header.view, from);
        return;
    }
    if (header.view < view_ || !is_normal_primary()) {
        return;
    }
    if (!membership_.votes(from) && !membership_.listens(from)) {
        reject(Reject::NotMember, from);
        return;
    }
    // It cannot answer what was not sent: a heartbeat of the future would lengthen the lease.
    if (header.op > journal_.head() || static_cast<Nanos>(header.nonce) > now_) {
        reject(Reject::Range, from);
        return;
    }
    Peer& peer = peers_[from];
    peer.acknowledged = std::max(peer.acknowledged, header.op);
    peer.answered = now_;
    peer.echoed = std::max(peer.echoed, static_cast<Nanos>(header.nonce));
    if (abdicated_ && quorum_answers()) {
        abdicated_ = false;
        candidate_ = {};
        send_heartbeat();
        arm(Timer::Prepare, config_.timeouts.prepare);
    }
}

Op Replica::Core::replicated(const Membership& membership) {
    REPLICA_ASSERT("replicated-voters", membership.voter_count > 0);
    std::array<Op, max_voters> acknowledged{};
    std::size_t count = 0;
    for (std::size_t index = 0; index < membership.voter_count; ++index) {
        acknowledged[count++] = peers_[membership.voters[index]].acknowledged;
    }
    const std::size_t quorum = Quorums::of(count).replication;
    std::sort(acknowledged.begin(),
              acknowledged.begin() + static_cast<std::ptrdiff_t>(count),
              std::greater<>());
    if (bugs_.changes(Bug::B11, [&] {
            return quorum > 1 &&
                   acknowledged[quorum - 2] > std::max(commit_max_, acknowledged[quorum - 1]);
        })) {
        return acknowledged[quorum - 2];
    }
    return acknowledged[quorum - 1];
}

void Replica::Core::advance_commit() {
    if (!is_normal_primary()) {
        return;
    }
    Op acknowledged = replicated(membership_);
    const auto with_ghosts = [&] { return replicated_by_anyone() > acknowledged; };
    if (bugs_.changes(Bug::B20, with_ghosts)) {
        acknowledged = replicated_by_anyone();
    }
    const Op commit = reconfiguration_limit(acknowledged);
    if (commit <= commit_max_) {
        return;
    }
    REPLICA_ASSERT("commit-head", commit <= journal_.head());
    commit_max_ = commit;
    figures_.quorum_latency = now_ - appended_at_[commit % appended_at_.size()];
}

void Replica::Core::learn_commit(Op claimed) {
    const Op head = own_head();
    if (bugs_.changes(Bug::K3, [&] { return claimed > head; })) {
        commit_max_ = std::max(commit_max_, claimed);
        return;
    }
    commit_max_ = std::max(commit_max_, std::min(claimed, head));
    if (bugs_.changes(Bug::K2, [&] { return claimed > head; })) {
        execute();
        commit_min_ = std::max(commit_min_, claimed);
        commit_max_ = std::max(commit_max_, claimed);
    }
}

// --- heartbeats

void Replica::Core::send_heartbeat() {
    if (!is_normal_primary() || abdicated_) {
        return;
    }
    heartbeat_sent_ = now_;
    Header header = outgoing(Command::Commit);
    header.op = journal_.head();
    header.commit = commit_max_;
    header.nonce = static_cast<std::uint64_t>(now_);
    broadcast(header);
    arm(Timer::Heartbeat, config_.timeouts.heartbeat);
}

void Replica::Core::on_commit(const Header& header, ReplicaId from) {
    if (header.view > view_) {
        learn_view(header.view, from);
        return;
    }
    if (header.view < view_) {
        if (header.view.epoch() < view_.epoch()) {
            tell_epoch(from); // nobody else may: its primary sends to its members only
        }
        return;
    }
    if (from != primary() || leads()) {
        reject(Reject::Sender, from);
        return;
    }
    if (status_ != Status::Normal) {
        learn_view(header.view, from);
        return;
    }
    heard_primary();
    heard_head_ = std::max(heard_head_, header.op);
    learn_commit(header.commit);
    promise();
    acknowledge(header.nonce);
}

void Replica::Core::heard_primary() {
    heard_primary_ = now_;
    if (candidate_ != View{}) {
        candidate_ = {};
        disarm(Timer::ViewChangeMessage);
    }
}

bool Replica::Core::quorum_answers() const {
    REPLICA_ASSERT("answers-leads", is_normal_primary());
    std::size_t answering = 0;
    for (std::size_t index = 0; index < membership_.voter_count; ++index) {
        const ReplicaId id = membership_.voters[index];
        const bool answers =
            id == config_.self ||
            (peers_[id].answered != 0 && now_ - peers_[id].answered < config_.timeouts.abdicate);
        answering += answers ? 1 : 0;
    }
    return answering >= quorums().replication;
}

void Replica::Core::abdicate_or_return() {
    if (!is_normal_primary()) {
        return;
    }
    arm(Timer::Abdicate, config_.timeouts.abdicate / 2);
    if (!abdicated_ && !quorum_answers() && !bugs_.changes(Bug::B9, [] { return true; })) {
        // Those who hear it but cannot answer would otherwise wait for it for ever, and those who
        // come back could not elect another without it.
        abdicated_ = true;
        disarm(Timer::Heartbeat);
        disarm(Timer::Prepare);
        event(EventKind::Abdicated, view_.value, 0);
        want_view(view_.next());
    }
}

void Replica::Core::send_ping() {
    broadcast(outgoing(Command::Ping));
}

void Replica::Core::on_ping(const Header& header, ReplicaId from) {
    peers_[from].view = header.view;
    if (header.view > view_) {
        learn_view(header.view, from);
    }
}

} // namespace faultlab::replica
