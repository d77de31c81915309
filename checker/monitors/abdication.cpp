// Rule L3.
// A leader whom no quorum answers any more soon stops to speak as leader: those who hear it and
// cannot answer would wait for it for ever.

#include "checker/monitors/catalogue_entries.hpp"
#include "checker/monitors/per_node.hpp"

#include <fmt/format.h>

namespace faultlab::monitors {
namespace {

class Abdication final : public RuleOf<Abdication> {
public:
    void on(const ProtocolEvent& event) override {
        const Survey& survey = *event.survey;
        if (survey.setup == nullptr) return;
        const Nanos bound = survey.setup->abdication;
        for (const Survey::Replica& leader : survey.replicas) {
            if (!leader.gauges.leads || leader.spoke < 0 || leader.answered < 0) continue;
            if (event.t - leader.answered <= bound) continue;
            if (judge(leader.spoke - leader.answered <= bound)) continue;
            Nanos& told = told_[leader.node];
            if (told == leader.answered) continue;
            told = leader.answered;
            ProtocolEvent of = event;
            of.node = leader.node;
            alarm(of,
                  fmt::format("speaks as leader of view {}, {} ms after a quorum last answered it",
                              view_text(static_cast<ViewNumber>(leader.gauges.view)),
                              (leader.spoke - leader.answered) / millisecond));
        }
    }

private:
    PerNode<Nanos> told_; ///< since when the leader was alone of whom that was said
};

} // namespace

std::unique_ptr<Rule> abdication() {
    return std::make_unique<Abdication>();
}

} // namespace faultlab::monitors
