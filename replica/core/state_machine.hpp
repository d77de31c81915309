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
    explicit StateMachine(const Limits& limits);
    ~StateMachine();
    StateMachine(const StateMachine&) = delete;
    StateMachine& operator=(const StateMachine&) = delete;

    /// Applies one operation of the key-value kinds and writes the encoded result (at most
    /// limits.request_bytes) to `result`; returns its size. Requires: the body's code is none of
    /// Register, Reconfigure, Upgrade. `release` is the active one.
    std::size_t apply(Bytes body, std::uint32_t release, std::span<std::byte> result, BugSet& bugs);
    /// Whether the operation only reads: such a one may be served under a lease.
    [[nodiscard]] static bool only_reads(Bytes body);
    /// As apply, for operations that only read, without changing anything.
    std::size_t query(Bytes body, std::uint32_t release, std::span<std::byte> result) const;

    /// Of keys and values: a sum over entries, kept up to date by every change (O(1)).
    [[nodiscard]] Checksum digest() const;
    [[nodiscard]] std::size_t entries() const;

    void clear();
    /// In key order, so that equal states have equal bytes.
    void save(SnapshotWriter& out) const;
    /// Replaces everything; false when the bytes are no state (then it is empty).
    bool load(SnapshotReader& in);

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace faultlab::replica
