#pragma once

#include "core/checker.hpp"
#include "core/generator.hpp"
#include "core/options.hpp"
#include "core/plan.hpp"

#include <span>
#include <string>
#include <vector>

namespace faultlab {

/// What clients do, and what must hold of it afterwards. All members are pure.
class Workload {
public:
    virtual ~Workload() = default;
    [[nodiscard]] virtual std::vector<OptionSpec> options() const = 0;
    /// The operation kinds it emits: systems must be able to do them all.
    [[nodiscard]] virtual std::vector<std::string> operations(const Options& options) const = 0;
    /// The stream of one worker while faults come and go. It ends by the plan's duration.
    [[nodiscard]] virtual GeneratorPtr body(const Plan& plan,
                                            const StreamContext& context) const = 0;
    /// The stream of one worker after the last heal: the reads that prove what was lost.
    /// `keys` are all keys that the body touched, the same for every worker.
    [[nodiscard]] virtual GeneratorPtr final_reads(const Plan& plan,
                                                   const StreamContext& context,
                                                   std::span<const Value> keys) const = 0;
    [[nodiscard]] virtual std::vector<CheckerRequest> checkers(const Options& options) const = 0;
};

} // namespace faultlab
