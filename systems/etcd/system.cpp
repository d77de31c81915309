// etcd, Debian's etcd-server: a key-value store over Raft, by its JSON gateway.
// Linearizable but for serializable reads, which are stale by design: a good control in both ways.

#include "core/system.hpp"

#include "core/check.hpp"
#include "core/host.hpp"
#include "core/options.hpp"
#include "core/result.hpp"
#include "core/types.hpp"
#include "systems/etcd/errors.hpp"
#include "systems/etcd/parts.hpp"
#include "systems/etcd/wire.hpp"
#include "systems/http.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace faultlab {
namespace etcd {
namespace {

constexpr std::string_view install_hint =
    "install it: apt-get install etcd-server (the lab starts it by itself, no service is needed)";

/// The options with their fallbacks: the one place where both are said.
std::vector<OptionSpec> option_specs() {
    return {
        {.name = "reads",
         .fallback = "linearizable",
         .choices = {"linearizable", "serializable"},
         .help = "serializable: each node answers reads from its own state, stale by design"},
        {.name = "election-timeout",
         .fallback = "1000",
         .choices = {"500", "1000", "2000", "5000"},
         .help = "milliseconds without a heartbeat until an election; heartbeats at a tenth of it"},
        {.name = "snapshot-count",
         .fallback = "100000",
         .choices = {"100", "1000", "10000", "100000"},
         .help = "committed entries until a snapshot: small ones make lagging nodes need it"},
        {.name = "fsync",
         .fallback = "on",
         .choices = {"on", "off"},
         .help = "off: etcd syncs nothing (--unsafe-no-fsync), and a power cut shows it"},
    };
}

std::string option(const Deployment& deployment, std::string_view name) {
    const auto given = deployment.options.find(std::string(name));
    if (given != deployment.options.end()) return given->second;
    for (const OptionSpec& spec : option_specs()) {
        if (spec.name == name) return spec.fallback;
    }
    return {};
}

const Deployment::Node& node_of(const Deployment& deployment, NodeId node) {
    FAULTLAB_CHECK(node >= 0);
    FAULTLAB_CHECK(static_cast<std::size_t>(node) < deployment.nodes.size());
    return deployment.nodes[static_cast<std::size_t>(node)];
}

HttpClient::Settings endpoint_of(const Deployment& deployment, NodeId node) {
    return {.address = node_of(deployment, node).address, .port = client_port};
}

std::string peer_url(const Deployment::Node& node) {
    return fmt::format("http://{}:{}", node.address, peer_port);
}

std::vector<ProcessSpec> launch_specs(const Deployment& deployment, NodeId number) {
    const Deployment::Node& node = node_of(deployment, number);
    std::vector<std::string> cluster;
    for (const Deployment::Node& member : deployment.nodes) {
        cluster.push_back(member.name + "=" + peer_url(member));
    }
    const std::string election = option(deployment, "election-timeout");
    // All choices end in a zero: a tenth is one digit less.
    const std::string heartbeat = election.substr(0, election.size() - 1);
    const std::string client_url = fmt::format("http://{}:{}", node.address, client_port);
    // On a restart etcd finds its log in the data directory and ignores the initial cluster. Its
    // own directory inside the node's: it wants one that only its user may read.
    ProcessSpec spec{.name = "etcd",
                     .argv = {"etcd",
                              "--name",
                              node.name,
                              "--data-dir",
                              (node.data_directory / "etcd").string(),
                              "--listen-peer-urls",
                              peer_url(node),
                              "--initial-advertise-peer-urls",
                              peer_url(node),
                              "--listen-client-urls",
                              client_url,
                              "--advertise-client-urls",
                              client_url,
                              "--initial-cluster",
                              fmt::format("{}", fmt::join(cluster, ",")),
                              "--initial-cluster-state",
                              "new",
                              "--initial-cluster-token",
                              deployment.run_id,
                              "--heartbeat-interval",
                              heartbeat,
                              "--election-timeout",
                              election,
                              "--snapshot-count",
                              option(deployment, "snapshot-count"),
                              "--enable-grpc-gateway=true",
                              "--metrics",
                              "basic",
                              "--logger",
                              "zap",
                              "--log-outputs",
                              "stderr",
                              "--log-level",
                              "info"},
                     .directory = node.data_directory};
    if (option(deployment, "fsync") == "off") spec.argv.emplace_back("--unsafe-no-fsync");
    return {std::move(spec)};
}

/// "etcd Version: 3.4.23" → "3.4.23", empty when there is no such line.
std::string version_of(std::string_view output) {
    constexpr std::string_view label = "etcd Version: ";
    const std::size_t at = output.find(label);
    if (at == std::string_view::npos) return {};
    const std::string_view rest = output.substr(at + label.size());
    return std::string(rest.substr(0, rest.find_first_of(" \r\n")));
}

/// The gateway speaks /v3 since 3.4.
bool is_supported(const std::string& version) {
    int major = 0;
    int minor = 0;
    const char* end = version.data() + version.size();
    const auto [dot, error] = std::from_chars(version.data(), end, major);
    if (error != std::errc{} || dot == end || *dot != '.') return false;
    if (std::from_chars(dot + 1, end, minor).ec != std::errc{}) return false;
    return std::pair(major, minor) >= std::pair(3, 4);
}

class EtcdSystem final : public System {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override { return option_specs(); }
    [[nodiscard]] std::vector<std::string> operations() const override {
        return {"read", "write", "cas"};
    }
    [[nodiscard]] std::vector<ErrorRule> error_table() const override {
        return etcd::error_table();
    }
    [[nodiscard]] std::pair<std::int32_t, std::int32_t> node_limits() const override {
        return {1, 9};
    }

    Result<std::string> installed(Host& host) const override {
        const auto output = host.run({.argv = {"etcd", "--version"}});
        if (!output) {
            return environment_error(
                fmt::format("asking {} for its etcd: {}", host.name(), output.error().message),
                std::string(install_hint));
        }
        const std::string version = version_of(output->out);
        if (!output->success() || version.empty()) {
            return environment_error(fmt::format("{} has no etcd that runs", host.name()),
                                     std::string(install_hint));
        }
        if (!is_supported(version)) {
            return environment_error(
                fmt::format("{} has etcd {}, older than 3.4", host.name(), version),
                std::string(install_hint));
        }
        return version;
    }

    [[nodiscard]] std::vector<ProcessSpec> launch(const Deployment& deployment,
                                                  NodeId node) const override {
        return launch_specs(deployment, node);
    }

    [[nodiscard]] std::unique_ptr<Telemetry> telemetry(const Deployment& deployment,
                                                       NodeId node) const override {
        std::vector<std::string> peer_urls;
        for (const Deployment::Node& member : deployment.nodes) {
            peer_urls.push_back(peer_url(member));
        }
        return make_telemetry(
            {.endpoint = endpoint_of(deployment, node), .peer_urls = std::move(peer_urls)});
    }

    [[nodiscard]] std::unique_ptr<Client> connect(const Deployment& deployment,
                                                  NodeId node) const override {
        return make_client({.endpoint = endpoint_of(deployment, node),
                            .serializable_reads = option(deployment, "reads") == "serializable",
                            // An option of the workload; without one it is cas-register.
                            .versioned = option(deployment, "model") == "versioned-register"});
    }

    Result<bool> empty(const Deployment& deployment, Nanos limit) const override {
        const auto start = std::chrono::steady_clock::now();
        std::string error = "there are no nodes";
        for (std::size_t i = 0; i < deployment.nodes.size(); ++i) {
            const Nanos spent = (std::chrono::steady_clock::now() - start).count();
            // What is left is divided among the nodes that are left: one that hangs leaves time.
            const Nanos share = (limit - spent) / static_cast<Nanos>(deployment.nodes.size() - i);
            HttpClient http(endpoint_of(deployment, static_cast<NodeId>(i)));
            const HttpReply reply = http.post("/v3/kv/range", count_request(), share);
            const auto count =
                reply.status == 200 ? count_of_range(reply.body) : std::optional<std::int64_t>();
            if (count) return *count == 0;
            error = reply.status == 200 ? std::string(malformed_answer) : error_of(reply);
        }
        return lab_error("counting the keys of etcd: no node answered, the last error was: " +
                         error);
    }
};

} // namespace
} // namespace etcd

std::unique_ptr<System> make_etcd() {
    return std::make_unique<etcd::EtcdSystem>();
}

} // namespace faultlab
