#pragma once

#include "core/op.hpp"
#include "core/types.hpp"

#include <memory>
#include <variant>

namespace faultlab {

/// When a generator is asked: by whom, and at what time of the run.
struct Moment {
    Nanos now = 0;
    std::int32_t process = 0;
};

/// Invoke this now. `due` is the intended start; latency counts from it.
struct Emit {
    Invocation op;
    Nanos due = 0;
};
/// Ask again at this time, or after the next completion of the worker.
struct WaitUntil {
    Nanos t = 0;
};
/// Ask again when all workers have reached this barrier. Barriers are numbered from 0, by each
/// worker alike.
struct Barrier {
    std::int32_t number = 0;
};
/// Nothing more, ever.
struct End {};

using Step = std::variant<Emit, WaitUntil, Barrier, End>;

/// The stream of operations of one worker: a function of its seed and the calls made. No threads,
/// no clock of its own. After End it keeps answering End. Owned by one thread.
class Generator {
public:
    virtual ~Generator() = default;
    virtual Step next(const Moment& moment) = 0;
    /// The outcome of an operation of this worker, always before the next call of `next`.
    virtual void observe(const Invocation& op, const Completion& completion) = 0;
};

using GeneratorPtr = std::unique_ptr<Generator>;

/// Which of how many streams this is.
struct StreamContext {
    std::int32_t worker = 0;
    std::int32_t workers = 1;
    std::uint64_t seed = 0; ///< of this worker's stream
};

} // namespace faultlab
