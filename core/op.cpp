#include "core/op.hpp"

namespace faultlab {

std::string_view to_string(OpStatus status) {
    switch (status) {
        case OpStatus::open: return "open";
        case OpStatus::ok: return "ok";
        case OpStatus::fail: return "fail";
        case OpStatus::info: return "info";
    }
    return "open";
}

} // namespace faultlab
