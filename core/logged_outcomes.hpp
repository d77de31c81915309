#pragma once

#include "core/types.hpp"
#include "core/value.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace faultlab {

/// What the logs of a run's replicas say of its operations: evidence beside the history, of a
/// system that can tell. Only operations that the system recognised without doubt are named.
struct LoggedOutcomes {
    struct Executed {
        OpId op = 0;
        std::int64_t position = 0; ///< in the one order in which the system executed
        bool done = true;          ///< else it was refused: it changed nothing
        Value ret;                 ///< of one that was done
    };
    std::vector<Executed> executed; ///< by position, each op and each position once
    std::vector<OpId> absent;       ///< ascending; in no log
    std::string source;             ///< for people: what was read
};

} // namespace faultlab
