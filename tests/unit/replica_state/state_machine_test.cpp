#include "core/rng.hpp"
#include "replica/core/state_machine.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/replica_state/random_operation.hpp"
#include "tests/unit/replica_state/reference_store.hpp"
#include "tests/support/trips.hpp"

using namespace faultlab;
using namespace faultlab::replica;

namespace {

Limits limits_of(std::uint32_t entries, std::uint32_t blocks) {
    Limits limits;
    limits.request_bytes = 1024;
    limits.entries = entries;
    limits.value_blocks = blocks;
    return limits;
}

class Machine {
public:
    explicit Machine(const Limits& limits, std::uint64_t salt = 0)
        : machine(limits, salt), snapshot(StateMachine::snapshot_bytes(limits)),
          result_(limits.request_bytes) {}

    Bytes apply_bytes(const Operation& operation, std::uint32_t release = 2) {
        const std::vector<std::byte> body = encode(operation);
        return Bytes(result_).first(machine.apply(body, release, result_, bugs));
    }
    OperationResult apply(const Operation& operation, std::uint32_t release = 2) {
        const auto result = decode_result(apply_bytes(operation, release), operation.code);
        REQUIRE(result);
        return *result;
    }
    Outcome write(std::uint32_t space, Value key, Value value) {
        return apply({.code = OpCode::Write,
                      .space = space,
                      .key = std::move(key),
                      .value = std::move(value)})
            .outcome;
    }
    Bytes save() {
        SnapshotWriter writer(snapshot);
        machine.save(writer);
        REQUIRE_FALSE(writer.overflow());
        return Bytes(snapshot).first(writer.size());
    }
    bool load(Bytes bytes) {
        SnapshotReader reader(bytes);
        return machine.load(reader) && reader.remaining() == 0;
    }

    StateMachine machine;
    BugSet bugs;
    std::vector<std::byte> snapshot;

private:
    std::vector<std::byte> result_;
};

bool same(Bytes a, Bytes b) {
    return std::ranges::equal(a, b);
}

} // namespace

TEST_CASE("The state machine does what a map does", "[replica_state]") {
    std::array<int, 16> outcomes{};
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        Rng rng(seed);
        Machine machine(limits_of(256, 4096));
        ReferenceStore reference(1024);
        const std::uint32_t release = rng.chance(1, 4) ? 1 : 2;
        const std::size_t text_bytes = rng.chance(1, 2) ? 4 : 300;
        for (int step = 0; step < 200; ++step) {
            const Operation operation = random_operation(rng, text_bytes);
            if (encode(operation).size() > 1024) {
                continue;
            }
            const OperationResult expected = reference.apply(operation, release);
            const OperationResult result = machine.apply(operation, release);
            INFO("seed " << seed << " step " << step << " " << name(operation.code));
            REQUIRE(name(result.outcome) == std::string(name(expected.outcome)));
            REQUIRE(result.value == expected.value);
            REQUIRE(machine.machine.entries() == reference.contents().size());
            ++outcomes[static_cast<std::size_t>(result.outcome)];
        }
    }
    for (const Outcome outcome : {Outcome::Ok,
                                  Outcome::CompareFailed,
                                  Outcome::WrongType,
                                  Outcome::TooLarge,
                                  Outcome::Unsupported,
                                  Outcome::Overflow}) {
        CHECK(outcomes[static_cast<std::size_t>(outcome)] > 20);
    }
}

TEST_CASE("Equal contents have equal digests and snapshots, however they came about",
          "[replica_state]") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Rng rng(seed);
        Machine one(limits_of(256, 4096));
        ReferenceStore reference(1024);
        for (int step = 0; step < 150; ++step) {
            const Operation operation = random_operation(rng, 60);
            reference.apply(operation, 2);
            one.apply(operation);
        }
        std::vector<std::pair<ReferenceStore::Key, Value>> contents(reference.contents().begin(),
                                                                    reference.contents().end());
        rng.shuffle(std::span(contents));
        Machine other(limits_of(256, 4096));
        for (const auto& [key, value] : contents) {
            other.write(key.first, key.second, value);
        }
        CHECK(one.machine.digest() == other.machine.digest());
        REQUIRE(same(one.save(), other.save()));
        Machine loaded(limits_of(256, 4096));
        loaded.write(0, "gone", "after the load");
        REQUIRE(loaded.load(one.save()));
        CHECK(loaded.machine.digest() == one.machine.digest());
        CHECK(same(loaded.save(), one.save()));
        if (!contents.empty()) {
            other.write(contents[0].first.first, contents[0].first.second, "something else");
            CHECK(one.machine.digest() != other.machine.digest());
        }
    }
}

TEST_CASE("The digest tells spaces, keys and values apart", "[replica_state]") {
    const auto digest = [](std::uint32_t space, Value key, Value value) {
        Machine machine(limits_of(4, 16));
        machine.write(space, std::move(key), std::move(value));
        return machine.machine.digest();
    };
    CHECK(digest(0, "k", "v") == digest(0, "k", "v"));
    CHECK(digest(0, "k", "v") != digest(1, "k", "v"));
    CHECK(digest(0, "k", "v") != digest(0, "v", "k"));
    CHECK(digest(0, "kv", "") != digest(0, "k", "v"));
    CHECK(digest(0, 1, true) != digest(0, 1, 1));
}

TEST_CASE("Keys come in the order of values", "[replica_state]") {
    Machine machine(limits_of(64, 64));
    const std::vector<Value> keys{std::numeric_limits<std::int64_t>::min(),
                                  -2,
                                  -1,
                                  0,
                                  1,
                                  255,
                                  256,
                                  std::numeric_limits<std::int64_t>::max(),
                                  "",
                                  std::string(1, '\0'),
                                  "a",
                                  std::string("a\0", 2),
                                  std::string("a\0b", 3),
                                  "aa",
                                  "b",
                                  "long enough to leave the prefix 1",
                                  "long enough to leave the prefix 2",
                                  "\xff"};
    CHECK(std::ranges::is_sorted(keys));
    for (std::size_t index = keys.size(); index > 0; --index) {
        machine.write(0, keys[index - 1], static_cast<std::int64_t>(index - 1));
    }
    const OperationResult all = machine.apply(
        {.code = OpCode::Scan, .key = keys.front(), .expected = std::string("\xff\xff")});
    REQUIRE(all.value.list() != nullptr);
    REQUIRE(all.value.list()->size() == keys.size());
    for (std::size_t index = 0; index < keys.size(); ++index) {
        CHECK((*all.value.list())[index] ==
              Value(Value::List{keys[index], static_cast<std::int64_t>(index)}));
    }
}

TEST_CASE("Whether there is room depends on the contents alone", "[replica_state]") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Rng rng(seed);
        Machine machine(limits_of(12, 24));
        int full = 0;
        for (int step = 0; step < 300; ++step) {
            const Operation operation = random_operation(rng, 100);
            Machine fresh(limits_of(12, 24));
            REQUIRE(fresh.load(machine.save()));
            const Checksum before = machine.machine.digest();
            const Bytes expected = fresh.apply_bytes(operation);
            REQUIRE(same(machine.apply_bytes(operation), expected));
            REQUIRE(same(machine.save(), fresh.save()));
            REQUIRE(machine.machine.digest() == fresh.machine.digest());
            if (expected.front() == static_cast<std::byte>(Outcome::Full)) {
                CHECK(machine.machine.digest() == before);
                ++full;
            }
        }
        CHECK(full > 0);
    }
}

TEST_CASE("A transaction whose last step fails leaves no trace", "[replica_state]") {
    const auto [last, outcome] = GENERATE(table<MicroOp, Outcome>({
        {MicroOp{"append", "n", 7}, Outcome::WrongType},
        {MicroOp{"append", "long", std::string(200, 'x')}, Outcome::TooLarge},
        {MicroOp{"w", "third", 1}, Outcome::Full},
        {MicroOp{"r", "long", {}}, Outcome::TooLarge},
    }));
    Machine machine(limits_of(3, 64));
    machine.write(0, "a", "before");
    machine.write(0, "long", std::string(900, 'y'));
    const Checksum before = machine.machine.digest();
    Operation operation{.code = OpCode::Transaction};
    operation.steps = {{"w", "a", "after"}, {"append", "a", "!"}, {"w", "b", 1}};
    if (last.f == "r") {
        operation.steps.push_back({"w", "a", std::string(100, 'z')});
    }
    operation.steps.push_back(last);
    CHECK(machine.apply(operation).outcome == outcome);
    CHECK(machine.machine.digest() == before);
    operation.steps.pop_back();
    CHECK(machine.apply(operation).outcome == Outcome::Ok);
    CHECK(machine.machine.digest() != before);
}

TEST_CASE("Bytes that are no snapshot leave an empty state", "[replica_state]") {
    Machine machine(limits_of(8, 16));
    machine.write(0, 1, "one");
    machine.write(0, "two", 2);
    machine.write(3, "two", "other space");
    const Bytes saved = machine.save();
    const std::vector<std::byte> good(saved.begin(), saved.end());
    for (std::size_t size = 0; size < good.size(); ++size) {
        Machine other(limits_of(8, 16));
        CHECK_FALSE(other.load(Bytes(good).first(size)));
        CHECK(other.machine.entries() == 0);
        CHECK(other.machine.digest() == Checksum{});
    }
    Rng rng(1);
    for (int round = 0; round < 2000; ++round) {
        std::vector<std::byte> bad = good;
        bad[rng.below(bad.size())] = static_cast<std::byte>(rng.next());
        Machine other(limits_of(8, 16));
        SnapshotReader reader(bad);
        if (other.machine.load(reader)) { // another state, but a well-formed one
            CHECK(same(other.save(), Bytes(bad).first(bad.size() - reader.remaining())));
        } else {
            CHECK(other.machine.entries() == 0);
        }
    }
}

TEST_CASE("Reads can be answered without a log entry, with the same result", "[replica_state]") {
    Machine machine(limits_of(8, 16));
    machine.write(0, "k", "v");
    std::vector<std::byte> result(1024);
    for (const Operation& operation :
         {Operation{.code = OpCode::Read, .key = "k"},
          Operation{.code = OpCode::Read, .key = 1},
          Operation{.code = OpCode::Scan, .key = 0, .expected = "z"}}) {
        const std::vector<std::byte> body = encode(operation);
        REQUIRE(StateMachine::only_reads(body));
        const std::size_t size = machine.machine.query(body, result);
        CHECK(same(Bytes(result).first(size), machine.apply_bytes(operation)));
    }
    const auto write = encode({.code = OpCode::Write, .key = "k", .value = 1});
    CHECK_FALSE(StateMachine::only_reads(write));
    CHECK_FALSE(StateMachine::only_reads({}));
    CHECK_TRIPS("query-reads", machine.machine.query(write, result));
}

TEST_CASE("The state machine refuses what is not for it", "[replica_state]") {
    Machine machine(limits_of(8, 16));
    CHECK_TRIPS("apply-kind", machine.apply({.code = OpCode::Register}));
    std::vector<std::byte> result(1024);
    CHECK(machine.machine.apply({}, 2, result, machine.bugs) == 1);
    CHECK(result.front() == static_cast<std::byte>(Outcome::Malformed));
}

TEST_CASE("B24: scans in an order that differs between processes", "[replica_state]") {
    Machine clean(limits_of(8, 16));
    Machine one(limits_of(8, 16), 1);
    Machine two(limits_of(8, 16), 2);
    for (Machine* machine : {&clean, &one, &two}) {
        for (int key = 0; key < 5; ++key) {
            machine->write(0, key, key);
        }
        if (machine != &clean) {
            machine->bugs.set(replica::Bug::B24);
        }
    }
    const Operation empty{.code = OpCode::Scan, .key = 6, .expected = 7};
    CHECK(one.apply(empty).value == clean.apply(empty).value);
    CHECK(one.bugs.fired(replica::Bug::B24) == 0);
    const Operation scan{.code = OpCode::Scan, .key = 0, .expected = 9};
    CHECK(one.apply(scan).value != two.apply(scan).value);
    CHECK(one.bugs.fired(replica::Bug::B24) == 1);
    CHECK(one.machine.digest() == clean.machine.digest());
}
