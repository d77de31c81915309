// Effect     Some replicas crash while they start, a few times in a row: in the middle of reading
//            and mending what the crash before has left behind.
// Mechanism  SIGKILL and a start at the injection, then SIGKILL so soon after that start, and
//            again; after the last time they are left alone.
// Undo       Those that do not run are started: the nodes are stored.
// Needs      Processes that the lab has started.
#include "core/units.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/lives.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"

#include <fmt/format.h>

namespace faultlab {
namespace {

class CrashAtStart final : public CrashNemesis {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "after",
                 .fallback = "",
                 .choices = {},
                 .help = "from each start to the crash, like 20ms; without it, drawn"},
                {.name = "times",
                 .fallback = "3",
                 .choices = {},
                 .help = "how many starts end in a crash, from 1 to 1000"}};
    }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        draw_process_target(rng, nodes, spec);
        const std::int64_t after = rng.between(1, 200);
        if (text_of(spec.params, "after").empty())
            spec.params["after"] = fmt::format("{}ms", after);
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        FAULTLAB_TRY(const Nanos after, positive_duration_parameter(spec.params, "after"));
        FAULTLAB_TRY(const std::int64_t times, integer_parameter(spec.params, "times", 1, 1000));
        FAULTLAB_TRY(Fault fault,
                     resolve_lives(spec,
                                   view,
                                   fmt::format("killed, and {} of {} start{}",
                                               duration_argument(after) + " after each",
                                               times,
                                               times == 1 ? "" : "s")));
        store_crashes({.after = after, .jitter = 0, .times = times, .seed = spec.seed}, fault);
        return fault;
    }
};

} // namespace

std::unique_ptr<Nemesis> make_crash_at_start() {
    return std::make_unique<CrashAtStart>();
}

} // namespace faultlab
