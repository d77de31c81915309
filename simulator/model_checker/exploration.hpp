#pragma once

#include "simulator/names.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// Bounded model checking: all schedules of a small cluster up to a depth, of the very core that
/// runs in production. Breadth first, with states merged by hash (Holzmann, "The model checker
/// SPIN", 1997: hash compaction, here of 128 bits).
namespace faultlab::simulator {

/// What is searched through. It begins with a cluster that works: every client has its session, and
/// one view change is over, in which all took part.
struct Bounds {
    std::uint8_t voters = 3;     ///< 3 or 5
    std::uint8_t operations = 3; ///< of clients, at most; each of another one
    /// A message that comes although its receiver has left its view, one that comes once more, and
    /// a restart are a fault each. That messages take as long as they like, or for ever, is none.
    std::uint8_t faults = 2;
    std::uint8_t views = 2;   ///< that replicas may want, one after the other, for lack of patience
    std::uint32_t depth = 10; ///< actions, one after the other
    std::uint64_t states = 20'000'000; ///< then it is given up: about 200 bytes each
};

/// What was seen broken, and a shortest way there.
struct Counterexample {
    std::string violation;            ///< "S1: replica 2: …"
    std::vector<std::string> actions; ///< a sentence each
};

struct Exploration {
    std::uint64_t states = 0;      ///< different ones
    std::uint64_t transitions = 0; ///< between them
    std::uint64_t moments = 0;     ///< different histories of single replicas
    std::uint32_t depth = 0;       ///< to which all states were seen
    bool exhausted = false;        ///< within the other bounds nothing lies deeper
    std::optional<Counterexample> counterexample;
};

/// Called when all states of a depth were seen.
using OnDepth = std::function<void(const Exploration& so_far)>;

/// Judges every state by the rules of checker/monitors, along the first way that leads to it. A
/// function of its arguments.
[[nodiscard]] Exploration
explore(const Bounds& bounds, const BugSet& bugs, const OnDepth& on_depth);

} // namespace faultlab::simulator
