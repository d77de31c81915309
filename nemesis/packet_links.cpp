#include "nemesis/packet_links.hpp"

#include "core/host.hpp"
#include "nemesis/helper.hpp"
#include "nemesis/packet_rules.hpp"
#include "nemesis/parameters.hpp"

#include <fmt/format.h>

#include <utility>

namespace faultlab {
namespace {

std::vector<std::string> addresses_of(const std::set<std::string>& names, const PacketPlan& plan) {
    std::vector<std::string> addresses;
    for (const std::string& name : names)
        addresses.push_back(plan.addresses.at(name));
    return addresses;
}

Result<void> run_tool(Host& host, Command command, std::string_view what) {
    FAULTLAB_TRY(const Output output, host.run(command));
    if (output.success()) return {};
    return lab_error(fmt::format("{}: cannot {}: {}", host.name(), what, output.err));
}

/// Hosts share /run here, and an ordinary user may not write there: not the usual lock file.
std::vector<std::string> iptables(const Host& host, std::vector<std::string> words) {
    std::vector<std::string> argv = {
        "env",
        fmt::format("XTABLES_LOCKFILE={}", (host.fault_directory() / "xtables.lock").string())};
    for (std::string& word : words)
        argv.push_back(std::move(word));
    return argv;
}

Result<void> restore_rules(Host& host, std::string text, std::string_view what) {
    return run_tool(
        host,
        {.argv = iptables(host, {"iptables-restore", "--noflush"}), .input = std::move(text)},
        what);
}

Result<bool> netem_everywhere(const Links& by_sender, FaultTarget& target) {
    for (const auto& [sender, receivers] : by_sender) {
        if (receivers.size() > most_netem_receivers) return false;
        FAULTLAB_TRY(const std::string reason, lacking(host_named(target, sender), "netem"));
        if (!reason.empty()) return false;
    }
    return true;
}

Result<void> begin_netem(const PacketPlan& plan,
                         const PacketUndo& undo,
                         const std::string& netem,
                         FaultTarget& target) {
    for (const auto& [sender, receivers] : reversed(plan.links)) {
        FAULTLAB_DO(run_tool(
            host_named(target, sender),
            {.argv = {"tc", "-batch", "-"},
             .input = netem_commands(
                 undo.device, packet_handle(undo.fault), addresses_of(receivers, plan), netem)},
            "add queues to its network interface"));
    }
    return {};
}

HelperSpec shaper(const PacketPlan& plan, FaultId fault, const std::string& receiver) {
    HelperSpec spec{.tool = "shape",
                    .arguments = {"--queue",
                                  std::to_string(packet_queue(fault)),
                                  "--seed",
                                  std::to_string(plan.seed),
                                  "--to",
                                  plan.addresses.at(receiver)}};
    for (const std::string& address : addresses_of(plan.links.at(receiver), plan)) {
        spec.arguments.emplace_back("--from");
        spec.arguments.push_back(address);
    }
    for (std::string& argument : shape_arguments(plan.effects))
        spec.arguments.push_back(std::move(argument));
    return spec;
}

Result<void> begin_nfqueue(const PacketPlan& plan, const PacketUndo& undo, FaultTarget& target) {
    for (const std::string& receiver : undo.receivers) {
        FAULTLAB_DO(start_helper(host_named(target, receiver),
                                 helper_name(undo.fault),
                                 shaper(plan, undo.fault, receiver)));
    }
    // What takes long is done: the links change their nature as good as together.
    for (const std::string& receiver : undo.receivers) {
        FAULTLAB_DO(restore_rules(host_named(target, receiver),
                                  queue_rules(packet_chain(undo.fault),
                                              packet_queue(undo.fault),
                                              addresses_of(plan.links.at(receiver), plan)),
                                  "hand packets to a queue"));
    }
    return {};
}

Result<void> end_nfqueue(const PacketUndo& undo, Host& host) {
    FAULTLAB_TRY(const Output listing,
                 host.run({.argv = iptables(host, {"iptables-save", "-t", "mangle"})}));
    // A host without iptables has no rule of it.
    const std::string rules = removal_rules(listing.out, packet_chain(undo.fault));
    if (!rules.empty()) FAULTLAB_DO(restore_rules(host, rules, "take its packets from the queue"));
    return stop_helper(host, helper_name(undo.fault));
}

Result<void> end_netem(const PacketUndo& undo, Host& host) {
    const std::string handle = packet_handle(undo.fault);
    FAULTLAB_TRY(const Output listing,
                 host.run({.argv = {"tc", "qdisc", "show", "dev", undo.device}}));
    if (!has_qdisc(listing.out, handle)) return {};
    return run_tool(host,
                    {.argv = {"tc", "qdisc", "del", "dev", undo.device, "root", "handle", handle}},
                    "take the queues from its network interface");
}

} // namespace

Nanos PacketPlan::added_round_trip(const std::string& a, const std::string& b) const {
    return effects.delay * hurt_directions(links, a, b);
}

Result<PacketPlan> stored_plan(const Fault& fault) {
    PacketPlan plan;
    FAULTLAB_TRY(plan.effects, packet_effects(fault.nemesis, fault.params));
    FAULTLAB_TRY(plan.addresses, stored_addresses(fault));
    FAULTLAB_TRY(plan.links, stored_links(fault, plan.addresses));
    plan.seed = static_cast<std::uint64_t>(integer_of(fault.params, "fates"));
    plan.mechanism = text_of(fault.params, "mechanism");
    return plan;
}

PacketUndo stored_undo(const Fault& fault) {
    return {.fault = fault.id,
            .receivers = texts_of(fault.undo, "receivers"),
            .senders = texts_of(fault.undo, "senders"),
            .device = text_of(fault.undo, "device"),
            .only_nfqueue = text_of(fault.undo, "mechanism") == "nfqueue"};
}

Params to_params(const PacketUndo& undo) {
    return {{"receivers", text_list(undo.receivers)},
            {"senders", text_list(undo.senders)},
            {"device", undo.device},
            {"mechanism", undo.only_nfqueue ? "nfqueue" : "any"}};
}

Result<void> shape_packets(const PacketPlan& plan, const PacketUndo& undo, FaultTarget& target) {
    const Result<std::string> netem = netem_arguments(plan.effects);
    if (plan.mechanism == "netem" && !netem) return netem.error();
    bool by_netem = plan.mechanism == "netem";
    if (plan.mechanism == "auto" && netem) {
        FAULTLAB_TRY(by_netem, netem_everywhere(reversed(plan.links), target));
    }
    return by_netem ? begin_netem(plan, undo, *netem, target) : begin_nfqueue(plan, undo, target);
}

Result<void> unshape_packets(const PacketUndo& undo, FaultTarget& target) {
    Result<void> outcome;
    const auto keep = [&](const Result<void>& ended) {
        // One host that does not answer must not keep the others as they are.
        if (!ended && outcome) outcome = ended;
    };
    for (const std::string& receiver : undo.receivers)
        keep(end_nfqueue(undo, host_named(target, receiver)));
    if (undo.only_nfqueue) return outcome;
    for (const std::string& sender : undo.senders)
        keep(end_netem(undo, host_named(target, sender)));
    return outcome;
}

} // namespace faultlab
