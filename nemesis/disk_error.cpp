// Effect     Some calls to the disk fail with an error, and did nothing.
// Mechanism  The file system over the data directory answers with the error.
// Undo       The rule is taken away; a replica that ended meanwhile is started again.
// Needs      FUSE.
#include "nemesis/catalogue.hpp"
#include "nemesis/disk.hpp"
#include "nemesis/parameters.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace faultlab {
namespace {

const std::vector<std::string> failing_ops = {"read", "write", "sync", "name", "look"};

int errno_of(const std::string& name) {
    if (name == "EROFS") return EROFS;
    if (name == "EDQUOT") return EDQUOT;
    if (name == "ENOSPC") return ENOSPC;
    return EIO;
}

class DiskError final : public disk::RuleNemesis {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        std::vector<OptionSpec> options = {
            {.name = "op",
             .fallback = "read+write+sync",
             .help = "the calls: some of read write sync name look, with + between them"},
            {.name = "error",
             .fallback = "EIO",
             .choices = {"EIO", "EROFS", "EDQUOT", "ENOSPC"},
             .help = "what they fail with"},
        };
        for (OptionSpec& option : disk::where_options(true, "5%"))
            options.push_back(std::move(option));
        return options;
    }

protected:
    [[nodiscard]] Result<How> how(const FaultSpec& spec) const override {
        How how{.rule = {{"fault", "error"}}, .what = {}};
        FAULTLAB_DO(disk::read_where(spec, how.rule));
        FAULTLAB_TRY(Value::List ops, disk::read_ops(spec, failing_ops));
        const std::string error = text_of(spec.params, "error");
        how.rule["ops"] = std::move(ops);
        how.rule["errno"] = errno_of(error);
        how.what = fmt::format("{} of disk {}{} fail with {}",
                               text_of(spec.params, "chance"),
                               text_of(spec.params, "op"),
                               disk::where_text(spec),
                               error);
        return how;
    }
    [[nodiscard]] disk::Bearable bearable() const override { return disk::Bearable::everywhere; }
};

} // namespace

std::unique_ptr<Nemesis> make_disk_error() {
    return std::make_unique<DiskError>();
}

} // namespace faultlab
