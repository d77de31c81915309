#include "controller/campaign/planner.hpp"

#include "core/options.hpp"
#include "core/rng.hpp"
#include "core/system.hpp"
#include "core/units.hpp"
#include "core/workload.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/packages.hpp"
#include "nemesis/schedule.hpp"
#include "systems/catalogue.hpp"
#include "workloads/catalogue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace faultlab {
namespace {

Result<void> check_operations(const RunRequest& request,
                              const System& system,
                              const Workload& workload,
                              const Options& options) {
    const std::vector<std::string> possible = system.operations();
    for (const std::string& f : workload.operations(options)) {
        if (std::ranges::find(possible, f) == possible.end()) {
            return usage_error(
                fmt::format("workload {} needs the operation '{}', which {} lacks",
                            request.workload,
                            f,
                            request.system),
                fmt::format("{} can do: {}", request.system, fmt::join(possible, ", ")));
        }
    }
    return {};
}

Result<EvidenceFloor> floor_from(const Options& given) {
    EvidenceFloor floor;
    struct Limit {
        std::string_view name;
        std::int64_t* value;
    };
    const std::vector<Limit> limits = {{"ok_ops", &floor.ok_ops},
                                       {"ok_ops_each_f", &floor.ok_ops_each_f},
                                       {"ok_percent", &floor.ok_percent},
                                       {"final_read_percent", &floor.final_read_percent}};
    std::vector<std::string> names = {"every_fault_effective"};
    for (const Limit& limit : limits)
        names.emplace_back(limit.name);
    for (const auto& [name, text] : given) {
        std::int64_t number = -1;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc{} || end != text.data() + text.size() || number < 0) {
            return usage_error(fmt::format("evidence floor {} cannot be '{}'", name, text),
                               "a whole number from 0 (every_fault_effective: 0 or 1)");
        }
        const auto limit = std::ranges::find(limits, name, &Limit::name);
        if (limit != limits.end()) {
            *limit->value = number;
        } else if (name == "every_fault_effective") {
            floor.every_fault_effective = number != 0;
        } else {
            return usage_error(
                fmt::format("the evidence floor has no limit '{}'", name),
                fmt::format("nearest: {}", fmt::join(nearest_names(name, names), ", ")));
        }
    }
    return floor;
}

} // namespace

Result<void> check_sizes(const RunRequest& request, const System& system) {
    const auto [fewest, most] = system.node_limits();
    if (request.nodes < fewest || request.nodes > most) {
        return usage_error(fmt::format("{} cannot run on {} nodes", request.system, request.nodes),
                           fmt::format("from {} to {}", fewest, most));
    }
    if (request.workers_per_node < 1 || request.workers_per_node > 256) {
        return usage_error(fmt::format("{} workers a node", request.workers_per_node),
                           "from 1 to 256");
    }
    if (request.rate < 0 || request.rate > 10'000'000) {
        return usage_error(fmt::format("{} operations a second", request.rate),
                           "from 1 to 10000000, or 0 for a closed loop");
    }
    return {};
}

Result<Planned> make_plan(const RunRequest& request) {
    FAULTLAB_TRY(const SystemEntry* const system_entry, find_system(request.system));
    FAULTLAB_TRY(const WorkloadEntry* const workload_entry, find_workload(request.workload));
    const auto system = system_entry->make();
    const auto workload = workload_entry->make();
    FAULTLAB_DO(check_sizes(request, *system));

    if (request.options.contains("bug") && system->planted_bugs().empty()) {
        return usage_error(fmt::format("{} has no bugs that can be planted", request.system),
                           "faultlab list bugs");
    }
    std::vector<OptionSpec> specs = system->options();
    for (OptionSpec& spec : workload->options())
        specs.push_back(std::move(spec));
    FAULTLAB_TRY(Options options,
                 complete_options(request.options,
                                  specs,
                                  fmt::format("{} with {}", request.system, request.workload)));
    FAULTLAB_DO(check_operations(request, *system, *workload, options));
    FAULTLAB_DO(system->check_options(options));
    FAULTLAB_TRY(const EvidenceFloor floor, floor_from(request.floor));

    const Rng root(request.seed);
    Planned planned;
    Plan& plan = planned.plan;
    plan.seed = request.seed;
    plan.system = request.system;
    plan.workload = request.workload;
    plan.options = std::move(options);
    FAULTLAB_TRY(const std::vector<std::string> faults,
                 expand_packages(request.nemeses, request.nodes, root.split("packages")));
    for (const std::string& name : faults) {
        const std::string kind(fault_class(name));
        if (std::ranges::find(plan.nemeses, kind) == plan.nemeses.end()) {
            plan.nemeses.push_back(kind);
        }
    }
    plan.nodes = request.nodes;
    plan.workers_per_node = request.workers_per_node;
    plan.rate = request.rate;
    plan.duration = request.duration;
    plan.op_timeout = request.op_timeout;
    plan.floor = floor;
    for (std::int32_t worker = 0; worker < plan.workers(); ++worker) {
        plan.stream_seeds.push_back(root.split(fmt::format("process/{}", worker)).next());
    }
    FAULTLAB_TRY(Schedule schedule,
                 draw_schedule({.nemeses = faults,
                                .nodes = request.nodes,
                                .duration = request.duration,
                                .at_once = request.faults_at_once,
                                .may_lose_quorum = request.allow_quorum_loss},
                               root.split("nemesis")));
    plan.faults = std::move(schedule.faults);
    planned.warnings = std::move(schedule.warnings);
    return planned;
}

} // namespace faultlab
