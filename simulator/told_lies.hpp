#pragma once

#include "simulator/lies.hpp"
#include "simulator/script.hpp"

#include <vector>

namespace faultlab::simulator {

/// What was told, as strikes that tell the same: of each lie one for all that it changed, where it
/// was tried on all such messages of its time; otherwise one for each row of messages. To be played
/// in this order where they are of one time.
[[nodiscard]] std::vector<Strike> strikes_of(const Lies& lies);

} // namespace faultlab::simulator
