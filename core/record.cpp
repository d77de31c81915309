#include "core/record.hpp"

#include <algorithm>

namespace faultlab {

bool FaultRecord::effective() const {
    return std::ranges::any_of(
        evidence, [](const Evidence& e) { return e.phase == EvidencePhase::during && e.proves; });
}

bool FaultRecord::healed() const {
    bool proven = false;
    for (const Evidence& e : evidence) {
        if (e.phase != EvidencePhase::after) continue;
        if (!e.proves) return false;
        proven = true;
    }
    return proven;
}

} // namespace faultlab
