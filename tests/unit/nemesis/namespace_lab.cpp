#include "tests/unit/nemesis/namespace_lab.hpp"

#include "core/check.hpp"
#include "nemesis/rules.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <nftables/libnftables.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>

namespace faultlab {

struct NamespaceLab::Namespace {
    int descriptor = -1;
    std::string address;
    nft_ctx* context = nullptr;
    int receiver = -1; ///< a UDP socket that is bound to the address
    ~Namespace() {
        if (context != nullptr) nft_ctx_free(context);
        for (const int open : {descriptor, receiver}) {
            if (open >= 0) close(open);
        }
    }
};

namespace {

constexpr std::uint16_t port = 5000; // in namespaces of our own nobody else has it

Error system_error(const std::string& attempt) {
    return environment_error(fmt::format("{}: {}", attempt, std::strerror(errno)));
}

bool write_file(const std::string& path, const std::string& text) {
    const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    const auto written = write(file, text.data(), text.size());
    close(file);
    return written == static_cast<ssize_t>(text.size());
}

Result<void> become_root_of_a_user_namespace() {
    const std::string user = std::to_string(getuid());
    const std::string group = std::to_string(getgid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return system_error("unshare");
    (void)write_file("/proc/self/setgroups", "deny");
    if (!write_file("/proc/self/uid_map", "0 " + user + " 1")) return system_error("uid_map");
    if (!write_file("/proc/self/gid_map", "0 " + group + " 1")) return system_error("gid_map");
    return {};
}

/// Runs `ip -batch` in the network namespace that the process is in.
Result<void> ip(const std::string& batch) {
    const int input = memfd_create("batch", 0);
    if (input < 0) return system_error("memfd_create");
    const bool written =
        write(input, batch.data(), batch.size()) == static_cast<ssize_t>(batch.size());
    lseek(input, 0, SEEK_SET);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::string words[] = {"ip", "-batch", "-"};
    char* argv[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    std::string path = "PATH=/usr/sbin:/sbin:/usr/bin:/bin";
    char* environment[] = {path.data(), nullptr};
    pid_t child = -1;
    const int failed = posix_spawn(&child, "/sbin/ip", &actions, nullptr, argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    close(input);
    int status = 0;
    if (failed != 0 || !written || waitpid(child, &status, 0) != child || status != 0) {
        return environment_error("ip could not do: " + batch);
    }
    return {};
}

Result<void> step_into(int network_namespace) {
    if (setns(network_namespace, CLONE_NEWNET) != 0) return system_error("setns");
    return {};
}

sockaddr_in socket_address(const std::string& address) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    inet_pton(AF_INET, address.c_str(), &name.sin_addr);
    return name;
}

const sockaddr* generic(const sockaddr_in& name) {
    return reinterpret_cast<const sockaddr*>(&name);
}

Result<int> bound_socket(const std::string& address) {
    const int made = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const sockaddr_in name = socket_address(address);
    if (made < 0 || bind(made, generic(name), sizeof name) != 0) return system_error("bind");
    return made;
}

} // namespace

NamespaceLab::NamespaceLab() = default;

NamespaceLab::~NamespaceLab() {
    hosts_.clear();
    if (outside_ >= 0) close(outside_);
}

Result<std::unique_ptr<NamespaceLab>> NamespaceLab::make(std::int32_t nodes) {
    FAULTLAB_DO(become_root_of_a_user_namespace());
    auto lab = std::make_unique<NamespaceLab>();
    FAULTLAB_DO(lab->build(nodes));
    return lab;
}

Result<void> NamespaceLab::build(std::int32_t nodes) {
    nodes_ = nodes;
    outside_ = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    FAULTLAB_DO(ip("link add br0 type bridge\nlink set br0 up\n"));
    for (std::int32_t i = 1; i <= nodes; ++i) {
        FAULTLAB_DO(add_host(fmt::format("n{}", i), fmt::format("10.9.0.{}", i)));
        FAULTLAB_DO(add_host(fmt::format("c{}", i), fmt::format("10.9.1.{}", i)));
    }
    return {};
}

Result<void> NamespaceLab::add_host(const std::string& name, const std::string& address) {
    auto host = std::make_unique<Namespace>();
    host->address = address;
    if (unshare(CLONE_NEWNET) != 0) return system_error("unshare");
    // Kept open by `ip` too, which finds the namespace under this number.
    host->descriptor = open("/proc/self/ns/net", O_RDONLY);
    FAULTLAB_DO(step_into(outside_));
    FAULTLAB_DO(ip(fmt::format("link add v{0} type veth peer name eth0 netns /proc/self/fd/{1}\n"
                               "link set v{0} master br0 up\n",
                               name,
                               host->descriptor)));
    FAULTLAB_DO(step_into(host->descriptor));
    FAULTLAB_DO(
        ip(fmt::format("addr add {}/16 dev eth0\nlink set eth0 up\nlink set lo up\n", address)));
    FAULTLAB_TRY(host->receiver, bound_socket(address));
    host->context = nft_ctx_new(NFT_CTX_DEFAULT);
    if (host->context == nullptr) return environment_error("nftables is not there");
    nft_ctx_output_set_flags(host->context, NFT_CTX_OUTPUT_JSON);
    nft_ctx_buffer_output(host->context);
    nft_ctx_buffer_error(host->context);
    hosts_[name] = std::move(host);
    FAULTLAB_TRY(const std::string printed, nft(name, "add table inet faultlab\n"));
    return step_into(outside_);
}

ClusterView NamespaceLab::view() const {
    ClusterView view;
    for (std::int32_t i = 0; i < nodes_; ++i) {
        const std::string node = fmt::format("n{}", i + 1);
        const std::string client = fmt::format("c{}", i + 1);
        view.nodes.push_back({.name = node, .address = hosts_.at(node)->address, .leads = i == 0});
        view.clients.push_back({.name = client, .address = hosts_.at(client)->address, .node = i});
    }
    return view;
}

Result<std::string> NamespaceLab::nft(const std::string& host, const std::string& text) {
    const Namespace& place = *hosts_.at(host);
    FAULTLAB_DO(step_into(place.descriptor));
    const int failed = nft_run_cmd_from_buffer(place.context, text.c_str());
    std::string printed = nft_ctx_get_output_buffer(place.context);
    const std::string complaint = nft_ctx_get_error_buffer(place.context);
    FAULTLAB_DO(step_into(outside_));
    if (failed != 0) return lab_error(fmt::format("{}: {}", host, complaint));
    return printed;
}

Result<std::int64_t> NamespaceLab::dropped_at(const std::string& host) {
    FAULTLAB_TRY(const std::string printed, nft(host, "list ruleset\n"));
    FAULTLAB_TRY(const RuleListing listing, parse_rule_listing(printed));
    std::int64_t dropped = 0;
    for (const auto& counter : listing.counters)
        dropped += counter.packets;
    return dropped;
}

Result<bool> NamespaceLab::arrives(const std::string& from, const std::string& to) {
    FAULTLAB_TRY(const std::int64_t before, dropped_at(to));
    const sockaddr_in destination = socket_address(hosts_.at(to)->address);
    // A socket belongs to the namespace that it was made in, wherever the process is now.
    if (sendto(hosts_.at(from)->receiver,
               from.data(),
               from.size(),
               0,
               generic(destination),
               sizeof destination) < 0) {
        return system_error("sendto");
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    while (std::chrono::steady_clock::now() < deadline) {
        pollfd incoming{.fd = hosts_.at(to)->receiver, .events = POLLIN, .revents = 0};
        if (poll(&incoming, 1, 5) > 0) {
            char sender[8] = {};
            const auto length = recv(incoming.fd, sender, sizeof sender, 0);
            if (length > 0 && std::string_view(sender, static_cast<std::size_t>(length)) == from) {
                return true;
            }
            return lab_error(fmt::format("{} got what {} did not send", to, from));
        }
        FAULTLAB_TRY(const std::int64_t now, dropped_at(to));
        if (now > before) return false;
    }
    return lab_error(fmt::format("what {} sent to {} neither came nor was counted", from, to));
}

Result<std::vector<std::string>> NamespaceLab::apply_rules(const std::vector<HostRules>& rules) {
    std::vector<std::string> printed;
    for (const HostRules& of_host : rules) {
        FAULTLAB_TRY(std::string text, nft(of_host.host, of_host.text));
        printed.push_back(std::move(text));
    }
    return printed;
}

Host& NamespaceLab::node_host(NodeId /*node*/) {
    throw Bug("these hosts have rules only");
}
Host& NamespaceLab::client_host(NodeId /*client*/) {
    throw Bug("these hosts have rules only");
}
Result<void> NamespaceLab::signal_node(NodeId /*node*/, int /*signal*/) {
    throw Bug("these hosts have no processes");
}
Result<void> NamespaceLab::kill_node(NodeId /*node*/) {
    throw Bug("these hosts have no processes");
}
Result<bool> NamespaceLab::stop_node(NodeId /*node*/, Nanos /*limit*/) {
    throw Bug("these hosts have no processes");
}
Result<void> NamespaceLab::start_node(NodeId /*node*/) {
    throw Bug("these hosts have no processes");
}
Result<ProcessState> NamespaceLab::node_state(NodeId /*node*/) {
    throw Bug("these hosts have no processes");
}
std::vector<ProcessGroup> NamespaceLab::node_groups(NodeId /*node*/) {
    throw Bug("these hosts have no processes");
}
std::int64_t NamespaceLab::node_starts(NodeId /*node*/) {
    throw Bug("these hosts have no processes");
}

std::string in_namespaces(std::int32_t nodes,
                          const std::function<std::string(NamespaceLab&)>& scenario,
                          std::string& skipped) {
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
    const pid_t child = fork();
    if (child == 0) {
        alarm(20); // nothing may outlive a scenario that hangs
        std::string verdict;
        try {
            const auto lab = NamespaceLab::make(nodes);
            verdict = lab ? "R" + scenario(**lab) : "S" + lab.error().text();
        } catch (const std::exception& e) {
            verdict = std::string("R") + e.what();
        }
        const auto written = write(ends[1], verdict.data(), verdict.size());
        _exit(written < 0 ? 1 : 0);
    }
    close(ends[1]);
    std::string verdict;
    char buffer[512];
    for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;)
        verdict.append(buffer, static_cast<std::size_t>(got));
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (verdict.empty()) return fmt::format("the scenario died with status {}", status);
    if (verdict[0] == 'S') skipped = verdict.substr(1);
    return verdict[0] == 'S' ? std::string() : verdict.substr(1);
}

} // namespace faultlab
