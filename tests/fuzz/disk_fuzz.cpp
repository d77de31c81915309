// A replica that is alone wrote a history; then its disk has arbitrary bytes in arbitrary places. A
// start must end: with the entries that were there, or without, but never with others.

#include "replica/core/operations.hpp"
#include "replica/core/superblock.hpp"
#include "tests/fuzz/small_world.hpp"

#include <map>

using namespace faultlab::fuzz;
using namespace faultlab::replica;

namespace {

struct History {
    Disk disk;
    std::map<Op, Checksum> entries; ///< those still in the log
    Op head = 0;
};

const Membership alone{.voter_count = 1, .voters = {1}};

History written() {
    const Config config = small_config(1);
    SmallWorld world(config, formatted(config, alone));
    world.settle_disk();
    const auto ask = [&](SessionId session, RequestNumber number, const Operation& operation) {
        const Request made = request(5, session, number, encode(operation));
        world.step(Received{.message = {made.header, made.body}, .client_link = 1});
        world.settle_disk();
    };
    ask(0, 0, {.code = OpCode::Register});
    for (RequestNumber number = 1; number <= 20; ++number) {
        ask(1, number, {.code = OpCode::Write, .key = number % 5, .value = number});
    }
    world.ring(Timer::IdleFlush);
    world.settle_disk();
    History history{.disk = world.disk(), .head = world.telemetry().head};
    for (Op op = 1; op <= history.head; ++op) {
        if (const Header* header = world.replica().log(op)) history.entries[op] = header->checksum;
    }
    require(world.halted().empty());
    require(history.head > 10);
    return history;
}

/// Overwrites a few places. Whether a superblock was sealed again: no rot does that.
bool damage(Disk& disk, FuzzInput& input) {
    bool forged = false;
    while (!input.empty()) {
        if (input.byte() ==
            255) { // a superblock of the fuzzer's, in all copies, as if it were true
            BugSet bugs;
            auto superblock = open_superblock(disk[0], bugs).value_or(Superblock{});
            std::array<std::byte, sizeof(Superblock)> bytes;
            std::memcpy(bytes.data(), &superblock, sizeof superblock);
            const std::size_t at = input.below(sizeof superblock);
            const Bytes patch = input.take_bytes(std::min<std::size_t>(8, sizeof superblock - at));
            std::ranges::copy(patch, bytes.begin() + static_cast<std::ptrdiff_t>(at));
            std::memcpy(&superblock, bytes.data(), sizeof superblock);
            superblock.checksum = checksum_of(superblock);
            lay_out(superblock, disk[0]);
            forged = true;
            continue;
        }
        std::vector<std::byte>& zone = disk[input.below(disk.size())];
        const std::size_t at = input.below(zone.size());
        const Bytes patch = input.take_bytes(std::min(input.below(64), zone.size() - at));
        std::ranges::copy(patch, zone.begin() + static_cast<std::ptrdiff_t>(at));
    }
    return forged;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const History history = written();
    FuzzInput input(data, size);
    Disk disk = history.disk;
    const bool forged = damage(disk, input);
    SmallWorld world(small_config(1), std::move(disk));
    world.settle_disk();
    for (const Timer timer : {Timer::PrimarySilent, Timer::ViewChange, Timer::Scrub}) {
        world.ring(timer);
        world.settle_disk();
    }
    if (forged) return 0;
    require_no_broken_invariant(world);
    for (const auto& [op, checksum] : history.entries) {
        const Header* header = world.replica().log(op);
        if (header != nullptr) require(header->checksum == checksum);
    }
    return 0;
}
