#pragma once

#include "core/fault.hpp"
#include "core/nemesis.hpp"
#include "nemesis/packet_links.hpp"

#include <vector>

namespace faultlab {

/// Measures a packet fault: what the programs that do it have counted, and echoes between the
/// targets and some of their peers.
std::vector<Evidence>
probe_packets(const Fault& fault, const PacketPlan& plan, FaultTarget& target, EvidencePhase phase);

} // namespace faultlab
