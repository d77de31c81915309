// Rule S5.
// Nothing is executed, and nobody is answered, before a quorum of the epoch has the entry on disk;
// and nobody leads a view for which fewer than a quorum voted.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

namespace faultlab::monitors {
namespace {

class QuorumCertificate final : public RuleOf<QuorumCertificate> {
public:
    void on(const ProtocolEvent& event) override {
        switch (event.kind) {
            case ProtocolEvent::Kind::Executed: executed(event); break;
            case ProtocolEvent::Kind::Replied: replied(event); break;
            case ProtocolEvent::Kind::Voted: votes_[event.view].insert(event.node); break;
            default: installed(event); break;
        }
    }

private:
    void executed(const ProtocolEvent& event) {
        const Ledger::Entry* known = ledger().committed(event.op);
        if (judge(known != nullptr && known->by_quorum)) return;
        alarm(event, fmt::format("executes op {}, which no quorum acknowledged", event.op));
    }
    void replied(const ProtocolEvent& event) {
        if (judge(event.op <= ledger().head())) return;
        alarm(event, fmt::format("answered a client for op {}, not committed", event.op));
    }
    void installed(const ProtocolEvent& event) {
        const Electorate* voters = ledger().electorate(epoch_of(event.view));
        if (event.a != 1 || voters == nullptr || event.view == voters->first_view) return;
        const auto votes = votes_.find(event.view);
        std::set<NodeId> who = votes == votes_.end() ? std::set<NodeId>{} : votes->second;
        who.insert(event.node); // sends no vote to itself
        std::erase_if(who, [&](NodeId node) { return !voters->votes(node); });
        if (judge(who.size() >= voters->to_change_view)) return;
        alarm(event,
              fmt::format("leads view {}, for which {} voted: it takes {}",
                          view_text(event.view),
                          who.size(),
                          voters->to_change_view));
    }

    std::map<ViewNumber, std::set<NodeId>> votes_;
};

} // namespace

std::unique_ptr<Rule> quorum_certificate() {
    return std::make_unique<QuorumCertificate>();
}

} // namespace faultlab::monitors
