#pragma once

#include "replica/wire/channel.hpp"

#include <span>

namespace faultlab::replica {

/// What somebody can do on the way between two replicas who has not the cluster's key. Each is
/// refused by the connection: nothing of it reaches the protocol.
enum class Forgery : std::uint8_t { Forged, Tampered, Unsigned, WrongKey };
constexpr std::size_t forgery_count = 4;

struct ForgeryEntry {
    Forgery forgery;
    const char* id;   ///< "M12", among the mutators
    const char* name; ///< "forged"
    const char* summary;
    AuthReject refused_as;
};
/// All of them, by Forgery.
[[nodiscard]] std::span<const ForgeryEntry, forgery_count> forgeries();

/// Changes one whole frame, as Channel::seal made it: Forged, Tampered or Unsigned. Requires: not
/// WrongKey, which is a whole connection's: it begins with the hello of a Channel that has the key
/// `wrong_key`.
void forge(Forgery forgery, std::uint64_t seed, std::span<std::byte> frame);
/// Another key.
[[nodiscard]] Key wrong_key(const Key& key);

} // namespace faultlab::replica
