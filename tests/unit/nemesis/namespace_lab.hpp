#pragma once

#include "core/nemesis.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace faultlab {

/// Hosts that are real network namespaces on one bridge, made by the test for itself: the process
/// is single-threaded and steps into a host to open a socket or to talk to its nftables there. Ends
/// with its process. Only rules are supported, no processes.
class NamespaceLab : public FaultTarget {
public:
    /// Makes the namespaces, also of users, for this process: call it in a forked child only.
    /// Hosts are n1… at 10.9.0.1… and c1… at 10.9.1.1…. An error says what this machine lacks.
    static Result<std::unique_ptr<NamespaceLab>> make(std::int32_t nodes);
    NamespaceLab(); ///< without hosts: use `make`
    ~NamespaceLab() override;

    [[nodiscard]] ClusterView view() const;
    /// Sends one datagram and says whether it arrived. That it was lost is known when the counter
    /// of a drop rule at the receiver has grown; neither after two seconds: an error.
    Result<bool> arrives(const std::string& from, const std::string& to);
    /// What nft prints for this text on this host.
    Result<std::string> nft(const std::string& host, const std::string& text);

    Result<std::vector<std::string>> apply_rules(const std::vector<HostRules>& rules) override;
    Host& node_host(NodeId node) override;
    Host& client_host(NodeId client) override;
    Result<void> signal_node(NodeId node, int signal) override;
    Result<void> kill_node(NodeId node) override;
    Result<bool> stop_node(NodeId node, Nanos limit) override;
    Result<void> start_node(NodeId node) override;
    Result<ProcessState> node_state(NodeId node) override;
    std::vector<ProcessGroup> node_groups(NodeId node) override;
    std::int64_t node_starts(NodeId node) override;

private:
    struct Namespace;
    Result<void> build(std::int32_t nodes);
    Result<void> add_host(const std::string& name, const std::string& address);
    Result<std::int64_t> dropped_at(const std::string& host);

    std::map<std::string, std::unique_ptr<Namespace>> hosts_;
    std::int32_t nodes_ = 0;
    int outside_ = -1;
};

/// Runs the scenario in a forked child with a lab of its own; the scenario returns an empty text,
/// or what went wrong. Returns that, or nothing when the machine cannot make namespaces: the reason
/// is then in `skipped`.
std::string in_namespaces(std::int32_t nodes,
                          const std::function<std::string(NamespaceLab&)>& scenario,
                          std::string& skipped);

} // namespace faultlab
