#pragma once

#include "checker/object_model.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace faultlab {

inline constexpr std::uint32_t no_state = UINT32_MAX;

/// The states of an object that were met, each kept once under a number, and what operations made
/// of them. Operations of one kind (equal f, argument and result) are interchangeable, and each
/// kind is tried in a state but once. Owned by one thread.
template <class S>
class ObjectStates {
public:
    using Number = std::uint32_t;

    ObjectStates(S object, std::span<const ObjectOp> ops) : object_(std::move(object)), ops_(ops) {
        std::unordered_map<Kind, std::uint32_t, KindHash> numbers;
        kind_.reserve(ops.size());
        for (const ObjectOp& op : ops) {
            const Kind kind{.f = op.f, .arg = op.arg, .result = op.result};
            const auto next = static_cast<std::uint32_t>(numbers.size());
            kind_.push_back(numbers.try_emplace(kind, next).first->second);
        }
        kinds_ = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(numbers.size()));
        if constexpr (requires { object_.prepare(ops); }) object_.prepare(ops);
    }

    /// Whether the object can tell that an operation has been passed.
    static constexpr bool tells_passed =
        requires(const S& object, const typename S::State& state, const ObjectOp& op) {
        object.passed(state, op);
    };
    /// Whether the operation can fit neither in this state nor in any that may follow.
    [[nodiscard]] bool passed(std::size_t op, Number state) const {
        if constexpr (tells_passed) return object_.passed(states_[state], ops_[op]);
        return false;
    }

    [[nodiscard]] std::uint32_t kind(std::size_t op) const { return kind_[op]; }
    [[nodiscard]] std::uint32_t kinds() const { return kinds_; }

    [[nodiscard]] bool observes(std::size_t op) { return object_.observes(ops_[op]); }

    Number initial() { return number(object_.initial()); }

    /// The state after the operation, or no_state.
    Number after(std::size_t op, Number from) {
        const std::uint64_t key = (std::uint64_t{from} << 32U) | kind_[op];
        Move& move = moves_[slot(key)];
        if (move.key == key) return move.to;
        scratch_ = states_[from];
        const Number to = object_.step(scratch_, ops_[op]) ? number(scratch_) : no_state;
        move = {.key = key, .to = to};
        return to;
    }

    [[nodiscard]] std::size_t size() const { return states_.size(); }
    [[nodiscard]] std::int64_t bytes() const {
        std::size_t bytes =
            state_bytes_ + table_.capacity() * sizeof(Number) + moves_.capacity() * sizeof(Move);
        if constexpr (requires { object_.bytes(); }) bytes += object_.bytes();
        return static_cast<std::int64_t>(bytes);
    }

    /// Forgets all states but those that are renamed until the next call of `after`.
    void begin_renaming() {
        old_.swap(states_);
        states_.clear();
        state_bytes_ = 0;
        table_.assign(table_.size(), no_state);
        moves_.assign(moves_.size(), Move{});
    }
    Number rename(Number old) { return number(old_[old]); }

private:
    struct Kind {
        std::uint32_t f = 0;
        Symbol arg = 0;
        Symbol result = 0;
        friend bool operator==(const Kind&, const Kind&) = default;
    };
    struct KindHash {
        std::size_t operator()(const Kind& kind) const {
            return mix(mix(mix(0, kind.f), kind.arg), kind.result);
        }
    };
    struct Move {
        std::uint64_t key = UINT64_MAX;
        Number to = no_state;
    };

    static std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
        hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
        return hash ^ (hash >> 29U);
    }
    /// Later moves replace earlier ones of the same slot: a memory, not a record.
    [[nodiscard]] std::size_t slot(std::uint64_t key) const {
        return mix(0, key) >> (64 - move_bits);
    }

    static std::size_t size_of(const typename S::State& state) {
        if constexpr (requires { state.capacity(); }) {
            return sizeof(state) + state.capacity() * sizeof(*state.data());
        }
        return sizeof(state);
    }

    Number number(const typename S::State& state) {
        if ((states_.size() + 1) * 2 > table_.size()) grow();
        std::size_t probe = mix(0, S::hash(state)) & (table_.size() - 1);
        for (; table_[probe] != no_state; probe = (probe + 1) & (table_.size() - 1)) {
            if (states_[table_[probe]] == state) return table_[probe];
        }
        const auto next = static_cast<Number>(states_.size());
        table_[probe] = next;
        state_bytes_ += size_of(state);
        states_.push_back(state);
        return next;
    }

    void grow() {
        table_.assign(table_.size() * 2, no_state);
        for (std::size_t i = 0; i < states_.size(); ++i) {
            std::size_t probe = mix(0, S::hash(states_[i])) & (table_.size() - 1);
            while (table_[probe] != no_state)
                probe = (probe + 1) & (table_.size() - 1);
            table_[probe] = static_cast<Number>(i);
        }
    }

    static constexpr unsigned move_bits = 10;

    S object_;
    std::span<const ObjectOp> ops_;
    std::vector<std::uint32_t> kind_; ///< by operation
    std::uint32_t kinds_ = 1;
    std::vector<typename S::State> states_;
    std::vector<typename S::State> old_; ///< while states are renamed
    typename S::State scratch_{};        ///< kept, so that its memory is
    std::size_t state_bytes_ = 0;
    std::vector<Number> table_ = std::vector<Number>(64, no_state); ///< a power of two
    std::vector<Move> moves_ = std::vector<Move>(std::size_t{1} << move_bits);
};

} // namespace faultlab
