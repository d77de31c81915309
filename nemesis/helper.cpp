#include "nemesis/helper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace faultlab {
namespace {

std::string trimmed(std::string text) {
    while (!text.empty() && text.back() == '\n')
        text.pop_back();
    return text;
}

/// The arguments that name a helper on its host.
std::vector<std::string> address_of(const Host& host, const std::string& name) {
    return {"--directory", host.fault_directory().string(), "--name", name};
}

Result<std::string> ask(Host& host,
                        const std::string& name,
                        const std::string& question,
                        std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"ask"};
    for (std::string& argument : address_of(host, name))
        arguments.push_back(std::move(argument));
    for (std::string& argument : more)
        arguments.push_back(std::move(argument));
    arguments.push_back(question);
    return run_node_tool(host, std::move(arguments));
}

} // namespace

std::string helper_name(FaultId fault) {
    return fmt::format("fault-{}", fault);
}

Result<void> start_helper(Host& host, const std::string& name, const HelperSpec& spec) {
    std::vector<std::string> arguments = {spec.tool};
    for (std::string& argument : address_of(host, name))
        arguments.push_back(std::move(argument));
    arguments.insert(arguments.end(), spec.arguments.begin(), spec.arguments.end());
    FAULTLAB_TRY(const std::string printed, run_node_tool(host, std::move(arguments)));
    return {};
}

Result<std::string> ask_helper(Host& host, const std::string& name, const std::string& question) {
    FAULTLAB_TRY(std::string answer, ask(host, name, question));
    return trimmed(std::move(answer));
}

Result<bool> helper_runs(Host& host, const std::string& name) {
    FAULTLAB_TRY(const std::string answer, ask(host, name, "runs", {"--or", "no"}));
    return trimmed(answer) != "no";
}

Evidence helper_evidence(Host& host, const std::string& name, EvidencePhase phase, NodeId node) {
    const auto runs = helper_runs(host, name);
    if (!runs) return {phase, node, "probe_failed", runs.error().text(), false};
    return {phase, node, "helper_runs", *runs, phase == EvidencePhase::after && !*runs};
}

Result<void> stop_helper(Host& host, const std::string& name) {
    FAULTLAB_TRY(const std::string answer, ask(host, name, "stop", {"--or", "gone"}));
    if (trimmed(answer) == "gone") return {};
    return lab_error(fmt::format("{}: {} did not stop: {}", host.name(), name, trimmed(answer)));
}

Result<std::string> lacking(Host& host, const std::string& need) {
    constexpr std::array<std::string_view, 3> everywhere = {"process", "netns", "nftables"};
    if (std::ranges::find(everywhere, need) != everywhere.end()) return std::string();
    FAULTLAB_TRY(std::string answer, run_node_tool(host, {"can", need}));
    answer = trimmed(std::move(answer));
    if (answer == "yes") return std::string();
    return answer.empty() ? "it does not say why" : answer;
}

Result<std::string> run_node_tool(Host& host, std::vector<std::string> arguments) {
    const std::string tool = arguments.empty() ? std::string() : arguments.front();
    arguments.insert(arguments.begin(), host.node_tool().string());
    FAULTLAB_TRY(Output output, host.run({.argv = std::move(arguments)}));
    if (output.success()) return std::move(output.out);
    const std::string how = output.timed_out ? "took too long"
                            : output.signal != 0
                                ? fmt::format("was killed by signal {}", output.signal)
                                : trimmed(output.err);
    return lab_error(fmt::format("{}: faultlab-node {}: {}", host.name(), tool, how));
}

} // namespace faultlab
