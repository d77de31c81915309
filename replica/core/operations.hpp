#pragma once

#include "core/value.hpp"
#include "replica/core/membership.hpp"
#include "replica/core/types.hpp"

#include <optional>
#include <vector>

namespace faultlab::replica {

/// What a request asks for. The first byte of its body.
enum class OpCode : std::uint8_t {
    Register = 1, ///< opens a session
    Read = 2,
    Write = 3,
    Cas = 4,
    Add = 5,    ///< of an integer; absent counts as 0
    Append = 6, ///< to a text; absent counts as ""
    Delete = 7,
    Scan = 8,         ///< keys in [from, to) of one namespace, in order
    Transaction = 9,  ///< reads, writes and appends of several keys of one namespace, atomic
    Swap = 10,        ///< since release 2: writes and returns what was there
    Reconfigure = 32, ///< the next epoch's membership
    Upgrade = 33,     ///< the release that is active from now on
};
[[nodiscard]] const char* name(OpCode code);

/// How an operation ended. All but Ok and CompareFailed changed nothing. Every replica ends the
/// same operation on the same state the same way.
enum class Outcome : std::uint8_t {
    Ok = 0,
    CompareFailed = 1, ///< the comparison was false: an answer, no error
    WrongType = 2,     ///< add to a text, append to an integer
    TooLarge = 3,      ///< the value or the result exceeds its limit
    Full = 4,          ///< no room for another key or value
    Malformed = 5,     ///< the body is no operation
    Unsupported = 6,   ///< the active release does not know it
    Refused = 7,       ///< reconfigure or upgrade: the conditions do not hold
    Overflow = 8,      ///< the sum is no 64-bit integer
};
[[nodiscard]] const char* name(Outcome outcome);

/// A client's view of an operation; the codec below is the only one.
struct Operation {
    OpCode code = OpCode::Read;
    std::uint32_t space = 0; ///< namespace
    Value key;               ///< integer or text
    Value value;             ///< Write, Swap: new; Cas: new; Add: delta; Append: suffix
    Value expected;          ///< Cas: from (absent: key must be absent); Scan: end, exclusive
    Value::Transaction steps;
    Membership membership;     ///< Reconfigure: the next epoch, its voters and standbys
    std::uint32_t release = 0; ///< Upgrade
};
struct OperationResult {
    Outcome outcome = Outcome::Ok;
    /// Read, Swap: the value or absent; Add, Append: the new value; Scan: list of [key, value];
    /// Transaction: the steps with their reads filled in; else absent.
    Value value;
};

/// The result of an operation that gives back no value, or of one that did not end Ok: one byte.
constexpr std::size_t bare_result_bytes = 1;

/// Allocate; for clients and tests. Layout in docs/reference/replica-frames.md. Requires of what is
/// encoded: keys are integers or texts; values are booleans, integers or texts (Cas may expect
/// absence); steps are "r", "w" or "append"; a new membership is well-formed, without began_at and
/// first_view.
[[nodiscard]] std::vector<std::byte> encode(const Operation& operation);
[[nodiscard]] std::optional<Operation> decode_operation(Bytes bytes);
[[nodiscard]] std::optional<OperationResult> decode_result(Bytes bytes, OpCode code);

} // namespace faultlab::replica
