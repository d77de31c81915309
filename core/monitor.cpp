#include "core/monitor.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faultlab {

std::string view_text(ViewNumber view) {
    return fmt::format("{}.{}", epoch_of(view), static_cast<std::uint32_t>(view));
}

bool Electorate::votes(NodeId node) const {
    return std::ranges::find(voters, node) != voters.end();
}

} // namespace faultlab
