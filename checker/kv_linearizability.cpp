// The checker linearizability with the model kv (checker/kv_model.hpp).
// How: keys that scans and transactions tie together are one group, each group is searched by
// itself (checker/kv_search.hpp). A violation is shown on as few keys as it takes.

#include "checker/anomaly_class.hpp"
#include "checker/kv_counterexample.hpp"
#include "checker/kv_model.hpp"
#include "checker/kv_search.hpp"
#include "checker/linearizability_parts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

/// A group that is not linearizable.
struct IllegalGroup {
    KvGroup* group = nullptr;
    OpId stopped_at = -1;
    std::optional<KvDivergence> divergence;
    Index order = 0; ///< when it shows: earlier ones come first
};

class KvCheck {
public:
    KvCheck(const Record& record, const Budget& budget)
        : record_(record), history_(record.history), budget_(budget) {}

    CheckResult run() {
        result_.checker = "linearizability";
        result_.verdict = Verdict::valid;
        auto groups = read_kv_groups(history_, LinearizabilityRules{});
        if (groups) {
            groups_ = std::move(*groups);
        } else {
            doubt(groups.error().message);
        }
        if (history_.size() == 0) doubt("the history has no operations");
        for (KvGroup& group : groups_)
            judge_group(group);
        for (IllegalGroup& illegal : illegal_)
            place(illegal);
        std::ranges::stable_sort(illegal_, {}, &IllegalGroup::order);
        for (std::size_t i = 0; i < illegal_.size(); ++i)
            result_.findings.push_back(explain(illegal_[i], i < reduced_at_most));
        std::ranges::move(doubts_, std::back_inserter(result_.findings));
        summarize();
        return std::move(result_);
    }

private:
    void doubt(std::string reason) {
        result_.verdict = worst(result_.verdict, Verdict::unknown);
        ++unknown_groups_;
        if (doubt_.empty()) doubt_ = std::move(reason);
    }

    void judge_group(KvGroup& group) {
        keys_ += static_cast<std::int64_t>(group.places.keys());
        considered_ += group.considered;
        largest_ = std::max(largest_, group.places.keys());
        if (group.misfit) {
            doubt(group.misfit->message);
            return;
        }
        const SearchOutcome outcome = search_kv(group.ops, group.places, budget_);
        configurations_ += outcome.configurations;
        widest_ = std::max(widest_, outcome.widest);
        if (outcome.verdict == Verdict::invalid) {
            result_.verdict = Verdict::invalid;
            illegal_.push_back({.group = &group, .stopped_at = outcome.stopped_at});
        } else if (outcome.verdict == Verdict::unknown) {
            const Value& key = group.places.key(0);
            const std::size_t others = group.places.keys() - 1;
            doubt(fmt::format("key {}{}: {}",
                              to_text(key, 40),
                              others == 0 ? "" : fmt::format(" and {} tied to it", others),
                              outcome.why));
            doubts_.push_back(budget_finding(outcome, kv_model, others == 0 ? key : Value{}));
        }
    }

    void place(IllegalGroup& illegal) {
        illegal.divergence = find_kv_divergence(illegal.group->ops, illegal.group->places, budget_);
        const OpId id = illegal.divergence ? illegal.divergence->op.id : illegal.stopped_at;
        illegal.order = history_.ret_index()[static_cast<std::size_t>(id)];
    }

    Finding explain(const IllegalGroup& illegal, bool reduced) {
        KvPlaces& places = illegal.group->places;
        Finding finding{.checker = "linearizability",
                        .anomaly = "nonlinearizable",
                        .considered_ops = illegal.group->considered};
        if (places.keys() == 1) finding.key = places.key(0);
        finding.details["model"] = kv_model;
        finding.details["reduced"] = reduced && illegal.divergence.has_value();
        if (!illegal.divergence) {
            finding.divergence = illegal.stopped_at;
            finding.ops = {illegal.stopped_at};
            finding.details[divergence_not_first] = true;
        } else {
            finding.divergence = illegal.divergence->op.id;
            finding.explained_ops = illegal.divergence->explained;
            finding.ops = {finding.divergence};
            if (reduced) add_counterexample(*illegal.divergence, places, finding);
        }
        finding.faults = faults_during(record_, finding.ops);
        return finding;
    }

    void add_counterexample(const KvDivergence& divergence, KvPlaces& places, Finding& finding) {
        const KvDivergence narrow = narrow_to_keys(divergence, places, budget_);
        const KvCounterexample example = reduce_kv(narrow, places, budget_);
        finding.minimal = example.minimal;
        finding.ops.clear();
        for (const KvOp& op : example.ops)
            finding.ops.push_back(op.id);
        std::vector<KeyId> keys = keys_of(example.ops);
        std::ranges::sort(keys, [&](KeyId a, KeyId b) { return places.key(a) < places.key(b); });
        if (keys.size() == 1) {
            finding.key = places.key(keys[0]);
        } else {
            Value::List names;
            for (const KeyId key : keys)
                names.push_back(places.key(key));
            finding.details["keys"] = std::move(names);
        }
        finding.details["states"] = states_before(example, narrow.op, keys, places);
        const AnomalyClass found = classify_kv(narrow, example, places);
        finding.details["class"] = found.name;
        finding.details["rule"] = found.rule;
        const auto cite = [&](const char* name, OpId op) {
            if (op >= 0) finding.details[name] = op;
        };
        cite("observer", found.observer);
        cite("value_writer", found.value_writer);
        cite("missed_write", found.missed_write);
        cite("seen_by", found.seen_by);
        if (found.name == "value_never_written") cite("failed_writer", refused(found.observer));
    }

    /// The states of these keys that were possible, had the divergence not been invoked.
    Value states_before(const KvCounterexample& example,
                        const KvOp& divergence,
                        const std::vector<KeyId>& keys,
                        KvPlaces& places) {
        std::vector<KvOp> others = example.ops;
        std::erase_if(others, [&](const KvOp& op) { return op.id == divergence.id; });
        Value::List states;
        for (const auto& state : final_kv_states(others, places, budget_)) {
            Value::List values;
            for (const KeyId key : keys)
                values.push_back(places.value(state[key]));
            states.push_back(keys.size() == 1 ? std::move(values[0]) : Value(std::move(values)));
        }
        return states;
    }

    /// A failed operation that would have written what the observer read.
    [[nodiscard]] OpId refused(OpId observer) const {
        const Op saw = history_.op(observer);
        if (saw.f != "read" && saw.f != "cas" && saw.f != "swap") return -1;
        const Value value = saw.f == "cas" ? (*saw.arg.list())[0] : saw.ret;
        const Symbol key = history_.key()[static_cast<std::size_t>(observer)];
        return failed_writer(history_, key, value, observer);
    }

    void summarize() {
        Params& statistics = result_.statistics;
        statistics["model"] = kv_model;
        statistics["keys"] = keys_;
        statistics["groups"] = static_cast<std::int64_t>(groups_.size());
        statistics["groups_illegal"] = static_cast<std::int64_t>(illegal_.size());
        statistics["groups_unknown"] = unknown_groups_;
        statistics["keys_in_largest_group"] = static_cast<std::int64_t>(largest_);
        statistics["ops_considered"] = considered_;
        statistics["configurations"] = configurations_;
        statistics["widest"] = widest_;
        if (!illegal_.empty()) {
            result_.reason = accusation();
        } else if (!doubt_.empty()) {
            result_.reason =
                unknown_groups_ > 1
                    ? fmt::format("{} (and {} more groups of keys)", doubt_, unknown_groups_ - 1)
                    : doubt_;
        }
    }

    [[nodiscard]] std::string accusation() const {
        const Finding& first = result_.findings.front();
        const auto keys = first.details.find("keys");
        std::string where = "key " + to_text(first.key, 40);
        if (keys != first.details.end()) {
            std::vector<std::string> names;
            for (const Value& key : *keys->second.list())
                names.push_back(to_text(key, 40));
            where = fmt::format("keys {}", fmt::join(names, ", "));
        } else if (first.key.is_absent()) {
            where = fmt::format("operation {}", first.divergence);
        }
        const std::size_t more = illegal_.size() - std::min(illegal_.size(), reduced_at_most);
        return fmt::format("{} of {} groups of keys are not linearizable as {}; first: {}{}",
                           illegal_.size(),
                           groups_.size(),
                           kv_model,
                           where,
                           more == 0 ? "" : fmt::format("; {} not reduced", more));
    }

    const Record& record_;
    const History& history_;
    const Budget& budget_;
    CheckResult result_;
    std::vector<KvGroup> groups_;
    std::vector<IllegalGroup> illegal_;
    std::vector<Finding> doubts_; ///< after the violations
    std::string doubt_;           ///< the first reason of doubt
    std::int64_t unknown_groups_ = 0;
    std::int64_t keys_ = 0;
    std::size_t largest_ = 0;
    std::int64_t considered_ = 0;
    std::int64_t configurations_ = 0;
    std::int64_t widest_ = 0;
};

} // namespace

CheckResult check_kv(const Record& record, const Budget& budget) {
    return KvCheck(record, budget).run();
}

} // namespace faultlab
