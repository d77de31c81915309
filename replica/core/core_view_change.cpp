#include "replica/core/core.hpp"

#include <algorithm>

// From one view to the next: wishes, votes, the choice of the log, the start.
namespace faultlab::replica {

// --- wanting another view

void Replica::Core::on_primary_silent() {
    if (status_ != Status::Normal || leads()) {
        return;
    }
    REPLICA_ASSERT("silent-past", heard_primary_ <= now_);
    const Nanos silent = now_ - heard_primary_;
    const Nanos patience = config_.timeouts.primary_silent;
    if (silent < patience) {
        arm(Timer::PrimarySilent, with_jitter(patience) - silent);
        return;
    }
    arm(Timer::PrimarySilent, with_jitter(patience));
    if (is_voter()) {
        want_view(view_.next());
    } else {
        ask_for_view();
    }
}

/// Asks the others to leave for this view; until enough do, it works on in its own.
void Replica::Core::want_view(View view) {
    REPLICA_ASSERT("want-higher", view > view_ && view.epoch() == view_.epoch());
    if (!is_voter() || !may_vote()) {
        return;
    }
    candidate_ = std::max(candidate_, view);
    send_start_view_change();
    arm(Timer::ViewChangeMessage, config_.timeouts.view_change_message);
    count_votes(candidate_);
}

void Replica::Core::send_start_view_change() {
    REPLICA_ASSERT("wish-voter", is_voter());
    REPLICA_ASSERT("wish-may", may_vote());
    Header header = outgoing(Command::StartViewChange);
    header.view = std::max(candidate_, durable().view);
    header.from = durable().view.value;
    broadcast_to_voters(header);
}

void Replica::Core::on_start_view_change(const Header& header, ReplicaId from) {
    if (header.view.epoch() > view_.epoch()) {
        learn_view(header.view, from);
        return;
    }
    if (header.view.epoch() < membership_.epoch) { // which a retired replica has only heard of
        tell_epoch(from);
        return;
    }
    if (!membership_.votes(from)) {
        reject(Reject::NotMember, from);
        return;
    }
    if (!is_voter() || !may_vote() || view_.epoch() != membership_.epoch) {
        return;
    }
    const View entered{header.from};
    if (entered > header.view) {
        reject(Reject::View, from);
        return;
    }
    if (header.view <= view_) {
        return;
    }
    peers_[from].wants = header.view;
    peers_[from].wanted_at = now_;
    if (entered > view_ && entered.epoch() == view_.epoch()) {
        // A quorum wanted it, and its sender cannot come back.
        enter_view(entered);
        return;
    }
    if (bugs_.changes(Bug::V2, [&] { return candidate_ != View{} && header.view >= candidate_; })) {
        want_view(header.view.next());
        return;
    }
    const bool primary_gives_up = from == primary() && header.view == view_.next();
    const bool wants_too = candidate_ != View{} && header.view > candidate_;
    if (wants_too || (primary_gives_up && candidate_ < header.view)) {
        want_view(header.view);
    } else {
        count_votes(header.view);
    }
}

/// Leaves for the view when a quorum, one vote a voter, wants it now.
void Replica::Core::count_votes(View view) {
    REPLICA_ASSERT("count-voter", is_voter());
    if (view <= view_) {
        return;
    }
    std::size_t votes = candidate_ == view ? 1 : 0;
    for (std::size_t index = 0; index < membership_.voter_count; ++index) {
        const Peer& peer = peers_[membership_.voters[index]];
        const bool fresh = now_ - peer.wanted_at <= config_.timeouts.primary_silent;
        if (membership_.voters[index] != config_.self && peer.wants == view && fresh) {
            ++votes;
        }
    }
    const std::size_t quorum = quorums().view_change;
    if (votes >= quorum ||
        bugs_.changes(Bug::B11, [&] { return quorum > 1 && votes + 1 == quorum; }) ||
        bugs_.changes(Bug::B10, [&] { return candidate_ == view; })) {
        enter_view(view);
    }
}

bool Replica::Core::may_vote() const {
    return status_ == Status::Normal || changes_view();
}

bool Replica::Core::changes_view() const {
    return status_ == Status::ViewChange || status_ == Status::RecoveringHead;
}

void Replica::Core::enter_view(View view) {
    REPLICA_ASSERT("enter-voter", is_voter());
    REPLICA_ASSERT("enter-epoch", view.epoch() == membership_.epoch);
    REPLICA_ASSERT("enter-higher", view > view_ && may_vote());
    leave_normal();
    view_ = view;
    wanted_.view = view;
    wanted_.membership = membership_;
    store_then(Then::DoViewChange);
    arm(Timer::ViewChangeMessage, config_.timeouts.view_change_message);
    arm(Timer::ViewChange, with_jitter(config_.timeouts.view_change));
}

/// Stops the work of the old view, and whatever led to a view that is no longer wanted.
void Replica::Core::leave_normal() {
    REPLICA_ASSERT("leave-syncing", !sync_.active);
    abandon_install();
    set_status(head_uncertain() ? Status::RecoveringHead : Status::ViewChange);
    candidate_ = {};
    vote_waits_ = false;
    abdicated_ = false;
    drop_requests();
    for (Vote& vote : votes_) {
        vote.valid = false;
    }
    for (const Timer timer : {Timer::Prepare,
                              Timer::Heartbeat,
                              Timer::PrimarySilent,
                              Timer::Abdicate,
                              Timer::GetView}) {
        disarm(timer);
    }
}

void Replica::Core::on_view_change_timer() {
    if (!changes_view()) {
        return;
    }
    arm(Timer::ViewChange, with_jitter(config_.timeouts.view_change));
    if (holds_on()) {
        return;
    }
    if (is_voter()) {
        want_view(std::max(candidate_, view_.next()));
    } else {
        ask_for_view();
    }
}

void Replica::Core::on_view_change_message_timer() {
    const bool changing = changes_view() && is_voter();
    if (!changing && candidate_ == View{}) {
        return;
    }
    arm(Timer::ViewChangeMessage, config_.timeouts.view_change_message);
    if (candidate_ != View{} || !install_.active) {
        send_start_view_change();
    }
    if (changing && view_ > log_view_ && !install_.active) {
        send_do_view_change();
    }
}

// --- the vote

/// What this replica's disk holds.
void Replica::Core::send_do_view_change() {
    if (!changes_view() || !is_voter() || spoken_view() < view_ || promised()) {
        return; // the timer comes back
    }
    // The whole log is claimed, and so has to be durable: what was acknowledged once and is being
    // written anew, after a repair, must not be left out. Faulty slots are claimed as such.
    const bool written =
        journal_.faulty() > 0 ? journal_.clean() : journal_.durable() >= own_head();
    vote_waits_ = !written;
    if (vote_waits_) {
        return; // settle() comes back
    }
    Header header = outgoing(Command::DoViewChange);
    header.view = view_;
    header.op = sure_head();
    REPLICA_ASSERT("vote-executed", header.op >= commit_min_ || bugs_.any());
    if (head_uncertain()) {
        header.flags = flag_uncertain;
        header.to = ceiling();
    }
    header.commit = std::min(commit_max_, header.op);
    header.parent = *journal_.checksum_at(header.op);
    header.lives = durable().lives;
    constexpr Op assumed_pipeline = 2; // of planted bug KM2
    if (bugs_.changes(Bug::KM2, [&] { return header.op > header.commit + assumed_pipeline; })) {
        header.commit = header.op - assumed_pipeline;
    }
    REPLICA_ASSERT("vote-suffix", header.op - header.commit <= most_suffix(config_.limits));
    REPLICA_ASSERT("vote-older", log_view_ < view_ || bugs_.any());
    REPLICA_ASSERT("vote-room",
                   (header.op - header.commit) * sizeof(SlotRecord) <= scratch_.size());
    std::size_t used = 0;
    for (Op op = header.commit + 1; op <= header.op; ++op) {
        SlotRecord record;
        record.state = journal_.state(op);
        if (const Header* known = journal_.header(op)) {
            record.header = *known;
        }
        if (bugs_.changes(Bug::KM1, [&] { return record.state == SlotState::Faulty; })) {
            record.state = SlotState::Absent;
        }
        figures_.nacks_sent += record.state == SlotState::Absent ? 1 : 0;
        std::memcpy(scratch_.data() + used, &record, sizeof record);
        used += sizeof record;
        ++header.count;
    }
    const Bytes body = Bytes(scratch_).first(used);
    if (leads()) {
        header.size = static_cast<std::uint32_t>(sizeof(Header) + used);
        keep_do_view_change(header, body, config_.self);
        try_form_view();
    } else {
        send(primary(), header, body);
    }
}

void Replica::Core::on_do_view_change(const Message& message, ReplicaId from) {
    const Header& header = message.header;
    if (header.view.epoch() > view_.epoch()) {
        learn_view(header.view, from);
        return;
    }
    if (header.view < view_ || header.view.epoch() < membership_.epoch) {
        return;
    }
    if (!membership_.votes(from) || membership_.primary(header.view) != config_.self) {
        reject(Reject::NotMember, from);
        return;
    }
    if (header.log_view >= header.view) {
        reject(Reject::View, from);
        return;
    }
    if (!may_vote() || view_.epoch() != membership_.epoch) {
        return;
    }
    if (header.view > view_) {
        enter_view(header.view);
    }
    if (status_ == Status::Normal) {
        send_start_view(from); // it was lost on the way
        return;
    }
    keep_do_view_change(header, message.body, from);
    try_form_view();
}

namespace {

/// Of two votes of one replica: a newer incarnation's, else the one that knows more.
bool better(const Header& vote, const Header& than) {
    const auto key = [](const Header& header) {
        return std::tuple(header.incarnation, header.log_view, header.op, header.commit);
    };
    return key(vote) >= key(than);
}

} // namespace

void Replica::Core::keep_do_view_change(const Header& header, Bytes body, ReplicaId from) {
    REPLICA_ASSERT("keep-view", header.view == view_);
    REPLICA_ASSERT("keep-leads", leads());
    REPLICA_ASSERT("keep-older", header.log_view < header.view);
    Vote& vote = votes_[voter_index(from)];
    if (vote.valid && !better(header, vote.header) &&
        !bugs_.changes(Bug::KM4, [] { return true; })) {
        return;
    }
    REPLICA_ASSERT("keep-room", header.count <= vote.slots.capacity() || bugs_.any());
    REPLICA_ASSERT("keep-bytes", body.size() == header.count * sizeof(SlotRecord));
    vote.valid = true;
    vote.header = header;
    vote.slots.clear();
    for (std::size_t index = 0; index < header.count; ++index) {
        vote.slots.push_back(record_at<SlotRecord>(body, index));
    }
}

std::size_t Replica::Core::voter_index(ReplicaId id) const {
    std::size_t index = 0;
    while (index < membership_.voter_count && membership_.voters[index] != id) {
        ++index;
    }
    REPLICA_ASSERT("voter-index", index < membership_.voter_count);
    return index;
}

// --- the start

void Replica::Core::begin_view() {
    REPLICA_ASSERT("begin-durable", log_view_ == view_ && spoken_view() == view_);
    REPLICA_ASSERT("begin-installed", !install_.active);
    REPLICA_ASSERT("begin-whole", journal_.durable() == journal_.head() || bugs_.any());
    REPLICA_ASSERT("begin-epoch", view_.epoch() == membership_.epoch);
    REPLICA_ASSERT("begin-committed", commit_max_ <= journal_.head() || bugs_.any());
    REPLICA_ASSERT("begin-remembers", wanted_.recovering == 0);
    REPLICA_ASSERT("begin-ended", wanted_.log_end == open_end); // nothing is to be dropped any more
    if (!is_voter() && !membership_.listens(config_.self)) {
        set_status(Status::Retired);
        return;
    }
    ++figures_.view_changes;
    set_status(Status::Normal);
    event(EventKind::ViewInstalled, view_.value, journal_.head(), journal_.head_checksum());
    const Fact installed{Fact::Kind::Installed, view_.value, journal_.head()};
    fact(installed, cause_);
    cause_ = installed;
    start_normal();
    if (leads() && bugs_.changes(Bug::F1, [&] { return journal_.head() > commit_max_; })) {
        commit_max_ = journal_.head();
    }
    if (leads()) {
        for (ReplicaId id = 1; id <= max_replica_id; ++id) {
            if (id != config_.self && (membership_.votes(id) || membership_.listens(id))) {
                send_start_view(id);
            }
        }
    }
}

void Replica::Core::send_start_view(ReplicaId to) {
    REPLICA_ASSERT("start-view-primary", is_normal_primary());
    Header header = outgoing(Command::StartView);
    const std::size_t size = lay_out_view(header);
    send(to, header, Bytes(scratch_).first(size));
}

/// The view's log as its primary knows it: into the header and scratch_; returns the body's size.
std::size_t Replica::Core::lay_out_view(Header& header) {
    REPLICA_ASSERT("lay-out-commit", commit_max_ <= journal_.head());
    REPLICA_ASSERT("lay-out-members", membership_known());
    // Whoever gets it refuses it else.
    REPLICA_ASSERT("lay-out-epoch", membership_.epoch == header.view.epoch());
    REPLICA_ASSERT("lay-out-count", header.count == 0);
    REPLICA_ASSERT("lay-out-room",
                   sizeof membership_ + (journal_.head() - commit_max_) * sizeof(Header) <=
                       scratch_.size());
    header.op = journal_.head();
    header.commit = commit_max_;
    header.parent = *journal_.checksum_at(header.op);
    std::memcpy(scratch_.data(), &membership_, sizeof membership_);
    std::size_t used = sizeof membership_;
    for (Op op = commit_max_ + 1; op <= header.op; ++op) {
        const Header* entry = journal_.header(op);
        REPLICA_ASSERT("start-view-suffix", entry != nullptr);
        std::memcpy(scratch_.data() + used, entry, sizeof *entry);
        used += sizeof *entry;
        ++header.count;
    }
    return used;
}

namespace {

/// Whose log a StartView describes: its own view's, or that of the view that began its epoch.
View offered_view(const Header& header, const Membership& membership) {
    return header.flags == flag_epoch ? View::of(membership.epoch, membership.first_view)
                                      : header.view;
}

} // namespace

void Replica::Core::on_start_view(const Message& message, ReplicaId from) {
    const Header& header = message.header;
    const auto membership = record_at<Membership>(message.body, 0);
    const Membership& judge =
        header.view.epoch() == membership_.epoch && membership_known() ? membership_ : membership;
    const bool of_epoch = header.flags == flag_epoch;
    if (judge.primary(header.view) != from && !of_epoch &&
        !bugs_.changes(Bug::K6, [] { return true; })) {
        reject(Reject::Sender, from);
        return;
    }
    const View view = offered_view(header, membership);
    const bool lower = view < view_ && !bugs_.changes(Bug::KM7, [] { return true; });
    if (lower || membership.epoch < membership_.epoch ||
        (of_epoch && membership.epoch == membership_.epoch && membership_known())) {
        return;
    }
    if (!membership.votes(config_.self) && !membership.listens(config_.self)) {
        retire(membership);
        return;
    }
    const bool lost_head = status_ == Status::RecoveringHead;
    const bool newer =
        view > log_view_ || lost_head || !membership_known() || reinstalls(header) || view < view_;
    const bool may_install = may_vote() || status_ == Status::Retired;
    if (!newer || !may_install || install_.storing || (install_.active && install_.view == view)) {
        return;
    }
    installed_view_ = header.view;
    leave_normal();
    install_view(message, judge);
    arm(Timer::ViewChange, with_jitter(config_.timeouts.view_change));
}

/// Planted bugs: a StartView of the view in which it is Normal is taken once more.
bool Replica::Core::reinstalls(const Header& header) {
    const auto drops = [&] {
        return status_ == Status::Normal && header.view == view_ && !leads() &&
               header.op < journal_.head() && header.op >= journal_.checkpoint();
    };
    return bugs_.changes(Bug::T2, drops) ||
           bugs_.changes(Bug::F7, [&] { return drops() && installed_view_ != header.view; });
}

/// Begins to install the log that a StartView, or its like, describes.
void Replica::Core::install_view(const Message& message, const Membership& membership) {
    const Header& header = message.header;
    REPLICA_ASSERT("install-view-room", header.count <= suffix_.capacity() || bugs_.any());
    REPLICA_ASSERT("install-view-falls",
                   offered_view(header, membership) >= durable().view || bugs_.any());
    REPLICA_ASSERT("install-view-epoch",
                   offered_view(header, membership).epoch() == membership.epoch);
    REPLICA_ASSERT("install-view-bytes",
                   message.body.size() == sizeof(Membership) + header.count * sizeof(Header));
    view_ = offered_view(header, membership);
    set_membership(membership);
    suffix_.clear();
    for (std::size_t index = 0; index < header.count; ++index) {
        suffix_.push_back(record_at<Header>(message.body, index, sizeof(Membership)));
    }
    Install wanted;
    wanted.view = view_;
    // What began the epoch is in its sender's log, whatever log that is by now.
    wanted.log_view = header.flags == flag_epoch ? header.log_view : view_;
    wanted.op = header.op;
    wanted.checksum = header.parent;
    wanted.commit = header.commit;
    wanted.donor = header.replica;
    wanted.membership = membership;
    start_install(wanted);
}

// --- learning of a view

void Replica::Core::learn_view(View view, ReplicaId from) {
    REPLICA_ASSERT("learn-other", from != config_.self);
    REPLICA_ASSERT("learn-who", from != no_replica);
    peers_[from].view = std::max(peers_[from].view, view);
    if (needs_view() && !armed(Timer::GetView)) {
        ask_for_view();
    }
}

bool Replica::Core::needs_view() const {
    const auto heard_above = [&](View view) {
        return std::ranges::any_of(peers_, [&](const Peer& peer) { return peer.view > view; });
    };
    switch (status_) {
        case Status::ViewChange:
        case Status::RecoveringHead:
            // The view that it installs may be over, and nobody left who serves its log.
            return !install_.active || heard_above(install_.view);
        case Status::Normal: return heard_above(view_);
        case Status::Retired: return later_epoch_heard();
        default: return false;
    }
}

void Replica::Core::ask_for_view() {
    // Who is told of a view installs it: while another state is on its way, nobody may.
    REPLICA_ASSERT("ask-view-may", may_vote() || status_ == Status::Retired);
    Header header = outgoing(Command::GetView);
    header.nonce = fresh_nonce();
    if (later_epoch_heard()) {
        broadcast_to_all(header); // its primary may be a replica that was no member before
    } else {
        broadcast(header);
    }
    arm(Timer::GetView, with_jitter(config_.timeouts.get_view));
}

void Replica::Core::on_get_view(const Header& header, ReplicaId from) {
    if (is_normal_primary() && header.view <= view_) {
        send_start_view(from);
    } else if (header.view.epoch() < view_.epoch()) {
        tell_epoch(from);
    }
}

} // namespace faultlab::replica
