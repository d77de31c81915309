#include "replica/core/core.hpp"
#include "replica/core/format.hpp"

#include <algorithm>

// Inputs, timers, and the start from the disk.
namespace faultlab::replica {

namespace {

/// Whether a replica can have written it.
bool makes_sense(const Superblock& superblock) {
    const bool members =
        superblock.membership.voter_count == 0 || superblock.membership.well_formed();
    return members && superblock.checkpoint_op < most_op && superblock.log_op < most_op &&
           superblock.commit < most_op && superblock.doubt_end < most_op;
}

/// Planted bug V5: the replica kept in memory what it knew, and starts as if it never had.
Superblock without_memory(const Superblock& found) {
    Superblock blank = found;
    blank.view = View::of(found.membership.epoch, found.membership.first_view);
    blank.log_view = blank.view;
    blank.log_op = 0;
    blank.log_head = {};
    blank.log_end = open_end;
    blank.doubt_end = 0;
    blank.commit = 0;
    blank.checkpoint_op = 0;
    blank.checkpoint_id = {};
    blank.checkpoint_parent = root_header(found.cluster).checksum;
    return blank;
}

} // namespace

Replica::Core::Core(const Config& config, const BugSet& bugs)
    : config_(config), bugs_(bugs), journal_(config.limits, bugs_),
      clients_(config.limits, config.self), state_(config.limits, config.self), superblock_(bugs_),
      snapshots_(config.limits, bugs_), queue_(config.limits), tokens_(config.admission),
      scratch_(config.limits.message_bytes), result_(config.limits.request_bytes),
      appended_at_(config.limits.slots), appended_by_(config.limits.slots) {
    REPLICA_ASSERT("core-self", config.self != no_replica && config.self <= max_replica_id);
    REPLICA_ASSERT("core-drift", config.timeouts.clock_drift < 500); // else no lease is left
    REPLICA_ASSERT("core-lease",
                   config.reads != Reads::Lease ||
                       config.timeouts.lease < config.timeouts.primary_silent);
    REPLICA_ASSERT("core-release",
                   config.release >= oldest_release && config.release <= newest_release);
    for (Vote& vote : votes_) {
        vote.slots.reserve(most_suffix(config.limits));
    }
    suffix_.reserve(most_suffix(config.limits));
    recovery_body_.reserve(config.limits.message_bytes);
}

void Replica::Core::step(const Input& input, Effects& effects) {
    if (status_ == Status::Halted) {
        return;
    }
    effects_ = &effects;
    now_ = input.now;
    wall_ = input.wall;
    cause_ = Fact{};
    try {
        dispatch(input);
        settle();
        check_after(input);
    } catch (const AssertionFailed& failure) {
        halt(failure.id());
    }
    report_bugs();
    effects_ = nullptr;
}

void Replica::Core::dispatch(const Input& input) {
    if (const auto* boot = std::get_if<Boot>(&input.what)) {
        on_boot(*boot);
    } else if (const auto* received = std::get_if<Received>(&input.what)) {
        on_message(*received);
    } else if (const auto* rang = std::get_if<Rang>(&input.what)) {
        const auto index = static_cast<std::size_t>(rang->timer);
        REPLICA_ASSERT("rang-timer", index < timer_count);
        if (armed(rang->timer) && generation_[index] == rang->generation) {
            disarm(rang->timer);
            cause_ = Fact{Fact::Kind::Rang, index, rang->generation};
            fact(cause_, Fact{});
            on_timer(rang->timer);
        }
    } else if (const auto* done = std::get_if<IoDone>(&input.what)) {
        on_io(*done);
    } else if (const auto* closed = std::get_if<LinkClosed>(&input.what)) {
        close_link(closed->client_link);
    }
}

// --- start

void Replica::Core::on_boot(const Boot& boot) {
    REPLICA_ASSERT("boot-once", boot_ == BootStage::Off);
    REPLICA_ASSERT("boot-status", status_ == Status::Booting);
    REPLICA_ASSERT("boot-unasked", next_io_ == 1);
    rng_ = Rng(boot.entropy);
    if (boot.recover) {
        start_recovery();
        return;
    }
    boot_ = BootStage::Superblock;
    boot_read_ = next_io_++;
    effects_->read(Zone::Superblock, 0, superblock_copies * superblock_bytes, boot_read_);
}

void Replica::Core::on_superblock_read(const IoDone& done) {
    REPLICA_ASSERT("boot-superblock-stage", boot_ == BootStage::Superblock);
    const auto found =
        done.status == IoStatus::Ok ? open_superblock(done.bytes, bugs_) : std::nullopt;
    if (!found) {
        halt("no superblock of which two copies are valid");
        return;
    }
    if (found->cluster != config_.cluster || found->self != config_.self ||
        found->limits != config_.limits) {
        halt("the superblock is of another cluster, replica or size");
        return;
    }
    if (!makes_sense(*found)) {
        halt("the superblock's membership or ops are impossible");
        return;
    }
    if (found->release_active > config_.release) {
        halt("the active release is newer than this program");
        return;
    }
    if (found->incarnation > 0 && bugs_.changes(Bug::V6, [] { return true; })) {
        start_recovery();
        return;
    }
    superblock_.opened(*found);
    const auto knew_something = [&] { return found->view.value > 0 || found->checkpoint_op > 0; };
    const bool forgets =
        found->incarnation > 0 && bugs_.on(Bug::V5); // fires here, or for the log alone
    wanted_ = forgets ? without_memory(*found) : *found;
    if (forgets) {
        bugs_.changes(Bug::V5, knew_something);
    }
    REPLICA_ASSERT("boot-log-view", wanted_.log_view <= wanted_.view || bugs_.any());
    REPLICA_ASSERT("boot-log-end",
                   wanted_.log_end == open_end || wanted_.log_view < wanted_.view || bugs_.any());
    REPLICA_ASSERT("boot-epoch", wanted_.membership.epoch <= wanted_.view.epoch());
    set_membership(wanted_.membership);
    decided_.release = wanted_.release_active;
    view_ = wanted_.view;
    log_view_ = wanted_.log_view;
    boot_ = BootStage::State;
    load_checkpoint();
}

void Replica::Core::on_state_loaded() {
    REPLICA_ASSERT("boot-state", boot_ == BootStage::State);
    REPLICA_ASSERT("boot-state-op", state_damaged_ || commit_min_ == wanted_.checkpoint_op);
    commit_min_ = wanted_.checkpoint_op;
    commit_max_ = wanted_.checkpoint_op;
    boot_ = BootStage::Log;
    journal_.recover(wanted_, next_io_, *effects_);
    if (journal_.recovered()) {
        on_log_recovered();
    }
}

void Replica::Core::on_log_recovered() {
    REPLICA_ASSERT("boot-log-stage", boot_ == BootStage::Log);
    REPLICA_ASSERT("boot-log-checkpoint", journal_.checkpoint() == wanted_.checkpoint_op);
    REPLICA_ASSERT("boot-start-counted",
                   Lives::of(wanted_.incarnation + 1) == Lives::of(wanted_.incarnation));
    // What was committed in the log that was being installed may be covered by now.
    REPLICA_ASSERT("boot-log-ended",
                   journal_.head() <= std::max(wanted_.log_end, wanted_.checkpoint_op));
    // Every entry says what was committed when it was prepared, and so does the superblock.
    Op known = wanted_.commit;
    for (Op op = journal_.checkpoint() + 1; op <= journal_.head(); ++op) {
        if (const Header* header = journal_.header(op)) {
            known = std::max(known, header->commit);
        }
    }
    commit_max_ = std::max(commit_min_, std::min(known, journal_.head()));
    boot_ = BootStage::Incarnation;
    ++wanted_.incarnation;
    store_then(Then::EnterAfterBoot);
}

void Replica::Core::enter_after_boot() {
    REPLICA_ASSERT("boot-enter-stage", boot_ == BootStage::Incarnation || boot_ == BootStage::Done);
    REPLICA_ASSERT("enter-incarnation", durable().incarnation == wanted_.incarnation);
    REPLICA_ASSERT("enter-view", view_ <= durable().view || bugs_.any());
    REPLICA_ASSERT("enter-install", !install_.active);
    REPLICA_ASSERT("enter-synced", !sync_.active);
    REPLICA_ASSERT("enter-executed", commit_min_ == durable().checkpoint_op);
    boot_ = BootStage::Done;
    promise(); // it may have made one before it restarted
    arm(Timer::Ping, with_jitter(config_.timeouts.ping));
    arm(Timer::Scrub, with_jitter(config_.timeouts.scrub));
    resume();
}

/// Takes its part in the protocol again, as its log and its promises allow.
void Replica::Core::resume() {
    REPLICA_ASSERT("resume-alone", !sync_.active && !install_.active);
    REPLICA_ASSERT("resume-booted", boot_ == BootStage::Done);
    REPLICA_ASSERT("resume-view", log_view_ <= view_);
    REPLICA_ASSERT("resume-from",
                   status_ == Status::Booting || status_ == Status::Syncing ||
                       status_ == Status::Recovering);
    const bool settled = view_ == log_view_;
    if (wanted_.recovering != 0) {
        ask_to_recover();
        return;
    }
    if (view_.epoch() > membership_.epoch) {
        // It has a checkpoint from before the epoch that its view is of.
        set_status(Status::ViewChange);
        ask_for_view();
        return;
    }
    if (!membership_known() || membership_.listens(config_.self)) {
        const bool follows = membership_known() && settled && !head_uncertain();
        set_status(follows                                  ? Status::Normal
                   : membership_known() && head_uncertain() ? Status::RecoveringHead
                                                            : Status::ViewChange);
    } else if (!is_voter()) {
        set_status(Status::Retired);
        return;
    } else if (head_uncertain() || !settled) {
        set_status(head_uncertain() ? Status::RecoveringHead : Status::ViewChange);
        if (!settled) {
            send_do_view_change();
            arm(Timer::ViewChangeMessage, config_.timeouts.view_change_message);
        }
        if (head_uncertain()) {
            ask_for_view(); // one that has it may lead already
        }
        arm(Timer::ViewChange, with_jitter(config_.timeouts.view_change));
        return;
    } else if (leads() && (wanted_.incarnation > 1 || journal_.head() > 0) && !bugs_.on(Bug::V5)) {
        // It may have sent what it does not have any more, and others may have gone on without it.
        set_status(Status::ViewChange);
        arm(Timer::ViewChange, with_jitter(config_.timeouts.view_change));
        want_view(view_.next());
        return;
    } else {
        set_status(Status::Normal);
    }
    if (status_ == Status::Normal) {
        start_normal();
    } else {
        ask_for_view();
    }
}

void Replica::Core::on_io(const IoDone& done) {
    REPLICA_ASSERT("io-asked", done.id != 0 && done.id < next_io_);
    if (done.id == boot_read_) {
        boot_read_ = 0;
        on_superblock_read(done);
        return;
    }
    if (on_snapshot_io(done)) {
        return;
    }
    const bool of_journal = journal_.on_io(done, next_io_, *effects_);
    if (!of_journal) {
        superblock_.on_io(done, next_io_, *effects_);
    }
    if (journal_.failed() || superblock_.failed()) {
        halt("a write or a sync failed: what the disk holds is not known any more");
    } else if (of_journal && boot_ == BootStage::Log && journal_.recovered()) {
        on_log_recovered();
    }
}

// --- every step's end

void Replica::Core::settle() {
    if (status_ == Status::Halted) {
        return;
    }
    run_continuation();
    if (boot_ != BootStage::Done || status_ == Status::Halted) {
        return;
    }
    answer_recoveries();
    advance_install();
    settle_sync();
    settle_checkpoint();
    if (status_ == Status::Halted) {
        return;
    }
    if (vote_waits_ && !install_.active) {
        send_do_view_change();
    }
    acknowledge_progress();
    advance_commit();
    execute();
    settle_membership();
    propose();
    repair();
    journal_.flush(next_io_, *effects_);
    if (!journal_.clean() && !armed(Timer::IdleFlush)) {
        arm(Timer::IdleFlush, config_.timeouts.idle_flush);
    }
}

void Replica::Core::store_then(Then then) {
    REPLICA_ASSERT("then-something", then != Then::Nothing);
    then_ = then;
    then_ticket_ = store_superblock();
}

std::uint64_t Replica::Core::store_superblock() {
    wanted_.commit = commit_max_;
    REPLICA_ASSERT("superblock-checkpoint", wanted_.checkpoint_op <= commit_min_ || sync_.active);
    REPLICA_ASSERT("superblock-view",
                   (wanted_.view >= durable().view && wanted_.view >= wanted_.log_view) ||
                       bugs_.on(Bug::KM7) || bugs_.on(Bug::V5) || bugs_.on(Bug::V6));
    // The next start would refuse it.
    REPLICA_ASSERT("superblock-sense", makes_sense(wanted_));
    REPLICA_ASSERT("superblock-release", wanted_.release_active <= config_.release);
    REPLICA_ASSERT("superblock-epoch", wanted_.membership.epoch <= wanted_.view.epoch());
    return superblock_.store(wanted_, next_io_, *effects_);
}

void Replica::Core::run_continuation() {
    if (then_ == Then::Nothing) {
        return;
    }
    const bool early = superblock_.done() < then_ticket_;
    if (early && !bugs_.changes(Bug::B2, [&] { return then_ != Then::EnterAfterBoot; })) {
        return;
    }
    const Then then = then_;
    then_ = Then::Nothing;
    REPLICA_ASSERT("begin-stored", then != Then::BeginView || install_.storing);
    if (install_.storing) {
        // Whatever was decided since: the log on the disk is the new one's.
        REPLICA_ASSERT("install-stored", early || durable().log_view == install_.view);
        log_view_ = install_.view;
        install_ = {};
        journal_.end_doubt();
    }
    switch (then) {
        case Then::Nothing: return;
        case Then::EnterAfterBoot: enter_after_boot(); return;
        case Then::Recover: ask_to_recover(); return;
        case Then::DoViewChange: send_do_view_change(); return;
        case Then::BeginView: begin_view(); return;
    }
}

// --- timers

void Replica::Core::arm(Timer timer, Nanos delay) {
    const auto index = static_cast<std::size_t>(timer);
    REPLICA_ASSERT("arm-timer", index < timer_count);
    armed_ |= 1U << index;
    effects_->arm(timer, ++generation_[index], std::max<Nanos>(delay, 1));
}

void Replica::Core::disarm(Timer timer) {
    armed_ &= ~(1U << static_cast<unsigned>(timer));
}

Nanos Replica::Core::with_jitter(Nanos delay) {
    REPLICA_ASSERT("jitter-delay", delay > 0);
    return delay + rng_.between(0, std::max<Nanos>(delay / 2, 1));
}

std::uint64_t Replica::Core::fresh_nonce() {
    return rng_.next() | 1U;
}

void Replica::Core::on_timer(Timer timer) {
    REPLICA_ASSERT("timer-rang", !armed(timer));
    REPLICA_ASSERT("timer-booted", boot_ == BootStage::Done);
    const Timeouts& after = config_.timeouts;
    switch (timer) {
        case Timer::Prepare: resend_prepares(); return;
        case Timer::Heartbeat: send_heartbeat(); return;
        case Timer::PrimarySilent: on_primary_silent(); return;
        case Timer::ViewChange: on_view_change_timer(); return;
        case Timer::ViewChangeMessage: on_view_change_message_timer(); return;
        case Timer::GetView:
            if (needs_view()) {
                ask_for_view();
            }
            return;
        case Timer::Repair: return; // settle() repairs
        case Timer::Sync: on_sync_timer(); return;
        case Timer::Ping:
            send_ping();
            arm(Timer::Ping, after.ping);
            return;
        case Timer::Abdicate: abdicate_or_return(); return;
        case Timer::Scrub: on_scrub_timer(); return;
        case Timer::IdleFlush: journal_.flush_headers(next_io_, *effects_); return;
        case Timer::Lease: return; // what waited for it looks at the time
        case Timer::Recovery: on_recovery_timer(); return;
    }
}

// --- what changed

void Replica::Core::halt(std::string_view reason) {
    if (status_ == Status::Halted) {
        return;
    }
    set_status(Status::Halted);
    armed_ = 0;
    effects_->halt(reason);
}

void Replica::Core::set_status(Status status) {
    REPLICA_ASSERT("status-known", status <= Status::Halted);
    REPLICA_ASSERT("status-halted", status_ != Status::Halted); // for good
    REPLICA_ASSERT("status-normal", status != Status::Normal || view_ == log_view_);
    if (status != status_) {
        const Status before = status_;
        status_ = status;
        event(EventKind::StatusChanged,
              static_cast<std::uint64_t>(status),
              static_cast<std::uint64_t>(before));
    }
}

void Replica::Core::event(EventKind kind,
                          std::uint64_t a,
                          std::uint64_t b,
                          const Checksum& checksum) {
    effects_->event(Event{kind, a, b, checksum});
}

void Replica::Core::reject(Reject reason, ReplicaId sender) {
    REPLICA_ASSERT("reject-reason", reason != Reject::None);
    REPLICA_ASSERT("reject-known", static_cast<std::size_t>(reason) < reject_count);
    ++figures_.rejects[static_cast<std::size_t>(reason)];
    ++figures_.rejects_by_sender[std::min(sender, max_replica_id)];
    event(EventKind::Rejected, static_cast<std::uint64_t>(reason), sender);
}

void Replica::Core::report_bugs() {
    if (!bugs_.any()) {
        return;
    }
    for (std::size_t index = 0; index < bug_count; ++index) {
        const auto bug = static_cast<Bug>(index);
        if (bugs_.fired(bug) > 0 && !reported_.on(bug)) {
            reported_.set(bug);
            event(EventKind::BugFired, index, 0);
        }
    }
}

// --- who is who

Quorums Replica::Core::quorums() const {
    REPLICA_ASSERT("quorum-members", membership_known());
    return Quorums::of(membership_.voter_count);
}

void Replica::Core::set_membership(const Membership& membership) {
    REPLICA_ASSERT("membership-epoch", membership.epoch >= membership_.epoch);
    REPLICA_ASSERT("membership-formed", membership.voter_count == 0 || membership.well_formed());
    REPLICA_ASSERT("membership-same",
                   membership.epoch > membership_.epoch || !membership_known() ||
                       membership == membership_);
    if (membership.epoch > membership_.epoch && boot_ == BootStage::Done) {
        event(EventKind::EpochEntered, membership.epoch, membership.began_at);
    }
    membership_ = membership;
}

} // namespace faultlab::replica
