// Bytes as operations, results and batches: what decodes must encode to the same bytes, and the
// state machine must answer any body with a result that decodes.

#include "replica/core/operations.hpp"
#include "replica/core/records.hpp"
#include "replica/core/state_machine.hpp"
#include "tests/fuzz/fuzz_input.hpp"

#include <vector>

using namespace faultlab::fuzz;
using namespace faultlab::replica;

namespace {

constexpr Limits limits{.request_bytes = 512, .entries = 16, .value_blocks = 64};

bool is_key_value(OpCode code) {
    return code != OpCode::Register && code != OpCode::Reconfigure && code != OpCode::Upgrade;
}

void check_round_trip(Bytes bytes) {
    const auto operation = decode_operation(bytes);
    if (!operation) return;
    const std::vector<std::byte> again = encode(*operation);
    require(std::ranges::equal(again, bytes));
}

void check_apply(StateMachine& machine, Bytes bytes, std::uint32_t release) {
    if (bytes.empty()) return;
    const auto code = static_cast<OpCode>(bytes.front());
    if (!is_key_value(code)) return;
    BugSet bugs;
    std::vector<std::byte> result(limits.request_bytes);
    std::vector<std::byte> queried(limits.request_bytes);
    const bool reads = StateMachine::only_reads(bytes);
    const Checksum before = machine.digest();
    const std::size_t of_query = reads ? machine.query(bytes, queried) : 0;
    const std::size_t size = machine.apply(bytes, release, result, bugs);
    require(size > 0);
    require(size <= result.size());
    const auto decoded = decode_result(Bytes(result).first(size), code);
    require(decoded.has_value());
    const auto operation = decode_operation(bytes);
    if (!operation) require(decoded->outcome == Outcome::Malformed);
    const bool changes = decoded->outcome == Outcome::Ok && !reads;
    if (!changes) require(machine.digest() == before);
    if (reads)
        require(std::ranges::equal(Bytes(result).first(size), Bytes(queried).first(of_query)));
}

void check_snapshot(const StateMachine& machine) {
    std::vector<std::byte> bytes(64U << 10U);
    SnapshotWriter writer(bytes);
    machine.save(writer);
    require(!writer.overflow());
    StateMachine copy(limits);
    SnapshotReader reader(Bytes(bytes).first(writer.size()));
    require(copy.load(reader));
    require(copy.digest() == machine.digest());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzInput input(data, size);
    StateMachine machine(limits);
    const std::uint32_t release = 1 + input.byte() % 2U;
    while (!input.empty()) {
        const Bytes bytes = input.take_bytes(input.below(limits.request_bytes + 1));
        check_round_trip(bytes);
        check_apply(machine, bytes, release);
        if (!bytes.empty()) {
            static_cast<void>(decode_result(bytes.subspan(1), static_cast<OpCode>(bytes.front())));
        }
        BatchReader batch(bytes);
        std::size_t used = 0;
        while (const auto request = batch.next()) {
            used += batch_bytes(request->operation.size());
        }
        require(used <= bytes.size());
        require(batch.malformed() || used == bytes.size());
        SnapshotReader reader(bytes);
        StateMachine loaded(limits);
        if (!loaded.load(reader)) require(loaded.entries() == 0);
    }
    check_snapshot(machine);
    return 0;
}
