#include "replica/core/core.hpp"

#include <algorithm>
#include <limits>

// What is true of a replica between any two steps. A replica of which it is not true must not
// speak: the step that broke it halts.
namespace faultlab::replica {

namespace {

/// What comes thousands of times a second is followed by a timer soon enough.
bool comes_often(const Input& input) {
    if (const auto* received = std::get_if<Received>(&input.what)) {
        const Command command = received->message.header.command;
        return command == Command::Request || command == Command::Prepare ||
               command == Command::PrepareOk || command == Command::Commit;
    }
    return std::holds_alternative<IoDone>(input.what);
}

} // namespace

void Replica::Core::check_after(const Input& input) const {
    // Planted bugs break what holds; others are to find that.
    if (boot_ != BootStage::Done || status_ == Status::Halted || bugs_.any() ||
        comes_often(input)) {
        return;
    }
    check_views();
    check_log();
    check_status();
    check_view_change();
    check_install();
    check_members();
    check_peers();
    check_disk();
    check_snapshots();
    check_timers();
    journal_.check();
    clients_.check();
    queue_.check();
    state_.check();
}

void Replica::Core::check_views() const {
    REPLICA_ASSERT("is-log-view", log_view_ <= view_);
    REPLICA_ASSERT("is-wanted-view", wanted_.view <= view_ || then_ == Then::Nothing);
    REPLICA_ASSERT("is-durable-view", durable().view <= wanted_.view);
    REPLICA_ASSERT("is-durable-log-view", durable().log_view <= durable().view);
    REPLICA_ASSERT("is-durable-log-behind", durable().log_view <= wanted_.log_view);
    REPLICA_ASSERT("is-log-durable", log_view_ <= durable().log_view);
    REPLICA_ASSERT("is-candidate", candidate_ == View{} || candidate_ > view_);
    REPLICA_ASSERT("is-candidate-epoch",
                   candidate_ == View{} || candidate_.epoch() == view_.epoch());
    REPLICA_ASSERT("is-incarnation", wanted_.incarnation >= durable().incarnation);
    REPLICA_ASSERT("is-incarnation-fits", wanted_.incarnation < end_of_incarnations);
    REPLICA_ASSERT("is-life",
                   wanted_.recovering == 1 ||
                       wanted_.lives.hold(config_.self, wanted_.incarnation));
    REPLICA_ASSERT("is-self", wanted_.self == config_.self && wanted_.cluster == config_.cluster);
    REPLICA_ASSERT("is-recovering-flag", wanted_.recovering <= 1);
    REPLICA_ASSERT("is-wanted-epoch", wanted_.membership.epoch <= wanted_.view.epoch());
    REPLICA_ASSERT("is-wanted-log-view",
                   wanted_.log_view == (install_.storing ? install_.view : log_view_));
    REPLICA_ASSERT("is-doubt-end", wanted_.doubt_end == 0 || wanted_.doubt_end >= wanted_.log_end);
    REPLICA_ASSERT("is-lives-nobody", wanted_.lives.lost[no_replica] == 0);
}

void Replica::Core::check_log() const {
    const Op head = journal_.head();
    REPLICA_ASSERT("is-executed", commit_min_ <= commit_max_);
    REPLICA_ASSERT("is-committed", commit_max_ <= own_head());
    REPLICA_ASSERT("is-own-head", own_head() <= head);
    REPLICA_ASSERT("is-checkpoint-executed", journal_.checkpoint() <= commit_min_);
    REPLICA_ASSERT("is-checkpoint-durable", journal_.checkpoint() <= durable().checkpoint_op);
    REPLICA_ASSERT("is-executed-known", journal_.checksum_at(commit_min_) != nullptr);
    REPLICA_ASSERT("is-durable", journal_.durable() <= head);
    REPLICA_ASSERT("is-durable-checkpoint", journal_.checkpoint() <= journal_.durable());
    REPLICA_ASSERT("is-ring", head - journal_.checkpoint() <= config_.limits.slots);
    REPLICA_ASSERT("is-tail", journal_.tail() <= journal_.checkpoint() + 1);
    REPLICA_ASSERT("is-ring-tail", head + 1 - journal_.tail() <= config_.limits.slots);
    const bool whole = journal_.faulty() == 0;
    REPLICA_ASSERT("is-durable-whole", whole || journal_.durable() < oldest_faulty());
    REPLICA_ASSERT("is-executed-whole", whole || commit_min_ < oldest_faulty());
    REPLICA_ASSERT("is-executed-view",
                   journal_.header(commit_min_) == nullptr ||
                       journal_.header(commit_min_)->view <= view_);
    REPLICA_ASSERT("is-committed-view",
                   journal_.header(commit_max_) == nullptr ||
                       journal_.header(commit_max_)->view <= view_);
    REPLICA_ASSERT("is-view-entry",
                   status_ != Status::Normal || journal_.header(head) == nullptr ||
                       journal_.header(head)->view <= view_);
    // Of a log that was not installed to its end only what is committed stays.
    REPLICA_ASSERT("is-log-entry",
                   install_.active || head <= commit_max_ || journal_.header(head) == nullptr ||
                       journal_.header(head)->view <= log_view_);
    REPLICA_ASSERT("is-view-began", status_ != Status::Normal || view_began_at_ <= head);
    REPLICA_ASSERT("is-log-op", wanted_.log_end != open_end || wanted_.log_op <= head);
    REPLICA_ASSERT("is-timestamp",
                   status_ != Status::Normal || !leads() || journal_.header(head) == nullptr ||
                       last_timestamp_ >= journal_.header(head)->timestamp);
}

void Replica::Core::check_status() const {
    const bool normal = status_ == Status::Normal;
    REPLICA_ASSERT("is-booted", status_ != Status::Booting);
    REPLICA_ASSERT("is-normal", !normal || log_view_ == view_);
    REPLICA_ASSERT("is-normal-durable", !normal || spoken_view() == view_);
    REPLICA_ASSERT("is-normal-whole", !normal || !install_.active);
    REPLICA_ASSERT("is-normal-member", !normal || is_voter() || membership_.listens(config_.self));
    REPLICA_ASSERT("is-normal-head", !normal || !head_uncertain());
    REPLICA_ASSERT("is-recovering",
                   status_ != Status::Recovering || wanted_.recovering == 1 || install_.storing);
    REPLICA_ASSERT("is-not-recovering", !normal || durable().recovering == 0);
    REPLICA_ASSERT("is-syncing", (status_ == Status::Syncing) <= sync_.active);
    REPLICA_ASSERT("is-sync-apart", !sync_.active || !install_.active);
    REPLICA_ASSERT("is-sync-status",
                   !sync_.active || status_ == Status::Syncing || status_ == Status::Recovering);
    REPLICA_ASSERT("is-told", told_ == 0 || told_ <= acknowledgeable() || !normal);
    REPLICA_ASSERT("is-abdicated", !abdicated_ || is_normal_primary());
    REPLICA_ASSERT("is-abdicated-wishing", !abdicated_ || candidate_ > view_);
    REPLICA_ASSERT("is-proposing", queue_.waiting() == 0 || is_normal_primary());
    REPLICA_ASSERT("is-serving", queue_.in_pipeline() == 0 || is_normal_primary());
    REPLICA_ASSERT("is-retired", status_ != Status::Retired || !is_voter());
    REPLICA_ASSERT("is-claim", claimed_head_ == 0); // of planted bugs, as stale_above_
    REPLICA_ASSERT("is-stale", stale_above_ == 0);
    REPLICA_ASSERT("is-promise", promised_until_ <= now_ + config_.timeouts.lease);
    REPLICA_ASSERT("is-heard", heard_primary_ <= now_);
    REPLICA_ASSERT("is-beat", heartbeat_sent_ <= now_);
    REPLICA_ASSERT("is-scratch", scratch_.size() == config_.limits.message_bytes);
    REPLICA_ASSERT("is-result", result_.size() == config_.limits.request_bytes);
    REPLICA_ASSERT("is-pipeline",
                   !is_normal_primary() ||
                       journal_.head() - commit_max_ <= std::uint64_t{config_.limits.pipeline} + 1);
}

void Replica::Core::check_view_change() const {
    for (std::size_t index = 0; index < votes_.size(); ++index) {
        const Vote& vote = votes_[index];
        if (!vote.valid) {
            continue;
        }
        const Header& header = vote.header;
        REPLICA_ASSERT("is-vote-counted", leads());
        REPLICA_ASSERT("is-vote-voter", index < membership_.voter_count);
        REPLICA_ASSERT("is-vote-place", header.replica == membership_.voters[index]);
        REPLICA_ASSERT("is-vote-view", header.view == view_);
        REPLICA_ASSERT("is-vote-older", header.log_view < header.view);
        REPLICA_ASSERT("is-vote-commit", header.commit <= header.op);
        REPLICA_ASSERT("is-vote-suffix", vote.slots.size() == header.op - header.commit);
        REPLICA_ASSERT("is-vote-count", vote.slots.size() == header.count);
        for (std::size_t slot = 0; slot < vote.slots.size(); ++slot) {
            const Op op = vote.slots[slot].header.op;
            REPLICA_ASSERT("is-vote-slot", op == 0 || op == header.commit + 1 + slot);
        }
        REPLICA_ASSERT("is-vote-head",
                       vote.slots.empty() || vote.slots.back().header.op == 0 ||
                           vote.slots.back().header.checksum == header.parent);
        REPLICA_ASSERT("is-vote-own",
                       header.replica != config_.self ||
                           header.incarnation == durable().incarnation);
        REPLICA_ASSERT("is-vote-doubt", header.flags == 0 ? header.to == 0 : header.to > header.op);
    }
    REPLICA_ASSERT("is-suffix", suffix_.size() <= most_suffix(config_.limits));
    // Nothing grows after the start.
    REPLICA_ASSERT("is-suffix-room", suffix_.capacity() >= most_suffix(config_.limits));
    REPLICA_ASSERT("is-vote-room", std::ranges::all_of(votes_, [&](const Vote& vote) {
                       return vote.slots.capacity() >= most_suffix(config_.limits);
                   }));
    REPLICA_ASSERT("is-vote-waiting", !vote_waits_ || status_ != Status::Normal);
    REPLICA_ASSERT("is-vote-due", !vote_waits_ || log_view_ < view_);
    REPLICA_ASSERT("is-candidate-voter", candidate_ == View{} || (is_voter() && may_vote()));
    REPLICA_ASSERT("is-voting", then_ != Then::DoViewChange || status_ != Status::Normal);
    REPLICA_ASSERT("is-voting-higher", then_ != Then::DoViewChange || log_view_ < view_);
    REPLICA_ASSERT("is-recovering-again", then_ != Then::Recover || status_ == Status::Recovering);
    REPLICA_ASSERT("is-entered", then_ != Then::EnterAfterBoot);
}

void Replica::Core::check_install() const {
    const Install& install = install_;
    REPLICA_ASSERT("is-storing", !install.storing || install.active);
    REPLICA_ASSERT("is-beginning", then_ != Then::BeginView || install.storing);
    if (!install.active) {
        return;
    }
    REPLICA_ASSERT("is-install-status",
                   status_ == Status::ViewChange || status_ == Status::RecoveringHead ||
                       status_ == Status::Recovering);
    REPLICA_ASSERT("is-install-view", install.view == view_ || install.storing);
    REPLICA_ASSERT("is-install-next", install.next <= install.op + 1);
    REPLICA_ASSERT("is-install-commit", install.commit <= install.op);
    REPLICA_ASSERT("is-install-executed", install.op >= commit_min_);
    REPLICA_ASSERT("is-install-leads",
                   !install.as_primary || membership_.primary(install.view) == config_.self);
    REPLICA_ASSERT("is-install-donor",
                   install.donor <= max_replica_id &&
                       (install.donor != config_.self || install.as_primary));
    REPLICA_ASSERT("is-install-suffix", suffix_.size() <= install.op);
    REPLICA_ASSERT("is-install-member", install.membership.epoch == install.view.epoch());
    REPLICA_ASSERT("is-install-began", install.began <= now_);
    REPLICA_ASSERT("is-install-kept",
                   install.kept < install.next || install.kept == std::numeric_limits<Op>::max());
    REPLICA_ASSERT("is-install-lowered",
                   install.lowered_at == 0 || install.storing || wanted_.log_end != open_end);
    REPLICA_ASSERT("is-install-here", install.next <= journal_.head() + 1);
    REPLICA_ASSERT("is-install-whole", !install.storing || install.next == install.op + 1);
    const Checksum* end = journal_.checksum_at(install.op);
    REPLICA_ASSERT("is-install-right",
                   install.next <= install.op || end == nullptr || *end == install.checksum);
    REPLICA_ASSERT("is-install-older", !install.as_primary || install.log_view < install.view);
    REPLICA_ASSERT("is-install-durable", !install.storing || journal_.durable() >= install.op);
    REPLICA_ASSERT("is-install-end", !install.storing || journal_.head() == install.op);
    const Op before = install.op - suffix_.size();
    for (std::size_t index = 0; index < suffix_.size(); ++index) {
        const Header& entry = suffix_[index];
        REPLICA_ASSERT("is-suffix-op", entry.op == 0 || entry.op == before + 1 + index);
        REPLICA_ASSERT("is-suffix-chain",
                       entry.op == 0 || index == 0 || suffix_[index - 1].op == 0 ||
                           entry.parent == suffix_[index - 1].checksum);
    }
}

void Replica::Core::check_members() const {
    REPLICA_ASSERT("is-membership", !membership_known() || membership_.well_formed());
    REPLICA_ASSERT("is-epoch", membership_.epoch <= view_.epoch() || status_ == Status::Retired);
    REPLICA_ASSERT("is-normal-epoch",
                   status_ != Status::Normal || membership_.epoch == view_.epoch());
    REPLICA_ASSERT("is-epoch-begun",
                   membership_.began_at <= commit_max_ || status_ != Status::Normal);
    REPLICA_ASSERT("is-decided",
                   decided_.membership.epoch == 0 || decided_.membership.well_formed());
    REPLICA_ASSERT("is-decided-at", decided_.membership.began_at <= commit_min_);
    REPLICA_ASSERT("is-decided-begun",
                   (decided_.membership.epoch == 0) == (decided_.membership.began_at == 0));
    REPLICA_ASSERT("is-decided-view",
                   decided_.membership.epoch == 0 ||
                       decided_.membership.first_view < decided_.membership.voter_count);
    REPLICA_ASSERT("is-first-epoch", membership_.epoch > 0 || membership_.began_at == 0);
    REPLICA_ASSERT("is-decided-next",
                   decided_.membership.epoch <= membership_.epoch + 1 || sync_.active ||
                       status_ != Status::Normal);
    REPLICA_ASSERT("is-release", decided_.release <= config_.release);
    REPLICA_ASSERT("is-release-durable",
                   wanted_.release_active <= decided_.release || sync_.storing);
    REPLICA_ASSERT("is-release-known", decided_.release >= oldest_release);
    REPLICA_ASSERT("is-first-view",
                   membership_.epoch != view_.epoch() || view_.number() >= membership_.first_view);
    REPLICA_ASSERT("is-wanted-members",
                   wanted_.membership.epoch <= membership_.epoch || sync_.storing);
    REPLICA_ASSERT("is-epoch-entered",
                   status_ != Status::Normal || decided_.membership.epoch <= membership_.epoch);
}

void Replica::Core::check_peers() const {
    const bool primary_now = is_normal_primary();
    for (ReplicaId id = 1; id <= max_replica_id; ++id) {
        const Peer& peer = peers_[id];
        REPLICA_ASSERT("is-acknowledged", !primary_now || peer.acknowledged <= journal_.head());
        REPLICA_ASSERT("is-acknowledger",
                       !primary_now || peer.acknowledged == 0 || membership_.votes(id) ||
                           membership_.listens(id));
        REPLICA_ASSERT("is-echo", peer.echoed <= now_);
        REPLICA_ASSERT("is-answered", peer.answered <= now_);
        REPLICA_ASSERT("is-wish", peer.wanted_at <= now_);
        REPLICA_ASSERT("is-latency", peer.latency >= 0);
        REPLICA_ASSERT("is-asker", peer.recovering == 0 || others_recover_);
        REPLICA_ASSERT("is-heard-peer", peer.heard <= now_);
        REPLICA_ASSERT("is-asked-at", peer.asked_at <= now_);
        REPLICA_ASSERT("is-told-view", peer.told_view <= now_);
        REPLICA_ASSERT("is-peer-release", peer.release <= newest_release);
        REPLICA_ASSERT("is-peer-incarnation", peer.incarnation < end_of_incarnations);
        REPLICA_ASSERT("is-peer-checkpoint",
                       peer.checkpoint_op == 0 ||
                           has_stated(id, {peer.checkpoint_op, peer.checkpoint_id}));
    }
    REPLICA_ASSERT("is-nobody", peers_[no_replica].incarnation == 0);
    REPLICA_ASSERT("is-nobody-ahead", peers_[no_replica].view == View{});
    REPLICA_ASSERT("is-me", peers_[config_.self].incarnation == 0);
    REPLICA_ASSERT("is-me-unheard", peers_[config_.self].heard == 0);
    REPLICA_ASSERT("is-me-stated", peers_[config_.self].checkpoint_op == 0);
    REPLICA_ASSERT("is-me-wishing", peers_[config_.self].wants == View{}); // it has candidate_
    REPLICA_ASSERT("is-me-asked", peers_[config_.self].asked_at == 0);
    REPLICA_ASSERT("is-own-acknowledgement",
                   !primary_now || peers_[config_.self].acknowledged == told_);
    REPLICA_ASSERT("is-recovery-nonce", status_ != Status::Recovering || recovery_nonce_ != 0);
    REPLICA_ASSERT("is-recovery-answer",
                   recovery_body_.empty() || recovery_header_.flags == flag_primary);
    REPLICA_ASSERT("is-recovery-body",
                   recovery_body_.empty() ||
                       recovery_header_.size == sizeof(Header) + recovery_body_.size());
    REPLICA_ASSERT("is-recovery-members",
                   recovery_body_.empty() || recovery_body_.size() >= sizeof(Membership));
    REPLICA_ASSERT("is-recovery-room", recovery_body_.capacity() >= config_.limits.message_bytes);
    REPLICA_ASSERT("is-answer-waiting", !others_recover_ || durable().lives != wanted_.lives);
    REPLICA_ASSERT("is-turn", turn_ <= max_replica_id);
    REPLICA_ASSERT("is-asked-peer", asked_peer_ <= max_replica_id && asked_peer_ != config_.self);
}

void Replica::Core::check_disk() const {
    const Superblock& disk = durable();
    REPLICA_ASSERT("is-disk-checkpoint", disk.checkpoint_op <= wanted_.checkpoint_op);
    REPLICA_ASSERT("is-disk-area", disk.checkpoint_area <= 1);
    REPLICA_ASSERT("is-disk-self", disk.self == config_.self && disk.cluster == config_.cluster);
    REPLICA_ASSERT("is-disk-sequence", disk.sequence > 0);
    REPLICA_ASSERT("is-disk-limits", disk.limits == config_.limits);
    REPLICA_ASSERT("is-disk-log-end", wanted_.log_end == open_end || wanted_.view > log_view_);
    REPLICA_ASSERT("is-disk-release", disk.release_active <= config_.release);
    REPLICA_ASSERT("is-disk-recovering", disk.recovering >= wanted_.recovering);
    REPLICA_ASSERT("is-disk-checkpoint-due",
                   disk.checkpoint_op % config_.limits.checkpoint_every == 0);
    REPLICA_ASSERT("is-disk-checkpoint-id",
                   (disk.checkpoint_op == 0) == (disk.checkpoint_id == Checksum{}));
    REPLICA_ASSERT("is-disk-executed", disk.checkpoint_op <= commit_min_ || sync_.storing);
    REPLICA_ASSERT("is-disk-parent",
                   disk.checkpoint_op != journal_.checkpoint() ||
                       disk.checkpoint_parent == *journal_.checksum_at(disk.checkpoint_op));
    REPLICA_ASSERT("is-disk-members", disk.membership.epoch <= wanted_.membership.epoch);
    Lives known = wanted_.lives;
    known.learn(disk.lives);
    REPLICA_ASSERT("is-disk-lives", known == wanted_.lives);
    REPLICA_ASSERT("is-ticket", then_ == Then::Nothing || then_ticket_ > superblock_.done());
    REPLICA_ASSERT("is-io", boot_read_ == 0 && next_io_ > 1);
    REPLICA_ASSERT("is-disk-sealed", disk.checksum == checksum_of(disk));
}

void Replica::Core::check_snapshots() const {
    REPLICA_ASSERT("is-checkpointing", checkpointing_ <= commit_min_);
    REPLICA_ASSERT("is-checkpoint-due", checkpointing_ % config_.limits.checkpoint_every == 0);
    REPLICA_ASSERT("is-checkpoint-storing", !checkpoint_storing_ || checkpointing_ != 0);
    REPLICA_ASSERT("is-checkpoint-new",
                   checkpointing_ == 0 || checkpointing_ > journal_.checkpoint());
    REPLICA_ASSERT("is-checkpoint-whole", checkpointing_ == 0 || snapshots_.whole());
    REPLICA_ASSERT("is-checkpoint-op",
                   checkpointing_ == 0 || snapshots_.head().entry.op == checkpointing_);
    REPLICA_ASSERT("is-offered", offered_.op <= durable().checkpoint_op);
    REPLICA_ASSERT("is-sync-storing", !sync_.storing || (sync_.active && sync_.ticket > 0));
    REPLICA_ASSERT("is-sync-gathering", !sync_.gathering || sync_.target.op > 0);
    REPLICA_ASSERT("is-sync-donor", sync_.donor != config_.self && sync_.donor <= max_replica_id);
    REPLICA_ASSERT("is-sync-idle", sync_.active || (!sync_.gathering && !sync_.asked));
    REPLICA_ASSERT("is-sync-began", sync_.began <= now_);
    REPLICA_ASSERT("is-sync-asked", !sync_.asked || sync_.donor != no_replica);
    REPLICA_ASSERT("is-sync-window",
                   !sync_.gathering || !sync_.asked || sync_.asked_to < snapshots_.chunks());
    REPLICA_ASSERT("is-sync-forward",
                   sync_.target.op == 0 || state_damaged_ || sync_.target.op > commit_min_);
    REPLICA_ASSERT("is-damaged", !state_damaged_ || commit_min_ == durable().checkpoint_op);
    REPLICA_ASSERT("is-late-snapshot", late_snapshot_ == 0); // of planted bug B17
    REPLICA_ASSERT("is-offered-id",
                   offered_.op != durable().checkpoint_op ||
                       offered_.id == durable().checkpoint_id);
    REPLICA_ASSERT("is-snapshot-whole", snapshots_.stored() <= snapshots_.whole());
    REPLICA_ASSERT("is-snapshot-waited-for",
                   snapshots_.phase() == SnapshotStore::Phase::Idle || checkpointing_ != 0 ||
                       sync_.gathering);
    REPLICA_ASSERT("is-snapshot-named",
                   !snapshots_.stored() || checkpointing_ != 0 || sync_.active ||
                       snapshots_.id() == durable().checkpoint_id);
    REPLICA_ASSERT("is-checkpoint-taken",
                   checkpointing_ != 0 || sync_.storing ||
                       journal_.checkpoint() == durable().checkpoint_op);
    REPLICA_ASSERT("is-snapshot-area",
                   snapshots_.phase() == SnapshotStore::Phase::Idle ||
                       snapshots_.area() != durable().checkpoint_area);
    REPLICA_ASSERT("is-digest", figures_.digest_op <= commit_min_);
    REPLICA_ASSERT("is-damaged-fetched",
                   !state_damaged_ || sync_.active || status_ == Status::Recovering ||
                       status_ == Status::Retired);
    REPLICA_ASSERT("is-checkpoint-apart", checkpointing_ == 0 || !sync_.gathering);
    REPLICA_ASSERT("is-checkpoint-wanted",
                   !checkpoint_storing_ || wanted_.checkpoint_op == checkpointing_);
    REPLICA_ASSERT("is-sync-wanted", !sync_.storing || wanted_.checkpoint_op == sync_.target.op);
    REPLICA_ASSERT("is-sync-over",
                   sync_.active || (sync_.target.op == 0 && sync_.donor == no_replica));
}

/// Whoever waits is woken: no state is without a way out.
void Replica::Core::check_timers() const {
    const bool normal = status_ == Status::Normal;
    REPLICA_ASSERT("is-pinging", armed(Timer::Ping));
    REPLICA_ASSERT("is-scrubbing", armed(Timer::Scrub));
    REPLICA_ASSERT("is-beating", !is_normal_primary() || abdicated_ || armed(Timer::Heartbeat));
    REPLICA_ASSERT("is-watching-quorum", !is_normal_primary() || armed(Timer::Abdicate));
    REPLICA_ASSERT("is-watching-primary", !normal || leads() || armed(Timer::PrimarySilent));
    REPLICA_ASSERT("is-calling",
                   status_ != Status::ViewChange || armed(Timer::ViewChange) ||
                       armed(Timer::GetView) || install_.active);
    REPLICA_ASSERT("is-asking-view",
                   status_ != Status::RecoveringHead || armed(Timer::GetView) ||
                       armed(Timer::ViewChange));
    REPLICA_ASSERT("is-asking-others",
                   status_ != Status::Recovering || armed(Timer::Recovery) || sync_.active ||
                       then_ != Then::Nothing);
    REPLICA_ASSERT("is-wishing", candidate_ == View{} || armed(Timer::ViewChangeMessage));
    REPLICA_ASSERT("is-flushing", journal_.clean() || armed(Timer::IdleFlush));
    REPLICA_ASSERT("is-idle-primary", !is_normal_primary() || !armed(Timer::PrimarySilent));
    REPLICA_ASSERT("is-watching-donor", !sync_.active || sync_.storing || armed(Timer::Sync));
    REPLICA_ASSERT("is-watching-nobody", sync_.active || !armed(Timer::Sync));
    REPLICA_ASSERT("is-abdicated-silent", !abdicated_ || !armed(Timer::Heartbeat));
    REPLICA_ASSERT("is-silent-backup", !normal || leads() || !armed(Timer::Heartbeat));
    REPLICA_ASSERT("is-backup-staying", !normal || leads() || !armed(Timer::Abdicate));
    REPLICA_ASSERT("is-timer", armed_ >> timer_count == 0);
    REPLICA_ASSERT("is-normal-quiet", !normal || !armed(Timer::ViewChange));
    const bool works = armed(Timer::Prepare) || armed(Timer::Heartbeat) ||
                       armed(Timer::PrimarySilent) || armed(Timer::Abdicate);
    REPLICA_ASSERT("is-idle-outside", normal || !works);
    const bool repairs = normal || changes_view() || status_ == Status::Recovering;
    REPLICA_ASSERT("is-fetching",
                   !repairs || armed(Timer::Repair) ||
                       (missing().from == 0 && journal_.faulty() == 0));
    REPLICA_ASSERT("is-asking", asked_to_ == 0 || armed(Timer::Repair));
    REPLICA_ASSERT("is-failing", repair_failures_ == 0 || armed(Timer::Repair));
    for (std::size_t index = 0; index < timer_count; ++index) {
        REPLICA_ASSERT("is-timer-started",
                       !armed(static_cast<Timer>(index)) || generation_[index] > 0);
    }
}

} // namespace faultlab::replica
