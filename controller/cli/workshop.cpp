#include "controller/cli/workshop.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace faultlab {

using simulator::Outcome;
using simulator::Simulation;

Workshop::Workshop(Simulation simulation, std::uint64_t count, int jobs)
    : simulation_(std::move(simulation)), count_(count) {
    for (int i = 0; i < jobs; ++i)
        threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

Workshop::~Workshop() {
    for (std::jthread& thread : threads_)
        thread.request_stop();
}

Outcome Workshop::next() {
    std::unique_lock lock(mutex_);
    made_.wait(lock, [this] { return outcomes_.contains(taken_); });
    return std::move(outcomes_.extract(taken_++).mapped());
}

void Workshop::work(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const std::uint64_t index = started_++;
        if (index >= count_) return;
        Simulation mine = simulation_;
        mine.seed += index;
        Outcome outcome = simulator::simulate(mine);
        // A record is large, and that of a good simulation is of no use.
        if (outcome.verdict != Verdict::invalid) outcome.record = {};
        const std::lock_guard lock(mutex_);
        outcomes_.emplace(index, std::move(outcome));
        made_.notify_all();
    }
}

Outcome simulate_elsewhere(Simulation simulation) {
    std::size_t read = 0;
    simulation.trace = [&](const std::string& line) { read += line.size(); };
    Outcome outcome;
    std::jthread([&] { outcome = simulator::simulate(simulation); }).join();
    return outcome;
}

std::uint64_t real_nanoseconds() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

} // namespace faultlab
