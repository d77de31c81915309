#include "nemesis/node/abilities.hpp"

#include <array>

namespace faultlab::node {
namespace {

std::string missing_tool() {
    return {}; // who asks has it
}

constexpr std::array<Ability, 1> catalogue = {{
    {"node-tool", "runs faultlab-node", missing_tool},
}};

} // namespace

std::span<const Ability> abilities() {
    return catalogue;
}

} // namespace faultlab::node
