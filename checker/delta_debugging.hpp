#pragma once

#include "core/checker.hpp"
#include "core/types.hpp"
#include "core/verdict.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>
#include <vector>

namespace faultlab {

/// Removes operations from an illegal history while the rest is illegal: delta debugging (Zeller
/// and Hildebrandt, 2002) over chunks that are halved. `Problem` says what stays when operations
/// go, and judges that:
///
///     std::vector<Operation> rest(std::vector<bool> kept);
///     Verdict judge(const std::vector<Operation>& rest);
///
/// Operation has an `id`. Owned by one thread.
template <class Operation, class Problem>
class DeltaDebugging {
public:
    DeltaDebugging(const std::vector<Operation>& all, Problem problem, const Budget& budget)
        : all_(all), problem_(std::move(problem)), budget_(budget), kept_(all) {}

    [[nodiscard]] const std::vector<Operation>& kept() const { return kept_; }

    /// Keeps this one as long as there is something else to remove: of several illegal rests those
    /// are preferred that have it.
    void remove_last(OpId op) { last_ = op; }

    /// Removes all operations that satisfy the predicate if the rest is still illegal.
    template <class Predicate>
    bool try_without(Predicate predicate) {
        if (budget_.out_of_time()) return false;
        std::set<OpId> stay;
        for (const Operation& op : kept_) {
            if (!predicate(op) || op.id == last_) stay.insert(op.id);
        }
        if (stay.size() == kept_.size()) return false;
        std::vector<bool> flags(all_.size());
        for (std::size_t i = 0; i < all_.size(); ++i)
            flags[i] = stay.contains(all_[i].id);
        std::vector<Operation> rest = problem_.rest(std::move(flags));
        const bool has_last = std::ranges::find(rest, last_, &Operation::id) != rest.end();
        if (last_ >= 0 && !has_last) return false;
        const Verdict verdict = problem_.judge(rest);
        undecided_ = undecided_ || verdict == Verdict::unknown;
        if (verdict != Verdict::invalid) return false;
        kept_ = std::move(rest);
        return true;
    }

    /// Tries without the operations that touch a chunk of the items, oldest first.
    template <class Item, class Touches>
    bool remove_chunks(const std::vector<Item>& items, Touches touches) {
        bool removed = false;
        std::size_t chunk_size = std::max<std::size_t>(items.size() / 2, 1);
        for (;; chunk_size = chunk_size / 2) {
            for (std::size_t first = 0; first < items.size(); first += chunk_size) {
                const std::size_t last = std::min(first + chunk_size, items.size());
                const std::set<Item> chunk(items.begin() + static_cast<std::ptrdiff_t>(first),
                                           items.begin() + static_cast<std::ptrdiff_t>(last));
                removed |= try_without([&](const Operation& op) { return touches(op, chunk); });
            }
            if (chunk_size == 1) return removed;
        }
    }

    /// Removes operations one by one, until none can go any more. True when that was tried of each:
    /// no trial was undecided, and the time sufficed.
    bool finish() {
        bool removed = true;
        while (removed && !budget_.out_of_time()) {
            undecided_ = false;
            std::vector<OpId> ids;
            for (const Operation& op : kept_)
                ids.push_back(op.id);
            removed = remove_chunks(ids, [](const Operation& op, const std::set<OpId>& chunk) {
                return chunk.contains(op.id);
            });
            if (removed || last_ < 0) continue;
            last_ = -1;
            removed = true; // its turn, and that of all that cannot go without it
        }
        return !removed && !undecided_ && !budget_.out_of_time();
    }

private:
    const std::vector<Operation>& all_;
    Problem problem_;
    const Budget& budget_;
    std::vector<Operation> kept_;
    OpId last_ = -1;         ///< what is removed last; -1: nothing
    bool undecided_ = false; ///< a trial was neither legal nor illegal
};

} // namespace faultlab
