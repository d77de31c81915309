#include "checker/kv_witness.hpp"

#include "checker/object_order.hpp"

#include <cstdint>
#include <map>
#include <tuple>
#include <utility>

namespace faultlab {
namespace {

/// A group of keys as ObjectOrder wants an object. The f of an operation is the number of its
/// steps, so that operations with the same steps are of one kind.
class KvMap {
public:
    using State = std::vector<PlaceId>; ///< by key

    KvMap(const std::vector<const KvOp*>& kinds, KvPlaces& places)
        : kinds_(&kinds), places_(&places) {}

    [[nodiscard]] State initial() const {
        State state;
        for (KeyId key = 0; key < places_->keys(); ++key)
            state.push_back(places_->absent(key));
        return state;
    }
    bool step(State& state, const ObjectOp& op) {
        return std::ranges::all_of((*kinds_)[op.f]->steps, [&](const KvStep& step) {
            return places_->take(step, state[step.key]);
        });
    }
    static std::uint64_t hash(const State& state) {
        std::uint64_t hash = 0;
        for (const PlaceId place : state)
            hash = (hash ^ place) * 0x9E3779B97F4A7C15U;
        return hash;
    }
    [[nodiscard]] bool observes(const ObjectOp& op) const {
        return (*kinds_)[op.f]->preserves_state();
    }
    [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(places_->bytes()); }

private:
    const std::vector<const KvOp*>* kinds_; ///< never null
    KvPlaces* places_;                      ///< never null
};

using Steps = std::vector<std::tuple<KvAction, bool, KeyId, PlaceId, PlaceId, std::uint32_t>>;

Steps steps_of(const KvOp& op) {
    Steps steps;
    for (const KvStep& step : op.steps)
        steps.emplace_back(
            step.action, step.or_absent, step.key, step.place, step.base, step.operand);
    return steps;
}

} // namespace

std::optional<std::vector<OpId>> find_kv_order(KvGroup& group, const Budget& budget) {
    std::vector<const KvOp*> kinds;
    std::map<Steps, std::uint32_t> numbers;
    std::vector<ObjectOp> ops;
    for (const KvOp& op : group.ops) {
        const auto next = static_cast<std::uint32_t>(kinds.size());
        const auto [kind, added] = numbers.try_emplace(steps_of(op), next);
        if (added) kinds.push_back(&op);
        ops.push_back({.id = op.id, .inv = op.inv, .ret = op.ret, .f = kind->second});
    }
    return ObjectOrder<KvMap>(KvMap(kinds, group.places), ops, budget).find(never);
}

} // namespace faultlab
