#pragma once

#include "checker/linearizability_rules.hpp"
#include "core/history.hpp"
#include "core/result.hpp"
#include "core/types.hpp"
#include "core/value.hpp"

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace faultlab {

/// Model "kv": one map from keys to values, all absent at first. Operations:
///   read k           ok: the value, or absent
///   write k v        delete k
///   cas k [from, to] ok: it was from and is now to; with the result false: it was not from
///   add k d          of an integer; absent counts as 0; ok: the new value
///   append k s       to a text; absent counts as ""; ok: the new value
///   swap k v         writes; ok: the value that was there before, or absent
///   scan [lo, hi)    ok: [[key, value], …] of all keys there that have a value, in key order
///                    (a key of a namespace is [namespace, key]: a scan is of one of them)
///   txn              [["r",k,null],["w",k,v],["append",k,s]], atomic; ok: with what was read
inline constexpr std::string_view kv_model = "kv";

/// Number of a key within its group.
using KeyId = std::uint32_t;
/// Dense number of one value of one key, within a group: what one key of the map can be.
using PlaceId = std::uint32_t;
inline constexpr PlaceId no_place = std::numeric_limits<PlaceId>::max();

enum class KvAction : std::uint8_t {
    observe, ///< the key was seen to have this value: known only when the operation is definite
    compare, ///< the operation takes effect only if the key has this value
    differ,  ///< the key was seen to have another value
    write,
    add,
    append,
    impossible, ///< no state gives such a result
};

/// What an operation has to do with one key.
struct KvStep {
    KvAction action = KvAction::observe;
    bool or_absent = false; ///< of a known add or append: before it the key may also be absent
    KeyId key = 0;
    PlaceId place = no_place; ///< seen, compared, written; of add and append: their result if known
    PlaceId base = no_place;  ///< of a known add or append: what was there before
    std::uint32_t operand = 0; ///< of add and append
    friend bool operator==(const KvStep&, const KvStep&) = default;

    [[nodiscard]] bool updates() const {
        return action == KvAction::write || action == KvAction::add || action == KvAction::append;
    }
    /// An add or append of which the result is not known.
    [[nodiscard]] bool vague() const { return updates() && place == no_place; }
};

/// One operation: its steps happen at one instant, in this order.
struct KvOp {
    OpId id = -1;
    Index inv = 0;
    Index ret = never; ///< never: may take effect at any time after `inv`, or not at all
    std::vector<KvStep> steps;
    /// What was asked, where the answer made other steps of it: see opened().
    std::vector<KvStep> asked = {};

    [[nodiscard]] bool definite() const { return ret != never; }
    [[nodiscard]] bool updates() const {
        for (const KvStep& step : steps) {
            if (step.updates()) return true;
        }
        return false;
    }
    /// Leaves every state in which it fits as it is.
    [[nodiscard]] bool preserves_state() const { return !updates(); }
};

/// The values that the keys of a group have, or may get. Values that come about by additions of
/// unknown result are numbered as they are met. Owned by one thread.
class KvPlaces {
public:
    /// Keeps a pointer to the key. Its absent value gets the next number.
    KeyId add_key(const Value& key);
    [[nodiscard]] std::size_t keys() const { return absent_.size(); }
    [[nodiscard]] const Value& key(KeyId key) const { return *keys_[key]; }

    PlaceId number(KeyId key, const Value& value);
    [[nodiscard]] PlaceId absent(KeyId key) const { return absent_[key]; }
    [[nodiscard]] KeyId key_of(PlaceId place) const { return places_[place].key; }
    [[nodiscard]] const Value& value(PlaceId place) const { return *places_[place].value; }
    [[nodiscard]] std::size_t size() const { return places_.size(); }

    /// The delta of an add or the suffix of an append.
    std::uint32_t number_operand(const Value& operand);
    [[nodiscard]] const Value& operand(std::uint32_t number) const { return operands_[number]; }
    /// What an add or append makes of a value; no_place when it refuses (another type, overflow).
    PlaceId result_of(KvAction action, PlaceId before, std::uint32_t operand);
    /// The effect of a step on the place of its key; false when it does not fit there.
    bool take(const KvStep& step, PlaceId& at) {
        switch (step.action) {
            case KvAction::observe:
            case KvAction::compare: return at == step.place;
            case KvAction::differ: return at != step.place;
            case KvAction::impossible: return false;
            case KvAction::write: break;
            case KvAction::add:
            case KvAction::append:
                if (step.vague()) {
                    at = result_of(step.action, at, step.operand);
                    return at != no_place;
                }
                if (at != step.base && !(step.or_absent && at == absent(step.key))) return false;
        }
        at = step.place;
        return true;
    }

    [[nodiscard]] std::int64_t bytes() const { return bytes_; }

private:
    struct Place {
        KeyId key = 0;
        const Value* value = nullptr;
    };
    struct PlaceHash {
        std::size_t operator()(const Place& p) const {
            return p.value->hash() ^ (p.key * std::size_t{0x9E3779B97F4A7C15U});
        }
    };
    struct PlaceEqual {
        bool operator()(const Place& a, const Place& b) const {
            return a.key == b.key && *a.value == *b.value;
        }
    };

    std::vector<const Value*> keys_;
    std::vector<PlaceId> absent_;
    std::vector<Place> places_;
    std::deque<Value> values_; ///< what places point to: its elements do not move
    std::unordered_map<Place, PlaceId, PlaceHash, PlaceEqual> numbers_;
    std::deque<Value> operands_;
    std::unordered_map<Value, std::uint32_t, ValueHash> operand_numbers_;
    /// By place, operand and action.
    std::unordered_map<std::uint64_t, PlaceId> results_;
    std::int64_t bytes_ = 0;
};

/// Keys that scans and transactions tie together, and all that was done to them.
struct KvGroup {
    KvPlaces places;
    std::vector<KvOp> ops; ///< in order of invocation, without those that say nothing
    std::int64_t considered = 0;
    std::optional<Error> misfit; ///< why it cannot be judged
};

/// A history as independent groups, in order of their first operation. An operation on one key that
/// does not fit the model spoils its group; one of which the keys cannot be told is an error.
Result<std::vector<KvGroup>> read_kv_groups(const History& history,
                                            const LinearizabilityRules& rules);

/// The steps that are known of an operation that has not returned: none of its results. Nothing
/// when none of them updates.
[[nodiscard]] std::optional<KvOp> opened(const KvOp& op);

} // namespace faultlab
