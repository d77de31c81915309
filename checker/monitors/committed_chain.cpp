// Rule S2.
// Each committed entry names the committed one before it as its parent.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

namespace faultlab::monitors {
namespace {

class CommittedChain final : public RuleOf<CommittedChain> {
public:
    void on(const ProtocolEvent& event) override {
        const Ledger::Entry* before = event.op > 0 ? ledger().committed(event.op - 1) : nullptr;
        const LogEntry& entry = event.log.front();
        if (before == nullptr || !entry.parent.known()) return;
        if (!judge(entry.parent == before->entry.checksum))
            alarm(
                event,
                fmt::format("commits op {}, which does not extend the committed chain", event.op));
    }
};

} // namespace

std::unique_ptr<Rule> committed_chain() {
    return std::make_unique<CommittedChain>();
}

} // namespace faultlab::monitors
