// Model "set": elements that were added and not removed since.

#include "checker/object_catalogue.hpp"
#include "checker/sequential_model.hpp"
#include "checker/set_intervals.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>

namespace faultlab {
namespace {

struct Set {
    static constexpr std::string_view name = "set";
    static constexpr std::string_view summary =
        "a set: add, remove, contains (true or false), read (the list of all elements)";
    static constexpr std::array operations = {
        OperationSpec{.f = "add", .argument = ValueShape::value},
        OperationSpec{.f = "remove", .argument = ValueShape::value},
        OperationSpec{
            .f = "contains", .argument = ValueShape::value, .result = ValueShape::boolean},
        OperationSpec{.f = "read", .result = ValueShape::distinct_list},
    };
    enum F : std::uint32_t { add, remove, contains, read };

    using State = std::vector<Symbol>; ///< ascending
    explicit Set(const History& history) : history_(&history) {}

    static State initial() { return {}; }
    bool step(State& elements, const ObjectOp& op) {
        if (op.f == read) return holds_just(elements, op.result);
        const auto at = std::ranges::lower_bound(elements, op.arg);
        const bool there = at != elements.end() && *at == op.arg;
        if (op.f == contains) return there == *history_->value(op.result).boolean();
        if (op.f == add && !there) elements.insert(at, op.arg);
        if (op.f == remove && there) elements.erase(at);
        return true;
    }
    static std::uint64_t hash(const State& elements) {
        std::uint64_t hash = elements.size();
        for (const Symbol element : elements)
            hash = (hash ^ element) * 0x100000001B3U;
        return hash;
    }
    static bool observes(const ObjectOp& op) { return op.f == contains || op.f == read; }

    /// Nothing but a read of the whole set ties elements together.
    static std::vector<std::vector<ObjectOp>> partitions(const History&,
                                                         std::vector<ObjectOp> ops) {
        std::vector<std::vector<ObjectOp>> parts;
        std::unordered_map<Symbol, std::size_t> part_of;
        if (std::ranges::find(ops, read, &ObjectOp::f) != ops.end()) {
            parts.push_back(std::move(ops));
            return parts;
        }
        for (const ObjectOp& op : ops) {
            const auto [it, added] = part_of.try_emplace(op.arg, parts.size());
            if (added) parts.emplace_back();
            parts[it->second].push_back(op);
        }
        return parts;
    }

    static std::optional<Judgement> fast(const ObjectPartition& partition, const Budget&) {
        const bool whole =
            std::ranges::find(partition.ops, read, &ObjectOp::f) != partition.ops.end();
        return whole ? judge_growing_set(partition) : judge_element(partition);
    }

    /// What saw an element stays only if all its additions stay, and what did not see it only if
    /// all its removals do: the one that it saw the effect of is then among them.
    static void support(const ObjectPartition& all, std::vector<bool>& kept) {
        std::unordered_set<Value, ValueHash> added;   // elements of which an addition went
        std::unordered_set<Value, ValueHash> removed; // or a removal
        for (std::size_t i = 0; i < kept.size(); ++i) {
            const ObjectOp& op = all.ops[i];
            if (kept[i] || op.f > remove) continue;
            (op.f == add ? added : removed).insert(all.history.value(op.arg));
        }
        for (std::size_t i = 0; i < kept.size(); ++i) {
            const ObjectOp& op = all.ops[i];
            if (!op.definite()) continue;
            if (op.f == contains) {
                const bool saw = *all.history.value(op.result).boolean();
                if ((saw ? added : removed).contains(all.history.value(op.arg))) kept[i] = false;
            } else if (op.f == read) {
                const Value::List& list = *all.history.value(op.result).list();
                const std::size_t seen = static_cast<std::size_t>(std::ranges::count_if(
                    list, [&](const Value& element) { return removed.contains(element); }));
                if (seen < removed.size() || std::ranges::any_of(list, [&](const Value& element) {
                        return added.contains(element);
                    }))
                    kept[i] = false;
            }
        }
    }

private:
    bool holds_just(const State& elements, Symbol list) {
        const auto [it, added] = lists_.try_emplace(list);
        std::vector<const Value*>& sorted = it->second;
        const auto less = [](const Value* a, const Value* b) { return *a < *b; };
        if (added) {
            for (const Value& value : *history_->value(list).list())
                sorted.push_back(&value);
            std::ranges::sort(sorted, less);
        }
        return sorted.size() == elements.size() &&
               std::ranges::all_of(elements, [&](Symbol element) {
                   return std::ranges::binary_search(sorted, &history_->value(element), less);
               });
    }

    const History* history_;                                      ///< never null
    std::unordered_map<Symbol, std::vector<const Value*>> lists_; ///< sorted, by result
};

} // namespace

const ObjectModel& set_model() {
    static const SequentialModel<Set> model;
    return model;
}

} // namespace faultlab
