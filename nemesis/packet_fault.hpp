#pragma once

#include "core/nemesis.hpp"

#include <memory>
#include <string_view>

namespace faultlab {

/// The nemesis of a packet fault: "delay", "loss", "duplicate", "reorder", "corrupt", "rate", or
/// "packets", which has the effects of all of them.
std::unique_ptr<Nemesis> make_packet_fault(std::string_view fault);

} // namespace faultlab
