// Rule S15.
// A request has one effect: no two committed ops hold it. Registrations may be repeated.

#include "checker/monitors/catalogue_entries.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace faultlab::monitors {
namespace {

class ExactlyOnce final : public RuleOf<ExactlyOnce> {
public:
    void on(const ProtocolEvent& event) override {
        if (event.kind == ProtocolEvent::Kind::Requested) {
            if (event.b != 0) hold(requests_[event.checksum], {event.a, event.b});
            return;
        }
        const auto held = requests_.find(event.checksum);
        if (held == requests_.end()) return;
        for (const auto& [client, request] : held->second) {
            const auto [effect, is_new] = effects_.try_emplace({client, request}, event.op);
            if (is_new || judge(effect->second == event.op)) continue;
            alarm(event,
                  fmt::format("request {} of client {:x} is op {} and op {}",
                              request,
                              client,
                              effect->second,
                              event.op));
        }
    }

private:
    using Request = std::pair<std::uint64_t, std::uint64_t>; ///< client, number
    using Requests = std::vector<Request>;                   ///< ascending, each once

    static void hold(Requests& requests, const Request& request) {
        const auto place = std::ranges::lower_bound(requests, request);
        if (place == requests.end() || *place != request) requests.insert(place, request);
    }

    boost::unordered_flat_map<Digest, Requests, DigestHash> requests_; ///< by the entry's checksum
    boost::unordered_flat_map<Request, LogIndex> effects_;
};

} // namespace

std::unique_ptr<Rule> exactly_once() {
    return std::make_unique<ExactlyOnce>();
}

} // namespace faultlab::monitors
