#include "nemesis/node/host_clocks.hpp"

#include "nemesis/node/neighbours.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>

namespace faultlab::node {
namespace {

using Seen = ClockPatcher::Seen;

void await(std::int64_t monotonic) {
    const std::int64_t left = monotonic - true_time(CLOCK_MONOTONIC);
    if (left > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(left));
}

std::vector<pid_t> patched_by(const ClockPatcher& patcher, std::uint64_t owner) {
    std::vector<pid_t> patched;
    for (const Neighbour& process : neighbours()) {
        const auto look = patcher.look(process.pid);
        if (look.seen == Seen::patched && look.patch.owner == owner) patched.push_back(process.pid);
    }
    return patched;
}

} // namespace

std::uint64_t owner_number(std::string_view name) {
    std::uint64_t hash = 0xcbf29ce484222325; // FNV-1a
    for (const char c : name)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash;
}

std::vector<std::string>
skew_processes(const ClockPatcher& patcher, std::uint64_t owner, const ClockSkew& skew) {
    std::vector<std::string> problems;
    for (const Neighbour& process : neighbours()) {
        const auto look = patcher.look(process.pid);
        const bool ours = look.seen == Seen::patched && look.patch.owner == owner;
        if (look.seen == Seen::nothing || (ours && look.patch.whole)) continue;
        std::string problem;
        if (look.seen == Seen::strange) {
            problem = "its vDSO is not as the kernel made it";
        } else if (look.seen == Seen::patched && !ours) {
            problem = "another fault has its clocks";
        } else {
            problem = patcher.install(process.pid, owner, skew, is_neighbour);
        }
        if (!problem.empty())
            problems.push_back(fmt::format("{} {}: {}", process.name, process.pid, problem));
    }
    return problems;
}

std::int64_t slow_processes(const ClockPatcher& patcher, std::uint64_t owner) {
    std::int64_t until = 0;
    for (const pid_t pid : patched_by(patcher, owner))
        until = std::max(until, patcher.slow_down(pid));
    return until;
}

std::vector<std::string> true_processes(const ClockPatcher& patcher, std::uint64_t owner) {
    constexpr int passes = 20;
    std::vector<std::string> problems;
    for (int pass = 0; pass < passes; ++pass) {
        const std::vector<pid_t> patched = patched_by(patcher, owner);
        if (patched.empty()) return {};
        await(slow_processes(patcher, owner));
        problems.clear();
        for (const pid_t pid : patched) {
            std::string problem = patcher.restore(pid);
            if (!problem.empty()) problems.push_back(std::move(problem));
        }
    }
    return problems;
}

std::string json_list(const std::vector<std::string>& texts) {
    std::string list;
    for (const std::string& text : texts) {
        if (!list.empty()) list += ", ";
        list += '"';
        for (const char c : text)
            list += c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ' ? '?' : c;
        list += '"';
    }
    return "[" + list + "]";
}

} // namespace faultlab::node
