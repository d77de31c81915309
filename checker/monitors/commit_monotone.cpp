// Rule S7.
// While a replica lives, what it knows to be committed, and what it has executed, never falls; and
// it never executed less than its checkpoint stands for.

#include "checker/monitors/catalogue_entries.hpp"
#include "checker/monitors/per_node.hpp"

#include <fmt/format.h>

#include <string_view>

namespace faultlab::monitors {
namespace {

class CommitMonotone final : public RuleOf<CommitMonotone> {
public:
    void on(const ProtocolEvent& event) override {
        Last& last = last_[event.node];
        if (event.kind == ProtocolEvent::Kind::Started) {
            last = {};
            return;
        }
        const Gauges& now = *event.gauges;
        if (!now.normal) return;
        if (last.life != event.life) last = {.life = event.life};
        fell(event, "commit number", now.committed, last.committed);
        fell(event, "applied op", now.applied, last.applied);
        if (now.checkpoint >= 0 && now.applied >= 0 && !judge(now.applied >= now.checkpoint)) {
            alarm(event,
                  fmt::format(
                      "has executed op {} and a checkpoint at {}", now.applied, now.checkpoint));
        }
    }

private:
    struct Last {
        std::int32_t life = 0;
        std::int64_t committed = -1;
        std::int64_t applied = -1;
    };

    void
    fell(const ProtocolEvent& event, std::string_view what, std::int64_t now, std::int64_t& last) {
        if (now < 0) return;
        if (last >= 0 && !judge(now >= last))
            alarm(event, fmt::format("let its {} fall from {} to {}", what, last, now));
        last = now;
    }

    PerNode<Last> last_;
};

} // namespace

std::unique_ptr<Rule> commit_monotone() {
    return std::make_unique<CommitMonotone>();
}

} // namespace faultlab::monitors
