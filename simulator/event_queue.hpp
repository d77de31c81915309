#pragma once

#include "core/rng.hpp"
#include "core/types.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace faultlab::simulator {

/// What happens next, in virtual time. Ordered by (time, tie, sequence): ties are drawn, so that a
/// seed explores the orders of what happens at one moment; the sequence only makes the order total.
/// Owned by one thread.
template <typename What>
class EventQueue {
public:
    explicit EventQueue(Rng ties) : ties_of_plans_(ties.split("plans")), ties_(std::move(ties)) {}

    [[nodiscard]] Nanos now() const { return now_; }
    [[nodiscard]] std::size_t size() const { return heap_.size(); }

    /// Requires: delay >= 0.
    template <typename Event>
    void after(Nanos delay, Event&& what) {
        add(delay, ties_.next(), std::forward<Event>(what));
    }
    /// Likewise, of who breaks and watches: how often they do it moves no tie of what they watch.
    template <typename Event>
    void plan(Nanos delay, Event&& what) {
        add(delay, ties_of_plans_.next(), std::forward<Event>(what));
    }

    /// When the next event is due.
    [[nodiscard]] std::optional<Nanos> next() const {
        return heap_.empty() ? std::nullopt : std::optional(heap_.front().at);
    }

    /// Moves time to the next event, and hands it over where it lies, until its place is taken by a
    /// later one: not before `use` is done, which may schedule others. Requires: there is one.
    template <typename Use>
    void take(Use use) {
        const Key key = pop_first();
        now_ = key.at;
        tie_ = key.tie;
        use(slots_[key.slot]);
        free_.push_back(key.slot);
    }

    /// With the time, the key of the event that was taken last.
    [[nodiscard]] std::uint64_t tie() const { return tie_; }

    /// Lets time pass. Requires: nothing is due before `time`.
    void skip_to(Nanos time) { now_ = time; }

private:
    struct Key {
        Nanos at = 0;
        std::uint64_t tie = 0;
        std::uint64_t sequence = 0;
        std::uint32_t slot = 0;
    };
    static bool earlier(const Key& a, const Key& b) {
        if (a.at != b.at) return a.at < b.at;
        return a.tie != b.tie ? a.tie < b.tie : a.sequence < b.sequence;
    }

    // A heap of four children each: half as deep as one of two, and siblings lie together.
    static constexpr std::size_t children = 4;
    void push(const Key& key) {
        std::size_t at = heap_.size();
        heap_.push_back(key);
        for (; at > 0; at = (at - 1) / children) {
            const Key& parent = heap_[(at - 1) / children];
            if (!earlier(key, parent)) break;
            heap_[at] = parent;
        }
        heap_[at] = key;
    }
    Key pop_first() {
        const Key first = heap_.front();
        const Key last = heap_.back();
        heap_.pop_back();
        if (heap_.empty()) return first;
        std::size_t at = 0;
        for (std::size_t child = 1; child < heap_.size(); child = at * children + 1) {
            const std::size_t end = std::min(child + children, heap_.size());
            std::size_t least = child;
            while (++child < end) {
                if (earlier(heap_[child], heap_[least])) least = child;
            }
            if (!earlier(heap_[least], last)) break;
            heap_[at] = heap_[least];
            at = least;
        }
        heap_[at] = last;
        return first;
    }

    template <typename Event>
    void add(Nanos delay, std::uint64_t tie, Event&& what) {
        std::uint32_t slot = 0;
        if (free_.empty()) {
            slot = static_cast<std::uint32_t>(slots_.size());
            slots_.emplace_back(std::forward<Event>(what));
        } else {
            slot = free_.back();
            free_.pop_back();
            slots_[slot] = std::forward<Event>(what);
        }
        push({now_ + delay, tie, sequence_++, slot});
    }

    Rng ties_of_plans_;
    Rng ties_;
    Nanos now_ = 0;
    std::uint64_t tie_ = 0; ///< of what was taken last
    std::uint64_t sequence_ = 0;
    std::vector<Key> heap_;
    std::deque<What> slots_; ///< apart from the keys: only those move, and none of these ever
    std::vector<std::uint32_t> free_;
};

} // namespace faultlab::simulator
