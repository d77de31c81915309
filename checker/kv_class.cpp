#include "checker/anomaly_class.hpp"
#include "checker/kv_counterexample.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

/// A value that a definite operation surely found, before it did anything itself.
struct Sight {
    const KvOp* op = nullptr;
    KeyId key = 0;
    PlaceId place = no_place;
    bool or_absent = false;
};

const KvStep* first_on(const KvOp& op, KeyId key) {
    const auto found = std::ranges::find(op.steps, key, &KvStep::key);
    return found == op.steps.end() ? nullptr : &*found;
}

const KvStep* update_of(const KvOp& op, KeyId key) {
    const KvStep* last = nullptr;
    for (const KvStep& step : op.steps) {
        if (step.key == key && step.updates()) last = &step;
    }
    return last;
}

class KvClassifier {
public:
    KvClassifier(const KvDivergence& divergence,
                 const KvCounterexample& counterexample,
                 const KvPlaces& places)
        : all_(divergence.ops), places_(places) {
        // The divergence first: it is what the reader looks at.
        for (const KvOp& op : counterexample.ops) {
            if (op.id == divergence.op.id)
                kept_.insert(kept_.begin(), &op);
            else
                kept_.push_back(&op);
        }
        for (const KvOp* op : kept_) {
            if (op->definite()) add_sights(*op, sights_);
        }
        index_all();
    }

    [[nodiscard]] AnomalyClass run() const {
        for (const auto rule : {&KvClassifier::impossible,
                                &KvClassifier::never_written,
                                &KvClassifier::taken_twice,
                                &KvClassifier::half_visible,
                                &KvClassifier::stale}) {
            if (const auto found = (this->*rule)()) return *found;
        }
        return {};
    }

private:
    static void add_sights(const KvOp& op, std::vector<Sight>& sights) {
        for (const KvStep& step : op.steps) {
            if (first_on(op, step.key) != &step) continue;
            const bool looks = step.action == KvAction::observe || step.action == KvAction::compare;
            const PlaceId place = looks ? step.place : step.base;
            if (place != no_place) sights.push_back({&op, step.key, place, step.or_absent});
        }
    }

    void index_all() {
        std::vector<Sight> sights;
        for (const KvOp& op : all_) {
            for (const KeyId key : keys_of({&op, 1})) {
                const KvStep* update = update_of(op, key);
                if (update == nullptr) continue;
                if (update->vague()) {
                    vague_writers_[key].push_back(&op);
                } else {
                    writers_[update->place].push_back(&op);
                }
            }
            if (op.definite()) add_sights(op, sights);
        }
        for (const Sight& sight : sights) {
            if (!sight.or_absent) finders_[sight.place].push_back(sight.op);
        }
    }

    /// Updates other than `but` that can have left this, as far as was known.
    [[nodiscard]] std::vector<const KvOp*> writers(KeyId key, PlaceId place, OpId but) const {
        std::vector<const KvOp*> found;
        if (const auto known = writers_.find(place); known != writers_.end()) found = known->second;
        if (const auto vague = vague_writers_.find(key); vague != vague_writers_.end())
            found.insert(found.end(), vague->second.begin(), vague->second.end());
        std::erase_if(found, [but](const KvOp* op) { return op->id == but; });
        return found;
    }

    [[nodiscard]] std::optional<AnomalyClass> impossible() const {
        for (const KvOp* op : kept_) {
            if (std::ranges::find(op->steps, KvAction::impossible, &KvStep::action) ==
                op->steps.end())
                continue;
            return AnomalyClass{.name = "impossible_answer",
                                .rule = "no state of the map gives such an answer",
                                .observer = op->id};
        }
        return std::nullopt;
    }

    [[nodiscard]] std::optional<AnomalyClass> never_written() const {
        for (const Sight& sight : sights_) {
            if (sight.or_absent || sight.place == places_.absent(sight.key)) continue;
            if (!writers(sight.key, sight.place, sight.op->id).empty()) continue;
            return AnomalyClass{.name = "value_never_written",
                                .rule = "a value was seen that nothing invoked before wrote",
                                .observer = sight.op->id};
        }
        return std::nullopt;
    }

    /// Two successful updates that both replaced the same value, which was there only once.
    [[nodiscard]] std::optional<AnomalyClass> taken_twice() const {
        for (const Sight& a : sights_) {
            for (const Sight& b : sights_) {
                if (a.op->id == b.op->id || a.key != b.key || a.place != b.place) continue;
                const KvStep* first = update_of(*a.op, a.key);
                const KvStep* second = update_of(*b.op, a.key);
                if (first == nullptr || second == nullptr) continue;
                if (first->place == a.place || second->place == a.place) continue;
                if (times_there(a) > 1) continue;
                const bool cas = first_on(*a.op, a.key)->action == KvAction::compare &&
                                 first_on(*b.op, a.key)->action == KvAction::compare;
                return AnomalyClass{
                    .name = cas ? "duplicate_cas" : "lost_update",
                    .rule = cas ? "two successful cas took the same value, which was there only "
                                  "once"
                                : "two successful updates were both made on the same value, which "
                                  "was there only once: one replaced the other unseen",
                    .observer = a.op->id,
                    .missed_write = b.op->id};
            }
        }
        return std::nullopt;
    }

    [[nodiscard]] std::size_t times_there(const Sight& sight) const {
        const PlaceId absent = places_.absent(sight.key);
        std::size_t times = writers(sight.key, sight.place, -1).size();
        if (sight.or_absent) times += writers(sight.key, absent, -1).size();
        return times + (sight.or_absent || sight.place == absent ? 1 : 0);
    }

    /// When it is certain that the update took effect: its return, or that of the first operation
    /// that found a value which only it wrote.
    struct Settled {
        Index at = never;
        OpId seen_by = -1;
    };
    [[nodiscard]] Settled settled(const KvOp& update) const {
        Settled result{.at = update.ret};
        for (const KvStep& own : update.steps) {
            if (!own.updates() || own.vague() || own.place == places_.absent(own.key)) continue;
            if (writers(own.key, own.place, update.id).size() != 0) continue;
            const auto finders = finders_.find(own.place);
            if (finders == finders_.end()) continue;
            for (const KvOp* op : finders->second) {
                if (op->id != update.id && op->ret < result.at)
                    result = {.at = op->ret, .seen_by = op->id};
            }
        }
        return result;
    }

    /// Whether all that can have left what the sight found was surely over when `update` began.
    [[nodiscard]] bool older(const Sight& sight, const KvOp& update) const {
        const KvStep* step = update_of(update, sight.key);
        if (step == nullptr || step->vague() || update.id == sight.op->id) return false;
        if (step->place == sight.place) return false;
        const auto over = [&](PlaceId place) {
            return std::ranges::all_of(writers(sight.key, place, sight.op->id), [&](const KvOp* w) {
                return w->id != update.id && settled(*w).at < update.inv;
            });
        };
        if (!over(sight.place)) return false;
        return !sight.or_absent ||
               (over(places_.absent(sight.key)) && step->place != places_.absent(sight.key));
    }

    /// One operation saw a transaction on one key, and what was before it on another.
    [[nodiscard]] std::optional<AnomalyClass> half_visible() const {
        for (const Sight& sight : sights_) {
            const auto from = writers(sight.key, sight.place, sight.op->id);
            if (sight.or_absent || sight.place == places_.absent(sight.key)) continue;
            if (from.size() != 1 || keys_updated(*from[0]) < 2) continue;
            for (const Sight& other : sights_) {
                if (other.op != sight.op || other.key == sight.key) continue;
                if (!older(other, *from[0])) continue;
                return AnomalyClass{.name = "half_visible_transaction",
                                    .rule = "one operation saw what a transaction wrote to one "
                                            "key, and what was there before it on another",
                                    .observer = sight.op->id,
                                    .value_writer = from[0]->id,
                                    .missed_write = from[0]->id};
            }
        }
        return std::nullopt;
    }

    [[nodiscard]] static std::size_t keys_updated(const KvOp& op) {
        const auto keys = keys_of({&op, 1});
        return static_cast<std::size_t>(
            std::ranges::count_if(keys, [&](KeyId key) { return update_of(op, key) != nullptr; }));
    }

    [[nodiscard]] std::optional<AnomalyClass> stale() const {
        for (const Sight& sight : sights_) {
            const KvOp* missed = nullptr;
            for (const KvOp* update : kept_) {
                if (settled(*update).at >= sight.op->inv || !older(sight, *update)) continue;
                if (missed == nullptr || missed->inv < update->inv) missed = update;
            }
            if (missed != nullptr) return stale_class(sight, *missed);
        }
        return std::nullopt;
    }

    [[nodiscard]] AnomalyClass stale_class(const Sight& sight, const KvOp& missed) const {
        const auto from = writers(sight.key, sight.place, sight.op->id);
        AnomalyClass found{.observer = sight.op->id,
                           .value_writer = from.size() == 1 ? from[0]->id : -1,
                           .missed_write = missed.id,
                           .seen_by = settled(missed).seen_by};
        if (update_of(missed, sight.key)->place == places_.absent(sight.key)) {
            found.name = "resurrected_key";
            found.rule = "a value was found on a key that had been deleted after it was written";
        } else if (update_of(*sight.op, sight.key) == nullptr) {
            found.name = "stale_read";
            found.rule =
                "a read began after a newer write had taken effect, and saw the older value";
        } else {
            found.name = "lost_update";
            found.rule = "an update was made on a value that a newer write had replaced before it "
                         "began";
        }
        return found;
    }

    const std::vector<KvOp>& all_;
    const KvPlaces& places_;
    std::vector<const KvOp*> kept_;
    std::vector<Sight> sights_;
    // Of all operations.
    std::map<PlaceId, std::vector<const KvOp*>> writers_;
    std::map<KeyId, std::vector<const KvOp*>> vague_writers_;
    std::map<PlaceId, std::vector<const KvOp*>> finders_; ///< who surely found it
};

} // namespace

AnomalyClass classify_kv(const KvDivergence& divergence,
                         const KvCounterexample& counterexample,
                         const KvPlaces& places) {
    return KvClassifier(divergence, counterexample, places).run();
}

} // namespace faultlab
