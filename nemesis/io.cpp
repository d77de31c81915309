// Effect     Some replicas read and write their disk slowly: fsyncs take long, and nothing fails.
// Mechanism  Their processes in a control group with a limit of bytes a second, for reading and
//            writing the disk that holds their data.
// Undo       The processes go back to the group they came from: the nodes are stored.
// Needs      Control groups with the controller blkio (version 2: io), which the lab may write, and
//            data on a disk of the kernel's own. In version 1 what the kernel writes back later
//            counts for nobody: only what a replica syncs itself is slow.
#include "core/nemesis.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/helper.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"
#include "nemesis/resources.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace faultlab {
namespace {

/// The last line of blkio.throttle.io_service_bytes is "Total 4096".
std::int64_t bytes_served(const std::string& report) {
    const auto tree = nlohmann::json::parse(report, nullptr, false);
    const char* const file = "blkio.throttle.io_service_bytes";
    if (!tree.is_object() || !tree.contains(file)) return 0;
    std::istringstream lines(tree[file].get<std::string>());
    std::int64_t total = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("Total ")) total = std::stoll(line.substr(6));
    }
    return total;
}

/// Bytes that went through the throttle: without any it had nothing to slow down.
void take_evidence(const std::string& report, NodeId node, std::vector<Evidence>& to) {
    const std::int64_t served = bytes_served(report);
    to.push_back({EvidencePhase::during, node, "bytes_throttled", served, served > 0});
}

class Io final : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override {
        return {"process", "cgroup-io"};
    }

    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "rate",
                 .fallback = "128KiB",
                 .help = "bytes a second, for reading and for writing"}};
    }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        draw_process_target(rng, nodes, spec);
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        FAULTLAB_TRY(const std::int64_t rate, bytes_parameter(spec.params, "rate"));
        return resolve_confined(spec,
                                view,
                                fmt::format("limited to {} a second of its disk", bytes_text(rate)),
                                {"--io-rate", std::to_string(rate)});
    }

    [[nodiscard]] FaultSpec exact(const Fault& fault, const FaultSpec& spec) const override {
        return exact_processes(fault, spec);
    }

    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        return inject_confined(fault, target);
    }

    Result<void> heal(const Fault& fault, FaultTarget& target) const override {
        return heal_confined(fault, target);
    }

    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        return probe_confined(fault, target, phase, take_evidence);
    }
};

} // namespace

std::unique_ptr<Nemesis> make_io() {
    return std::make_unique<Io>();
}

} // namespace faultlab
