#include "core/store/jsonl_namespace.hpp"

#include "core/store/jsonl.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace faultlab::jsonl {
namespace {

/// What stands where an operation has keys.
enum class Place : std::uint8_t { argument, answer };

template <class Change>
void change_keys(const Op& op, Place place, Value& value, Change change) {
    if (op.f == transaction && value.transaction() != nullptr) {
        Value::Transaction steps = *value.transaction();
        for (MicroOp& step : steps)
            change(step.key);
        value = Value(std::move(steps));
        return;
    }
    if (op.f != "scan" || value.list() == nullptr) return;
    Value::List list = *value.list();
    for (Value& item : list) {
        if (place == Place::argument) {
            change(item);
        } else if (item.list() != nullptr && item.list()->size() == 2) {
            Value::List pair = *item.list();
            change(pair.front());
            item = Value(std::move(pair));
        }
    }
    value = Value(std::move(list));
}

template <class Change>
void change_keys(Op& op, Change change) {
    if (!op.key.is_absent()) change(op.key);
    change_keys(op, Place::argument, op.arg, change);
    change_keys(op, Place::answer, op.ret, change);
}

} // namespace

void put_into_namespace(const Value& space, Op& op) {
    if (space.is_absent()) return;
    change_keys(op, [&space](Value& key) { key = Value::List{space, std::move(key)}; });
}

Value take_from_namespace(Op& op) {
    std::vector<Value> spaces;
    Op taken = op;
    change_keys(taken, [&spaces](Value& key) {
        const Value::List* const parts = key.list();
        const bool pair = parts != nullptr && parts->size() == 2;
        spaces.push_back(pair ? parts->front() : Value{});
        if (!pair) return;
        Value plain = parts->back();
        key = std::move(plain);
    });
    const bool one = !spaces.empty() && std::ranges::all_of(spaces, [&](const Value& space) {
        return space == spaces.front();
    });
    if (!one || spaces.front().is_absent()) return {};
    op = std::move(taken);
    return spaces.front();
}

} // namespace faultlab::jsonl
