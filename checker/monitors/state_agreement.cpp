// Rule S12.
// Equal ops, equal states: the digests of all replicas after one op are the same.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

#include <map>

namespace faultlab::monitors {
namespace {

class StateAgreement final : public RuleOf<StateAgreement> {
public:
    void on(const ProtocolEvent& event) override {
        const auto [first, is_new] = known_.try_emplace(event.op, event.checksum);
        if (is_new) return;
        if (!judge(first->second == event.checksum))
            alarm(event, fmt::format("has another state than others after op {}", event.op));
    }

private:
    std::map<LogIndex, Digest> known_;
};

} // namespace

std::unique_ptr<Rule> state_agreement() {
    return std::make_unique<StateAgreement>();
}

} // namespace faultlab::monitors
