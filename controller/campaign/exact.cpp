#include "controller/campaign/exact.hpp"

#include "core/nemesis.hpp"
#include "nemesis/catalogue.hpp"
#include "systems/catalogue.hpp"
#include "workloads/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faultlab {

Result<void> check_names(const Plan& plan) {
    if (const auto system = find_system(plan.system); !system) return system.error();
    if (const auto workload = find_workload(plan.workload); !workload) return workload.error();
    for (const FaultSpec& fault : plan.faults) {
        if (const auto nemesis = find_nemesis(fault.nemesis); !nemesis) return nemesis.error();
    }
    const bool sized =
        plan.nodes > 0 && plan.workers_per_node > 0 && plan.duration > 0 && plan.op_timeout > 0;
    if (!sized || plan.stream_seeds.size() != static_cast<std::size_t>(plan.workers())) {
        return usage_error("the plan's parts do not fit together",
                           "it needs nodes, workers, times above zero and a stream seed a worker");
    }
    return {};
}

Result<Plan> exact_plan(const Record& record) {
    FAULTLAB_DO(check_names(record.plan));
    Plan plan = record.plan;
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
