#pragma once

#include "core/clock.hpp"
#include "core/generator.hpp"
#include "core/store/run_writer.hpp"
#include "core/types.hpp"
#include "core/value.hpp"

#include <atomic>
#include <cstdint>
#include <unordered_set>

namespace faultlab {

/// What the workers of a run have done so far. Written by all of them, read by anyone.
struct Tally {
    std::atomic<std::int64_t> ok{0};
    std::atomic<std::int64_t> fail{0};
    std::atomic<std::int64_t> info{0};
};

/// Which worker this is, and the node that its client begins with.
struct Seat {
    std::int32_t worker = 0;
    std::int32_t workers = 1;
    NodeId node = 0;
};

/// The part of a worker that does not depend on how time passes: it asks its stream, records what
/// it does, and changes its process number. Both executors drive the same. Owned by one thread at
/// a time.
class Worker {
public:
    /// `lane` and `tally` outlive the worker.
    Worker(const Seat& seat, OpLane& lane, Tally& tally);

    [[nodiscard]] const Seat& seat() const { return seat_; }
    [[nodiscard]] std::int32_t process() const { return process_; }

    /// Operations come from this stream from now on. Process numbers go on.
    void follow(GeneratorPtr stream) { stream_ = std::move(stream); }

    /// What to do now. Requires: a stream, and no operation open.
    Step next(Nanos now);
    /// Records the invocation. Call it last before sending.
    void invoke(const Emit& emit, const Clock& clock);
    /// Records the outcome of the open operation, tells it to the stream, and takes a new process
    /// number when the outcome is unknown: the old one is open for ever. Call it first after
    /// receiving. Requires: an operation is open.
    /// `asked` as for OpLane::complete.
    void complete(const Completion& completion, NodeId asked, const Clock& clock);

    [[nodiscard]] bool open() const { return open_; }
    /// The operation that is open, or was last.
    [[nodiscard]] const Invocation& operation() const { return row_.op; }
    /// All keys that this worker has used.
    [[nodiscard]] const std::unordered_set<Value, ValueHash>& keys() const { return keys_; }

private:
    Seat seat_;
    OpLane& lane_;
    Tally& tally_;
    GeneratorPtr stream_;
    std::int32_t process_;
    InvokeRow row_;
    Index invoked_ = 0;
    bool open_ = false;
    std::unordered_set<Value, ValueHash> keys_;
};

} // namespace faultlab
