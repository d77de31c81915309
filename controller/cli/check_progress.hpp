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

/// Tells people how far it is while files are read and checked, when it takes over a second: one
/// line that changes on a terminal, elsewhere a line every few seconds. Files are added before
/// anything starts.
class CheckProgress {
public:
    /// One file, as its own thread says; only that thread calls the members that change it.
    class File {
    public:
        explicit File(std::string name) : name_(std::move(name)) {}
        [[nodiscard]] ReadProgress& reading() { return reading_; }
        void begin_reading();
        void begin_checking();
        void finish();

    private:
        friend class CheckProgress;
        enum class Phase : std::uint8_t { waiting, reading, checking, done };

        std::string name_;
        ReadProgress reading_;
        std::atomic<Phase> phase_ = Phase::waiting;
        std::atomic<Nanos> checking_since_ = 0; ///< on the clock of steady_now
    };

    CheckProgress() = default;
    CheckProgress(const CheckProgress&) = delete;
    CheckProgress& operator=(const CheckProgress&) = delete;
    ~CheckProgress();

    File& add(std::string name) { return files_.emplace_back(std::move(name)); }
    void start();
    /// Takes the line away: from here on nothing is shown.
    void stop();

    /// What is shown `elapsed` after the start.
    [[nodiscard]] std::string line(Nanos elapsed) const;

private:
    void watch(const std::stop_token& stop);

    std::deque<File> files_; ///< they do not move
    LiveLine live_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_;
};

} // namespace faultlab
