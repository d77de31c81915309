// Effect     One bit of what is read is wrong, for this read.
// Mechanism  The file system over the data directory flips it in its answer; the kernel forgets
//            what it has read all the time, so that reads come there.
// Undo       The rule is taken away; a replica that ended meanwhile is started again.
// Needs      FUSE; with `restart=on` processes that the lab has started.
#include "nemesis/catalogue.hpp"
#include "nemesis/disk.hpp"

namespace faultlab {
namespace {

class BitFlip final : public disk::RuleNemesis {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        std::vector<OptionSpec> options = disk::where_options(true, "20%");
        options.push_back(disk::restart_option());
        return options;
    }

protected:
    [[nodiscard]] Result<How> how(const FaultSpec& spec) const override {
        How how{.rule = {{"fault", "bit-flip"}, {"ops", Value::List{"read"}}},
                .what = "bits flipped on reads" + disk::where_text(spec)};
        FAULTLAB_DO(disk::read_where(spec, how.rule));
        return how;
    }
    [[nodiscard]] disk::Bearable bearable() const override { return disk::Bearable::minority; }
};

} // namespace

std::unique_ptr<Nemesis> make_bit_flip() {
    return std::make_unique<BitFlip>();
}

} // namespace faultlab
