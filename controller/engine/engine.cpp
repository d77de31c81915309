#include "controller/engine/engine.hpp"

#include "controller/engine/engine_run.hpp"

#include <utility>

namespace faultlab {

Result<RunOutcome> Engine::run(const Plan& plan) {
    if (parts_.lab.nodes() != plan.nodes) {
        return lab_error("the lab has " + std::to_string(parts_.lab.nodes()) +
                         " nodes, the plan wants " + std::to_string(plan.nodes));
    }
    const Deployment deployment = make_deployment(parts_.lab, parts_.run_id, plan.options);
    const RunHeader header{.run_id = parts_.run_id,
                           .plan = plan,
                           .meta = parts_.meta,
                           .cluster = initial_view(parts_.lab)};
    FAULTLAB_TRY(std::unique_ptr<RunWriter> writer, parts_.create_writer(parts_.run_db, header));
    EngineRun run(parts_, plan, deployment, std::move(writer));
    return run.run();
}

} // namespace faultlab
