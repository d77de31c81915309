#include "nemesis/node/tool.hpp"

#include <array>

namespace faultlab::node {
namespace {

constexpr std::array<Tool, 3> catalogue = {{
    {"ask", "asks a helper that runs on this host, or tells it to stop", run_ask},
    {"can", "says whether this host can do what a fault needs", run_can},
    {"idle", "a helper that does nothing", run_idle},
}};

} // namespace

std::span<const Tool> tools() {
    return catalogue;
}

} // namespace faultlab::node
