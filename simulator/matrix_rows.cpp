#include "simulator/matrix.hpp"

#include <array>

namespace faultlab::simulator {
namespace {

// The scenario of each is the one that finds it in the fewest simulations.
constexpr std::array rows = {
    Quarry{"K1", "conflicting-suffixes"},
    Quarry{"K2", "intermittent-network"},
    Quarry{"K3", "inflated-commit"},
    Quarry{"K4", "wrong-metadata"},
    Quarry{"K5", "primary-isolated"},
    Quarry{"K6", "wrong-metadata"},
    Quarry{"K3.1", "misfit-suffixes"},
    Quarry{"K3.2", "failing-commands"},
    Quarry{"K3.3", "forked-votes"},
    Quarry{"K3.4", "oversized-suffixes"},
    Quarry{"K3.5", "bad-ranges"},
    Quarry{"KM1", "corrupt-log"},
    Quarry{"KM2", "commit-stall"},
    Quarry{"KM3", "flipped-bits"},
    Quarry{"KM4", "votes-taken-back"},
    Quarry{"KM5", "misfit-suffixes"},
    Quarry{"KM6", "forged-checkpoints"},
    Quarry{"KM7", "old-views"},
    Quarry{"KM8", "old-views"},
    Quarry{"KM9", "bad-ranges"},
    Quarry{"KM10", "wrong-metadata"},
    Quarry{"KM11", "oversized-suffixes"},
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
    Quarry{"V8", "lockout"},
    Quarry{"V9", "client-crashes"},
    Quarry{"V10", "session-eviction"},
    Quarry{"V11", "leader-race"},
    Quarry{"V12", "lease-race"},
    Quarry{"F1", "leader-race"},
    Quarry{"F2", "misfit-suffixes"},
    Quarry{"F3", "failing-commands"},
    Quarry{"F4", "forked-votes"},
    Quarry{"F5", "late-work"},
    Quarry{"F6a", "primary-isolated"},
    Quarry{"F6b", "primary-isolated"},
    Quarry{"F7", "old-views"},
    Quarry{"B1", "torn-writes"},
    Quarry{"B2", "crash-during-view-change"},
    Quarry{"B3", "misdirected-superblocks"},
    Quarry{"B4", "crash-during-commit"},
    Quarry{"B5", "corrupt-log"},
    Quarry{"B6", "silent-disks"},
    Quarry{"B7", "promotions"},
    Quarry{"B8", "lagging-primary"},
    Quarry{"B9", "primary-isolated"},
    Quarry{"B10", "selective-silence"},
    Quarry{"B11", "leader-race"},
    Quarry{"B12", "crash-during-commit"},
    Quarry{"B13", "rotten-replies"},
    Quarry{"B14", "clock-back"},
    Quarry{"B15", "activation-deaths"},
    Quarry{"B16", "crash-during-commit"},
    Quarry{"B17", "crash-during-commit"},
    Quarry{"B18", "gone-round"},
    Quarry{"B19", "between-quorums"},
    Quarry{"B20", "only-standbys"},
    Quarry{"B21", "promotions"},
    Quarry{"B22", "session-eviction"},
    Quarry{"B23", "refused-again"},
    Quarry{"B24", "baseline"},
    Quarry{"B25", "torn-writes"},
    Quarry{"F6a,F6b", "primary-isolated"},
};

} // namespace

std::span<const Quarry> quarries() {
    return rows;
}

} // namespace faultlab::simulator
