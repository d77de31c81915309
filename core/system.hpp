#pragma once

#include "core/checker.hpp"
#include "core/history.hpp"
#include "core/host.hpp"
#include "core/logged_outcomes.hpp"
#include "core/op.hpp"
#include "core/options.hpp"
#include "core/result.hpp"
#include "core/types.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace faultlab {

/// Where the replicas of one run live: the input of everything pure in a system.
struct Deployment {
    struct Node {
        std::string name;    ///< "n1"
        std::string address; ///< IPv4
        std::filesystem::path data_directory;
    };
    std::string run_id; ///< for tokens that must differ from run to run
    /// 64 random hex digits, for replicas and clients that must prove who they are. Never stored in
    /// the run, printed, or part of a command line.
    std::string secret;
    std::vector<Node> nodes;
    Options options;
};

/// Something that a replica says has happened to it.
struct NodeEvent {
    std::string kind;
    Params fields;
};

/// What one replica says of itself, right or wrong.
struct NodeStatus {
    bool leads = false;
    /// "role" (0 follower, 1 candidate, 2 leader), "term", "leader" (node number, -1 none),
    /// "commit", "applied", …
    std::vector<std::pair<std::string, std::int64_t>> metrics;
    /// Since the last answer, in their order. Of a system that tells none: empty.
    std::vector<NodeEvent> events = {};
};

/// Asks one replica for its status again and again over a connection of its own. Owned by one
/// thread. An error means that the replica did not answer in time; the next call tries afresh.
class Telemetry {
public:
    virtual ~Telemetry() = default;
    /// Cheap, and answered without a quorum: meant for every 100 ms.
    virtual Result<NodeStatus> poll(Nanos limit) = 0;
    /// Whether the replica serves an operation that needs a quorum, found out by one. Without a
    /// quorum it takes up to `limit`, so it is no part of `poll`.
    virtual Result<bool> ready(Nanos limit) = 0;
};

/// One client of the system, which begins with one replica. Never resends an operation that could
/// then happen twice. Owned by one thread.
class Client {
public:
    virtual ~Client() = default;
    /// Takes at most `limit`, then Unknown. Connects by itself when it is not connected: a
    /// connection that was never made is Failed. It never throws for anything the network does.
    virtual Completion invoke(const Invocation& op, Nanos limit) = 0;
    /// The replica that the last `invoke` sent to last: the one that answered, if any did.
    /// no_node: the one that the client was made for.
    [[nodiscard]] virtual NodeId asked() const { return no_node; }
};

/// One line of a system's table of errors.
struct ErrorRule {
    std::string error; ///< what the client sees
    bool definite;     ///< true: surely did not happen (fail); false: unknown (info)
    std::string why;
};

/// A mistake that a system can be told to make: the ground truth by which the lab's power to detect
/// is measured. Planted by the system's option `bug`, a list of ids.
struct PlantedBug {
    std::string id;        ///< "V11"
    std::string mechanism; ///< "sv_dedup_only"
    std::string summary;   ///< what the system then does wrong
    std::string faults;    ///< what it takes for an outcome to differ
    std::string found_by;  ///< the checkers that see it
    std::string source;    ///< where the mistake was first made or described
};

/// A system under test. Pure but for `installed`, `prepare`, `telemetry`, `connect` and `empty`;
/// the lab's cluster (controller/engine/cluster.hpp) starts, stops, kills and wipes what `launch`
/// describes.
class System {
public:
    virtual ~System() = default;
    [[nodiscard]] virtual std::vector<OptionSpec> options() const = 0;
    /// The operation kinds that its clients can do.
    [[nodiscard]] virtual std::vector<std::string> operations() const = 0;
    [[nodiscard]] virtual std::vector<ErrorRule> error_table() const = 0;
    /// Smallest and largest sensible number of nodes.
    [[nodiscard]] virtual std::pair<std::int32_t, std::int32_t> node_limits() const = 0;
    /// Whether these options, of system and workload together and completed, fit each other.
    [[nodiscard]] virtual Result<void> check_options(const Options& /*options*/) const {
        return {};
    }
    /// Empty: it has no option `bug`.
    [[nodiscard]] virtual std::vector<PlantedBug> planted_bugs() const { return {}; }
    /// Checkers of what its replicas say of themselves, beside those of the workload.
    [[nodiscard]] virtual std::vector<CheckerRequest> checkers() const { return {}; }

    /// The version that is installed on the host, or what to install.
    virtual Result<std::string> installed(Host& host) const = 0;
    /// Puts what the processes need, beside their programs, into the node's empty data directory.
    virtual Result<void>
    prepare(const Deployment& /*deployment*/, NodeId /*node*/, Host& /*host*/) const {
        return {};
    }
    /// The processes of one replica. The same call starts it first and restarts it after a kill.
    [[nodiscard]] virtual std::vector<ProcessSpec> launch(const Deployment& deployment,
                                                          NodeId node) const = 0;
    [[nodiscard]] virtual std::unique_ptr<Telemetry> telemetry(const Deployment& deployment,
                                                               NodeId node) const = 0;
    /// A client for this replica. Sockets belong to the network namespace of the calling thread.
    [[nodiscard]] virtual std::unique_ptr<Client> connect(const Deployment& deployment,
                                                          NodeId node) const = 0;
    /// Whether the system holds no data: asserted before a run.
    virtual Result<bool> empty(const Deployment& deployment, Nanos limit) const = 0;

    /// What the logs that the replicas left in these directories, one a node, say of the operations
    /// of a run that is over. An error: nothing can be learned from them, and why.
    virtual Result<LoggedOutcomes>
    logged_outcomes(std::span<const std::filesystem::path> /*data_directories*/,
                    const History& /*history*/) const {
        return lab_error("of this system the lab can read no log");
    }
};

} // namespace faultlab
