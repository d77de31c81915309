#include "tests/support/toy_map.hpp"

#include <string>
#include <utility>

namespace faultlab {
namespace {

constexpr Nanos a_little = 2 * millisecond;

Completion refused() {
    return Failed{"another type"};
}

} // namespace

void ToyMap::serve(NodeId node, bool cut, const Invocation& op, const Answer& answer) {
    if (!cut) {
        if (bug_ == ToyMapBug::none) return answer(apply(op));
        return serve_wrongly(op, answer);
    }
    // The client's connection is whole: it waits in vain, unless the node answers alone.
    if (bug_ != ToyMapBug::stale_scans) return;
    if (op.f == "read") answer(Done{get(remembered_[node], op.key)});
    if (op.f == "scan") answer(Done{scan(remembered_[node], *op.arg.list())});
}

void ToyMap::serve_wrongly(const Invocation& op, const Answer& answer) {
    const bool now_and_then = rng().chance(1, 20);
    if (bug_ == ToyMapBug::lost_sums && op.f == "add") {
        const auto sum = add(op.key, op.arg);
        if (!sum) return answer(refused());
        time().after(a_little, [this, op, sum, answer] {
            put(op.key, *sum);
            answer(Done{*sum});
        });
        return;
    }
    if (bug_ == ToyMapBug::double_appends && op.f == "append" && now_and_then)
        time().after(a_little, [this, op] { apply(op); });
    if (bug_ == ToyMapBug::torn_transaction && op.f == "txn") {
        const MicroOp& first = op.arg.transaction()->front();
        if (first.f == "w") put(first.key, first.value);
        time().after(a_little, [this, op, answer] { answer(apply(op)); });
        return;
    }
    if (bug_ == ToyMapBug::loose_cas && op.f == "cas" && now_and_then) {
        put(op.key, op.arg.list()->back());
        return answer(Done{true});
    }
    answer(apply(op));
}

Completion ToyMap::apply(const Invocation& op) {
    if (op.f == "read") return Done{get(state_, op.key)};
    if (op.f == "scan") return Done{scan(state_, *op.arg.list())};
    if (op.f == "txn") return apply_transaction(*op.arg.transaction());
    if (op.f == "add" || op.f == "append") {
        const auto result = add(op.key, op.arg);
        if (!result) return refused();
        put(op.key, *result);
        return Done{*result};
    }
    if (op.f == "cas") {
        if (get(state_, op.key) != op.arg.list()->front()) return Done{false};
        put(op.key, op.arg.list()->back());
        return Done{true};
    }
    put(op.key, op.f == "delete" ? Value{} : op.arg);
    return Done{true};
}

Completion ToyMap::apply_transaction(const Value::Transaction& asked) {
    const State saved = state_;
    Value::Transaction told = asked;
    for (MicroOp& step : told) {
        if (step.f == "r") step.value = get(state_, step.key);
        if (step.f == "w") put(step.key, step.value);
        if (step.f != "append") continue;
        const auto result = add(step.key, step.value);
        if (!result) {
            state_ = saved;
            return refused();
        }
        put(step.key, *result);
    }
    return Done{std::move(told)};
}

std::optional<Value> ToyMap::add(const Value& key, const Value& more) {
    const Value before = get(state_, key);
    if (const std::string* suffix = more.text()) {
        if (!before.is_absent() && before.text() == nullptr) return std::nullopt;
        return Value(before.is_absent() ? *suffix : *before.text() + *suffix);
    }
    if (!before.is_absent() && before.integer() == nullptr) return std::nullopt;
    return Value((before.is_absent() ? 0 : *before.integer()) + *more.integer());
}

void ToyMap::put(const Value& key, const Value& value) {
    constexpr Nanos unsafe = 500 * millisecond;
    while (!recent_.empty() && recent_.front().t < time().now() - unsafe)
        recent_.pop_front();
    recent_.push_back(
        {.t = time().now(), .key = key, .before = get(state_, key), .deleted = value.is_absent()});
    state_[key] = value;
    if (value.is_absent()) state_.erase(key);
}

Value ToyMap::get(const State& state, const Value& key) {
    const auto found = state.find(key);
    return found == state.end() ? Value{} : found->second;
}

Value ToyMap::scan(const State& state, const Value::List& range) {
    Value::List pairs;
    for (auto it = state.lower_bound(range[0]); it != state.end() && it->first < range[1]; ++it)
        pairs.emplace_back(Value::List{it->first, it->second});
    return pairs;
}

void ToyMap::on_kill() {
    const std::deque<Written> undone = std::exchange(recent_, {});
    if (bug_ == ToyMapBug::lost_writes) {
        for (auto it = undone.rbegin(); it != undone.rend(); ++it)
            put(it->key, it->before);
    }
    if (bug_ != ToyMapBug::undone_deletes) return;
    for (const Written& written : undone) {
        if (written.deleted && get(state_, written.key).is_absent())
            put(written.key, written.before);
    }
}

} // namespace faultlab
