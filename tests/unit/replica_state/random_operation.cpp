#include "tests/unit/replica_state/random_operation.hpp"

#include <limits>

using namespace faultlab;
using namespace faultlab::replica;

Value random_value(Rng& rng, std::size_t text_bytes) {
    switch (rng.below(8)) {
        case 0: return rng.chance(1, 2);
        case 1: return std::numeric_limits<std::int64_t>::max() - rng.between(0, 2);
        case 2: return std::numeric_limits<std::int64_t>::min() + rng.between(0, 2);
        case 3:
        case 4: return rng.between(-3, 3);
        default:
            return std::string(rng.below(text_bytes + 1), static_cast<char>(rng.between(-1, 3)));
    }
}

Value random_key(Rng& rng) {
    switch (rng.below(3)) {
        case 0: return rng.between(-3, 3);
        case 1: return std::string(rng.below(4), static_cast<char>(rng.between(-1, 1)));
        default: return std::string(rng.between(120, 130), 'k') + std::to_string(rng.below(3));
    }
}

Operation random_operation(Rng& rng, std::size_t text_bytes) {
    constexpr std::array codes{OpCode::Read,
                               OpCode::Write,
                               OpCode::Cas,
                               OpCode::Add,
                               OpCode::Append,
                               OpCode::Delete,
                               OpCode::Scan,
                               OpCode::Swap,
                               OpCode::Transaction};
    Operation operation;
    operation.code = codes[rng.below(codes.size())];
    operation.space = static_cast<std::uint32_t>(rng.below(2));
    if (operation.code == OpCode::Transaction) {
        constexpr std::array kinds{"r", "w", "append"};
        for (std::uint64_t count = rng.below(7); count > 0; --count) {
            const std::string kind = kinds[rng.below(kinds.size())];
            const Value value = kind == "append" && rng.chance(9, 10)
                                    ? Value(std::string(rng.below(text_bytes), 'a'))
                                    : random_value(rng, text_bytes);
            operation.steps.push_back({kind, random_key(rng), kind == "r" ? Value{} : value});
        }
        return operation;
    }
    operation.key = random_key(rng);
    if (operation.code == OpCode::Scan) {
        operation.expected = random_key(rng);
    } else if (operation.code == OpCode::Cas) {
        operation.expected = rng.chance(1, 4) ? Value{} : random_value(rng, 2);
    }
    if (operation.code != OpCode::Read && operation.code != OpCode::Delete &&
        operation.code != OpCode::Scan) {
        operation.value = random_value(rng, operation.code == OpCode::Write ? text_bytes : 2);
    }
    return operation;
}
