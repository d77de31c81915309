// Model "mutex": free at first, held by one owner at a time.

#include "checker/mutex_pairs.hpp"
#include "checker/object_catalogue.hpp"
#include "checker/sequential_model.hpp"

#include <array>
#include <cstdint>

namespace faultlab {
namespace {

struct Mutex {
    static constexpr std::string_view name = "mutex";
    static constexpr std::string_view summary =
        "a lock: acquire and release, by an owner where one is named";
    static constexpr std::array operations = {
        OperationSpec{.f = "acquire", .argument = ValueShape::anything},
        OperationSpec{.f = "release", .argument = ValueShape::anything},
    };
    enum F : std::uint32_t { acquire, release };

    /// The owner. An owner that is not named is absent (symbol 0).
    using State = std::uint32_t;
    static constexpr State nobody = UINT32_MAX;
    explicit Mutex(const History&) {}

    static State initial() { return nobody; }
    /// A release that names its owner frees what that owner holds; where either does not say who,
    /// it may be the same.
    static bool step(State& owner, const ObjectOp& op) {
        if (op.f == acquire) {
            if (owner != nobody) return false;
            owner = op.arg;
            return true;
        }
        if (owner == nobody) return false;
        const bool other = owner != 0 && op.arg != 0 && owner != op.arg;
        owner = nobody;
        return !other;
    }
    static std::uint64_t hash(State owner) { return owner; }
    static bool observes(const ObjectOp&) { return false; }

    static std::optional<Judgement> fast(const ObjectPartition& partition, const Budget&) {
        return judge_mutex(partition);
    }
    static void support(const ObjectPartition& all, std::vector<bool>& kept) {
        support_pairs(all, kept);
    }
    static bool keeps_more(const ObjectPartition& all) { return !all_in_pairs(all); }
};

} // namespace

const ObjectModel& mutex_model() {
    static const SequentialModel<Mutex> model;
    return model;
}

} // namespace faultlab
