#pragma once

#include "core/rng.hpp"
#include "core/types.hpp"

#include <algorithm>
#include <cstdint>
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
    explicit EventQueue(Rng ties) : ties_(std::move(ties)) {}

    [[nodiscard]] Nanos now() const { return now_; }
    [[nodiscard]] std::size_t size() const { return heap_.size(); }

    /// Requires: delay >= 0.
    void after(Nanos delay, What what) {
        std::uint32_t slot = 0;
        if (free_.empty()) {
            slot = static_cast<std::uint32_t>(slots_.size());
            slots_.push_back(std::move(what));
        } else {
            slot = free_.back();
            free_.pop_back();
            slots_[slot] = std::move(what);
        }
        heap_.push_back({now_ + delay, ties_.next(), sequence_++, slot});
        std::ranges::push_heap(heap_, later);
    }

    /// When the next event is due.
    [[nodiscard]] std::optional<Nanos> next() const {
        return heap_.empty() ? std::nullopt : std::optional(heap_.front().at);
    }

    /// Moves time to the next event and takes it. Requires: there is one.
    What pop() {
        std::ranges::pop_heap(heap_, later);
        const Key key = heap_.back();
        heap_.pop_back();
        now_ = key.at;
        tie_ = key.tie;
        free_.push_back(key.slot);
        return std::move(slots_[key.slot]);
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
    static bool later(const Key& a, const Key& b) {
        return std::tie(a.at, a.tie, a.sequence) > std::tie(b.at, b.tie, b.sequence);
    }

    Rng ties_;
    Nanos now_ = 0;
    std::uint64_t tie_ = 0; ///< of what was taken last
    std::uint64_t sequence_ = 0;
    std::vector<Key> heap_;
    std::vector<What> slots_; ///< apart from the keys: only those move when the heap is sorted
    std::vector<std::uint32_t> free_;
};

} // namespace faultlab::simulator
