// Rule S18.
// An epoch has one electorate, and only its members count: all replicas name the same voters.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

namespace faultlab::monitors {
namespace {

class OneElectoratePerEpoch final : public Monitor {
public:
    explicit OneElectoratePerEpoch(const Ledger& ledger) : ledger_(&ledger) {}

    void on(const ProtocolEvent& event) override {
        const Electorate* known = ledger_->electorate(event.electorate->epoch);
        if (known == nullptr) return;
        if (!judge(known->voters == event.electorate->voters))
            alarm(event, fmt::format("has other voters in epoch {}", known->epoch));
    }

private:
    const Ledger* ledger_;
};

} // namespace

std::unique_ptr<Monitor> one_electorate_per_epoch(const Ledger& ledger) {
    return std::make_unique<OneElectoratePerEpoch>(ledger);
}

} // namespace faultlab::monitors
