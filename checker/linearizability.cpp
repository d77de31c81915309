// Checker `linearizability`.
// Judges: whether the operations on each key can be put in one order that respects real time and is
// legal for a register. Exact, both ways; indeterminate operations stay open to the end of time.
// With the model kv keys that scans and transactions tie together are judged together
// (checker/kv_linearizability.cpp). Objects that are no registers: checker/object_catalogue.hpp.
// How: checker/register_judge.hpp, each key by itself; its statistics keys_by_METHOD say how many.
// Finds, for each key that cannot: a finding "nonlinearizable" with a reduced counterexample
// (checker/counterexample.hpp). Its details:
//   model         the model's name
//   class, rule   the heuristic class (checker/anomaly_class.hpp) and the rule that gave it
//   states        values that were possible before the divergence (versioned: [value, version])
//   observer      op that saw what it cannot have seen
//   value_writer  the only op that wrote the value it saw, if there is just one
//   missed_write  the newer update that it missed (stale_read, lost_update, duplicate_cas)
//   seen_by       the earlier observation of missed_write, when that had not returned in time
//   failed_writer a failed op that would have written the value (value_never_written)
//   reduced       false: `ops` holds the divergence only, because enough others were reduced
//   first_divergence_unknown  true: the divergence is where `ops` stop being legal, and whether the
//                 history did so before is not known
// Unknown: a budget was spent, or an operation does not fit the model.

#include "checker/anomaly_class.hpp"
#include "checker/catalogue_entries.hpp"
#include "checker/counterexample.hpp"
#include "checker/kv_model.hpp"
#include "checker/linearizability_parts.hpp"
#include "checker/object_catalogue.hpp"
#include "checker/object_linearizability.hpp"
#include "checker/register_keys.hpp"
#include "checker/register_model.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

/// A key that is not linearizable.
struct IllegalKey {
    Symbol key = 0;
    KeyOps ops;
    OpId stopped_at = -1;
    std::optional<Divergence> divergence;
    Index order = 0; ///< when it shows: earlier ones come first
};

class LinearizabilityCheck {
public:
    LinearizabilityCheck(const Record& record, RegisterModel model, const Budget& budget)
        : record_(record), history_(record.history), model_(model), budget_(budget) {}

    CheckResult run() {
        result_.checker = "linearizability";
        result_.verdict = Verdict::valid;
        std::vector<JudgedKey> judged = judge_keys(history_, model_, budget_);
        for (std::size_t k = 0; k < judged.size(); ++k)
            take(k, judged[k]);
        if (history_.keys().empty()) doubt("the history has no operations");
        for (IllegalKey& key : illegal_)
            place(key);
        std::ranges::stable_sort(illegal_, {}, &IllegalKey::order);
        for (std::size_t i = 0; i < illegal_.size(); ++i)
            result_.findings.push_back(explain(illegal_[i], i < reduced_at_most));
        std::ranges::move(doubts_, std::back_inserter(result_.findings));
        summarize();
        return std::move(result_);
    }

private:
    void doubt(std::string reason) {
        result_.verdict = worst(result_.verdict, Verdict::unknown);
        ++unknown_keys_;
        if (doubt_.empty()) doubt_ = std::move(reason);
    }

    void take(std::size_t k, JudgedKey& judged) {
        const Symbol key = history_.keys()[k];
        if (!judged.misfit.empty()) {
            doubt(std::move(judged.misfit));
            return;
        }
        const RegisterJudgement& judgement = judged.judgement;
        considered_ += judged.considered;
        ++keys_by_method_[to_string(judgement.method)];
        configurations_ += judgement.search.configurations;
        widest_ = std::max(widest_, judgement.search.widest);
        if (judgement.verdict == Verdict::invalid) {
            result_.verdict = Verdict::invalid;
            illegal_.push_back({.key = key,
                                .ops = std::move(judged.ops),
                                .stopped_at = judgement.search.stopped_at});
        } else if (judgement.verdict == Verdict::unknown) {
            doubt(
                fmt::format("key {}: {}", to_text(history_.value(key), 40), judgement.search.why));
            doubts_.push_back(
                budget_finding(judgement.search, to_string(model_), history_.value(key)));
        }
    }

    void place(IllegalKey& key) {
        key.divergence = find_divergence(key.ops.ops, budget_);
        const OpId id = key.divergence ? key.divergence->op.id : key.stopped_at;
        key.order = history_.ret_index()[static_cast<std::size_t>(id)];
    }

    Finding explain(const IllegalKey& key, bool reduced) {
        Finding finding{.checker = "linearizability",
                        .anomaly = "nonlinearizable",
                        .key = history_.value(key.key),
                        .considered_ops = key.ops.considered};
        finding.details["model"] = to_string(model_);
        finding.details["reduced"] = reduced && key.divergence.has_value();
        if (!key.divergence) {
            finding.divergence = key.stopped_at;
            finding.ops = {key.stopped_at};
            finding.details[divergence_not_first] = true;
        } else {
            finding.divergence = key.divergence->op.id;
            finding.explained_ops = key.divergence->explained;
            finding.ops = {finding.divergence};
            if (reduced) add_counterexample(key, finding);
        }
        finding.faults = faults_during(record_, finding.ops);
        return finding;
    }

    void add_counterexample(const IllegalKey& key, Finding& finding) {
        const Counterexample example = reduce(*key.divergence, model_, budget_);
        finding.minimal = example.minimal;
        finding.ops.clear();
        for (const RegisterOp& op : example.ops)
            finding.ops.push_back(op.id);
        Value::List states;
        for (const RegisterState& state : states_before(example, key.divergence->op, budget_))
            states.push_back(state_value(key.ops, state));
        finding.details["states"] = std::move(states);
        const AnomalyClass found = classify(*key.divergence, example);
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

    [[nodiscard]] Value state_value(const KeyOps& key, const RegisterState& state) const {
        const Value& value = *key.values[state.value];
        if (model_ != RegisterModel::versioned) return value;
        return Value::List{value, static_cast<std::int64_t>(state.version)};
    }

    /// A failed operation that would have written what the observer saw.
    [[nodiscard]] OpId refused(OpId observer) const {
        const Op saw = history_.op(observer);
        Value value = saw.ret;
        if (saw.f == "cas")
            value = (*saw.arg.list())[0];
        else if (model_ == RegisterModel::versioned)
            value = (*saw.ret.list())[0];
        const Symbol key = history_.key()[static_cast<std::size_t>(observer)];
        return failed_writer(history_, key, value, observer);
    }

    void summarize() {
        Params& statistics = result_.statistics;
        statistics["model"] = to_string(model_);
        statistics["keys"] = static_cast<std::int64_t>(history_.keys().size());
        statistics["keys_illegal"] = static_cast<std::int64_t>(illegal_.size());
        statistics["keys_unknown"] = unknown_keys_;
        statistics["ops_considered"] = considered_;
        statistics["configurations"] = configurations_;
        statistics["widest"] = widest_;
        for (const auto& [method, keys] : keys_by_method_)
            statistics[fmt::format("keys_by_{}", method)] = keys;
        if (!illegal_.empty()) {
            const Finding& first = result_.findings.front();
            const std::size_t more = illegal_.size() - std::min(illegal_.size(), reduced_at_most);
            result_.reason =
                fmt::format("{} of {} keys are not linearizable as {}; first: key {}{}",
                            illegal_.size(),
                            history_.keys().size(),
                            to_string(model_),
                            to_text(first.key, 40),
                            more == 0 ? "" : fmt::format("; {} not reduced", more));
        } else if (!doubt_.empty()) {
            result_.reason = unknown_keys_ > 1
                                 ? fmt::format("{} (and {} more keys)", doubt_, unknown_keys_ - 1)
                                 : doubt_;
        }
    }

    const Record& record_;
    const History& history_;
    RegisterModel model_;
    const Budget& budget_;
    CheckResult result_;
    std::vector<IllegalKey> illegal_;
    std::vector<Finding> doubts_; ///< after the violations
    std::string doubt_;           ///< the first reason of doubt
    std::int64_t unknown_keys_ = 0;
    std::int64_t considered_ = 0;
    std::int64_t configurations_ = 0;
    std::int64_t widest_ = 0;
    std::map<std::string_view, std::int64_t> keys_by_method_;
};

class Linearizability : public Checker {
public:
    explicit Linearizability(RegisterModel model) : model_(model) {}

    [[nodiscard]] CheckResult check(const Record& record, const Budget& budget) const override {
        return LinearizabilityCheck(record, model_, budget).run();
    }

private:
    RegisterModel model_;
};

class KvLinearizability : public Checker {
public:
    [[nodiscard]] CheckResult check(const Record& record, const Budget& budget) const override {
        return check_kv(record, budget);
    }
};

class ObjectLinearizability : public Checker {
public:
    explicit ObjectLinearizability(const ObjectModel& model) : model_(model) {}

    [[nodiscard]] CheckResult check(const Record& record, const Budget& budget) const override {
        return check_objects(record, model_, budget);
    }

private:
    const ObjectModel& model_;
};

} // namespace

std::vector<OptionSpec> linearizability_options() {
    std::vector<std::string> choices = {
        "cas-register", "versioned-register", "register", std::string(kv_model)};
    std::string objects;
    for (const ObjectModel* model : object_models()) {
        choices.emplace_back(model->name());
        objects += fmt::format("; {}: {}", model->name(), model->summary());
    }
    return {
        {.name = "model",
         .fallback = "cas-register",
         .choices = std::move(choices),
         .help = "what each key is: a register with compare-and-set on the value, on the version, "
                 "or none; or, with kv, what all keys are: one map, with scans and transactions" +
                 objects}};
}

Result<std::unique_ptr<Checker>> make_linearizability(const Options& options) {
    FAULTLAB_TRY(const Options complete,
                 complete_options(options, linearizability_options(), "checker linearizability"));
    if (complete.at("model") == kv_model)
        return std::unique_ptr<Checker>(std::make_unique<KvLinearizability>());
    if (const ObjectModel* object = find_object_model(complete.at("model")))
        return std::unique_ptr<Checker>(std::make_unique<ObjectLinearizability>(*object));
    const auto model = register_model(complete.at("model"));
    FAULTLAB_CHECK(model.has_value());
    return std::unique_ptr<Checker>(std::make_unique<Linearizability>(*model));
}

} // namespace faultlab
