#pragma once

#include "core/fault.hpp"
#include "core/host.hpp"
#include "core/result.hpp"

#include <string>
#include <vector>

/// Programs that a fault leaves running on a host until it is healed: `faultlab-node TOOL`, of
/// which there is one a host and fault. It answers on a socket in the host's fault directory, and
/// undoes what it did when it is told to stop, or is ended by SIGTERM.
namespace faultlab {

struct HelperSpec {
    std::string tool;                   ///< of nemesis/node/catalogue.cpp: "shape"
    std::vector<std::string> arguments; ///< after --directory and --name
};

/// The name of a fault's helper on any host: "fault-7".
[[nodiscard]] std::string helper_name(FaultId fault);

/// Starts it: when this returns, what it does has begun. An error says why it did not; nothing is
/// left behind then.
Result<void> start_helper(Host& host, const std::string& name, const HelperSpec& spec);

/// A question in one line ("report"), answered in one line, mostly of JSON. A helper that is gone
/// is an error.
Result<std::string> ask_helper(Host& host, const std::string& name, const std::string& question);

/// Whether one answers there.
Result<bool> helper_runs(Host& host, const std::string& name);

/// The same as evidence: that it is gone proves something after the fault.
[[nodiscard]] Evidence
helper_evidence(Host& host, const std::string& name, EvidencePhase phase, NodeId node);

/// Tells it to undo what it did, and waits until it is gone. None that runs is no error.
Result<void> stop_helper(Host& host, const std::string& name);

/// Why a host cannot have a fault that needs this (Nemesis::needs); empty: it can.
Result<std::string> lacking(Host& host, const std::string& need);

/// Runs a tool to its end, and returns what it printed. A failure is an error with its complaint.
Result<std::string> run_node_tool(Host& host, std::vector<std::string> arguments);

} // namespace faultlab
