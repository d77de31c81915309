// Rule S14.
// Who acknowledged an op does not later offer a log without it, unless that of a later view took
// its place, or so many voters have left its view without it that no quorum can come about: then
// who leads the next one leaves it out. And nothing that is missing was committed.

#include "checker/monitors/catalogue_entries.hpp"
#include "checker/monitors/per_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace faultlab::monitors {
namespace {

class PromisesKept final : public RuleOf<PromisesKept> {
public:
    void on(const ProtocolEvent& event) override {
        Promise& mine = promises_[event.node];
        switch (event.kind) {
            case ProtocolEvent::Kind::Acknowledged:
                if (std::pair(event.view, event.op) > std::pair(mine.view, mine.op)) {
                    mine.view = event.view;
                    mine.op = event.op;
                }
                break;
            case ProtocolEvent::Kind::Heard:
                mine.heard = std::max(mine.heard, event.log_view);
                break;
            default:
                voted(event, mine);
                left_[event.node] = std::max(left_[event.node], event.view);
                break;
        }
    }

private:
    /// Its strongest acknowledgement, and the newest view whose log it was sent.
    struct Promise {
        ViewNumber view = 0;
        LogIndex op = 0;
        ViewNumber heard = 0;
    };

    void voted(const ProtocolEvent& event, const Promise& mine) {
        const bool kept = std::pair(event.log_view, event.op) >= std::pair(mine.view, mine.op) ||
                          ((mine.heard > mine.view || never_committed(event, mine)) &&
                           !lacks_committed(event, mine));
        if (judge(kept)) return;
        alarm(event,
              fmt::format("offers log ({}, {}) after it acknowledged ({}, {})",
                          view_text(event.log_view),
                          event.op,
                          view_text(mine.view),
                          mine.op));
    }

    /// Whether no entry that is missing from the offered log can be committed any more in the view
    /// in which it was acknowledged. Who has one has those before it, too.
    [[nodiscard]] bool never_committed(const ProtocolEvent& event, const Promise& mine) {
        const Electorate* electorate = ledger().electorate(epoch_of(mine.view));
        const Ledger::ViewLog* log = ledger().log_of(mine.view);
        if (event.log_view != mine.view || electorate == nullptr || log == nullptr) return false;
        std::size_t without = 0;
        for (const NodeId voter : electorate->voters) {
            const auto index = static_cast<std::size_t>(voter);
            const bool has =
                index < log->acknowledged.size() && log->acknowledged[index] > event.op;
            without += !has && left_[voter] > mine.view ? 1 : 0;
        }
        return without + electorate->to_commit > electorate->voters.size();
    }

    [[nodiscard]] bool lacks_committed(const ProtocolEvent& event, const Promise& mine) const {
        const Ledger::ViewLog* log = ledger().log_of(mine.view);
        if (log == nullptr) return false;
        for (const auto& [op, entry] : log->entries.above(event.op)) {
            if (op > mine.op) break;
            const Ledger::Entry* known = ledger().committed(op);
            if (known != nullptr && known->entry.checksum == entry.checksum) return true;
        }
        return false;
    }

    PerNode<Promise> promises_;
    PerNode<ViewNumber> left_; ///< the newest view that it voted for
};

} // namespace

std::unique_ptr<Rule> promises_kept() {
    return std::make_unique<PromisesKept>();
}

} // namespace faultlab::monitors
