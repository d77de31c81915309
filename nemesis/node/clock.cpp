// faultlab-node clock: a helper that gives all processes of this host clocks that are wrong, also
// those that begin while it is there, a moment later.
#include "nemesis/node/clock_patch.hpp"
#include "nemesis/node/helper_arguments.hpp"
#include "nemesis/node/helper_socket.hpp"
#include "nemesis/node/host_clocks.hpp"
#include "nemesis/node/neighbours.hpp"
#include "nemesis/node/tool.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

namespace faultlab::node {
namespace {

constexpr std::int64_t between_looks = 20'000'000; // in ns

/// Rings again and again. Never closed: it ends with the helper.
int ticking() {
    const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    const itimerspec often{.it_interval = {.tv_sec = 0, .tv_nsec = between_looks},
                           .it_value = {.tv_sec = 0, .tv_nsec = between_looks}};
    if (timer < 0 || ::timerfd_settime(timer, 0, &often, nullptr) != 0)
        throw std::system_error(errno, std::generic_category(), "timerfd");
    return timer;
}

/// All that run now: a process that does not stop at once gets some more time. Returns what went
/// wrong.
std::vector<std::string>
begin(const ClockPatcher& patcher, std::uint64_t owner, const ClockSkew& skew) {
    constexpr int attempts = 5;
    std::vector<std::string> problems;
    for (int i = 0; i < attempts; ++i) {
        problems = skew_processes(patcher, owner, skew);
        if (problems.empty()) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return problems;
}

std::string one_line(const std::vector<std::string>& problems) {
    return fmt::format("{}", fmt::join(problems, "; "));
}

void add_skew(CLI::App& app, ClockSkew& skew) {
    // In ns, and 2^-32: the lab computes them.
    app.add_option("--clocks", skew.clocks, "bits of the clocks")->required();
    app.add_option("--offset", skew.offset, "ns");
    app.add_option("--rate", skew.rate, "gained, in 2^-32 of true time");
    app.add_option("--strobe", skew.strobe, "ns that it jumps and back");
    app.add_option("--period", skew.strobe_period, "ns between two jumps");
}

} // namespace

int run_clock(std::span<char* const> arguments) {
    CLI::App app("gives the processes of this host wrong clocks");
    HelperAddress address;
    ClockSkew skew;
    add_helper_address(app, address);
    add_skew(app, skew);
    if (const auto code = parse_arguments(app, arguments)) return *code;
    if (const std::string problem = not_apart(); !problem.empty()) return complain(69, problem);
    const ClockPatcher patcher;
    const std::uint64_t owner = owner_number(address.name);
    // One wall clock for all processes, also for those that begin later.
    skew.base.fill(true_time(CLOCK_REALTIME));
    const int timer = ticking();
    std::vector<std::string> problems = begin(patcher, owner, skew);
    if (!problems.empty()) {
        const auto left = true_processes(patcher, owner);
        problems.insert(problems.end(), left.begin(), left.end());
        return complain(70, one_line(problems));
    }
    return serve(address,
                 {.report = [&] { return json_list(problems); },
                  .other =
                      [&](std::string_view order) {
                          if (order != "slow") return fmt::format("it does not know {}", order);
                          slow_processes(patcher, owner);
                          return std::string("slow");
                      },
                  .undo = [&] { problems = true_processes(patcher, owner); },
                  .work_descriptor = timer,
                  .work =
                      [&] {
                          std::uint64_t rang = 0;
                          if (::read(timer, &rang, sizeof(rang)) < 0) return;
                          problems = skew_processes(patcher, owner, skew);
                      }});
}

int run_clock_undo(std::span<char* const> arguments) {
    CLI::App app(
        "gives processes whose clocks a helper made wrong true ones, also when it is dead");
    std::string name;
    app.add_option("--name", name, "the helper's name")->required();
    if (const auto code = parse_arguments(app, arguments)) return *code;
    const auto problems = true_processes(ClockPatcher(), owner_number(name));
    return problems.empty() ? 0 : complain(70, one_line(problems));
}

} // namespace faultlab::node
