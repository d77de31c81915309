#pragma once

#include "core/cluster_view.hpp"
#include "core/host.hpp"
#include "core/nemesis.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace faultlab {

/// Everything that was asked of simulated hosts, in order, one line (or indented block) each.
using Transcript = std::vector<std::string>;

/// A host that does nothing: it records what is asked of it in a transcript that it shares with
/// others, and answers from a script. Not thread-safe. The transcript must outlive it.
class SimHost : public Host {
public:
    SimHost(std::string name, std::string address, Transcript& transcript);

    // The script.
    /// Answers `run` of commands that start with these words; the longest match counts. Without
    /// one, commands succeed and print nothing, but for what `--or` tells them to.
    void answer(const std::string& words, Output output);
    /// The next answer of apply_rules. Without one it prints nothing.
    void answer_rules(Result<std::string> printed);
    /// What `state` says from now on of every group, whatever signals came. Empty: the truth.
    void pretend(std::optional<ProcessState> state);

    [[nodiscard]] const std::string& name() const override { return name_; }
    [[nodiscard]] const std::string& address() const override { return address_; }
    Result<Output> run(const Command& command) override;
    Result<ProcessGroup> spawn(const ProcessSpec& spec) override;
    Result<void> signal(ProcessGroup group, int signal) override;
    Result<ProcessState> state(ProcessGroup group) override;
    Result<std::string> apply_rules(std::string_view nft_text) override;
    Result<void> put(const std::filesystem::path& local,
                     const std::filesystem::path& remote) override;
    Result<void> get(const std::filesystem::path& remote,
                     const std::filesystem::path& local) override;
    Result<void> remove(const std::filesystem::path& path) override;
    [[nodiscard]] std::filesystem::path data_directory() const override;
    [[nodiscard]] std::filesystem::path node_tool() const override { return "faultlab-node"; }
    [[nodiscard]] std::filesystem::path fault_directory() const override;

private:
    void note(const std::string& what);

    std::string name_;
    std::string address_;
    Transcript* transcript_;
    std::map<std::string, Output> answers_;
    std::deque<Result<std::string>> rule_answers_;
    std::map<std::int64_t, ProcessState> groups_;
    std::optional<ProcessState> pretended_;
    std::int64_t next_group_ = 100;
};

/// A cluster of simulated hosts n1, n2, … and client hosts c1, c2, … with one running process each
/// on the nodes. What a nemesis does to it stands in the transcript.
class SimTarget : public FaultTarget {
public:
    explicit SimTarget(std::int32_t nodes);

    /// The cluster as it is: addresses 10.0.0.1… and, for client hosts, 10.0.1.1…; the first node
    /// leads.
    [[nodiscard]] ClusterView view() const;
    [[nodiscard]] const Transcript& transcript() const { return transcript_; }
    /// The transcript as one text, and forgets it.
    std::string take_transcript();
    /// Signals, stops, kills and starts of this node are recorded and have no effect.
    void make_immortal(NodeId node);

    Host& node_host(NodeId node) override;
    Host& client_host(NodeId client) override;
    Result<std::vector<std::string>> apply_rules(const std::vector<HostRules>& rules) override;
    Result<void> signal_node(NodeId node, int signal) override;
    Result<void> kill_node(NodeId node) override;
    Result<bool> stop_node(NodeId node, Nanos limit) override;
    Result<void> start_node(NodeId node) override;
    Result<ProcessState> node_state(NodeId node) override;
    /// One while the replica runs: of the number 1001 on n1, and so on, the first time; ten more
    /// with each start.
    std::vector<ProcessGroup> node_groups(NodeId node) override;
    std::int64_t node_starts(NodeId node) override;

    [[nodiscard]] SimHost& host(const std::string& name);

private:
    Transcript transcript_;
    std::vector<std::unique_ptr<SimHost>> nodes_;
    std::vector<std::unique_ptr<SimHost>> clients_;
    [[nodiscard]] std::int64_t group_of(NodeId node) const;

    std::vector<ProcessState> states_;
    std::vector<std::int64_t> starts_;
    std::set<NodeId> immortal_;
};

} // namespace faultlab
