#pragma once

#include "core/workload.hpp"
#include "workloads/generators.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace faultlab {

/// The stream of one worker while faults come and go.
struct BodyStream {
    GeneratorPtr generator;
    const Paced* paced = nullptr; ///< part of `generator`; null in a closed loop
};

[[nodiscard]] inline StreamContext context_of(const Plan& plan, std::int32_t worker) {
    FAULTLAB_CHECK(plan.stream_seeds.size() == static_cast<std::size_t>(plan.workers()));
    return {.worker = worker,
            .workers = plan.workers(),
            .seed = plan.stream_seeds[static_cast<std::size_t>(worker)]};
}

/// The workload's body at the plan's rate, for the plan's duration.
[[nodiscard]] inline BodyStream
body_stream(const Workload& workload, const Plan& plan, std::int32_t worker) {
    const StreamContext context = context_of(plan, worker);
    GeneratorPtr body = workload.body(plan, context);
    if (plan.rate == 0) return {.generator = time_limit(plan.duration, std::move(body))};
    auto paced = std::make_unique<Paced>(Pace{.rate = plan.rate, .length = plan.duration},
                                         context,
                                         Rng(context.seed).split("pace"),
                                         std::move(body));
    const Paced* const observer = paced.get();
    return {.generator = std::move(paced), .paced = observer};
}

/// The workload's final reads. A cluster that never recovers must not hold up the end of the run,
/// so they have as long as the recovery had.
[[nodiscard]] inline GeneratorPtr final_stream(const Workload& workload,
                                               const Plan& plan,
                                               std::int32_t worker,
                                               std::span<const Value> keys) {
    StreamContext context = context_of(plan, worker);
    context.seed = Rng(context.seed).split("final").seed();
    const Nanos limit = std::max(plan.recovery_limit, plan.op_timeout);
    return time_limit(limit, workload.final_reads(plan, context, keys));
}

} // namespace faultlab
