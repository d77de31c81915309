#include "simulator/batch.hpp"

#include "checker/monitors/catalogue.hpp"
#include "core/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace faultlab::simulator {

Execution execution_of(const Outcome& outcome) {
    return {.chain = outcome.chain, .verdict = outcome.verdict, .counters = outcome.counters};
}

void audit_executions(const Execution& once, const Execution& again, Audits& audits) {
    audits.judge(Audit::Determinism, once == again, [&] {
        return fmt::format("executed again, it has the chain {:016x}… instead of {:016x}…{}",
                           again.chain.high,
                           once.chain.high,
                           again.chain == once.chain ? " and another outcome" : "");
    });
}

void Batch::add_again(const Outcome& again) {
    FAULTLAB_CHECK(size_ > 0);
    audit_executions(first_, execution_of(again), audits_);
}

void Batch::add(std::uint64_t seed, const Outcome& outcome) {
    if (size_++ == 0) first_ = execution_of(outcome);
    events_ += outcome.events;
    commits_ += outcome.commits;
    simulated_ += outcome.simulated;
    for (const auto& [name, number] : outcome.counters)
        counters_[name] += number;
    audits_.add(outcome.audits);
    judged_.resize(outcome.judged.size());
    for (std::size_t rule = 0; rule < judged_.size(); ++rule)
        judged_[rule] += outcome.judged[rule];
    if (!outcome.outside.empty()) add_outside(seed, outcome.outside.front());
    if (outcome.verdict == Verdict::invalid) {
        failures_.push_back({.seed = seed, .alarm = outcome.alarms.front()});
    } else if (outcome.verdict == Verdict::unknown) {
        doubts_.push_back({.seed = seed, .reason = outcome.reason});
    }
}

void Batch::add_outside(std::uint64_t seed, const Aside& aside) {
    auto found = std::ranges::find(outside_, aside.by, &Outside::rule);
    if (found == outside_.end()) {
        outside_.push_back({.rule = aside.by, .why = aside.why, .first_seed = seed});
        found = std::prev(outside_.end());
    }
    ++found->simulations;
}

std::vector<Unmet> Batch::unmet() const {
    std::vector<Unmet> all;
    for (const Proof& proof : scenario_->proofs) {
        const auto found = counters_.find(proof.counter);
        const std::uint64_t measured = found == counters_.end() ? 0 : found->second;
        // A batch of any size must show it once.
        const std::uint64_t needed = std::max<std::uint64_t>(1, proof.minimum * size_ / 100);
        if (measured < needed)
            all.push_back({.proof = proof, .measured = measured, .needed = needed});
    }
    return all;
}

std::vector<std::string> Batch::unjudged() const {
    std::vector<std::string> rules;
    for (std::size_t rule = 0; rule < judged_.size(); ++rule) {
        if (judged_[rule] == 0) rules.emplace_back(monitor_catalogue()[rule].id);
    }
    return rules;
}

Verdict Batch::verdict() const {
    if (!failures_.empty()) return Verdict::invalid;
    if (size_ == 0 || !doubts_.empty() || !unmet().empty() || !audits_.mistakes().empty())
        return Verdict::unknown;
    return Verdict::valid;
}

} // namespace faultlab::simulator
