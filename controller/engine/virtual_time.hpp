#pragma once

#include "core/clock.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace faultlab {

/// Time that passes only from event to event, in one thread: things happen in the order of their
/// times, and at one time in the order in which they were scheduled.
class VirtualTime : public Clock {
public:
    [[nodiscard]] Nanos now() const override { return now_; }

    /// `what` happens at `t`, or now when that is over.
    void at(Nanos t, std::function<void()> what) {
        events_.emplace(std::pair(std::max(t, now_), scheduled_++), std::move(what));
    }
    void after(Nanos delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }

    /// When the next event is; nothing: there is none.
    [[nodiscard]] std::optional<Nanos> next() const {
        if (events_.empty()) return std::nullopt;
        return events_.begin()->first.first;
    }
    /// Goes to the next event and lets it happen. Requires: there is one.
    void step() {
        const auto event = events_.extract(events_.begin());
        now_ = event.key().first;
        event.mapped()();
    }
    /// Requires: no event before `t`.
    void pass_until(Nanos t) { now_ = std::max(now_, t); }

private:
    Nanos now_ = 0;
    std::uint64_t scheduled_ = 0;
    std::map<std::pair<Nanos, std::uint64_t>, std::function<void()>> events_;
};

} // namespace faultlab
