#pragma once

#include <exception>

namespace faultlab::replica {

/// A broken invariant of the core. `Replica::step` turns it into a halt: a replica that cannot
/// trust its own state must not speak.
class AssertionFailed : public std::exception {
public:
    AssertionFailed(const char* id, const char* condition) : id_(id), condition_(condition) {}
    /// Stable name; tests/unit/replica trips each of them.
    [[nodiscard]] const char* id() const { return id_; }
    [[nodiscard]] const char* what() const noexcept override { return condition_; }

private:
    const char* id_;
    const char* condition_;
};

[[noreturn, gnu::cold]] void assertion_failed(const char* id, const char* condition);

} // namespace faultlab::replica

/// Always on. `id` is a literal, unique in replica/core (lint.assertions).
#ifndef FAULTLAB_REPLICA_WITHOUT_ASSERTIONS
#define REPLICA_ASSERT(id, ...)                                                                    \
    (static_cast<bool>(__VA_ARGS__) ? static_cast<void>(0)                                         \
                                    : ::faultlab::replica::assertion_failed(id, #__VA_ARGS__))
#else // only bench/ builds this, to measure what assertions cost
#define REPLICA_ASSERT(id, ...) static_cast<void>(0)
#endif
