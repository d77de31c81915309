#include "core/fault.hpp"

#include "core/host.hpp"

namespace faultlab {

std::string_view to_string(FaultState state) {
    switch (state) {
        case FaultState::injecting: return "injecting";
        case FaultState::active: return "active";
        case FaultState::healing: return "healing";
        case FaultState::healed: return "healed";
        case FaultState::failed: return "failed";
    }
    return "failed";
}

std::string_view to_string(EvidencePhase phase) {
    switch (phase) {
        case EvidencePhase::before: return "before";
        case EvidencePhase::during: return "during";
        case EvidencePhase::after: return "after";
    }
    return "during";
}

std::string_view to_string(ProcessState state) {
    switch (state) {
        case ProcessState::running: return "running";
        case ProcessState::stopped: return "stopped";
        case ProcessState::gone: return "gone";
    }
    return "gone";
}

} // namespace faultlab
