#pragma once

#include "replica/core/types.hpp"

#include <cstring>
#include <span>

// The algorithms of the standard library take std::byte one by one (libstdc++ 12), and logs and
// snapshots are compared and copied by the megabyte.
namespace faultlab::replica {

[[nodiscard]] inline bool same_bytes(Bytes a, Bytes b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

[[nodiscard]] inline bool all_zero(Bytes bytes) {
    // Every byte is as the next one.
    return bytes.empty() || (bytes.front() == std::byte{0} &&
                             same_bytes(bytes.first(bytes.size() - 1), bytes.subspan(1)));
}

/// Requires: `to` has room for it, and is elsewhere.
inline void copy_bytes(Bytes from, std::span<std::byte> to) {
    if (!from.empty()) {
        std::memcpy(to.data(), from.data(), from.size());
    }
}

} // namespace faultlab::replica
