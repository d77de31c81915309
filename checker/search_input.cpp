#include "checker/search_input.hpp"

#include <algorithm>
#include <map>

namespace faultlab {
namespace {

/// Which values some operation compares with, so that being in that state can be noticed.
class ObservedValues {
public:
    explicit ObservedValues(std::size_t count) : seen_(count) {}

    [[nodiscard]] bool has(ValueId value) const {
        return value < seen_.size() && seen_[value] != 0;
    }

    /// True when it is new.
    bool add(ValueId value) {
        if (value >= seen_.size() || seen_[value] != 0) return false;
        seen_[value] = 1;
        return true;
    }

private:
    std::vector<std::uint8_t> seen_;
};

std::size_t count_values(std::span<const RegisterOp> ops) {
    std::size_t count = 1;
    for (const RegisterOp& op : ops) {
        if (op.value != any_value) count = std::max<std::size_t>(count, op.value + std::size_t{1});
        if (op.from != any_value) count = std::max<std::size_t>(count, op.from + std::size_t{1});
    }
    return count;
}

/// Removes open updates that nobody can have noticed. Let L be an order of the operations that is
/// legal and has such an update u. Between u and the next update of L no operation saw its value
/// (it is not observed), and none saw that another value was absent (no failed cas): without u the
/// order is legal too. An open cas that leads to an observed value may have been needed, so the
/// value that it compares with is observed as well.
void drop_unnoticed(std::vector<RegisterOp>& ops, std::size_t values) {
    ObservedValues observed(values);
    for (const RegisterOp& op : ops) {
        if (!op.definite()) continue;
        if (op.action == RegisterAction::read) observed.add(op.value);
        if (op.action == RegisterAction::cas) observed.add(op.from);
    }
    for (bool grown = true; grown;) {
        grown = false;
        for (const RegisterOp& op : ops) {
            const bool open_cas = !op.definite() && op.action == RegisterAction::cas;
            if (open_cas && observed.has(op.value)) grown |= observed.add(op.from);
        }
    }
    std::erase_if(ops, [&](const RegisterOp& op) {
        return !op.definite() && op.updates() && !observed.has(op.value);
    });
}

/// Values that nobody compares with become one: no operation can tell their states apart, so the
/// two histories have the same legal orders. Marks the definite writes of such values.
void merge_unobserved(SearchInput& input, std::size_t values, bool mark_dead) {
    ObservedValues compared(values);
    for (const RegisterOp& op : input.ops) {
        if (op.action == RegisterAction::read) compared.add(op.value);
        compared.add(op.from);
    }
    for (std::size_t i = 0; i < input.ops.size(); ++i) {
        RegisterOp& op = input.ops[i];
        if (!op.updates() || compared.has(op.value)) continue;
        op.value = static_cast<ValueId>(values);
        if (mark_dead && op.action == RegisterAction::write && op.definite()) input.dead[i] = 1;
    }
}

void number_signatures(SearchInput& input, const LinearizabilityRules& rules) {
    std::map<LinearizabilityRules::Signature, std::uint32_t> numbers;
    input.signature.reserve(input.ops.size());
    for (const RegisterOp& op : input.ops) {
        if (op.preserves_state()) { // the search puts it wherever it fits
            input.signature.push_back(0);
            continue;
        }
        const auto [it, added] = numbers.try_emplace(rules.signature(op), input.signatures);
        if (added) ++input.signatures;
        input.signature.push_back(it->second);
    }
}

void index_places(SearchInput& input, std::size_t values) {
    // A version above the number of updates is never reached, and so never left.
    const std::size_t places = input.by_version ? input.ops.size() + 2 : values + 1;
    input.last_needed.assign(places, -1);
    input.last_reached.assign(places, -1);
    for (const RegisterOp& op : input.ops) {
        const auto needed = input.needed_place(op);
        if (needed && *needed < places) {
            input.last_needed[*needed] = std::max(input.last_needed[*needed], op.inv);
        }
        if (!op.updates() || input.by_version) continue;
        input.last_reached[op.value] = std::max(input.last_reached[op.value], op.inv);
    }
}

} // namespace

std::optional<std::uint64_t> SearchInput::needed_place(const RegisterOp& op) const {
    if (!op.definite() || op.action == RegisterAction::failed_cas) return std::nullopt;
    if (!by_version) {
        if (op.action == RegisterAction::read) return op.value;
        if (op.action == RegisterAction::cas) return op.from;
        return std::nullopt;
    }
    if (op.action == RegisterAction::cas) return op.from_version;
    if (op.version == any_version) return std::nullopt;
    if (op.action == RegisterAction::read) return op.version;
    if (op.version == 0) return std::nullopt;
    return op.version - op.step;
}

SearchInput prepare_search(std::span<const RegisterOp> ops, const LinearizabilityRules& rules) {
    SearchInput input;
    input.ops.assign(ops.begin(), ops.end());
    if (!std::ranges::is_sorted(input.ops, {}, &RegisterOp::inv))
        std::ranges::stable_sort(input.ops, {}, &RegisterOp::inv);
    // An open operation that changes nothing constrains nothing.
    std::erase_if(input.ops,
                  [](const RegisterOp& op) { return !op.definite() && op.preserves_state(); });
    input.by_version = std::ranges::any_of(input.ops, [](const auto& op) { return op.step != 0; });
    const bool any_failed = std::ranges::any_of(
        input.ops, [](const auto& op) { return op.action == RegisterAction::failed_cas; });
    // With versions every update leaves its number behind: none goes unnoticed.
    const bool vanish = !input.by_version && rules.dead_updates_vanish(any_failed);
    const std::size_t values = count_values(input.ops);
    if (vanish) drop_unnoticed(input.ops, values);
    input.dead.assign(input.ops.size(), 0);
    if (rules.merges_unobserved_values()) merge_unobserved(input, values, vanish);
    number_signatures(input, rules);
    index_places(input, values);
    return input;
}

} // namespace faultlab
