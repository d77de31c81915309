// Rule S2.
// Each committed entry names the committed one before it as its parent.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

namespace faultlab::monitors {
namespace {

class CommittedChain final : public Monitor {
public:
    explicit CommittedChain(const Ledger& ledger) : ledger_(&ledger) {}

    void on(const ProtocolEvent& event) override {
        const Ledger::Entry* before = event.op > 0 ? ledger_->committed(event.op - 1) : nullptr;
        const LogEntry& entry = event.log.front();
        if (before == nullptr || !entry.parent.known()) return;
        if (!judge(entry.parent == before->entry.checksum))
            alarm(
                event,
                fmt::format("commits op {}, which does not extend the committed chain", event.op));
    }

private:
    const Ledger* ledger_;
};

} // namespace

std::unique_ptr<Monitor> committed_chain(const Ledger& ledger) {
    return std::make_unique<CommittedChain>(ledger);
}

} // namespace faultlab::monitors
