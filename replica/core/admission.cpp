#include "replica/core/admission.hpp"

#include "replica/core/assert.hpp"

#include <algorithm>

namespace faultlab::replica {

namespace {

// In a nanosecond the bucket gains `rate` parts, so that all is exact in integers.
constexpr std::uint64_t parts = 1'000'000'000;

} // namespace

TokenBucket::TokenBucket(const Admission& admission)
    : rate_(admission.rate), capacity_(std::max(admission.burst, std::uint32_t{1}) * parts),
      level_(capacity_) {}

std::uint64_t TokenBucket::level_at(Nanos now) const {
    if (now <= filled_at_ || rate_ == 0) {
        return level_;
    }
    const auto passed = static_cast<std::uint64_t>(now - filled_at_);
    const std::uint64_t missing = capacity_ - level_;
    // Compared so that the product cannot overflow.
    return passed > missing / rate_ ? capacity_ : level_ + passed * rate_;
}

void TokenBucket::fill(Nanos now) {
    level_ = level_at(now);
    filled_at_ = std::max(filled_at_, now);
}

bool TokenBucket::take(Nanos now) {
    fill(now);
    if (rate_ == 0) {
        return true;
    }
    if (level_ < parts) {
        return false;
    }
    level_ -= parts;
    return true;
}

Nanos TokenBucket::retry_after(Nanos now) {
    fill(now);
    if (rate_ == 0 || level_ >= parts) {
        return 0;
    }
    REPLICA_ASSERT("bucket-level", level_ <= capacity_);
    const std::uint64_t wait = (parts - level_ + rate_ - 1) / rate_;
    REPLICA_ASSERT("bucket-wait-suffices",
                   level_at(filled_at_ + static_cast<Nanos>(wait)) >= parts);
    return static_cast<Nanos>(wait);
}

std::uint64_t TokenBucket::tokens(Nanos now) const {
    return level_at(now) / parts;
}

} // namespace faultlab::replica
