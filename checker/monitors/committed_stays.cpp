// Rule S3.
// What is committed does not change: no later view proposes, or acknowledges, another entry in its
// place.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

#include <string_view>

namespace faultlab::monitors {
namespace {

class CommittedStays final : public RuleOf<CommittedStays> {
public:
    void on(const ProtocolEvent& event) override {
        if (event.kind == ProtocolEvent::Kind::Proposed)
            check(event, event.op, event.checksum, "proposes");
        for (const LogEntry& entry : event.log)
            check(event, entry.op, entry.checksum, "acknowledges");
    }

private:
    void
    check(const ProtocolEvent& event, LogIndex op, const Digest& checksum, std::string_view does) {
        const Ledger::Entry* known = ledger().committed(op);
        if (known == nullptr || event.view <= known->sealed_in) return;
        if (judge(known->entry.checksum == checksum)) return;
        alarm(event,
              fmt::format("{} in view {} another op {} than view {} committed",
                          does,
                          view_text(event.view),
                          op,
                          view_text(known->sealed_in)));
    }
};

} // namespace

std::unique_ptr<Rule> committed_stays() {
    return std::make_unique<CommittedStays>();
}

} // namespace faultlab::monitors
