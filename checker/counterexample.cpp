#include "checker/counterexample.hpp"

#include "checker/delta_debugging.hpp"
#include "checker/frontier_search.hpp"
#include "checker/linearizability_rules.hpp"
#include "checker/register_judge.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace faultlab {
namespace {

/// Nothing is merged or left out, so that the states it reaches are those of the register.
template <class Rules>
class Unpruned : public Rules {
public:
    [[nodiscard]] bool merges_unobserved_values() const override { return false; }
    [[nodiscard]] bool dead_updates_vanish(bool) const override { return false; }
    [[nodiscard]] bool looks_ahead() const override { return false; }
};

/// The history as it was at the index `cut`.
std::vector<RegisterOp> prefix_until(std::span<const RegisterOp> ops, Index cut) {
    std::vector<RegisterOp> prefix;
    for (const RegisterOp& op : ops) {
        if (op.inv >= cut) continue;
        if (op.ret <= cut) {
            prefix.push_back(op);
        } else if (const auto open = opened(op)) {
            prefix.push_back(*open);
        }
    }
    return prefix;
}

/// The versions that writes of unknown version may have been given, where a read could tell: every
/// choice must be looked at. A write whose version nobody read is best off with the lowest one,
/// which is what the rules give it when its version stays unknown.
class VersionChoices {
public:
    explicit VersionChoices(std::span<const RegisterOp> ops) : ops_(ops.begin(), ops.end()) {
        std::map<ValueId, std::set<std::uint64_t>> read;
        std::map<ValueId, int> writers;
        for (const RegisterOp& op : ops_) {
            if (op.action == RegisterAction::read) read[op.value].insert(op.version);
            if (op.updates()) ++writers[op.value];
        }
        for (std::size_t i = 0; i < ops_.size(); ++i) {
            const RegisterOp& op = ops_[i];
            if (op.action != RegisterAction::write || op.version != any_version) continue;
            const auto versions = read.find(op.value);
            if (versions == read.end()) continue;
            Choice choice{.op = i, .versions = {versions->second.begin(), versions->second.end()}};
            // The value that was there at first, or was written by others too, tells less.
            if (writers[op.value] > 1 || op.value == 0) choice.versions.push_back(any_version);
            choices_.push_back(std::move(choice));
            combinations_ *= std::min(choices_.back().versions.size(), most + 1);
            combinations_ = std::min(combinations_, most + 1);
        }
    }

    /// More than `most` are not worth the time.
    static constexpr std::size_t most = 256;
    [[nodiscard]] std::size_t combinations() const { return combinations_; }

    /// Requires: number < combinations() <= most.
    [[nodiscard]] const std::vector<RegisterOp>& combination(std::size_t number) {
        for (const Choice& choice : choices_) {
            ops_[choice.op].version = choice.versions[number % choice.versions.size()];
            number /= choice.versions.size();
        }
        return ops_;
    }

private:
    struct Choice {
        std::size_t op = 0;
        std::vector<std::uint64_t> versions;
    };
    std::vector<RegisterOp> ops_;
    std::vector<Choice> choices_;
    std::size_t combinations_ = 1;
};

/// What DeltaDebugging asks of a register.
struct RegisterProblem {
    const std::vector<RegisterOp>& all;
    RegisterModel model;
    const Budget& budget;

    [[nodiscard]] std::vector<RegisterOp> rest(std::vector<bool> kept) const {
        return supported_subset(all, std::move(kept), model);
    }
    [[nodiscard]] Verdict judge(const std::vector<RegisterOp>& subset) const {
        return judge_subset(subset, updates_removed(subset), model, budget);
    }
    [[nodiscard]] bool updates_removed(std::span<const RegisterOp> subset) const {
        return std::ranges::count_if(subset, &RegisterOp::updates) !=
               std::ranges::count_if(all, &RegisterOp::updates);
    }
};

/// The operations that prove by blocks that the history is illegal, and the writers of all that
/// they observed; empty when blocks do not tell. Each of the observed values has but one writer, so
/// whatever is removed from these operations, the support of the rest is among them.
std::vector<RegisterOp> proof_of(const std::vector<RegisterOp>& ops, const Budget& budget) {
    RegisterJudgement judgement = RegisterJudge().judge(ops, budget);
    if (judgement.method != RegisterMethod::blocks) return {};
    std::vector<bool> kept(ops.size());
    std::vector<ValueId> observed;
    const auto keep = [&](std::size_t i) {
        if (kept[i]) return;
        kept[i] = true;
        if (ops[i].action == RegisterAction::read) observed.push_back(ops[i].value);
        if (ops[i].action == RegisterAction::cas) observed.push_back(ops[i].from);
    };
    for (const std::uint32_t i : judgement.certificate)
        keep(i);
    std::map<ValueId, std::size_t> writer;
    for (std::size_t i = 0; i < ops.size(); ++i) {
        if (ops[i].updates() && !ops[i].preserves_state()) writer[ops[i].value] = i;
    }
    for (std::size_t next = 0; next < observed.size(); ++next) {
        if (const auto found = writer.find(observed[next]); found != writer.end())
            keep(found->second);
    }
    std::vector<RegisterOp> proof;
    for (std::size_t i = 0; i < ops.size(); ++i) {
        if (kept[i]) proof.push_back(ops[i]);
    }
    return proof;
}

/// The operations that a fast way cites, and around each observation among them what supports it:
/// the last update before it, those to the observed value that may have come later, and one to it.
/// A guess at what a counterexample needs; empty when nothing is cited, or this is too many.
std::set<OpId> beside_the_proof(const std::vector<RegisterOp>& ops, const Budget& budget) {
    constexpr std::size_t at_most = 200;
    std::vector<std::uint32_t> kept = RegisterJudge().judge(ops, budget).certificate;
    std::set<OpId> ids;
    for (const std::uint32_t i : kept)
        ids.insert(ops[i].id);
    const auto keep = [&](std::uint32_t i) {
        if (ids.insert(ops[i].id).second) kept.push_back(i);
    };
    for (std::size_t next = 0; next < kept.size() && kept.size() <= at_most; ++next) {
        const RegisterOp& op = ops[kept[next]];
        const bool read = op.action == RegisterAction::read;
        const ValueId seen = read ? op.value : op.from;
        if (seen == any_value || op.action == RegisterAction::failed_cas) continue;
        std::optional<std::uint32_t> shadow;
        for (std::uint32_t i = 0; i < ops.size() && ops[i].inv < op.inv; ++i) {
            if (ops[i].updates() && ops[i].ret < op.inv) shadow = i;
        }
        if (shadow) keep(*shadow);
        std::optional<std::uint32_t> writer; // that returned last
        for (std::uint32_t i = 0; i < ops.size() && ops[i].inv < op.ret; ++i) {
            if (!ops[i].updates() || ops[i].value != seen || ops[i].id == op.id) continue;
            if (!writer || ops[i].ret > ops[*writer].ret) writer = i;
            if (!shadow || ops[i].ret >= ops[*shadow].inv) keep(i);
        }
        if (writer) keep(*writer);
    }
    return kept.size() <= at_most ? ids : std::set<OpId>{};
}

} // namespace

std::optional<Divergence> find_divergence(std::span<const RegisterOp> ops, const Budget& budget) {
    RegisterJudge judge;
    std::vector<const RegisterOp*> returns;
    for (const RegisterOp& op : ops) {
        if (op.definite()) returns.push_back(&op);
    }
    std::ranges::sort(returns, {}, [](const RegisterOp* op) { return op->ret; });
    // A prefix of a legal history is legal, so the first illegal prefix is found by halving. What
    // proves that the whole is illegal had often just returned: first the prefixes before that.
    std::size_t legal = 0; // so many returns are legal
    std::size_t illegal = returns.size() + 1;
    std::size_t next = 0;
    std::size_t step = 0; // 0: halves
    if (const auto whole = judge.judge(ops, budget); !whole.certificate.empty()) {
        const auto last = std::ranges::find(returns, whole.search.stopped_at, &RegisterOp::id);
        next = static_cast<std::size_t>(last - returns.begin()) + 1;
        step = 1;
    }
    while (illegal - legal > 1) {
        const std::size_t middle =
            step == 0 ? legal + (illegal - legal) / 2 : std::clamp(next, legal + 1, illegal - 1);
        const auto prefix = prefix_until(ops, returns[middle - 1]->ret);
        const Verdict verdict = judge.judge(prefix, budget).verdict;
        if (verdict == Verdict::unknown) return std::nullopt;
        (verdict == Verdict::invalid ? illegal : legal) = middle;
        next = illegal - std::min(step, illegal);
        step = verdict == Verdict::invalid ? step * 2 : 0;
    }
    if (illegal > returns.size()) return std::nullopt;
    const RegisterOp& op = *returns[illegal - 1];
    return Divergence{.op = op,
                      .explained = static_cast<std::int64_t>(illegal - 1),
                      .ops = prefix_until(ops, op.ret)};
}

Verdict judge_subset(std::span<const RegisterOp> subset,
                     bool updates_removed,
                     RegisterModel model,
                     const Budget& budget) {
    if (model != RegisterModel::versioned || !updates_removed) {
        return RegisterJudge().judge(subset, budget).verdict;
    }
    VersionChoices choices(subset);
    if (choices.combinations() > VersionChoices::most) return Verdict::unknown;
    for (std::size_t i = 0; i < choices.combinations(); ++i) {
        const Verdict verdict =
            search_order(choices.combination(i), GappedVersionRules{}, budget).verdict;
        if (verdict != Verdict::invalid) return verdict;
    }
    return Verdict::invalid;
}

Counterexample reduce(const Divergence& divergence, RegisterModel model, const Budget& budget) {
    const std::vector<RegisterOp> proof = proof_of(divergence.ops, budget);
    const std::vector<RegisterOp>& all = proof.empty() ? divergence.ops : proof;
    const RegisterProblem problem{all, model, budget};
    DeltaDebugging<RegisterOp, RegisterProblem> debugging(all, problem, budget);
    debugging.remove_last(divergence.op.id);
    if (proof.empty()) {
        if (const std::set<OpId> near = beside_the_proof(all, budget); !near.empty())
            debugging.try_without([&](const RegisterOp& op) { return !near.contains(op.id); });
    }
    debugging.try_without(
        [](const RegisterOp& op) { return op.action == RegisterAction::failed_cas; });
    debugging.try_without([](const RegisterOp& op) { return !op.definite(); });
    std::vector<ValueId> values;
    for (const RegisterOp& op : debugging.kept()) {
        if (op.updates()) values.push_back(op.value);
    }
    debugging.remove_chunks(values, [](const RegisterOp& op, const std::set<ValueId>& chunk) {
        return op.updates() && chunk.contains(op.value);
    });
    const bool minimal = debugging.finish();
    return {.ops = debugging.kept(),
            .updates_removed = !proof.empty() || problem.updates_removed(debugging.kept()),
            .minimal = minimal};
}

std::vector<RegisterState> states_before(const Counterexample& counterexample,
                                         const RegisterOp& divergence,
                                         const Budget& budget) {
    std::vector<RegisterOp> ops = counterexample.ops;
    std::erase_if(ops, [&](const RegisterOp& op) { return op.id == divergence.id; });
    if (!counterexample.updates_removed || divergence.step == 0) {
        return final_states(ops, Unpruned<LinearizabilityRules>{}, budget);
    }
    VersionChoices choices(ops);
    if (choices.combinations() != 1) return {};
    return final_states(choices.combination(0), Unpruned<GappedVersionRules>{}, budget);
}

} // namespace faultlab
