#pragma once

#include "checker/kafka_input.hpp"

#include <string>
#include <vector>

namespace faultlab {

/// A cycle of operations, each of which comes before the next by a write that was read, by the
/// order of writes in the log, by its process, or in real time.
struct KafkaCycle {
    std::string type; ///< "G0", "G1c", either with "-process" or "-realtime"
    std::vector<OpId> ops;
};

/// The cycles among ok and indeterminate operations: one of each type for every knot of operations
/// that reach each other, and none of a type that a stricter one of the same knot implies.
/// `orders` holds for each key its messages in the order of the log; with `ww` that is an order of
/// their senders too. For files of the checker kafka only.
[[nodiscard]] std::vector<KafkaCycle>
find_kafka_cycles(const History& history,
                  const KafkaHistory& kafka,
                  const std::vector<std::vector<std::uint32_t>>& orders,
                  bool ww,
                  Judgement& judgement);

} // namespace faultlab
