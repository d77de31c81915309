// Effect     Some replicas have little memory: the kernel takes pages of their files back, and
// kills them when that is not enough. Mechanism  Their processes in a control group with a limit of
// memory. Undo       The processes go back to the group they came from: the nodes are stored. A
// replica that was
//            killed is started by the recovery of the run.
// Needs      Control groups with the controller memory, which the lab may write.
#include "nemesis/catalogue.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/resources.hpp"

#include <fmt/format.h>

namespace faultlab {
namespace {

class Memory final : public Confinement {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "limit",
                 .fallback = "64MiB",
                 .help = "bytes for the replica and the files it uses"}};
    }

protected:
    [[nodiscard]] std::string controller() const override { return "cgroup-memory"; }

    [[nodiscard]] Result<Limits> limits(const FaultSpec& spec) const override {
        FAULTLAB_TRY(const std::int64_t limit, bytes_parameter(spec.params, "limit"));
        return Limits{.arguments = {"--memory", std::to_string(limit)},
                      .verb = fmt::format("limited to {} of memory", bytes_text(limit))};
    }

    /// How often the limit was met: each time the kernel had to take something back.
    void
    show(const std::string& report, NodeId node, std::vector<Evidence>& evidence) const override {
        const std::int64_t met = number_in(report, "memory.failcnt");
        evidence.push_back({EvidencePhase::during, node, "limit_met", met, met > 0});
        evidence.push_back({EvidencePhase::during,
                            node,
                            "memory_most",
                            number_in(report, "memory.max_usage_in_bytes"),
                            false});
    }
};

} // namespace

std::unique_ptr<Nemesis> make_memory() {
    return std::make_unique<Memory>();
}

} // namespace faultlab
