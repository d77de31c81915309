#pragma once

#include "core/monitor.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace faultlab {

/// Something of each op of a log, in their order, side by side: a log has few gaps and grows at its
/// end, so that an op is mostly where it is looked for first.
template <typename T>
class OpMap {
public:
    using Entry = std::pair<LogIndex, T>;

    /// As std::map: what is known of an op stays.
    std::pair<Entry*, bool> try_emplace(LogIndex op, const T& what) {
        const std::size_t at = position(op);
        const bool known = at < entries_.size() && entries_[at].first == op;
        if (!known) entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(at), {op, what});
        return {&entries_[at], !known};
    }
    /// Null when nothing is known of it.
    [[nodiscard]] const T* find(LogIndex op) const {
        const std::size_t at = position(op);
        return at < entries_.size() && entries_[at].first == op ? &entries_[at].second : nullptr;
    }
    /// Of the ops above this one.
    [[nodiscard]] std::span<const Entry> above(LogIndex op) const {
        return std::span(entries_).subspan(op == ~LogIndex{0} ? entries_.size() : position(op + 1));
    }

private:
    /// Of the first that is not below `op`.
    [[nodiscard]] std::size_t position(LogIndex op) const {
        if (entries_.empty() || op > entries_.back().first) return entries_.size();
        const LogIndex from_first = op - entries_.front().first;
        if (from_first < entries_.size() && entries_[from_first].first == op) return from_first;
        return static_cast<std::size_t>(std::ranges::lower_bound(entries_, op, {}, &Entry::first) -
                                        entries_.begin());
    }

    std::vector<Entry> entries_; ///< ascending
};

} // namespace faultlab
