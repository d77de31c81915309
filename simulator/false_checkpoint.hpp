#pragma once

#include "simulator/lies.hpp"

#include <set>
#include <vector>

namespace faultlab::simulator {

/// Has the liar say to some others that its newest checkpoint is another than it is, of a state
/// that nobody had, and hand that out: every checksum fits. Outlives the world's events.
class FalseCheckpoint {
public:
    /// Both outlive it.
    FalseCheckpoint(Stage& stage, Lies& lies);

    /// From now on to these, also of checkpoints that it makes later; to others the truth. Counter
    /// "forgeries".
    void tell(std::set<ReplicaId> receivers);

private:
    void forge_newest();

    Stage* stage_;
    Lies* lies_;
    std::vector<Network::RuleId> rules_;
};

} // namespace faultlab::simulator
