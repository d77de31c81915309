#pragma once

#include "controller/hosts/lab.hpp"
#include "core/nemesis.hpp"

#include <csignal>
#include <string>
#include <thread>
#include <vector>

namespace faultlab::faults_test {

/// A cluster whose replicas are plain programs, the same on each node.
class PlainTarget : public FaultTarget {
public:
    /// The lab must outlive it. Nothing runs yet.
    PlainTarget(Lab& lab, std::vector<std::string> argv) : lab_(lab), argv_(std::move(argv)) {
        groups_.resize(static_cast<std::size_t>(lab.nodes()));
        starts_.resize(groups_.size());
    }

    [[nodiscard]] ClusterView view() {
        ClusterView view;
        for (NodeId i = 0; i < lab_.nodes(); ++i) {
            view.nodes.push_back({.name = lab_.node(i).name(),
                                  .address = lab_.node(i).address(),
                                  .running = !node_groups(i).empty(),
                                  .leads = i == 0});
        }
        return view;
    }

    Host& node_host(NodeId node) override { return lab_.node(node); }
    Host& client_host(NodeId client) override { return lab_.client(client); }
    Result<std::vector<std::string>> apply_rules(const std::vector<HostRules>& rules) override {
        return lab_.apply_rules(rules);
    }
    Result<void> signal_node(NodeId node, int signal) override {
        for (const ProcessGroup group : node_groups(node))
            FAULTLAB_DO(lab_.node(node).signal(group, signal));
        return {};
    }
    Result<void> kill_node(NodeId node) override {
        FAULTLAB_DO(signal_node(node, SIGKILL));
        for (;;) {
            FAULTLAB_TRY(const ProcessState state, node_state(node));
            if (state == ProcessState::gone) break;
            std::this_thread::yield();
        }
        groups_.at(static_cast<std::size_t>(node)).clear();
        return {};
    }
    Result<bool> stop_node(NodeId node, Nanos limit) override {
        FAULTLAB_DO(signal_node(node, SIGTERM));
        for (Nanos waited = 0; waited < limit; waited += millisecond) {
            FAULTLAB_TRY(const ProcessState state, node_state(node));
            if (state == ProcessState::gone) {
                groups_.at(static_cast<std::size_t>(node)).clear();
                return true;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return false;
    }
    Result<void> start_node(NodeId node) override {
        FAULTLAB_TRY(const ProcessState state, node_state(node));
        if (state != ProcessState::gone) return {};
        FAULTLAB_TRY(
            const ProcessGroup group,
            lab_.node(node).spawn(
                {.name = "replica", .argv = argv_, .directory = lab_.node(node).data_directory()}));
        groups_.at(static_cast<std::size_t>(node)) = {group};
        ++starts_.at(static_cast<std::size_t>(node));
        return {};
    }
    Result<ProcessState> node_state(NodeId node) override {
        const auto groups = node_groups(node);
        return groups.empty() ? Result<ProcessState>(ProcessState::gone)
                              : lab_.node(node).state(groups.front());
    }
    std::vector<ProcessGroup> node_groups(NodeId node) override {
        return groups_.at(static_cast<std::size_t>(node));
    }
    std::int64_t node_starts(NodeId node) override {
        return starts_.at(static_cast<std::size_t>(node));
    }

private:
    Lab& lab_;
    std::vector<std::string> argv_;
    std::vector<std::vector<ProcessGroup>> groups_;
    std::vector<std::int64_t> starts_;
};

} // namespace faultlab::faults_test
