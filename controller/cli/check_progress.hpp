#pragma once

#include "controller/cli/live_line.hpp"
#include "core/store/byte_source.hpp"
#include "core/types.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace faultlab {

/// Watches the clock while files are read and checked: tells checkers that their time is over, and
/// people how far it is, when it takes over a second: one line that changes on a terminal,
/// elsewhere a line every few seconds. Files are added before anything starts.
class CheckProgress {
public:
    /// One file, as its own thread says; only that thread calls the members that change it.
    class File {
    public:
        File(std::string name, Nanos timeout) : name_(std::move(name)), timeout_(timeout) {}
        [[nodiscard]] ReadProgress& reading() { return reading_; }
        void begin_reading();
        /// From here on the time for checking runs.
        void begin_checking();
        void finish();
        [[nodiscard]] const std::atomic<bool>& expired() const { return expired_; }

    private:
        friend class CheckProgress;
        enum class Phase : std::uint8_t { waiting, reading, checking, done };

        std::string name_;
        Nanos timeout_;
        ReadProgress reading_;
        std::atomic<Phase> phase_ = Phase::waiting;
        std::atomic<Nanos> checking_since_ = 0; ///< on the clock of steady_now
        std::atomic<bool> expired_ = false;
    };

    CheckProgress() = default;
    CheckProgress(const CheckProgress&) = delete;
    CheckProgress& operator=(const CheckProgress&) = delete;
    ~CheckProgress();

    File& add(std::string name, Nanos timeout) {
        return files_.emplace_back(std::move(name), timeout);
    }
    void start();
    /// Takes the line away: from here on nothing is shown.
    void stop();

    /// What is shown `elapsed` after the start.
    [[nodiscard]] std::string line(Nanos elapsed) const;

private:
    void watch(const std::stop_token& stop);
    void expire();

    std::deque<File> files_; ///< they do not move
    LiveLine live_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_;
};

} // namespace faultlab
