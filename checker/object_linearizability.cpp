#include "checker/object_linearizability.hpp"

#include "checker/linearizability_parts.hpp"
#include "checker/object_explanation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

/// A part of an object that is not linearizable.
struct IllegalPart {
    Symbol key = 0;
    std::vector<ObjectOp> ops;
    Judgement judgement;
    std::optional<ObjectCut> cut; ///< nothing: it was not found
    Index order = 0;              ///< when it shows: earlier ones come first
};

class ObjectCheck {
public:
    ObjectCheck(const Record& record, const ObjectModel& model, const Budget& budget)
        : record_(record), history_(record.history), model_(model), budget_(budget) {}

    CheckResult run() {
        result_.checker = "linearizability";
        result_.verdict = Verdict::valid;
        for (std::size_t k = 0; k < history_.keys().size(); ++k)
            judge_object(k);
        if (history_.keys().empty()) doubt("the history has no operations");
        for (IllegalPart& part : illegal_)
            place(part);
        std::ranges::stable_sort(illegal_, {}, &IllegalPart::order);
        for (std::size_t i = 0; i < illegal_.size(); ++i)
            result_.findings.push_back(explain(illegal_[i], i < reduced_at_most));
        std::ranges::move(doubts_, std::back_inserter(result_.findings));
        summarize();
        return std::move(result_);
    }

private:
    void doubt(std::string reason) {
        result_.verdict = worst(result_.verdict, Verdict::unknown);
        ++unknown_;
        if (doubt_.empty()) doubt_ = std::move(reason);
    }

    void judge_object(std::size_t k) {
        auto ops = read_object_ops(history_, history_.ops_of_key(k), model_);
        if (!ops) {
            doubt(ops.error().message);
            return;
        }
        considered_ += static_cast<std::int64_t>(ops->size());
        bool illegal = false;
        for (auto& part : model_.partitions(history_, std::move(*ops)))
            illegal |= judge_part(history_.keys()[k], std::move(part));
        if (illegal) ++illegal_objects_;
    }

    /// True when it is not linearizable.
    bool judge_part(Symbol key, std::vector<ObjectOp> ops) {
        ++parts_;
        Judgement judgement = model_.judge({.history = history_, .ops = ops}, budget_, {});
        configurations_ += judgement.configurations;
        widest_ = std::max(widest_, judgement.widest);
        if (judgement.verdict == Verdict::invalid) {
            result_.verdict = Verdict::invalid;
            illegal_.push_back(
                {.key = key, .ops = std::move(ops), .judgement = std::move(judgement)});
            return true;
        }
        if (judgement.verdict == Verdict::unknown) {
            doubt(fmt::format("{}{}", where(key), judgement.why));
            const SearchOutcome outcome{.verdict = judgement.verdict,
                                        .stopped_at = judgement.stopped_at,
                                        .why = judgement.why,
                                        .widest = judgement.widest,
                                        .pending = judgement.pending};
            doubts_.push_back(budget_finding(outcome, model_.name(), history_.value(key)));
        }
        return false;
    }

    void place(IllegalPart& part) {
        const ObjectPartition partition{.history = history_, .ops = part.ops};
        part.cut = find_object_cut(model_, partition, part.judgement, budget_);
        part.order = part.cut ? history_.ret_index()[static_cast<std::size_t>(part.cut->divergence)]
                              : shows_at(part.judgement, part.ops);
    }

    /// The return of the last operation of the certificate, or where a search stopped.
    [[nodiscard]] Index shows_at(const Judgement& judgement,
                                 const std::vector<ObjectOp>& ops) const {
        Index latest = ops.back().inv;
        if (judgement.certificate) {
            latest = 0;
            for (const OpId id : judgement.certificate->ops) {
                const Index ret = history_.ret_index()[static_cast<std::size_t>(id)];
                if (ret != never) latest = std::max(latest, ret);
            }
        } else if (judgement.stopped_at >= 0) {
            latest = history_.ret_index()[static_cast<std::size_t>(judgement.stopped_at)];
        }
        return latest;
    }

    [[nodiscard]] std::string where(Symbol key) const {
        return model_.per_key() ? fmt::format("key {}: ", to_text(history_.value(key), 40)) : "";
    }

    Finding explain(IllegalPart& part, bool reduced) {
        Finding finding{.checker = "linearizability",
                        .anomaly = "nonlinearizable",
                        .key = history_.value(part.key),
                        .considered_ops = static_cast<std::int64_t>(part.ops.size())};
        Judgement& judgement = part.judgement;
        if (reduced) {
            const ObjectPartition partition{.history = history_, .ops = part.ops};
            explain_object(model_, partition, part.cut, budget_, judgement);
        } else if (part.cut) {
            judgement.divergence = part.cut->divergence;
            judgement.explained = part.cut->explained;
            // What proves the whole may have been completed later only.
            if (part.order < shows_at(judgement, part.ops)) judgement.certificate.reset();
        }
        finding.divergence =
            judgement.divergence >= 0 ? judgement.divergence : judgement.stopped_at;
        finding.explained_ops = judgement.explained;
        finding.details["model"] = model_.name();
        finding.details["reduced"] = reduced && judgement.divergence >= 0;
        if (!part.cut) finding.details[divergence_not_first] = true;
        if (judgement.certificate) {
            cite(*judgement.certificate, finding);
        } else if (finding.divergence >= 0) {
            finding.ops = {finding.divergence};
        }
        finding.faults = faults_during(record_, finding.ops);
        return finding;
    }

    static void cite(const Certificate& certificate, Finding& finding) {
        finding.ops = certificate.ops;
        finding.minimal = certificate.minimal;
        if (finding.divergence < 0 && !finding.ops.empty()) finding.divergence = finding.ops.back();
        for (const auto& [name, value] : certificate.facts)
            finding.details[name] = value;
        finding.details["class"] = certificate.anomaly;
        finding.details["rule"] = certificate.rule;
        if (certificate.observer >= 0) finding.details["observer"] = certificate.observer;
        if (certificate.other >= 0) finding.details["other"] = certificate.other;
    }

    void summarize() {
        Params& statistics = result_.statistics;
        const auto objects = static_cast<std::int64_t>(history_.keys().size());
        statistics["model"] = model_.name();
        statistics["objects"] = objects;
        statistics["objects_illegal"] = illegal_objects_;
        statistics["parts"] = parts_;
        statistics["parts_unknown"] = unknown_;
        statistics["ops_considered"] = considered_;
        statistics["configurations"] = configurations_;
        statistics["widest"] = widest_;
        if (!illegal_.empty()) {
            const Finding& first = result_.findings.front();
            const std::size_t more = illegal_.size() - std::min(illegal_.size(), reduced_at_most);
            result_.reason =
                fmt::format("{} of {} objects are not linearizable as {}; first: {}{}",
                            illegal_objects_,
                            objects,
                            model_.name(),
                            model_.per_key() ? "key " + to_text(first.key, 40)
                                             : fmt::format("operation {}", first.divergence),
                            more == 0 ? "" : fmt::format("; {} not reduced", more));
        } else if (!doubt_.empty()) {
            result_.reason =
                unknown_ > 1 ? fmt::format("{} (and {} more parts)", doubt_, unknown_ - 1) : doubt_;
        }
    }

    const Record& record_;
    const History& history_;
    const ObjectModel& model_;
    const Budget& budget_;
    CheckResult result_;
    std::vector<IllegalPart> illegal_;
    std::vector<Finding> doubts_; ///< after the violations
    std::string doubt_;           ///< the first reason of doubt
    std::int64_t unknown_ = 0;
    std::int64_t parts_ = 0;
    std::int64_t illegal_objects_ = 0;
    std::int64_t considered_ = 0;
    std::int64_t configurations_ = 0;
    std::int64_t widest_ = 0;
};

} // namespace

CheckResult check_objects(const Record& record, const ObjectModel& model, const Budget& budget) {
    return ObjectCheck(record, model, budget).run();
}

} // namespace faultlab
