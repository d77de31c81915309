#include "core/check.hpp"

namespace faultlab {

void fail_check(const char* condition, const char* file, int line) {
    throw Bug(std::string("check failed: ") + condition + " (" + file + ":" + std::to_string(line) +
              ")");
}

} // namespace faultlab
