#include "replica/daemon/timers.hpp"

#include <algorithm>

namespace faultlab::replica {

void Timers::arm(Timer timer, std::uint32_t generation, Nanos delay) {
    const Clock::time_point due =
        Clock::now() + std::chrono::nanoseconds(std::max<Nanos>(delay, 0));
    timers_[static_cast<std::size_t>(timer)] = {
        .armed = true, .generation = generation, .due = due};
    if (due < wakes_) wait();
}

void Timers::wait() {
    wakes_ = Clock::time_point::max();
    for (const Armed& timer : timers_) {
        if (timer.armed) wakes_ = std::min(wakes_, timer.due);
    }
    if (wakes_ == Clock::time_point::max()) return;
    system_.expires_at(wakes_);
    system_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled) on_due();
    });
}

void Timers::on_due() {
    wakes_ = Clock::time_point::min(); // what rings may arm others: they wait until all have rung
    const Clock::time_point now = Clock::now();
    for (std::size_t i = 0; i < timers_.size(); ++i) {
        Armed& timer = timers_[i];
        if (!timer.armed || timer.due > now) continue;
        timer.armed = false;
        ring_({.timer = static_cast<Timer>(i), .generation = timer.generation});
    }
    wait();
}

} // namespace faultlab::replica
