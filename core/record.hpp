#pragma once

#include "core/cluster_view.hpp"
#include "core/fault.hpp"
#include "core/history.hpp"
#include "core/plan.hpp"
#include "core/types.hpp"

#include <optional>
#include <string>
#include <vector>

namespace faultlab {

/// A fault as it went.
struct FaultRecord {
    Fault fault;
    FaultState state = FaultState::injecting;
    Nanos t_planned = 0;
    Nanos t_started = -1; ///< injection finished; -1: never
    Nanos t_ended = -1;   ///< heal finished; -1: never
    std::vector<Evidence> evidence;

    /// At least one `during` evidence proves the effect.
    [[nodiscard]] bool effective() const;
    /// At least one `after` evidence proves that it is gone, and none denies it.
    [[nodiscard]] bool healed() const;
};

/// One reading of one metric of one node: "role", "term", "leader", "commit", "applied", …
struct Sample {
    Nanos t = 0;
    NodeId node = no_node;
    std::int32_t incarnation = 0; ///< how often the node was started before
    std::string metric;
    std::int64_t value = 0;
};

/// Something that happened at a moment: a change of leader, a start, a phase of the run.
struct Event {
    Nanos t = 0;
    NodeId node = no_node;
    std::int32_t incarnation = 0;
    std::string kind; ///< "leader", "started", "killed", "phase", …
    Params fields;
};

struct LogFile {
    NodeId node = no_node;
    std::string path; ///< relative to the run's directory
    std::int64_t bytes = 0;
    std::optional<std::string> text = std::nullopt; ///< where a checker asked for it to be read
};

/// All that a run left behind, loaded: the only input of checkers and reports. Immutable in use.
struct Record {
    std::string run_id;
    Plan plan;
    Params meta; ///< versions, kernel, started (UTC text), how the run ended, what was dropped
    ClusterView cluster;
    History history;
    std::vector<FaultRecord> faults; ///< by start
    std::vector<Event> events;       ///< by time
    std::vector<Sample> samples;     ///< by time
    std::vector<LogFile> logs;
};

} // namespace faultlab
