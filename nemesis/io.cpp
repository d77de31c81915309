// Effect     Some replicas read and write their disk slowly: fsyncs take long, and nothing fails.
// Mechanism  Their processes in a control group with a limit of bytes a second, for reading and
//            writing the disk that holds their data.
// Undo       The processes go back to the group they came from: the nodes are stored.
// Needs      Control groups with the controller blkio (version 2: io), which the lab may write, and
//            data on a disk of the kernel's own. In version 1 what the kernel writes back later
//            counts for nobody: only what a replica syncs itself is slow.
#include "nemesis/catalogue.hpp"
#include "nemesis/parameters.hpp"
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

class Io final : public Confinement {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "rate",
                 .fallback = "128KiB",
                 .help = "bytes a second, for reading and for writing"}};
    }

protected:
    [[nodiscard]] std::string controller() const override { return "cgroup-io"; }

    [[nodiscard]] Result<Limits> limits(const FaultSpec& spec) const override {
        FAULTLAB_TRY(const std::int64_t rate, bytes_parameter(spec.params, "rate"));
        return Limits{.arguments = {"--io-rate", std::to_string(rate)},
                      .verb = fmt::format("limited to {} a second of its disk", bytes_text(rate))};
    }

    /// Bytes that went through the throttle: without any it had nothing to slow down.
    void
    show(const std::string& report, NodeId node, std::vector<Evidence>& evidence) const override {
        const std::int64_t served = bytes_served(report);
        evidence.push_back({EvidencePhase::during, node, "bytes_throttled", served, served > 0});
    }
};

} // namespace

std::unique_ptr<Nemesis> make_io() {
    return std::make_unique<Io>();
}

} // namespace faultlab
