#pragma once

#include "replica/core/config.hpp"

namespace faultlab::replica {

/// A token bucket: how many requests a second a primary takes, and how many at once after a pause.
/// Exact: no token is lost to rounding, however often it is asked. Owned by one thread.
class TokenBucket {
public:
    /// Full at first. A rate of 0 sets no limit.
    explicit TokenBucket(const Admission& admission);

    /// Takes one token if there is one. `now` is monotonic; an earlier one counts as the latest.
    [[nodiscard]] bool take(Nanos now);
    /// Until there is a token again; 0 when there is one.
    [[nodiscard]] Nanos retry_after(Nanos now);
    [[nodiscard]] std::uint64_t tokens(Nanos now) const;

private:
    friend struct TokenBucketProbe; ///< tests break invariants from inside
    void fill(Nanos now);
    [[nodiscard]] std::uint64_t level_at(Nanos now) const;

    std::uint64_t rate_;
    std::uint64_t capacity_; ///< in parts: a token has as many as a second has nanoseconds
    std::uint64_t level_;    ///< likewise
    Nanos filled_at_ = 0;
};

} // namespace faultlab::replica
