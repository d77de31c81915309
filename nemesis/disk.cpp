#include "nemesis/disk.hpp"

#include "nemesis/helper.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"
#include "nemesis/targets.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace faultlab::disk {
namespace {

using nlohmann::json;

/// Until every disk has been told of the moment.
constexpr Nanos least_lead = 100 * millisecond;
constexpr Nanos longest_asking = 5 * second; ///< clocks of hosts may differ
/// A rule that nobody takes away ends so long after its fault should have.
constexpr Nanos grace = 60 * second;

std::string object_text(const Params& fields) {
    std::string text;
    for (const auto& [name, value] : fields)
        text += fmt::format("{}{}:{}", text.empty() ? "" : ",", json(name).dump(), to_json(value));
    return "{" + text + "}";
}

Result<json> asked(Host& host, const std::string& question) {
    FAULTLAB_TRY(const std::string answer, ask_helper(host, helper, question));
    json parsed = json::parse(answer, nullptr, false);
    if (!parsed.is_object())
        return lab_error(fmt::format("{}: its disk says '{}'", host.name(), answer));
    if (parsed.contains("error")) {
        return lab_error(
            fmt::format("{}: its disk does not obey: {}", host.name(), parsed["error"].dump()));
    }
    return parsed;
}

} // namespace

Result<void> prepare(Host& host, bool track) {
    FAULTLAB_TRY(const bool there, helper_runs(host, helper));
    if (!there) {
        std::vector<std::string> arguments = {"--data", host.data_directory().string()};
        if (track) arguments.emplace_back("--track");
        return start_helper(host, helper, {.tool = "disk", .arguments = std::move(arguments)});
    }
    if (!track) return {};
    return order(host, {{"order", "track"}});
}

Result<void> say(Host& host, const std::string& words) {
    FAULTLAB_TRY(const json answer, asked(host, words));
    return {};
}

Result<void> order(Host& host, const Params& words) {
    return say(host, object_text(words));
}

Result<void> add_rule(Host& host, const std::string& rule) {
    return say(host, R"({"order":"add","rule":)" + rule + "}");
}

Result<Report> report(Host& host) {
    FAULTLAB_TRY(const json answer, asked(host, "report"));
    try {
        Report report{.power = answer.at("power"),
                      .lost = answer.at("lost"),
                      .cut_pages = answer.at("cut").at("pages"),
                      .cut_names = answer.at("cut").at("names"),
                      .now = answer.at("now")};
        for (const auto& [id, rule] : answer.at("rules").items()) {
            report.rules[std::stoll(id)] = {
                .active = rule.at("active"), .hit = rule.at("hit"), .delay = rule.at("delay")};
        }
        return report;
    } catch (const std::exception& problem) {
        return lab_error(
            fmt::format("{}: its disk reports strangely: {}", host.name(), problem.what()));
    }
}

Result<Nanos> common_moment(const std::vector<NodeId>& nodes, FaultTarget& target) {
    if (nodes.size() < 2) return Nanos{0};
    Nanos first = 0;
    Nanos last = 0;
    for (const NodeId node : nodes) {
        FAULTLAB_TRY(const Report disk, report(target.node_host(node)));
        last = disk.now;
        if (first == 0) first = last;
    }
    // To tell each of them takes about as long as to ask did; twice that, for a busy machine.
    const Nanos asking = std::clamp(last - first, Nanos{0}, longest_asking);
    const auto count = static_cast<Nanos>(nodes.size());
    return last + 2 * asking * count / (count - 1) + least_lead;
}

Result<void> mend(NodeId node, FaultTarget& target, bool track) {
    Host& host = target.node_host(node);
    FAULTLAB_TRY(const bool there, helper_runs(host, helper));
    if (there) return {};
    // What has files open on a dead mount only gets errors.
    FAULTLAB_DO(target.kill_node(node));
    return prepare(host, track);
}

// --- pure ----------------------------------------------------------------------------------------

void draw_target(Bearable bearable, Rng& rng, std::int32_t nodes, FaultSpec& spec) {
    if (!spec.target.empty()) return;
    if (bearable == Bearable::everywhere) return draw_process_target(rng, nodes, spec);
    if (bearable == Bearable::crash) {
        constexpr std::array<const char*, 6> usual = {
            "all", "all", "all", "majority", "leader", "minority"};
        const char* const drawn = usual.at(rng.below(usual.size()));
        spec.target = nodes < 3 ? "all" : drawn;
        return;
    }
    constexpr std::array<const char*, 4> usual = {"one", "leader", "follower", "minority"};
    spec.target = nodes < 3 ? "one" : usual.at(rng.below(usual.size()));
}

std::int64_t json_seed(const FaultSpec& spec) {
    constexpr std::uint64_t exact = (std::uint64_t{1} << 53U) - 1;
    return static_cast<std::int64_t>(spec.seed & exact);
}

std::string rule_text(const Params& fields) {
    return object_text(fields);
}

std::vector<OptionSpec> where_options(bool chance, std::string fallback_chance) {
    std::vector<OptionSpec> options = {
        {.name = "path",
         .fallback = "",
         .help = "files it hits, below the data directory, as in *wal*; empty: all"}};
    if (!chance) return options;
    options.push_back({.name = "chance",
                       .fallback = std::move(fallback_chance),
                       .help = "how likely a call is hit, as in 10%"});
    options.push_back({.name = "nth",
                       .fallback = "0",
                       .help = "the first call that is hit, counted by file; 0: any"});
    options.push_back(
        {.name = "times", .fallback = "0", .help = "how many calls are hit; 0: no end"});
    return options;
}

OptionSpec restart_option() {
    return {.name = "restart",
            .fallback = "on",
            .choices = {"on", "off"},
            .help = "on: the replica is killed and started as it begins, so that it reads"};
}

Result<void> read_where(const FaultSpec& spec, Params& rule) {
    constexpr std::int64_t most = 1'000'000'000;
    if (const std::string path = text_of(spec.params, "path"); !path.empty()) rule["path"] = path;
    if (spec.params.contains("chance")) {
        FAULTLAB_TRY(rule["chance"], share_parameter(spec.params, "chance"));
    }
    for (const char* count : {"nth", "times"}) {
        if (!spec.params.contains(count)) continue;
        FAULTLAB_TRY(rule[count], integer_parameter(spec.params, count, 0, most));
    }
    return {};
}

Result<Value::List> read_ops(const FaultSpec& spec, const std::vector<std::string>& choices) {
    Value::List ops;
    // A comma separates faults where they are written on a command line.
    std::string text = text_of(spec.params, "op");
    std::ranges::replace(text, '+', ',');
    for (const std::string& op : split_list(text)) {
        if (std::ranges::find(choices, op) == choices.end()) {
            return usage_error(
                fmt::format("op cannot be '{}'", op),
                fmt::format("write some of {}, with + between them", fmt::join(choices, " ")));
        }
        ops.emplace_back(op);
    }
    if (!ops.empty()) return ops;
    return usage_error("op cannot be empty",
                       fmt::format("write some of {}", fmt::join(choices, " ")));
}

std::string where_text(const FaultSpec& spec) {
    const std::string path = text_of(spec.params, "path");
    return path.empty() ? "" : " of " + path;
}

Result<Fault> resolve(const FaultSpec& spec, const ClusterView& view, const std::string& what) {
    Rng rng(spec.seed);
    FAULTLAB_TRY(const TargetSpec targets, parse_target(spec.target, node_names(view)));
    FAULTLAB_TRY(const std::vector<NodeId> nodes, resolve_targets(targets, view, rng));
    Value::List stored;
    for (const NodeId node : nodes)
        stored.emplace_back(node);
    return Fault{.id = spec.id,
                 .spec_id = spec.id,
                 .nemesis = spec.nemesis,
                 .summary = fmt::format("{}: {} ({})", names_text(nodes, view), what, spec.target),
                 .targets = nodes,
                 .params = {{"target", spec.target}},
                 .undo = {{undo_nodes, std::move(stored)}}};
}

// --- a rule --------------------------------------------------------------------------------------

void RuleNemesis::draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const {
    draw_target(bearable(), rng, nodes, spec);
}

Result<Fault> RuleNemesis::resolve(const FaultSpec& spec, const ClusterView& view) const {
    FAULTLAB_TRY(How how, this->how(spec));
    FAULTLAB_TRY(Fault fault, disk::resolve(spec, view, how.what));
    how.rule["id"] = spec.id;
    how.rule["seed"] = json_seed(spec);
    how.rule["lasts"] = spec.duration + grace;
    fault.params["rule"] = rule_text(how.rule);
    if (spec.params.contains("restart")) {
        fault.params["restart"] = text_of(spec.params, "restart");
        fault.undo["restart"] = text_of(spec.params, "restart");
    }
    fault.undo["id"] = spec.id;
    return fault;
}

FaultSpec RuleNemesis::exact(const Fault& fault, const FaultSpec& spec) const {
    return exact_processes(fault, spec);
}

Result<void> RuleNemesis::inject(const Fault& fault, FaultTarget& target) const {
    Nanos moment = 0;
    if (bearable() == Bearable::crash) {
        FAULTLAB_TRY(moment, common_moment(fault.targets, target));
    }
    const bool restarts = text_of(fault.params, "restart") == "on";
    std::string rule = text_of(fault.params, "rule");
    if (moment != 0) rule = fmt::format(R"({{"starts":{},{})", moment, rule.substr(1));
    for (const NodeId node : fault.targets) {
        if (restarts) FAULTLAB_DO(target.kill_node(node));
        FAULTLAB_DO(add_rule(target.node_host(node), rule));
    }
    for (const NodeId node : fault.targets) {
        if (restarts) FAULTLAB_DO(target.start_node(node));
    }
    return {};
}

namespace {

/// Whether the fault's rule is on the disk still.
bool lasts(const Fault& fault, Host& host) {
    const auto disk = report(host);
    if (!disk) return false;
    const auto rule = disk->rules.find(integer_of(fault.undo, "id"));
    return rule != disk->rules.end() && rule->second.active;
}

} // namespace

Result<void> RuleNemesis::heal(const Fault& fault, FaultTarget& target) const {
    const std::vector<NodeId> nodes = stored_nodes(fault, undo_nodes);
    Result<void> outcome;
    // One node that cannot be healed must not keep the others hurt.
    const auto note = [&outcome](const Result<void>& done) {
        if (!done && outcome) outcome = done;
    };
    for (const NodeId node : nodes)
        note(mend(node, target, tracks()));
    note(before_heal(nodes, target));
    for (const NodeId node : nodes) {
        // What it has read wrongly it may hold for as long as it runs.
        if (text_of(fault.undo, "restart") == "on" && lasts(fault, target.node_host(node)))
            note(target.kill_node(node));
        note(order(target.node_host(node),
                   {{"order", "remove"}, {"id", integer_of(fault.undo, "id")}}));
    }
    // A replica that stopped when its disk failed is started again, as its operator would.
    for (const NodeId node : nodes)
        note(target.start_node(node));
    return outcome;
}

std::vector<Evidence>
RuleNemesis::probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const {
    std::vector<Evidence> evidence;
    for (const NodeId node : fault.targets) {
        const auto disk = report(target.node_host(node));
        if (!disk) {
            evidence.push_back({phase, node, "probe_failed", disk.error().text(), false});
            continue;
        }
        const auto found = disk->rules.find(fault.id);
        const Report::Rule rule = found == disk->rules.end() ? Report::Rule() : found->second;
        if (phase != EvidencePhase::during) {
            const bool gone = phase == EvidencePhase::after && !rule.active;
            evidence.push_back({phase, node, "disk_rule_active", rule.active, gone});
            continue;
        }
        evidence.push_back({phase, node, "disk_calls_hit", rule.hit, rule.hit > 0});
        if (rule.delay > 0 && rule.hit > 0) {
            const std::int64_t mean = rule.delay / rule.hit / 1000;
            evidence.push_back({phase, node, "disk_delay_us", mean, true});
        }
    }
    return evidence;
}

} // namespace faultlab::disk
