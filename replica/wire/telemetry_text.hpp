#pragma once

#include "core/result.hpp"
#include "replica/core/bugs.hpp"
#include "replica/core/effects.hpp"
#include "replica/core/telemetry.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab::replica {

/// All fields of Telemetry as one JSON object on one line. Views are their 64-bit values, checksums
/// 32 hex digits, enumerators their names, rejects an object of the classes that are not 0.
[[nodiscard]] std::string to_json(const Telemetry& telemetry);
[[nodiscard]] Result<Telemetry> telemetry_from_json(std::string_view json);

/// The numbers of Telemetry and of bugs that fired, in Prometheus' text format 0.0.4: names begin
/// with faultlab_replica_, labels are cluster and replica.
[[nodiscard]] std::string to_prometheus(const Telemetry& telemetry, const BugSet& bugs);

/// An event as a daemon keeps it for those who poll.
struct LoggedEvent {
    std::uint64_t sequence = 0; ///< 1, 2, 3, … without gaps since the start of the process
    std::uint64_t wall = 0;     ///< ns since 1970
    Event event;
};
/// What a poll for events gets: the ones after a cursor. Poll again with `next`.
struct EventPage {
    std::uint64_t incarnation = 0; ///< of the process: cursors of another one mean nothing
    std::uint64_t next = 0;        ///< sequence of the last one here, or the cursor itself
    std::uint64_t lost = 0;        ///< events after the cursor that are no longer kept
    std::vector<LoggedEvent> events;
};
[[nodiscard]] std::string to_json(const EventPage& page);
[[nodiscard]] Result<EventPage> event_page_from_json(std::string_view json);

/// {"B1": {"fired": 3}, …}: the bugs that are on, and how often each changed an outcome.
[[nodiscard]] std::string to_json(const BugSet& bugs);

} // namespace faultlab::replica
