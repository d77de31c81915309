// faultlab-node burn: a helper that keeps processors and disks busy, as a neighbour does.
#include "nemesis/node/helper_arguments.hpp"
#include "nemesis/node/helper_socket.hpp"
#include "nemesis/node/tool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace faultlab::node {
namespace {

/// Threads that work for nothing until they are told to stop.
class Hogs {
public:
    Hogs(int processors, std::string directory)
        : processors_(processors), directory_(std::move(directory)) {}

    void begin() {
        for (int i = 0; i < processors_; ++i)
            threads_.emplace_back([this] { compute(); });
        if (!directory_.empty()) threads_.emplace_back([this] { write(); });
    }
    void end() {
        stop_ = true;
        threads_.clear();
        if (!directory_.empty()) ::unlink(file().c_str());
    }
    [[nodiscard]] std::string report() const {
        return fmt::format(
            R"({{"busy_ms": {}, "written": {}}})", busy_us_.load() / 1000, written_.load());
    }

private:
    [[nodiscard]] std::string file() const { return directory_ + "/faultlab-neighbour"; }

    /// Counts the processor time that it got.
    void compute() {
        std::uint64_t number = 88172645463325252ULL; // of xorshift: something that must be done
        timespec before{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
        while (!stop_) {
            for (int i = 0; i < 100'000; ++i) {
                number ^= number << 13U;
                number ^= number >> 7U;
                number ^= number << 17U;
            }
            sink_ = number;
            timespec now{};
            ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
            busy_us_ +=
                (now.tv_sec - before.tv_sec) * 1'000'000 + (now.tv_nsec - before.tv_nsec) / 1000;
            before = now;
        }
    }

    /// Over one file of 64 MiB again and again, so that disks do not fill up.
    void write() {
        const int descriptor = ::open(file().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        const std::vector<char> block(1 << 20, 'x');
        constexpr int blocks = 64;
        for (int i = 0; !stop_ && descriptor >= 0; i = (i + 1) % blocks) {
            const off_t at = static_cast<off_t>(i) * static_cast<off_t>(block.size());
            const ssize_t done = ::pwrite(descriptor, block.data(), block.size(), at);
            if (done <= 0) break; // a full disk is busy enough
            written_ += done;
            if (i == blocks - 1) ::fdatasync(descriptor);
        }
        ::close(descriptor);
    }

    int processors_;
    std::string directory_;
    std::atomic<bool> stop_{false};
    std::atomic<std::int64_t> busy_us_{0};
    std::atomic<std::int64_t> written_{0};
    std::atomic<std::uint64_t> sink_{0};
    std::vector<std::jthread> threads_;
};

} // namespace

int run_burn(std::span<char* const> arguments) {
    CLI::App app("a helper that keeps processors and disks busy");
    HelperAddress address;
    int processors = 0;
    std::string directory;
    add_helper_address(app, address);
    app.add_option("--processors", processors, "how many threads compute")
        ->check(CLI::Range(0, 1024));
    app.add_option("--write-to", directory, "where to write all the time; empty: nowhere");
    if (const auto code = parse_arguments(app, arguments)) return *code;
    Hogs hogs(processors, directory);
    return serve(address,
                 {.begin = [&] { hogs.begin(); },
                  .report = [&] { return hogs.report(); },
                  .undo = [&] { hogs.end(); }});
}

} // namespace faultlab::node
