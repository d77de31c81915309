#include "checker/certificate.hpp"
#include "checker/kv_model.hpp"
#include "core/check.hpp"
#include "core/op.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

constexpr std::size_t most_operations = 12;

using Map = std::map<Value, Value>; ///< of the keys that have a value

Value get(const Map& map, const Value& key) {
    const auto found = map.find(key);
    return found == map.end() ? Value{} : found->second;
}

void put(Map& map, const Value& key, const Value& value) {
    if (value.is_absent()) {
        map.erase(key);
    } else {
        map[key] = value;
    }
}

/// Adds or appends in place; false when the value has another type, or the sum is too large.
bool put_more(Map& map, const Value& key, const Value& more) {
    const Value before = get(map, key);
    if (const std::string* suffix = more.text()) {
        if (!before.is_absent() && before.text() == nullptr) return false;
        put(map, key, before.is_absent() ? *suffix : *before.text() + *suffix);
        return true;
    }
    if (!before.is_absent() && before.integer() == nullptr) return false;
    std::int64_t sum = 0;
    const std::int64_t base = before.is_absent() ? 0 : *before.integer();
    if (__builtin_add_overflow(base, *more.integer(), &sum)) return false;
    put(map, key, sum);
    return true;
}

class Player {
public:
    Player(std::span<const Value> keys, Index end) : keys_(keys), end_(end) {}

    /// The operation had returned, and surely took effect.
    [[nodiscard]] bool known(const Op& op) const {
        return op.status == OpStatus::ok && op.ret_index <= end_;
    }

    /// Plays the operation on the map; false when it cannot have had its result there.
    bool play(const Op& op, Map& map) const {
        if (op.f == "txn") return play_transaction(op, map);
        if (op.f == "scan") return !known(op) || scan(*op.arg.list(), map) == found(op);
        if (!concerns(op.key)) return true;
        const Value before = get(map, op.key);
        if (op.f == "read") return !known(op) || op.ret == before;
        if (op.f == "swap" && known(op) && op.ret != before) return false;
        if (op.f == "cas") {
            const Value::List& pair = *op.arg.list();
            if (known(op) && op.ret == Value(false)) return pair[0] != before;
            if (pair[0] != before) return false;
            put(map, op.key, pair[1]);
            return true;
        }
        if (op.f == "add" || op.f == "append")
            return put_more(map, op.key, op.arg) && (!known(op) || get(map, op.key) == op.ret);
        put(map, op.key, op.f == "delete" ? Value{} : op.arg);
        return true;
    }

private:
    [[nodiscard]] bool concerns(const Value& key) const {
        return keys_.empty() || std::ranges::find(keys_, key) != keys_.end();
    }

    bool play_transaction(const Op& op, Map& map) const {
        const Value::Transaction& asked = *op.arg.transaction();
        for (std::size_t s = 0; s < asked.size(); ++s) {
            const MicroOp& step = asked[s];
            if (!concerns(step.key)) continue;
            if (step.f == "w") {
                put(map, step.key, step.value);
            } else if (step.f == "append") {
                if (!put_more(map, step.key, step.value)) return false;
            } else if (known(op) && (*op.ret.transaction())[s].value != get(map, step.key)) {
                return false;
            }
        }
        return true;
    }

    [[nodiscard]] static Value::List scan(const Value::List& range, const Map& map) {
        Value::List pairs;
        for (auto it = map.lower_bound(range[0]); it != map.end() && it->first < range[1]; ++it)
            pairs.emplace_back(Value::List{it->first, it->second});
        return pairs;
    }

    /// What the scan returned of the keys that count.
    [[nodiscard]] Value::List found(const Op& op) const {
        Value::List pairs = *op.ret.list();
        std::erase_if(pairs, [&](const Value& p) { return !concerns(p.list()->front()); });
        return pairs;
    }

    std::span<const Value> keys_;
    Index end_;
};

class Permutations {
public:
    Permutations(std::vector<Op> ops, const Player& player)
        : ops_(std::move(ops)), done_(ops_.size(), false), player_(player) {}

    /// Whether the operations that are not done can follow in some order.
    bool legal_from(const Map& map) {
        Index earliest_return = never;
        for (std::size_t i = 0; i < ops_.size(); ++i) {
            if (!done_[i] && player_.known(ops_[i]))
                earliest_return = std::min(earliest_return, ops_[i].ret_index);
        }
        if (earliest_return == never) return true;
        for (std::size_t i = 0; i < ops_.size(); ++i) {
            if (done_[i] || ops_[i].inv_index > earliest_return) continue;
            Map next = map;
            if (!player_.play(ops_[i], next)) continue;
            done_[i] = true;
            const bool legal = legal_from(next);
            done_[i] = false;
            if (legal) return true;
        }
        return false;
    }

private:
    std::vector<Op> ops_;
    std::vector<bool> done_;
    Player player_;
};

} // namespace

bool kv_order_is_legal(const History& history, std::span<const OpId> order) {
    const Player player({}, never);
    Map map;
    Index latest = -1; // an operation takes effect after this invocation
    return std::ranges::all_of(order, [&](OpId id) {
        const Op op = history.op(id);
        if (op.status == OpStatus::fail || (player.known(op) && op.ret_index < latest))
            return false;
        latest = std::max(latest, op.inv_index);
        return player.play(op, map);
    });
}

bool kv_certificate_is_illegal(const History& history,
                               std::span<const OpId> ids,
                               OpId divergence,
                               std::span<const Value> keys) {
    FAULTLAB_CHECK(ids.size() <= most_operations);
    const Index end = history.ret_index()[static_cast<std::size_t>(divergence)];
    std::vector<Op> cited;
    for (const OpId id : ids) {
        Op op = history.op(id);
        if (op.status != OpStatus::fail && op.inv_index < end) cited.push_back(std::move(op));
    }
    return !Permutations(std::move(cited), Player(keys, end)).legal_from({});
}

} // namespace faultlab
