// A cluster of three faultlab-replica processes on the loopback interface, with real fdatasync:
// how long it takes from the start of the processes, on directories that are not there yet, to the
// first acknowledged write; and how many writes a second it takes with all three, and again while
// one of the backups is paused, dead, and back.
//
//     bench_replica_cluster [starts = 20] [clients = 32] [seconds a phase = 3]

#include "tests/support/replica_cluster/cluster.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace faultlab;
using namespace faultlab::replica;
using namespace std::chrono_literals;
using test::ReplicaCluster;
using SteadyClock = std::chrono::steady_clock;

namespace {

[[noreturn]] void give_up(const std::string& why) {
    fmt::print(stderr, "bench_replica_cluster: {}\n", why);
    std::exit(70);
}

double milliseconds(SteadyClock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

/// "2.17": processes that were running or wanted to, over the last minute.
std::string load() {
    std::ifstream file("/proc/loadavg");
    std::string first;
    file >> first;
    return first;
}

bool succeeded(const Execution& execution) {
    return std::holds_alternative<Done>(execution);
}

double start_to_first_write() {
    ReplicaCluster cluster({});
    Session session = cluster.session();
    const auto before = SteadyClock::now();
    cluster.start_all();
    if (!succeeded(test::write(session, 1, 1))) give_up("no first write within 5 s");
    return milliseconds(SteadyClock::now() - before);
}

void measure_starts(int starts) {
    std::vector<double> times;
    for (int i = 0; i < starts; ++i)
        times.push_back(start_to_first_write());
    std::sort(times.begin(), times.end());
    fmt::print("start to first acknowledged write: median {:.0f} ms, from {:.0f} to {:.0f} ms, of "
               "{} (load {})\n",
               times[times.size() / 2],
               times.front(),
               times.back(),
               times.size(),
               load());
}

/// Seconds of processor time that a process has used.
double processor_seconds(pid_t process) {
    std::ifstream file(fmt::format("/proc/{}/stat", process));
    std::string text((std::istreambuf_iterator<char>(file)), {});
    const std::size_t name_end = text.rfind(')');
    unsigned long user = 0;
    unsigned long system = 0;
    if (name_end == std::string::npos ||
        std::sscanf(text.c_str() + name_end + 2,
                    "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                    &user,
                    &system) != 2) {
        give_up("a replica is gone");
    }
    return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

/// Closed loop: every client sends its next write when the one before it was answered.
void measure_writes(ReplicaCluster& cluster,
                    ReplicaId primary,
                    const char* what,
                    int clients,
                    std::chrono::seconds duration) {
    std::vector<std::vector<double>> latencies(static_cast<std::size_t>(clients));
    std::atomic<bool> stop = false;
    std::atomic<int> failed = 0;
    const auto begun = SteadyClock::now();
    const double used = processor_seconds(cluster.process(primary));
    {
        std::vector<std::jthread> threads;
        for (int c = 0; c < clients; ++c) {
            threads.emplace_back([&, c] {
                Session session = cluster.session();
                for (std::int64_t i = 0; !stop.load(); ++i) {
                    const auto before = SteadyClock::now();
                    if (succeeded(test::write(session, c, i))) {
                        latencies[static_cast<std::size_t>(c)].push_back(
                            milliseconds(SteadyClock::now() - before));
                    } else {
                        ++failed;
                    }
                }
            });
        }
        std::this_thread::sleep_for(duration);
        stop = true;
    }
    const double seconds = milliseconds(SteadyClock::now() - begun) / 1000;
    const double processor = processor_seconds(cluster.process(primary)) - used;
    std::vector<double> all;
    for (const auto& of_one : latencies)
        all.insert(all.end(), of_one.begin(), of_one.end());
    if (all.empty()) give_up("no write was acknowledged");
    std::sort(all.begin(), all.end());
    const auto writes = static_cast<double>(all.size());
    fmt::print(
        "{:<16} {:>6.0f} writes/s, median {:.2f} ms, p99 {:.2f} ms, failed {}; primary {:.1f} "
        "µs of processor a write (load {})\n",
        what,
        writes / seconds,
        all[all.size() / 2],
        all[all.size() * 99 / 100],
        failed.load(),
        processor * 1e6 / writes,
        load());
    std::fflush(stdout);
}

void measure_without_a_backup(int clients, std::chrono::seconds duration) {
    ReplicaCluster cluster({});
    cluster.start_all();
    const auto primary = cluster.await_primary();
    if (!primary) give_up("no primary within 10 s");
    ReplicaId backup = 1;
    while (backup == *primary)
        ++backup;
    measure_writes(cluster, *primary, "all three", clients, duration);
    cluster.signal(backup, SIGSTOP);
    measure_writes(cluster, *primary, "one paused", clients, duration);
    cluster.signal(backup, SIGCONT);
    cluster.kill(backup);
    measure_writes(cluster, *primary, "one dead", clients, duration);
    measure_writes(cluster, *primary, "dead for longer", clients, duration);
    cluster.start(backup);
    measure_writes(cluster, *primary, "one catching up", clients, duration);
    const bool caught_up = test::await([&] {
        const auto ahead = cluster.status(*primary);
        const auto behind = cluster.status(backup);
        return ahead && behind && behind->commit_min == ahead->commit_min;
    });
    if (!caught_up) give_up("the backup that came back did not catch up within 10 s");
}

} // namespace

int main(int argc, char** argv) {
    const int starts = argc > 1 ? std::atoi(argv[1]) : 20;
    const int clients = argc > 2 ? std::atoi(argv[2]) : 32;
    const int seconds = argc > 3 ? std::atoi(argv[3]) : 3;
    if (starts < 1 || clients < 1 || seconds < 1) give_up("all numbers must be at least 1");
    try {
        measure_starts(starts);
        measure_without_a_backup(clients, std::chrono::seconds(seconds));
    } catch (const std::exception& problem) {
        give_up(problem.what());
    }
    return 0;
}
