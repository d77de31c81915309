// Rule L7.
// Nobody enters a view unless a quorum has wished to: one who cannot hear the others cannot depose
// a leader whom they hear.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

namespace faultlab::monitors {
namespace {

class WishedViews final : public RuleOf<WishedViews> {
public:
    void on(const ProtocolEvent& event) override {
        if (event.kind == ProtocolEvent::Kind::Wished) {
            wishes_[event.view].insert(event.node);
            return;
        }
        const Electorate* voters = ledger().electorate(epoch_of(event.view));
        if (voters == nullptr || event.view == voters->first_view) return;
        // Who has only heard that an epoch is over names any view of it, and elects nobody.
        if (ledger().electorate(voters->epoch + 1) != nullptr) return;
        std::size_t wished = 0;
        if (const auto known = wishes_.find(event.view); known != wishes_.end()) {
            for (const NodeId node : known->second)
                wished += voters->votes(node) ? 1 : 0;
        }
        if (judge(wished >= voters->to_change_view)) return;
        alarm(event,
              fmt::format("votes for view {}, for which {} wished: it takes {}",
                          view_text(event.view),
                          wished,
                          voters->to_change_view));
    }

private:
    std::map<ViewNumber, std::set<NodeId>> wishes_;
};

} // namespace

std::unique_ptr<Rule> wished_views() {
    return std::make_unique<WishedViews>();
}

} // namespace faultlab::monitors
