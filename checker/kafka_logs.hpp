#pragma once

#include "checker/kafka_input.hpp"

#include <vector>

namespace faultlab {

// What is known of the logs of a partitioned log, for the files of the checker kafka only. An index
// counts the offsets of a key at which something was seen, from 0.

/// Where a message was seen.
struct MessageLog {
    OpId reader = -1;                  ///< the first ok operation that polled it
    std::vector<OpId> sights;          ///< who said first that it is at each of `offsets`
    std::vector<std::int64_t> offsets; ///< all, sorted
    std::int64_t first_index = -1;
    std::int64_t last_index = -1;
    std::int64_t index = -1; ///< its last place in the version order; -1: none
};

/// An offset at which several messages were seen.
struct OffsetClash {
    std::uint32_t key = 0;
    std::int64_t offset = 0;
    std::int64_t index = 0;
    std::vector<std::uint32_t> messages; ///< the one seen first before the others
};

struct KafkaLogs {
    std::vector<MessageLog> messages;               ///< by message
    std::vector<std::vector<std::uint32_t>> orders; ///< by key: the version order
    std::vector<OffsetClash> clashes;
    std::vector<bool> committed; ///< by OpId
};

[[nodiscard]] KafkaLogs
read_logs(const History& history, const KafkaHistory& kafka, Judgement& judgement);

/// How long a consumer went without a message that was there.
struct RealTimeLag {
    std::uint32_t key = 0;
    OpId op = -1; ///< the poll; -1: there was no lag
    Nanos lag = 0;
};

/// The worst: an ok poll began so long after the message behind the furthest one that its process
/// had seen, or would have seen first, was known to exist.
[[nodiscard]] RealTimeLag
worst_lag(const History& history, const KafkaHistory& kafka, Judgement& judgement);

} // namespace faultlab
