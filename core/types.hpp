#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>

namespace faultlab {

class Value;

/// Nanoseconds. As a point in time: since the start of the run, on the controller's monotonic
/// clock. Times draw and measure; they never order operations (indexes do, see op.hpp).
using Nanos = std::int64_t;

inline constexpr Nanos microsecond = 1'000;
inline constexpr Nanos millisecond = 1'000'000;
inline constexpr Nanos second = 1'000'000'000;

/// A point on the run's single event counter. Index order is real-time order.
using Index = std::int64_t;

/// The return index of an operation whose outcome is not known: it stays open to the end of time.
inline constexpr Index never = std::numeric_limits<Index>::max();

/// Position of an operation in its history, in order of invocation, from 0.
using OpId = std::int64_t;

/// Replicas are numbered from 0; people see "n1" for 0. Client hosts ("c1") are numbered likewise.
using NodeId = std::int32_t;

/// No particular node.
inline constexpr NodeId no_node = -1;

using FaultId = std::int64_t;

/// Named parameters, in the order of their names, so that every rendering of them is the same.
using Params = std::map<std::string, Value>;

/// Options as a user writes them: `--option reads=serializable`.
using Options = std::map<std::string, std::string>;

} // namespace faultlab
