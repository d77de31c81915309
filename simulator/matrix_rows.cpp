#include "simulator/matrix.hpp"

#include <array>

namespace faultlab::simulator {
namespace {

// The scenario of each is the one that finds it in the fewest simulations.
constexpr std::array rows = {
    Quarry{"K1", "old-views"},
    Quarry{"K2", "intermittent-network"},
    Quarry{"K3", "leader-race"},
    Quarry{"K4", ""},
    Quarry{"K5", "primary-isolated"},
    Quarry{"K6", "old-views"},
    Quarry{"K3.1", ""},
    Quarry{"K3.2", "baseline"},
    Quarry{"K3.3", ""},
    Quarry{"K3.4", ""},
    Quarry{"K3.5", ""},
    Quarry{"KM1", "corrupt-log"},
    Quarry{"KM2", "commit-stall"},
    Quarry{"KM3", ""},
    Quarry{"KM4", "blocked-votes"},
    Quarry{"KM5", ""},
    Quarry{"KM6", "back-at-once"},
    Quarry{"KM7", "old-views"},
    Quarry{"KM8", "old-views"},
    Quarry{"KM9", "gone-round"},
    Quarry{"KM10", ""},
    Quarry{"KM11", ""},
    Quarry{"KM12", "intermittent-network"},
    Quarry{"KM13", "selective-silence"},
    Quarry{"T1", "primary-isolated"},
    Quarry{"T2", "old-views"},
    Quarry{"V1", "leader-race"},
    Quarry{"V2", "many-views"},
    Quarry{"V3", "silent-disks"},
    Quarry{"V4", "old-views"},
    Quarry{"V5", "torn-writes"},
    Quarry{"V6", "torn-writes"},
    Quarry{"V7", "client-crashes"},
    Quarry{"V8", "client-crashes"},
    Quarry{"V9", "client-crashes"},
    Quarry{"V10", "session-eviction"},
    Quarry{"V11", "leader-race"},
    Quarry{"V12", "leader-race"},
    Quarry{"F1", "leader-race"},
    Quarry{"F2", ""},
    Quarry{"F3", "baseline"},
    Quarry{"F4", ""},
    Quarry{"F5", "late-work"},
    Quarry{"F6a", "primary-isolated"},
    Quarry{"F6b", "primary-isolated"},
    Quarry{"F7", "old-views"},
    Quarry{"B1", "torn-writes"},
    Quarry{"B2", "crash-during-view-change"},
    Quarry{"B3", "silent-disks"},
    Quarry{"B4", "crash-during-commit"},
    Quarry{"B5", "corrupt-log"},
    Quarry{"B6", "silent-disks"},
    Quarry{"B7", "late-work"},
    Quarry{"B8", "gone-round"},
    Quarry{"B9", "primary-isolated"},
    Quarry{"B10", "selective-silence"},
    Quarry{"B11", "leader-race"},
    Quarry{"B12", "crash-during-commit"},
    Quarry{"B13", "corrupt-log"},
    Quarry{"B14", "clock-back"},
    Quarry{"B15", "rolling-upgrade"},
    Quarry{"B16", "crash-during-commit"},
    Quarry{"B17", "crash-during-commit"},
    Quarry{"B18", "gone-round"},
    Quarry{"B19", ""},
    Quarry{"B20", ""},
    Quarry{"B21", ""},
    Quarry{"B22", "baseline"},
    Quarry{"B23", "baseline"},
    Quarry{"B24", "baseline"},
    Quarry{"B25", "torn-writes"},
    Quarry{"F6a,F6b", "primary-isolated"},
};

} // namespace

std::span<const Quarry> quarries() {
    return rows;
}

} // namespace faultlab::simulator
