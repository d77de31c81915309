#pragma once

#include "replica/core/bugs.hpp"
#include "replica/core/checksum.hpp"
#include "replica/core/config.hpp"
#include "replica/core/operations.hpp"
#include "replica/core/snapshot_stream.hpp"

#include <memory>

namespace faultlab::replica {

/// Namespaces of keys in memory of a fixed size: an ordered tree over blocks of 64 bytes, so that
/// whether there is room depends on the contents alone, never on the order of past operations.
/// Deterministic: the same operations give the same results, digest and snapshot on every replica.
class StateMachine {
public:
    /// `salt` stands for what differs between processes, such as the seed of a hash table. Nothing
    /// depends on it, but for planted bug B24. Requires: a result of one value fits request_bytes.
    explicit StateMachine(const Limits& limits, std::uint64_t salt = 0);
    ~StateMachine();
    StateMachine(const StateMachine&) = delete;
    StateMachine& operator=(const StateMachine&) = delete;

    /// Applies one operation of the key-value kinds and writes the encoded result to `result`,
    /// which has limits.request_bytes; returns its size. Requires: the body's code is none of
    /// Register, Reconfigure, Upgrade, and it has at most request_bytes. `release` is the active
    /// one. A transaction sees its own writes; the values that it replaces may together take four
    /// times request_bytes, else it is TooLarge.
    std::size_t apply(Bytes body, std::uint32_t release, std::span<std::byte> result, BugSet& bugs);
    /// Whether the operation only reads: such a one may be served under a lease.
    [[nodiscard]] static bool only_reads(Bytes body);
    /// As apply, for operations that only read, without changing anything.
    std::size_t query(Bytes body, std::span<std::byte> result) const;

    /// Of keys and values: a sum over entries, kept up to date by every change (O(1)).
    [[nodiscard]] Checksum digest() const;
    [[nodiscard]] std::size_t entries() const;
    /// Asserts what is true of it between any two calls.
    void check() const;

    /// The most that `save` can write.
    [[nodiscard]] static std::uint64_t snapshot_bytes(const Limits& limits);
    void clear();
    /// In key order, so that equal states have equal bytes.
    void save(SnapshotWriter& out) const;
    /// Replaces everything; false when the bytes are no state (then it is empty).
    bool load(SnapshotReader& in);

private:
    friend struct StateMachineProbe; ///< tests break invariants from inside
    struct State;                    ///< state_machine_state.hpp
    std::unique_ptr<State> state_;
};

} // namespace faultlab::replica
