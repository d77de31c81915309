// Model "queue": first in, first out.

#include "checker/item_lives.hpp"
#include "checker/object_catalogue.hpp"
#include "checker/queue_order.hpp"
#include "checker/queue_renaming.hpp"
#include "checker/sequential_model.hpp"

#include <array>
#include <cstdint>

namespace faultlab {
namespace {

struct Queue {
    static constexpr std::string_view name = "queue";
    static constexpr std::string_view summary =
        "first in, first out: enqueue, dequeue (null: it was empty)";
    static constexpr std::array operations = {
        OperationSpec{.f = "enqueue", .argument = ValueShape::value},
        OperationSpec{.f = "dequeue", .result = ValueShape::anything},
    };
    enum F : std::uint32_t { enqueue, dequeue };

    using State = std::vector<Symbol>; ///< the oldest first
    explicit Queue(const History&) {}

    static State initial() { return {}; }
    static bool step(State& queue, const ObjectOp& op) {
        if (op.f == enqueue) {
            queue.push_back(op.arg);
            return true;
        }
        if (op.result == 0) return queue.empty();
        if (queue.empty()) return op.result == no_result;
        if (op.result != no_result && op.result != queue.front()) return false;
        queue.erase(queue.begin());
        return true;
    }
    static std::uint64_t hash(const State& queue) {
        std::uint64_t hash = queue.size();
        for (const Symbol value : queue)
            hash = (hash ^ value) * 0x100000001B3U;
        return hash;
    }
    static bool observes(const ObjectOp& op) { return op.f == dequeue && op.result == 0; }

    static std::optional<Judgement> fast(const ObjectPartition& partition, const Budget&) {
        auto judgement = judge_queue(partition);
        return judgement ? judgement : judge_repeated_queue(partition);
    }
    static void prune(const ObjectPartition&, std::vector<ObjectOp>& ops) { prune_items(ops); }
    static void rename(const ObjectPartition& whole, Certificate& certificate) {
        rename_late(whole, certificate);
    }
    static void support(const ObjectPartition& all, std::vector<bool>& kept) {
        support_items(all, kept);
    }
};

} // namespace

const ObjectModel& queue_model() {
    static const SequentialModel<Queue> model;
    return model;
}

} // namespace faultlab
