#pragma once

#include "replica/core/bugs.hpp"
#include "replica/core/config.hpp"
#include "replica/core/message.hpp"

namespace faultlab::replica {

/// Why a message was not let in. Counted by class; a clean cluster counts none.
enum class Reject : std::uint8_t {
    None = 0,
    Size,           ///< smaller than a header, larger than the cap, or not what the header says
    HeaderChecksum, ///< the header's bytes are not what its checksum says
    Cluster,
    Protocol,
    Release,      ///< unknown release, or fields that its release does not have
    Command,      ///< unknown command
    Sender,       ///< not a replica, or not the one that the connection proved
    Range,        ///< a field of this command is out of its range
    TailLength,   ///< the tail is not as long as it says, or as it may be
    TailOrder,    ///< the tail is not ascending, or not chained
    BodyChecksum, ///< the body's bytes are not what the header's checksum says
    Entry,        ///< an entry inside is not what the message says it is
    Membership,   ///< no well-formed membership
    // after the frame, by the state of the receiver
    Epoch,
    View,
    NotMember,
    Fork, ///< two logs of one view differ: never in a cluster whose replicas obey
};
constexpr std::size_t reject_count = 18;
[[nodiscard]] const char* name(Reject reject);

/// The checks that need no state, in the order of docs/reference/replica-frames.md: size, header
/// checksum, cluster, protocol and release, ranges of the command, body checksum, entries inside.
[[nodiscard]] Reject validate(const Message& message, const Config& config, BugSet& bugs);

} // namespace faultlab::replica
