#pragma once

#include "simulator/stage.hpp"

#include <utility>
#include <vector>

namespace faultlab::simulator {

/// Lets as few voters as it takes commit what the others do not hear of; then these hear again, and
/// those few are away but for one: whether what was committed stays is up to what that one says.
class FewWitnesses {
public:
    explicit FewWitnesses(Stage& stage) : stage_(&stage) {}

    /// From now on only the primary, the witness, and so many more as it takes commit: not whoever
    /// leads next, if others suffice. False, and nothing is done, when nobody leads but perhaps the
    /// witness.
    bool leave_behind(ReplicaId witness);
    /// Who was left behind hears again; those who know, but for the witness, are cut off for some
    /// time-outs.
    void turn();

    [[nodiscard]] bool begun() const { return !behind_.empty(); }

private:
    Stage* stage_;
    std::vector<ReplicaId> knowing_; ///< what was committed meanwhile, besides the witness
    std::vector<std::pair<ReplicaId, FaultId>> behind_;
};

} // namespace faultlab::simulator
