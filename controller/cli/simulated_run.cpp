#include "controller/cli/simulated_run.hpp"

#include "controller/cli/judging.hpp"
#include "core/store/lab_index.hpp"
#include "core/store/run_reader.hpp"
#include "core/store/run_writer.hpp"
#include "simulator/store_audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

namespace faultlab {
namespace {

/// The virtual time at which the row that is written now was made.
class RecordedClock : public Clock {
public:
    [[nodiscard]] Nanos now() const override { return now_; }
    void set(Nanos now) { now_ = now; }

private:
    Nanos now_ = 0;
};

struct Moment {
    Index index = 0;
    OpId op = 0;
    bool returned = false;
};

/// Every invocation and return, in the order in which they were made. What has no place in it, an
/// outcome that never became known, comes last.
std::vector<Moment> moments_of(const History& history) {
    std::vector<Moment> moments;
    for (std::size_t i = 0; i < history.size(); ++i) {
        const auto op = static_cast<OpId>(i);
        moments.push_back({.index = history.inv_index()[i], .op = op});
        if (history.status()[i] != OpStatus::open)
            moments.push_back({.index = history.ret_index()[i], .op = op, .returned = true});
    }
    std::ranges::stable_sort(moments, {}, &Moment::index);
    return moments;
}

Completion completion_of(const Op& op) {
    switch (op.status) {
        case OpStatus::ok: return Done{op.ret};
        case OpStatus::fail: return Failed{op.error};
        case OpStatus::info:
        case OpStatus::open: break;
    }
    return Unknown{op.error};
}

/// A planted mistake: the first return that another operation's invocation follows changes places
/// with it, so that the two are concurrent where they were not.
void swap_rows(std::vector<Moment>& moments) {
    const auto found = std::ranges::adjacent_find(moments, [](const Moment& a, const Moment& b) {
        return a.returned && !b.returned && a.op != b.op;
    });
    if (found != moments.end()) std::iter_swap(found, found + 1);
}

void write_operations(const Record& record, simulator::SimBug simbug, RunWriter& writer) {
    const History& history = record.history;
    std::map<std::int32_t, OpLane*> lanes;
    std::vector<Index> invoked(history.size());
    RecordedClock clock;
    std::vector<Moment> moments = moments_of(history);
    if (simbug == simulator::SimBug::SB12) swap_rows(moments);
    for (const Moment& moment : moments) {
        const Op op = history.op(moment.op);
        OpLane*& lane = lanes[op.client];
        if (lane == nullptr) lane = &writer.open_lane(op.client);
        Index& index = invoked[static_cast<std::size_t>(moment.op)];
        if (moment.returned) {
            clock.set(op.t_ret);
            lane->complete(index, completion_of(op), op.node, clock);
        } else {
            clock.set(op.t_inv);
            index = lane->invoke({.process = op.process,
                                  .node = op.node,
                                  .op = {.f = op.f, .key = op.key, .arg = op.arg},
                                  .t_due = op.t_due},
                                 clock);
        }
    }
}

Result<void> write_faults(const Record& record, RunWriter& writer) {
    for (const FaultRecord& fault : record.faults) {
        const FaultId id = fault.fault.id;
        FAULTLAB_DO(writer.fault_intended(fault.fault, fault.t_planned));
        writer.fault_changed(id, FaultState::active, fault.t_started);
        for (const Evidence& evidence : fault.evidence)
            writer.evidence(id, evidence);
        if (fault.t_ended >= 0) writer.fault_changed(id, FaultState::healed, fault.t_ended);
    }
    return {};
}

Result<void> write_run(const RunDirectory& run, const Record& record, simulator::SimBug simbug) {
    const RunHeader header{
        .run_id = run.id, .plan = record.plan, .meta = record.meta, .cluster = record.cluster};
    FAULTLAB_TRY(const auto writer, RunWriter::create(run.run_db(), header));
    for (NodeId node = 0; node < static_cast<NodeId>(record.cluster.nodes.size()); ++node)
        writer->incarnation_started(node, 0, 0);
    write_operations(record, simbug, *writer);
    FAULTLAB_DO(write_faults(record, *writer));
    for (const Event& event : record.events)
        writer->event(event);
    for (const Sample& sample : record.samples)
        writer->sample(sample);
    return writer->finish("complete");
}

} // namespace

Result<void> write_simulated_run(const RunDirectory& run,
                                 const Record& record,
                                 simulator::SimBug simbug,
                                 simulator::Audits& audits) {
    FAULTLAB_DO(write_run(run, record, simbug));
    FAULTLAB_TRY(const Record stored, load_record(run.run_db()));
    simulator::audit_store(record, stored, audits);
    return {};
}

Result<RunDirectory> keep_simulated_run(const Common& common, const Record& record) {
    FAULTLAB_TRY(RunDirectory run, make_run_directory(common.lab));
    FAULTLAB_TRY(const LabIndex index, LabIndex::open(common.lab));
    FAULTLAB_DO(index.add({.id = run.id,
                           .directory = run.id,
                           .system = record.plan.system,
                           .workload = record.plan.workload,
                           .seed = record.plan.seed,
                           .started_utc = run.started_utc}));
    simulator::Audits audits;
    FAULTLAB_DO(write_simulated_run(run, record, simulator::SimBug::None, audits));
    if (const auto mistakes = audits.mistakes(); !mistakes.empty())
        return lab_error(fmt::format("run {}: {}", run.id, text(mistakes.front())));
    FAULTLAB_DO(index.set_ended(run.id, "complete"));
    return run;
}

Result<RunDirectory>
store_simulated_run(const Common& common, const CheckLimits& limits, const Record& record) {
    FAULTLAB_TRY(RunDirectory run, keep_simulated_run(common, record));
    FAULTLAB_TRY(const Judged judged, judge(common, run, limits));
    if (judged.unkept) return *judged.unkept;
    return run;
}

} // namespace faultlab
