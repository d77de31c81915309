// Rule S4.
// Who leads a view holds all that earlier views committed (leader completeness: Ongaro, "Consensus:
// Bridging Theory and Practice", 2014, 3.5; VRR 4.2), but for what its checkpoint stands for.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

namespace faultlab::monitors {
namespace {

class LeaderCompleteness final : public RuleOf<LeaderCompleteness> {
public:
    void on(const ProtocolEvent& event) override {
        if (event.a != 1) return;
        auto held = event.log.begin();
        for (LogIndex op = event.b + 1; op <= ledger().head(); ++op) {
            while (held != event.log.end() && held->op < op)
                ++held;
            const Ledger::Entry* known = ledger().committed(op);
            if (known == nullptr || known->sealed_in >= event.view) continue;
            const bool holds = held != event.log.end() && held->op == op &&
                               held->checksum == known->entry.checksum;
            if (judge(holds)) continue;
            alarm(event,
                  fmt::format("leads view {} without op {}, committed in {}",
                              view_text(event.view),
                              op,
                              view_text(known->sealed_in)));
            return;
        }
    }
};

} // namespace

std::unique_ptr<Rule> leader_completeness() {
    return std::make_unique<LeaderCompleteness>();
}

} // namespace faultlab::monitors
