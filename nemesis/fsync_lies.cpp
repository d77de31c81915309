// Effect     Syncs are answered at once, and nothing becomes durable. By itself nobody sees it; a
//            power cut in the meantime takes all of it.
// Mechanism  The file system over the data directory answers the call and does nothing.
// Undo       The rule is taken away: from then on, all that was said to be durable is.
// Needs      FUSE.
#include "nemesis/catalogue.hpp"
#include "nemesis/disk.hpp"

namespace faultlab {
namespace {

class FsyncLies final : public disk::RuleNemesis {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return disk::where_options(true, "100%");
    }

protected:
    [[nodiscard]] Result<How> how(const FaultSpec& spec) const override {
        How how{.rule = {{"fault", "sync-lies"}, {"ops", Value::List{"sync"}}},
                .what = "fsync" + disk::where_text(spec) + " lies"};
        FAULTLAB_DO(disk::read_where(spec, how.rule));
        return how;
    }
    [[nodiscard]] disk::Bearable bearable() const override { return disk::Bearable::everywhere; }
    [[nodiscard]] bool tracks() const override { return true; }
};

} // namespace

std::unique_ptr<Nemesis> make_fsync_lies() {
    return std::make_unique<FsyncLies>();
}

} // namespace faultlab
