#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace faultlab::node {

/// What the kernel says of a process in /proc/PID/stat (proc_pid_stat(5)).
struct ProcessStat {
    char state = '?';    ///< 'R' runs, 'T' is stopped, …
    std::string started; ///< in ticks since boot: with the number it names one process for good
};

/// Nothing: there is none of this number.
[[nodiscard]] std::optional<ProcessStat> process_stat(pid_t pid);

} // namespace faultlab::node
