#pragma once

#include "core/check.hpp"
#include "replica/core/types.hpp"

#include <sodium.h>

namespace faultlab::replica {

/// Once a process, before anything of libsodium; thread-safe.
inline void use_sodium() {
    static const bool ready = sodium_init() >= 0;
    FAULTLAB_CHECK(ready);
}

// libsodium speaks of unsigned char.
[[nodiscard]] inline const unsigned char* raw(Bytes bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}
template <std::size_t Size>
[[nodiscard]] unsigned char* raw(std::array<std::byte, Size>& bytes) {
    return reinterpret_cast<unsigned char*>(bytes.data());
}

} // namespace faultlab::replica
