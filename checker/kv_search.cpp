#include "checker/kv_search.hpp"

#include "checker/frontier.hpp"
#include "checker/kv_states.hpp"

namespace faultlab {
namespace {

/// One group of keys, as Frontier wants it. A state is its number in KvStates.
class KvObject {
public:
    KvObject(std::span<const KvOp> ops, KvPlaces& places, const KvLicences& licences)
        : input_(prepare_kv(ops, places, licences)), places_(&places), licences_(licences),
          states_(places.keys()), old_states_(places.keys()), concerned_(places.keys(), 0) {}

    [[nodiscard]] std::size_t size() const { return input_.ops.size(); }
    [[nodiscard]] const KvOp& op(std::uint32_t i) const { return input_.ops[i]; }
    [[nodiscard]] std::uint32_t signature(std::uint32_t i) const { return input_.signature[i]; }
    [[nodiscard]] std::uint32_t signatures() const { return input_.signatures; }

    RegisterState initial() {
        std::vector<PlaceId> absent;
        for (KeyId key = 0; key < places_->keys(); ++key)
            absent.push_back(places_->absent(key));
        return {.value = states_.number(absent)};
    }

    [[nodiscard]] bool fits(std::uint32_t i, const RegisterState& state) const {
        const auto places = states_.at(state.value);
        return std::ranges::all_of(input_.ops[i].steps, [&](const KvStep& step) {
            switch (step.action) {
                case KvAction::observe:
                case KvAction::compare: return places[step.key] == step.place;
                case KvAction::differ: return places[step.key] != step.place;
                default: return false;
            }
        });
    }

    bool apply(std::uint32_t i, const RegisterState& from, RegisterState& to) {
        const auto places = states_.at(from.value);
        scratch_.assign(places.begin(), places.end());
        for (const KvStep& step : input_.ops[i].steps) {
            if (!places_->take(step, scratch_[step.key])) return false;
        }
        to.value = states_.number(scratch_);
        return true;
    }

    static constexpr bool states_are_values = false;
    [[nodiscard]] std::int64_t bytes() const { return states_.bytes() + places_->bytes(); }
    [[nodiscard]] bool crowded(std::size_t live) const { return states_.size() > 1024 + 16 * live; }
    void begin_renaming() {
        std::swap(states_, old_states_);
        states_.clear();
    }
    RegisterState rename(const RegisterState& state) {
        return {.value = states_.number(old_states_.at(state.value))};
    }

    /// Rule d, dead writes, as for a register: when an update begins with a write of a key, every
    /// pending write of a value of that key that nobody observes is put directly before it.
    void bury(std::uint32_t i, Configuration& to, const Pending& pending) const {
        for (const KvTouch& touch : input_.touches(i)) {
            if (!touch.blind) continue;
            for (const std::uint32_t op : pending.updates) {
                if (input_.dead[op] != 0 && input_.ops[op].steps[0].key == touch.key)
                    pending.use(to, op);
            }
        }
    }

    /// An open cas that can never fit again counts as used: so configurations that differ in it
    /// alone become one.
    void settle(Configuration& c, const Pending& pending) const {
        if (!licences_.look_ahead) return;
        const auto places = states_.at(c.state.value);
        for (const std::uint32_t op :
             std::span(pending.updates).subspan(pending.definite_updates)) {
            if (pending.used(c, op)) continue;
            const auto touches = input_.touches(op);
            const bool hopeless = std::ranges::any_of(touches, [&](const KvTouch& touch) {
                return touch.needs != no_place && places[touch.key] != touch.needs &&
                       !comes_back(touch.needs, op, c, pending);
            });
            if (hopeless) pending.use(c, op);
        }
    }

    /// Look-ahead: a value that was left is needed by a definite operation that has not taken
    /// effect, and no update that could bring it back is left. Such a configuration cannot be
    /// completed.
    [[nodiscard]] bool doomed(std::uint32_t i,
                              const RegisterState& from,
                              const Configuration& to,
                              const Pending& pending) const {
        if (!licences_.look_ahead) return false;
        const auto before = states_.at(from.value);
        const auto after = states_.at(to.state.value);
        return std::ranges::any_of(input_.touches(i), [&](const KvTouch& touch) {
            const PlaceId left = before[touch.key];
            return left != after[touch.key] && needed(left, to, pending) &&
                   !comes_back(left, UINT32_MAX, to, pending);
        });
    }

    /// Only operations that are tied to the forced one by shared keys, through other pending ones,
    /// can matter. Take a legal order that goes on from here, and of what comes before the forced
    /// operation that from which a chain of operations with shared keys leads to it. The rest
    /// shares no key with what of the chain comes after it, so it can be moved behind the forced
    /// operation, and time allows it: all of it is pending.
    void narrow(std::uint32_t forced, const Configuration& from, const Pending& pending) {
        all_concerned_ = forced >= size() || !licences_.narrow || places_->keys() == 1;
        if (all_concerned_) return;
        ++narrowing_;
        concern(forced);
        for (bool grown = true; grown;) {
            grown = false;
            for (const auto* list : {&pending.updates, &pending.observers}) {
                for (const std::uint32_t op : *list) {
                    if (input_.touches(op).size() < 2 || pending.used(from, op)) continue;
                    if (may_help(op)) grown |= concern(op);
                }
            }
        }
    }
    [[nodiscard]] bool may_help(std::uint32_t i) const {
        if (all_concerned_) return true;
        return std::ranges::any_of(input_.touches(i), [&](const KvTouch& touch) {
            return concerned_[touch.key] == narrowing_;
        });
    }

    [[nodiscard]] std::vector<PlaceId> state(const RegisterState& state) const {
        const auto places = states_.at(state.value);
        return {places.begin(), places.end()};
    }

private:
    /// True when a key is new among those concerned.
    bool concern(std::uint32_t op) {
        bool grown = false;
        for (const KvTouch& touch : input_.touches(op))
            grown |= std::exchange(concerned_[touch.key], narrowing_) != narrowing_;
        return grown;
    }

    [[nodiscard]] bool needed(PlaceId place, const Configuration& c, const Pending& pending) const {
        // Places that came up in the search are in no result.
        if (place >= input_.last_needed.size() || input_.last_needed[place] < 0) return false;
        if (input_.last_needed[place] > pending.now) return true;
        const auto needs = [&](std::uint32_t op) {
            return input_.ops[op].definite() && !pending.used(c, op) &&
                   std::ranges::any_of(input_.touches(op), [place](const KvTouch& touch) {
                       return touch.needs == place;
                   });
        };
        return std::ranges::any_of(pending.updates, needs) ||
               std::ranges::any_of(pending.observers, needs);
    }

    /// Whether an update other than `except` that is pending or yet to be invoked may leave it.
    [[nodiscard]] bool comes_back(PlaceId place,
                                  std::uint32_t except,
                                  const Configuration& c,
                                  const Pending& pending) const {
        const KeyId key = places_->key_of(place);
        if (input_.last_left[place] > pending.now || input_.last_vague[key] > pending.now)
            return true;
        return std::ranges::any_of(pending.updates, [&](std::uint32_t op) {
            if (op == except || pending.used(c, op)) return false;
            return std::ranges::any_of(input_.touches(op), [&](const KvTouch& touch) {
                return touch.leaves == place || (touch.vague && touch.key == key);
            });
        });
    }

    KvInput input_;
    KvPlaces* places_; ///< never null
    KvLicences licences_;
    KvStates states_;
    KvStates old_states_; ///< while states are renamed
    std::vector<PlaceId> scratch_;
    std::vector<std::uint32_t> concerned_; ///< by key: the last narrowing that it mattered to
    std::uint32_t narrowing_ = 0;
    bool all_concerned_ = true;
};

} // namespace

SearchOutcome search_kv(std::span<const KvOp> ops,
                        KvPlaces& places,
                        const Budget& budget,
                        const KvLicences& licences) {
    const LinearizabilityRules rules;
    return search_frontier([&] { return KvObject(ops, places, licences); }, rules, budget);
}

std::vector<std::vector<PlaceId>>
final_kv_states(std::span<const KvOp> ops, KvPlaces& places, const Budget& budget) {
    // Nothing is merged or left out, so that the states are those of the map.
    const KvLicences none{
        .drop_unnoticed = false, .look_ahead = false, .narrow = false, .symmetric = true};
    const LinearizabilityRules rules;
    Frontier search(KvObject(ops, places, none), rules, budget);
    std::vector<std::vector<PlaceId>> states;
    for (const RegisterState& state : search.reachable())
        states.push_back(search.object().state(state));
    std::ranges::sort(states, [&](const auto& a, const auto& b) {
        return std::ranges::lexicographical_compare(
            a, b, [&](PlaceId x, PlaceId y) { return places.value(x) < places.value(y); });
    });
    const auto repeated = std::ranges::unique(states);
    states.erase(repeated.begin(), repeated.end());
    return states;
}

} // namespace faultlab
