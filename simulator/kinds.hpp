#pragma once

#include "simulator/names.hpp"

#include <string_view>

namespace faultlab::simulator {

/// Whether operations of this kind are clients' work: they are recorded, and judged against the
/// store's model. The others are what a session or an operator asks for. A kind that is not decided
/// about here does not compile where warnings are errors.
[[nodiscard]] constexpr bool is_judged(OpCode code) {
    switch (code) {
        case OpCode::Read:
        case OpCode::Write:
        case OpCode::Cas:
        case OpCode::Add:
        case OpCode::Append:
        case OpCode::Delete:
        case OpCode::Scan:
        case OpCode::Transaction:
        case OpCode::Swap: return true;
        case OpCode::Register:
        case OpCode::Reconfigure:
        case OpCode::Upgrade: return false;
    }
    return true;
}

/// The same of what the lab calls it; also of a kind that the store does not have.
[[nodiscard]] inline bool is_judged(std::string_view f) {
    for (const OpCode code : {OpCode::Register, OpCode::Reconfigure, OpCode::Upgrade}) {
        static_assert(!is_judged(OpCode::Register) && !is_judged(OpCode::Reconfigure) &&
                      !is_judged(OpCode::Upgrade));
        if (f == replica::name(code)) return false;
    }
    return true;
}

} // namespace faultlab::simulator
