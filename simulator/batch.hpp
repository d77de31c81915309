#pragma once

#include "simulator/simulation.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace faultlab::simulator {

/// By what two executions of one simulation are told apart.
struct Execution {
    Checksum chain;
    Verdict verdict = Verdict::unknown;
    Counters counters;
    friend bool operator==(const Execution&, const Execution&) = default;
};
[[nodiscard]] Execution execution_of(const Outcome& outcome);
/// Audit determinism.
void audit_executions(const Execution& once, const Execution& again, Audits& audits);

/// A proof that a batch does not give.
struct Unmet {
    Proof proof;
    std::uint64_t measured = 0;
    std::uint64_t needed = 0; ///< for as many simulations
};

/// What many simulations of one scenario say together. Outcomes are added in the order of their
/// seeds, so that it does not matter who ran them, and when.
class Batch {
public:
    struct Failure {
        std::uint64_t seed = 0;
        Alarm alarm; ///< the first
    };
    struct Doubt {
        std::uint64_t seed = 0;
        std::string reason;
    };

    /// A rule that lies broke, outside the model.
    struct Outside {
        std::string rule;
        std::string why;
        std::uint64_t simulations = 0;
        std::uint64_t first_seed = 0;
    };

    explicit Batch(const Scenario& scenario) : scenario_(&scenario) {}
    void add(std::uint64_t seed, const Outcome& outcome);
    /// The simulation that was added first, executed once more: an audit. Requires: there is one.
    void add_again(const Outcome& again);

    [[nodiscard]] const Scenario& scenario() const { return *scenario_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::uint64_t valid() const { return size_ - failures_.size() - doubts_.size(); }
    [[nodiscard]] const std::vector<Failure>& failures() const { return failures_; }
    [[nodiscard]] const std::vector<Doubt>& doubts() const { return doubts_; }
    /// In the order in which they came. A simulation is listed under the rule that broke first.
    [[nodiscard]] const std::vector<Outside>& outside() const { return outside_; }
    [[nodiscard]] std::uint64_t events() const { return events_; }
    [[nodiscard]] std::uint64_t commits() const { return commits_; }
    [[nodiscard]] Nanos simulated() const { return simulated_; }
    [[nodiscard]] const Counters& counters() const { return counters_; }
    /// What the scenario must have done and has not: then the batch is vacuous.
    [[nodiscard]] std::vector<Unmet> unmet() const;
    /// What the audits saw of the simulator, and by chance only in all of it: see Audits.
    [[nodiscard]] const Audits& audits() const { return audits_; }
    /// Ids of the rules that had nothing to judge in all of it: nobody knows whether they hold.
    [[nodiscard]] std::vector<std::string> unjudged() const;
    /// Invalid when one simulation is; unknown when one is, when the batch is vacuous, or when the
    /// simulator made a mistake.
    [[nodiscard]] Verdict verdict() const;

private:
    void add_outside(std::uint64_t seed, const Aside& aside);

    const Scenario* scenario_;
    std::uint64_t size_ = 0;
    std::vector<Failure> failures_;
    std::vector<Doubt> doubts_;
    std::vector<Outside> outside_;
    std::uint64_t events_ = 0;
    std::uint64_t commits_ = 0;
    Nanos simulated_ = 0;
    Counters counters_;
    std::vector<std::uint64_t> judged_; ///< by rule, as in their catalogue
    Audits audits_;
    Execution first_;
};

} // namespace faultlab::simulator
