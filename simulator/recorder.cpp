#include "simulator/recorder.hpp"

#include "core/options.hpp"
#include "replica/client/lab_words.hpp"
#include "replica/core/validate.hpp"
#include "simulator/kinds.hpp"
#include "simulator/setup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace faultlab::simulator {
namespace {

/// Of each kind: a cluster in trouble repeats itself.
constexpr std::uint64_t rejects_most = 200;

/// Of two logs that differ the one that is refused may be the true one.
bool refuses_lie(const Event& event, ReplicaId liar) {
    return event.b == liar || event.a == static_cast<std::uint64_t>(replica::Reject::Fork);
}

// Mistakes that may be planted.

faultlab::Op without_zeros(faultlab::Op op, Planted& planted) {
    for (Value* const value : {&op.arg, &op.ret}) {
        if (*value == Value(0) && planted.fires(SimBug::HB1)) *value = {};
    }
    return op;
}

bool overlooked(const faultlab::Op& op, Planted& planted) {
    const bool pending = op.status == OpStatus::open || op.status == OpStatus::info;
    return (pending && planted.fires(SimBug::HB4)) ||
           (op.f == "append" && planted.fires(SimBug::HB5)) || planted.fires(SimBug::SB11, 10);
}

History history_of(World& world) {
    std::vector<const faultlab::Op*> ops;
    for (std::size_t i = 0; i < world.client_count(); ++i) {
        for (const faultlab::Op& op : world.client(i).history()) {
            if (is_judged(op.f) && !overlooked(op, world.planted())) ops.push_back(&op);
        }
    }
    std::ranges::sort(ops, {}, [](const faultlab::Op* op) { return op->inv_index; });
    HistoryBuilder history;
    history.reserve(ops.size());
    for (const faultlab::Op* const op : ops) {
        if (world.planted().on(SimBug::HB1)) {
            history.add(without_zeros(*op, world.planted()));
        } else {
            history.add(*op);
        }
    }
    return history.build();
}

ClusterView cluster_of(const World& world, const Plan& plan) {
    ClusterView view;
    for (ReplicaId id = 1; id <= world.size(); ++id)
        view.nodes.push_back({.name = fmt::format("n{}", id), .address = "simulated"});
    for (std::int32_t worker = 0; worker < plan.workers(); ++worker) {
        view.clients.push_back({.name = fmt::format("c{}", worker + 1),
                                .address = "simulated",
                                .node = worker % plan.nodes});
    }
    return view;
}

} // namespace

void Recorder::phase(Nanos now, const char* name) {
    event(now, "phase", {{"name", name}});
}

void Recorder::event(Nanos now, std::string kind, Params fields) {
    events_.push_back({.t = now, .kind = std::move(kind), .fields = std::move(fields)});
}

void Recorder::happened(const World& world, ReplicaId id, const Event& event, ReplicaId liar) {
    switch (event.kind) {
        case EventKind::Appended:
        case EventKind::Acknowledged:
        case EventKind::Committed: return; // gauges tell of that
        default:
            said_.push_back({.t = world.now(),
                             .id = id,
                             .life = world.monitors().life(id),
                             .event = event,
                             .of_lie = event.kind == EventKind::Rejected && liar != no_replica &&
                                       refuses_lie(event, liar)});
    }
}

void Recorder::sample(const World& world) {
    for (ReplicaId id = 1; id <= world.size(); ++id) {
        if (!world.running(id)) continue;
        for (auto& [metric, value] : replica::status_of(world.telemetry(id)).metrics) {
            samples_.push_back({.t = world.now(),
                                .node = static_cast<NodeId>(id) - 1,
                                .incarnation = world.monitors().life(id),
                                .metric = std::move(metric),
                                .value = value});
        }
    }
}

Record Recorder::record(const Simulation& simulation,
                        const Knobs& knobs,
                        World& world,
                        const FaultLog& faults) {
    Record record{.run_id = fmt::format("sim-{:x}", simulation.seed),
                  .plan = plan_of(simulation, knobs),
                  .history = history_of(world),
                  .faults = faults.faults(),
                  .samples = std::move(samples_)};
    record.meta = {{"simulated", Value(true)},
                   {"knobs", Value(knobs.text())},
                   {"reproduce", Value(reproduction(simulation))},
                   {"ended", Value("complete")}};
    record.cluster = cluster_of(world, record.plan);
    for (const replica::BugEntry& entry : replica::bugs()) {
        if (!simulation.bugs.on(entry.bug)) continue;
        record.samples.push_back({.t = world.now(),
                                  .node = 0,
                                  .metric = fmt::format("fired.{}", entry.id),
                                  .value = static_cast<std::int64_t>(world.bug_fired(entry.bug))});
    }
    std::uint64_t rejects = 0;
    for (const Said& said : said_) {
        if (said.event.kind == EventKind::Rejected && ++rejects > rejects_most) continue;
        auto event = replica::event_of(said.event);
        if (!event) continue;
        if (said.of_lie) event->kind = "lie_refused"; // no rule of the protocol is broken
        events_.push_back({.t = said.t,
                           .node = static_cast<NodeId>(said.id) - 1,
                           .incarnation = said.life,
                           .kind = std::move(event->kind),
                           .fields = std::move(event->fields)});
    }
    std::ranges::stable_sort(events_, {}, &faultlab::Event::t);
    record.events = std::move(events_);
    said_.clear();
    return record;
}

} // namespace faultlab::simulator
