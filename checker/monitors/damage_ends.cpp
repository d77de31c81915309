// Rule S13.
// An entry that its disk has shown damaged is soon written anew, or not needed any more: damage
// that was read is not taken for sound.

#include "checker/monitors/catalogue_entries.hpp"
#include "checker/monitors/stable_window.hpp"

#include <fmt/format.h>

namespace faultlab::monitors {
namespace {

class DamageEnds final : public RuleOf<DamageEnds, StableWindowRule> {
    void look(const ProtocolEvent& event, const Survey& survey) override {
        if (leader_of(survey) == nullptr) return; // nobody knows which entries are right
        for (const Survey::Replica& replica : survey.replicas) {
            if (replica.rotten < 0 || !replica.member || !in_core(survey, replica.node)) continue;
            if (in_time(replica.node, replica.rotten == 0, event.t, time_to_follow(survey)))
                continue;
            alarm_of(replica.node,
                     event,
                     fmt::format("read {} damaged entries of its log, and leaves them so",
                                 replica.rotten));
        }
    }
};

} // namespace

std::unique_ptr<Rule> damage_ends() {
    return std::make_unique<DamageEnds>();
}

} // namespace faultlab::monitors
