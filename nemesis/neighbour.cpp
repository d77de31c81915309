// Effect     On the hosts of some replicas another program computes and writes to the disk all the
//            time.
// Mechanism  A helper with busy threads, one of which writes and syncs a file of 64 MiB beside the
//            replica's data again and again.
// Undo       The helper stops and removes its file: the nodes are stored.
// Needs      The lab's program on the host. Hosts of one machine share its processors and disks:
// the
//            others are slowed down too.
#include "core/nemesis.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/helper.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"
#include "nemesis/resources.hpp"

#include <fmt/format.h>

namespace faultlab {
namespace {

constexpr const char* undo_name = "nodes";

class Neighbour final : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override { return {"process"}; }

    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "hogs", .fallback = "1", .help = "busy threads on each host, 0 to 64"},
                {.name = "disk",
                 .fallback = "yes",
                 .choices = {"yes", "no"},
                 .help = "whether it writes to the disk too"}};
    }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        draw_process_target(rng, nodes, spec);
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        FAULTLAB_TRY(const std::int64_t hogs, integer_parameter(spec.params, "hogs", 0, 64));
        const bool disk = text_of(spec.params, "disk") == "yes";
        if (hogs == 0 && !disk) return usage_error("a neighbour that does nothing is no fault");
        FAULTLAB_TRY(
            Fault fault,
            resolve_processes(
                spec,
                view,
                fmt::format("beside {} busy threads{}", hogs, disk ? " and one that writes" : ""),
                undo_name));
        fault.params["hogs"] = hogs;
        fault.params["disk"] = disk ? "yes" : "no";
        return fault;
    }

    [[nodiscard]] FaultSpec exact(const Fault& fault, const FaultSpec& spec) const override {
        return exact_processes(fault, spec);
    }

    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        for (const NodeId node : fault.targets) {
            Host& host = target.node_host(node);
            std::vector<std::string> arguments = {"--processors",
                                                  std::to_string(integer_of(fault.params, "hogs"))};
            if (text_of(fault.params, "disk") == "yes") {
                arguments.emplace_back("--write-to");
                arguments.push_back(host.fault_directory().string());
            }
            FAULTLAB_DO(start_helper(
                host, helper_name(fault.id), {.tool = "burn", .arguments = std::move(arguments)}));
        }
        return {};
    }

    Result<void> heal(const Fault& fault, FaultTarget& target) const override {
        return on_all(stored_nodes(fault, undo_name), [&](NodeId node) {
            return stop_helper(target.node_host(node), helper_name(fault.id));
        });
    }

    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        std::vector<Evidence> evidence;
        for (const NodeId node : fault.targets) {
            Host& host = target.node_host(node);
            if (phase != EvidencePhase::during) {
                evidence.push_back(helper_evidence(host, helper_name(fault.id), phase, node));
                continue;
            }
            const auto report = ask_helper(host, helper_name(fault.id), "report");
            const std::int64_t busy = report ? number_in(*report, "busy_ms") : 0;
            const std::int64_t written = report ? number_in(*report, "written") : 0;
            evidence.push_back({phase, node, "others_busy_ms", busy, busy > 0});
            evidence.push_back({phase, node, "others_wrote", written, written > 0});
        }
        return evidence;
    }
};

} // namespace

std::unique_ptr<Nemesis> make_neighbour() {
    return std::make_unique<Neighbour>();
}

} // namespace faultlab
