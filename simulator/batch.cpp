#include "simulator/batch.hpp"

#include "checker/monitors/catalogue.hpp"

#include <algorithm>
#include <iterator>

namespace faultlab::simulator {

void Batch::add(std::uint64_t seed, const Outcome& outcome) {
    ++size_;
    events_ += outcome.events;
    commits_ += outcome.commits;
    simulated_ += outcome.simulated;
    for (const auto& [name, number] : outcome.counters)
        counters_[name] += number;
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
    if (size_ == 0 || !doubts_.empty() || !unmet().empty()) return Verdict::unknown;
    return Verdict::valid;
}

} // namespace faultlab::simulator
