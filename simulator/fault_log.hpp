#pragma once

#include "core/record.hpp"
#include "simulator/fault_audit.hpp"
#include "simulator/names.hpp"

#include <functional>
#include <string>
#include <vector>

namespace faultlab::simulator {

/// The faults of a simulation, as the records of real runs have them: what was done to whom, what
/// it is proven to have changed, and when it was undone. Owned by one thread.
class FaultLog {
public:
    /// Counts what a fault of this kind changes: packets lost, operations that waited.
    using Gauge = std::function<std::uint64_t()>;

    struct Beginning {
        std::string kind;    ///< "partition"
        std::string summary; ///< "n1 cut off from n2 n3"
        std::vector<ReplicaId> targets;
        std::string gauge_name = {}; ///< "packets_lost"
        Gauge gauge = {};            ///< none: it is its own effect, as a crash is
    };
    /// Whoever holds faults to what is written down here is told of all that begin and end from now
    /// on; outlives them.
    void tell(FaultAudit& audit) { audit_ = &audit; }

    FaultId begin(Nanos now, Beginning beginning);
    /// Takes the evidence. Nothing when it has ended before.
    void end(Nanos now, FaultId fault);
    void end_all(Nanos now);

    [[nodiscard]] const std::vector<FaultRecord>& faults() const { return faults_; }
    /// How many took effect, of one kind or of all.
    [[nodiscard]] std::uint64_t effective(std::string_view kind = {}) const;

private:
    struct Open {
        Gauge gauge;
        std::uint64_t at_start = 0;
    };
    std::vector<FaultRecord> faults_;
    std::vector<Open> open_; ///< by fault
    FaultAudit* audit_ = nullptr;
};

/// "n1 n2", as people see replicas 1 and 2.
[[nodiscard]] std::string text(const std::vector<ReplicaId>& ids);

} // namespace faultlab::simulator
