#include "replica/core/core.hpp"

#include <algorithm>
#include <tuple>

// The new primary chooses the log of its view.
namespace faultlab::replica {

const Replica::Core::Vote* Replica::Core::newest_vote() {
    const auto key = [](const Vote& vote) {
        return std::tuple(vote.valid && !vote.left_out, vote.header.log_view, vote.header.op);
    };
    const Vote& newest = *std::ranges::max_element(votes_, {}, key);
    if (!newest.valid || newest.left_out) {
        return nullptr;
    }
    REPLICA_ASSERT("newest-older", newest.header.log_view < view_);
    REPLICA_ASSERT("newest-view", newest.header.view == view_);
    const Vote* best = nullptr;
    for (const Vote& vote : votes_) {
        // Lesser ones are not compared: a log that is being replaced claims what is committed in
        // it, which a log of its old view need not have (own_head).
        if (key(vote) != key(newest)) {
            continue;
        }
        if (best != nullptr && vote.header.parent != best->header.parent) {
            if (bugs_.changes(Bug::F4, [] { return true; })) {
                best = vote.header.parent > best->header.parent ? &vote : best;
                continue;
            }
            if (bugs_.changes(Bug::K3_3, [] { return true; })) {
                best = rng_.chance(1, 2) ? &vote : best;
                continue;
            }
            // Two logs of one view: which of them is right, nobody can tell.
            reject(Reject::Fork, vote.header.replica);
            halt("two logs of one view differ");
            return nullptr;
        }
        // Of equal ones its own: nothing has to be fetched then.
        if (best == nullptr || vote.header.replica == config_.self) {
            best = &vote;
        }
    }
    return best;
}

/// The vote whose log becomes the view's.
const Replica::Core::Vote* Replica::Core::best_vote() {
    const Vote* newest = newest_vote();
    if (newest == nullptr) {
        return nullptr;
    }
    const auto longer = [](const Vote& a, const Vote& b) {
        return (a.valid ? a.header.op : 0) < (b.valid ? b.header.op : 0);
    };
    const Vote& longest = *std::ranges::max_element(votes_, longer);
    const auto differs = [&] { return longest.valid && longest.header.op > newest->header.op; };
    if (bugs_.changes(Bug::K5, differs) || bugs_.changes(Bug::T1, differs)) {
        return &longest;
    }
    return newest;
}

namespace {

/// Whether this vote shows all that its sender may have acknowledged of a log that ends with `end`.
bool tells(const Header& vote, View log_view, Op end) {
    return vote.flags != flag_uncertain || vote.log_view < log_view || vote.to <= end;
}

} // namespace

/// Whether all that may be committed in the log of best, which is the longest known of the newest
/// log_view, is in best. Who acknowledged something beyond would be among those who do not tell:
/// too few to have committed it when the others are a nack quorum. And one who tells must be of
/// this log: all with which it began is in best then.
bool Replica::Core::enough_tell(const Vote& best) const {
    REPLICA_ASSERT("tell-best", (best.valid && !best.left_out) || bugs_.any());
    std::size_t telling = 0;
    std::size_t silent = 0;
    bool of_this_log = false;
    for (const Vote& vote : votes_) {
        if (!vote.valid || vote.left_out) {
            continue;
        }
        const bool told = tells(vote.header, best.header.log_view, best.header.op);
        telling += told ? 1U : 0U;
        silent += told ? 0U : 1U;
        of_this_log = of_this_log || (told && vote.header.log_view == best.header.log_view);
    }
    REPLICA_ASSERT("tell-voters", telling + silent <= membership_.voter_count);
    return silent == 0 || (of_this_log && telling >= quorums().nack);
}

/// The vote whose log becomes the view's; null while that cannot be told. Votes that keep it from
/// being told are left out, as if they had not come, when the others are a quorum without them.
const Replica::Core::Vote* Replica::Core::choose_vote() {
    REPLICA_ASSERT("choose-leads", leads());
    REPLICA_ASSERT("choose-changes", changes_view() && view_ > log_view_);
    for (Vote& vote : votes_) {
        vote.left_out = false;
    }
    while (true) {
        const auto votes = static_cast<std::size_t>(std::ranges::count_if(
            votes_, [](const Vote& vote) { return vote.valid && !vote.left_out; }));
        const std::size_t quorum = quorums().view_change;
        if (votes < quorum && !bugs_.changes(Bug::B11, [&] { return votes + 1 == quorum; })) {
            return nullptr;
        }
        const Vote* best = best_vote();
        if (best == nullptr || enough_tell(*best)) {
            return best;
        }
        const View log_view = best->header.log_view;
        const Op end = best->header.op;
        for (Vote& vote : votes_) {
            vote.left_out = vote.left_out || !tells(vote.header, log_view, end);
        }
    }
}

namespace {

/// The record of `op`, if the vote has one.
const SlotRecord* record_of(const Header& vote, std::span<const SlotRecord> slots, Op op) {
    const bool has = op > vote.commit && op - vote.commit <= slots.size();
    return has ? &slots[op - vote.commit - 1] : nullptr;
}

} // namespace

/// What the votes say about `op`, whose checksum in the log of log_view may not be known.
Replica::Core::Holding
Replica::Core::holding(Op op, const Checksum* checksum, View log_view) const {
    REPLICA_ASSERT("holding-op", op > 0);
    Holding result;
    for (const Vote& vote : votes_) {
        if (!vote.valid) {
            continue;
        }
        const SlotRecord* record = record_of(vote.header, vote.slots, op);
        if (record == nullptr) {
            // Up to its commit number it holds it; above its head it never had it, if it can tell.
            result.held = result.held || op <= vote.header.commit;
            const bool above = op > vote.header.op;
            const bool doubt = above && vote.header.flags != 0 && op <= vote.header.to;
            result.faulty += doubt ? 1U : 0U;
            result.nacks += above && !doubt ? 1U : 0U;
            continue;
        }
        const bool same = checksum != nullptr ? record->header.checksum == *checksum
                                              : vote.header.log_view == log_view;
        if (record->state == SlotState::Present && same) {
            result.held = true;
        } else if (record->state == SlotState::Absent ||
                   (record->state == SlotState::Present && checksum != nullptr)) {
            ++result.nacks;
        } else {
            ++result.faulty;
        }
    }
    REPLICA_ASSERT("holding-voters", result.nacks + result.faulty <= membership_.voter_count);
    return result;
}

/// Fills suffix_ with the headers of best's log above its commit number. Where best does not know
/// one, because the slot is faulty, another vote may, and the next entry's parent identifies it.
void Replica::Core::fill_suffix(const Vote& best) {
    REPLICA_ASSERT("fill-suffix",
                   best.slots.size() == best.header.op - best.header.commit || bugs_.any());
    REPLICA_ASSERT("fill-room", best.slots.size() <= most_suffix(config_.limits) || bugs_.any());
    suffix_.clear();
    for (const SlotRecord& record : best.slots) {
        suffix_.push_back(record.header);
    }
    REPLICA_ASSERT("fill-head",
                   suffix_.empty() || suffix_.back().op == 0 ||
                       suffix_.back().checksum == best.header.parent || bugs_.any());
    Checksum expected = best.header.parent; // of the entry at the index
    for (std::size_t index = suffix_.size(); index-- > 0;) {
        Header& header = suffix_[index];
        const Op op = best.header.commit + 1 + index;
        for (const Vote& vote : votes_) {
            const SlotRecord* record =
                vote.valid ? record_of(vote.header, vote.slots, op) : nullptr;
            if (header.op == 0 && record != nullptr && record->header.op == op &&
                record->header.checksum == expected) {
                header = record->header;
            }
        }
        if (header.op == 0) {
            header.checksum = expected;
        }
        expected = header.op != 0 ? header.parent : Checksum{};
    }
}

/// A replica that lost its disk may have come back in an older view, and acknowledged there what
/// its old vote does not have. Of those that told it the view, one at least is in every quorum
/// with that vote: it had already entered this view then, or it says now which disk was lost.
void Replica::Core::drop_forgotten_votes() {
    REPLICA_ASSERT("forget-leads", leads());
    Lives known = durable().lives;
    for (const Vote& vote : votes_) {
        if (vote.valid) {
            known.learn(vote.header.lives);
        }
    }
    for (Vote& vote : votes_) {
        if (vote.valid && !known.hold(vote.header.replica, vote.header.incarnation)) {
            vote.valid = false;
            event(EventKind::VoteForgotten, vote.header.replica, vote.header.view.value);
        }
    }
}

void Replica::Core::try_form_view() {
    if (!changes_view() || !leads() || view_ == log_view_ || install_.storing ||
        durable().view < view_) {
        return;
    }
    REPLICA_ASSERT("form-view", durable().view == view_ || bugs_.any());
    drop_forgotten_votes();
    const Vote* best = choose_vote();
    if (best == nullptr) {
        return;
    }
    fill_suffix(*best);
    Install wanted;
    wanted.as_primary = true;
    wanted.view = view_;
    wanted.log_view = best->header.log_view;
    wanted.op = best->header.op;
    wanted.checksum = best->header.parent;
    wanted.donor = best->header.replica;
    wanted.membership = membership_;
    for (const Vote& vote : votes_) {
        if (vote.valid &&
            (vote.header.commit <= wanted.op || bugs_.changes(Bug::K3, [] { return true; }))) {
            wanted.commit = std::max(wanted.commit, vote.header.commit);
        }
    }
    // An installation that goes on needs suffix_, which is another log's now.
    if (!cut_what_nobody_has(wanted, best->header.commit)) {
        abandon_install();
        return; // a voter that has not voted yet may have it
    }
    if (gives_up(*best)) {
        abandon_install();
        want_view(view_.next());
        return;
    }
    const bool same = install_.active && install_.as_primary &&
                      install_.log_view == wanted.log_view && install_.op == wanted.op &&
                      install_.checksum == wanted.checksum;
    if (!same) {
        start_install(wanted);
    }
}

/// Cuts the log before the first entry that nobody heard has and that surely was never committed.
/// False when that cannot be told yet.
bool Replica::Core::cut_what_nobody_has(Install& wanted, Op base) {
    REPLICA_ASSERT("cut-within", wanted.commit <= wanted.op || bugs_.any());
    REPLICA_ASSERT("cut-base", base <= wanted.commit || bugs_.any());
    REPLICA_ASSERT("cut-suffix", suffix_.size() == wanted.op - base || bugs_.any());
    for (Op op = wanted.commit + 1; op <= wanted.op; ++op) {
        const Checksum* checksum = wanted_checksum(wanted, op);
        const Holding found = holding(op, checksum, wanted.log_view);
        if (found.held) {
            continue;
        }
        const Checksum* before = wanted_checksum(wanted, op - 1);
        const std::size_t quorum = quorums().nack;
        const bool enough = found.nacks >= quorum || bugs_.changes(Bug::B5, [&] {
            return found.nacks + found.faulty >= quorum;
        });
        if (!enough || before == nullptr) {
            return false;
        }
        wanted.checksum = *before;
        wanted.op = op - 1;
        suffix_.resize(wanted.op - base);
        break;
    }
    return true;
}

/// Whether the others' rings may not hold any more what this replica lacks.
bool Replica::Core::gives_up(const Vote& best) {
    REPLICA_ASSERT("give-up-vote", best.valid && best.header.view == view_);
    const Op needed = commit_min_ + 1;
    const bool lags = wanted_.checkpoint_op < best.header.checkpoint_op &&
                      needed + config_.limits.slots <= best.header.op;
    return lags && !bugs_.changes(Bug::B8, [] { return true; });
}

/// Planted bug B8, the rest of it: who did not give up waits for what it lacks. It neither leaves
/// its view to fetch a checkpoint nor wants the next one.
bool Replica::Core::holds_on() {
    return bugs_.changes(Bug::B8, [&] {
        return install_.active && install_.as_primary && !install_.storing &&
               install_.next + config_.limits.slots <= install_.op;
    });
}

} // namespace faultlab::replica
