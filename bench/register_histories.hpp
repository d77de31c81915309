#pragma once

#include "core/history.hpp"

#include <cstdint>
#include <string>

namespace faultlab {

/// A history of clients on correct registers, one a key.
struct RegisterShape {
    std::string name;
    std::string model = "cas-register";
    int keys = 1;
    int ops_per_key = 10'000;
    int clients = 10;                ///< on each key
    int values = 0;                  ///< how many different ones are written; 0: each only once
    std::uint64_t busy_percent = 90; ///< of the time of a client; the rest it waits
    std::uint64_t info_percent = 0;
    std::uint64_t read_percent = 50;
    std::uint64_t cas_percent = 0;
    /// A cas that compares false says so; otherwise it reports a failure.
    bool strong_cas = false;
    /// One read near the end of the last key returns a value that was gone when it was invoked.
    bool stale_read = false;
};

/// The same shape and seed give the same history on every machine. Every operation takes effect at
/// a random moment between its invocation and its return, an indeterminate one perhaps never.
[[nodiscard]] History generate_registers(const RegisterShape& shape, std::uint64_t seed);

} // namespace faultlab
