#pragma once

#include "checker/monitors/ledger.hpp"
#include "core/monitor.hpp"

#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

namespace faultlab {

/// Kinds of events, as a set.
class EventKinds {
public:
    constexpr EventKinds(std::initializer_list<ProtocolEvent::Kind> kinds) {
        for (const ProtocolEvent::Kind kind : kinds)
            bits_ |= 1U << static_cast<unsigned>(kind);
    }
    [[nodiscard]] constexpr bool contains(ProtocolEvent::Kind kind) const {
        return (bits_ >> static_cast<unsigned>(kind) & 1U) != 0;
    }

private:
    std::uint32_t bits_ = 0;
};

/// A monitor of the catalogue.
class Rule : public Monitor {
public:
    /// As it is now, to be told of other things from now on; it reads the same ledger.
    [[nodiscard]] virtual std::unique_ptr<Rule> copy() const = 0;
    /// Called before it is told of anything. The ledger knows what happened before an event when a
    /// rule is told of it, and outlives the rule.
    void read(const Ledger& ledger) { ledger_ = &ledger; }

protected:
    [[nodiscard]] const Ledger& ledger() const { return *ledger_; }

private:
    const Ledger* ledger_ = nullptr;
};

/// One rule: what it is called, what it says, and what it looks at.
struct MonitorEntry {
    std::string_view id;      ///< "S1"
    std::string_view name;    ///< "one-entry-per-op"
    std::string_view summary; ///< one line
    EventKinds kinds;         ///< it is told of no others
    /// A planted bug of the embedded store that this rule sees first (tests/unit/replica_bugs);
    /// empty: none is known.
    std::string_view control;
    /// Whoever sent the message broke it, not who refuses it: where messages are made up, refusals
    /// are what is wanted.
    bool refusal = false;
    std::unique_ptr<Rule> (*make)();
};

/// All rules, in the order in which people see them.
[[nodiscard]] std::span<const MonitorEntry> monitor_catalogue();

} // namespace faultlab
