#pragma once

#include "core/op.hpp"

#include <algorithm>
#include <array>
#include <string_view>

/// What the export and the import of JSON lines must agree upon.
namespace faultlab::jsonl {

/// The operations whose `ok` may tell no more than that it was done: `value` then repeats the
/// argument. All others always answer in `value`.
[[nodiscard]] constexpr bool acknowledges(std::string_view f) {
    constexpr std::array<std::string_view, 9> names = {
        "write", "cas", "enqueue", "push", "remove", "contains", "delete", "acquire", "release"};
    return std::ranges::find(names, f) != names.end();
}

/// The operations that are of something: their invocation has a `value`, be it null.
[[nodiscard]] constexpr bool takes_argument(std::string_view f) {
    constexpr std::array<std::string_view, 13> names = {"write",
                                                        "cas",
                                                        "add",
                                                        "append",
                                                        "swap",
                                                        "put",
                                                        "enqueue",
                                                        "push",
                                                        "remove",
                                                        "contains",
                                                        "scan",
                                                        "txn",
                                                        "transfer"};
    return std::ranges::find(names, f) != names.end();
}

/// The operations that look: their `ok` has a `value` (or a `ret`), be it null.
[[nodiscard]] constexpr bool tells_answer(std::string_view f) {
    constexpr std::array<std::string_view, 7> names = {
        "read", "swap", "dequeue", "pop", "drain", "scan", "txn"};
    return std::ranges::find(names, f) != names.end();
}

/// Where the answer of an ok operation stands: in `value`, or in `ret` beside the repeated argument
/// when it is none, a boolean (such as the false of a compare-and-set), or like the argument.
[[nodiscard]] inline bool answers_in_value(const Op& op) {
    if (!acknowledges(op.f)) return true;
    return !op.ret.is_absent() && op.ret.boolean() == nullptr && op.ret != op.arg;
}

/// Whether the argument repeated in the `value` of an ok could be an answer: [3, 3] of a cas with
/// versions says that it made version 3, and repeats that it compared with it. Whoever knows the
/// model knows which; an ok that tells nothing has null there.
[[nodiscard]] inline bool could_be_an_answer(std::string_view f, const Value& arg) {
    const Value::List* const pair = f == "cas" ? arg.list() : nullptr;
    return pair != nullptr && pair->size() == 2 && pair->front() == pair->back();
}

/// The operation whose values are transactions.
inline constexpr std::string_view transaction = "txn";

} // namespace faultlab::jsonl
