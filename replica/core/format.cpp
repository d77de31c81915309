#include "replica/core/format.hpp"

#include "replica/core/assert.hpp"
#include "replica/core/layout.hpp"
#include "replica/core/superblock.hpp"

namespace faultlab::replica {

std::vector<std::byte> format(const Config& config, const Membership& membership) {
    REPLICA_ASSERT("format.limits", complaint(config.limits) == nullptr);
    REPLICA_ASSERT("format.self", config.self != no_replica && config.self <= max_replica_id);
    REPLICA_ASSERT("format.membership", membership.voter_count == 0 || membership.well_formed());
    REPLICA_ASSERT("format.began", membership.began_at == 0); // no op has made it
    Superblock superblock;
    superblock.sequence = 1;
    superblock.cluster = config.cluster;
    superblock.limits = config.limits;
    superblock.self = config.self;
    superblock.membership = membership;
    superblock.view = View::of(membership.epoch, membership.first_view);
    superblock.log_view = superblock.view;
    superblock.checkpoint_parent = root_header(config.cluster).checksum;
    superblock.checksum = checksum_of(superblock);
    std::vector<std::byte> zone(zone_bytes(config.limits, Zone::Superblock));
    lay_out(superblock, zone);
    return zone;
}

Header root_header(std::uint64_t cluster) {
    Header root;
    root.cluster = cluster;
    root.command = Command::Prepare;
    root.protocol = protocol_version;
    root.release = oldest_release;
    seal(root, {});
    return root;
}

Header vacant_header(std::size_t slot) {
    Header vacant;
    vacant.protocol = protocol_version;
    vacant.op = slot;
    seal(vacant, {});
    return vacant;
}

} // namespace faultlab::replica
