#pragma once

#include "replica/core/assert.hpp"
#include "replica/core/types.hpp"

#include <algorithm>
#include <limits>

namespace faultlab::replica {

/// How many disks each replica has lost, by id: what it promised before it lost the last one holds
/// no longer, since it does not remember it. (Crash vectors: Michael, Ports, Sharma and Szekeres,
/// "Recovering Shared Objects Without Stable Storage", DISC 2017; theirs count every crash, these
/// only crashes that lost the disk.) Trivially copyable: stored and sent as it lies in memory.
/// Ids are those of replicas, 1 … max_replica_id; incarnations are below end_of_incarnations.
struct Lives {
    std::array<std::uint16_t, std::size_t{max_replica_id} + 1> lost{}; ///< [0] is always 0

    /// Numbers of incarnations: the starts of one life in the lower half, the life in the upper.
    [[nodiscard]] static constexpr std::uint64_t of(std::uint64_t incarnation) {
        return incarnation >> 32U;
    }
    /// First incarnation of the life after the one that `incarnation` belongs to.
    [[nodiscard]] static constexpr std::uint64_t next(std::uint64_t incarnation) {
        return (of(incarnation) + 1) << 32U;
    }
    /// Whether this incarnation of the replica forgot nothing that is known to be forgotten.
    [[nodiscard]] bool hold(ReplicaId id, std::uint64_t incarnation) const {
        REPLICA_ASSERT("lives-of-whom", id != no_replica && id <= max_replica_id);
        return of(incarnation) >= lost[id];
    }
    void learn(ReplicaId id, std::uint64_t incarnation) {
        REPLICA_ASSERT("lives-learned-of-whom", id != no_replica && id <= max_replica_id);
        REPLICA_ASSERT("lives-fit", of(incarnation) <= std::numeric_limits<std::uint16_t>::max());
        lost[id] = std::max(lost[id], static_cast<std::uint16_t>(of(incarnation)));
    }
    void learn(const Lives& other) {
        REPLICA_ASSERT("lives-of-nobody", other.lost[no_replica] == 0);
        for (std::size_t id = 0; id < lost.size(); ++id) {
            lost[id] = std::max(lost[id], other.lost[id]);
        }
    }
    friend bool operator==(const Lives&, const Lives&) = default;
};
static_assert(sizeof(Lives) == 32);

/// Above every incarnation: a replica cannot lose more disks than fit.
constexpr std::uint64_t end_of_incarnations = std::uint64_t{1} << 48U;

} // namespace faultlab::replica
