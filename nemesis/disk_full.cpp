// Effect     The disk has no room: what needs some fails with ENOSPC, and df says so too.
// Mechanism  The file system over the data directory fails writes to where a file has no blocks,
//            and new names; with `overwrites=fail` every write, as on a file system that copies.
// Undo       The rule is taken away; a replica that ended meanwhile is started again.
// Needs      FUSE.
#include "nemesis/catalogue.hpp"
#include "nemesis/disk.hpp"
#include "nemesis/parameters.hpp"

#include <cerrno>

namespace faultlab {
namespace {

class DiskFull final : public disk::RuleNemesis {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        std::vector<OptionSpec> options = disk::where_options(false);
        options.push_back({.name = "overwrites",
                           .fallback = "pass",
                           .choices = {"pass", "fail"},
                           .help = "whether what is there already can be overwritten"});
        return options;
    }

protected:
    [[nodiscard]] Result<How> how(const FaultSpec& spec) const override {
        How how{.rule = {{"fault", "full"}, {"ops", Value::List{"write", "name"}}},
                .what = "disk full" + disk::where_text(spec)};
        FAULTLAB_DO(disk::read_where(spec, how.rule));
        if (text_of(spec.params, "overwrites") == "fail") {
            how.rule["fault"] = "error";
            how.rule["errno"] = ENOSPC;
        }
        return how;
    }
    [[nodiscard]] disk::Bearable bearable() const override { return disk::Bearable::everywhere; }
};

} // namespace

std::unique_ptr<Nemesis> make_disk_full() {
    return std::make_unique<DiskFull>();
}

} // namespace faultlab
