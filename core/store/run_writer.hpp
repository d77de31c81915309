#pragma once

#include "core/clock.hpp"
#include "core/fault.hpp"
#include "core/op.hpp"
#include "core/plan.hpp"
#include "core/record.hpp"
#include "core/result.hpp"
#include "core/types.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace faultlab {

/// What opens a run's store: everything that is known before the first operation.
struct RunHeader {
    std::string run_id;
    Plan plan;
    Params meta;
    ClusterView cluster;
};

/// An invocation, as a worker hands it over.
struct InvokeRow {
    std::int32_t process = 0;
    NodeId node = no_node;
    Invocation op;
    Nanos t_due = 0;
};

/// The way of one worker into the store. Owned by that worker's thread; lives as long as its
/// writer. Both calls may block while the writer is behind (the queues of all lanes together hold
/// at most 64 MiB); neither fails: a store that cannot be written is seen in RunWriter::failure().
class OpLane {
public:
    virtual ~OpLane() = default;

    /// Takes the next index of the run's counter, reads `clock` for t_inv, and hands the row to the
    /// writer. Call it last before sending. Returns the index.
    virtual Index invoke(const InvokeRow& row, const Clock& clock) = 0;

    /// Takes the next index, and hands the outcome over. Call it first after receiving; `t_ret` is
    /// read from `clock` in it. `asked`: the replica that was asked last; no_node: that of the
    /// invocation. Returns the index.
    virtual Index
    complete(Index invoked, const Completion& completion, NodeId asked, const Clock& clock) = 0;
};

/// Writes one run.db (schema.sql) with one thread: WAL, prepared statements, a commit every 1,000
/// rows or 100 ms. What is committed is always a prefix of the index order. Thread-safe except
/// where said. The first error that SQLite reports (disk full, I/O error) is kept: rows after it
/// are dropped, nothing that was committed is lost, and every later call says so.
class RunWriter {
public:
    /// Creates the file, which must not exist, its directory, and the writer's thread.
    static Result<std::unique_ptr<RunWriter>> create(const std::filesystem::path& run_db,
                                                     const RunHeader& header);
    virtual ~RunWriter() = default; ///< without finish(): stops, leaves the file as it is

    /// One a worker, before its first operation.
    virtual OpLane& open_lane(std::int32_t client) = 0;

    /// The row is on the disk (synchronous=FULL) when this returns: call it before injecting.
    virtual Result<void> fault_intended(const Fault& fault, Nanos t_planned) = 0;
    virtual void fault_changed(FaultId fault, FaultState state, Nanos t) = 0;
    virtual void evidence(FaultId fault, const Evidence& evidence) = 0;
    virtual void sample(const Sample& sample) = 0;
    virtual void event(const Event& event) = 0;
    virtual void incarnation_started(NodeId node, std::int32_t incarnation, Nanos t) = 0;
    virtual void
    incarnation_ended(NodeId node, std::int32_t incarnation, Nanos t, std::string_view by) = 0;
    virtual void log_file(const LogFile& file) = 0;
    virtual void meta(std::string_view name, const Value& value) = 0;

    /// Null while all is well. Cheap: workers may look at it before every operation.
    [[nodiscard]] virtual std::optional<Error> failure() const = 0;

    /// Drains all queues, folds op_invoke and op_return into operation, writes meta 'ended',
    /// optimizes and checkpoints. Requires: no lane is in use any more. Call once; rows that come
    /// later are dropped.
    virtual Result<void> finish(std::string_view ended) = 0;
};

} // namespace faultlab
