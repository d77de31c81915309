// Effect     The disk of a replica answers nothing for a while, as one that is being reset, or a
//            network disk whose network is away. What was asked is carried out afterwards.
// Mechanism  The file system over the data directory holds calls back while the rule lasts. A
//            process that is killed is let go.
// Undo       The rule is taken away; a replica that ended meanwhile is started again.
// Needs      FUSE.
#include "nemesis/catalogue.hpp"
#include "nemesis/disk.hpp"
#include "nemesis/parameters.hpp"

#include <fmt/format.h>

namespace faultlab {
namespace {

const std::vector<std::string> stalled_ops = {"read", "write", "sync", "name", "look"};

class DiskStall final : public disk::RuleNemesis {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        std::vector<OptionSpec> options = disk::where_options(false);
        options.push_back(
            {.name = "op",
             .fallback = "read+write+sync+name",
             .help = "the calls: some of read write sync name look, with + between them"});
        return options;
    }

protected:
    [[nodiscard]] Result<How> how(const FaultSpec& spec) const override {
        How how{.rule = {{"fault", "stall"}}, .what = "disk stalls" + disk::where_text(spec)};
        FAULTLAB_DO(disk::read_where(spec, how.rule));
        FAULTLAB_TRY(Value::List ops, disk::read_ops(spec, stalled_ops));
        how.rule["ops"] = std::move(ops);
        return how;
    }
    [[nodiscard]] disk::Bearable bearable() const override { return disk::Bearable::everywhere; }
};

} // namespace

std::unique_ptr<Nemesis> make_disk_stall() {
    return std::make_unique<DiskStall>();
}

} // namespace faultlab
