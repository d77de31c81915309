#include "tests/support/sim_host.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <csignal>
#include <utility>

namespace faultlab {
namespace {

std::string signal_name(int signal) {
    switch (signal) {
        case SIGKILL: return "SIGKILL";
        case SIGTERM: return "SIGTERM";
        case SIGSTOP: return "SIGSTOP";
        case SIGCONT: return "SIGCONT";
        default: return fmt::format("signal {}", signal);
    }
}

/// What a process does after a signal.
ProcessState after_signal(ProcessState before, int signal) {
    if (before == ProcessState::gone) return before;
    if (signal == SIGKILL || signal == SIGTERM) return ProcessState::gone;
    if (signal == SIGSTOP) return ProcessState::stopped;
    if (signal == SIGCONT) return ProcessState::running;
    return before;
}

std::string indented(std::string_view text) {
    std::string lines = "    ";
    for (std::size_t i = 0; i < text.size(); ++i) {
        lines += text[i];
        if (text[i] == '\n' && i + 1 < text.size()) lines += "    ";
    }
    return lines;
}

} // namespace

SimHost::SimHost(std::string name, std::string address, Transcript& transcript)
    : name_(std::move(name)), address_(std::move(address)), transcript_(&transcript) {}

void SimHost::note(const std::string& what) {
    transcript_->push_back(fmt::format("{}: {}", name_, what));
}

void SimHost::answer(const std::string& words, Output output) {
    answers_[words] = std::move(output);
}

void SimHost::answer_rules(Result<std::string> printed) {
    rule_answers_.push_back(std::move(printed));
}

void SimHost::pretend(std::optional<ProcessState> state) {
    pretended_ = state;
}

Result<Output> SimHost::run(const Command& command) {
    const std::string words = fmt::format("{}", fmt::join(command.argv, " "));
    note("run " + words);
    if (!command.input.empty()) transcript_->push_back(indented(command.input));
    const Output* best = nullptr;
    std::size_t best_length = 0;
    for (const auto& [start, output] : answers_) {
        if (!words.starts_with(start) || start.size() < best_length) continue;
        best = &output;
        best_length = start.size();
    }
    if (best != nullptr) return *best;
    // `faultlab-node ask`: no helper answers on a host that does nothing.
    const auto otherwise = std::ranges::find(command.argv, "--or");
    const bool given = command.argv.end() - otherwise > 1;
    return given ? Output{.out = *(otherwise + 1) + "\n"} : Output{};
}

Result<ProcessGroup> SimHost::spawn(const ProcessSpec& spec) {
    note(fmt::format("spawn {}: {}", spec.name, fmt::join(spec.argv, " ")));
    groups_[next_group_] = ProcessState::running;
    return ProcessGroup{.id = next_group_++};
}

Result<void> SimHost::signal(ProcessGroup group, int signal) {
    note(fmt::format("{} to group {}", signal_name(signal), group.id));
    const auto found = groups_.find(group.id);
    const bool gone = found == groups_.end() || found->second == ProcessState::gone;
    if (gone && signal != SIGKILL && signal != SIGTERM) {
        return lab_error(fmt::format("{}: no process group {}", name_, group.id));
    }
    if (!gone) found->second = after_signal(found->second, signal);
    return {};
}

Result<ProcessState> SimHost::state(ProcessGroup group) {
    if (pretended_) return *pretended_;
    const auto found = groups_.find(group.id);
    return found == groups_.end() ? ProcessState::gone : found->second;
}

Result<std::string> SimHost::apply_rules(std::string_view nft_text) {
    note("apply_rules");
    transcript_->push_back(indented(nft_text));
    if (rule_answers_.empty()) return std::string();
    Result<std::string> printed = std::move(rule_answers_.front());
    rule_answers_.pop_front();
    return printed;
}

Result<void> SimHost::put(const std::filesystem::path& local, const std::filesystem::path& remote) {
    note(fmt::format("put {} as {}", local.string(), remote.string()));
    return {};
}

Result<void> SimHost::get(const std::filesystem::path& remote, const std::filesystem::path& local) {
    note(fmt::format("get {} as {}", remote.string(), local.string()));
    return {};
}

Result<void> SimHost::remove(const std::filesystem::path& path) {
    note(fmt::format("remove {}", path.string()));
    return {};
}

std::filesystem::path SimHost::data_directory() const {
    return std::filesystem::path("/data") / name_;
}

std::filesystem::path SimHost::fault_directory() const {
    return std::filesystem::path("/faults") / name_;
}

SimTarget::SimTarget(std::int32_t nodes) {
    for (std::int32_t i = 1; i <= nodes; ++i) {
        nodes_.push_back(std::make_unique<SimHost>(
            fmt::format("n{}", i), fmt::format("10.0.0.{}", i), transcript_));
        clients_.push_back(std::make_unique<SimHost>(
            fmt::format("c{}", i), fmt::format("10.0.1.{}", i), transcript_));
        states_.push_back(ProcessState::running);
        starts_.push_back(1);
    }
}

ClusterView SimTarget::view() const {
    ClusterView view;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        view.nodes.push_back({.name = nodes_[i]->name(),
                              .address = nodes_[i]->address(),
                              .running = states_[i] != ProcessState::gone,
                              .leads = i == 0});
        view.clients.push_back({.name = clients_[i]->name(),
                                .address = clients_[i]->address(),
                                .node = static_cast<NodeId>(i)});
    }
    return view;
}

std::string SimTarget::take_transcript() {
    std::string text;
    for (const std::string& line : std::exchange(transcript_, {})) {
        text += line;
        if (!text.ends_with('\n')) text += '\n';
    }
    return text;
}

void SimTarget::make_immortal(NodeId node) {
    immortal_.insert(node);
}

Host& SimTarget::node_host(NodeId node) {
    return *nodes_.at(static_cast<std::size_t>(node));
}

Host& SimTarget::client_host(NodeId client) {
    return *clients_.at(static_cast<std::size_t>(client));
}

SimHost& SimTarget::host(const std::string& name) {
    for (const auto* hosts : {&nodes_, &clients_}) {
        for (const auto& candidate : *hosts) {
            if (candidate->name() == name) return *candidate;
        }
    }
    throw Bug("no simulated host " + name);
}

Result<std::vector<std::string>> SimTarget::apply_rules(const std::vector<HostRules>& rules) {
    // As the lab does it: an error of one host does not keep the others from being served.
    std::vector<std::string> printed;
    std::string failed;
    for (const HostRules& of_host : rules) {
        auto answer = host(of_host.host).apply_rules(of_host.text);
        if (!answer) failed += fmt::format("{}: {} ", of_host.host, answer.error().message);
        printed.push_back(answer ? *answer : std::string());
    }
    if (!failed.empty()) return lab_error("rules were not applied on " + failed);
    return printed;
}

Result<void> SimTarget::signal_node(NodeId node, int signal) {
    transcript_.push_back(fmt::format("n{}: {} to the replica", node + 1, signal_name(signal)));
    ProcessState& state = states_.at(static_cast<std::size_t>(node));
    if (!immortal_.contains(node)) state = after_signal(state, signal);
    return {};
}

Result<void> SimTarget::kill_node(NodeId node) {
    transcript_.push_back(fmt::format("n{}: kill the replica", node + 1));
    ProcessState& state = states_.at(static_cast<std::size_t>(node));
    if (!immortal_.contains(node)) state = ProcessState::gone;
    return {};
}

Result<bool> SimTarget::stop_node(NodeId node, Nanos /*limit*/) {
    transcript_.push_back(fmt::format("n{}: stop the replica", node + 1));
    ProcessState& state = states_.at(static_cast<std::size_t>(node));
    if (!immortal_.contains(node)) state = ProcessState::gone;
    return state == ProcessState::gone;
}

Result<void> SimTarget::start_node(NodeId node) {
    transcript_.push_back(fmt::format("n{}: start the replica", node + 1));
    ProcessState& state = states_.at(static_cast<std::size_t>(node));
    if (immortal_.contains(node) || state != ProcessState::gone) return {};
    state = ProcessState::running;
    ++starts_.at(static_cast<std::size_t>(node));
    return {};
}

std::int64_t SimTarget::group_of(NodeId node) const {
    return 1001 + node + 10 * (starts_.at(static_cast<std::size_t>(node)) - 1);
}

std::vector<ProcessGroup> SimTarget::node_groups(NodeId node) {
    if (states_.at(static_cast<std::size_t>(node)) == ProcessState::gone) return {};
    return {{.id = group_of(node)}};
}

std::int64_t SimTarget::node_starts(NodeId node) {
    return starts_.at(static_cast<std::size_t>(node));
}

Result<ProcessState> SimTarget::node_state(NodeId node) {
    return states_.at(static_cast<std::size_t>(node));
}

} // namespace faultlab
