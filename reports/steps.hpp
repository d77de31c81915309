#pragma once

#include "core/checker.hpp"
#include "core/record.hpp"
#include "reports/story.hpp"

#include <string>
#include <vector>

namespace faultlab {

/// A stretch of the run, both ends included.
struct Window {
    Nanos from = 0;
    Nanos to = 0;
};

/// From the first invocation of the counterexample to the last answer in it.
[[nodiscard]] Window window_of(const Record& record, const Finding& finding);

/// Those that were in force for some moment of the window, and those that the finding names.
[[nodiscard]] std::vector<const FaultRecord*>
faults_in(const Record& record, const Finding& finding, const Window& window);

/// The counterexample, the faults of its window and the changes of leader in it, in order of time.
/// Long counterexamples are cut in the middle; the divergent operation is always there.
[[nodiscard]] std::vector<StoryStep> make_steps(const Record& record, const Finding& finding);

/// "n2"
[[nodiscard]] std::string node_name(const Record& record, NodeId node);

/// "partition: n1 cut off from n2 n3 (minority)"
[[nodiscard]] std::string fault_text(const Fault& fault);

/// What the probes measured of the effect: "214 packets dropped"; empty when nothing proves it.
[[nodiscard]] std::string effect_text(const Record& record, const FaultRecord& fault);

/// Whether the event is a change of leader, and in words: "becomes leader, term 9".
[[nodiscard]] bool is_leader_change(const Event& event);
/// The node that leads from then on; no_node when none does.
[[nodiscard]] NodeId new_leader(const Event& event);

} // namespace faultlab
