// Effect     Packets between some hosts are lost, in both directions or in one: replicas from each
//            other in the shapes of shapes.hpp, or clients from all replicas.
// Mechanism  A drop rule per host for what comes from the hosts it must not hear, at the receiver,
//            in a chain of this fault alone; all hosts in one go. The rule counts what it drops.
// Undo       The chain is deleted on every host that has it: its name and the hosts are stored.
// Needs      nftables in the network namespace of each host, and IPv4 between them.
#include "core/check.hpp"
#include "core/nemesis.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/grudge.hpp"
#include "nemesis/links.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/rules.hpp"
#include "nemesis/shapes.hpp"

#include <fmt/format.h>

#include <utility>

namespace faultlab {
namespace {

// --- pure half -----------------------------------------------------------------------------------

/// What the user asked for in `-f partition:DETAIL`: a shape, an explicit cut, or whom to isolate.
void read_cut(FaultSpec& spec) {
    const std::string detail = std::exchange(spec.target, {});
    if (find_shape(detail) != nullptr) {
        spec.params["shape"] = detail;
    } else if (detail.find('|') != std::string::npos || detail.find("<-") != std::string::npos) {
        spec.params["shape"] = "explicit";
        spec.params["grudge"] = detail;
    } else {
        spec.params["shape"] = "isolate";
        spec.target = detail;
    }
}

std::string draw_shape(Rng& rng, std::int32_t nodes) {
    std::uint64_t total = 0;
    for (const PartitionShape& shape : partition_shapes()) {
        if (shape.least_nodes <= nodes) total += shape.weight;
    }
    std::uint64_t ticket = rng.below(total);
    for (const PartitionShape& shape : partition_shapes()) {
        if (shape.least_nodes > nodes) continue;
        if (ticket < shape.weight) return std::string(shape.name);
        ticket -= shape.weight;
    }
    FAULTLAB_CHECK(false);
    return {};
}

/// Everything that inject does, as text.
Result<HostRules> rules(const Fault& fault) {
    FAULTLAB_TRY(const auto addresses, stored_addresses(fault));
    std::vector<std::string> hosts;
    for (const auto& [name, address] : addresses)
        hosts.push_back(name);
    FAULTLAB_TRY(const Grudge grudge, grudge_from_text(text_of(fault.params, "grudge"), hosts));
    return cut_rules(grudge,
                     addresses,
                     text_of(fault.undo, "chain"),
                     fmt::format("faultlab fault {}: {}", fault.id, fault.nemesis));
}

std::vector<std::string> stored_hosts(const Fault& fault) {
    return texts_of(fault.undo, "hosts");
}

Evidence evidence_of(const Fault& fault,
                     const std::string& host,
                     EvidencePhase phase,
                     const RuleListing& listing) {
    const std::string chain = text_of(fault.undo, "chain");
    Evidence evidence{
        .phase = phase, .node = node_of_host(host), .name = {}, .value = {}, .proves = false};
    if (phase == EvidencePhase::during) {
        evidence.name = "packets_dropped";
        evidence.value = listing.packets(chain);
        evidence.proves = listing.packets(chain) > 0;
    } else {
        evidence.name = "rules_present";
        evidence.value = listing.has_chain(chain);
        evidence.proves = phase == EvidencePhase::after && !listing.has_chain(chain);
    }
    if (evidence.node == no_node) evidence.name += "_" + host;
    return evidence;
}

Evidence failed_probe(EvidencePhase phase, const Error& error) {
    return {.phase = phase, .node = no_node, .name = "probe_failed", .value = error.text()};
}

// --- the nemesis ---------------------------------------------------------------------------------

class Partition final : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override { return {"netns", "nftables"}; }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        if (!spec.target.empty()) {
            read_cut(spec);
        } else if (!spec.params.contains("shape")) {
            spec.params["shape"] = draw_shape(rng, nodes);
        }
        const std::string shape = text_of(spec.params, "shape");
        if (spec.params.contains("direction")) return;
        if (shape == "one-way") spec.params["direction"] = rng.chance(1, 2) ? "in" : "out";
        if (shape == "client") {
            spec.params["direction"] = rng.chance(1, 2)   ? "both"
                                       : rng.chance(1, 2) ? "requests"
                                                          : "replies";
        }
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        Rng rng(spec.seed);
        const CutRequest request{.shape = text_of(spec.params, "shape"),
                                 .target = spec.target,
                                 .direction = text_of(spec.params, "direction"),
                                 .grudge = text_of(spec.params, "grudge")};
        FAULTLAB_TRY(const Cut cut, cut_for(request, view, rng));
        const std::string told = text_of(spec.params, "summary");
        return Fault{.id = spec.id,
                     .spec_id = spec.id,
                     .nemesis = spec.nemesis,
                     .summary = told.empty() ? cut.summary : told,
                     .targets = hurt_nodes(cut.grudge, view),
                     .params = {{"shape", request.shape},
                                {"grudge", to_text(cut.grudge)},
                                {"addresses", address_list(cut.grudge, view)}},
                     .undo = {{"chain", chain_name(spec.id)},
                              {"hosts", text_list(receivers_of(cut.grudge))}}};
    }

    [[nodiscard]] FaultSpec exact(const Fault& fault, const FaultSpec& spec) const override {
        FaultSpec same = spec;
        same.target = {};
        same.params = {{"shape", "explicit"},
                       {"grudge", text_of(fault.params, "grudge")},
                       {"summary", fault.summary}};
        return same;
    }

    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        FAULTLAB_TRY(const HostRules texts, rules(fault));
        FAULTLAB_TRY(const auto printed, target.apply_rules(texts));
        return {};
    }

    Result<void> heal(const Fault& fault, FaultTarget& target) const override {
        const auto hosts = stored_hosts(fault);
        FAULTLAB_TRY(const auto printed,
                     target.apply_rules(uncut_rules(hosts, text_of(fault.undo, "chain"))));
        return {};
    }

    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        const auto hosts = stored_hosts(fault);
        const auto printed = target.apply_rules(
            phase == EvidencePhase::during ? counter_query(hosts, text_of(fault.undo, "chain"))
                                           : chain_query(hosts));
        if (!printed) return {failed_probe(phase, printed.error())};
        FAULTLAB_CHECK(printed->size() == hosts.size());
        std::vector<Evidence> evidence;
        for (std::size_t i = 0; i < hosts.size(); ++i) {
            const auto listing = parse_rule_listing((*printed)[i]);
            evidence.push_back(listing ? evidence_of(fault, hosts[i], phase, *listing)
                                       : failed_probe(phase, listing.error()));
        }
        return evidence;
    }
};

} // namespace

std::unique_ptr<Nemesis> make_partition() {
    return std::make_unique<Partition>();
}

} // namespace faultlab
