// Effect     Some replicas can start no process and no thread beyond those they have.
// Mechanism  Their processes in a control group with a limit of tasks.
// Undo       The processes go back to the group they came from: the nodes are stored.
// Needs      Control groups with the controller pids, which the lab may write.
#include "nemesis/catalogue.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/resources.hpp"

#include <fmt/format.h>

namespace faultlab {
namespace {

class Threads final : public Confinement {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "most",
                 .fallback = "1",
                 .help = "processes and threads; what runs already stays"}};
    }

protected:
    [[nodiscard]] std::string controller() const override { return "cgroup-pids"; }

    [[nodiscard]] Result<Limits> limits(const FaultSpec& spec) const override {
        FAULTLAB_TRY(const std::int64_t most, integer_parameter(spec.params, "most", 1, 4'000'000));
        return Limits{.arguments = {"--tasks", std::to_string(most)},
                      .verb = fmt::format("limited to {} threads", most)};
    }

    /// More run than may be started: the next start of one fails.
    void
    show(const std::string& report, NodeId node, std::vector<Evidence>& evidence) const override {
        const std::int64_t have = number_in(report, "pids.current");
        const std::int64_t most = number_in(report, "pids.max");
        evidence.push_back(
            {EvidencePhase::during, node, "threads", have, most > 0 && have >= most});
    }
};

} // namespace

std::unique_ptr<Nemesis> make_threads() {
    return std::make_unique<Threads>();
}

} // namespace faultlab
