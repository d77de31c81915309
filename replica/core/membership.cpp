#include "replica/core/membership.hpp"

#include "replica/core/assert.hpp"

#include <algorithm>

namespace faultlab::replica {
namespace {

template <std::size_t Size>
std::span<const ReplicaId> first(const std::array<ReplicaId, Size>& ids, std::size_t count) {
    return std::span(ids).first(std::min(count, Size));
}

template <std::size_t Size>
bool rest_is_zero(const std::array<ReplicaId, Size>& ids, std::size_t count) {
    return std::ranges::all_of(std::span(ids).subspan(count),
                               [](ReplicaId id) { return id == no_replica; });
}

} // namespace

bool Membership::votes(ReplicaId id) const {
    return id != no_replica && std::ranges::count(first(voters, voter_count), id) > 0;
}

bool Membership::listens(ReplicaId id) const {
    return id != no_replica && std::ranges::count(first(standbys, standby_count), id) > 0;
}

bool Membership::well_formed() const {
    if (voter_count < 1 || voter_count > max_voters || standby_count > max_standbys) {
        return false;
    }
    std::array<bool, max_replica_id + 1> seen{};
    seen[no_replica] = true;
    for (const auto ids : {first(voters, voter_count), first(standbys, standby_count)}) {
        for (const ReplicaId id : ids) {
            if (id > max_replica_id || seen[id]) {
                return false;
            }
            seen[id] = true;
        }
    }
    return rest_is_zero(voters, voter_count) && rest_is_zero(standbys, standby_count) &&
           std::ranges::all_of(reserved, [](std::uint8_t byte) { return byte == 0; });
}

Quorums Quorums::of(std::size_t voters) {
    const std::size_t majority = voters / 2 + 1;
    // An even cluster commits with half of its voters; a view change then needs one more. Two
    // voters are the exception: one alone could not survive the loss of the other anyhow.
    const std::size_t replication = voters == 2 ? 2 : (voters + 1) / 2;
    return {static_cast<std::uint8_t>(replication),
            static_cast<std::uint8_t>(majority),
            static_cast<std::uint8_t>(voters - replication + 1)};
}

} // namespace faultlab::replica
