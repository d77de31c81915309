#pragma once

#include "controller/engine/worker.hpp"
#include "controller/hosts/lab.hpp"
#include "core/clock.hpp"
#include "core/store/run_writer.hpp"
#include "core/system.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace faultlab {

/// What load threads work with. All of it outlives the load.
struct LoadParts {
    Lab* lab = nullptr;
    const System* system = nullptr;
    const Deployment* deployment = nullptr;
    RunWriter* writer = nullptr;
    const Clock* clock = nullptr;
    Nanos op_timeout = 5 * second;
};

/// Where the workers of a load wait for each other. Those that have left are not waited for.
class Gathering {
public:
    explicit Gathering(std::size_t members) : members_(members) {}
    /// Returns when all members are here, or at a stop.
    void arrive_and_wait(std::stop_token stop);
    void leave();

private:
    void release_if_complete();

    std::mutex mutex_;
    std::condition_variable_any released_;
    std::size_t members_;
    std::size_t waiting_ = 0;
    std::int64_t rounds_ = 0;
};

/// One thread a worker, each with a client of its own, from the first operation of its stream to
/// the last. Nothing stands between a worker and its next operation but its stream: a thread sleeps
/// only until an operation is due, at a barrier, or in its client. An exception in a worker is
/// recorded (its operation is then of unknown outcome) and ends that worker only.
class Load {
public:
    /// Starts at once. Every worker has a stream to follow.
    Load(const LoadParts& parts, std::deque<Worker>& workers);
    ~Load(); ///< stops and joins: takes as long as the operations that are open
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    /// Waits until all workers have ended, for at most so long. Returns whether they have.
    bool wait_finished(Nanos limit);
    /// No operation begins after those that are open.
    void stop() { stop_.request_stop(); }

    /// What went wrong in workers, first things first.
    [[nodiscard]] std::vector<std::string> failures() const;

private:
    void drive(Worker& worker);
    Result<void> serve(Worker& worker);
    /// Returns whether the worker goes on.
    bool step(Worker& worker, Client& client);
    bool invoke(Worker& worker, Client& client, const Emit& emit);
    void sleep_until(Nanos t);
    void fail(const Worker& worker, const std::string& what);

    LoadParts parts_;
    std::stop_source stop_;
    Gathering gathering_;
    mutable std::mutex mutex_;
    std::condition_variable finished_;
    std::size_t running_;
    std::vector<std::string> failures_;
    std::vector<std::jthread> threads_; // last: joined before the rest goes
};

} // namespace faultlab
