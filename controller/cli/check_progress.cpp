#include "controller/cli/check_progress.hpp"

#include "controller/cli/streams.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace faultlab {
namespace {

constexpr Nanos tick = 100 * millisecond;
/// Until then nothing is shown: most files are done by then.
constexpr Nanos patience = second;
constexpr Nanos line_every = 5 * second;

Nanos steady_now() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

} // namespace

void CheckProgress::File::begin_reading() {
    phase_ = Phase::reading;
}

void CheckProgress::File::begin_checking() {
    checking_since_ = steady_now();
    phase_ = Phase::checking;
}

void CheckProgress::File::finish() {
    phase_ = Phase::done;
}

CheckProgress::~CheckProgress() {
    stop();
}

void CheckProgress::start() {
    thread_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

void CheckProgress::stop() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
    live_.clear();
}

void CheckProgress::watch(const std::stop_token& stop) {
    const Nanos start = steady_now();
    Nanos next = patience;
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        wake_.wait_for(lock, stop, std::chrono::nanoseconds(tick), [] { return false; });
        const Nanos elapsed = steady_now() - start;
        if (elapsed < next || stop.stop_requested()) continue;
        if (live_.terminal()) {
            live_.draw(line(elapsed));
            next = elapsed;
        } else {
            note("{}\n", line(elapsed));
            next = elapsed + line_every;
        }
    }
}

std::string CheckProgress::line(Nanos elapsed) const {
    std::vector<std::string> active;
    std::size_t done = 0;
    const Nanos now = steady_now();
    for (const File& file : files_) {
        const File::Phase phase = file.phase_;
        if (phase == File::Phase::done) ++done;
        if (phase == File::Phase::checking) {
            active.push_back(fmt::format(
                "checking {} for {} s", file.name_, (now - file.checking_since_) / second));
        }
        if (phase != File::Phase::reading) continue;
        const std::uint64_t read = file.reading_.bytes_read;
        const std::uint64_t total = file.reading_.bytes_total;
        active.push_back(total > 0 ? fmt::format("reading {} {} %", file.name_, 100 * read / total)
                                   : fmt::format("reading {} {} MB", file.name_, read / 1'000'000));
    }
    std::string text = fmt::format("{:>4} s  {}", elapsed / second, fmt::join(active, ", "));
    if (files_.size() > 1) text += fmt::format("  ({} of {} done)", done, files_.size());
    return text;
}

} // namespace faultlab
