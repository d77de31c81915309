#pragma once

#include "core/op.hpp"
#include "core/options.hpp"
#include "core/system.hpp"
#include "replica/client/lab_words.hpp"
#include "replica/client/session.hpp"
#include "replica/core/operations.hpp"
#include "replica/core/telemetry.hpp"
#include "replica/daemon/committed_log.hpp"
#include "replica/wire/telemetry_text.hpp"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// The parts of the vsr system, each in a file of its own; system.cpp puts them together. Replica i
/// of the protocol runs on node i - 1.
namespace faultlab::vsr {

inline constexpr std::uint16_t service_port = 7000; ///< peers and clients
inline constexpr std::uint16_t admin_port = 7001;

[[nodiscard]] std::vector<OptionSpec> option_specs();

/// Of the node's processes: one daemon. `program` is the path of its executable.
[[nodiscard]] ProcessSpec
launch_spec(const Deployment& deployment, NodeId node, const std::filesystem::path& program);
/// Of the input journals in a node's data directory, before the number of the start.
inline constexpr std::string_view journal_name = "inputs";
/// Where the node keeps the secret of the cluster.
[[nodiscard]] std::filesystem::path key_file(const Deployment::Node& node);

/// Of its clients, a session's settings. An error: the deployment's secret is no key.
Result<replica::Session::Settings> session_settings(const Deployment& deployment, NodeId node);

/// How often bugs of clients changed what they did, over all clients of a run. Thread-safe.
struct ClientBugs {
    std::atomic<std::uint64_t> no_register = 0;  ///< V7
    std::atomic<std::uint64_t> busy_is_fail = 0; ///< B23

    [[nodiscard]] std::int64_t fired(std::string_view id) const {
        if (id == "V7") return static_cast<std::int64_t>(no_register.load());
        if (id == "B23") return static_cast<std::int64_t>(busy_is_fail.load());
        return 0;
    }
};

/// `fired` is shared with the telemetry.
[[nodiscard]] std::unique_ptr<Client> make_client(replica::Session::Settings settings,
                                                  std::shared_ptr<ClientBugs> fired);

struct TelemetrySettings {
    replica::Session::Settings session; ///< follows the primary, from this node on
    std::string address;
    bool bugs = false; ///< some are planted: their counters are asked for
    /// Reported by one node only, so that a sum over nodes is right; null elsewhere.
    std::shared_ptr<const ClientBugs> client_bugs;
};
[[nodiscard]] std::unique_ptr<Telemetry> make_telemetry(TelemetrySettings settings);

/// Keys that the replica at this address holds.
Result<std::uint64_t> entries_of(const std::string& address, Nanos limit);

/// By the input journals in the data directories (option `journal`).
Result<LoggedOutcomes> logged_outcomes(std::span<const std::filesystem::path> data_directories,
                                       const History& history);
/// Pure: which operation each executed request was. An operation is recognised when no other asks
/// for the same, byte for byte, and it was executed at most once. An error: operations were seen
/// done, reads among them, that the log does not hold: it lacks its end, or reads were served
/// without it.
Result<LoggedOutcomes> match_log(const replica::CommittedLog& log, const History& history);

// Pure translations.

/// Of the admin protocol's answer about planted bugs.
Result<std::vector<std::pair<std::string, std::int64_t>>> fired_counts(std::string_view json);

using replica::completion_of;
using replica::error_table;
using replica::event_of;
using replica::operation_of;
using replica::status_of;

} // namespace faultlab::vsr
