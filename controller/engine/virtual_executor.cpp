#include "controller/engine/virtual_executor.hpp"

#include "controller/engine/streams.hpp"
#include "controller/engine/worker.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <set>
#include <utility>

namespace faultlab {
namespace {

constexpr Nanos telemetry_period = 100 * millisecond;

/// One run, phase by phase.
class VirtualRun {
public:
    VirtualRun(const VirtualParts& parts, const Plan& plan, RunWriter& writer)
        : parts_(parts), plan_(plan), writer_(writer),
          conductor_({.find_nemesis = parts.find_nemesis,
                      .target = &parts.system,
                      .writer = &writer,
                      .clock = &parts.time,
                      .view = [this] { return parts_.system.view(); }},
                     plan.faults,
                     0) {}

    void run() {
        for (NodeId node = 0; node < plan_.nodes; ++node)
            writer_.incarnation_started(node, 0, parts_.time.now());
        take_samples();
        load();
        final_reads();
    }

private:
    struct Desk {
        Worker worker;
        bool ended = false;
        bool at_barrier = false;
        std::int64_t operations = 0; ///< tells a late answer from that to the open operation
    };

    void load() {
        enter_phase("load");
        writer_.meta("t_load", parts_.time.now());
        std::vector<const Paced*> paced;
        for (std::int32_t w = 0; w < plan_.workers(); ++w) {
            const Seat seat{.worker = w, .workers = plan_.workers(), .node = w % plan_.nodes};
            desks_.push_back({.worker = Worker(seat, writer_.open_lane(w), tally_)});
            BodyStream stream = body_stream(parts_.workload, plan_, w);
            if (stream.paced != nullptr) paced.push_back(stream.paced);
            desks_.back().worker.follow(std::move(stream.generator));
        }
        start_workers();
        advance_while([&] { return parts_.time.now() < plan_.duration; });
        conductor_.heal_all();
        advance_while([&] { return conductor_.next_time().has_value() || !all_ended(); });
        std::int64_t dropped = 0;
        for (const Paced* one : paced)
            dropped += one->dropped();
        writer_.meta("dropped", dropped);
    }

    void final_reads() {
        enter_phase("settle");
        const Nanos settled = parts_.time.now() + plan_.settle;
        advance_while([&] { return parts_.time.now() < settled; });
        enter_phase("final reads");
        std::set<Value> keys;
        for (const Desk& desk : desks_)
            keys.insert(desk.worker.keys().begin(), desk.worker.keys().end());
        const std::vector<Value> all(keys.begin(), keys.end());
        for (Desk& desk : desks_) {
            const std::int32_t w = desk.worker.seat().worker;
            desk.worker.follow(final_stream(parts_.workload, plan_, w, all));
        }
        start_workers();
        advance_while([&] { return !all_ended(); });
    }

    void enter_phase(std::string_view name) {
        writer_.event({.t = parts_.time.now(), .kind = "phase", .fields = {{"name", Value(name)}}});
    }

    /// Telemetry never ends, so there is always a next event.
    void take_samples() {
        for (NodeId node = 0; node < plan_.nodes; ++node) {
            for (const auto& [metric, value] : parts_.system.status(node).metrics)
                writer_.sample(
                    {.t = parts_.time.now(), .node = node, .metric = metric, .value = value});
        }
        parts_.time.after(telemetry_period, [this] { take_samples(); });
    }

    template <class Condition>
    void advance_while(Condition condition) {
        while (condition()) {
            const std::optional<Nanos> fault = conductor_.next_time();
            if (fault && *fault <= *parts_.time.next()) {
                parts_.time.pass_until(*fault);
                conductor_.perform_next();
            } else {
                parts_.time.step();
            }
        }
    }

    [[nodiscard]] bool all_ended() const { return std::ranges::all_of(desks_, &Desk::ended); }

    void start_workers() {
        for (Desk& desk : desks_) {
            desk.ended = false;
            act_at(parts_.time.now(), desk);
        }
    }

    void act_at(Nanos t, Desk& desk) {
        parts_.time.at(t, [this, &desk] { act(desk); });
    }

    void act(Desk& desk) {
        const Step step = desk.worker.next(parts_.time.now());
        if (const auto* emit = std::get_if<Emit>(&step)) {
            invoke(desk, *emit);
        } else if (const auto* wait = std::get_if<WaitUntil>(&step)) {
            act_at(wait->t, desk);
        } else {
            desk.at_barrier = std::holds_alternative<Barrier>(step);
            desk.ended = !desk.at_barrier;
            release_barrier();
        }
    }

    void invoke(Desk& desk, const Emit& emit) {
        const std::int64_t operation = ++desk.operations;
        const auto answer = [this, &desk, operation](const Completion& completion) {
            if (desk.operations != operation || !desk.worker.open()) return;
            desk.worker.complete(completion, no_node, parts_.time);
            act_at(parts_.time.now(), desk);
        };
        desk.worker.invoke(emit, parts_.time);
        parts_.time.after(plan_.op_timeout, [answer] { answer(Unknown{"timed out"}); });
        parts_.system.invoke(desk.worker.seat().node, emit.op, answer);
    }

    void release_barrier() {
        const bool complete = std::ranges::all_of(
            desks_, [](const Desk& desk) { return desk.ended || desk.at_barrier; });
        if (!complete) return;
        for (Desk& desk : desks_) {
            if (std::exchange(desk.at_barrier, false)) act_at(parts_.time.now(), desk);
        }
    }

    const VirtualParts& parts_;
    const Plan& plan_;
    RunWriter& writer_;
    FaultConductor conductor_;
    Tally tally_;
    std::deque<Desk> desks_;
};

} // namespace

Result<RunOutcome> VirtualExecutor::run(const Plan& plan) {
    const RunHeader header{.run_id = parts_.run_id,
                           .plan = plan,
                           .meta = parts_.meta,
                           .cluster = parts_.system.view()};
    FAULTLAB_TRY(const std::unique_ptr<RunWriter> writer,
                 parts_.create_writer(parts_.run_db, header));
    // Events that are left refer to the run, and happen no more.
    VirtualRun run(parts_, plan, *writer);
    run.run();
    FAULTLAB_DO(writer->finish("complete"));
    return RunOutcome{.run_db = parts_.run_db};
}

} // namespace faultlab
