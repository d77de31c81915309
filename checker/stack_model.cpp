// Model "stack": last in, first out.

#include "checker/item_lives.hpp"
#include "checker/object_catalogue.hpp"
#include "checker/sequential_model.hpp"
#include "checker/stack_order.hpp"

#include <array>
#include <cstdint>
#include <unordered_map>

namespace faultlab {
namespace {

struct Stack {
    static constexpr std::string_view name = "stack";
    static constexpr std::string_view summary =
        "last in, first out: push, pop (null: it was empty)";
    static constexpr std::array operations = {
        OperationSpec{.f = "push", .argument = ValueShape::value},
        OperationSpec{.f = "pop", .result = ValueShape::anything},
    };
    enum F : std::uint32_t { push, pop };

    /// The number of the topmost node: equal stacks have equal nodes. 0: empty.
    using State = std::uint32_t;
    explicit Stack(const History&) {}

    static State initial() { return 0; }
    bool step(State& top, const ObjectOp& op) {
        if (op.f == push) {
            const std::uint64_t node = (std::uint64_t{op.arg} << 32U) | top;
            const auto next = static_cast<State>(nodes_.size());
            const auto [it, added] = numbers_.try_emplace(node, next);
            if (added) nodes_.push_back({.value = op.arg, .below = top});
            top = it->second;
            return true;
        }
        if (op.result == 0) return top == 0;
        if (top == 0) return op.result == no_result;
        const Node& node = nodes_[top];
        top = node.below;
        return op.result == no_result || op.result == node.value;
    }
    static std::uint64_t hash(State top) { return top; }
    [[nodiscard]] std::size_t bytes() const {
        constexpr std::size_t a_number = 40; // an entry of the map, with its pointers
        return nodes_.capacity() * sizeof(Node) + numbers_.size() * a_number;
    }
    static bool observes(const ObjectOp& op) { return op.f == pop && op.result == 0; }

    static std::optional<Judgement> fast(const ObjectPartition& partition, const Budget&) {
        return judge_stack(partition);
    }
    static void prune(const ObjectPartition&, std::vector<ObjectOp>& ops) { prune_items(ops); }
    static void support(const ObjectPartition& all, std::vector<bool>& kept) {
        support_items(all, kept);
    }

private:
    struct Node {
        Symbol value = 0;
        State below = 0;
    };
    std::vector<Node> nodes_ = {Node{}};
    std::unordered_map<std::uint64_t, State> numbers_; ///< by value and node below
};

} // namespace

const ObjectModel& stack_model() {
    static const SequentialModel<Stack> model;
    return model;
}

} // namespace faultlab
