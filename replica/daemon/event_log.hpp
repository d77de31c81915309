#pragma once

#include "replica/wire/telemetry_text.hpp"

#include <algorithm>
#include <vector>

namespace faultlab::replica {

/// The newest events of a process, for those who poll. Owned by one thread.
class EventLog {
public:
    static constexpr std::size_t kept = 8192;
    /// Most events of a page: an answer stays below a megabyte or so.
    static constexpr std::size_t page_events = 4096;

    EventLog() { ring_.reserve(kept); }

    /// Gives it the next sequence number.
    void add(LoggedEvent event) {
        event.sequence = ++last_;
        if (ring_.size() < kept) {
            ring_.push_back(event);
        } else {
            ring_[(event.sequence - 1) % kept] = event;
        }
    }

    /// The events after `since`, oldest first.
    [[nodiscard]] EventPage page(std::uint64_t since, std::uint64_t incarnation) const {
        since = std::min(since, last_);
        const std::uint64_t oldest = last_ - ring_.size(); // the one before it
        EventPage page{.incarnation = incarnation};
        page.lost = oldest > since ? oldest - since : 0;
        const std::uint64_t first = std::max(since, oldest) + 1;
        page.next = std::min<std::uint64_t>(last_, first - 1 + page_events);
        for (std::uint64_t sequence = first; sequence <= page.next; ++sequence) {
            page.events.push_back(ring_[(sequence - 1) % kept]);
        }
        return page;
    }

private:
    std::vector<LoggedEvent> ring_;
    std::uint64_t last_ = 0;
};

} // namespace faultlab::replica
