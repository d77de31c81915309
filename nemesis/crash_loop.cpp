// Effect     Some replicas crash again and again, some time after each start, as under a supervisor
//            that restarts a program that cannot stay up: they answer now and then.
// Mechanism  SIGKILL and a start at the injection, and so on after a time that is drawn anew for
//            each start.
// Undo       Those that do not run are started for the last time: the nodes are stored.
// Needs      Processes that the lab has started.
#include "core/units.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/lives.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"

#include <fmt/format.h>

#include <array>

namespace faultlab {
namespace {

class CrashLoop final : public CrashNemesis {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "after",
                 .fallback = "",
                 .choices = {},
                 .help = "from each start to the crash, like 200ms; without it, drawn"},
                {.name = "jitter",
                 .fallback = "50%",
                 .choices = {},
                 .help = "how much shorter or longer it may be, drawn anew each time"}};
    }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        constexpr std::array<const char*, 5> usual = {"50ms", "100ms", "200ms", "400ms", "800ms"};
        draw_process_target(rng, nodes, spec);
        const char* const after = usual.at(rng.below(usual.size()));
        if (text_of(spec.params, "after").empty()) spec.params["after"] = after;
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        FAULTLAB_TRY(const Nanos after, positive_duration_parameter(spec.params, "after"));
        FAULTLAB_TRY(const std::int64_t jitter, share_parameter(spec.params, "jitter"));
        FAULTLAB_TRY(Fault fault,
                     resolve_lives(spec,
                                   view,
                                   fmt::format("killed again and again, about {} after each start",
                                               duration_argument(after))));
        store_crashes({.after = after, .jitter = jitter, .times = 0, .seed = spec.seed}, fault);
        return fault;
    }
};

} // namespace

std::unique_ptr<Nemesis> make_crash_loop() {
    return std::make_unique<CrashLoop>();
}

} // namespace faultlab
