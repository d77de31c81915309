// Rule S16.
// A request that is asked again gets the same answer, from whoever gives it.

#include "checker/monitors/catalogue_entries.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <fmt/format.h>

#include <tuple>

namespace faultlab::monitors {
namespace {

class SameReply final : public RuleOf<SameReply> {
public:
    void on(const ProtocolEvent& event) override {
        if (event.b == 0) return; // a registration that is repeated opens another session
        const auto [first, is_new] =
            replies_.try_emplace({event.a, event.b, event.op}, event.checksum);
        if (is_new || judge(first->second == event.checksum)) return;
        alarm(event,
              fmt::format(
                  "answers request {} of client {:x} otherwise than before", event.b, event.a));
    }

private:
    /// By client, request, and op: a read that was answered from the state knows no op of its own,
    /// and sees more when it is asked again.
    boost::unordered_flat_map<std::tuple<std::uint64_t, std::uint64_t, LogIndex>, Digest> replies_;
};

} // namespace

std::unique_ptr<Rule> same_reply() {
    return std::make_unique<SameReply>();
}

} // namespace faultlab::monitors
