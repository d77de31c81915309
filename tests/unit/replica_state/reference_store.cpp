#include "tests/unit/replica_state/reference_store.hpp"

#include <limits>

using namespace faultlab;
using namespace faultlab::replica;

namespace {

/// Bytes of a scalar in a message, its length included.
std::size_t encoded_bytes(const Value& value) {
    if (value.text() != nullptr) {
        return 4 + 1 + value.text()->size();
    }
    return 4 + (value.integer() != nullptr ? 9 : value.boolean() != nullptr ? 2 : 1);
}

} // namespace

Value ReferenceStore::read(const Key& key) const {
    const auto found = contents_.find(key);
    return found == contents_.end() ? Value{} : found->second;
}

OperationResult ReferenceStore::add(const Key& key, const Value& delta) {
    const Value before = read(key);
    if (delta.integer() == nullptr || (!before.is_absent() && before.integer() == nullptr)) {
        return {Outcome::WrongType, {}};
    }
    using Integers = std::numeric_limits<std::int64_t>;
    const std::int64_t a = before.is_absent() ? 0 : *before.integer();
    const std::int64_t b = *delta.integer();
    if (b > 0 ? a > Integers::max() - b : a < Integers::min() - b) {
        return {Outcome::Overflow, {}};
    }
    const std::int64_t stored = a + b;
    contents_[key] = stored;
    return {Outcome::Ok, stored};
}

OperationResult ReferenceStore::append(const Key& key, const Value& suffix) {
    const Value before = read(key);
    if (suffix.text() == nullptr || (!before.is_absent() && before.text() == nullptr)) {
        return {Outcome::WrongType, {}};
    }
    const Value after = before.is_absent() ? suffix : Value(*before.text() + *suffix.text());
    if (1 + encoded_bytes(after) > request_bytes_) {
        return {Outcome::TooLarge, {}};
    }
    contents_[key] = after;
    return {Outcome::Ok, after};
}

OperationResult ReferenceStore::scan(const Operation& operation) const {
    Value::List pairs;
    std::size_t bytes = 5;
    for (const auto& [key, value] : contents_) {
        if (key.first == operation.space && key.second >= operation.key &&
            key.second < operation.expected) {
            pairs.emplace_back(Value::List{key.second, value});
            bytes += encoded_bytes(key.second) + encoded_bytes(value);
        }
    }
    if (bytes > request_bytes_) {
        return {Outcome::TooLarge, {}};
    }
    return {Outcome::Ok, pairs};
}

OperationResult ReferenceStore::transact(const Operation& operation) {
    const std::map<Key, Value> before = contents_;
    Value::Transaction steps = operation.steps;
    std::size_t bytes = 5;
    std::size_t replaced = 0;
    OperationResult result;
    for (MicroOp& step : steps) {
        const Key key{operation.space, step.key};
        const Value old = read(key);
        if (step.f == "r") {
            step.value = old;
        } else {
            replaced += old.is_absent() ? 0 : encoded_bytes(old) - 4;
            result.outcome = replaced > 4 * request_bytes_ ? Outcome::TooLarge
                             : step.f == "w" ? (contents_[key] = step.value, Outcome::Ok)
                                             : append(key, step.value).outcome;
        }
        bytes += 1 + encoded_bytes(step.key) + encoded_bytes(step.value);
        if (result.outcome == Outcome::Ok && bytes > request_bytes_) {
            result.outcome = Outcome::TooLarge;
        }
        if (result.outcome != Outcome::Ok) {
            contents_ = before;
            return result;
        }
    }
    result.value = steps;
    return result;
}

OperationResult ReferenceStore::apply(const Operation& operation, std::uint32_t release) {
    const Key key{operation.space, operation.key};
    switch (operation.code) {
        case OpCode::Read: return {Outcome::Ok, read(key)};
        case OpCode::Write: contents_[key] = operation.value; return {};
        case OpCode::Cas:
            if (read(key) != operation.expected) {
                return {Outcome::CompareFailed, {}};
            }
            contents_[key] = operation.value;
            return {};
        case OpCode::Add: return add(key, operation.value);
        case OpCode::Append: return append(key, operation.value);
        case OpCode::Delete: contents_.erase(key); return {};
        case OpCode::Scan: return scan(operation);
        case OpCode::Transaction: return transact(operation);
        case OpCode::Swap: {
            if (release < 2) {
                return {Outcome::Unsupported, {}};
            }
            const Value before = read(key);
            contents_[key] = operation.value;
            return {Outcome::Ok, before};
        }
        default: return {Outcome::Malformed, {}};
    }
}
