#pragma once

#include "core/system.hpp"
#include "systems/catalogue.hpp"
#include "tests/support/command.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace faultlab::test {

/// Polls until the condition holds, at most so long. False: it never did.
inline bool eventually(const std::function<bool()>& condition,
                       std::chrono::seconds limit = std::chrono::seconds(20)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < deadline) {
        if (condition()) return true;
        ::usleep(10'000);
    }
    return false;
}

inline bool etcd_is_installed() {
    return std::filesystem::exists("/usr/bin/etcd");
}

inline std::int64_t metric(const NodeStatus& status, const std::string& name) {
    for (const auto& [metric_name, value] : status.metrics) {
        if (metric_name == name) return value;
    }
    throw std::runtime_error("no metric " + name);
}

/// A cluster of real etcd processes, launched as the system says, on random addresses of the
/// loopback network, with its data in a temporary directory. All of it ends with this object.
class EtcdCluster {
public:
    explicit EtcdCluster(std::size_t nodes, Options options = {})
        : system_(find_system("etcd").value()->make()), pids_(nodes, -1) {
        std::random_device random;
        std::uniform_int_distribution<int> byte(1, 250);
        const std::string network =
            "127." + std::to_string(byte(random)) + "." + std::to_string(byte(random)) + ".";
        deployment_.run_id = "test-" + std::to_string(random());
        // Elections that are quick without being nervous on a busy machine.
        deployment_.options = {{"election-timeout", "500"}};
        deployment_.options.merge(options);
        for (std::size_t i = 0; i < nodes; ++i) {
            const std::string name = "n" + std::to_string(i + 1);
            deployment_.nodes.push_back({.name = name,
                                         .address = network + std::to_string(i + 1),
                                         .data_directory = directory_.path() / name});
        }
        for (std::size_t i = 0; i < nodes; ++i)
            start(static_cast<NodeId>(i));
    }
    EtcdCluster(const EtcdCluster&) = delete;
    EtcdCluster& operator=(const EtcdCluster&) = delete;
    ~EtcdCluster() {
        for (std::size_t i = 0; i < pids_.size(); ++i)
            kill(static_cast<NodeId>(i));
    }

    [[nodiscard]] const System& system() const { return *system_; }
    [[nodiscard]] const Deployment& deployment() const { return deployment_; }
    /// The same cluster, seen with other options.
    [[nodiscard]] Deployment deployment_with(Options options) const {
        Deployment deployment = deployment_;
        options.merge(Options(deployment.options));
        deployment.options = std::move(options);
        return deployment;
    }
    [[nodiscard]] std::unique_ptr<Client> client(NodeId node, Options options = {}) const {
        return system_->connect(deployment_with(std::move(options)), node);
    }

    void start(NodeId node) {
        const auto processes = system_->launch(deployment_, node);
        const ProcessSpec& spec = processes.at(0);
        std::filesystem::create_directories(spec.directory);
        const std::string log = directory_.path() / (spec.name + std::to_string(node) + ".log");
        const pid_t parent = ::getpid();
        const pid_t pid = ::fork();
        if (pid < 0) throw std::runtime_error("fork failed");
        if (pid == 0) {
            ::setpgid(0, 0);
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (::getppid() != parent) ::_exit(1);
            const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
            ::dup2(file, 1);
            ::dup2(file, 2);
            if (::chdir(spec.directory.c_str()) != 0) ::_exit(126);
            std::vector<char*> argv;
            for (const std::string& word : spec.argv)
                argv.push_back(const_cast<char*>(word.c_str()));
            argv.push_back(nullptr);
            ::execvp(argv[0], argv.data());
            ::_exit(127);
        }
        // Set on both sides: whoever is first, the group exists when it is signalled.
        ::setpgid(pid, pid);
        pids_[static_cast<std::size_t>(node)] = pid;
    }

    void signal(NodeId node, int number) const {
        const pid_t pid = pids_[static_cast<std::size_t>(node)];
        if (pid > 0) ::kill(-pid, number);
    }

    /// Returns when all of its threads have stopped, which takes a moment after the signal.
    void pause(NodeId node) const {
        signal(node, SIGSTOP);
        ::waitpid(pids_[static_cast<std::size_t>(node)], nullptr, WUNTRACED);
    }

    void kill(NodeId node) {
        signal(node, SIGKILL);
        pid_t& pid = pids_[static_cast<std::size_t>(node)];
        if (pid > 0) ::waitpid(pid, nullptr, 0);
        pid = -1;
    }

    [[nodiscard]] bool await_ready(NodeId node) const {
        const auto telemetry = system_->telemetry(deployment_, node);
        return eventually([&] {
            const auto ready = telemetry->ready(second);
            return ready.ok() && *ready;
        });
    }
    [[nodiscard]] bool await_ready() const {
        for (std::size_t i = 0; i < pids_.size(); ++i) {
            if (!await_ready(static_cast<NodeId>(i))) return false;
        }
        return true;
    }

    [[nodiscard]] std::optional<NodeStatus> status(NodeId node, Nanos limit = 5 * second) const {
        auto status = system_->telemetry(deployment_, node)->poll(limit);
        if (!status.ok()) return std::nullopt;
        return std::move(*status);
    }

    /// The node that leads once all nodes that run name the same one. An election on a busy
    /// machine may come at any time, so what was true a moment ago is asked for again.
    [[nodiscard]] NodeId await_leader() const {
        std::optional<NodeId> leader;
        eventually([&] {
            leader = agreed_leader();
            return leader.has_value();
        });
        if (!leader) throw std::runtime_error("no leader within the limit");
        return *leader;
    }

private:
    [[nodiscard]] std::optional<NodeId> agreed_leader() const {
        std::optional<NodeId> agreed;
        for (std::size_t i = 0; i < pids_.size(); ++i) {
            if (pids_[i] < 0) continue;
            const auto said = status(static_cast<NodeId>(i));
            if (!said) return std::nullopt;
            const auto leader = static_cast<NodeId>(metric(*said, "leader"));
            if (leader == no_node || leader != agreed.value_or(leader)) return std::nullopt;
            agreed = leader;
        }
        return agreed;
    }

    TemporaryDirectory directory_;
    std::unique_ptr<System> system_;
    Deployment deployment_;
    std::vector<pid_t> pids_; ///< -1: not running
};

} // namespace faultlab::test
