#include "checker/counterexample.hpp"

#include <algorithm>
#include <utility>

namespace faultlab {
namespace {

class Support {
public:
    Support(std::span<const RegisterOp> ops, std::vector<bool> kept, RegisterModel model)
        : ops_(ops), kept_(std::move(kept)), versioned_(model == RegisterModel::versioned) {
        for (std::size_t i = 0; i < ops.size(); ++i) {
            if (!ops[i].updates()) continue;
            writers(ops[i].value).add(i, ops[i]);
            updates_.add(i, ops[i]);
        }
    }

    std::vector<RegisterOp> run() {
        if (versioned_ && any_update_removed()) {
            drop_if([](const RegisterOp& op) { return op.action == RegisterAction::failed_cas; });
        }
        while (drop_unsupported()) {
        }
        std::vector<RegisterOp> rest;
        for (std::size_t i = 0; i < ops_.size(); ++i) {
            if (kept_[i]) rest.push_back(ops_[i]);
        }
        return rest;
    }

private:
    /// Updates in order of invocation, with the latest return of the definite ones up to each.
    struct Updates {
        std::vector<std::size_t> definite;
        std::vector<Index> returned_by;
        std::vector<std::size_t> open;

        void add(std::size_t i, const RegisterOp& op) {
            if (!op.definite()) {
                open.push_back(i);
                return;
            }
            definite.push_back(i);
            returned_by.push_back(returned_by.empty() ? op.ret
                                                      : std::max(op.ret, returned_by.back()));
        }
    };

    /// Whether the predicate holds for an update that was invoked before `until` and did not return
    /// before `since`.
    template <class Predicate>
    [[nodiscard]] bool
    any_between(const Updates& updates, Index since, Index until, Predicate predicate) const {
        const auto inv = [this](std::size_t i) { return ops_[i].inv; };
        const auto end = std::ranges::lower_bound(updates.definite, until, {}, inv);
        for (auto at = static_cast<std::size_t>(end - updates.definite.begin()); at-- > 0;) {
            if (updates.returned_by[at] < since) break;
            const std::size_t i = updates.definite[at];
            if (ops_[i].ret >= since && predicate(i)) return true;
        }
        return std::ranges::any_of(
            updates.open, [&](std::size_t i) { return ops_[i].inv < until && predicate(i); });
    }

    Updates& writers(ValueId value) {
        if (value >= writers_.size()) writers_.resize(value + std::size_t{1});
        return writers_[value];
    }

    [[nodiscard]] bool any_update_removed() const {
        for (std::size_t i = 0; i < ops_.size(); ++i) {
            if (!kept_[i] && ops_[i].updates()) return true;
        }
        return false;
    }

    template <class Predicate>
    bool drop_if(Predicate predicate) {
        bool dropped = false;
        for (std::size_t i = 0; i < ops_.size(); ++i) {
            if (!kept_[i] || !predicate(ops_[i])) continue;
            kept_[i] = false;
            dropped = true;
        }
        return dropped;
    }

    bool drop_unsupported() {
        sort_kept_updates();
        return drop_if([&](const RegisterOp& op) { return !supported(op); });
    }

    /// Definite updates that stay, by return, each with the latest invocation of those up to it.
    void sort_kept_updates() {
        shadows_.clear();
        for (std::size_t i = 0; i < ops_.size(); ++i) {
            const RegisterOp& op = ops_[i];
            if (kept_[i] && op.updates() && op.definite()) shadows_.emplace_back(op.ret, op.inv);
        }
        std::ranges::sort(shadows_);
        for (std::size_t i = 1; i < shadows_.size(); ++i)
            shadows_[i].second = std::max(shadows_[i].second, shadows_[i - 1].second);
    }

    /// What returned before this surely was followed by a kept update before `op` began.
    [[nodiscard]] Index shadowed_before(const RegisterOp& op) const {
        const auto after = std::ranges::lower_bound(
            shadows_, op.inv, {}, [](const auto& shadow) { return shadow.first; });
        return after == shadows_.begin() ? -1 : std::prev(after)->second;
    }

    [[nodiscard]] bool supported(const RegisterOp& op) {
        if (op.action == RegisterAction::write) return true;
        if (versioned_ && op.action != RegisterAction::read) return true;
        const Index shadow = shadowed_before(op);
        const auto missing = [&](std::size_t i) { return !kept_[i] && ops_[i].id != op.id; };
        if (op.action == RegisterAction::failed_cas) {
            return !any_between(updates_, shadow, op.ret, [&](std::size_t i) {
                return ops_[i].value != op.from && missing(i);
            });
        }
        const ValueId seen = op.action == RegisterAction::read ? op.value : op.from;
        const Updates& all = writers(seen);
        if (any_between(all, shadow, op.ret, missing)) return false;
        const auto kept = [&](std::size_t i) { return kept_[i]; };
        const auto other = [&](std::size_t i) { return ops_[i].id != op.id; };
        const auto any_of = [&](auto predicate) {
            return std::ranges::any_of(all.definite, predicate) ||
                   std::ranges::any_of(all.open, predicate);
        };
        return initial(op) || any_of(kept) || !any_of(other);
    }

    /// The state before every update may have been seen: no writer is owed.
    [[nodiscard]] bool initial(const RegisterOp& op) const {
        const ValueId seen = op.action == RegisterAction::read ? op.value : op.from;
        return seen == 0 && (!versioned_ || op.version == 0);
    }

    std::span<const RegisterOp> ops_;
    std::vector<bool> kept_;
    bool versioned_;
    Updates updates_;
    std::vector<Updates> writers_; ///< by value
    std::vector<std::pair<Index, Index>> shadows_;
};

} // namespace

std::vector<RegisterOp>
supported_subset(std::span<const RegisterOp> ops, std::vector<bool> kept, RegisterModel model) {
    return Support(ops, std::move(kept), model).run();
}

} // namespace faultlab
