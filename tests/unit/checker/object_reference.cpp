#include "tests/unit/checker/object_reference.hpp"

#include "tests/unit/checker/overlap.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace faultlab {
namespace {

/// An object as a test sees it: what an operation returns, and nothing when it cannot be done.
class PlainObject {
public:
    explicit PlainObject(std::string_view model) : model_(model) {}

    std::optional<Value> play(const Op& op) {
        if (model_ == "counter") return counter(op);
        if (model_ == "queue" || model_ == "stack") return line(op);
        if (model_ == "set") return set(op);
        if (model_ == "mutex") return mutex(op);
        Value::Transaction told = *op.arg.transaction();
        for (MicroOp& step : told) {
            if (step.f == "r") step.value = registers_[step.key];
            if (step.f == "w") registers_[step.key] = step.value;
        }
        return Value(told);
    }

private:
    Value counter(const Op& op) {
        if (op.f == "read") return total_;
        total_ += *op.arg.integer();
        return {};
    }
    Value line(const Op& op) {
        if (op.f == "enqueue" || op.f == "push") {
            items_.push_back(op.arg);
            return {};
        }
        if (items_.empty()) return {};
        const auto at = op.f == "pop" ? items_.end() - 1 : items_.begin();
        Value item = *at;
        items_.erase(at);
        return item;
    }
    Value set(const Op& op) {
        if (op.f == "read") return Value::List(items_);
        const auto at = std::ranges::lower_bound(items_, op.arg);
        const bool there = at != items_.end() && *at == op.arg;
        if (op.f == "contains") return there;
        if (op.f == "add" && !there) items_.insert(at, op.arg);
        if (op.f == "remove" && there) items_.erase(at);
        return {};
    }
    std::optional<Value> mutex(const Op& op) {
        if ((op.f == "acquire") == held_) return std::nullopt;
        if (held_ && !owner_.is_absent() && !op.arg.is_absent() && owner_ != op.arg)
            return std::nullopt;
        held_ = !held_;
        owner_ = op.arg;
        return Value{};
    }

    std::string_view model_;
    std::int64_t total_ = 0;
    std::vector<Value> items_;
    bool held_ = false;
    Value owner_;
    std::map<Value, Value> registers_;
};

bool answers(const Op& op) {
    return op.f == "read" || op.f == "dequeue" || op.f == "pop" || op.f == "contains" ||
           op.f == "txn";
}

bool search(const std::vector<Op>& ops, std::vector<bool>& done, const PlainObject& object) {
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
        PlainObject next = object;
        const auto told = next.play(ops[i]);
        if (!told) continue;
        if (ops[i].status == OpStatus::ok && answers(ops[i]) && *told != ops[i].ret) continue;
        done[i] = true;
        const bool found = search(ops, done, next);
        done[i] = false;
        if (found) return true;
    }
    return false;
}

class Simulation {
public:
    Simulation(Rng& rng, const RandomObjectOptions& options)
        : rng_(rng), options_(options), object_(options.model) {}

    std::vector<Op> run() {
        draw_history(
            rng_,
            options_,
            ops_,
            [&](std::int32_t process) { return invoke(process); },
            [&](Op& op) { apply(op); },
            [&](Op& op) { finish(op); },
            3,
            [&] { corrupt(); });
        return std::move(ops_);
    }

private:
    Value some_value() {
        return static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(options_.values)));
    }
    Value new_value() { return options_.unique_values ? Value(next_value_++) : some_value(); }
    Value seen_value() {
        if (!options_.unique_values) return some_value();
        return std::max<std::int64_t>(0, next_value_ - rng_.between(0, 3));
    }

    OpId invoke(std::int32_t process) {
        Op op;
        op.id = static_cast<OpId>(ops_.size());
        op.process = process;
        op.inv_index = index_++;
        if (options_.model == "multi-register") {
            ask_transaction(op);
        } else {
            op.key = "x";
            ask(op);
        }
        op.status = OpStatus::ok;
        if (rng_.chance(options_.info_percent, 100)) op.status = OpStatus::info;
        if (rng_.chance(options_.fail_percent, 100)) op.status = OpStatus::fail;
        ops_.push_back(op);
        return op.id;
    }

    void ask(Op& op) {
        if (options_.model == "counter") {
            op.f = rng_.chance(1, 2) ? "add" : "read";
            if (op.f == "add") op.arg = rng_.between(options_.negative ? -2 : 1, options_.values);
        } else if (options_.model == "mutex") {
            op.f = rng_.chance(1, 2) ? "acquire" : "release";
            if (options_.owners) op.arg = static_cast<std::int64_t>(op.process);
            if (options_.mixed && options_.owners && rng_.chance(1, 3))
                op.arg = some_value();
            else if (options_.mixed && rng_.chance(1, 3))
                op.arg = Value{};
        } else if (options_.model == "set") {
            ask_set(op);
        } else {
            const bool takes = rng_.chance(1, 2);
            op.f = options_.model == "queue" ? (takes ? "dequeue" : "enqueue")
                                             : (takes ? "pop" : "push");
            if (!takes) op.arg = new_value();
        }
    }

    void ask_set(Op& op) {
        const std::uint64_t kind = rng_.below(options_.mixed ? 5 : 4);
        if (options_.whole || kind == 4) {
            op.f = kind < 2 ? "add" : "read";
        } else if (options_.unique_values) {
            op.f = kind < 2 ? "add" : "contains";
        } else {
            op.f = kind == 0 ? "add" : kind == 1 ? "remove" : "contains";
        }
        if (op.f == "add") op.arg = new_value();
        if (op.f == "remove" || op.f == "contains") op.arg = seen_value();
    }

    void ask_transaction(Op& op) {
        op.f = "txn";
        Value::Transaction steps;
        for (std::int64_t i = rng_.between(1, 3); i > 0; --i) {
            const std::int64_t key = rng_.between(0, 2);
            if (rng_.chance(1, 2))
                steps.push_back({"r", key, {}});
            else
                steps.push_back({"w", key, new_value()});
        }
        op.arg = std::move(steps);
    }

    void apply(Op& op) {
        if (op.status == OpStatus::fail) return;
        if (op.status == OpStatus::info && rng_.chance(1, 2)) return;
        const auto told = object_.play(op);
        if (!told && op.status == OpStatus::ok) op.status = OpStatus::fail;
        if (told) op.ret = *told;
    }

    void finish(Op& op) {
        const Index index = index_++;
        if (op.status != OpStatus::ok) op.ret = {};
        if (op.status != OpStatus::info) op.ret_index = index;
    }

    void corrupt() {
        Op& op = ops_[rng_.below(ops_.size())];
        Op& other = ops_[rng_.below(ops_.size())];
        if (op.status == OpStatus::fail && rng_.chance(1, 3) && !answers(op))
            op.status = OpStatus::ok;
        if (op.status != OpStatus::ok) return;
        if (other.status == OpStatus::ok && rng_.chance(1, 2)) {
            std::swap(op.f, other.f);
            std::swap(op.arg, other.arg);
            std::swap(op.ret, other.ret);
            return;
        }
        if (op.f == "dequeue" || op.f == "pop") op.ret = rng_.chance(1, 4) ? Value{} : seen_value();
        if (op.f == "contains") op.ret = op.ret == Value(false);
        if (op.f == "txn") corrupt_transaction(op);
        if (op.f != "read") return;
        if (options_.model == "counter") {
            op.ret = *op.ret.integer() + rng_.between(-1, 1);
        } else {
            corrupt_list(op);
        }
    }

    void corrupt_list(Op& op) {
        Value::List items = *op.ret.list();
        const Value item = seen_value();
        const auto at = std::ranges::find(items, item);
        if (at == items.end())
            items.push_back(item);
        else
            items.erase(at);
        std::ranges::sort(items);
        op.ret = std::move(items);
    }

    void corrupt_transaction(Op& op) {
        Value::Transaction told = *op.ret.transaction();
        for (MicroOp& step : told) {
            if (step.f == "r" && rng_.chance(1, 2))
                step.value = rng_.chance(1, 4) ? Value{} : seen_value();
        }
        op.ret = std::move(told);
    }

    Rng& rng_;
    const RandomObjectOptions& options_;
    std::vector<Op> ops_;
    Index index_ = 0;
    std::int64_t next_value_ = 1;
    PlainObject object_;
};

} // namespace

bool brute_force_object(const std::vector<Op>& ops, std::string_view model) {
    std::vector<bool> done(ops.size(), false);
    return search(ops, done, PlainObject(model));
}

std::vector<Op> random_object_operations(Rng& rng, const RandomObjectOptions& options) {
    return Simulation(rng, options).run();
}

} // namespace faultlab
