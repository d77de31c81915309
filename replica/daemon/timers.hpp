#pragma once

#include "replica/core/input.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <functional>

namespace faultlab::replica {

/// The core's timers on one timer of the system: of each only the newest arming rings. Owned by the
/// thread that runs the io_context.
class Timers {
public:
    Timers(boost::asio::io_context& io, std::function<void(const Rang&)> ring)
        : system_(io), ring_(std::move(ring)) {}

    void arm(Timer timer, std::uint32_t generation, Nanos delay);

private:
    using Clock = std::chrono::steady_clock;
    struct Armed {
        bool armed = false;
        std::uint32_t generation = 0;
        Clock::time_point due;
    };
    void wait();
    void on_due();

    boost::asio::steady_timer system_;
    std::function<void(const Rang&)> ring_;
    std::array<Armed, timer_count> timers_{};
    /// When the system's timer rings; timers that are armed anew for later leave it, since setting
    /// it costs more than waking in vain.
    Clock::time_point wakes_ = Clock::time_point::max();
};

} // namespace faultlab::replica
