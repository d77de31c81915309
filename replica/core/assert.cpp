#include "replica/core/assert.hpp"

namespace faultlab::replica {

void assertion_failed(const char* id, const char* condition) {
    throw AssertionFailed(id, condition);
}

} // namespace faultlab::replica
