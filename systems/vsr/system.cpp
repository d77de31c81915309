// vsr, the embedded store: Viewstamped Replication with a durable log (replica/), whose mistakes
// can be planted one by one: what the lab's power to detect is measured by.
// docs/reference/system-vsr.md says what its options mean and what a run records of it.

#include "core/system.hpp"

#include "core/host.hpp"
#include "replica/core/bugs.hpp"
#include "replica/core/config.hpp"
#include "replica/core/membership.hpp"
#include "systems/vsr/parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace faultlab {
namespace vsr {
namespace {

/// The daemon is built beside the program that this is; hosts see the same files.
std::filesystem::path daemon_program() {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    return self.parent_path() / "faultlab-replica";
}

bool bugs_planted(const Deployment& deployment) {
    const auto bugs = deployment.options.find("bug");
    return bugs != deployment.options.end() && !bugs->second.empty();
}

class VsrSystem final : public System {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override { return option_specs(); }
    [[nodiscard]] std::vector<std::string> operations() const override {
        return {"read", "write", "cas", "add", "append", "delete", "scan", "txn", "swap"};
    }
    [[nodiscard]] std::vector<ErrorRule> error_table() const override { return vsr::error_table(); }
    [[nodiscard]] std::pair<std::int32_t, std::int32_t> node_limits() const override {
        return {1, static_cast<std::int32_t>(replica::max_voters)};
    }
    [[nodiscard]] std::vector<CheckerRequest> checkers() const override {
        return {{.name = "digest-agreement"}, {.name = "convergence"}, {.name = "invariants"}};
    }
    [[nodiscard]] std::vector<PlantedBug> planted_bugs() const override {
        std::vector<PlantedBug> all;
        for (const replica::BugEntry& bug : replica::bugs()) {
            all.push_back({.id = bug.id,
                           .mechanism = bug.mechanism,
                           .summary = bug.summary,
                           .faults = bug.faults,
                           .found_by = bug.found_by,
                           .source = bug.source});
        }
        return all;
    }

    [[nodiscard]] Result<void> check_options(const Options& options) const override {
        const auto model = options.find("model");
        if (model == options.end() || model->second != "versioned-register") return {};
        return usage_error("vsr has no versions: model cannot be 'versioned-register'",
                           "--option model=cas-register");
    }

    Result<std::string> installed(Host& host) const override {
        const std::string program = daemon_program().string();
        const auto output = host.run({.argv = {program, "--help"}});
        const char* const hint = "build it: cmake --build BUILD --target faultlab-replica";
        if (!output) {
            return environment_error(
                fmt::format("asking {} for {}: {}", host.name(), program, output.error().message),
                hint);
        }
        if (!output->success()) {
            return environment_error(
                fmt::format("{} does not run on {}: {}", program, host.name(), output->err), hint);
        }
        // It is built with the lab, from the same sources.
        return fmt::format("release {}", replica::newest_release);
    }

    Result<void> prepare(const Deployment& deployment, NodeId node, Host& host) const override {
        const std::filesystem::path file =
            key_file(deployment.nodes[static_cast<std::size_t>(node)]);
        // By its standard input: command lines are visible to everybody on the machine.
        FAULTLAB_TRY(const Output output,
                     host.run({.argv = {"install", "-m", "600", "/dev/stdin", file.string()},
                               .input = deployment.secret + "\n"}));
        if (output.success()) return {};
        return environment_error(
            fmt::format("cannot write {} on {}: {}", file.string(), host.name(), output.err));
    }

    [[nodiscard]] std::vector<ProcessSpec> launch(const Deployment& deployment,
                                                  NodeId node) const override {
        return {launch_spec(deployment, node, daemon_program())};
    }

    [[nodiscard]] std::unique_ptr<Telemetry> telemetry(const Deployment& deployment,
                                                       NodeId node) const override {
        return make_telemetry({.session = session_settings(deployment, node).value(),
                               .address = deployment.nodes[static_cast<std::size_t>(node)].address,
                               .bugs = bugs_planted(deployment),
                               .client_bugs = node == 0 ? client_bugs_ : nullptr});
    }

    [[nodiscard]] std::unique_ptr<Client> connect(const Deployment& deployment,
                                                  NodeId node) const override {
        return make_client(session_settings(deployment, node).value(), client_bugs_);
    }

    Result<LoggedOutcomes> logged_outcomes(std::span<const std::filesystem::path> data_directories,
                                           const History& history) const override {
        return vsr::logged_outcomes(data_directories, history);
    }

    Result<bool> empty(const Deployment& deployment, Nanos limit) const override {
        const Nanos share = limit / std::max<Nanos>(std::ssize(deployment.nodes), 1);
        std::string error = "there are no nodes";
        for (const Deployment::Node& node : deployment.nodes) {
            const auto entries = entries_of(node.address, share);
            if (entries) return *entries == 0;
            error = entries.error().message;
        }
        return lab_error("counting the keys of vsr: no node answered, the last error was: " +
                         error);
    }

private:
    std::shared_ptr<ClientBugs> client_bugs_ = std::make_shared<ClientBugs>();
};

} // namespace
} // namespace vsr

std::unique_ptr<System> make_vsr() {
    return std::make_unique<vsr::VsrSystem>();
}

} // namespace faultlab
