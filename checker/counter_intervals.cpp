#include "checker/counter_intervals.hpp"

#include "checker/item_lives.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

enum F : std::uint32_t { add, read };

/// Sums of additions, up to a moment.
struct Sums {
    std::int64_t up = 0;
    std::int64_t down = 0;

    void note(std::int64_t delta) { (delta < 0 ? down : up) += delta; }
};

class CounterSweep {
public:
    CounterSweep(const ObjectPartition& partition, const CounterRules& rules)
        : history_(partition.history), ops_(partition.ops), rules_(rules) {}

    std::optional<Certificate> run() {
        if (!fits_in_64_bits()) return std::nullopt;
        std::vector<Index> returns;
        returns.reserve(ops_.size());
        for (const ObjectOp& op : ops_)
            returns.push_back(op.ret);
        before_.resize(ops_.size());
        std::size_t next = 0;
        for (const std::uint32_t i : order_of(returns)) {
            for (; next < ops_.size() && ops_[next].inv < returns[i]; ++next)
                invoke(next);
            const ObjectOp& op = ops_[i];
            if (!op.definite()) break;
            if (op.f == add) {
                certain_.note(number(op.arg));
            } else if (auto found = doubt(op, before_[i])) {
                return found;
            } else if (highest_ == nullptr || number(op.result) > number(highest_->result)) {
                highest_ = &op;
            }
        }
        return std::nullopt;
    }

private:
    /// What was so when a read began.
    struct Before {
        Sums certain;
        Sums possible;
        const ObjectOp* highest = nullptr; ///< the read with the highest sum that had returned
    };

    [[nodiscard]] std::int64_t number(Symbol symbol) const {
        return *history_.value(symbol).integer();
    }

    [[nodiscard]] bool fits_in_64_bits() {
        std::uint64_t room = INT64_MAX;
        for (const ObjectOp& op : ops_) {
            if (op.f != add) continue;
            const std::int64_t delta = number(op.arg);
            negative_ = negative_ || delta < 0;
            const auto bits = static_cast<std::uint64_t>(delta);
            const std::uint64_t size = delta < 0 ? 0 - bits : bits;
            if (size > room) return false;
            room -= size;
        }
        return true;
    }

    void invoke(std::size_t i) {
        if (ops_[i].f == add) {
            possible_.note(number(ops_[i].arg));
        } else {
            before_[i] = {.certain = certain_, .possible = possible_, .highest = highest_};
        }
    }

    [[nodiscard]] std::optional<Certificate> doubt(const ObjectOp& op, const Before& before) const {
        const std::int64_t saw = number(op.result);
        const Sums& sure = rules_.certain ? before.certain : before.possible;
        const Sums& at_most = rules_.until_return ? possible_ : before.possible;
        const std::int64_t least = sure.up + (rules_.signs ? possible_.down : sure.down);
        const std::int64_t most = at_most.up + sure.down;
        Certificate found{.ops = {op.id}, .observer = op.id};
        found.facts["least"] = least;
        found.facts["most"] = most;
        if (saw < least) {
            found.anomaly = "lost_addition";
            found.rule = "a read saw less than what had been added before it began";
            return found;
        }
        if (saw > most) {
            found.anomaly = "addition_from_nowhere";
            found.rule = "a read saw more than what had been added by its return";
            return found;
        }
        const bool growing = !negative_ || !rules_.growing;
        if (!growing || before.highest == nullptr || number(before.highest->result) <= saw)
            return std::nullopt;
        found.anomaly = "lost_addition";
        found.rule = "a read saw less than a read before it, though nothing negative was added";
        found.other = before.highest->id;
        found.ops.push_back(found.other);
        std::ranges::sort(found.ops);
        return found;
    }

    const History& history_;
    std::span<const ObjectOp> ops_;
    const CounterRules& rules_;
    bool negative_ = false;
    Sums certain_;  ///< of additions that returned
    Sums possible_; ///< of those that were invoked
    const ObjectOp* highest_ = nullptr;
    std::vector<Before> before_; ///< by operation
};

} // namespace

std::optional<Judgement> refute_counter(const ObjectPartition& partition,
                                        const CounterRules& rules) {
    auto found = CounterSweep(partition, rules).run();
    if (!found) return std::nullopt;
    return Judgement{.verdict = Verdict::invalid,
                     .method = "sums of a counter",
                     .certificate = std::move(found)};
}

} // namespace faultlab
