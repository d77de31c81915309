#include "controller/hosts/local_lab.hpp"

#include "controller/hosts/descriptor.hpp"
#include "controller/hosts/interfaces.hpp"
#include "controller/hosts/local_host.hpp"
#include "controller/hosts/process.hpp"
#include "controller/hosts/process_table.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <latch>
#include <set>
#include <vector>

namespace faultlab {
namespace {

namespace fs = std::filesystem;

constexpr int most_hosts = 16;
constexpr int first_client_address = 101;
constexpr int bridge_address = 254;
constexpr const char* bridge = "fl-bridge";

std::string link_name(const LocalHost& host) {
    return "fl-" + host.name();
}

class LocalLab final : public Lab {
public:
    LocalLab(const LocalLabSpec& spec, const Clock& clock) : spec_(spec), programs_(clock) {}
    LocalLab(const LocalLab&) = delete;
    LocalLab& operator=(const LocalLab&) = delete;
    ~LocalLab() override;

    Result<void> make();

    [[nodiscard]] std::int32_t nodes() const override { return spec_.nodes; }
    Host& node(NodeId node) override { return host_of(nodes_, node); }
    Host& client(NodeId client) override { return host_of(clients_, client); }
    Result<void> enter_client(NodeId client) override;
    Result<std::vector<std::string>>
    apply_rules(const std::vector<FaultTarget::HostRules>& rules) override;

private:
    using Hosts = std::vector<std::unique_ptr<LocalHost>>;

    static LocalHost& host_of(const Hosts& hosts, std::int32_t number) {
        FAULTLAB_CHECK(number >= 0);
        FAULTLAB_CHECK(static_cast<std::size_t>(number) < hosts.size());
        return *hosts[static_cast<std::size_t>(number)];
    }
    [[nodiscard]] std::vector<LocalHost*> all() const;
    Result<std::vector<LocalHost*>> hosts_named(const std::vector<FaultTarget::HostRules>& rules);
    Result<void> await_hosts();
    Result<void> make_links();
    void kill_strays();
    void remove_links();

    LocalLabSpec spec_;
    std::mutex nftables_mutex_; ///< see HostSpace
    std::mutex rules_mutex_;    ///< one application to several hosts at a time
    ProcessTable programs_;
    Hosts nodes_;
    Hosts clients_;
    bool linked_ = false; ///< the links may exist
};

std::vector<LocalHost*> LocalLab::all() const {
    std::vector<LocalHost*> result;
    for (const auto& host : nodes_)
        result.push_back(host.get());
    for (const auto& host : clients_)
        result.push_back(host.get());
    return result;
}

/// The hosts of a lab as numbers and names, before any is made.
std::vector<LocalHost::Spec> host_specs(const LocalLabSpec& spec) {
    std::vector<LocalHost::Spec> result;
    const auto add = [&](char letter, int number, int address) {
        const auto name = fmt::format("{}{}", letter, number);
        result.push_back({.name = name,
                          .address = fmt::format("{}{}", spec.address_prefix, address),
                          .directory = fs::absolute(spec.run_directory) / "nodes" / name});
    };
    for (int i = 0; i < spec.nodes; ++i)
        add('n', i + 1, i + 1);
    for (int i = 0; i < spec.clients; ++i)
        add('c', i + 1, first_client_address + i);
    return result;
}

std::string hosts_text(const std::vector<LocalHost::Spec>& hosts) {
    std::string text = "127.0.0.1 localhost\n";
    for (const auto& host : hosts)
        text += host.address + " " + host.name + "\n";
    return text;
}

Result<void> make_files(const LocalHost::Spec& host, bool keeps_data, const std::string& names) {
    std::error_code code;
    fs::create_directories(host.directory / "logs", code);
    if (!code && keeps_data) fs::create_directories(host.directory / "data", code);
    if (code) {
        return lab_error(
            fmt::format("cannot make directory {}: {}", host.directory.string(), code.message()));
    }
    std::ofstream file(host.directory / "hosts", std::ios::trunc);
    file << names << std::flush;
    if (!file) return lab_error("cannot write " + (host.directory / "hosts").string());
    return {};
}

Result<void> LocalLab::make() {
    const auto specs = host_specs(spec_);
    const auto names = hosts_text(specs);
    for (std::size_t i = 0; i < specs.size(); ++i) {
        const bool is_node = i < static_cast<std::size_t>(spec_.nodes);
        FAULTLAB_DO(make_files(specs[i], is_node, names));
        auto& hosts = is_node ? nodes_ : clients_;
        hosts.push_back(std::make_unique<LocalHost>(specs[i], programs_, nftables_mutex_));
    }
    for (auto* host : all())
        FAULTLAB_DO(host->space().await_made());
    return make_links();
}

/// Waits for all, also when one fails: until then their threads work on them.
Result<void> LocalLab::await_hosts() {
    Result<void> result;
    for (auto* host : all()) {
        auto made = host->space().await_made();
        if (result) result = std::move(made);
    }
    return result;
}

Result<void> LocalLab::make_links() {
    std::string batch = fmt::format(
        "link add {} type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n", bridge);
    for (auto* host : all()) {
        batch += fmt::format("link add {0} type veth peer name eth0 netns /proc/{1}/fd/{2}\n"
                             "link set {0} master {3} up\n",
                             link_name(*host),
                             ::getpid(),
                             host->space().network_namespace(),
                             bridge);
    }
    for (const char* scope : {"all", "default"}) {
        std::ofstream(fmt::format("/proc/sys/net/ipv6/conf/{}/disable_ipv6", scope)) << 1;
    }
    linked_ = true;
    FAULTLAB_TRY(const auto output, run_command({.argv = {"ip", "-batch", "-"}, .input = batch}));
    if (!output.success()) {
        return environment_error("cannot connect the hosts by a bridge: " + output.err,
                                 "faultlab doctor tells what this machine lacks");
    }
    const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket.valid()) {
        return environment_error(fmt::format("cannot open a socket: {}", errno_text(errno)));
    }
    FAULTLAB_DO(configure_interface(socket.get(), "lo", ""));
    FAULTLAB_DO(configure_interface(
        socket.get(), bridge, fmt::format("{}{}", spec_.address_prefix, bridge_address)));
    for (auto* host : all()) {
        const int inside = host->space().control_socket();
        FAULTLAB_DO(configure_interface(inside, "lo", ""));
        FAULTLAB_DO(configure_interface(inside, "eth0", host->address()));
    }
    return {};
}

LocalLab::~LocalLab() {
    try {
        [[maybe_unused]] const auto made = await_hosts();
        kill_strays();
        remove_links();
    } catch (const std::exception&) {
        // Nothing is lost: what is left ends with the lab's namespaces.
    }
}

/// Kills every process on the hosts, also those that have left their process group.
void LocalLab::kill_strays() {
    const auto hosts = all();
    const std::string self = std::to_string(::getpid());
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (name.front() < '1' || name.front() > '9' || name == self) continue;
        const bool on_host = std::any_of(hosts.begin(), hosts.end(), [&](LocalHost* host) {
            return host->space().holds(entry.path());
        });
        if (on_host) ::kill(static_cast<pid_t>(std::stol(name)), SIGKILL);
    }
}

/// The kernel removes links with their namespaces, but only some time later; the next lab in the
/// same namespaces uses the same names.
void LocalLab::remove_links() {
    if (!linked_) return;
    std::string batch = fmt::format("link del {}\n", bridge);
    for (const auto* host : all())
        batch += fmt::format("link del {}\n", link_name(*host));
    [[maybe_unused]] const auto done =
        run_command({.argv = {"ip", "-force", "-batch", "-"}, .input = batch});
}

Result<void> LocalLab::enter_client(NodeId client) {
    auto& host = host_of(clients_, client);
    if (::setns(host.space().network_namespace(), CLONE_NEWNET) == 0) return {};
    return lab_error(
        fmt::format("cannot enter client host {}: {}", host.name(), errno_text(errno)));
}

Result<std::vector<LocalHost*>>
LocalLab::hosts_named(const std::vector<FaultTarget::HostRules>& rules) {
    std::vector<LocalHost*> result;
    std::set<std::string> seen;
    const auto hosts = all();
    for (const auto& entry : rules) {
        const auto found = std::find_if(hosts.begin(), hosts.end(), [&](const LocalHost* host) {
            return host->name() == entry.host;
        });
        if (found == hosts.end()) return lab_error("there is no host " + entry.host);
        if (!seen.insert(entry.host).second) {
            return lab_error("two rule texts for host " + entry.host + " at once");
        }
        result.push_back(*found);
    }
    return result;
}

Result<std::vector<std::string>>
LocalLab::apply_rules(const std::vector<FaultTarget::HostRules>& rules) {
    FAULTLAB_TRY(const auto hosts, hosts_named(rules));
    const std::scoped_lock one_application(rules_mutex_);
    std::vector<std::unique_lock<std::mutex>> locks;
    for (auto* host : hosts)
        locks.emplace_back(host->rules_mutex());
    // All threads wait at the gate; the last to arrive opens it for all.
    std::latch gate(static_cast<std::ptrdiff_t>(hosts.size()));
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        hosts[i]->space().begin_rules(rules[i].text, &gate);
    }
    std::vector<std::string> printed;
    std::string complaints;
    for (auto* host : hosts) {
        auto answer = host->space().await_rules();
        printed.push_back(answer ? *answer : "");
        if (!answer) complaints += fmt::format("{}: {}\n", host->name(), answer.error().message);
    }
    if (complaints.empty()) return printed;
    complaints.pop_back();
    return lab_error(complaints);
}

} // namespace

Result<std::unique_ptr<Lab>> create_local_lab(const LocalLabSpec& spec, const Clock& clock) {
    if (spec.nodes < 1 || spec.nodes > most_hosts) {
        return usage_error(fmt::format("{} nodes on local hosts", spec.nodes),
                           fmt::format("1 to {} are possible", most_hosts));
    }
    if (spec.clients < 0 || spec.clients > most_hosts) {
        return usage_error(fmt::format("{} client hosts", spec.clients),
                           fmt::format("0 to {} are possible", most_hosts));
    }
    auto lab = std::make_unique<LocalLab>(spec, clock);
    FAULTLAB_DO(lab->make());
    return std::unique_ptr<Lab>(std::move(lab));
}

} // namespace faultlab
