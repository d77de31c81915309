#pragma once

#include <cstdint>

namespace faultlab {

/// What a search for one order tries first where several operations could take effect. Where one
/// way goes astray in updates of unknown outcome, the other seldom does.
enum class FirstTried : std::uint8_t {
    returning, ///< what has to be explained next, and what helps it; open updates as late as can be
    invoked,   ///< what was invoked first, open updates too: they take effect as soon as can be
};

} // namespace faultlab
