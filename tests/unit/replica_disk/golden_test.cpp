#include "replica/core/layout.hpp"
#include "replica/core/snapshot_manifest.hpp"
#include "replica/core/superblock.hpp"
#include "tests/unit/replica_protocol/golden.hpp"

// Each rule of the disk side, kept and broken: see golden.hpp.
namespace faultlab::simulator {
namespace {

void all_lose_power(World& world) {
    for (ReplicaId id = 1; id <= world.size(); ++id) {
        world.power_cut(id);
    }
    for (ReplicaId id = 1; id <= world.size(); ++id) {
        world.start(id);
    }
}

std::string read_back(World& world) {
    begin(world, 0, read_op(0));
    return idle(world, 0, 3 * s) ? "" : "no answer";
}

/// Enough for a checkpoint and more. Writes with no REQUIRE: a broken cluster may not answer.
bool load(World& world, int count) {
    for (int i = 0; i < count; ++i) {
        begin(world, 0, write_op(0, Value(i)));
        if (!idle(world, 0, 1 * s)) return false;
    }
    return true;
}

/// An entry that 1 and 2 committed rots at 2; then 1 is gone, and 3 has nothing.
std::string rotten_entry(World& world) {
    if (!load(world, 5)) return "no load";
    settle(world);
    isolate(world, {3});
    begin(world, 0, write_op(0, "a"));
    if (!idle(world, 0, 1 * s)) return "a";
    world.run_for(50 * ms); // its header is durable
    const Op op = world.telemetry(2).head;
    world.crash(1);
    world.crash(2);
    const Limits& limits = world.limits();
    world.disk(2).rot(Zone::Prepares, op % limits.slots * limits.message_bytes, sector_bytes);
    world.network().heal_cuts();
    world.start(2);
    world.run_for(1 * s); // 2 and 3 must not decide without it
    world.start(1);
    return read_back(world);
}

/// The copies of 2's superblock: the first was written long ago and never since.
std::string old_copy(World& world) {
    const Bytes before = world.disk(2).content(Zone::Superblock).first(superblock_bytes);
    const std::vector<std::byte> old(before.begin(), before.end());
    if (!load(world, 20)) return "no load";
    world.crash(1); // so that the view rises
    if (!load(world, 5)) return "no load in the next view";
    world.start(1);
    if (!converges(world)) return "no common log";
    world.crash(2);
    const Bytes now = world.disk(2).content(Zone::Superblock);
    std::vector<std::byte> zone(now.begin(), now.end());
    std::ranges::copy(old, zone.begin());
    world.disk(2).format(Zone::Superblock, zone);
    world.start(2);
    if (!converges(world)) return "no common log after the restart";
    return read_back(world);
}

/// Checkpoints under load, then all restart from them.
std::string restart_under_load(World& world) {
    for (std::uint32_t i = 0; i < world.client_count(); ++i) {
        world.client(i).set_workload(registers(4, i));
    }
    world.run_for(300 * ms);
    all_lose_power(world);
    world.run_for(300 * ms);
    for (std::uint32_t i = 0; i < world.client_count(); ++i) {
        world.client(i).set_workload({});
    }
    return converges(world) ? "" : "no common state";
}

/// 3 is away for less than the ring; whoever dropped all that a checkpoint covers has nothing for
/// it, and no two of the others have the same checkpoint while 2 writes its own slowly.
std::string slow_follower(World& world) {
    if (!load(world, 8)) return "no load";
    settle(world);
    isolate(world, {3});
    if (!load(world, 14)) return "no load without 3";
    world.network().drop_if(is(Command::Snapshot)); // its log is all that it needs
    world.network().drop_if(is(Command::GetSnapshot));
    world.network().heal_cuts();
    return converges(world, 2 * s) ? "" : "3 does not come back";
}

/// The disks take long for snapshots, and the power fails before they are there.
std::string slow_snapshots(World& world) {
    if (!load(world, 8)) return "no load";
    for (const ReplicaId id : ids({1, 2, 3})) {
        world.disk(id).stall(Zone::Snapshot, world.now() + 1 * s);
    }
    if (!load(world, 8)) return "no load with slow snapshots";
    all_lose_power(world);
    return read_back(world);
}

/// The answer to a read is lost, and a checkpoint keeps it. It rots at 2, which then leads.
std::string rotten_reply(World& world) {
    begin(world, 0, write_op(0, Value(std::string(200, 'a'))));
    if (!idle(world, 0, 1 * s)) return "no value";
    open_session(world, 1);
    const auto lost = world.network().drop_if(is(Command::Reply) && to(world.client_endpoint(0)));
    begin(world, 0, read_op(0));
    world.run_for(20 * ms);
    attach(world, 0, {});
    for (int i = 0; i < 14; ++i) {
        begin(world, 1, write_op(1, Value(i)));
        if (!idle(world, 1, 1 * s)) return "no load";
    }
    if (!converges(world)) return "no common log";
    for (const ReplicaId id : ids({1, 2, 3})) {
        world.crash(id);
    }
    for (std::uint32_t area = 0; area < 2; ++area) {
        const Limits& limits = world.limits();
        world.disk(2).rot(Zone::Snapshot,
                          area * area_bytes(limits) + manifest_bytes(limits) + 128,
                          200); // of the two sessions, mostly the long answer
    }
    for (const ReplicaId id : ids({1, 2, 3})) {
        world.start(id);
    }
    if (!converges(world)) return "no common log after the restart";
    world.network().remove(lost);
    attach(world, 0, {1, 2, 3});
    return idle(world, 0, 3 * s) ? "" : "no answer";
}

/// All are killed at once; their disks have everything.
std::string all_crash(World& world) {
    if (!load(world, 5)) return "no load";
    settle(world);
    all_lose_power(world);
    // A client whose session is forgotten is told so once, and registers with its next operation.
    (void)read_back(world);
    return read_back(world);
}

/// 3 lags. 1 says that its checkpoint is another than it is, and hands that out.
std::string forged_checkpoint(World& world) {
    for (std::int64_t i = 0; i < 3; ++i) {
        begin(world, 0, write_op(Value(i), "aaaaaaaa"));
    }
    if (!idle(world, 0, 1 * s)) return "no values";
    settle(world);
    isolate(world, {3});
    attach(world, 0, {1, 2});
    for (int i = 0; i < 60; ++i) {
        begin(world, 0, write_op(100, Value(i)));
        if (!idle(world, 0, 1 * s)) return "no load without 3";
    }
    world.run_for(50 * ms);
    // The forgery: every "a" of the values is a "b".
    const Limits& limits = world.limits();
    const Telemetry donor = world.telemetry(1);
    const Bytes zone = world.disk(1).content(Zone::Snapshot);
    std::vector<std::byte> image;
    ManifestHead head;
    for (std::uint32_t area = 0; area < 2; ++area) {
        const Bytes at = zone.subspan(area * area_bytes(limits));
        std::memcpy(&head, at.data(), sizeof head);
        if (head.entry.op != donor.checkpoint) continue;
        const Bytes right = at.subspan(manifest_bytes(limits), head.bytes);
        image.assign(right.begin(), right.end());
        break;
    }
    if (image.empty() || image.size() > chunk_bytes(limits)) return "a snapshot of one chunk";
    for (std::size_t i = 0; i + 8 <= image.size(); ++i) {
        const auto end = image.begin() + static_cast<std::ptrdiff_t>(i + 8);
        if (std::all_of(end - 8, end, [](std::byte b) { return b == std::byte{'a'}; })) {
            std::fill(end - 8, end, std::byte{'b'});
        }
    }
    const Checksum of_chunk = checksum(image);
    std::vector<std::byte> manifest(sizeof head + sizeof of_chunk);
    std::memcpy(manifest.data(), &head, sizeof head);
    std::memcpy(manifest.data() + sizeof head, &of_chunk, sizeof of_chunk);
    const Checksum forged = checksum(manifest);
    const auto names_it = [op = donor.checkpoint](const Packet& packet) {
        return packet.header.checkpoint_op == op && packet.header.command != Command::Prepare;
    };
    world.network().mutate_if(from(1) && names_it, [=](Packet& packet) {
        packet.header.checkpoint_id = forged;
        if (packet.header.command == Command::Snapshot) {
            packet.body = packet.header.flags == 0 ? image : manifest;
        }
        reseal(packet);
    });
    world.network().mutate_if(to(1) && is(Command::GetSnapshot), [=](Packet& packet) {
        packet.header.checkpoint_id = donor.checkpoint_id;
        reseal(packet);
    });
    world.network().heal_cuts();
    world.run_for(1 * s);
    world.network().remove_rules();
    attach(world, 0, {1, 2, 3});
    return converges(world) ? "" : "3 does not come back";
}

} // namespace

TEST_CASE("Golden B3: two copies of a superblock", "[replica_disk]") {
    golden("B3", old_copy);
}
TEST_CASE("Golden B6: a header tells that its entry was there", "[replica_disk]") {
    golden("B6", rotten_entry);
}
TEST_CASE("Golden B12: a checkpoint counts when it is durable", "[replica_disk]") {
    golden("B12", slow_snapshots);
}
TEST_CASE("Golden B13: a damaged answer is none", "[replica_disk]") {
    golden("B13", rotten_reply, {.clients = 2});
}
TEST_CASE("Golden B17: a snapshot has the effect of its ops and no more", "[replica_disk]") {
    golden("B17", restart_under_load, {.clients = 4});
}
TEST_CASE("Golden B18: a checkpoint leaves the log to those who lag", "[replica_disk]") {
    golden("B18", slow_follower);
}
TEST_CASE("Golden V5: a log is not forgotten", "[replica_disk]") {
    golden("V5", all_crash);
}
TEST_CASE("Golden V6: who has its disk asks nobody what it knew", "[replica_disk]") {
    golden("V6", all_crash);
}
TEST_CASE("Golden KM6: a checkpoint is what f + 1 say it is", "[replica_disk]") {
    golden("KM6", forged_checkpoint);
}

} // namespace faultlab::simulator
