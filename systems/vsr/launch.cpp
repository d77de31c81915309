#include "core/check.hpp"
#include "replica/core/bugs.hpp"
#include "replica/core/checksum.hpp"
#include "replica/wire/key.hpp"
#include "systems/vsr/parts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

namespace faultlab::vsr {
namespace {

const Deployment::Node& node_of(const Deployment& deployment, NodeId node) {
    FAULTLAB_CHECK(node >= 0);
    FAULTLAB_CHECK(static_cast<std::size_t>(node) < deployment.nodes.size());
    return deployment.nodes[static_cast<std::size_t>(node)];
}

std::string option(const Deployment& deployment, std::string_view name) {
    const auto given = deployment.options.find(std::string(name));
    if (given != deployment.options.end()) return given->second;
    const auto specs = option_specs();
    return std::ranges::find(specs, name, &OptionSpec::name)->fallback;
}

/// A number that no other run has: its replicas and clients refuse those of another cluster.
std::uint64_t cluster_of(const Deployment& deployment) {
    return replica::checksum(std::as_bytes(std::span(deployment.run_id))).low;
}

replica::ReplicaId replica_of(NodeId node) {
    return static_cast<replica::ReplicaId>(node + 1);
}

bool planted(const Deployment& deployment, std::string_view id) {
    return std::ranges::count(split_list(option(deployment, "bug")), id) > 0;
}

} // namespace

std::vector<OptionSpec> option_specs() {
    std::vector<std::string> bugs;
    for (const replica::BugEntry& bug : replica::bugs())
        bugs.emplace_back(bug.id);
    bugs.emplace_back("F6"); // both halves
    return {
        {.name = "bug",
         .fallback = "",
         .choices = std::move(bugs),
         .help = "bugs to plant, separated by commas (faultlab list bugs)",
         .several = true},
        {.name = "reads",
         .fallback = "log",
         .choices = {"log", "lease"},
         .help = "lease: the primary answers reads from its state while a quorum has promised"},
        {.name = "release",
         .fallback = "2",
         .choices = {"1", "2"},
         .help = "the release that the replicas' program speaks up to"},
        {.name = "slots",
         .fallback = "512",
         .choices = {"64", "128", "512"},
         .help = "of the log's ring: small ones make lagging replicas need a checkpoint"},
        {.name = "journal",
         .fallback = "off",
         .choices = {"off", "on"},
         .help = "on: each replica records all its inputs, to be replayed"},
        {.name = "rate",
         .fallback = "0",
         .help = "requests a second that the primary admits; 0: no limit",
         .range = {{0, 10'000'000}}},
        {.name = "burst",
         .fallback = "1024",
         .help = "requests that may come at once although a rate is set",
         .range = {{1, 1'000'000}}},
    };
}

std::filesystem::path key_file(const Deployment::Node& node) {
    return node.data_directory / "cluster.key";
}

ProcessSpec
launch_spec(const Deployment& deployment, NodeId number, const std::filesystem::path& program) {
    const Deployment::Node& node = node_of(deployment, number);
    std::vector<std::string> voters;
    std::vector<std::string> peers;
    for (std::size_t i = 0; i < deployment.nodes.size(); ++i) {
        voters.push_back(fmt::format("{}", i + 1));
        peers.push_back(fmt::format("{}={}:{}", i + 1, deployment.nodes[i].address, service_port));
    }
    // On a restart the replica finds its files and ignores what is only for making them.
    ProcessSpec spec{.name = "replica",
                     .argv = {program.string(),
                              "run",
                              "--format-if-empty",
                              "--data",
                              (node.data_directory / "replica").string(),
                              "--cluster",
                              fmt::format("{}", cluster_of(deployment)),
                              "--id",
                              fmt::format("{}", replica_of(number)),
                              "--voters",
                              fmt::format("{}", fmt::join(voters, ",")),
                              "--listen",
                              fmt::format("{}:{}", node.address, service_port),
                              "--peers",
                              fmt::format("{}", fmt::join(peers, ",")),
                              "--key-file",
                              key_file(node).string(),
                              "--admin",
                              fmt::format("{}:{}", node.address, admin_port),
                              "--release",
                              option(deployment, "release"),
                              "--reads",
                              option(deployment, "reads"),
                              "--rate",
                              option(deployment, "rate"),
                              "--burst",
                              option(deployment, "burst")},
                     .directory = node.data_directory};
    const auto add = [&spec](const char* flag, std::string value) {
        spec.argv.emplace_back(flag);
        spec.argv.push_back(std::move(value));
    };
    const std::string slots = option(deployment, "slots");
    if (slots == "64") add("--limit", "slots=64,checkpoint_every=24");
    if (slots == "128") add("--limit", "slots=128,checkpoint_every=48");
    if (option(deployment, "journal") == "on")
        add("--journal", (node.data_directory / journal_name).string());
    if (const std::string bugs = option(deployment, "bug"); !bugs.empty()) add("--bug", bugs);
    return spec;
}

Result<replica::Session::Settings> session_settings(const Deployment& deployment, NodeId node) {
    FAULTLAB_TRY(const replica::Key key, replica::Key::from_hex(deployment.secret));
    replica::Session::Settings settings{
        .first = replica_of(node),
        // It begins with its own node and goes where that one, or its silence, sends it; a node
        // that answers although it should not is thus still seen.
        .follow = true,
        .cluster = cluster_of(deployment),
        .key = key,
        .release = static_cast<std::uint32_t>(std::stoul(option(deployment, "release"))),
        .bugs = {.no_register = planted(deployment, "V7"),
                 .busy_is_fail = planted(deployment, "B23")}};
    for (std::size_t i = 0; i < deployment.nodes.size(); ++i) {
        settings.nodes.push_back({.id = replica_of(static_cast<NodeId>(i)),
                                  .address = deployment.nodes[i].address,
                                  .port = service_port});
    }
    return settings;
}

} // namespace faultlab::vsr
