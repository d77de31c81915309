// Model "counter": an integer of 64 bits that starts at 0 and wraps around.

#include "checker/counter_intervals.hpp"
#include "checker/object_catalogue.hpp"
#include "checker/sequential_model.hpp"

#include <array>
#include <cstdint>
#include <span>

namespace faultlab {
namespace {

struct Counter {
    static constexpr std::string_view name = "counter";
    static constexpr std::string_view summary = "an integer that starts at 0: add, read";
    static constexpr std::array operations = {
        OperationSpec{.f = "add", .argument = ValueShape::integer},
        OperationSpec{.f = "read", .result = ValueShape::integer},
    };
    enum F : std::uint32_t { add, read };

    using State = std::uint64_t; // unsigned: additions wrap around
    explicit Counter(const History& history) : history_(&history) {}

    static State initial() { return 0; }
    bool step(State& sum, const ObjectOp& op) const {
        if (op.f == read) return sum == number(op.result);
        sum += number(op.arg);
        return true;
    }
    static std::uint64_t hash(State sum) { return sum; }

    void prepare(std::span<const ObjectOp> ops) {
        std::uint64_t most = 0;
        for (const ObjectOp& op : ops) {
            if (op.f != add) continue;
            const std::uint64_t delta = number(op.arg);
            grows_ = grows_ && delta <= INT64_MAX - most; // which no negative number is
            most += delta;
            if (!grows_) return;
        }
    }
    /// Where nothing negative is added, and sums do not wrap around, they never fall.
    [[nodiscard]] bool passed(State sum, const ObjectOp& op) const {
        return op.f == read && grows_ && sum > number(op.result);
    }
    static bool observes(const ObjectOp& op) { return op.f == read; }

    static std::optional<Judgement> fast(const ObjectPartition& partition, const Budget&) {
        return refute_counter(partition);
    }

private:
    [[nodiscard]] std::uint64_t number(Symbol symbol) const {
        return static_cast<std::uint64_t>(*history_->value(symbol).integer());
    }
    const History* history_; ///< never null
    bool grows_ = true;
};

} // namespace

const ObjectModel& counter_model() {
    static const SequentialModel<Counter> model;
    return model;
}

} // namespace faultlab
