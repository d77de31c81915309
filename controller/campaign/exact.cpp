#include "controller/campaign/exact.hpp"

#include "controller/campaign/planner.hpp"
#include "core/nemesis.hpp"
#include "core/options.hpp"
#include "core/system.hpp"
#include "core/workload.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/schedule.hpp"
#include "systems/catalogue.hpp"
#include "workloads/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faultlab {
namespace {

/// As on the command line: longer is a slip of the pen, and sums of such times cannot overflow.
constexpr Nanos longest = 7 * 24 * 3600 * second;

Result<void> check_time(std::string_view what, Nanos time, Nanos least) {
    if (time >= least && time <= longest) return {};
    return usage_error(fmt::format("the plan's {} cannot be {} ns", what, time),
                       fmt::format("from {} ns to 7 days", least));
}

Result<void> check_times(const Plan& plan) {
    FAULTLAB_DO(check_time("duration", plan.duration, 1));
    FAULTLAB_DO(check_time("op_timeout", plan.op_timeout, 1));
    FAULTLAB_DO(check_time("recovery_limit", plan.recovery_limit, 0));
    return check_time("settle", plan.settle, 0);
}

Result<void> check_fault(const Plan& plan, const FaultSpec& fault) {
    if (const auto nemesis = find_nemesis(fault.nemesis); !nemesis) return nemesis.error();
    if (fault.id < 0 || std::ranges::count(plan.faults, fault.id, &FaultSpec::id) != 1) {
        return usage_error(
            fmt::format("the plan's fault id {} is negative or used twice", fault.id));
    }
    FAULTLAB_DO(check_time(fmt::format("t_start of fault {}", fault.id), fault.t_start, 0));
    FAULTLAB_DO(check_time(fmt::format("duration of fault {}", fault.id), fault.duration, 0));
    if (fault.t_start >= plan.duration) {
        return usage_error(fmt::format("the plan's fault {} begins after the run's end", fault.id));
    }
    return check_spec(fault, plan.nodes);
}

} // namespace

Result<Plan> fitting_plan(Plan plan) {
    FAULTLAB_TRY(const SystemEntry* const system_entry, find_system(plan.system));
    FAULTLAB_TRY(const WorkloadEntry* const workload_entry, find_workload(plan.workload));
    const auto system = system_entry->make();
    FAULTLAB_DO(check_sizes({.system = plan.system,
                             .nodes = plan.nodes,
                             .workers_per_node = plan.workers_per_node,
                             .rate = plan.rate},
                            *system));
    std::vector<OptionSpec> specs = system->options();
    for (OptionSpec& spec : workload_entry->make()->options())
        specs.push_back(std::move(spec));
    FAULTLAB_TRY(plan.options,
                 complete_options(
                     plan.options, specs, fmt::format("{} with {}", plan.system, plan.workload)));
    FAULTLAB_DO(system->check_options(plan.options));
    FAULTLAB_DO(check_times(plan));
    for (const FaultSpec& fault : plan.faults)
        FAULTLAB_DO(check_fault(plan, fault));
    if (plan.stream_seeds.size() != static_cast<std::size_t>(plan.workers())) {
        return usage_error(fmt::format("the plan has {} stream seeds for {} workers",
                                       plan.stream_seeds.size(),
                                       plan.workers()),
                           "it needs one a worker");
    }
    return plan;
}

Result<Plan> exact_plan(const Record& record) {
    FAULTLAB_TRY(Plan plan, fitting_plan(record.plan));
    plan.faults.clear();
    for (const FaultRecord& past : record.faults) {
        if (past.t_started < 0) continue;
        const auto spec = std::ranges::find(record.plan.faults, past.fault.spec_id, &FaultSpec::id);
        if (spec == record.plan.faults.end()) {
            return usage_error(
                fmt::format("fault {} belongs to no part of the plan", past.fault.id));
        }
        FAULTLAB_TRY(const NemesisEntry* const entry, find_nemesis(past.fault.nemesis));
        plan.faults.push_back(entry->make()->exact(past.fault, *spec));
    }
    return plan;
}

} // namespace faultlab
