#pragma once

#include "core/types.hpp"
#include "core/value.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace faultlab {

/// What is known of an operation.
enum class OpStatus : std::uint8_t {
    open, ///< invoked; the record ends before its outcome. Checkers treat it as info.
    ok,   ///< took effect between its invocation and its return
    fail, ///< surely did not happen, never will, and observed nothing
    info, ///< unknown: may take effect at any time after its invocation, or never
};

[[nodiscard]] std::string_view to_string(OpStatus status);

/// What a generator asks a client to do.
struct Invocation {
    std::string f; ///< "read", "write", "cas", …
    Value key;     ///< absent where the object has no keys
    Value arg;
    friend bool operator==(const Invocation&, const Invocation&) = default;
};

/// Whether operations of this kind are on several keys at once: these have no key of their own.
[[nodiscard]] constexpr bool spans_keys(std::string_view f) {
    return f == "scan" || f == "txn";
}

/// The outcome of a client call. A compare-and-set whose comparison failed is Done{false}.
struct Done {
    Value ret;
};
/// It surely did not happen, never will, and observed nothing.
struct Failed {
    std::string why;
};
/// Anything else: a timeout, a connection that died after sending, an error of unclear meaning.
struct Unknown {
    std::string why;
};
using Completion = std::variant<Done, Failed, Unknown>;

/// One operation, one row. `inv_index` and `ret_index` come from the run's one counter, taken last
/// before sending and first after receiving: a returned before b was invoked if and only if
/// a.ret_index < b.inv_index.
struct Op {
    OpId id = 0;
    std::int32_t process = 0;
    std::int32_t client = 0; ///< the worker; a worker's process changes after info, its client not
    /// The replica that was asked last, and so the one that answered if any did. While it is open:
    /// the one that its client began with.
    NodeId node = no_node;
    std::string f;
    Value key;
    Value arg;
    Value ret;
    Index inv_index = 0;
    Index ret_index = never;
    Nanos t_due = 0; ///< intended start: latency counts from here
    Nanos t_inv = 0;
    Nanos t_ret = -1; ///< -1 when it never returned
    OpStatus status = OpStatus::open;
    std::string error;
};

} // namespace faultlab
