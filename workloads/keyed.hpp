#pragma once

#include "core/generator.hpp"
#include "core/options.hpp"
#include "core/plan.hpp"
#include "workloads/generators.hpp"

#include <functional>
#include <span>
#include <utility>
#include <vector>

/// What workloads on many independent keys have in common.
namespace faultlab {

/// Values that one worker writes: no other worker writes them, and it writes each once.
struct UniqueValues {
    std::int64_t next = 1;
    std::int64_t stride = 1;
    std::int64_t draw() { return std::exchange(next, next + stride); }
};

/// "keys", "ops-per-key" and "readers-per-node".
[[nodiscard]] std::vector<OptionSpec> key_options();
/// By these options. Objects of `keys_each` keys are fewer, and live for more operations. Requires:
/// they are completed.
[[nodiscard]] KeyTurnover key_turnover(const Plan& plan, std::int64_t keys_each = 1);

/// Makes the stream of one worker. `writers` is how many workers write; `range` counts within the
/// readers or within the writers.
using KeyedStream =
    std::function<GeneratorPtr(const StreamContext& range, std::int32_t writers, bool reads_only)>;
/// On every node as many workers only read as the options say, the others run the whole stream.
GeneratorPtr
readers_and_writers(const Plan& plan, const StreamContext& context, const KeyedStream& stream);

/// Reads this worker's part of the keys one after the other, each until it was read, with pauses
/// that grow: a system that has just recovered may refuse at first. The absent key of operations
/// that have none is passed over.
GeneratorPtr final_key_reads(const StreamContext& context, std::span<const Value> keys);

} // namespace faultlab
