#pragma once

#include "checker/monitors/catalogue.hpp"
#include "checker/monitors/per_node.hpp"

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
    /// Whether there are some to take.
    [[nodiscard]] bool alarmed() const { return !alarms_.empty(); }
    /// Since the last call, in the order in which they came.
    [[nodiscard]] Alarms take_alarms();
    /// How often each rule of the catalogue had something to judge, in its order.
    [[nodiscard]] std::vector<std::uint64_t> judged() const;

private:
    void add(std::unique_ptr<Rule> monitor);
    void tell(const ProtocolEvent& event);
    /// Whether it is the first of its life.
    bool introduces(const ProtocolEvent& shown);

    Ledger ledger_;
    struct Watching {
        Monitor* monitor = nullptr;
        std::size_t index = 0; ///< in the catalogue
    };

    std::vector<std::unique_ptr<Rule>> monitors_;                      ///< as in the catalogue
    std::array<std::vector<Watching>, ProtocolEvent::kinds> watching_; ///< by kind
    monitors::PerNode<std::int32_t> introduced_;                       ///< lives of each
    Alarms alarms_;
};

} // namespace faultlab
