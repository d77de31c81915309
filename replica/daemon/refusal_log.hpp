#pragma once

#include "replica/core/types.hpp"
#include "replica/wire/channel.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace faultlab::replica {

/// What is known of the other end of a connection that was refused or cut.
struct Stranger {
    std::string address;              ///< "10.0.0.2:7000" of one that we dialled, else without port
    std::optional<ReplicaId> dialled; ///< whom we wanted to reach
    std::optional<Channel::Claim> claim;
};

/// Lines for people about connections that were refused: who, why, and what to do. A peer dials
/// again and again, so what was said once is said again only after a minute, with how often it
/// happened meanwhile; of many different strangers only the first few get lines of their own.
class RefusalLog {
public:
    explicit RefusalLog(std::uint64_t cluster) : cluster_(cluster) {}

    /// The line to write, if it is time for one.
    [[nodiscard]] std::optional<std::string>
    refused(const Stranger& stranger, AuthReject why, Nanos now);

private:
    struct Said {
        Nanos at = 0;
        std::uint64_t since = 0; ///< times that nothing was said
    };
    std::uint64_t cluster_;
    std::map<std::pair<std::string, AuthReject>, Said> said_;
};

} // namespace faultlab::replica
