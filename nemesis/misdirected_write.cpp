// Effect     A write goes to another place of its file: what should be there is not, and something
//            else is overwritten. The replica is told that all went well.
// Mechanism  The file system over the data directory writes to a page that is drawn.
// Undo       The rule is taken away; what was written stays.
// Needs      FUSE.
#include "nemesis/catalogue.hpp"
#include "nemesis/disk.hpp"

namespace faultlab {
namespace {

class MisdirectedWrite final : public disk::RuleNemesis {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        std::vector<OptionSpec> options = disk::where_options(true, "1%");
        for (OptionSpec& option : options) {
            if (option.name == "times") option.fallback = "3";
        }
        return options;
    }

protected:
    [[nodiscard]] Result<How> how(const FaultSpec& spec) const override {
        How how{.rule = {{"fault", "misdirected"}, {"ops", Value::List{"write"}}},
                .what = "writes" + disk::where_text(spec) + " go astray"};
        FAULTLAB_DO(disk::read_where(spec, how.rule));
        return how;
    }
    [[nodiscard]] disk::Bearable bearable() const override { return disk::Bearable::minority; }
    [[nodiscard]] bool tracks() const override { return true; }
};

} // namespace

std::unique_ptr<Nemesis> make_misdirected_write() {
    return std::make_unique<MisdirectedWrite>();
}

} // namespace faultlab
