// Rule O5.
// A request that a leader has refused, because it had too much to do, is not in its log until it is
// asked again.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace faultlab::monitors {
namespace {

class RefusedIsRefused final : public RuleOf<RefusedIsRefused> {
public:
    void on(const ProtocolEvent& event) override {
        if (event.kind == ProtocolEvent::Kind::Started) { // it knows of none
            std::erase_if(refused_, [&](const auto& one) { return one.first.first == event.node; });
            return;
        }
        const std::pair<NodeId, std::uint64_t> who{event.node, event.a};
        if (event.kind == ProtocolEvent::Kind::Refused) {
            refused_[who] = event.b;
            return;
        }
        if (refused_.empty()) return;
        const auto refused = refused_.find(who);
        if (refused == refused_.end() || refused->second != event.b) return;
        if (!judge(event.kind == ProtocolEvent::Kind::Asked))
            alarm(event,
                  fmt::format("proposes request {} of client {:x}, which it had refused",
                              event.b,
                              event.a));
        refused_.erase(refused);
    }

private:
    std::map<std::pair<NodeId, std::uint64_t>, std::uint64_t> refused_; ///< by leader and client
};

} // namespace

std::unique_ptr<Rule> refused_is_refused() {
    return std::make_unique<RefusedIsRefused>();
}

} // namespace faultlab::monitors
