// Effect     What replicas ask of their disk takes longer: reads, writes and syncs, each or all of
//            them, by a fixed time or by one that is drawn.
// Mechanism  The file system over the data directory waits before it carries out a call.
// Undo       The rule is taken away; a replica that ended meanwhile is started again.
// Needs      FUSE.
#include "nemesis/catalogue.hpp"
#include "nemesis/disk.hpp"
#include "nemesis/parameters.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace faultlab {
namespace {

const std::vector<std::string> slow_ops = {"read", "write", "sync", "name", "look"};

class DiskDelay final : public disk::RuleNemesis {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        std::vector<OptionSpec> options = {
            {.name = "delay", .fallback = "20ms", .help = "how long a call waits, in the middle"},
            {.name = "jitter",
             .fallback = "0",
             .help = "uniform: so much more or less; normal: the standard deviation"},
            {.name = "spread",
             .fallback = "fixed",
             .choices = {"fixed", "uniform", "normal", "exponential"},
             .help = "how the times are distributed"},
            {.name = "op",
             .fallback = "write+sync",
             .help = "the calls: some of read write sync name look, with + between them"},
        };
        for (OptionSpec& option : disk::where_options(true, "100%"))
            options.push_back(std::move(option));
        return options;
    }

protected:
    [[nodiscard]] Result<How> how(const FaultSpec& spec) const override {
        How how{.rule = {{"fault", "delay"}}, .what = {}};
        FAULTLAB_DO(disk::read_where(spec, how.rule));
        FAULTLAB_TRY(Value::List ops, disk::read_ops(spec, slow_ops));
        FAULTLAB_TRY(const Nanos delay, duration_parameter(spec.params, "delay"));
        FAULTLAB_TRY(const Nanos jitter, duration_parameter(spec.params, "jitter"));
        if (delay == 0) return usage_error("delay cannot be 0", "write a length of time like 20ms");
        how.rule["ops"] = std::move(ops);
        how.rule["delay"] = delay;
        how.rule["jitter"] = jitter;
        how.rule["spread"] = text_of(spec.params, "spread");
        how.what = fmt::format("disk {}{} {} slower",
                               text_of(spec.params, "op"),
                               disk::where_text(spec),
                               text_of(spec.params, "delay"));
        return how;
    }
    [[nodiscard]] disk::Bearable bearable() const override { return disk::Bearable::everywhere; }
};

} // namespace

std::unique_ptr<Nemesis> make_disk_delay() {
    return std::make_unique<DiskDelay>();
}

} // namespace faultlab
