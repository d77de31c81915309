#include "replica/core/core.hpp"

#include <algorithm>
#include <limits>

// One log takes the place of another, entry by entry, and counts only when it is whole.
namespace faultlab::replica {

namespace {

constexpr Op all = std::numeric_limits<Op>::max();

} // namespace

Op Replica::Core::own_head() const {
    const Op head = journal_.head();
    if (!install_.active || install_.log_view == log_view_) {
        return head;
    }
    // What is committed above `kept` is so in a later view: whoever decides about the next log
    // has heard of that view, and this replica's claim is not the best.
    return std::max(std::min({install_.kept, wanted_.log_end, head}), commit_max_);
}

/// The newest op that may be in this replica's log of log_view, which it may have acknowledged.
Op Replica::Core::ceiling() const {
    return std::max({own_head(), journal_.ceiling(), wanted_.doubt_end});
}

/// The newest op of that log whose identity is known.
Op Replica::Core::sure_head() const {
    Op op = own_head();
    REPLICA_ASSERT("sure-head", op >= journal_.checkpoint());
    while (journal_.checksum_at(op) == nullptr) {
        --op; // ends: the checkpoint's is known
    }
    return op;
}

const Checksum* Replica::Core::wanted_checksum(const Install& wanted, Op op) const {
    REPLICA_ASSERT("wanted-suffix", suffix_.size() <= wanted.op);
    const Op before = wanted.op - suffix_.size(); // the suffix begins after it
    if (op == wanted.op) {
        return &wanted.checksum;
    }
    if (op < before || op > wanted.op) {
        return nullptr;
    }
    if (op > before && suffix_[op - before - 1].checksum != Checksum{}) {
        return &suffix_[op - before - 1].checksum;
    }
    const Header& next = suffix_[op - before];
    return next.op == op + 1 ? &next.parent : nullptr;
}

/// The newest op at which both logs surely have the same entry, and so the same below it.
Op Replica::Core::common_op(const Install& wanted) {
    for (Op op = std::min(own_head(), wanted.op); op >= commit_min_ && op > 0; --op) {
        const Checksum* theirs = wanted_checksum(wanted, op);
        const Checksum* ours = journal_.checksum_at(op);
        if (theirs != nullptr && ours != nullptr && *theirs == *ours) {
            return op;
        }
        const bool fork = op == commit_min_ && theirs != nullptr && ours != nullptr;
        if (bugs_.changes(Bug::K1, [&] { return fork && op > journal_.checkpoint() + 1; })) {
            return op - 1;
        }
        REPLICA_ASSERT("install-fork", !fork);
    }
    return commit_min_;
}

/// Begins to make this replica's log the wanted one; suffix_ has its newest headers.
void Replica::Core::start_install(const Install& wanted) {
    REPLICA_ASSERT("install-replaced", !install_.storing);
    abandon_install();
    REPLICA_ASSERT("install-executed", wanted.op >= commit_min_ || drops_committed());
    const Op common = common_op(wanted);
    install_ = wanted;
    install_.active = true;
    install_.kept = all;
    install_.next = common + 1;
    install_.began = now_;
    repair_reset();
    REPLICA_ASSERT("install-of-view", install_.view == view_);
    REPLICA_ASSERT("install-normal", status_ != Status::Normal);
    REPLICA_ASSERT("install-syncing", !sync_.active);
    REPLICA_ASSERT("install-epoch", wanted.view.epoch() == wanted.membership.epoch);
    REPLICA_ASSERT("install-begin", then_ != Then::BeginView); // it would begin this one unfinished
    REPLICA_ASSERT(
        "install-suffix",
        suffix_.empty() || suffix_.back().op == 0 ||
            (suffix_.back().op == wanted.op && suffix_.back().checksum == wanted.checksum) ||
            bugs_.any());
}

/// Planted bugs that take back what is committed.
bool Replica::Core::drops_committed() const {
    return bugs_.on(Bug::K1) || bugs_.on(Bug::K2) || bugs_.on(Bug::K3) || bugs_.on(Bug::T2) ||
           bugs_.on(Bug::V1) || bugs_.on(Bug::F7) || bugs_.on(Bug::KM7) || bugs_.on(Bug::KM8) ||
           bugs_.on(Bug::B7);
}

/// Planted bug F5: the new log counts as installed although its end is missing.
bool Replica::Core::rises_over_hole() const {
    return !install_.as_primary && status_ == Status::ViewChange && install_.next <= install_.op &&
           install_.next > journal_.head() && journal_.checksum_at(install_.next - 1) != nullptr;
}

/// What was taken from the other log goes; what is known to be committed stays.
void Replica::Core::abandon_install() {
    if (!install_.active || install_.storing) {
        return;
    }
    const Op head = own_head();
    install_ = {};
    truncate(head);
}

/// The log contradicts what was said of it: of a log without a suffix only its end is known, and
/// that can be judged only here. Who said so is counted, and has to say it again.
void Replica::Core::give_up_install() {
    REPLICA_ASSERT("give-up-active", install_.active);
    REPLICA_ASSERT("give-up-stored", !install_.storing); // it counts already
    reject(Reject::Entry, install_.donor);
    if (install_.as_primary) {
        votes_[voter_index(install_.donor)].valid = false;
    } else {
        arm(Timer::GetView, with_jitter(config_.timeouts.get_view));
    }
    abandon_install();
}

void Replica::Core::truncate(Op last) {
    REPLICA_ASSERT("truncate-checkpoint", last >= journal_.checkpoint());
    const Op head = journal_.head();
    if (last < head) {
        REPLICA_ASSERT("truncate-committed", last >= commit_max_ || drops_committed());
        REPLICA_ASSERT("truncate-normal", status_ != Status::Normal);
        REPLICA_ASSERT("truncate-storing", !install_.storing);
        event(EventKind::Truncated, last + 1, head);
        journal_.truncate(last);
        // What is left out of its own log, because nobody can have committed it, is not part of it
        // any more.
        if (wanted_.log_end == open_end && wanted_.log_op > last) {
            wanted_.log_op = last;
            wanted_.log_head = journal_.head_checksum();
        }
    }
}

/// Whether entries above `op` may be overwritten now. The superblock must say first that they are
/// not of this log any more: after a crash the other log's would be taken for them. What is not
/// known to differ may have been acknowledged, and be committed: from then on this replica cannot
/// tell where its log ends.
bool Replica::Core::may_drop_above(Op op, bool differs) {
    REPLICA_ASSERT("drop-installing", install_.active);
    REPLICA_ASSERT("drop-executed", op >= commit_min_ || drops_committed());
    REPLICA_ASSERT("drop-storing", !install_.storing);
    // Up to there both logs are the same.
    REPLICA_ASSERT("drop-next", op + 1 == install_.next || drops_committed());
    if (install_.log_view != log_view_ && wanted_.log_end > op) {
        wanted_.doubt_end = differs ? 0 : ceiling();
        wanted_.view = view_;
        wanted_.membership = membership_;
        wanted_.log_end = op;
        install_.lowered_at = store_superblock();
        if (!differs && wanted_.recovering == 0) {
            set_status(Status::RecoveringHead);
        }
    }
    return superblock_.done() >= install_.lowered_at;
}

/// Whether the entry of the wanted log is now in this one's faulty slot, of which nothing tells
/// what was there. Both logs have what is committed; and the log of one view is the same
/// everywhere.
bool Replica::Core::take_for_unnamed(const Header& entry, Bytes body) {
    REPLICA_ASSERT("unnamed-faulty", journal_.state(entry.op) == SlotState::Faulty);
    REPLICA_ASSERT("unnamed-next", entry.op == install_.next);
    REPLICA_ASSERT("unnamed-known", journal_.checksum_at(entry.op) == nullptr);
    if (entry.op > commit_max_ && install_.log_view != log_view_) {
        return false;
    }
    journal_.repair(entry, body);
    event(EventKind::Repaired, entry.op, 0, entry.checksum);
    ++install_.next;
    return true;
}

bool Replica::Core::take_into_install(const Header& entry, Bytes body) {
    const Op op = entry.op;
    if (!install_.active || install_.storing || op != install_.next || op > install_.op) {
        return false;
    }
    const Checksum* before = journal_.checksum_at(op - 1);
    const Checksum* wanted = wanted_checksum(install_, op);
    const bool fits = (before == nullptr || entry.parent == *before) &&
                      (wanted == nullptr || entry.checksum == *wanted);
    if (!fits && !bugs_.changes(Bug::B7, [] { return true; })) {
        // With KM5 it believes the order in which the suffix came.
        if (!bugs_.changes(Bug::KM5, [] { return true; })) {
            give_up_install();
        }
        return false;
    }
    if (op <= journal_.head()) {
        const Checksum* ours = journal_.checksum_at(op);
        if (ours != nullptr && *ours == entry.checksum) {
            ++install_.next;
            return true;
        }
        if (ours == nullptr && take_for_unnamed(entry, body)) {
            return true;
        }
        if (ours == nullptr && op < journal_.head() && !nobody_seems_to_have_it()) {
            return false; // repair tells, from the newest backwards, what was there
        }
        REPLICA_ASSERT("install-committed", op > commit_max_ || drops_committed());
        if (!may_drop_above(op - 1, ours != nullptr)) {
            return false;
        }
        truncate(op - 1);
    }
    if (!journal_.room(op)) {
        return false; // until a checkpoint has made room
    }
    if (install_.log_view != log_view_) {
        install_.kept = std::min(install_.kept, op - 1);
    }
    append(entry, body);
    ++install_.next;
    return true;
}

void Replica::Core::advance_install() {
    if (!install_.active || install_.storing) {
        return;
    }
    REPLICA_ASSERT("advance-here", install_.next <= journal_.head() + 1);
    // Below `next` both logs are the same, and what the new view says of them holds.
    commit_max_ = std::max(commit_max_, std::min(install_.commit, install_.next - 1));
    if (bugs_.changes(Bug::F5, [&] { return rises_over_hole(); })) {
        claimed_head_ = install_.op;
        install_.op = install_.next - 1;
        install_.checksum = *journal_.checksum_at(install_.op);
    }
    if (install_.next <= install_.op) {
        return;
    }
    if (bugs_.changes(Bug::F6a, [&] { return journal_.head() > install_.op; })) {
        stale_above_ = install_.op;
        install_.op = journal_.head();
        install_.checksum = journal_.head_checksum();
        install_.next = install_.op + 1;
    }
    if (journal_.head() > install_.op) {
        if (!may_drop_above(install_.op, true)) {
            return;
        }
        truncate(install_.op);
    }
    if (journal_.faulty() > 0 || journal_.durable() < install_.op) {
        return;
    }
    if (!journal_.clean()) {
        journal_.flush_headers(next_io_, *effects_); // they prove the entries of an installed log
        return;
    }
    finish_install();
}

/// The whole log is durable: from this superblock on it is this replica's.
void Replica::Core::finish_install() {
    REPLICA_ASSERT("finish-active", install_.active && !install_.storing);
    REPLICA_ASSERT("install-head", journal_.head() == install_.op);
    REPLICA_ASSERT("install-checksum", journal_.head_checksum() == install_.checksum);
    REPLICA_ASSERT("finish-durable", journal_.durable() >= install_.op);
    REPLICA_ASSERT("finish-clean", journal_.clean()); // its headers prove it
    REPLICA_ASSERT("finish-commit", install_.commit <= commit_max_ || bugs_.any());
    REPLICA_ASSERT("finish-members", install_.membership == membership_);
    install_.storing = true;
    wanted_.view = install_.view;
    wanted_.log_view = install_.view;
    wanted_.log_op = install_.op;
    wanted_.log_head = install_.checksum;
    wanted_.log_end = open_end;
    wanted_.doubt_end = 0;
    wanted_.membership = install_.membership;
    wanted_.recovering = 0;
    store_then(Then::BeginView);
}

} // namespace faultlab::replica
