// Rule L2.
// While a core is undisturbed, it has a leader within a bound: a view change comes to an end.

#include "checker/monitors/catalogue_entries.hpp"
#include "checker/monitors/stable_window.hpp"

#include <fmt/format.h>

namespace faultlab::monitors {
namespace {

class LeaderFound final : public RuleOf<LeaderFound, StableWindowRule> {
    void look(const ProtocolEvent& event, const Survey& survey) override {
        const Nanos bound = time_to_lead(survey);
        if (in_time(0, leader_of(survey) != nullptr, event.t, bound)) return;
        alarm(event,
              fmt::format("nobody leads for {} ms although nothing is disturbed",
                          bound / millisecond));
    }
};

} // namespace

std::unique_ptr<Rule> leader_found() {
    return std::make_unique<LeaderFound>();
}

} // namespace faultlab::monitors
