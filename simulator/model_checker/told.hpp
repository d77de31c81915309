#pragma once

#include "core/monitor.hpp"

#include <optional>
#include <string>
#include <vector>

namespace faultlab::simulator {

/// A protocol event with all that it points to, to be told again later.
class Told {
public:
    explicit Told(const ProtocolEvent& event);

    /// Valid as long as this is, and not moved.
    [[nodiscard]] ProtocolEvent event() const;
    [[nodiscard]] ProtocolEvent::Kind kind() const { return event_.kind; }
    /// Null when it has none.
    [[nodiscard]] const Gauges* gauges() const { return gauges_ ? &*gauges_ : nullptr; }

private:
    ProtocolEvent event_; ///< without what it points to
    std::vector<LogEntry> log_;
    std::optional<Gauges> gauges_;
    std::optional<Electorate> electorate_;
    std::string text_;
};

} // namespace faultlab::simulator
