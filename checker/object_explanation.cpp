#include "checker/object_explanation.hpp"

#include "checker/delta_debugging.hpp"
#include "core/check.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace faultlab {
namespace {

constexpr std::size_t most_permuted = 12;
constexpr std::ptrdiff_t few_fixed = 8;
constexpr std::size_t short_history = 1'000;

/// Halves the returns of an illegal partition until it is known which is the first by which it is
/// illegal: a prefix of a legal history is legal. Begins where that return probably is.
class CutSearch {
public:
    CutSearch(const ObjectModel& model,
              const ObjectPartition& partition,
              const Judgement& judgement,
              const Budget& budget)
        : model_(model), partition_(partition), budget_(budget) {
        for (const ObjectOp& op : partition.ops) {
            if (op.definite()) returns_.push_back(&op);
        }
        std::ranges::sort(returns_, {}, &ObjectOp::ret);
        illegal_ = returns_.size();
        quick_ = returns_.size() > short_history;
        if (judgement.certificate)
            begin_at_proof(judgement.certificate->ops);
        else if (judgement.stopped_at >= 0)
            begin_at_stop(judgement.stopped_at);
    }

    std::optional<ObjectCut> run() {
        while (illegal_ - legal_ > 1) {
            const bool at_proof = proven_ > 0;
            const std::size_t middle = next();
            const Verdict verdict = judge(middle);
            if (verdict == Verdict::unknown) return std::nullopt;
            const bool expected = (verdict == Verdict::invalid) == backwards_;
            (verdict == Verdict::invalid ? illegal_ : legal_) = middle;
            step_ = !expected ? 0 : at_proof ? 1 : step_ * 2;
        }
        const ObjectOp& op = *returns_[illegal_ - 1];
        return ObjectCut{.divergence = op.id,
                         .explained = static_cast<std::int64_t>(illegal_ - 1),
                         .ops = object_prefix(partition_.ops, op.ret)};
    }

private:
    /// What proves that the whole is illegal had often just returned.
    void begin_at_proof(const std::vector<OpId>& ops) {
        for (std::size_t i = 0; i < returns_.size(); ++i) {
            if (!std::ranges::binary_search(ops, returns_[i]->id)) continue;
            proven_ = i + 1;
            step_ = 1;
        }
    }

    /// Until the return before, the search found orders that even explain answers that came later.
    void begin_at_stop(OpId stopped_at) {
        const auto stop = std::ranges::find(returns_, stopped_at, &ObjectOp::id);
        legal_ = static_cast<std::size_t>(stop - returns_.begin());
        backwards_ = false;
        step_ = 1;
        whole_judgements_ = 2;
    }

    std::size_t next() {
        if (step_ == 0) return legal_ + (illegal_ - legal_) / 2;
        if (!backwards_) return std::min(legal_ + step_, illegal_ - 1);
        const std::size_t end = std::exchange(proven_, 0);
        if (end > 0) return std::clamp(end, legal_ + 1, illegal_ - 1);
        return std::max(illegal_ - std::min(step_, illegal_), legal_ + 1);
    }

    /// Of long histories every prefix must be judged quickly, but for those few that cost no more
    /// than the whole did.
    Verdict judge(std::size_t middle) {
        const auto prefix = object_prefix(partition_.ops, returns_[middle - 1]->ret);
        const ObjectPartition known{.history = partition_.history, .ops = prefix};
        Verdict verdict = model_.judge(known, budget_, {.quick = quick_}).verdict;
        if (verdict == Verdict::unknown && quick_ && whole_judgements_ > 0) {
            --whole_judgements_;
            verdict = model_.judge(known, budget_, {}).verdict;
        }
        return verdict;
    }

    const ObjectModel& model_;
    const ObjectPartition& partition_;
    const Budget& budget_;
    std::vector<const ObjectOp*> returns_;
    std::size_t legal_ = 0; ///< so many returns are legal
    std::size_t illegal_ = 0;
    std::size_t proven_ = 0; ///< by so many returns there is the whole proof; 0: none, or asked
    std::size_t step_ = 0;   ///< how far to go next; 0: halves
    bool backwards_ = true;  ///< from what is illegal
    bool quick_ = false;
    int whole_judgements_ = 0; ///< so many more are worth it
};

/// What DeltaDebugging asks of an object. Operations that the model never lets go are no part of
/// what is reduced, and of all that is judged.
class ObjectProblem {
public:
    ObjectProblem(const ObjectModel& model,
                  const ObjectPartition& all,
                  const std::vector<bool>& fixed,
                  const Budget& budget)
        : model_(model), all_(all), fixed_(fixed), budget_(budget) {
        smallest_ = static_cast<std::size_t>(std::ranges::count(fixed, false));
    }

    /// `kept` has one flag an operation that is not fixed.
    [[nodiscard]] std::vector<ObjectOp> rest(const std::vector<bool>& kept) const {
        std::vector<bool> flags = fixed_;
        for (std::size_t i = 0, next = 0; i < flags.size(); ++i) {
            if (!fixed_[i]) flags[i] = kept[next++];
        }
        model_.support(all_, flags);
        std::vector<ObjectOp> ops;
        for (std::size_t i = 0; i < flags.size(); ++i) {
            if (flags[i] && !fixed_[i]) ops.push_back(all_.ops[i]);
        }
        return ops;
    }

    /// Counts a rest that is not smaller than what is known to be illegal as legal: it is no step.
    [[nodiscard]] Verdict judge(const std::vector<ObjectOp>& rest) {
        if (rest.size() >= smallest_) return Verdict::valid;
        const auto ops = with_fixed(rest);
        const Verdict verdict =
            model_.judge({.history = all_.history, .ops = ops}, budget_, {}).verdict;
        if (verdict == Verdict::invalid) smallest_ = rest.size();
        return verdict;
    }

    [[nodiscard]] std::vector<ObjectOp> with_fixed(const std::vector<ObjectOp>& rest) const {
        std::vector<ObjectOp> ops = rest;
        for (std::size_t i = 0; i < fixed_.size(); ++i) {
            if (fixed_[i]) ops.push_back(all_.ops[i]);
        }
        std::ranges::sort(ops, {}, &ObjectOp::inv);
        return ops;
    }

private:
    const ObjectModel& model_;
    const ObjectPartition& all_;
    const std::vector<bool>& fixed_;
    const Budget& budget_;
    std::size_t smallest_ = 0;
};

std::vector<bool> fixed_operations(const ObjectModel& model, const ObjectPartition& all) {
    std::vector<bool> kept(all.ops.size(), false);
    model.support(all, kept);
    return kept;
}

bool overlap(const ObjectOp& a, const ObjectOp& b) {
    return a.inv < b.ret && b.inv < a.ret;
}

/// What a reader must look at: the reduced operations, and of those that cannot be removed all when
/// they are few, else the ones beside them in time.
std::vector<OpId> cited(const std::vector<ObjectOp>& reduced,
                        const ObjectPartition& all,
                        const std::vector<bool>& fixed,
                        OpId divergence) {
    std::vector<ObjectOp> looked_at = reduced;
    if (looked_at.empty()) {
        looked_at.push_back(*std::ranges::find(all.ops, divergence, &ObjectOp::id));
    }
    std::vector<OpId> ids;
    for (const ObjectOp& op : looked_at)
        ids.push_back(op.id);
    const bool few = std::ranges::count(fixed, true) <= few_fixed;
    for (std::size_t i = 0; i < fixed.size(); ++i) {
        const auto beside = [&](const ObjectOp& op) {
            return op.id != all.ops[i].id && overlap(op, all.ops[i]);
        };
        if (fixed[i] && (few || std::ranges::any_of(looked_at, beside)))
            ids.push_back(all.ops[i].id);
    }
    std::ranges::sort(ids);
    const auto repeated = std::ranges::unique(ids);
    ids.erase(repeated.begin(), repeated.end());
    return ids;
}

/// Whether they are legal without any one of them, and without any two.
bool all_needed(const ObjectModel& model, const ObjectPartition& cited, const Budget& budget) {
    if (cited.ops.size() > most_permuted) return false;
    for (std::size_t a = 0; a < cited.ops.size(); ++a) {
        for (std::size_t b = a; b < cited.ops.size(); ++b) {
            std::vector<ObjectOp> rest;
            for (std::size_t i = 0; i < cited.ops.size(); ++i) {
                if (i != a && i != b) rest.push_back(cited.ops[i]);
            }
            const ObjectPartition partition{.history = cited.history, .ops = rest};
            if (model.judge(partition, budget, {}).verdict != Verdict::valid) return false;
        }
    }
    return true;
}

bool can_follow(const ObjectModel& model, const ObjectPartition& ops, std::vector<OpId>& order) {
    Index earliest_return = never;
    const auto taken = [&](const ObjectOp& op) {
        return std::ranges::find(order, op.id) != order.end();
    };
    for (const ObjectOp& op : ops.ops) {
        if (!taken(op)) earliest_return = std::min(earliest_return, op.ret);
    }
    if (earliest_return == never) return true;
    for (const ObjectOp& op : ops.ops) {
        if (taken(op) || op.inv > earliest_return) continue;
        order.push_back(op.id);
        const bool legal = model.plays(ops, order) && can_follow(model, ops, order);
        order.pop_back();
        if (legal) return true;
    }
    return false;
}

} // namespace

std::vector<ObjectOp> object_prefix(std::span<const ObjectOp> ops, Index cut) {
    std::vector<ObjectOp> prefix;
    for (const ObjectOp& op : ops) {
        if (op.inv >= cut) break;
        prefix.push_back(op);
        if (op.ret <= cut) continue;
        prefix.back().ret = never;
        prefix.back().result = no_result;
    }
    return prefix;
}

std::optional<ObjectCut> find_object_cut(const ObjectModel& model,
                                         const ObjectPartition& partition,
                                         const Judgement& judgement,
                                         const Budget& budget) {
    return CutSearch(model, partition, judgement, budget).run();
}

void explain_object(const ObjectModel& model,
                    const ObjectPartition& partition,
                    const std::optional<ObjectCut>& cut,
                    const Budget& budget,
                    Judgement& judgement) {
    const std::span<const ObjectOp> known =
        cut ? std::span<const ObjectOp>(cut->ops) : partition.ops;
    const ObjectPartition all{.history = partition.history, .ops = known};
    const std::vector<bool> fixed = fixed_operations(model, all);
    std::vector<ObjectOp> removable;
    for (std::size_t i = 0; i < fixed.size(); ++i) {
        if (!fixed[i]) removable.push_back(all.ops[i]);
    }
    const ObjectProblem problem(model, all, fixed, budget);
    DeltaDebugging<ObjectOp, ObjectProblem> debugging(removable, problem, budget);
    if (cut && std::ranges::find(removable, cut->divergence, &ObjectOp::id) != removable.end())
        debugging.remove_last(cut->divergence);
    if (const auto quick = model.judge(all, budget, {}).certificate) {
        debugging.try_without(
            [&](const ObjectOp& op) { return !std::ranges::binary_search(quick->ops, op.id); });
    }
    const bool minimal = removable.empty() || debugging.finish();
    const auto reduced = problem.with_fixed(debugging.kept());
    const ObjectPartition rest{.history = all.history, .ops = reduced};
    if (!cut) {
        // Too long to be cut as a whole: what is left is cut by itself.
        if (reduced.size() >= partition.ops.size()) return;
        judgement.certificate = model.judge(rest, budget, {}).certificate;
        judgement.stopped_at = -1; // of the whole
        explain_object(
            model, rest, find_object_cut(model, rest, judgement, budget), budget, judgement);
        judgement.explained = 0;
        if (judgement.certificate) model.rename(partition, *judgement.certificate);
        return;
    }
    auto certificate = model.judge(rest, budget, {}).certificate.value_or(Certificate{});
    certificate.ops = cited(debugging.kept(), all, fixed, cut->divergence);
    // Those that the model never lets go are a part of the proof where they are not shown, too.
    const auto shown = [&](std::size_t i) {
        return std::ranges::binary_search(certificate.ops, all.ops[i].id);
    };
    std::int64_t besides = 0;
    for (std::size_t i = 0; i < fixed.size(); ++i)
        besides += fixed[i] && !shown(i) ? 1 : 0;
    if (besides > 0) certificate.facts["besides"] = besides;
    certificate.minimal =
        minimal && besides == 0 && (!model.keeps_more(all) || all_needed(model, rest, budget));
    model.rename(partition, certificate);
    judgement.divergence = cut->divergence;
    judgement.explained = cut->explained;
    judgement.certificate = std::move(certificate);
}

bool object_certificate_is_illegal(const ObjectModel& model,
                                   const ObjectPartition& partition,
                                   std::span<const OpId> cited,
                                   OpId divergence) {
    const auto last = std::ranges::find(partition.ops, divergence, &ObjectOp::id);
    FAULTLAB_CHECK(last != partition.ops.end());
    const auto known = object_prefix(partition.ops, last->ret);
    const ObjectPartition all{.history = partition.history, .ops = known};
    std::vector<bool> kept(known.size());
    for (std::size_t i = 0; i < known.size(); ++i)
        kept[i] = std::ranges::find(cited, known[i].id) != cited.end();
    const std::vector<bool> fixed = fixed_operations(model, all);
    std::vector<ObjectOp> judged;
    for (std::size_t i = 0; i < known.size(); ++i) {
        if (kept[i] || fixed[i]) judged.push_back(known[i]);
    }
    FAULTLAB_CHECK(judged.size() <= most_permuted);
    std::vector<OpId> order;
    return !can_follow(model, {.history = partition.history, .ops = judged}, order);
}

bool object_order_is_legal(const ObjectModel& model,
                           const ObjectPartition& partition,
                           std::span<const OpId> order) {
    std::vector<const ObjectOp*> ops;
    std::vector<OpId> ids(order.begin(), order.end());
    std::ranges::sort(ids);
    if (std::ranges::adjacent_find(ids) != ids.end()) return false;
    for (const OpId id : order) {
        const auto op = std::ranges::lower_bound(partition.ops, id, {}, &ObjectOp::id);
        if (op == partition.ops.end() || op->id != id) return false;
        ops.push_back(&*op);
    }
    const bool complete = std::ranges::all_of(partition.ops, [&](const ObjectOp& op) {
        return !op.definite() || std::ranges::binary_search(ids, op.id);
    });
    Index latest = -1; // an operation takes effect after this invocation
    for (const ObjectOp* op : ops) {
        if (op->ret < latest) return false;
        latest = std::max(latest, op->inv);
    }
    return complete && model.plays(partition, order);
}

} // namespace faultlab
