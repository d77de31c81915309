#include "tests/unit/checker/kv_reference.hpp"

#include "tests/unit/checker/overlap.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace faultlab {
namespace {

/// The map as a test sees it: what an operation returns, and nothing when it refuses.
class PlainMap {
public:
    std::optional<Value> play(const Op& op) {
        if (op.f == "read") return at(op.key);
        if (op.f == "scan") return scan((*op.arg.list())[0], (*op.arg.list())[1]);
        if (op.f == "cas") {
            const Value::List& pair = *op.arg.list();
            if (at(op.key) != pair[0]) return Value(false);
            set(op.key, pair[1]);
            return Value(true);
        }
        if (op.f == "add") return add(op.key, *op.arg.integer());
        if (op.f == "append") return append(op.key, *op.arg.text());
        if (op.f == "txn") return transaction(*op.arg.transaction());
        if (op.f == "swap") {
            const Value before = at(op.key);
            set(op.key, op.arg);
            return before;
        }
        set(op.key, op.f == "delete" ? Value{} : op.arg);
        return Value(true);
    }

private:
    Value at(const Value& key) { return values_.contains(key) ? values_[key] : Value{}; }
    void set(const Value& key, const Value& value) {
        values_[key] = value;
        if (value.is_absent()) values_.erase(key);
    }

    std::optional<Value> add(const Value& key, std::int64_t delta) {
        const Value before = at(key);
        if (!before.is_absent() && before.integer() == nullptr) return std::nullopt;
        set(key, (before.is_absent() ? 0 : *before.integer()) + delta);
        return at(key);
    }
    std::optional<Value> append(const Value& key, const std::string& suffix) {
        const Value before = at(key);
        if (!before.is_absent() && before.text() == nullptr) return std::nullopt;
        set(key, (before.is_absent() ? std::string() : *before.text()) + suffix);
        return at(key);
    }
    std::optional<Value> transaction(const Value::Transaction& asked) {
        const std::map<Value, Value> saved = values_;
        Value::Transaction told = asked;
        for (MicroOp& step : told) {
            if (step.f == "r") step.value = at(step.key);
            if (step.f == "w") set(step.key, step.value);
            if (step.f == "append" && !append(step.key, *step.value.text())) {
                values_ = saved;
                return std::nullopt;
            }
        }
        return Value(told);
    }
    Value scan(const Value& lo, const Value& hi) {
        Value::List pairs;
        for (const auto& [key, value] : values_) {
            if (key >= lo && key < hi) pairs.emplace_back(Value::List{key, value});
        }
        return pairs;
    }

    std::map<Value, Value> values_;
};

bool same_answer(const Op& op, const Value& computed) {
    // What a write, a delete and a true compare-and-set return says no more than that.
    if (op.f == "write" || op.f == "delete") return true;
    if (op.f == "cas") return (op.ret == Value(false)) == (computed == Value(false));
    return op.ret == computed;
}

bool search(const std::vector<Op>& ops, std::vector<bool>& done, const PlainMap& map) {
    bool finished = true;
    Index earliest_return = never;
    for (std::size_t i = 0; i < ops.size(); ++i) {
        if (done[i] || ops[i].status != OpStatus::ok) continue;
        finished = false;
        earliest_return = std::min(earliest_return, ops[i].ret_index);
    }
    if (finished) return true;
    for (std::size_t i = 0; i < ops.size(); ++i) {
        if (done[i] || ops[i].status == OpStatus::fail) continue;
        if (ops[i].inv_index > earliest_return) continue;
        PlainMap next = map;
        const auto computed = next.play(ops[i]);
        if (!computed) continue;
        if (ops[i].status == OpStatus::ok && !same_answer(ops[i], *computed)) continue;
        done[i] = true;
        const bool found = search(ops, done, next);
        done[i] = false;
        if (found) return true;
    }
    return false;
}

class Simulation {
public:
    Simulation(Rng& rng, const RandomKvOptions& options) : rng_(rng), options_(options) {}

    std::vector<Op> run() {
        draw_history(
            rng_,
            options_,
            ops_,
            [&](std::int32_t /*process*/) { return invoke(); },
            [&](Op& op) { apply(op); },
            [&](Op& op) { finish(op); },
            3,
            [&] { corrupt(); });
        return std::move(ops_);
    }

private:
    Value some_key() {
        const auto key =
            static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(options_.keys)));
        return in_space("k" + std::to_string(key));
    }
    /// In the namespace of the operation that is being drawn.
    [[nodiscard]] Value in_space(const Value& key) const {
        return space_ == 0 ? key : Value(Value::List{"s" + std::to_string(space_), key});
    }
    std::string some_suffix() { return rng_.chance(1, 2) ? "a" : "b"; }
    Value some_value() {
        if (options_.unique_values) return next_value_++;
        if (rng_.chance(1, 10)) return {};
        if (rng_.chance(1, 6)) return some_suffix();
        return static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(options_.values)));
    }

    OpId invoke() {
        Op op;
        op.id = static_cast<OpId>(ops_.size());
        op.inv_index = index_++;
        draw_space();
        if (rng_.chance(options_.joined_percent, 100)) {
            ask_joined(op);
        } else {
            op.key = some_key();
            ask_single(op);
        }
        op.status = OpStatus::ok;
        if (rng_.chance(options_.info_percent, 100)) op.status = OpStatus::info;
        if (rng_.chance(options_.fail_percent, 100)) op.status = OpStatus::fail;
        if (op.f == "txn" && op.status == OpStatus::ok && rng_.chance(options_.torn_percent, 100))
            tear(op);
        ops_.push_back(op);
        return op.id;
    }

    void draw_space() {
        if (options_.namespaces < 2) return;
        space_ = rng_.below(static_cast<std::uint64_t>(options_.namespaces));
    }

    void tear(const Op& op) {
        const MicroOp& first = op.arg.transaction()->front();
        if (first.f == "w") map_.play({.f = "write", .key = first.key, .arg = first.value});
    }

    void ask_single(Op& op) {
        switch (rng_.below(8)) {
            case 0:
            case 1: op.f = "read"; break;
            case 2:
                op.f = "write";
                op.arg = some_value();
                break;
            case 3:
                op.f = "cas";
                op.arg = Value::List{seen_.empty() || rng_.chance(1, 4)
                                         ? some_value()
                                         : seen_[rng_.below(seen_.size())],
                                     some_value()};
                break;
            case 4:
                op.f = "add";
                op.arg = rng_.between(-1, 2);
                break;
            case 5:
                op.f = "append";
                op.arg = some_suffix();
                break;
            case 6:
                op.f = "swap";
                op.arg = some_value();
                break;
            default: op.f = "delete";
        }
    }

    void ask_joined(Op& op) {
        if (rng_.chance(1, 2)) {
            op.f = "scan";
            Value lo = some_key();
            Value hi = rng_.chance(1, 2) ? in_space("k9") : some_key();
            op.arg = Value::List{std::move(lo), std::move(hi)};
            return;
        }
        op.f = "txn";
        Value::Transaction steps;
        for (std::int64_t i = rng_.between(1, 3); i > 0; --i) {
            const std::uint64_t kind = rng_.below(5);
            if (kind < 2)
                steps.push_back({"r", some_key(), {}});
            else if (kind < 4)
                steps.push_back({"w", some_key(), some_value()});
            else
                steps.push_back({"append", some_key(), some_suffix()});
        }
        op.arg = std::move(steps);
    }

    void apply(Op& op) {
        if (op.status == OpStatus::fail) return;
        if (op.status == OpStatus::info && rng_.chance(1, 2)) return;
        const auto told = map_.play(op);
        if (!told && op.status == OpStatus::ok) op.status = OpStatus::fail;
        if (!told) return;
        op.ret = *told;
        if (op.f == "read" || op.f == "swap") seen_.push_back(op.ret);
    }

    void finish(Op& op) {
        const Index index = index_++;
        if (op.status != OpStatus::ok) op.ret = {};
        if (op.status != OpStatus::info) op.ret_index = index;
    }

    void corrupt() {
        Op& op = ops_[rng_.below(ops_.size())];
        if (op.status != OpStatus::ok) return;
        if (op.f == "read" || op.f == "swap") op.ret = some_value();
        if (op.f == "cas") op.ret = op.ret == Value(false);
        if (op.f == "add") op.ret = *op.ret.integer() + rng_.between(-1, 1);
        if (op.f == "append") op.ret = (rng_.chance(1, 2) ? "a" : "") + *op.ret.text();
        if (op.f == "scan") corrupt_scan(op);
        if (op.f != "txn") return;
        Value::Transaction told = *op.ret.transaction();
        for (MicroOp& step : told) {
            if (step.f == "r" && rng_.chance(1, 2)) step.value = some_value();
        }
        op.ret = std::move(told);
    }

    void corrupt_scan(Op& op) {
        Value::List pairs = *op.ret.list();
        if (options_.namespaces > 1 && pairs.empty()) return; // of which it is, nothing says
        if (pairs.empty()) {
            pairs.emplace_back(Value::List{some_key(), some_value()});
        } else if (rng_.chance(1, 2)) {
            pairs.erase(pairs.begin() + static_cast<std::ptrdiff_t>(rng_.below(pairs.size())));
        } else {
            Value::List pair = *pairs[rng_.below(pairs.size())].list();
            pairs.emplace_back(Value::List{pair[0], some_value()});
        }
        op.ret = std::move(pairs);
    }

    Rng& rng_;
    const RandomKvOptions& options_;
    std::vector<Op> ops_;
    std::vector<Value> seen_;
    Index index_ = 0;
    std::uint64_t space_ = 0; ///< 0: none
    std::int64_t next_value_ = 1;
    PlainMap map_;
};

} // namespace

bool brute_force_kv(const std::vector<Op>& ops) {
    std::vector<bool> done(ops.size(), false);
    return search(ops, done, {});
}

std::vector<Op> random_kv_operations(Rng& rng, const RandomKvOptions& options) {
    return Simulation(rng, options).run();
}

} // namespace faultlab
