// Effect     Reads return what was there before the last change, as from a replica of a disk that
// lags
//            or a write that was never carried out.
// Mechanism  The file system over the data directory remembers what changes have replaced, for 2 s
//            after their sync, and answers with that; the kernel forgets what it has read all the
//            time, so that reads come there.
// Undo       The rule is taken away; a replica that ended meanwhile is started again.
// Needs      FUSE; with `restart=on` processes that the lab has started.
#include "nemesis/catalogue.hpp"
#include "nemesis/disk.hpp"

namespace faultlab {
namespace {

class StaleRead final : public disk::RuleNemesis {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        std::vector<OptionSpec> options = disk::where_options(true, "20%");
        options.push_back(disk::restart_option());
        return options;
    }

protected:
    [[nodiscard]] Result<How> how(const FaultSpec& spec) const override {
        How how{.rule = {{"fault", "stale"}, {"ops", Value::List{"read"}}},
                .what = "reads" + disk::where_text(spec) + " stale"};
        FAULTLAB_DO(disk::read_where(spec, how.rule));
        return how;
    }
    [[nodiscard]] disk::Bearable bearable() const override { return disk::Bearable::minority; }
    [[nodiscard]] bool tracks() const override { return true; }
};

} // namespace

std::unique_ptr<Nemesis> make_stale_read() {
    return std::make_unique<StaleRead>();
}

} // namespace faultlab
