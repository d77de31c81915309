// Rule S18.
// An epoch has one electorate, and only its members count: all replicas name the same voters.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

namespace faultlab::monitors {
namespace {

class OneElectoratePerEpoch final : public RuleOf<OneElectoratePerEpoch> {
public:
    void on(const ProtocolEvent& event) override {
        const Electorate* known = ledger().electorate(event.electorate->epoch);
        if (known == nullptr) return;
        if (!judge(known->voters == event.electorate->voters))
            alarm(event, fmt::format("has other voters in epoch {}", known->epoch));
    }
};

} // namespace

std::unique_ptr<Rule> one_electorate_per_epoch() {
    return std::make_unique<OneElectoratePerEpoch>();
}

} // namespace faultlab::monitors
