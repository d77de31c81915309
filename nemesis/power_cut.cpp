// Effect     The power of some nodes fails at one moment: replicas die, and what they wrote and did
//            not sync is gone, with names that were not synced either.
// Mechanism  The file system over the data directory remembers what the disk has. At the moment,
//            nobody is answered any more; files and names go back to what is durable; the replica
//            is killed.
// Undo       Power is there again, and the replica is started on what the disk has.
// Needs      FUSE; processes that the lab has started.
#include "nemesis/catalogue.hpp"
#include "nemesis/power.hpp"

namespace faultlab {
namespace {

class PowerCut final : public disk::PowerNemesis {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override { return cut_options("none"); }
};

} // namespace

std::unique_ptr<Nemesis> make_power_cut() {
    return std::make_unique<PowerCut>();
}

} // namespace faultlab
