#pragma once

#include "replica/daemon/disk_double.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace faultlab::test {

struct PowerCutPlan {
    int cuts = 10;
    std::uint64_t seed = 1;             ///< of the moments and of each write's fate
    std::vector<std::string> arguments; ///< more for each replica: planted bugs, a lying disk
};

enum class Failure : std::uint8_t {
    None,
    Lost,   ///< an acknowledged write is not there
    Halted, ///< a replica stopped, with a reason
    Gone,   ///< no answer: most replicas miss entries that their disks had promised to keep
    Stuck,  ///< no answer, and nothing to say why
};

struct PowerCutOutcome {
    int cuts = 0;
    std::uint64_t acknowledged = 0; ///< writes
    std::uint64_t checked = 0;      ///< keys read after a cut
    replica::PowerCut writes;       ///< what became of unsynced writes, over all cuts
    Failure kind = Failure::None;
    std::optional<std::string> failure; ///< why it ended early, for people
};

/// Runs three replicas on disks whose power can be cut, with clients that write all the time; kills
/// all at a random moment, cuts the power of each disk, starts them again, and reads every key: a
/// write that was acknowledged must be there, or one that came after it. Again and again, until
/// that fails or the cuts are done.
[[nodiscard]] PowerCutOutcome cut_power(const PowerCutPlan& plan);

} // namespace faultlab::test
