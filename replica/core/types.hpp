#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

/// The vocabulary of the replicated store. Everything in replica/core is sans-I/O: no clock,
/// thread, socket, file or randomness of its own, no unordered iteration, no heap growth after
/// start.
namespace faultlab::replica {

using Nanos = std::int64_t; ///< since an origin that the shell chose
using Bytes = std::span<const std::byte>;

/// Number of a log entry. 0 is the root, which every formatted replica holds; the first prepare of
/// a cluster has op 1.
using Op = std::uint64_t;
/// No log gets that far; whoever names an op above it lies. Sums of ops below never go round.
constexpr Op most_op = Op{1} << 62U;

/// Identity of a replica for its whole life: 1…15. 0 means none. The order of ids says nothing:
/// who leads a view is a matter of the membership.
using ReplicaId = std::uint8_t;
constexpr ReplicaId no_replica = 0;
constexpr ReplicaId max_replica_id = 15;
constexpr std::size_t max_voters = 7;
constexpr std::size_t max_standbys = 8;

using ClientId = std::uint64_t;      ///< drawn at random by the client; 0 means none
using SessionId = std::uint64_t;     ///< the op that registered the session; 0 means none
using RequestNumber = std::uint64_t; ///< 1, 2, 3, … within a session; 0 is the registration

/// Views of all epochs in one total order: the epoch in the upper half, the number within the epoch
/// in the lower. An epoch begins with a new membership, and at the view that its config op names.
struct View {
    std::uint64_t value = 0;

    [[nodiscard]] static constexpr View of(std::uint32_t epoch, std::uint32_t number) {
        return View{(std::uint64_t{epoch} << 32U) | number};
    }
    [[nodiscard]] constexpr std::uint32_t epoch() const {
        return static_cast<std::uint32_t>(value >> 32U);
    }
    [[nodiscard]] constexpr std::uint32_t number() const {
        return static_cast<std::uint32_t>(value);
    }
    /// The next view of the same epoch.
    [[nodiscard]] constexpr View next() const { return View{value + 1}; }

    friend constexpr auto operator<=>(const View&, const View&) = default;
};

/// What a replica does now. Only a Normal voter acknowledges prepares.
enum class Status : std::uint8_t {
    Booting,        ///< reads its disk
    Normal,         ///< its log is a prefix of the log of its view
    ViewChange,     ///< takes no part in the old view and has not installed the new one
    Recovering,     ///< lost its disk: asks the others before it takes part in anything
    RecoveringHead, ///< as ViewChange, but cannot tell where its log ends
    Syncing,        ///< fetches a snapshot: the log that it needs is gone elsewhere
    Retired,        ///< a later epoch goes on without it; it still serves repair
    Halted,         ///< stopped for good, with a reason
};
[[nodiscard]] const char* name(Status status);

enum class Role : std::uint8_t { Backup, Primary, Standby };
[[nodiscard]] const char* name(Role role);

} // namespace faultlab::replica
