// Rule S1.
// Of each op at most one entry is ever committed, in whatever view: all that a quorum has or that
// anybody executes is the same.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

namespace faultlab::monitors {
namespace {

class OneEntryPerOp final : public RuleOf<OneEntryPerOp> {
public:
    void on(const ProtocolEvent& event) override {
        const Ledger::Entry* known = ledger().committed(event.op);
        if (known == nullptr) return;
        if (!judge(known->entry.checksum == event.log.front().checksum))
            alarm(event, fmt::format("commits another op {} than others", event.op));
    }
};

} // namespace

std::unique_ptr<Rule> one_entry_per_op() {
    return std::make_unique<OneEntryPerOp>();
}

} // namespace faultlab::monitors
