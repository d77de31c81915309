// Rule R1.
// No replica holds more than it was set up for: log, pipeline, queue, sessions.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

namespace faultlab::monitors {
namespace {

class WithinLimits final : public RuleOf<WithinLimits> {
public:
    void on(const ProtocolEvent& event) override {
        if (event.survey->setup == nullptr) return;
        const Setup& of = *event.survey->setup;
        for (const Survey::Replica& replica : event.survey->replicas) {
            const Gauges& now = replica.gauges;
            const bool shows_log = now.normal && now.head >= 0 && now.checkpoint >= 0;
            const std::int64_t log = shows_log ? now.head - now.checkpoint : -1;
            struct Held {
                const char* what;
                std::int64_t much;
                std::uint64_t most;
            };
            for (const auto& [what, much, most] :
                 {Held{"entries in its log above the checkpoint", log, of.log_most},
                  Held{"entries in its pipeline", replica.pipeline, of.pipeline_most},
                  Held{"requests in its queue", replica.queue, of.queue_most},
                  Held{"sessions", replica.sessions, of.sessions_most}}) {
                if (much < 0 || most == 0 || judge(static_cast<std::uint64_t>(much) <= most))
                    continue;
                ProtocolEvent holder = event;
                holder.node = replica.node;
                alarm(holder, fmt::format("has {} {}, and room for {}", much, what, most));
            }
        }
    }
};

} // namespace

std::unique_ptr<Rule> within_limits() {
    return std::make_unique<WithinLimits>();
}

} // namespace faultlab::monitors
