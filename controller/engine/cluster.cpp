#include "controller/engine/cluster.hpp"

#include "core/check.hpp"

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <random>
#include <thread>
#include <utility>

namespace faultlab {

namespace {

std::string random_secret() {
    std::random_device entropy;
    std::string secret;
    while (secret.size() < 64)
        secret += fmt::format("{:08x}", std::uint32_t{entropy()});
    return secret;
}

} // namespace

Deployment make_deployment(Lab& lab, std::string run_id, Options options) {
    Deployment deployment{
        .run_id = std::move(run_id), .secret = random_secret(), .options = std::move(options)};
    for (NodeId i = 0; i < lab.nodes(); ++i) {
        const Host& host = lab.node(i);
        deployment.nodes.push_back({.name = host.name(),
                                    .address = host.address(),
                                    .data_directory = host.data_directory()});
    }
    return deployment;
}

ClusterView initial_view(Lab& lab) {
    ClusterView view;
    for (NodeId i = 0; i < lab.nodes(); ++i) {
        view.nodes.push_back(
            {.name = lab.node(i).name(), .address = lab.node(i).address(), .running = false});
        view.clients.push_back(
            {.name = lab.client(i).name(), .address = lab.client(i).address(), .node = i});
    }
    return view;
}

Cluster::Cluster(Lab& lab,
                 const System& system,
                 const Deployment& deployment,
                 RunWriter& writer,
                 const Clock& clock)
    : lab_(lab), system_(system), deployment_(deployment), writer_(writer), clock_(clock) {
    for (std::size_t i = 0; i < deployment.nodes.size(); ++i)
        replicas_.push_back(std::make_unique<Replica>());
}

Cluster::Replica& Cluster::replica(NodeId node) {
    FAULTLAB_CHECK(node >= 0);
    FAULTLAB_CHECK(node < nodes());
    return *replicas_[static_cast<std::size_t>(node)];
}

Result<void> Cluster::signal_node(NodeId node, int signal) {
    Replica& replica = this->replica(node);
    const std::scoped_lock lock(replica.processes);
    for (const ProcessGroup group : replica.groups)
        FAULTLAB_DO(lab_.node(node).signal(group, signal));
    return {};
}

Result<void> Cluster::kill_node(NodeId node) {
    Replica& replica = this->replica(node);
    const std::scoped_lock lock(replica.processes);
    for (const ProcessGroup group : replica.groups)
        FAULTLAB_DO(lab_.node(node).signal(group, SIGKILL));
    FAULTLAB_DO(await_gone(node, replica));
    replica.groups.clear();
    ended(node, "killed", "killed by the lab");
    return {};
}

Result<bool> Cluster::stop_node(NodeId node, Nanos limit) {
    Replica& replica = this->replica(node);
    const std::scoped_lock lock(replica.processes);
    for (const ProcessGroup group : replica.groups)
        FAULTLAB_DO(lab_.node(node).signal(group, SIGTERM));
    FAULTLAB_TRY(const bool gone, gone_within(node, replica, limit));
    if (!gone) return false;
    replica.groups.clear();
    ended(node, "killed", "stopped by the lab");
    return true;
}

Result<void> Cluster::start_node(NodeId node) {
    Replica& replica = this->replica(node);
    const std::scoped_lock lock(replica.processes);
    FAULTLAB_TRY(const ProcessState state, state_of(node, replica));
    if (state != ProcessState::gone) return {};
    // Of a replica with several processes some may be left when one has died.
    for (const ProcessGroup group : replica.groups)
        FAULTLAB_DO(lab_.node(node).signal(group, SIGKILL));
    FAULTLAB_DO(await_gone(node, replica));
    ended(node, "died", "ended by itself");
    replica.groups.clear();
    for (const ProcessSpec& process : system_.launch(deployment_, node)) {
        FAULTLAB_TRY(const ProcessGroup group, lab_.node(node).spawn(process));
        replica.groups.push_back(group);
    }
    started(node);
    return {};
}

Result<ProcessState> Cluster::node_state(NodeId node) {
    Replica& replica = this->replica(node);
    const std::scoped_lock lock(replica.processes);
    return state_of(node, replica);
}

std::int64_t Cluster::node_starts(NodeId node) {
    const std::scoped_lock lock(state_mutex_);
    return replica(node).incarnation + 1;
}

std::vector<ProcessGroup> Cluster::node_groups(NodeId node) {
    Replica& replica = this->replica(node);
    const std::scoped_lock lock(replica.processes);
    return replica.groups;
}

Result<ProcessState> Cluster::state_of(NodeId node, const Replica& replica) {
    if (replica.groups.empty()) return ProcessState::gone;
    ProcessState worst = ProcessState::running;
    for (const ProcessGroup group : replica.groups) {
        FAULTLAB_TRY(const ProcessState state, lab_.node(node).state(group));
        worst = std::max(worst, state);
    }
    return worst;
}

Result<bool> Cluster::gone_within(NodeId node, const Replica& replica, Nanos limit) {
    const Nanos deadline = clock_.now() + limit;
    for (const ProcessGroup group : replica.groups) {
        for (;;) {
            FAULTLAB_TRY(const ProcessState state, lab_.node(node).state(group));
            if (state == ProcessState::gone) break;
            if (clock_.now() > deadline) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    return true;
}

Result<void> Cluster::await_gone(NodeId node, const Replica& replica) {
    FAULTLAB_TRY(const bool gone, gone_within(node, replica, 10 * second));
    if (gone) return {};
    return lab_error("killed the replica on " + lab_.node(node).name() +
                         ", but its processes were still there after 10 s",
                     "look for processes that wait for a disk (state D)");
}

Result<void> Cluster::wipe_node(NodeId node) {
    FAULTLAB_DO(kill_node(node));
    Host& host = lab_.node(node);
    // What a system keeps and where is its own affair: all that is in the directory goes.
    const std::string data = host.data_directory().string();
    for (const Command& command : {Command{.argv = {"mkdir", "-p", data}},
                                   Command{.argv = {"find", data, "-mindepth", "1", "-delete"}}}) {
        FAULTLAB_TRY(const Output output, host.run(command));
        if (!output.success())
            return lab_error("cannot wipe the data of " + host.name() + ": " + output.err);
    }
    return {};
}

void Cluster::check_alive(NodeId node) {
    Replica& replica = this->replica(node);
    // While somebody starts or kills it there is nothing to find out.
    const std::unique_lock lock(replica.processes, std::try_to_lock);
    if (!lock.owns_lock() || replica.groups.empty()) return;
    const Result<ProcessState> state = state_of(node, replica);
    if (state && *state == ProcessState::gone) ended(node, "died", "ended by itself");
}

void Cluster::started(NodeId node) {
    const Nanos now = clock_.now();
    const std::scoped_lock lock(state_mutex_);
    Replica& replica = this->replica(node);
    ++replica.incarnation;
    replica.running = true;
    writer_.incarnation_started(node, replica.incarnation, now);
    writer_.event({.t = now, .node = node, .incarnation = replica.incarnation, .kind = "started"});
}

void Cluster::ended(NodeId node, std::string_view kind, std::string_view by) {
    const Nanos now = clock_.now();
    const std::scoped_lock lock(state_mutex_);
    Replica& replica = this->replica(node);
    replica.leads = false;
    if (!std::exchange(replica.running, false)) return;
    writer_.incarnation_ended(node, replica.incarnation, now, by);
    writer_.event(
        {.t = now, .node = node, .incarnation = replica.incarnation, .kind = std::string(kind)});
}

void Cluster::note_status(NodeId node, const NodeStatus* status) {
    const Nanos now = clock_.now();
    const std::scoped_lock lock(state_mutex_);
    Replica& replica = this->replica(node);
    if (status == nullptr || !replica.running) {
        replica.leads = false;
        return;
    }
    Params fields;
    for (const auto& [metric, value] : status->metrics) {
        writer_.sample({.t = now,
                        .node = node,
                        .incarnation = replica.incarnation,
                        .metric = metric,
                        .value = value});
        if (metric == "term") fields["term"] = value;
    }
    if (status->leads && !replica.leads) {
        writer_.event({.t = now,
                       .node = node,
                       .incarnation = replica.incarnation,
                       .kind = "leader",
                       .fields = std::move(fields)});
    }
    replica.leads = status->leads;
    for (const NodeEvent& event : status->events) {
        writer_.event({.t = now,
                       .node = node,
                       .incarnation = replica.incarnation,
                       .kind = event.kind,
                       .fields = event.fields});
    }
}

ClusterView Cluster::view() const {
    ClusterView view = initial_view(lab_);
    const std::scoped_lock lock(state_mutex_);
    for (std::size_t i = 0; i < replicas_.size(); ++i) {
        view.nodes[i].running = replicas_[i]->running;
        view.nodes[i].leads = replicas_[i]->leads;
    }
    return view;
}

std::string Cluster::leaders() const {
    std::string names;
    for (const ClusterView::Node& node : view().nodes) {
        if (!node.leads) continue;
        names += (names.empty() ? "" : " ") + node.name;
    }
    return names;
}

} // namespace faultlab
