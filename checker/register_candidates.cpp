#include "checker/register_candidates.hpp"

#include <algorithm>
#include <vector>

namespace faultlab {
namespace {

constexpr std::uint32_t nobody = WithoutWriter::nobody;

/// The updates to one value in order of invocation, with the latest return of those up to each.
struct Writers {
    std::vector<Index> invoked;
    std::vector<Index> returned_by;

    void add(Index inv, Index ret) {
        returned_by.push_back(returned_by.empty() ? ret : std::max(ret, returned_by.back()));
        invoked.push_back(inv);
    }
    /// The latest return of those invoked before a moment; -1 when there is none.
    [[nodiscard]] Index last_return_before(Index moment) const {
        const auto end = std::ranges::lower_bound(invoked, moment);
        if (end == invoked.begin()) return -1;
        return returned_by[static_cast<std::size_t>(end - invoked.begin()) - 1];
    }
};

class Candidates {
public:
    Candidates(std::span<const RegisterOp> ops, const CandidateRules& rules)
        : ops_(ops), rules_(rules) {
        for (std::uint32_t i = 0; i < ops.size(); ++i) {
            const RegisterOp& op = ops[i];
            if (op.updates() && !op.preserves_state()) {
                if (op.value >= writers_.size()) writers_.resize(op.value + std::size_t{1});
                const bool returns = op.definite() || !rules.open_ops_stay_open;
                writers_[op.value].add(op.inv, op.definite() ? op.ret : returns ? op.inv : never);
            }
            if (op.definite() && op.action != RegisterAction::failed_cas) showing_.push_back(i);
        }
        std::ranges::sort(showing_, {}, [&](std::uint32_t i) { return shown_at(i); });
    }

    std::optional<WithoutWriter> find() {
        auto next = showing_.begin();
        for (std::uint32_t i = 0; i < ops_.size(); ++i) {
            for (; next != showing_.end() && shown_at(*next) < ops_[i].inv; ++next)
                show(*next);
            const RegisterOp& op = ops_[i];
            if (!op.definite()) continue;
            if (op.action == RegisterAction::read && lacks_writer(op, op.value))
                return WithoutWriter{.observer = i, .shows_another = another(op.value)};
            if (op.action == RegisterAction::cas && lacks_writer(op, op.from))
                return WithoutWriter{.observer = i, .shows_another = another(op.from)};
        }
        return std::nullopt;
    }

private:
    [[nodiscard]] Index shown_at(std::uint32_t i) const {
        return rules_.shown_before ? ops_[i].ret : ops_[i].inv;
    }

    /// Keeps the one invoked last, and the one invoked last of those with another value than it.
    void show(std::uint32_t i) {
        const auto later = [&](std::uint32_t other) {
            return other == nobody || ops_[i].inv > ops_[other].inv;
        };
        if (latest_ == nobody || ops_[i].value == ops_[latest_].value) {
            if (later(latest_)) latest_ = i;
        } else if (later(latest_)) {
            runner_up_ = latest_;
            latest_ = i;
        } else if (later(runner_up_)) {
            runner_up_ = i;
        }
    }

    [[nodiscard]] std::uint32_t another(ValueId value) const {
        return latest_ != nobody && ops_[latest_].value == value ? runner_up_ : latest_;
    }

    [[nodiscard]] bool lacks_writer(const RegisterOp& op, ValueId value) const {
        const std::uint32_t other = another(value);
        if (other == nobody && value == 0 && rules_.initial_is_written) return false;
        const Index until = rules_.until_return ? op.ret : op.inv;
        const Index last = value < writers_.size() ? writers_[value].last_return_before(until) : -1;
        return last < (other == nobody ? 0 : ops_[other].inv);
    }

    std::span<const RegisterOp> ops_;
    const CandidateRules& rules_;
    std::vector<Writers> writers_;       ///< by value
    std::vector<std::uint32_t> showing_; ///< operations that show a value, by return
    std::uint32_t latest_ = nobody;
    std::uint32_t runner_up_ = nobody;
};

} // namespace

std::optional<WithoutWriter> find_without_writer(std::span<const RegisterOp> ops,
                                                 const CandidateRules& rules) {
    return Candidates(ops, rules).find();
}

} // namespace faultlab
