// Rule L1.
// While a core is undisturbed, every request is answered within a bound.

#include "checker/monitors/catalogue_entries.hpp"
#include "checker/monitors/stable_window.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace faultlab::monitors {
namespace {

class RequestsEnd final : public RuleOf<RequestsEnd, StableWindowRule> {
    void begin() override { late_.clear(); }
    void look(const ProtocolEvent& event, const Survey& survey) override {
        const Nanos bound = time_to_answer(survey);
        for (const Survey::Waiting& request : survey.waiting) {
            const Nanos waits = event.t - std::max(request.since, survey.calm_since);
            const auto told = late_.find(request.client);
            if (waits > bound && told != late_.end() && told->second == request.since) continue;
            if (judge(waits <= bound)) continue;
            late_.insert_or_assign(request.client, request.since);
            alarm(event,
                  fmt::format("the request of client {} is not answered for {} ms although "
                              "nothing is disturbed; {} ms are enough",
                              request.client + 1,
                              waits / millisecond,
                              bound / millisecond));
        }
    }

    std::map<std::int32_t, Nanos> late_; ///< by client: since when the one waits that was told
};

} // namespace

std::unique_ptr<Rule> requests_end() {
    return std::make_unique<RequestsEnd>();
}

} // namespace faultlab::monitors
