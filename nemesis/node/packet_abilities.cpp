#include "nemesis/node/packet_abilities.hpp"

#include "nemesis/node/packet_queue.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <vector>

namespace faultlab::node {
namespace {

constexpr int no_namespace = 10;
constexpr int no_rule = 11;
constexpr int no_queue = 12;

int wait_for(pid_t child) {
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
}

/// Whether it ran and ended with 0. What it prints is lost.
bool succeeds(std::vector<const char*> argv, std::string_view input = {}) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return false;
    [[maybe_unused]] const auto written = ::write(pipe[1], input.data(), input.size());
    ::close(pipe[1]);
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
        const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
        ::dup2(pipe[0], STDIN_FILENO);
        ::dup2(nothing, STDOUT_FILENO);
        ::dup2(nothing, STDERR_FILENO);
        ::execvp(argv.front(), const_cast<char* const*>(argv.data()));
        ::_exit(127);
    }
    ::close(pipe[0]);
    return wait_for(child) == 0;
}

/// What `trial` returns in a network namespace of its own.
int apart(int (*trial)()) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(::unshare(CLONE_NEWNET) == 0 ? trial() : no_namespace);
    return wait_for(child);
}

int try_netem() {
    return succeeds({"tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"}) ? 0
                                                                                          : no_rule;
}

int try_nfqueue() {
    constexpr std::string_view rules =
        "*mangle\n-A PREROUTING -j NFQUEUE --queue-num 1 --queue-bypass\nCOMMIT\n";
    ::setenv("XTABLES_LOCKFILE", "/dev/null", 1); // the shared one may be another user's
    if (!succeeds({"iptables-restore", "--noflush"}, rules)) return no_rule;
    try {
        const PacketQueue queue({.number = 1});
        return 0;
    } catch (const std::exception&) {
        return no_queue;
    }
}

/// Connects to itself, has that closed, and sees whether it was. Requires: `lo` can be raised.
int try_socket_destroy() {
    if (!succeeds({"ip", "link", "set", "lo", "up"})) return no_rule;
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int connected = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(7);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* place = reinterpret_cast<const sockaddr*>(&address);
    if (::bind(listening, place, sizeof(address)) != 0) return no_rule;
    if (::listen(listening, 1) != 0) return no_rule;
    if (::connect(connected, place, sizeof(address)) != 0) return no_rule;
    if (!succeeds({"ss", "-K", "-t", "dst", "127.0.0.1"})) return no_queue;
    char byte = 0;
    return ::recv(connected, &byte, 1, MSG_DONTWAIT) < 0 && errno != EAGAIN ? 0 : no_queue;
}

} // namespace

std::string missing_socket_destroy() {
    switch (apart(try_socket_destroy)) {
        case 0: return {};
        case no_namespace: return "a network namespace to try it in cannot be made";
        case no_rule: return "a connection to try it on cannot be made";
        default: return "ss cannot close sockets: the kernel lacks INET_DIAG_DESTROY";
    }
}

std::string missing_netem() {
    switch (apart(try_netem)) {
        case 0: return {};
        case no_namespace: return "a network namespace to try it in cannot be made";
        default: return "tc cannot add a netem qdisc: the kernel has none, or iproute2 is missing";
    }
}

std::string missing_nfqueue() {
    switch (apart(try_nfqueue)) {
        case 0: return {};
        case no_namespace: return "a network namespace to try it in cannot be made";
        case no_queue: return "a netfilter queue cannot be opened: the kernel has none";
        default:
            return "iptables cannot add a NFQUEUE rule: install iptables, or the kernel has none";
    }
}

std::string missing_packet_faults() {
    const std::string netem = missing_netem();
    if (netem.empty()) return {};
    const std::string nfqueue = missing_nfqueue();
    if (nfqueue.empty()) return {};
    return fmt::format("{}; {}", netem, nfqueue);
}

} // namespace faultlab::node
