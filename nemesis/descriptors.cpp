// Effect     Some replicas cannot open more files or accept more connections than they have, or a
//            few more.
// Mechanism  The soft limit of open files of their processes is lowered (prlimit). The limits from
//            before stand in a note on the host.
// Undo       The limits are given back to processes that still live; the note is removed: the nodes
//            are stored.
// Needs      Processes of the lab's own user.
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

/// The tool's call on a host: `rlimit --directory D --name fault-7 … ORDER`.
Result<std::string> rlimit(Host& host,
                           FaultId fault,
                           const std::string& order,
                           const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {
        "rlimit", "--directory", host.fault_directory().string(), "--name", helper_name(fault)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.push_back(order);
    return run_node_tool(host, std::move(arguments));
}

class Descriptors final : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override { return {"process"}; }

    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "free",
                 .fallback = "0",
                 .help = "how many more files than now a process may have open"}};
    }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        draw_process_target(rng, nodes, spec);
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        FAULTLAB_TRY(const std::int64_t free, integer_parameter(spec.params, "free", 0, 1'000'000));
        FAULTLAB_TRY(Fault fault,
                     resolve_processes(spec,
                                       view,
                                       free == 0 ? std::string("cannot open another file")
                                                 : fmt::format("can open only {} more files", free),
                                       undo_name));
        fault.params["free"] = free;
        return fault;
    }

    [[nodiscard]] FaultSpec exact(const Fault& fault, const FaultSpec& spec) const override {
        return exact_processes(fault, spec);
    }

    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        for (const NodeId node : fault.targets) {
            const std::string groups = groups_argument(target, node);
            if (groups.empty()) return lab_error(fmt::format("nothing runs on n{}", node + 1));
            FAULTLAB_TRY(const std::string printed,
                         rlimit(target.node_host(node),
                                fault.id,
                                "take",
                                {"--groups",
                                 groups,
                                 "--free",
                                 std::to_string(integer_of(fault.params, "free"))}));
        }
        return {};
    }

    Result<void> heal(const Fault& fault, FaultTarget& target) const override {
        return on_all(stored_nodes(fault, undo_name), [&](NodeId node) -> Result<void> {
            FAULTLAB_TRY(const std::string printed,
                         rlimit(target.node_host(node), fault.id, "give-back"));
            return {};
        });
    }

    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        std::vector<Evidence> evidence;
        for (const NodeId node : fault.targets) {
            const auto report = rlimit(target.node_host(node), fault.id, "report");
            if (!report) {
                evidence.push_back({phase, node, "probe_failed", report.error().text(), false});
                continue;
            }
            const std::int64_t lowered = number_in(*report, "lowered");
            const bool proves = phase == EvidencePhase::during  ? lowered > 0
                                : phase == EvidencePhase::after ? lowered == 0
                                                                : false;
            evidence.push_back({phase, node, "processes_limited", lowered, proves});
            if (phase != EvidencePhase::during) continue;
            evidence.push_back({phase, node, "files_open", number_in(*report, "open"), false});
            evidence.push_back({phase, node, "files_most", number_in(*report, "limit"), false});
        }
        return evidence;
    }
};

} // namespace

std::unique_ptr<Nemesis> make_descriptors() {
    return std::make_unique<Descriptors>();
}

} // namespace faultlab
