#include "checker/version_fill.hpp"

#include <algorithm>

namespace faultlab {

VersionFill::VersionFill(std::span<const RegisterOp> ops,
                         std::span<const std::uint32_t> writes,
                         std::span<const std::uint32_t> open_cas,
                         bool open_first)
    : ops_(ops), writes_(writes), open_cas_(open_cas), open_first_(open_first),
      taken_(ops.size(), 0) {
    for (const std::uint32_t i : writes)
        by_value_[ops[i].value].writes.push_back(i);
}

std::optional<std::uint32_t> VersionFill::choose(const Gap& gap) {
    for (; next_write_ < writes_.size() && ops_[writes_[next_write_]].inv < gap.before;
         ++next_write_) {
        const std::uint32_t i = writes_[next_write_];
        if (ops_[i].definite())
            definite_.emplace(ops_[i].ret, i);
        else
            open_.push_back(i);
    }
    std::uint32_t definite = nobody;
    std::uint32_t open = open_cas(gap);
    if (gap.value == any_value) {
        definite = most_urgent(gap);
        if (open == nobody && (definite == nobody || open_first_)) open = some_open_write();
    } else if (const auto of_value = by_value_.find(gap.value); of_value != by_value_.end()) {
        definite = definite_of_value(of_value->second, gap);
        if (open == nobody) open = open_of_value(of_value->second, gap);
    }
    if (gap.value != any_value) --needed_[gap.value];
    const std::uint32_t first = open_first_ ? open : definite;
    const std::uint32_t chosen = first != nobody ? first : open_first_ ? definite : open;
    if (chosen == nobody) return std::nullopt;
    take(chosen);
    return chosen;
}

std::uint32_t VersionFill::definite_of_value(OfValue& of_value, const Gap& gap) const {
    const auto& writes = of_value.writes;
    while (of_value.begin < writes.size() && taken_[writes[of_value.begin]] != 0)
        ++of_value.begin;
    std::uint32_t best = nobody;
    for (std::size_t at = of_value.begin; at < writes.size(); ++at) {
        const RegisterOp& op = ops_[writes[at]];
        if (op.inv > gap.before) break;
        if (taken_[writes[at]] != 0 || !op.definite() || op.ret < gap.after) continue;
        if (best == nobody || op.ret < ops_[best].ret) best = writes[at];
    }
    return best;
}

std::uint32_t VersionFill::open_of_value(const OfValue& of_value, const Gap& gap) const {
    for (std::size_t at = of_value.begin; at < of_value.writes.size(); ++at) {
        const std::uint32_t i = of_value.writes[at];
        if (ops_[i].inv > gap.before) break;
        if (taken_[i] == 0 && !ops_[i].definite()) return i;
    }
    return nobody;
}

/// One that returned before the gap begins was forgotten by an earlier gap: then none fits.
std::uint32_t VersionFill::most_urgent(const Gap& gap) {
    while (!definite_.empty() && taken_[definite_.top().second] != 0)
        definite_.pop();
    if (definite_.empty() || definite_.top().first < gap.after) return nobody;
    return definite_.top().second;
}

/// Rather one of a value that no gap to come needs.
std::uint32_t VersionFill::some_open_write() {
    while (open_begin_ < open_.size() && taken_[open_[open_begin_]] != 0)
        ++open_begin_;
    constexpr std::size_t looked_at = 64;
    std::uint32_t found = nobody;
    for (std::size_t at = open_begin_; at < std::min(open_.size(), open_begin_ + looked_at); ++at) {
        const std::uint32_t i = open_[at];
        if (taken_[i] != 0) continue;
        if (found == nobody) found = i;
        const auto need = needed_.find(ops_[i].value);
        if (need == needed_.end() || need->second == 0) return i;
    }
    return found;
}

std::uint32_t VersionFill::open_cas(const Gap& gap) {
    while (next_cas_ < open_cas_.size() &&
           ops_[open_cas_[next_cas_]].from_version + 1 < gap.version)
        ++next_cas_;
    std::uint32_t best = nobody;
    for (std::size_t at = next_cas_; at < open_cas_.size(); ++at) {
        const std::uint32_t i = open_cas_[at];
        const RegisterOp& op = ops_[i];
        if (op.from_version + 1 != gap.version) break;
        const bool fits = gap.value == any_value || gap.value == op.value;
        if (taken_[i] == 0 && fits && op.inv < gap.before && (best == nobody || i < best)) best = i;
    }
    return best;
}

} // namespace faultlab
