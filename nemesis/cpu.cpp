// Effect     Some replicas get only a share of one processor: everything takes longer, and nothing
// fails. Mechanism  Their processes in a control group with a quota of processor time. Undo The
// processes go back to the group they came from: the nodes are stored. Needs      Control groups
// with the controller cpu, which the lab may write.
#include "nemesis/catalogue.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/resources.hpp"

#include <fmt/format.h>

namespace faultlab {
namespace {

class Cpu final : public Confinement {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "quota",
                 .fallback = "5%",
                 .help = "of one processor, above 0; 150% is one and a half"}};
    }

protected:
    [[nodiscard]] std::string controller() const override { return "cgroup-cpu"; }

    [[nodiscard]] Result<Limits> limits(const FaultSpec& spec) const override {
        FAULTLAB_TRY(const std::int64_t quota, processors_parameter(spec.params, "quota"));
        return Limits{.arguments = {"--cpu-share", std::to_string(quota)},
                      .verb = fmt::format("may use {} of a processor", share_text(quota))};
    }

    /// The kernel counts the periods in which the group wanted more than it may have.
    void
    show(const std::string& report, NodeId node, std::vector<Evidence>& evidence) const override {
        const std::int64_t throttled = number_in(report, "cpu.nr_throttled");
        evidence.push_back(
            {EvidencePhase::during, node, "periods_throttled", throttled, throttled > 0});
    }
};

} // namespace

std::unique_ptr<Nemesis> make_cpu() {
    return std::make_unique<Cpu>();
}

} // namespace faultlab
