#pragma once

#include "controller/hosts/process.hpp"
#include "tests/unit/hosts/hosts_support.hpp"
#include "tests/unit/hosts/machine_state.hpp"

#include <csignal>
#include <map>

namespace faultlab::hosts_test {

/// What belongs to a lab that runs: its processes by number and start, and its namespaces.
struct Belongings {
    std::map<pid_t, long> processes;
    Namespaces namespaces;
    long seen_at = 0; ///< in ticks since boot
};

inline Belongings belongings_of(pid_t supervisor) {
    Belongings result{.seen_at = ticks_now() + 1};
    const auto own = namespaces_of(::getpid(), result.seen_at);
    result.processes[supervisor] = start_time(supervisor);
    for (const pid_t pid : descendants_of(supervisor)) {
        result.processes[pid] = start_time(pid);
        for (const auto& space : namespaces_of(pid, result.seen_at)) {
            if (!own.contains(space)) result.namespaces.insert(space);
        }
    }
    return result;
}

/// Ends what is left of a lab when a test fails before, or because, it did not end by itself.
class LeftoverGuard {
public:
    explicit LeftoverGuard(pid_t supervisor) : supervisor_(supervisor) {}
    LeftoverGuard(const LeftoverGuard&) = delete;
    LeftoverGuard& operator=(const LeftoverGuard&) = delete;
    ~LeftoverGuard() {
        if (!waited_) lab_ = belongings_of(supervisor_);
        for (const auto& [pid, started] : lab_.processes) {
            if (started != 0 && start_time(pid) == started) ::kill(pid, SIGKILL);
        }
        if (!waited_) wait_for(supervisor_);
    }
    const Belongings& look() { return lab_ = belongings_of(supervisor_); }
    int wait() {
        waited_ = true;
        return wait_for(supervisor_);
    }

private:
    pid_t supervisor_;
    Belongings lab_;
    bool waited_ = false;
};

/// The namespaces that lsns knows, but for those whose first process is younger than a moment.
inline std::set<std::string> listed_namespaces(long started_before) {
    std::set<std::string> result;
    const auto listed = run_command({.argv = {"lsns", "-n", "-r", "-o", "NS,PID"}});
    std::istringstream lines(listed ? listed->out : "");
    for (std::string line; std::getline(lines, line);) {
        // util-linux 2.41 also lists, without a process, what only threads are in.
        std::istringstream words(line);
        std::string number;
        pid_t pid = 0;
        if (words >> number >> pid && start_time(pid) <= started_before) result.insert(number);
    }
    return result;
}

/// What is still there, in words; "" when nothing is. The kernel soon gives the numbers of
/// namespaces to others: what started after the lab was seen is not of the lab.
inline std::string left_of(const Belongings& lab) {
    std::string left;
    Namespaces used;
    for (const pid_t pid : all_processes()) {
        const auto known = lab.processes.find(pid);
        const bool same = known != lab.processes.end() && known->second == start_time(pid);
        // One that has ended but was not waited for by its new parent is no more of the lab's.
        if (same && process_state(pid) != "Z") left += "process " + std::to_string(pid) + "\n";
        used.merge(namespaces_of(pid, lab.seen_at));
    }
    const auto listed = listed_namespaces(lab.seen_at);
    for (const auto& space : lab.namespaces) {
        const auto begin = space.find('[') + 1;
        if (used.contains(space)) left += "namespace " + space + "\n";
        if (listed.contains(space.substr(begin, space.rfind(']') - begin))) {
            left += "lsns " + space + "\n";
        }
    }
    return left;
}

} // namespace faultlab::hosts_test
