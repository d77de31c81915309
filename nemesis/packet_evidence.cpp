#include "nemesis/packet_evidence.hpp"

#include "core/host.hpp"
#include "nemesis/helper.hpp"
#include "nemesis/packet_rules.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace faultlab {
namespace {

using Json = nlohmann::json;

/// A probe must not take long: it is taken while the fault lasts.
constexpr std::size_t most_asking = 3;
constexpr std::size_t most_asked = 3;
constexpr Nanos most_wait = 3 * second;
/// A smaller delay drowns in what a busy machine adds.
constexpr Nanos measurable = 10 * millisecond;

class Probe {
public:
    Probe(const Fault& fault, const PacketPlan& plan, FaultTarget& target, EvidencePhase phase)
        : plan_(plan), undo_(stored_undo(fault)), target_(target), phase_(phase) {
        for (const NodeId node : fault.targets)
            asking_.push_back(fmt::format("n{}", node + 1));
        if (asking_.size() > most_asking) asking_.resize(most_asking);
    }

    std::vector<Evidence> take() {
        for (const std::string& host : asking_)
            echo(host);
        if (phase_ == EvidencePhase::during) count_effects();
        if (phase_ == EvidencePhase::after) look_for_remains();
        return std::move(evidence_);
    }

private:
    void add(const std::string& host, std::string name, Value value, bool proves) {
        if (!host.empty() && node_of_host(host) == no_node) name += "_" + host;
        Evidence evidence{.phase = phase_,
                          .node = host.empty() ? no_node : node_of_host(host),
                          .name = std::move(name),
                          .value = std::move(value),
                          .proves = proves};
        evidence_.push_back(std::move(evidence));
    }

    void failed(const Error& error) { add("", "probe_failed", error.text(), false); }

    void count_effects() {
        const std::size_t echoes = evidence_.size();
        const bool by_helpers = count_in_helpers();
        const bool by_qdiscs = !by_helpers && count_in_qdiscs();
        add("", "mechanism", by_helpers ? "nfqueue" : by_qdiscs ? "netem" : "none", false);
        const bool bites = std::any_of(evidence_.begin() + static_cast<std::ptrdiff_t>(echoes),
                                       evidence_.end(),
                                       [](const Evidence& one) { return one.proves; });
        // Another fault on the same link may be what echoes show.
        for (std::size_t i = 0; i < echoes && !bites; ++i)
            evidence_[i].proves = false;
    }

    /// A host on which no helper runs is left out; whether one runs anywhere.
    bool count_in_helpers() {
        bool any = false;
        for (const std::string& receiver : undo_.receivers) {
            const auto report =
                ask_helper(host_named(target_, receiver), helper_name(undo_.fault), "report");
            const Json counts =
                report ? Json::parse(*report, nullptr, false) : Json(Json::value_t::discarded);
            if (!counts.is_object()) continue;
            any = true;
            count(receiver, counts);
        }
        return any;
    }

    void count(const std::string& host, const Json& counts) {
        const PacketEffects& effects = plan_.effects;
        const auto counted = [&](bool wanted, const char* name) {
            if (!wanted) return;
            const auto number = counts.value(name, std::int64_t{0});
            add(host, fmt::format("packets_{}", name), number, number > 0);
        };
        counted(effects.loses(), "lost");
        counted(effects.duplicate > 0, "duplicated");
        counted(effects.reorder > 0, "reordered");
        counted(effects.corrupt > 0, "corrupted");
        counted(effects.rate > 0, "waited");
        const bool delays = effects.delay > 0 || effects.jitter > 0;
        counted(delays, "delayed");
        if (!delays || !counts.contains("delay_us") || !counts["delay_us"].is_object()) return;
        add(host, "delay_p50_us", counts["delay_us"].value("p50", std::int64_t{0}), false);
    }

    /// Likewise.
    bool count_in_qdiscs() {
        bool any = false;
        if (undo_.only_nfqueue) return any;
        const std::string handle = packet_handle(undo_.fault);
        for (const std::string& sender : undo_.senders) {
            Host& host = host_named(target_, sender);
            const auto listing =
                host.run({.argv = {"tc", "-s", "qdisc", "show", "dev", undo_.device}});
            if (!listing || !has_qdisc(listing->out, handle)) continue;
            any = true;
            const QdiscCounts counts = netem_counts(listing->out, handle);
            add(sender, "packets_queued", counts.packets, counts.packets > 0);
            if (!plan_.effects.loses()) continue;
            add(sender, "packets_lost", counts.dropped, counts.dropped > 0);
        }
        return any;
    }

    void look_for_remains() {
        for (const std::string& receiver : undo_.receivers) {
            Host& host = host_named(target_, receiver);
            // By way of env a missing program is no failure: such a host has no rule of it.
            const auto listing = host.run({.argv = {"env", "iptables-save", "-t", "mangle"}});
            if (!listing) return failed(listing.error());
            const bool rules = !removal_rules(listing->out, packet_chain(undo_.fault)).empty();
            add(receiver, "rules_present", rules, !rules);
            const auto runs = helper_runs(host, helper_name(undo_.fault));
            if (!runs) return failed(runs.error());
            add(receiver, "helper_runs", *runs, !*runs);
        }
        if (undo_.only_nfqueue) return;
        for (const std::string& sender : undo_.senders) {
            const auto listing = host_named(target_, sender)
                                     .run({.argv = {"tc", "qdisc", "show", "dev", undo_.device}});
            if (!listing) return failed(listing.error());
            const bool queues = has_qdisc(listing->out, packet_handle(undo_.fault));
            add(sender, "queues_present", queues, !queues);
        }
    }

    [[nodiscard]] std::vector<std::string> peers_of(const std::string& host) const {
        std::vector<std::string> peers;
        for (const auto& [name, address] : plan_.addresses) {
            if (name != host && hurt_directions(plan_.links, host, name) > 0) peers.push_back(name);
        }
        if (peers.size() > most_asked) peers.resize(most_asked);
        return peers;
    }

    [[nodiscard]] Nanos wait() const {
        const PacketEffects& effects = plan_.effects;
        const Nanos slowest =
            2 * (effects.delay + 4 * effects.jitter + effects.reorder_by + effects.queue);
        const bool hurts = phase_ == EvidencePhase::during;
        return std::min(most_wait, 200 * millisecond + (hurts ? slowest : 0));
    }

    void echo(const std::string& host) {
        const std::vector<std::string> peers = peers_of(host);
        if (peers.empty()) return;
        std::vector<std::string> arguments = {"ping",
                                              "--count",
                                              phase_ == EvidencePhase::during ? "20" : "10",
                                              "--interval-us",
                                              "2000",
                                              "--wait-ms",
                                              std::to_string(wait() / millisecond)};
        for (const std::string& peer : peers)
            arguments.push_back(plan_.addresses.at(peer));
        const auto printed = run_node_tool(host_named(target_, host), std::move(arguments));
        if (!printed) return failed(printed.error());
        const Json answers = Json::parse(*printed, nullptr, false);
        if (!answers.is_array() || answers.size() != peers.size())
            return failed(lab_error(fmt::format("{}: unreadable answer of ping", host)));
        for (std::size_t i = 0; i < peers.size(); ++i)
            note_echoes(host, peers[i], answers[i]);
    }

    void note_echoes(const std::string& host, const std::string& peer, const Json& answer) {
        const bool during = phase_ == EvidencePhase::during;
        const auto received = answer.value("received", std::int64_t{0});
        const auto named = [&](const char* name) { return fmt::format("{}_{}", name, peer); };
        if (during) {
            const auto counted = [&](bool wanted, const char* name, std::int64_t number) {
                if (wanted) add(host, named(name), number, number > 0);
            };
            const PacketEffects& effects = plan_.effects;
            counted(effects.loses(), "echoes_lost", answer.value("sent", received) - received);
            counted(effects.duplicate > 0, "echoes_doubled", answer.value("duplicates", 0));
            counted(effects.reorder > 0, "echoes_overtaken", answer.value("reordered", 0));
            counted(effects.mends_checksums, "echoes_changed", answer.value("corrupted", 0));
        }
        // A peer that nothing comes back from may be cut off by another fault.
        if (received == 0 || !answer.contains("rtt_us")) return;
        const auto median = answer["rtt_us"].value("p50", std::int64_t{0});
        const Nanos added = plan_.added_round_trip(host, peer);
        const bool late = median * microsecond >= added / 2;
        if (phase_ == EvidencePhase::before) {
            add(host, named("echo_p50_us"), median, false);
        } else if (added >= measurable) {
            add(host, named("echo_p50_us"), median, during ? late : !late);
        } else if (during) {
            add(host, named("echo_p50_us"), median, false);
        }
    }

    const PacketPlan& plan_;
    PacketUndo undo_;
    FaultTarget& target_;
    EvidencePhase phase_;
    std::vector<std::string> asking_;
    std::vector<Evidence> evidence_;
};

} // namespace

std::vector<Evidence> probe_packets(const Fault& fault,
                                    const PacketPlan& plan,
                                    FaultTarget& target,
                                    EvidencePhase phase) {
    return Probe(fault, plan, target, phase).take();
}

} // namespace faultlab
