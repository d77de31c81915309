#pragma once

#include "core/record.hpp"
#include "core/result.hpp"
#include "core/types.hpp"
#include "core/value.hpp"
#include "core/verdict.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace faultlab {

/// Threads that a check may use: pure code starts none by itself.
class Workers {
public:
    virtual ~Workers() = default;
    [[nodiscard]] virtual std::size_t count() const = 0;
    /// Runs the body once in each of count() threads and returns when all of them have ended. What
    /// a body throws is thrown here.
    virtual void run(const std::function<void()>& body) const = 0;
};

/// What a check may use. Spent means `unknown` with the reason, never a guess. Pure code has no
/// clock, so time is what the caller says it is: `expired` is set by whoever watches the clock.
struct Budget {
    const std::atomic<bool>* expired = nullptr;        ///< null: no limit on time
    std::int64_t memory_bytes = std::int64_t{2} << 30; ///< of each search
    const Workers* workers = nullptr; ///< null: everything in the calling thread. No verdict or
                                      ///< finding depends on how many there are.

    [[nodiscard]] bool out_of_time() const {
        return expired != nullptr && expired->load(std::memory_order_relaxed);
    }
};

/// One violation (or one reason of doubt), citing what a page can draw.
struct Finding {
    std::string checker;
    std::string anomaly;   ///< a class with a template for its sentence: "nonlinearizable", …
    Value key;             ///< absent where there is none
    std::vector<OpId> ops; ///< the counterexample, in order of invocation
    std::vector<FaultId> faults; ///< active in its window
    OpId divergence = -1;        ///< the operation that no order explains; -1: does not apply
    std::int64_t considered_ops = 0;
    std::int64_t explained_ops = 0; ///< the longest explanation covers so many of them
    bool minimal = false; ///< nothing can be removed from `ops` and still fail: proven by trial
    Params details;       ///< further facts of this class, for its template
};

struct CheckResult {
    std::string checker;
    Verdict verdict = Verdict::unknown;
    std::string reason; ///< empty only when valid; one line for people
    std::vector<Finding> findings;
    Params statistics;
    Nanos took =
        -1; ///< how long it took; -1: not known. Set by who calls the checker and has a clock
};

/// Judges a record. `check` is pure: same record, same budget outcome, same result; it may be
/// called from several threads at once.
class Checker {
public:
    virtual ~Checker() = default;
    [[nodiscard]] virtual CheckResult check(const Record& record, const Budget& budget) const = 0;
};

/// A checker that a workload wants, by name in checker/catalogue.hpp.
struct CheckerRequest {
    std::string name;
    Options options;
};

} // namespace faultlab
