#pragma once

#include "simulator/script.hpp"
#include "simulator/world.hpp"

#include <compare>
#include <cstdint>
#include <set>
#include <string>

namespace faultlab::simulator {

/// Something that is wrong for a while with a link, a clock, a disk or a process.
struct Wrong {
    Deed deed = Deed::Cut;
    Endpoint a = 0; ///< the node, or where a link begins
    Endpoint b = 0; ///< where it ends
    Zone zone = Zone::Superblock;
    Timer timer = Timer::Prepare;
    std::int64_t amount = 0;
    friend auto operator<=>(const Wrong&, const Wrong&) = default;
};

/// All that is wrong now, whoever did it, but for what rules do to single messages, and for
/// processes that are down.
[[nodiscard]] std::set<Wrong> wrongs(const World& world);

/// "cut 1 3", for people.
[[nodiscard]] std::string text(const Wrong& wrong);

} // namespace faultlab::simulator
