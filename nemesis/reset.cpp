// Effect     The established TCP connections between the targets and their peers are reset, once or
//            again and again: both ends see them end at once, whatever was under way.
// Mechanism  The kernel closes the sockets of the targets (ss -K) and tells the other ends.
// Undo       The helper of this fault is told to end: the hosts are stored.
// Needs      A kernel with INET_DIAG_DESTROY, ss, and IPv4 between the hosts.
#include "nemesis/catalogue.hpp"
#include "nemesis/helper.hpp"
#include "nemesis/links.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace faultlab {
namespace {

using Json = nlohmann::json;

std::string summary_of(const FaultSpec& spec, const ChosenLinks& chosen) {
    const std::string told = text_of(spec.params, "summary");
    if (!told.empty()) return told;
    const std::string every = text_of(spec.params, "every");
    return fmt::format("{}: connections with {} reset{} ({})",
                       chosen.target_text,
                       chosen.peers_text,
                       every == "0" ? std::string() : fmt::format(" every {}", every),
                       spec.target);
}

/// Nothing is told when the helper does not answer: the fault is then without effect.
std::vector<Evidence> count_resets(const std::vector<std::string>& hosts,
                                   const std::string& helper,
                                   FaultTarget& target) {
    std::vector<Evidence> evidence;
    for (const std::string& host : hosts) {
        const auto report = ask_helper(host_named(target, host), helper, "report");
        const Json counts =
            report ? Json::parse(*report, nullptr, false) : Json(Json::value_t::discarded);
        if (!counts.is_object()) continue;
        const auto number = counts.value("connections", std::int64_t{0});
        evidence.push_back({.phase = EvidencePhase::during,
                            .node = node_of_host(host),
                            .name = "connections_reset",
                            .value = number,
                            .proves = number > 0});
    }
    return evidence;
}

class Reset final : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override {
        return {"netns", "socket-destroy"};
    }
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "every", .fallback = "", .help = "again and again, like 500ms; 0: once"},
                {.name = "peers",
                 .fallback = "",
                 .help = "with whom: replicas (of one alone: clients), clients, all, n2+c1"}};
    }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        draw_process_target(rng, nodes, spec);
        const std::string every = rng.chance(1, 2) ? "0" : "500ms";
        if (text_of(spec.params, "every").empty()) spec.params["every"] = every;
        if (text_of(spec.params, "peers").empty())
            spec.params["peers"] = nodes > 1 ? "replicas" : "clients";
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        Rng rng(spec.seed);
        FAULTLAB_TRY(const Nanos every, duration_parameter(spec.params, "every"));
        if (every != 0 && every < millisecond)
            return usage_error("reset: every is shorter than 1 ms", "write 0 or a time like 500ms");
        FAULTLAB_TRY(const ChosenLinks chosen,
                     choose_links({.target = spec.target,
                                   .direction = "in",
                                   .peers = text_of(spec.params, "peers"),
                                   .exactly = text_of(spec.params, "links")},
                                  view,
                                  rng));
        return Fault{.id = spec.id,
                     .spec_id = spec.id,
                     .nemesis = spec.nemesis,
                     .summary = summary_of(spec, chosen),
                     .targets = chosen.targets,
                     .params = {{"every", text_of(spec.params, "every")},
                                {"links", to_text(chosen.links)},
                                {"addresses", address_list(chosen.links, view)}},
                     .undo = {{"hosts", text_list(receivers_of(chosen.links))}}};
    }

    [[nodiscard]] FaultSpec exact(const Fault& fault, const FaultSpec& spec) const override {
        FaultSpec same = exact_processes(fault, spec);
        same.params["links"] = text_of(fault.params, "links");
        same.params["summary"] = fault.summary;
        return same;
    }

    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        FAULTLAB_TRY(const auto addresses, stored_addresses(fault));
        FAULTLAB_TRY(const Links links, stored_links(fault, addresses));
        FAULTLAB_TRY(const Nanos every, duration_parameter(fault.params, "every"));
        for (const auto& [host, peers] : links) {
            HelperSpec spec{.tool = "reset",
                            .arguments = {"--every-ms", std::to_string(every / millisecond)}};
            for (const std::string& peer : peers) {
                spec.arguments.emplace_back("--peer");
                spec.arguments.push_back(addresses.at(peer));
            }
            FAULTLAB_DO(start_helper(host_named(target, host), helper_name(fault.id), spec));
        }
        return {};
    }

    Result<void> heal(const Fault& fault, FaultTarget& target) const override {
        Result<void> outcome;
        for (const std::string& host : texts_of(fault.undo, "hosts")) {
            // One host that does not answer must not keep the others as they are.
            const Result<void> stopped =
                stop_helper(host_named(target, host), helper_name(fault.id));
            if (!stopped && outcome) outcome = stopped;
        }
        return outcome;
    }

    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        const std::vector<std::string> hosts = texts_of(fault.undo, "hosts");
        if (phase == EvidencePhase::before) return {};
        if (phase == EvidencePhase::during)
            return count_resets(hosts, helper_name(fault.id), target);
        std::vector<Evidence> evidence;
        for (const std::string& host : hosts) {
            evidence.push_back(helper_evidence(
                host_named(target, host), helper_name(fault.id), phase, node_of_host(host)));
        }
        return evidence;
    }
};

} // namespace

std::unique_ptr<Nemesis> make_reset() {
    return std::make_unique<Reset>();
}

} // namespace faultlab
