#pragma once

#include "simulator/world.hpp"

#include <span>
#include <string_view>

namespace faultlab::simulator {

/// What has to hold so that a change to a message is the lie that it is meant to be.
struct LieCondition {
    std::string_view name; ///< "executed-there"
    std::string_view what; ///< for people
    /// Of a message that is sent now.
    bool (*holds)(const World& world, const Packet& packet);
};
/// All of them.
[[nodiscard]] std::span<const LieCondition> lie_conditions();

} // namespace faultlab::simulator
