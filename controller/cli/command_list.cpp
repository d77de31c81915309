// list, describe and doctor: what there is, what it means, and whether this machine can do it.

#include "checker/catalogue.hpp"
#include "controller/cli/commands.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/runs.hpp"
#include "controller/cli/streams.hpp"
#include "controller/hosts/doctor.hpp"
#include "core/options.hpp"
#include "core/store/lab_index.hpp"
#include "core/system.hpp"
#include "core/workload.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/packages.hpp"
#include "nemesis/targets.hpp"
#include "simulator/scenario.hpp"
#include "simulator/simbugs.hpp"
#include "systems/catalogue.hpp"
#include "workloads/catalogue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace faultlab {
namespace {

using Json = nlohmann::ordered_json;

struct Entry {
    std::string kind;
    std::string name;
    std::string summary;
    std::string family = {}; ///< of a fault
};

template <class Entries>
void append(std::vector<Entry>& all, const char* kind, const Entries& entries) {
    for (const auto& entry : entries) {
        all.push_back({kind, std::string(entry.name), std::string(entry.summary)});
    }
}

/// All bugs that can be planted, with the system that has each.
std::vector<std::pair<std::string, PlantedBug>> planted_bugs() {
    std::vector<std::pair<std::string, PlantedBug>> all;
    for (const SystemEntry& entry : system_catalogue()) {
        for (PlantedBug& bug : entry.make()->planted_bugs())
            all.emplace_back(entry.name, std::move(bug));
    }
    return all;
}

std::vector<Entry> everything() {
    std::vector<Entry> all;
    append(all, "system", system_catalogue());
    append(all, "workload", workload_catalogue());
    for (const NemesisEntry& fault : nemesis_catalogue()) {
        all.push_back({"fault",
                       std::string(fault.name),
                       std::string(fault.summary),
                       std::string(fault.family)});
    }
    append(all, "package", fault_packages());
    append(all, "scenario", simulator::scenario_catalogue());
    for (const auto& [system, bug] : planted_bugs())
        all.push_back({"bug", bug.id, bug.summary});
    for (const simulator::SimBugEntry& bug : simulator::simbugs())
        all.push_back({"simbug", std::string(bug.id), std::string(bug.summary)});
    append(all, "checker", checker_catalogue());
    return all;
}

std::string_view verdict_of(const RunEntry& run) {
    return run.verdict ? to_string(*run.verdict) : "unchecked";
}

int list_runs(const Common& common) {
    auto index = existing_index(common.lab);
    if (!index) return fail(common, index.error());
    auto runs = index->list();
    if (!runs) return fail(common, runs.error());
    Json rows = Json::array();
    for (const RunEntry& run : *runs) {
        if (common.json) {
            rows.push_back({{"id", run.id},
                            {"system", run.system},
                            {"workload", run.workload},
                            {"seed", fmt::format("{:#x}", run.seed)},
                            {"started_utc", run.started_utc},
                            {"verdict", verdict_of(run)},
                            {"ended", run.ended}});
        } else {
            say("{}  {}  {:<8} {:<10} {:<10} seed {:#x}\n",
                run.id,
                run.started_utc,
                verdict_of(run),
                run.system,
                run.workload,
                run.seed);
        }
    }
    if (common.json) say("{}\n", Json{{"schema", "faultlab.runs/1"}, {"runs", rows}}.dump(2));
    return runs->empty() ? exit_nothing_selected : exit_valid;
}

Json options_tree(const std::vector<OptionSpec>& options) {
    Json tree = Json::array();
    for (const OptionSpec& option : options) {
        tree.push_back({{"name", option.name},
                        {"default", option.fallback},
                        {"choices", option.choices},
                        {"help", option.help}});
    }
    return tree;
}

Json errors_tree(const std::vector<ErrorRule>& rules) {
    Json tree = Json::array();
    for (const ErrorRule& rule : rules) {
        tree.push_back({{"error", rule.error}, {"definite", rule.definite}, {"why", rule.why}});
    }
    return tree;
}

/// All that is known of one thing, as the JSON that --json prints.
Json describe(const Entry& entry) {
    Json tree = {{"schema", "faultlab.description/1"},
                 {"kind", entry.kind},
                 {"name", entry.name},
                 {"summary", entry.summary}};
    if (entry.kind == "system") {
        const auto system = find_system(entry.name).value()->make();
        tree["operations"] = system->operations();
        tree["options"] = options_tree(system->options());
        tree["errors"] = errors_tree(system->error_table());
        for (const CheckerRequest& request : system->checkers())
            tree["checkers"].push_back(request.name);
    } else if (entry.kind == "workload") {
        const auto workload = find_workload(entry.name).value()->make();
        tree["options"] = options_tree(workload->options());
    } else if (entry.kind == "bug") {
        for (const auto& [system, bug] : planted_bugs()) {
            if (bug.id != entry.name) continue;
            tree["mechanism"] = bug.mechanism;
            tree["system"] = system;
            tree["faults"] = bug.faults;
            tree["found by"] = bug.found_by;
            tree["source"] = bug.source;
            tree["plant it"] = fmt::format("faultlab run {} --bug {}", system, bug.id);
        }
    } else if (entry.kind == "simbug") {
        const simulator::SimBugEntry& bug = *simulator::find_simbug(entry.name).value();
        const auto& audit = simulator::audit_catalogue()[static_cast<std::size_t>(bug.caught_by)];
        tree["mechanism"] = bug.mechanism;
        tree["system"] = "the simulator itself";
        tree["found by"] = fmt::format("audit {}: {}", audit.name, audit.says);
        tree["plant it"] =
            fmt::format("faultlab sim --simbug {} --scenario {}", bug.id, bug.scenario);
    } else if (entry.kind == "scenario") {
        const simulator::Scenario& scenario = *simulator::find_scenario(entry.name).value();
        tree["id"] = scenario.id;
        for (const simulator::Proof& proof : scenario.proofs) {
            tree["proofs"].push_back({{"counter", proof.counter},
                                      {"in_a_hundred", proof.minimum},
                                      {"what", proof.what}});
        }
        for (const simulator::Claim& claim : scenario.claims) {
            const bool contained = claim.kind == simulator::Claim::Kind::Contained;
            tree["claims"].push_back({{"rule", claim.rule},
                                      {"kind", contained ? "contained" : "outside the model"},
                                      {"why", claim.why}});
        }
        tree["simulate it"] = fmt::format("faultlab sim --scenario {}", scenario.name);
    } else if (entry.kind == "fault") {
        const auto nemesis = find_nemesis(entry.name).value()->make();
        tree["family"] = entry.family;
        tree["targets"] = target_names();
        tree["needs"] = nemesis->needs();
        tree["parameters"] = options_tree(nemesis->options());
    } else if (entry.kind == "package") {
        tree["members"] = package_members(entry.name);
        tree["use it"] = fmt::format("faultlab run -f {}", entry.name);
    } else {
        tree["options"] = options_tree(find_checker(entry.name).value()->options());
    }
    return tree;
}

void print_description(const Json& tree) {
    say("{} ({})\n  {}\n",
        tree["name"].get<std::string>(),
        tree["kind"].get<std::string>(),
        tree["summary"].get<std::string>());
    for (const char* fact :
         {"mechanism", "system", "faults", "found by", "source", "plant it", "family", "use it"}) {
        if (tree.contains(fact)) say("\n{}: {}", fact, tree[fact].get<std::string>());
    }
    for (const char* last : {"mechanism", "family", "use it"}) {
        if (tree.contains(last)) say("\n");
    }
    if (tree.contains("proofs")) {
        say("\na hundred simulations must show\n");
        for (const Json& proof : tree["proofs"]) {
            say("  {:>6} × {}\n",
                proof["in_a_hundred"].get<std::uint64_t>(),
                proof["what"].get<std::string>());
        }
        for (const Json& claim : tree.value("claims", Json::array())) {
            say("\nclaim: {} is {}{}{}",
                claim["rule"].get<std::string>(),
                claim["kind"].get<std::string>(),
                claim["why"].get<std::string>().empty() ? "" : ": ",
                claim["why"].get<std::string>());
        }
        say("{}\nsimulate it: {}\n",
            tree.contains("claims") ? "\n" : "",
            tree["simulate it"].get<std::string>());
    }
    for (const char* list : {"operations", "checkers", "needs", "targets", "members"}) {
        if (!tree.contains(list)) continue;
        say("\n{}: {}\n", list, fmt::join(tree[list].get<std::vector<std::string>>(), ", "));
    }
    for (const auto& [list, title] : {std::pair{"options", std::string("--option NAME=VALUE")},
                                      std::pair{"parameters",
                                                fmt::format("-f {}:TARGET:PARAMETER=VALUE",
                                                            tree["name"].get<std::string>())}}) {
        if (!tree.contains(list) || tree[list].empty()) continue;
        say("\n{} ({})\n", list, title);
        for (const Json& option : tree[list]) {
            const auto choices = option["choices"].get<std::vector<std::string>>();
            const bool many = choices.size() > 12; // bugs: listed elsewhere
            say("  {}={}  {}{}\n",
                option["name"].get<std::string>(),
                option["default"].get<std::string>(),
                option["help"].get<std::string>(),
                choices.empty() || many ? "" : fmt::format(" ({})", fmt::join(choices, " | ")));
        }
    }
    if (tree.contains("errors")) {
        say("\nerrors: 'fail' surely did not happen; 'info' may have happened\n");
        for (const Json& rule : tree["errors"]) {
            say("  {}  {}\n        {}\n",
                rule["definite"].get<bool>() ? "fail" : "info",
                rule["error"].get<std::string>(),
                rule["why"].get<std::string>());
        }
    }
}

} // namespace

int execute(const ListCommand& command) {
    std::string kind = command.kind;
    if (kind == "runs") return list_runs(command.common);
    const std::vector<std::string> kinds = {"systems",
                                            "workloads",
                                            "faults",
                                            "packages",
                                            "scenarios",
                                            "bugs",
                                            "simbugs",
                                            "checkers",
                                            "runs"};
    if (!kind.empty() && std::ranges::find(kinds, kind) == kinds.end()) {
        return fail(
            command.common,
            usage_error(fmt::format("cannot list '{}'", kind),
                        fmt::format("nearest: {}", fmt::join(nearest_names(kind, kinds), ", "))));
    }
    if (!kind.empty()) kind.pop_back(); // the plural
    Json rows = Json::array();
    for (const Entry& entry : everything()) {
        if (!kind.empty() && entry.kind != kind) continue;
        rows.push_back({{"kind", entry.kind}, {"name", entry.name}, {"summary", entry.summary}});
        if (!entry.family.empty()) rows.back()["family"] = entry.family;
        // They are many, and would hide the rest.
        const bool told = !kind.empty() || (entry.kind != "bug" && entry.kind != "simbug");
        if (!command.common.json && told) {
            const std::string family = entry.family.empty() ? "" : entry.family + ": ";
            say("{:<9} {:<18} {}{}\n", entry.kind, entry.name, family, entry.summary);
        }
    }
    if (!command.common.json && kind.empty()) {
        say("{:<9} {:<18} {}\n", "bug", "…", "faultlab list bugs");
        say("{:<9} {:<18} {}\n", "simbug", "…", "faultlab list simbugs");
    }
    if (command.common.json) {
        say("{}\n", Json{{"schema", "faultlab.list/1"}, {"entries", rows}}.dump(2));
    }
    return exit_valid;
}

int execute(const DescribeCommand& command) {
    std::vector<std::string> names;
    // Scenarios go by their numbers too.
    const auto scenario = simulator::find_scenario(command.name);
    const std::string name = scenario ? std::string((*scenario)->name) : command.name;
    for (const Entry& entry : everything()) {
        names.push_back(entry.name);
        if (entry.name != name) continue;
        const Json tree = describe(entry);
        if (command.common.json) {
            say("{}\n", tree.dump(2));
        } else {
            print_description(tree);
        }
        return exit_valid;
    }
    return fail(command.common,
                usage_error(fmt::format("nothing is named '{}'", command.name),
                            fmt::format("nearest: {}",
                                        fmt::join(nearest_names(command.name, names), ", "))));
}

int execute(const DoctorCommand& command) {
    const std::vector<DoctorLine> lines = examine_machine(command.common.lab);
    Json rows = Json::array();
    bool fit = true;
    for (const DoctorLine& line : lines) {
        const char* status = line.state == DoctorLine::State::ok     ? "ok"
                             : line.state == DoctorLine::State::warn ? "warn"
                                                                     : "FAIL";
        fit = fit && line.state != DoctorLine::State::fail;
        rows.push_back(
            {{"name", line.name}, {"status", status}, {"found", line.found}, {"fix", line.fix}});
        if (command.common.json) continue;
        say("{:<4}  {:<24} {}\n", status, line.name, line.found);
        if (line.state != DoctorLine::State::ok) say("        fix: {}\n", line.fix);
    }
    if (command.common.json) {
        say("{}\n", Json{{"schema", "faultlab.doctor/1"}, {"fit", fit}, {"lines", rows}}.dump(2));
    }
    return fit ? exit_valid : exit_environment;
}

} // namespace faultlab
