#pragma once

#include "simulator/simulation.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace faultlab {

/// Simulates seeds in threads and hands the outcomes out in the order of the seeds: those from
/// `simulation.seed` on.
class Workshop {
public:
    Workshop(simulator::Simulation simulation, std::uint64_t count, int jobs);
    ~Workshop();
    Workshop(const Workshop&) = delete;
    Workshop& operator=(const Workshop&) = delete;

    /// Waits for it. Requires: more are left. Only that of a failure has its record.
    simulator::Outcome next();

private:
    void work(const std::stop_token& stop);

    simulator::Simulation simulation_;
    std::uint64_t count_;
    std::atomic<std::uint64_t> started_ = 0;
    std::mutex mutex_;
    std::condition_variable made_;
    std::map<std::uint64_t, simulator::Outcome> outcomes_;
    std::uint64_t taken_ = 0;
    std::vector<std::jthread> threads_; ///< last: they end before what they use
};

/// The same simulation on another stack, with what nobody may depend on: somebody who reads along.
[[nodiscard]] simulator::Outcome simulate_elsewhere(simulator::Simulation simulation);

/// Nanoseconds of the machine's clock, which no seed decides.
[[nodiscard]] std::uint64_t real_nanoseconds();

} // namespace faultlab
