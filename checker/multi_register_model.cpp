// Model "multi-register": registers, absent at first, that transactions read and write at one
// instant.

#include "checker/object_catalogue.hpp"
#include "checker/sequential_model.hpp"
#include "checker/transaction_projection.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>

namespace faultlab {
namespace {

struct MultiRegister {
    static constexpr std::string_view name = "multi-register";
    static constexpr std::string_view summary =
        "registers without keys of their own: txn, a list of reads and writes at one instant";
    static constexpr std::array operations = {OperationSpec{
        .f = "txn", .argument = ValueShape::transaction, .result = ValueShape::transaction}};
    static constexpr bool per_key = false;

    using State = std::vector<std::uint32_t>; ///< by register: the number of its value
    explicit MultiRegister(const History& history) : history_(&history) {}

    static State initial() { return {}; }
    bool step(State& registers, const ObjectOp& op) {
        for (const Step& step : steps_of(op)) {
            const std::uint32_t at = step.key < registers.size() ? registers[step.key] : 0;
            if (!step.writes) {
                if (op.result != no_result && at != step.value) return false;
                continue;
            }
            if (step.key >= registers.size()) registers.resize(step.key + std::size_t{1}, 0);
            registers[step.key] = step.value;
        }
        // Registers that are absent are not told from those that were never written.
        while (!registers.empty() && registers.back() == 0)
            registers.pop_back();
        return true;
    }
    static std::uint64_t hash(const State& registers) {
        std::uint64_t hash = registers.size();
        for (const std::uint32_t value : registers)
            hash = (hash ^ value) * 0x100000001B3U;
        return hash;
    }
    bool observes(const ObjectOp& op) { return std::ranges::none_of(steps_of(op), &Step::writes); }

    /// An indeterminate transaction of which no read saw a write may be left out: in a legal order
    /// every read sees the last write before it, so none has to do with this transaction.
    static void prune(const ObjectPartition& partition, std::vector<ObjectOp>& ops) {
        if (std::ranges::all_of(ops, &ObjectOp::definite)) return;
        std::unordered_set<Value, ValueHash> seen; // pairs of key and value
        const auto pair = [](const MicroOp& step) {
            return Value(Value::List{step.key, step.value});
        };
        for (const ObjectOp& op : ops) {
            if (!op.definite()) continue;
            for (const MicroOp& step : *partition.history.value(op.result).transaction()) {
                if (step.f == "r") seen.insert(pair(step));
            }
        }
        std::erase_if(ops, [&](const ObjectOp& op) {
            if (op.definite()) return false;
            const auto& steps = *partition.history.value(op.arg).transaction();
            return std::ranges::none_of(steps, [&](const MicroOp& step) {
                return step.f == "w" && seen.contains(pair(step));
            });
        });
    }

    static std::optional<Judgement> fast(const ObjectPartition& partition, const Budget& budget) {
        return refute_by_registers(partition, budget, true);
    }
    static std::optional<Judgement> refute(const ObjectPartition& partition, const Budget& budget) {
        return refute_by_registers(partition, budget, false);
    }
    static void support(const ObjectPartition& all, std::vector<bool>& kept) {
        support_transactions(all, kept);
    }

private:
    struct Step {
        std::uint32_t key = 0;
        std::uint32_t value = 0; ///< 0: absent
        bool writes = false;
    };

    const std::vector<Step>& steps_of(const ObjectOp& op) {
        const Symbol told = op.result == no_result ? op.arg : op.result;
        const auto [it, added] = steps_.try_emplace(told);
        if (!added) return it->second;
        for (const MicroOp& micro : *history_->value(told).transaction()) {
            const auto key = static_cast<std::uint32_t>(keys_.size());
            it->second.push_back({.key = keys_.try_emplace(micro.key, key).first->second,
                                  .value = number(micro.value),
                                  .writes = micro.f == "w"});
        }
        return it->second;
    }
    std::uint32_t number(const Value& value) {
        if (value.is_absent()) return 0;
        const auto next = static_cast<std::uint32_t>(values_.size() + 1);
        return values_.try_emplace(value, next).first->second;
    }

    const History* history_;                              ///< never null
    std::unordered_map<Symbol, std::vector<Step>> steps_; ///< by argument or result
    std::unordered_map<Value, std::uint32_t, ValueHash> keys_;
    std::unordered_map<Value, std::uint32_t, ValueHash> values_;
};

} // namespace

const ObjectModel& multi_register_model() {
    static const SequentialModel<MultiRegister> model;
    return model;
}

} // namespace faultlab
