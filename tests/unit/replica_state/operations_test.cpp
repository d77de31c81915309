#include "core/rng.hpp"
#include "replica/core/operation_view.hpp"
#include "tests/unit/replica_state/random_operation.hpp"
#include "tests/support/trips.hpp"

using namespace faultlab;
using namespace faultlab::replica;

namespace {

bool equal(const Operation& a, const Operation& b) {
    return a.code == b.code && a.space == b.space && a.key == b.key && a.value == b.value &&
           a.expected == b.expected && a.steps == b.steps && a.membership == b.membership &&
           a.release == b.release;
}

Membership three_voters() {
    return {.epoch = 1, .voter_count = 3, .standby_count = 1, .voters = {1, 2, 4}, .standbys = {3}};
}

std::vector<Operation> one_of_each() {
    return {
        {.code = OpCode::Register},
        {.code = OpCode::Read, .space = 7, .key = "k"},
        {.code = OpCode::Write, .key = 1, .value = true},
        {.code = OpCode::Cas, .key = 1, .value = "new", .expected = {}},
        {.code = OpCode::Cas, .key = 1, .value = "new", .expected = "old"},
        {.code = OpCode::Add, .key = "n", .value = -1},
        {.code = OpCode::Append, .key = "t", .value = ""},
        {.code = OpCode::Delete, .key = ""},
        {.code = OpCode::Scan, .key = -1, .expected = "z"},
        {.code = OpCode::Transaction, .space = 1},
        {.code = OpCode::Transaction, .steps = {{"r", 1, {}}, {"w", "k", 2}, {"append", 2, "x"}}},
        {.code = OpCode::Swap, .key = "k", .value = 2},
        {.code = OpCode::Reconfigure, .membership = three_voters()},
        {.code = OpCode::Upgrade, .release = 2}};
}

} // namespace

TEST_CASE("Every operation comes back as it was encoded", "[replica_state]") {
    for (const Operation& operation : one_of_each()) {
        const auto decoded = decode_operation(encode(operation));
        INFO(name(operation.code));
        REQUIRE(decoded);
        CHECK(equal(*decoded, operation));
    }
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
        Rng rng(seed);
        const Operation operation = random_operation(rng, 40);
        const auto decoded = decode_operation(encode(operation));
        REQUIRE(decoded);
        REQUIRE(equal(*decoded, operation));
    }
}

TEST_CASE("Operations that are cut or too long are none", "[replica_state]") {
    for (const Operation& operation : one_of_each()) {
        INFO(name(operation.code));
        std::vector<std::byte> bytes = encode(operation);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            CHECK_FALSE(decode_operation(Bytes(bytes).first(size)));
        }
        bytes.push_back(std::byte{0});
        CHECK_FALSE(decode_operation(bytes));
    }
}

TEST_CASE("Whatever bytes decode are the encoding of what they decode to", "[replica_state]") {
    int decoded_ones = 0;
    for (std::uint64_t seed = 0; seed < 30000; ++seed) {
        Rng rng(seed);
        const std::vector<Operation> examples = one_of_each();
        std::vector<std::byte> bytes = encode(examples[rng.below(examples.size())]);
        for (std::uint64_t changes = 1 + rng.below(3); changes > 0; --changes) {
            bytes[rng.below(bytes.size())] =
                static_cast<std::byte>(rng.chance(1, 2) ? rng.below(16) : rng.next());
        }
        if (const auto operation = decode_operation(bytes)) {
            ++decoded_ones;
            REQUIRE(encode(*operation) == bytes);
        }
        (void)decode_result(bytes, static_cast<OpCode>(rng.below(12)));
    }
    CHECK(decoded_ones > 1000);
}

TEST_CASE("What cannot be stored is no operation", "[replica_state]") {
    const auto refused = [](const Operation& operation) {
        return !decode_operation(encode(operation));
    };
    CHECK(refused({.code = OpCode::Write, .key = true, .value = 1}));
    CHECK(refused({.code = OpCode::Write, .key = {}, .value = 1}));
    CHECK(refused({.code = OpCode::Write, .key = 1, .value = {}}));
    CHECK(refused({.code = OpCode::Cas, .key = 1, .value = {}, .expected = 1}));
    CHECK(refused({.code = OpCode::Scan, .key = 1, .expected = {}}));
    CHECK(refused({.code = OpCode::Transaction, .steps = {{"w", 1, {}}}}));
    CHECK(refused({.code = OpCode::Reconfigure}));
    Membership later = three_voters();
    later.began_at = 7;
    CHECK(refused({.code = OpCode::Reconfigure, .membership = later}));
    // A count of steps that no memory could hold.
    std::vector<std::byte> huge = encode({.code = OpCode::Transaction});
    std::ranges::fill(std::span(huge).last(4), std::byte{0xff});
    CHECK_FALSE(decode_operation(huge));
    CHECK_TRIPS("step-kind", encode({.code = OpCode::Transaction, .steps = {{"x", 1, 1}}}));
    CHECK_TRIPS("scalar-value",
                encode({.code = OpCode::Write, .key = 1, .value = Value::List{Value(1)}}));
}

TEST_CASE("The order of integer cells is the order of integers", "[replica_state]") {
    const std::vector<std::int64_t> integers{std::numeric_limits<std::int64_t>::min(),
                                             -256,
                                             -1,
                                             0,
                                             1,
                                             255,
                                             256,
                                             std::numeric_limits<std::int64_t>::max()};
    for (std::size_t index = 0; index < integers.size(); ++index) {
        CHECK(integer_of(integer_cell(integers[index])) == integers[index]);
        CHECK((index == 0 || std::ranges::lexicographical_compare(integer_cell(integers[index - 1]),
                                                                  integer_cell(integers[index]))));
    }
    CHECK_TRIPS("integer-cell", integer_of(absent_cell));
}

TEST_CASE("A writer of cells stops where its memory ends", "[replica_state]") {
    std::array<std::byte, 8> memory{};
    CellWriter out(memory);
    out.number(0);
    CHECK_TRIPS("number-place", out.number_at(1, 7));
    out.number_at(0, 7);
    out.cell(absent_cell);
    CHECK(out.overflow());
    CHECK(memory[0] == std::byte{7});
}
