#include "core/check.hpp"
#include "replica/client/lab_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace faultlab::replica {
namespace {

struct Kind {
    std::string_view f;
    OpCode code;
    bool returns_value; ///< else an answer without a value
};
constexpr std::array kinds = {Kind{"read", OpCode::Read, true},
                              Kind{"write", OpCode::Write, false},
                              Kind{"cas", OpCode::Cas, false},
                              Kind{"add", OpCode::Add, true},
                              Kind{"append", OpCode::Append, true},
                              Kind{"delete", OpCode::Delete, false},
                              Kind{"scan", OpCode::Scan, true},
                              Kind{"txn", OpCode::Transaction, true},
                              Kind{"swap", OpCode::Swap, true}};

const Kind* kind_of(std::string_view f) {
    const auto* const found = std::ranges::find(kinds, f, &Kind::f);
    return found == kinds.end() ? nullptr : found;
}

struct Refusal {
    Outcome outcome;
    std::string_view error;
    std::string_view why;
};
// By the store's contract each of them left the state as it was.
constexpr std::array refusals = {
    Refusal{Outcome::WrongType, "wrong type", "executed, and found a value of another type"},
    Refusal{Outcome::TooLarge, "too large", "executed, and refused for the size of its value"},
    Refusal{Outcome::Full, "store full", "executed, and refused for want of room"},
    Refusal{Outcome::Malformed, "malformed operation", "executed, and not understood"},
    Refusal{Outcome::Unsupported, "unsupported operation", "the active release does not have it"},
    Refusal{Outcome::Refused, "refused", "executed, and its conditions did not hold"},
    Refusal{Outcome::Overflow, "overflow", "executed, and the sum is no 64-bit integer"}};

struct Lost {
    std::string_view error;
    bool definite;
    std::string_view why;
};
// The words of replica/client/session.cpp. A session counts its sendings of a request that may be
// in the log: without any the operation surely did not happen, whatever the last trouble was.
constexpr std::string_view perhaps =
    "a sending may be in the log; fail when each was answered as not taken, or none left";
constexpr std::array losses = {
    Lost{"busy", true, "refused before it got a place in the log"},
    Lost{"session evicted", true, "refused: the session is gone, and with it its numbers"},
    Lost{"operation too large", true, "not sent"},
    Lost{"no answer in time", false, perhaps},
    Lost{"connection lost", false, perhaps},
    Lost{"no connection", false, perhaps},
    Lost{"not the primary", false, perhaps},
    Lost{"malformed result", false, "executed; what came of it, the answer does not say"},
    Lost{"any error of a read",
         true,
         "a read changes nothing, so one without an answer may be left out"}};

std::string_view error_of(Outcome outcome) {
    const auto* const found = std::ranges::find(refusals, outcome, &Refusal::outcome);
    return found == refusals.end() ? "outcome that nobody knows" : found->error;
}

bool only_reads(std::string_view f) {
    return f == "read" || f == "scan";
}

/// The key without its namespace, which is from then on that of the operation. Nothing when there
/// is no such namespace, or the operation is of another.
std::optional<Value> plain_key(const Value& key, std::uint32_t& space) {
    const Value::List* const parts = key.list();
    if (parts == nullptr) return key;
    if (parts->size() != 2 || parts->front().integer() == nullptr) return std::nullopt;
    const std::int64_t number = *parts->front().integer();
    if (number < 1 || number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    if (space != 0 && space != number) return std::nullopt;
    space = static_cast<std::uint32_t>(number);
    return parts->back();
}

/// Sets a key of the operation.
bool set_key(Value& to, const Value& key, std::uint32_t& space) {
    std::optional<Value> plain = plain_key(key, space);
    if (plain) to = *std::move(plain);
    return plain.has_value();
}

} // namespace

Value in_space(Value result, OpCode code, std::uint32_t space) {
    if (space == 0) return result;
    const auto key_of = [space](const Value& key) {
        return Value(Value::List{Value(std::int64_t{space}), key});
    };
    if (const Value::List* const pairs = result.list(); code == OpCode::Scan && pairs != nullptr) {
        Value::List all;
        for (const Value& pair : *pairs)
            all.emplace_back(Value::List{key_of(pair.list()->front()), pair.list()->back()});
        return all;
    }
    if (const auto* const steps = result.transaction();
        code == OpCode::Transaction && steps != nullptr) {
        Value::Transaction all = *steps;
        for (MicroOp& step : all)
            step.key = key_of(step.key);
        return all;
    }
    return result;
}

std::optional<Operation> operation_of(const Invocation& invocation) {
    const Kind* const kind = kind_of(invocation.f);
    if (kind == nullptr) return std::nullopt;
    Operation operation{.code = kind->code};
    if (!set_key(operation.key, invocation.key, operation.space)) return std::nullopt;
    switch (kind->code) {
        case OpCode::Cas: {
            const Value::List* const pair = invocation.arg.list();
            if (pair == nullptr || pair->size() != 2) return std::nullopt;
            operation.expected = pair->front();
            operation.value = pair->back();
            break;
        }
        case OpCode::Scan: {
            const Value::List* const range = invocation.arg.list();
            if (range == nullptr || range->size() != 2 ||
                !set_key(operation.key, range->front(), operation.space) ||
                !set_key(operation.expected, range->back(), operation.space))
                return std::nullopt;
            break;
        }
        case OpCode::Transaction:
            if (invocation.arg.transaction() == nullptr) return std::nullopt;
            operation.steps = *invocation.arg.transaction();
            for (MicroOp& step : operation.steps)
                if (!set_key(step.key, step.key, operation.space)) return std::nullopt;
            break;
        default: operation.value = invocation.arg;
    }
    return operation;
}

Completion completion_of(const std::string& f, Execution execution, std::uint32_t space) {
    if (auto* const failed = std::get_if<Failed>(&execution))
        return faultlab::Failed{std::move(failed->why)};
    if (auto* const unknown = std::get_if<Unknown>(&execution)) {
        // A read changes nothing: without an answer it may be left out.
        if (only_reads(f)) return faultlab::Failed{std::move(unknown->why)};
        return faultlab::Unknown{std::move(unknown->why)};
    }
    OperationResult& result = std::get<Done>(execution).result;
    const Kind* const kind = kind_of(f);
    FAULTLAB_CHECK(kind != nullptr);
    if (kind->code == OpCode::Cas &&
        (result.outcome == Outcome::Ok || result.outcome == Outcome::CompareFailed)) {
        return faultlab::Done{result.outcome == Outcome::Ok};
    }
    if (result.outcome != Outcome::Ok)
        return faultlab::Failed{std::string(error_of(result.outcome))};
    if (!kind->returns_value) return faultlab::Done{};
    return faultlab::Done{in_space(std::move(result.value), kind->code, space)};
}

std::vector<ErrorRule> error_table() {
    std::vector<ErrorRule> table;
    for (const Refusal& refusal : refusals) {
        table.push_back({.error = std::string(refusal.error),
                         .definite = true,
                         .why = std::string(refusal.why)});
    }
    for (const Lost& lost : losses) {
        table.push_back({.error = std::string(lost.error),
                         .definite = lost.definite,
                         .why = std::string(lost.why)});
    }
    return table;
}

} // namespace faultlab::replica
