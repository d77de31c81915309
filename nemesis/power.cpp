#include "nemesis/power.hpp"

#include "nemesis/disk.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"

#include <fmt/format.h>

#include <csignal>

namespace faultlab::disk {
namespace {

constexpr Nanos longest_lies = 2 * second; ///< as long as disks remember syncs

Result<void> end_power(const Fault& fault, FaultTarget& target) {
    FAULTLAB_TRY(const Nanos moment, common_moment(fault.targets, target));
    std::string cut = text_of(fault.params, "cut");
    cut = fmt::format(R"({{"order":"cut","at":{},{})", moment, cut.substr(1));
    for (const NodeId node : fault.targets)
        FAULTLAB_DO(say(target.node_host(node), cut));
    for (const NodeId node : fault.targets)
        FAULTLAB_DO(order(target.node_host(node), {{"order", "await"}}));
    for (const NodeId node : fault.targets)
        FAULTLAB_DO(target.signal_node(node, SIGKILL));
    for (const NodeId node : fault.targets)
        FAULTLAB_DO(target.kill_node(node));
    for (const NodeId node : fault.targets)
        FAULTLAB_DO(order(target.node_host(node), {{"order", "off"}}));
    return {};
}

Result<void> restore_power(NodeId node, FaultTarget& target) {
    FAULTLAB_DO(mend(node, target, true));
    Host& host = target.node_host(node);
    FAULTLAB_TRY(const Report disk, report(host));
    // Of an injection that ended half-way: nobody may go on from before the cut.
    if (disk.power != "on") FAULTLAB_DO(target.kill_node(node));
    FAULTLAB_DO(order(host, {{"order", "on"}}));
    return target.start_node(node);
}

} // namespace

Result<void> PowerNemesis::prepare(Host& host) const {
    return disk::prepare(host, true);
}

void PowerNemesis::draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const {
    draw_target(Bearable::crash, rng, nodes, spec);
}

std::vector<OptionSpec> PowerNemesis::cut_options(const std::string& tear) {
    return {
        {.name = "keep",
         .fallback = "0%",
         .help = "how likely an unsynced page was written back before the cut"},
        {.name = "tear",
         .fallback = tear,
         .choices = {"none", "prefix", "suffix", "interleaved"},
         .help = "which sectors of the last unsynced write of a file reach the disk"},
        {.name = "lies",
         .fallback = "0",
         .help = "syncs of so long before the cut were lies: up to 2s"},
        {.name = "names",
         .fallback = "journal",
         .choices = {"journal", "strict"},
         .help =
             "what makes new, removed and moved names durable: any later sync, as with ext4 and "
             "xfs, or a sync of their directory alone, as POSIX has it"},
    };
}

Result<Fault> PowerNemesis::resolve(const FaultSpec& spec, const ClusterView& view) const {
    Params cut = {{"tear", text_of(spec.params, "tear")},
                  {"names", text_of(spec.params, "names")},
                  {"seed", json_seed(spec)}};
    FAULTLAB_TRY(cut["keep"], share_parameter(spec.params, "keep"));
    FAULTLAB_TRY(const Nanos lies, duration_parameter(spec.params, "lies"));
    if (lies > longest_lies) {
        return usage_error(fmt::format("lies cannot be {}", text_of(spec.params, "lies")),
                           "disks remember their syncs for 2s");
    }
    cut["lies"] = lies;
    std::string what = "power cut, unsynced writes lost";
    if (text_of(spec.params, "tear") != "none") what += ", the last ones torn";
    if (lies != 0) what += ", syncs were lies";
    FAULTLAB_TRY(Fault fault, disk::resolve(spec, view, what));
    fault.params["cut"] = rule_text(cut);
    return fault;
}

FaultSpec PowerNemesis::exact(const Fault& fault, const FaultSpec& spec) const {
    return exact_processes(fault, spec);
}

Result<void> PowerNemesis::inject(const Fault& fault, FaultTarget& target) const {
    return end_power(fault, target);
}

Result<void> PowerNemesis::heal(const Fault& fault, FaultTarget& target) const {
    return on_all(stored_nodes(fault, undo_nodes),
                  [&](NodeId node) { return restore_power(node, target); });
}

std::vector<Evidence>
PowerNemesis::probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const {
    std::vector<Evidence> evidence;
    for (const NodeId node : fault.targets) {
        const auto disk = report(target.node_host(node));
        const auto state = target.node_state(node);
        if (!disk || !state) {
            const Error& error = disk ? state.error() : disk.error();
            evidence.push_back({phase, node, "probe_failed", error.text(), false});
            continue;
        }
        const bool during = phase == EvidencePhase::during;
        const bool dead = *state == ProcessState::gone && disk->power == "off";
        const bool alive = *state == ProcessState::running && disk->power == "on";
        const bool proves = during ? dead : phase == EvidencePhase::after && alive;
        evidence.push_back({phase,
                            node,
                            "power",
                            fmt::format("disk {}, process {}", disk->power, to_string(*state)),
                            proves});
        if (!during) continue;
        evidence.push_back({phase, node, "unsynced_pages_lost", disk->cut_pages, proves});
        evidence.push_back({phase, node, "unsynced_names_lost", disk->cut_names, proves});
    }
    return evidence;
}

} // namespace faultlab::disk
