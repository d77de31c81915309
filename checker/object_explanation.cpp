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

struct Cut {
    OpId divergence = -1;
    std::int64_t explained = 0;
    std::vector<ObjectOp> ops;
};

/// A prefix of a legal history is legal, so the first illegal prefix is found by halving. Of long
/// histories every prefix must be judged quickly.
std::optional<Cut> find_cut(const ObjectModel& model,
                            const ObjectPartition& partition,
                            const std::optional<Certificate>& certificate,
                            const Budget& budget) {
    std::vector<const ObjectOp*> returns;
    for (const ObjectOp& op : partition.ops) {
        if (op.definite()) returns.push_back(&op);
    }
    std::ranges::sort(returns, {}, [](const ObjectOp* op) { return op->ret; });
    const Wanted wanted{.quick = returns.size() > short_history};
    std::size_t legal = 0;
    std::size_t illegal = returns.size();
    // What proves that the whole is illegal had often just returned: first the prefixes there.
    std::size_t next = 0;
    std::size_t step = 0; // 0: halves
    for (std::size_t i = 0; certificate && i < returns.size(); ++i) {
        if (!std::ranges::binary_search(certificate->ops, returns[i]->id)) continue;
        next = i + 1;
        step = 1;
    }
    while (illegal - legal > 1) {
        const std::size_t middle =
            step == 0 ? legal + (illegal - legal) / 2 : std::clamp(next, legal + 1, illegal - 1);
        const auto prefix = object_prefix(partition.ops, returns[middle - 1]->ret);
        const Verdict verdict =
            model.judge({.history = partition.history, .ops = prefix}, budget, wanted).verdict;
        if (verdict == Verdict::unknown) return std::nullopt;
        (verdict == Verdict::invalid ? illegal : legal) = middle;
        next = illegal - std::min(step, illegal);
        step = verdict == Verdict::invalid ? step * 2 : 0;
    }
    const ObjectOp& op = *returns[illegal - 1];
    return Cut{.divergence = op.id,
               .explained = static_cast<std::int64_t>(illegal - 1),
               .ops = object_prefix(partition.ops, op.ret)};
}

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

void explain_object(const ObjectModel& model,
                    const ObjectPartition& partition,
                    const Budget& budget,
                    Judgement& judgement) {
    const auto cut = find_cut(model, partition, judgement.certificate, budget);
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
        explain_object(model, rest, budget, judgement);
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
    certificate.minimal = minimal && besides == 0;
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
