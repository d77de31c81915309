#pragma once

#include "checker/monitors/catalogue.hpp"

#include <array>
#include <memory>
#include <vector>

namespace faultlab {

/// All rules of the catalogue together, and the ledger that they share. Owned by one thread.
class MonitorSet {
public:
    MonitorSet();
    /// As they are now, with a ledger of their own.
    MonitorSet(const MonitorSet& other);
    MonitorSet& operator=(const MonitorSet&) = delete;
    ~MonitorSet() = default;

    void on(const ProtocolEvent& event);

    [[nodiscard]] const Ledger& ledger() const { return ledger_; }
    /// Since the last call, in the order in which they came.
    [[nodiscard]] Alarms take_alarms();
    /// How often each rule of the catalogue had something to judge, in its order.
    [[nodiscard]] std::vector<std::uint64_t> judged() const;

private:
    void tell(const ProtocolEvent& event);

    Ledger ledger_;
    std::vector<std::unique_ptr<Rule>> monitors_;                         ///< as in the catalogue
    std::array<std::vector<std::size_t>, ProtocolEvent::kinds> watching_; ///< indexes, by kind
    Alarms alarms_;
};

} // namespace faultlab
