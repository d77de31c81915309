#include "checker/kv_counterexample.hpp"

#include "checker/delta_debugging.hpp"
#include "checker/kv_search.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace faultlab {
namespace {

/// The history as it was at the index `cut`.
std::vector<KvOp> prefix_until(std::span<const KvOp> ops, Index cut) {
    std::vector<KvOp> prefix;
    for (const KvOp& op : ops) {
        if (op.inv >= cut) continue;
        if (op.ret <= cut) {
            prefix.push_back(op);
        } else if (auto open = opened(op)) {
            prefix.push_back(std::move(*open));
        }
    }
    return prefix;
}

/// What an operation has to do with one key, as far as others are concerned.
struct Dealing {
    std::size_t op = 0;
    bool updates = false;
    PlaceId leaves = no_place; ///< of an update; no_place: not known
    bool adds = false;         ///< it adds or appends: only its answer told what it left
    bool on_anything = false;  ///< its effect depends on what was there, whatever that was
    PlaceId found = no_place;  ///< what was there before
    PlaceId found_or = no_place;
    PlaceId not_found = no_place; ///< what was not there before
};

std::vector<std::vector<Dealing>> dealings_by_key(std::span<const KvOp> ops,
                                                  const KvPlaces& places) {
    std::vector<std::vector<Dealing>> all(places.keys());
    for (std::size_t i = 0; i < ops.size(); ++i) {
        for (const KvStep& step : ops[i].steps) {
            if (step.action == KvAction::impossible) continue;
            auto& of_key = all[step.key];
            const bool first = of_key.empty() || of_key.back().op != i;
            if (first) of_key.push_back({.op = i});
            Dealing& dealing = of_key.back();
            if (first && step.action != KvAction::write) {
                PlaceId& seen = step.action == KvAction::differ ? dealing.not_found : dealing.found;
                seen = step.updates() ? step.base : step.place;
                if (step.or_absent) dealing.found_or = places.absent(step.key);
            }
            if (!step.updates()) continue;
            dealing.updates = true;
            dealing.leaves = step.place;
            dealing.adds = step.action != KvAction::write;
            dealing.on_anything |= step.vague();
        }
    }
    return all;
}

class Support {
public:
    Support(std::span<const KvOp> ops, std::vector<bool> kept, const KvPlaces& places)
        : ops_(ops), kept_(std::move(kept)), places_(places),
          dealings_(dealings_by_key(ops, places)) {}

    std::vector<KvOp> run() {
        for (bool dropped = true; dropped;) {
            dropped = false;
            for (KeyId key = 0; key < dealings_.size(); ++key)
                dropped |= drop_unsupported(key);
        }
        std::vector<KvOp> rest;
        for (std::size_t i = 0; i < ops_.size(); ++i) {
            if (kept_[i]) rest.push_back(ops_[i]);
        }
        return rest;
    }

private:
    bool drop_unsupported(KeyId key) {
        sort_kept_updates(key);
        bool dropped = false;
        for (const Dealing& dealing : dealings_[key]) {
            if (!kept_[dealing.op] || supported(dealing, key)) continue;
            kept_[dealing.op] = false;
            dropped = true;
        }
        return dropped;
    }

    /// Definite updates of the key that stay, by return, each with the latest invocation of those
    /// up to it.
    void sort_kept_updates(KeyId key) {
        shadows_.clear();
        for (const Dealing& dealing : dealings_[key]) {
            const KvOp& op = ops_[dealing.op];
            if (kept_[dealing.op] && dealing.updates && op.definite())
                shadows_.emplace_back(op.ret, op.inv);
        }
        std::ranges::sort(shadows_);
        for (std::size_t i = 1; i < shadows_.size(); ++i)
            shadows_[i].second = std::max(shadows_[i].second, shadows_[i - 1].second);
    }

    /// What returned before this surely was followed by a kept update before `op` began.
    [[nodiscard]] Index shadowed_before(const KvOp& op) const {
        const auto after = std::ranges::lower_bound(
            shadows_, op.inv, {}, [](const auto& shadow) { return shadow.first; });
        return after == shadows_.begin() ? -1 : std::prev(after)->second;
    }

    /// Whether the update may have left what `seer` found. Of an addition that counts as possible
    /// whatever it answered: who reads the counterexample must see that answer.
    [[nodiscard]] static bool may_explain(const Dealing& update, const Dealing& seer) {
        if (update.leaves == no_place || update.adds || seer.on_anything) return true;
        if (seer.not_found != no_place) return update.leaves != seer.not_found;
        return update.leaves == seer.found || update.leaves == seer.found_or;
    }

    [[nodiscard]] bool supported(const Dealing& seer, KeyId key) const {
        const bool sees = seer.found != no_place || seer.not_found != no_place || seer.on_anything;
        if (!sees) return true;
        const KvOp& op = ops_[seer.op];
        const Index shadow = shadowed_before(op);
        bool any = false;
        bool any_kept = false;
        for (const Dealing& update : dealings_[key]) {
            if (!update.updates || update.op == seer.op || !may_explain(update, seer)) continue;
            if (update.leaves == seer.found || update.leaves == seer.found_or) {
                any = true;
                any_kept = any_kept || kept_[update.op];
            }
            const KvOp& writer = ops_[update.op];
            if (!kept_[update.op] && writer.inv < op.ret && writer.ret >= shadow) return false;
        }
        const PlaceId absent = places_.absent(key);
        const bool initial = seer.found == absent || seer.found_or == absent;
        return any_kept || !any || initial || seer.found == no_place;
    }

    std::span<const KvOp> ops_;
    std::vector<bool> kept_;
    const KvPlaces& places_;
    std::vector<std::vector<Dealing>> dealings_; ///< by key
    std::vector<std::pair<Index, Index>> shadows_;
};

void strike_keys(KvOp& op, const std::set<KeyId>& keys) {
    std::erase_if(op.steps, [&](const KvStep& step) { return keys.contains(step.key); });
}

/// What of the operations has to do with other keys.
std::vector<KvOp> without_keys(std::vector<KvOp> ops, const std::set<KeyId>& keys) {
    for (KvOp& op : ops)
        strike_keys(op, keys);
    std::erase_if(ops, [](const KvOp& op) {
        return op.steps.empty() || (!op.definite() && op.preserves_state());
    });
    return ops;
}

/// What DeltaDebugging asks of a group of keys.
struct KvProblem {
    const std::vector<KvOp>& all;
    KvPlaces& places;
    const Budget& budget;

    [[nodiscard]] std::vector<KvOp> rest(std::vector<bool> kept) const {
        return supported_kv_subset(all, std::move(kept), places);
    }
    [[nodiscard]] Verdict judge(const std::vector<KvOp>& subset) const {
        return search_kv(subset, places, budget).verdict;
    }
};

} // namespace

std::optional<KvDivergence>
find_kv_divergence(std::span<const KvOp> ops, KvPlaces& places, const Budget& budget) {
    std::vector<const KvOp*> returns;
    for (const KvOp& op : ops) {
        if (op.definite()) returns.push_back(&op);
    }
    std::ranges::sort(returns, {}, [](const KvOp* op) { return op->ret; });
    // A prefix of a legal history is legal, so the first illegal prefix is found by halving.
    std::size_t legal = 0; // so many returns are legal
    std::size_t illegal = returns.size() + 1;
    while (illegal - legal > 1) {
        const std::size_t middle = legal + (illegal - legal) / 2;
        const auto prefix = prefix_until(ops, returns[middle - 1]->ret);
        const Verdict verdict = search_kv(prefix, places, budget).verdict;
        if (verdict == Verdict::unknown) return std::nullopt;
        (verdict == Verdict::invalid ? illegal : legal) = middle;
    }
    if (illegal > returns.size()) return std::nullopt;
    const KvOp& op = *returns[illegal - 1];
    return KvDivergence{.op = op,
                        .explained = static_cast<std::int64_t>(illegal - 1),
                        .ops = prefix_until(ops, op.ret)};
}

std::vector<KeyId> keys_of(std::span<const KvOp> ops) {
    std::set<KeyId> keys;
    for (const KvOp& op : ops) {
        for (const KvStep& step : op.steps)
            keys.insert(step.key);
    }
    return {keys.begin(), keys.end()};
}

KvDivergence
narrow_to_keys(const KvDivergence& divergence, KvPlaces& places, const Budget& budget) {
    KvDivergence narrow = divergence;
    const std::vector<KeyId> keys = keys_of(divergence.ops);
    std::size_t chunk_size = std::max<std::size_t>(keys.size() / 2, 1);
    for (;; chunk_size = chunk_size / 2) {
        for (std::size_t first = 0; first < keys.size(); first += chunk_size) {
            const std::size_t last = std::min(first + chunk_size, keys.size());
            const std::set<KeyId> gone(keys.begin() + static_cast<std::ptrdiff_t>(first),
                                       keys.begin() + static_cast<std::ptrdiff_t>(last));
            std::vector<KvOp> rest = without_keys(narrow.ops, gone);
            if (rest.empty() || search_kv(rest, places, budget).verdict != Verdict::invalid)
                continue;
            narrow.ops = std::move(rest);
            strike_keys(narrow.op, gone);
        }
        if (chunk_size == 1) return narrow;
    }
}

std::vector<KvOp>
supported_kv_subset(std::span<const KvOp> ops, std::vector<bool> kept, const KvPlaces& places) {
    return Support(ops, std::move(kept), places).run();
}

KvCounterexample reduce_kv(const KvDivergence& divergence, KvPlaces& places, const Budget& budget) {
    const KvProblem problem{divergence.ops, places, budget};
    DeltaDebugging<KvOp, KvProblem> debugging(divergence.ops, problem, budget);
    debugging.remove_last(divergence.op.id);
    debugging.try_without([](const KvOp& op) { return !op.definite(); });
    const bool minimal = debugging.finish();
    return {.ops = debugging.kept(), .minimal = minimal};
}

} // namespace faultlab
