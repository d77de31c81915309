#pragma once

#include "core/generator.hpp"
#include "core/rng.hpp"
#include "core/types.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace faultlab {

// Combinators of operation streams. Each call builds the stream of one worker. What is said of all
// workers together (a limit, a rate, a range) is divided among them by count, so that no worker
// ever waits for another but at a barrier. Ownership: a combinator owns its children. A completion
// is handed to the child that emitted the operation. The vocabulary is that of Jepsen's generators
// (jepsen.generator); the division by worker is our own.

/// Builds the stream of one worker of some range of workers.
using GeneratorFactory = std::function<GeneratorPtr(const StreamContext&)>;

/// What `draw` returns, for ever.
GeneratorPtr repeat(std::function<Invocation()> draw);
/// These operations, each once.
GeneratorPtr sequence(std::vector<Invocation> operations);

/// Before each operation a child is drawn, each as likely as the others. A child that waits is
/// passed over, and asked again when it is drawn next; the mix waits when all its children do, and
/// ends when all have ended. Children must not emit barriers.
GeneratorPtr mix(std::vector<GeneratorPtr> children, Rng rng);
struct Weighted {
    std::uint64_t weight = 1; ///< at least 1
    GeneratorPtr generator;
};
/// As mix, a child as likely as its weight says.
GeneratorPtr weighted(std::vector<Weighted> children, Rng rng);

/// At most `total` operations over all workers: each has its equal part, the first ones one more.
GeneratorPtr limit(std::int64_t total, const StreamContext& context, GeneratorPtr child);
/// At most `count` operations of this worker.
GeneratorPtr take(std::int64_t count, GeneratorPtr child);
/// Ends `length` after it was first asked.
GeneratorPtr time_limit(Nanos length, GeneratorPtr child);
/// Ends after the first operation that was Done.
GeneratorPtr until_ok(GeneratorPtr child);

/// One after the other, with a barrier between: no worker starts a phase before all have ended the
/// one before. Outermost, or in other phases: workers that share a barrier must all reach it.
GeneratorPtr phases(std::vector<GeneratorPtr> children);

/// The first `workers` of the range that is being divided run `factory`.
struct Reserved {
    std::int32_t workers = 1;
    GeneratorFactory factory;
};
/// Divides the workers of `context` into ranges, from its first worker on; those that are left run
/// `rest`. Each factory sees its own range as workers 0 to n - 1, so that reservations nest and
/// limits and rates inside one are those of the range. Seeds are kept.
GeneratorPtr reserve(const StreamContext& context,
                     const std::vector<Reserved>& ranges,
                     const GeneratorFactory& rest);

/// A fresh copy for each process number: starts afresh after an operation of unknown outcome.
GeneratorPtr each_process(std::function<GeneratorPtr(std::int32_t process)> factory);

/// How an open loop is paced.
struct Pace {
    std::int64_t rate = 1000;          ///< operations a second over all workers; at least 1
    Nanos length = 30 * second;        ///< ends so long after it was first asked
    Nanos backlog_limit = 10 * second; ///< what is overdue for longer is dropped
    bool jitter = true; ///< gaps drawn from 0 to twice their mean; false: all gaps equal
};

/// An open loop: operations are due at times that do not depend on how fast the system answers.
/// A worker that falls behind sends late, and `due` stays what was intended. What is overdue for
/// more than the backlog limit, or when the time is over, is never invoked: the child is told
/// Failed, so that its stream stays in step with those of the other workers.
/// While the child itself waits, nothing is due.
class Paced : public Generator {
public:
    Paced(const Pace& pace, const StreamContext& context, Rng rng, GeneratorPtr child);
    Step next(const Moment& moment) override;
    void observe(const Invocation& op, const Completion& completion) override;

    /// Operations that were due and never invoked.
    [[nodiscard]] std::int64_t dropped() const { return dropped_; }

private:
    void schedule_next(Nanos from);
    Step drop_rest();

    Pace pace_;
    Nanos gap_;
    Nanos offset_; ///< of this worker's first operation
    Rng rng_;
    GeneratorPtr child_;
    bool started_ = false;
    bool child_waited_ = false;
    bool ended_ = false;
    Nanos end_ = 0;
    Nanos due_ = 0;
    std::int64_t dropped_ = 0;
};

/// Many independent objects, a window of which is in use at any moment.
struct KeyTurnover {
    std::int64_t active = 32;       ///< keys in use at any moment
    std::int64_t ops_per_key = 200; ///< about so many operations in a key's life
    std::int32_t workers = 1;       ///< that share the keys
    std::uint64_t seed = 0;         ///< the same for all these workers
};

/// Which keys are in use after so many operations of a worker. Every worker that has the same
/// parameters sees the same window after the same number of its own operations: workers that keep
/// pace share their keys, although none asks another. Keys of the window are replaced one by one,
/// at jittered counts, so that they do not align with faults. Key numbers count from 0 and are
/// never used again.
class KeyWindow {
public:
    explicit KeyWindow(const KeyTurnover& turnover);
    /// The key in this slot, 0 <= slot < active, after `count` operations. Requires: the counts
    /// asked of a slot never decrease.
    std::int64_t key(std::int64_t slot, std::int64_t count);

private:
    void schedule_turnover(std::int64_t slot);

    KeyTurnover turnover_;
    std::int64_t life_; ///< of a key, in operations of one worker
    std::vector<std::int64_t> generation_;
    std::vector<std::int64_t> turns_at_;
};

/// Independent keys with turnover: each operation goes to a key of the window, a few in a row to
/// the same one. `factory` makes this worker's stream on one key, which is dropped with the key;
/// it sets the keys of its operations itself. A key whose stream has ended or waits is passed over.
GeneratorPtr independent_keys(const KeyTurnover& turnover,
                              Rng rng,
                              std::function<GeneratorPtr(std::int64_t key)> factory);

} // namespace faultlab
