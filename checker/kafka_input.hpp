#pragma once

#include "checker/judgement.hpp"
#include "core/history.hpp"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace faultlab {

// A history of a partitioned log, for the files of the checker kafka only.

/// A value of a key: there is one send of it at most.
struct KafkaMessage {
    std::uint32_t key = 0;
    std::uint32_t value = 0; ///< KafkaHistory::values
    OpId writer = -1;
};

inline constexpr std::int64_t unknown_offset = -1;

struct KafkaSight {
    std::uint32_t message = 0;
    std::int64_t offset = unknown_offset;
};

enum class KafkaKind : std::uint8_t { messages, assign, subscribe, other };

struct KafkaOp {
    KafkaKind kind = KafkaKind::other;
    bool polls = false;                    ///< it has a poll, perhaps an empty one
    std::vector<KafkaSight> sent;          ///< in order
    std::vector<KafkaSight> polled;        ///< in order
    std::vector<std::uint32_t> rebalanced; ///< keys that were given and taken meanwhile
    std::vector<std::uint32_t> keys;       ///< of an assign or a subscribe
};

struct KafkaHistory {
    ValueIds keys;
    ValueIds values;
    std::vector<KafkaMessage> messages;
    std::vector<KafkaOp> ops; ///< by OpId

    [[nodiscard]] const Value& key_of(std::uint32_t message) const {
        return keys.value(messages[message].key);
    }
    [[nodiscard]] const Value& value_of(std::uint32_t message) const {
        return values.value(messages[message].value);
    }
};

/// What does not fit is told to the judgement, which then is over.
[[nodiscard]] KafkaHistory read_kafka(const History& history, Judgement& judgement);

} // namespace faultlab
