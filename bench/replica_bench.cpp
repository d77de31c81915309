// Linearizable writes of the embedded store beside etcd's: 3 replicas each on the same local hosts
// and the same disk with real fdatasync, the same closed-loop clients, interleaved in one run.
//
//     bench_replica [clients = 64] [rounds = 6] [seconds a round = 4]
//
// Both are asked through the clients with which the lab tests them: etcd over its HTTP gateway, the
// store over its own frames. The limit that the disk sets is measured in the same run: 64 × the
// fdatasync calls a second that 3 writers get each, capped at 20,000.

#include "controller/engine/cluster.hpp"
#include "controller/engine/monotonic_clock.hpp"
#include "controller/hosts/local_lab.hpp"
#include "controller/hosts/supervisor.hpp"
#include "systems/catalogue.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

using namespace faultlab;

namespace {

struct Settings {
    int clients = 64;
    int rounds = 6;
    int seconds = 4;
};

struct Round {
    double rate = 0;  ///< acknowledged writes a second
    Nanos median = 0; ///< latency
    Nanos p99 = 0;
    std::int64_t failed = 0;
};

[[noreturn]] void give_up(const Error& error) {
    fmt::print(stderr, "bench_replica: {}\n", error.text());
    std::exit(70);
}

/// One system, running on the hosts of the lab in directories of its own.
class Contestant {
public:
    Contestant(const char* name, Lab& lab) : lab_(lab) {
        system_ = find_system(name).value()->make();
        auto options = complete_options({}, system_->options(), name);
        if (!options) give_up(options.error());
        deployment_ = make_deployment(lab, "bench", *options);
        for (NodeId i = 0; i < lab.nodes(); ++i) {
            auto& node = deployment_.nodes[static_cast<std::size_t>(i)];
            node.data_directory /= name;
            std::filesystem::create_directories(node.data_directory);
        }
        for (NodeId i = 0; i < lab.nodes(); ++i) {
            if (const auto done = system_->prepare(deployment_, i, lab.node(i)); !done)
                give_up(done.error());
            for (const ProcessSpec& process : system_->launch(deployment_, i)) {
                const auto group = lab.node(i).spawn(process);
                if (!group) give_up(group.error());
            }
        }
        await_ready();
    }

    /// Closed loop: every client sends its next write when the one before it was answered.
    Round measure(const Settings& settings) {
        std::vector<std::vector<Nanos>> latencies(static_cast<std::size_t>(settings.clients));
        std::atomic<bool> go = false;
        std::atomic<bool> stop = false;
        std::atomic<int> ready = 0;
        std::atomic<std::int64_t> failed = 0;
        std::vector<std::jthread> threads;
        for (int c = 0; c < settings.clients; ++c) {
            threads.emplace_back([&, c] {
                const auto node = static_cast<NodeId>(c % lab_.nodes());
                if (const auto in = lab_.enter_client(node); !in) give_up(in.error());
                const auto client = system_->connect(deployment_, node);
                write(*client, c, 0); // connected and registered before the clock starts
                ready.fetch_add(1);
                while (!go.load())
                    std::this_thread::yield();
                auto& mine = latencies[static_cast<std::size_t>(c)];
                for (std::int64_t i = 1; !stop.load(std::memory_order_relaxed); ++i) {
                    const Nanos before = clock_.now();
                    if (write(*client, c, i)) {
                        mine.push_back(clock_.now() - before);
                    } else {
                        failed.fetch_add(1);
                    }
                }
            });
        }
        while (ready.load() < settings.clients)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        const Nanos start = clock_.now();
        go.store(true);
        std::this_thread::sleep_for(std::chrono::seconds(settings.seconds));
        const Nanos end = clock_.now();
        stop.store(true);
        threads.clear();
        std::vector<Nanos> all;
        for (const auto& of_one : latencies)
            all.insert(all.end(), of_one.begin(), of_one.end());
        std::sort(all.begin(), all.end());
        Round round{.failed = failed.load()};
        if (!all.empty()) {
            round.rate = static_cast<double>(all.size()) * 1e9 / static_cast<double>(end - start);
            round.median = all[all.size() / 2];
            round.p99 = all[all.size() * 99 / 100];
        }
        return round;
    }

private:
    bool write(Client& client, int c, std::int64_t value) {
        const Completion done = client.invoke(
            {.f = "write", .key = Value(fmt::format("bench{}", c)), .arg = Value(value)}, second);
        return std::holds_alternative<Done>(done);
    }

    void await_ready() {
        for (NodeId i = 0; i < lab_.nodes(); ++i) {
            const auto telemetry = system_->telemetry(deployment_, i);
            for (int attempt = 0;; ++attempt) {
                const auto ready = telemetry->ready(second);
                if (ready && *ready) break;
                if (attempt == 300) give_up(lab_error("a replica was not ready within 30 s", ""));
                std::this_thread::sleep_for(std::chrono::milliseconds(100));
            }
        }
    }

    Lab& lab_;
    MonotonicClock clock_;
    std::unique_ptr<System> system_;
    Deployment deployment_;
};

/// fdatasync calls a second that each of three writers gets when all write at once.
double disk_syncs(const std::filesystem::path& directory) {
    std::vector<std::int64_t> counts(3);
    {
        std::vector<std::jthread> writers;
        for (std::size_t w = 0; w < counts.size(); ++w) {
            writers.emplace_back([&, w] {
                const auto path = directory / fmt::format("probe{}", w);
                const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
                const std::vector<char> block(8192, 'x');
                const MonotonicClock clock;
                while (clock.now() < 2 * second) {
                    const off_t at = (counts[w] % 512) * 65536;
                    if (::pwrite(file, block.data(), block.size(), at) < 0) break;
                    ::fdatasync(file);
                    ++counts[w];
                }
                ::close(file);
                ::unlink(path.c_str());
            });
        }
    }
    return static_cast<double>(*std::min_element(counts.begin(), counts.end())) / 2;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

double milliseconds(Nanos time) {
    return static_cast<double>(time) / 1e6;
}

void print(const char* name, const Round& round) {
    fmt::print("{:<6} {:>9.0f} writes/s   median {:>7.2f} ms   p99 {:>7.2f} ms   failed {}\n",
               name,
               round.rate,
               milliseconds(round.median),
               milliseconds(round.p99),
               round.failed);
    std::fflush(stdout);
}

int compare(const Settings& settings, const std::filesystem::path& directory) {
    const double syncs = disk_syncs(directory);
    const double limit = std::min(64 * syncs, 20'000.0);
    fmt::print(
        "disk: {:.0f} fdatasync/s for each of 3 writers; limit {:.0f} writes/s\n", syncs, limit);
    const MonotonicClock clock;
    auto lab = create_local_lab({.nodes = 3, .clients = 3, .run_directory = directory}, clock);
    if (!lab) give_up(lab.error());
    Contestant etcd("etcd", **lab);
    Contestant vsr("vsr", **lab);
    std::vector<double> ratios;
    std::vector<double> rates;
    std::vector<double> p99_etcd;
    std::vector<double> p99_vsr;
    for (int i = 0; i < settings.rounds; ++i) {
        const Round theirs = etcd.measure(settings);
        print("etcd", theirs);
        const Round ours = vsr.measure(settings);
        print("vsr", ours);
        ratios.push_back(ours.rate / theirs.rate);
        rates.push_back(ours.rate);
        p99_etcd.push_back(milliseconds(theirs.p99));
        p99_vsr.push_back(milliseconds(ours.p99));
    }
    fmt::print("median over {} rounds: {:.2f} × etcd's writes (from {:.2f} to {:.2f}); "
               "{:.2f} of the disk's limit; p99 {:.2f} ms, etcd {:.2f} ms\n",
               settings.rounds,
               median(ratios),
               *std::min_element(ratios.begin(), ratios.end()),
               *std::max_element(ratios.begin(), ratios.end()),
               median(rates) / limit,
               median(p99_vsr),
               median(p99_etcd));
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    Settings settings;
    if (argc > 1) settings.clients = std::atoi(argv[1]);
    if (argc > 2) settings.rounds = std::atoi(argv[2]);
    if (argc > 3) settings.seconds = std::atoi(argv[3]);
    // Not the temporary directory: that one may be memory, which has no fdatasync worth measuring.
    const auto directory =
        std::filesystem::current_path() / fmt::format("bench-replica-{}", ::getpid());
    std::filesystem::create_directories(directory);
    const auto end = supervise({}, [&] { return compare(settings, directory); });
    std::filesystem::remove_all(directory);
    if (!end) give_up(end.error());
    return end->signal != 0 ? 70 : end->exit_code;
}
