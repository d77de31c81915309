// Effect     Packets between the targets and their peers are delayed, lost, doubled, held back,
//            corrupted and slowed down: any of these faults together, each with the parameters it
//            has alone.
// Mechanism  netem on the senders where their kernels have it; else a program on the receivers,
//            which gets the packets from a netfilter queue. See packet_links.hpp.
// Undo       The chain, the helper and the qdiscs of this fault are taken away, where they are:
//            the hosts are stored.
// Needs      netem, or iptables with NFQUEUE; IPv4 between the hosts.
#include "nemesis/catalogue.hpp"
#include "nemesis/links.hpp"
#include "nemesis/packet_effects.hpp"
#include "nemesis/packet_evidence.hpp"
#include "nemesis/packet_fault.hpp"
#include "nemesis/packet_links.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"

#include <fmt/format.h>

#include <utility>

namespace faultlab {
namespace {

std::string_view preposition(std::string_view direction) {
    if (direction == "in") return "from";
    return direction == "out" ? "to" : "with";
}

std::string
summary_of(const FaultSpec& spec, const ChosenLinks& chosen, const PacketEffects& effects) {
    const std::string told = text_of(spec.params, "summary");
    if (!told.empty()) return told;
    return fmt::format("{}: packets {} {} {} ({})",
                       chosen.target_text,
                       preposition(text_of(spec.params, "direction")),
                       chosen.peers_text,
                       effects_text(effects),
                       spec.target);
}

class PacketFault final : public Nemesis {
public:
    explicit PacketFault(std::string_view fault) : fault_(fault) {}

    [[nodiscard]] std::vector<std::string> needs() const override {
        return {"netns", "packet-faults"};
    }
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return packet_options(fault_);
    }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        draw_process_target(rng, nodes, spec);
        draw_packet_effects(fault_, nodes, rng, spec.params);
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        FAULTLAB_TRY(const PacketEffects effects, packet_effects(fault_, spec.params));
        Rng rng(spec.seed);
        FAULTLAB_TRY(const ChosenLinks chosen,
                     choose_links({.target = spec.target,
                                   .direction = text_of(spec.params, "direction"),
                                   .peers = text_of(spec.params, "peers"),
                                   .exactly = text_of(spec.params, "links")},
                                  view,
                                  rng));
        const std::string mechanism = text_of(spec.params, "mechanism");
        if (const auto netem = netem_arguments(effects); mechanism == "netem" && !netem)
            return usage_error(netem.error().message, netem.error().hint);
        Params params = spec.params;
        params["links"] = to_text(chosen.links);
        params["addresses"] = address_list(chosen.links, view);
        params["fates"] = static_cast<std::int64_t>(rng.split("packets").next());
        params.erase("summary");
        return Fault{.id = spec.id,
                     .spec_id = spec.id,
                     .nemesis = fault_,
                     .summary = summary_of(spec, chosen, effects),
                     .targets = chosen.targets,
                     .params = std::move(params),
                     .undo = to_params({.receivers = receivers_of(chosen.links),
                                        .senders = receivers_of(reversed(chosen.links)),
                                        .device = text_of(spec.params, "device"),
                                        .only_nfqueue = mechanism == "nfqueue"})};
    }

    [[nodiscard]] FaultSpec exact(const Fault& fault, const FaultSpec& spec) const override {
        FaultSpec same = exact_processes(fault, spec);
        same.params["links"] = text_of(fault.params, "links");
        same.params["summary"] = fault.summary;
        return same;
    }

    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        FAULTLAB_TRY(const PacketPlan plan, stored_plan(fault));
        return shape_packets(plan, stored_undo(fault), target);
    }

    Result<void> heal(const Fault& fault, FaultTarget& target) const override {
        return unshape_packets(stored_undo(fault), target);
    }

    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        const auto plan = stored_plan(fault);
        if (!plan) return {{phase, no_node, "probe_failed", plan.error().text(), false}};
        return probe_packets(fault, *plan, target, phase);
    }

private:
    std::string fault_;
};

} // namespace

std::unique_ptr<Nemesis> make_packet_fault(std::string_view fault) {
    return std::make_unique<PacketFault>(fault);
}

std::unique_ptr<Nemesis> make_packets() {
    return make_packet_fault("packets");
}

} // namespace faultlab
