#pragma once

#include "replica/core/config.hpp"
#include "replica/core/message.hpp"

#include <vector>

namespace faultlab::replica {

/// The superblock zone of a replica that has never run; the other zones begin as zeroes of
/// zone_bytes(limits, zone). A replica that joins later is formatted with an empty membership
/// (voter_count 0): it asks its peers. Requires: complaint(config.limits) is null, config.self is
/// the id of a replica, and a membership that is not empty is well-formed.
[[nodiscard]] std::vector<std::byte> format(const Config& config, const Membership& membership);

/// The entry of op 0, the same in every log of the cluster.
[[nodiscard]] Header root_header(std::uint64_t cluster);

/// What stands in the ring of headers for a slot that never held an entry, in a page that was ever
/// written; zeroes in one that was not.
[[nodiscard]] Header vacant_header(std::size_t slot);

} // namespace faultlab::replica
