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
            if (ops[i].updates()) writers(ops[i].value).push_back(i);
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
    std::vector<std::size_t>& writers(ValueId value) {
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
        const auto missing = [&](std::size_t i) {
            const RegisterOp& update = ops_[i];
            return !kept_[i] && update.inv < op.ret && update.ret >= shadow && update.id != op.id;
        };
        if (op.action == RegisterAction::failed_cas) {
            for (std::size_t i = 0; i < ops_.size(); ++i) {
                if (ops_[i].updates() && ops_[i].value != op.from && missing(i)) return false;
            }
            return true;
        }
        const ValueId seen = op.action == RegisterAction::read ? op.value : op.from;
        bool any = false;
        bool any_kept = false;
        for (const std::size_t i : writers(seen)) {
            if (missing(i)) return false;
            any = any || ops_[i].id != op.id;
            any_kept = any_kept || kept_[i];
        }
        return any_kept || !any || initial(op);
    }

    /// The state before every update may have been seen: no writer is owed.
    [[nodiscard]] bool initial(const RegisterOp& op) const {
        const ValueId seen = op.action == RegisterAction::read ? op.value : op.from;
        return seen == 0 && (!versioned_ || op.version == 0);
    }

    std::span<const RegisterOp> ops_;
    std::vector<bool> kept_;
    bool versioned_;
    std::vector<std::vector<std::size_t>> writers_; ///< by value
    std::vector<std::pair<Index, Index>> shadows_;
};

} // namespace

std::vector<RegisterOp>
supported_subset(std::span<const RegisterOp> ops, std::vector<bool> kept, RegisterModel model) {
    return Support(ops, std::move(kept), model).run();
}

} // namespace faultlab
