#pragma once

#include <stdexcept>
#include <string>

namespace faultlab {

/// A broken assumption of our own code. Thrown by FAULTLAB_CHECK, caught once in main and once per
/// worker thread; never used for anything that a user or the world can cause.
class Bug : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

[[noreturn]] void fail_check(const char* condition, const char* file, int line);

} // namespace faultlab

/// Always on, also in release builds. One condition a check: split conjunctions.
#define FAULTLAB_CHECK(condition)                                                                  \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            ::faultlab::fail_check(#condition, __FILE__, __LINE__);                                \
        }                                                                                          \
    } while (false)
