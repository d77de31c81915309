#pragma once

#include "replica/core/bugs.hpp"
#include "replica/core/membership.hpp"
#include "replica/core/types.hpp"
#include "replica/core/validate.hpp"

namespace faultlab::replica {

/// What the rules of the protocol look at after every step.
struct Standing {
    Status status = Status::Booting;
    Role role = Role::Backup;
    Membership membership;
    std::uint32_t release = 0;
    std::uint32_t release_active = 0;
    View view;
    View log_view;
    Op head = 0;
    Op commit_min = 0;
    Op commit_max = 0;
    Op durable = 0;
    Op checkpoint = 0;
    Checksum checkpoint_id;
    std::uint32_t faulty_slots = 0;
    std::uint32_t repair_pending = 0;
};

/// Every gauge and counter of one replica at one moment. Trivially copyable.
struct Telemetry {
    std::uint64_t cluster = 0;
    ReplicaId self = no_replica;
    Status status = Status::Booting;
    Role role = Role::Backup;
    ReplicaId primary = no_replica; ///< of view
    Membership membership;
    std::uint32_t release = 0;
    std::uint32_t release_active = 0;
    std::uint64_t incarnation = 0;
    View view;
    View log_view;
    Op head = 0;
    Checksum head_checksum;
    Op commit_min = 0; ///< applied
    Op commit_max = 0; ///< known to be committed
    Op durable = 0;
    Op checkpoint = 0;
    Checksum checkpoint_id;
    Op digest_op = 0; ///< newest op whose digest was published
    Checksum digest;
    std::uint32_t pipeline = 0;        ///< prepares that are not committed
    std::uint32_t prepare_ok_bits = 0; ///< by voter index: who acknowledged the head
    std::uint32_t queue = 0;
    std::uint64_t admission_tokens = 0;
    std::uint64_t busy_rate = 0;  ///< refused for want of tokens
    std::uint64_t busy_queue = 0; ///< refused because the queue was full
    std::uint64_t nacks_sent = 0;
    std::uint32_t faulty_slots = 0;
    std::uint32_t repair_pending = 0;
    Op sync_target = 0;
    std::uint64_t sync_chunks_done = 0;
    std::uint64_t sync_chunks = 0;
    std::uint64_t sync_failures = 0;
    std::uint64_t sessions = 0;
    std::uint64_t evictions = 0;
    std::uint64_t entries = 0;
    Nanos lease_until = 0; ///< on this replica's monotonic clock; 0: none
    Nanos heartbeat_sent = 0;
    Nanos heartbeat_received = 0;
    Nanos quorum_latency = 0;       ///< of the newest committed op: append to quorum
    std::uint32_t timers_armed = 0; ///< bits by Timer
    std::uint64_t view_changes = 0; ///< views installed since start
    std::uint64_t wal_free = 0;     ///< slots until the log must wait for a checkpoint
    std::uint64_t repaired = 0;
    std::uint64_t repair_bytes = 0;
    std::uint64_t scrub_tours = 0;
    std::uint64_t scrub_found = 0;
    std::uint64_t messages_in = 0;
    std::uint64_t messages_out = 0;
    std::array<std::uint64_t, reject_count> rejects{};
    std::array<std::uint64_t, max_replica_id + 1> rejects_by_sender{};
};

} // namespace faultlab::replica
