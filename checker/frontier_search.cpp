#include "checker/frontier_search.hpp"

#include "checker/frontier.hpp"
#include "checker/place_times.hpp"
#include "checker/search_input.hpp"
#include "checker/search_ways.hpp"

#include <algorithm>

namespace faultlab {
namespace {

/// One register, as Frontier wants it.
class RegisterObject {
public:
    RegisterObject(std::span<const RegisterOp> ops, const LinearizabilityRules& rules)
        : input_(prepare_search(ops, rules)), times_(input_), rules_(&rules) {
        for (const RegisterOp& op : input_.ops) {
            const bool open_cas = !op.definite() && op.action == RegisterAction::cas;
            if (open_cas && input_.by_version) first_gone_ = -1;
            if (open_cas && !input_.by_version)
                first_gone_ = std::min(first_gone_, input_.last_reached[op.from]);
        }
    }

    [[nodiscard]] std::size_t size() const { return input_.ops.size(); }
    [[nodiscard]] const RegisterOp& op(std::uint32_t i) const { return input_.ops[i]; }
    [[nodiscard]] std::uint32_t signature(std::uint32_t i) const { return input_.signature[i]; }
    [[nodiscard]] std::uint32_t signatures() const { return input_.signatures; }

    [[nodiscard]] static RegisterState initial() { return {}; }
    [[nodiscard]] bool fits(std::uint32_t i, const RegisterState& state) const {
        return rules_->fits(input_.ops[i], state);
    }
    bool apply(std::uint32_t i, const RegisterState& from, RegisterState& to) const {
        if (!fits(i, from)) return false;
        to = rules_->after(input_.ops[i], from);
        return true;
    }

    static constexpr bool states_are_values = true;
    // A state is no larger than its name.
    [[nodiscard]] static std::int64_t bytes() { return 0; }
    [[nodiscard]] static bool crowded(std::size_t) { return false; }
    static void begin_renaming() {}
    [[nodiscard]] static RegisterState rename(const RegisterState& state) { return state; }

    /// Rule d, dead writes: when a write takes effect, every pending write whose value nobody
    /// observes is put directly before it. Where it was later in a legal order, the operations
    /// between it and the next update did not see its value, and no failed cas relied on it (then
    /// none is marked dead).
    void bury(std::uint32_t i, Configuration& to, const Pending& pending) const {
        if (input_.ops[i].action != RegisterAction::write) return;
        for (std::size_t k = 0; k < pending.definite_updates; ++k) {
            if (input_.dead[pending.updates[k]] != 0) pending.use(to, pending.updates[k]);
        }
    }

    /// An open cas that can never fit again counts as used: so configurations that differ in it
    /// alone become one.
    void settle(Configuration& configuration, const Pending& pending) const {
        if (!rules_->looks_ahead() || pending.now < first_gone_) return;
        for (const std::uint32_t op : pending.updates) {
            const RegisterOp& update = input_.ops[op];
            if (update.definite() || update.action != RegisterAction::cas) continue;
            if (pending.used(configuration, op)) continue;
            if (hopeless(update, configuration, pending)) pending.use(configuration, op);
        }
    }

    /// Look-ahead: see PlacesLost.
    [[nodiscard]] bool doomed(std::uint32_t,
                              const RegisterState& from,
                              const Configuration& to,
                              const Pending& pending) const {
        if (!rules_->looks_ahead()) return false;
        PlacesLost lost(input_, times_, input_.place(from), input_.place(to.state), pending.now);
        pending.each_unused(to, [&](std::uint32_t op) { lost.add_pending(input_.ops[op]); });
        for (const std::uint32_t op : pending.observers) {
            if (!pending.used(to, op)) lost.add_pending(input_.ops[op]);
        }
        return lost.any([](std::uint64_t) { return false; });
    }

    // There is but one register: all pending operations can matter.
    static void narrow(std::uint32_t, const Configuration&, const Pending&) {}
    [[nodiscard]] static bool may_help(std::uint32_t) { return true; }

private:
    /// Versions only grow; a value comes back only by an update that is pending or yet to be
    /// invoked.
    [[nodiscard]] bool
    hopeless(const RegisterOp& op, const Configuration& c, const Pending& pending) const {
        if (input_.by_version) return op.from_version < c.state.version;
        if (op.from == c.state.value || input_.last_reached[op.from] > pending.now) return false;
        return std::ranges::none_of(pending.updates, [&](std::uint32_t other) {
            return input_.ops[other].value == op.from && !pending.used(c, other);
        });
    }

    SearchInput input_;
    PlaceTimes times_;
    const LinearizabilityRules* rules_; ///< never null
    Index first_gone_ = never;          ///< before it no open cas is hopeless
};

} // namespace

SearchOutcome search_order(std::span<const RegisterOp> ops,
                           const LinearizabilityRules& rules,
                           const Budget& budget) {
    return search_frontier([&] { return RegisterObject(ops, rules); }, rules, budget);
}

std::optional<SearchOutcome> search_order_within(std::span<const RegisterOp> ops,
                                                 const LinearizabilityRules& rules,
                                                 std::size_t width,
                                                 const Budget& budget) {
    Frontier search(RegisterObject(ops, rules), rules, budget);
    SearchOutcome outcome = search.run(width);
    return search.narrowed() ? std::nullopt : std::optional(std::move(outcome));
}

SearchOutcome search_order_together(std::span<const RegisterOp> ops,
                                    const LinearizabilityRules& rules,
                                    const Budget& budget) {
    Frontier search(RegisterObject(ops, rules), rules, budget);
    search.share_from(1);
    return search.run();
}

std::vector<RegisterState> final_states(std::span<const RegisterOp> ops,
                                        const LinearizabilityRules& rules,
                                        const Budget& budget) {
    auto states = Frontier(RegisterObject(ops, rules), rules, budget).reachable();
    const auto key = [](const RegisterState& s) { return std::tuple(s.version, s.value); };
    std::ranges::sort(states, {}, key);
    const auto rest = std::ranges::unique(states);
    states.erase(rest.begin(), rest.end());
    return states;
}

} // namespace faultlab
