#include "checker/depth_first_search.hpp"

#include "checker/first_tried.hpp"
#include "checker/linearizability_rules.hpp"
#include "checker/place_times.hpp"
#include "checker/search_input.hpp"

#include <algorithm>
#include <utility>

namespace faultlab {
namespace {

std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31U);
}

/// Open addressing; 0 is an empty place.
class Fingerprints {
public:
    /// False when it is there already.
    bool insert(std::uint64_t fingerprint) {
        fingerprint |= fingerprint == 0 ? 1U : 0U;
        if ((size_ + 1) * 2 > table_.size()) grow();
        return place(fingerprint);
    }

private:
    bool place(std::uint64_t fingerprint) {
        std::size_t probe = fingerprint & (table_.size() - 1);
        for (; table_[probe] != 0; probe = (probe + 1) & (table_.size() - 1)) {
            if (table_[probe] == fingerprint) return false;
        }
        table_[probe] = fingerprint;
        ++size_;
        return true;
    }
    void grow() {
        std::vector<std::uint64_t> old(table_.size() * 2);
        std::swap(old, table_);
        size_ = 0;
        for (const std::uint64_t fingerprint : old) {
            if (fingerprint != 0) place(fingerprint);
        }
    }
    std::vector<std::uint64_t> table_ = std::vector<std::uint64_t>(1024);
    std::size_t size_ = 0;
};

class DepthFirst {
public:
    DepthFirst(std::span<const RegisterOp> ops, FirstTried first_tried, const Budget& budget)
        : input_(prepare_search(ops, rules_)), times_(input_), first_tried_(first_tried),
          budget_(budget) {
        link();
        collect_open();
    }

    bool run(std::int64_t steps_at_most) {
        absorb();
        open_frame();
        while (!finished()) {
            if (frames_.empty()) return false;
            Frame& top = frames_.back();
            if (top.next == candidates_.size()) {
                candidates_.resize(top.candidates);
                frames_.pop_back();
                if (!frames_.empty()) undo(frames_.back());
                continue;
            }
            if (++steps_ > steps_at_most) return false;
            if (steps_ % 256 == 0 && budget_.out_of_time()) return false;
            const std::uint32_t candidate = candidates_[top.next++];
            if (descend(candidate))
                open_frame();
            else
                undo(frames_.back());
        }
        return true;
    }

    [[nodiscard]] std::int64_t steps() const { return steps_; }
    /// Positions in the input of the search.
    [[nodiscard]] const std::vector<std::uint32_t>& order() const { return order_; }
    [[nodiscard]] const SearchInput& input() const { return input_; }

private:
    static constexpr std::uint32_t open_flag = std::uint32_t{1} << 31U;

    /// A configuration to come back to, and what there is to try in it.
    struct Frame {
        RegisterState state;
        std::uint64_t fingerprint = 0;
        std::size_t placed = 0;     ///< so many of order_
        std::size_t returned = 0;   ///< first_
        std::size_t candidates = 0; ///< where its own begin
        std::size_t next = 0;
    };

    /// Open updates that are interchangeable: the earliest is used first.
    struct OpenClass {
        std::vector<std::uint32_t> ops; ///< in order of invocation
        std::size_t used = 0;
    };

    [[nodiscard]] const RegisterOp& op(std::uint32_t i) const { return input_.ops[i]; }
    [[nodiscard]] std::uint32_t end() const {
        return static_cast<std::uint32_t>(input_.ops.size());
    }
    [[nodiscard]] bool finished() const { return first_ == by_return_.size(); }
    /// Up to where the history is known: the return that is to be explained next.
    [[nodiscard]] Index now() const { return finished() ? never : op(by_return_[first_]).ret; }
    [[nodiscard]] bool fits(std::uint32_t i) const {
        return rules_.LinearizabilityRules::fits(op(i), state_);
    }

    void link() {
        next_.resize(input_.ops.size() + 1);
        previous_.resize(input_.ops.size() + 1);
        done_.assign(input_.ops.size(), 0);
        std::uint32_t last = end();
        for (std::uint32_t i = 0; i < end(); ++i) {
            if (!op(i).definite()) continue;
            next_[last] = i;
            previous_[i] = last;
            last = i;
            by_return_.push_back(i);
        }
        next_[last] = end();
        previous_[end()] = last;
        std::ranges::sort(by_return_, {}, [&](std::uint32_t i) { return op(i).ret; });
    }

    void collect_open() {
        std::vector<std::uint32_t> number(input_.signatures, UINT32_MAX);
        open_to_.resize(input_.by_version ? 1 : input_.last_needed.size());
        for (std::uint32_t i = 0; i < end(); ++i) {
            if (op(i).definite()) continue;
            const ValueId from = op(i).from;
            if (from != any_value && std::ranges::find(open_needs_, from) == open_needs_.end())
                open_needs_.push_back(from);
            std::uint32_t& own = number[input_.signature[i]];
            if (own == UINT32_MAX) {
                own = static_cast<std::uint32_t>(open_.size());
                open_.emplace_back();
                open_to_[input_.by_version ? 0 : op(i).value].push_back(own);
            }
            open_[own].ops.push_back(i);
        }
    }

    void place(std::uint32_t i) {
        order_.push_back(i);
        done_[i] = 1;
        fingerprint_ += mix(i + std::uint64_t{1});
        next_[previous_[i]] = next_[i];
        previous_[next_[i]] = previous_[i];
        while (!finished() && done_[by_return_[first_]] != 0)
            ++first_;
    }

    void undo(const Frame& frame) {
        while (order_.size() > frame.placed) {
            const std::uint32_t i = order_.back();
            order_.pop_back();
            if (!op(i).definite()) {
                --open_[class_of_.back()].used;
                class_of_.pop_back();
                continue;
            }
            done_[i] = 0;
            next_[previous_[i]] = i;
            previous_[next_[i]] = i;
        }
        state_ = frame.state;
        fingerprint_ = frame.fingerprint;
        first_ = frame.returned;
    }

    /// Rule a of the search: see Expander::settle.
    void absorb() {
        for (bool again = true; again;) {
            const Index until = now();
            for (std::uint32_t i = next_[end()]; i != end() && op(i).inv < until; i = next_[i]) {
                if (op(i).preserves_state() && fits(i)) place(i);
            }
            again = now() != until;
        }
    }

    /// Takes one step; false when nothing can come of it.
    bool descend(std::uint32_t candidate) {
        const RegisterState before = state_;
        std::uint32_t i = candidate;
        if ((candidate & open_flag) != 0) {
            OpenClass& own = open_[candidate & ~open_flag];
            i = own.ops[own.used++];
            class_of_.push_back(candidate & ~open_flag);
            fingerprint_ += mix(~std::uint64_t{candidate});
            bury(i);
            order_.push_back(i);
        } else {
            bury(i);
            place(i);
        }
        state_ = rules_.LinearizabilityRules::after(op(i), state_);
        absorb();
        if (doomed(input_.place(before))) return false;
        const std::uint64_t at = mix(mix(mix(first_) ^ state_.version) ^ state_.value);
        return seen_.insert(mix(at ^ fingerprint_));
    }

    /// Rule d: see RegisterObject::bury.
    void bury(std::uint32_t write) {
        if (op(write).action != RegisterAction::write) return;
        const Index until = now();
        for (std::uint32_t i = next_[end()]; i != end() && op(i).inv < until; i = next_[i]) {
            if (input_.dead[i] != 0 && i != write) place(i);
        }
    }

    [[nodiscard]] bool open_leads_to(std::uint64_t place) const {
        if (input_.by_version || place >= open_to_.size()) return false;
        return std::ranges::any_of(open_to_[place],
                                   [&](std::uint32_t own) { return available(open_[own]); });
    }

    [[nodiscard]] bool available(const OpenClass& own) const {
        return own.used < own.ops.size() && op(own.ops[own.used]).inv < now();
    }

    /// See PlacesLost.
    [[nodiscard]] bool doomed(std::uint64_t left) const {
        PlacesLost lost(input_, times_, left, input_.place(state_), now());
        for (std::uint32_t i = next_[end()]; i != end() && op(i).inv < now(); i = next_[i])
            lost.add_pending(op(i));
        return lost.any([&](std::uint64_t place) { return open_leads_to(place); });
    }

    void open_frame() {
        frames_.push_back({.state = state_,
                           .fingerprint = fingerprint_,
                           .placed = order_.size(),
                           .returned = first_,
                           .candidates = candidates_.size(),
                           .next = candidates_.size()});
        if (finished()) return;
        if (first_tried_ == FirstTried::returning)
            add_by_return();
        else
            add_by_invocation();
    }

    /// The operation that returns next, if it fits; then what makes it fit; then the rest, by their
    /// return; then open updates that lead to what somebody waits for.
    void add_by_return() {
        const std::uint32_t forced = by_return_[first_];
        if (fits(forced)) candidates_.push_back(forced);
        const auto wanted = input_.needed_place(op(forced));
        const std::size_t begin = candidates_.size();
        for (std::uint32_t i = next_[end()]; i != end() && op(i).inv < now(); i = next_[i]) {
            if (i != forced && !op(i).preserves_state() && input_.dead[i] == 0 && fits(i))
                candidates_.push_back(i);
        }
        const auto helps = [&](std::uint32_t i) {
            if (!wanted) return false;
            if (!input_.by_version) return op(i).value == *wanted;
            return op(forced).action != RegisterAction::read || op(i).value == op(forced).value ||
                   state_.version + 1 != *wanted;
        };
        const auto own = std::span(candidates_).subspan(begin);
        std::ranges::sort(
            own, {}, [&](std::uint32_t i) { return std::pair(!helps(i), op(i).ret); });
        add_open_candidates(wanted);
        // Open ones that make it fit come before definite ones that do not.
        const auto all = std::span(candidates_).subspan(begin);
        std::ranges::stable_partition(all, [&](std::uint32_t candidate) {
            const bool open = (candidate & open_flag) != 0;
            return helps(open ? open_[candidate & ~open_flag].ops[0] : candidate);
        });
    }

    void add_by_invocation() {
        const std::size_t begin = candidates_.size();
        for (std::uint32_t i = next_[end()]; i != end() && op(i).inv < now(); i = next_[i]) {
            const bool alive = input_.dead[i] == 0 || i == by_return_[first_];
            if (!op(i).preserves_state() && alive && fits(i)) candidates_.push_back(i);
        }
        const auto first_of = [&](std::uint32_t own) { return open_[own].ops[open_[own].used]; };
        for (std::uint32_t own = 0; own < open_.size(); ++own) {
            if (available(open_[own]) && fits(first_of(own)))
                candidates_.push_back(own | open_flag);
        }
        std::ranges::sort(std::span(candidates_).subspan(begin), {}, [&](std::uint32_t candidate) {
            const bool open = (candidate & open_flag) != 0;
            return op(open ? first_of(candidate & ~open_flag) : candidate).inv;
        });
    }

    void add_open_candidates(std::optional<std::uint64_t> wanted) {
        const std::size_t begin = candidates_.size();
        const auto add = [&](std::uint64_t place) {
            if (place >= open_to_.size()) return;
            for (const std::uint32_t own : open_to_[place]) {
                const std::uint32_t candidate = own | open_flag;
                const auto mine = std::span(candidates_).subspan(begin);
                if (!available(open_[own]) || !fits(open_[own].ops[open_[own].used])) continue;
                if (std::ranges::find(mine, candidate) != mine.end()) continue;
                candidates_.push_back(candidate);
            }
        };
        if (input_.by_version) {
            add(0);
            return;
        }
        if (wanted) add(*wanted);
        for (std::uint32_t i = next_[end()]; i != end() && op(i).inv < now(); i = next_[i]) {
            const auto place = input_.needed_place(op(i));
            if (place) add(*place);
            if (op(i).action != RegisterAction::failed_cas) continue;
            for (std::uint64_t other = 0; other < open_to_.size(); ++other)
                add(other); // it waits for any other value
        }
        // Open cas may be waiting for another open update.
        for (const std::uint64_t place : open_needs_)
            add(place);
    }

    LinearizabilityRules rules_;
    SearchInput input_;
    PlaceTimes times_;
    FirstTried first_tried_;
    const Budget& budget_;

    // Definite operations that are not placed, in order of invocation: a ring through end().
    std::vector<std::uint32_t> next_, previous_;
    std::vector<std::uint32_t> by_return_; ///< the definite operations
    std::vector<std::uint8_t> done_;
    std::size_t first_ = 0; ///< of by_return_: the first that is not placed

    std::vector<OpenClass> open_;
    std::vector<std::vector<std::uint32_t>> open_to_; ///< by value: the classes that lead to it
    std::vector<std::uint64_t> open_needs_;           ///< values that open cas compare with

    RegisterState state_;
    std::uint64_t fingerprint_ = 0; ///< of what is placed
    std::vector<std::uint32_t> order_;
    std::vector<std::uint32_t> class_of_; ///< of the open operations in order_
    std::vector<Frame> frames_;
    std::vector<std::uint32_t> candidates_;
    Fingerprints seen_;
    std::int64_t steps_ = 0;
};

std::vector<std::uint32_t> as_given(const DepthFirst& search, std::span<const RegisterOp> ops) {
    // The input of the search is a part of the operations, in the same order.
    std::vector<std::uint32_t> source;
    std::uint32_t at = 0;
    for (const RegisterOp& op : search.input().ops) {
        while (ops[at].inv != op.inv)
            ++at;
        source.push_back(at++);
    }
    std::vector<std::uint32_t> order;
    for (const std::uint32_t i : search.order())
        order.push_back(source[i]);
    return order;
}

} // namespace

FoundOrder
find_order(std::span<const RegisterOp> ops, std::int64_t steps_at_most, const Budget& budget) {
    FoundOrder found;
    for (const std::int64_t share : {10, 1}) {
        for (const FirstTried first_tried : {FirstTried::returning, FirstTried::invoked}) {
            DepthFirst search(ops, first_tried, budget);
            const bool legal = search.run(steps_at_most / share);
            found.steps += search.steps();
            if (!legal) continue;
            found.order = as_given(search, ops);
            return found;
        }
    }
    return found;
}

} // namespace faultlab
