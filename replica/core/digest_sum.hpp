#pragma once

#include "replica/core/checksum.hpp"

namespace faultlab::replica {

/// The digest of a set that changes: the sum of its elements' checksums, mod 2^128. Of equal sets
/// it is equal, whatever the order of the changes that led to them; each change costs O(1).
class DigestSum {
public:
    void add(const Checksum& element) {
        value_.low += element.low;
        value_.high += element.high + (value_.low < element.low ? 1U : 0U);
    }
    /// Requires: the element was added.
    void remove(const Checksum& element) {
        value_.high -= element.high + (value_.low < element.low ? 1U : 0U);
        value_.low -= element.low;
    }
    [[nodiscard]] const Checksum& value() const { return value_; }

private:
    Checksum value_;
};

} // namespace faultlab::replica
