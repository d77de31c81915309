#pragma once

#include "replica/core/assert.hpp"
#include "replica/core/types.hpp"

namespace faultlab::replica {

/// Who votes, and who only listens, in one epoch. Trivially copyable: it is stored and sent as it
/// lies in memory.
struct Membership {
    std::uint32_t epoch = 0;
    std::uint32_t first_view = 0; ///< number of the view with which the epoch begins
    Op began_at = 0;              ///< the config op that made it; 0: formatted so
    std::uint8_t voter_count = 0;
    std::uint8_t standby_count = 0;
    std::array<ReplicaId, max_voters> voters{};
    std::array<ReplicaId, max_standbys> standbys{};
    std::array<std::uint8_t, 7> reserved{};

    [[nodiscard]] bool votes(ReplicaId id) const;
    [[nodiscard]] bool listens(ReplicaId id) const; ///< is a standby
    /// Requires: voter_count > 0.
    [[nodiscard]] ReplicaId primary(View view) const { return voters[view.number() % voter_count]; }
    /// Between 1 and 7 voters, all ids valid and different, counts in range, rest zero.
    [[nodiscard]] bool well_formed() const;

    friend bool operator==(const Membership&, const Membership&) = default;
};
static_assert(sizeof(Membership) == 40);

/// Sizes of quorums for n voters: replication × view change intersect, and so do two view changes;
/// a nack quorum proves that no replication quorum can have acknowledged an entry.
/// n: replication/view change/nack: 1: 1/1/1, 2: 2/2/1, 3: 2/2/2, 4: 2/3/3, 5: 3/3/3, 6: 3/4/4,
/// 7: 4/4/4.
struct Quorums {
    std::uint8_t replication = 0;
    std::uint8_t view_change = 0;
    std::uint8_t nack = 0;
    [[nodiscard]] static Quorums of(std::size_t voters);
};

} // namespace faultlab::replica
