#include "nemesis/node/tool.hpp"

#include <array>

namespace faultlab::node {
namespace {

constexpr std::array<Tool, 8> catalogue = {{
    {"ask", "asks a helper that runs on this host, or tells it to stop", run_ask},
    {"burn", "a helper that keeps processors and disks busy", run_burn},
    {"can", "says whether this host can do what a fault needs", run_can},
    {"confine", "puts processes into a control group with limits", run_confine},
    {"confined", "what became of that control group", run_confined},
    {"idle", "a helper that does nothing", run_idle},
    {"release", "lets its processes go back to where they were", run_release},
    {"rlimit", "limits the open files of processes, and gives the limits back", run_rlimit},
}};

} // namespace

std::span<const Tool> tools() {
    return catalogue;
}

} // namespace faultlab::node
