#include "replica/core/core.hpp"

// What a monitor may know at any moment.
namespace faultlab::replica {

Standing Replica::Core::standing() const {
    Standing now_is;
    // Whatever it does to get there: it does not know what it promised.
    const bool recovering = wanted_.recovering != 0 && status_ == Status::Syncing;
    now_is.status = recovering ? Status::Recovering : status_;
    now_is.role = membership_.listens(config_.self) ? Role::Standby
                  : membership_known() && leads()   ? Role::Primary
                                                    : Role::Backup;
    now_is.membership = membership_;
    now_is.release = config_.release;
    now_is.release_active = decided_.release;
    now_is.view = spoken_view(); // what it will never fall below
    now_is.log_view = log_view_;
    now_is.head = journal_.head();
    now_is.commit_min = commit_min_;
    now_is.commit_max = commit_max_;
    now_is.durable = journal_.durable();
    now_is.checkpoint = durable().checkpoint_op;
    now_is.checkpoint_id = durable().checkpoint_id;
    now_is.faulty_slots = static_cast<std::uint32_t>(journal_.faulty());
    now_is.repair_pending = repair_pending();
    return now_is;
}

Telemetry Replica::Core::telemetry(Nanos now) const {
    Telemetry now_is = figures_;
    now_is.cluster = config_.cluster;
    now_is.self = config_.self;
    now_is.primary = primary();
    now_is.incarnation = durable().incarnation;
    now_is.head_checksum = journal_.head_checksum();
    const Standing stands = standing();
    now_is.status = stands.status;
    now_is.role = stands.role;
    now_is.membership = stands.membership;
    now_is.release = stands.release;
    now_is.release_active = stands.release_active;
    now_is.view = stands.view;
    now_is.log_view = stands.log_view;
    now_is.head = stands.head;
    now_is.commit_min = stands.commit_min;
    now_is.commit_max = stands.commit_max;
    now_is.durable = stands.durable;
    now_is.checkpoint = stands.checkpoint;
    now_is.checkpoint_id = stands.checkpoint_id;
    now_is.faulty_slots = stands.faulty_slots;
    now_is.repair_pending = stands.repair_pending;
    if (is_normal_primary()) {
        now_is.pipeline = static_cast<std::uint32_t>(journal_.head() - commit_max_);
        for (std::size_t index = 0; index < membership_.voter_count; ++index) {
            const bool has = peers_[membership_.voters[index]].acknowledged == journal_.head();
            now_is.prepare_ok_bits |= has ? 1U << index : 0U;
        }
    }
    now_is.queue = static_cast<std::uint32_t>(queue_.waiting());
    now_is.admission_tokens = tokens_.tokens(now);
    now_is.sync_target = sync_.target.op;
    now_is.sync_chunks = sync_.gathering ? snapshots_.chunks() : 0;
    now_is.sync_chunks_done = sync_.gathering ? snapshots_.chunks_here() : 0;
    now_is.scrub_tours = journal_.scrub_tours();
    now_is.scrub_found = journal_.scrub_found() + snapshots_.scrub_found();
    now_is.sessions = clients_.size();
    now_is.evictions = clients_.evictions();
    now_is.entries = state_.entries();
    now_is.heartbeat_sent = heartbeat_sent_;
    now_is.heartbeat_received = heard_primary_;
    now_is.timers_armed = armed_;
    now_is.wal_free = journal_.checkpoint() + config_.limits.slots - journal_.head();
    const Nanos lease = lease_until(config_.timeouts.lease);
    now_is.lease_until = now < lease ? lease : 0;
    return now_is;
}

void Replica::Core::fact(const Fact& fact, const Fact& parent) {
    if (effects_->wants_lineage()) {
        const std::size_t parents = parent.kind == Fact::Kind::None ? 0 : 1;
        effects_->lineage(fact, std::span(&parent, parents));
    }
}

std::uint32_t Replica::Core::repair_pending() const {
    const Missing range = missing();
    return range.from == 0 ? 0 : static_cast<std::uint32_t>(range.to - range.from + 1);
}

} // namespace faultlab::replica
