#include "nemesis/node/tool.hpp"

#include <array>

namespace faultlab::node {
namespace {

constexpr std::array<Tool, 17> catalogue = {{
    {"ask", "asks a helper that runs on this host, or tells it to stop", run_ask},
    {"burn", "a helper that keeps processors and disks busy", run_burn},
    {"can", "says whether this host can do what a fault needs", run_can},
    {"clock", "a helper that gives the processes of this host wrong clocks", run_clock},
    {"clock-read", "measures the clocks of the processes of this host", run_clock_read},
    {"clock-undo", "gives them true clocks again", run_clock_undo},
    {"confine", "puts processes into a control group with limits", run_confine},
    {"confined", "what became of that control group", run_confined},
    {"corrupt", "changes bytes of files, and tells what became of them", run_corrupt},
    {"disk", "mounts a file system on which disk faults can be had", run_disk},
    {"idle", "a helper that does nothing", run_idle},
    {"ping", "asks hosts for an echo, and tells what came back", run_ping},
    {"release", "lets its processes go back to where they were", run_release},
    {"reset", "a helper that resets TCP connections with some hosts", run_reset},
    {"rlimit", "limits the open files of processes, and gives the limits back", run_rlimit},
    {"shape", "a helper that delays, drops, doubles, reorders or corrupts packets", run_shape},
    {"stutter", "stops process groups for a part of each period", run_stutter},
}};

} // namespace

std::span<const Tool> tools() {
    return catalogue;
}

} // namespace faultlab::node
