#pragma once

#include "replica/core/message.hpp"

#include <optional>
#include <span>
#include <vector>

namespace faultlab::replica {

/// Lies that one sender tells, each a pure function of one message: used by tests, by the simulator
/// and by a proxy between real replicas. The protocol is made for crashes, so a lie has to be
/// contained (refused and counted, ignored, or the receiver stops), not tolerated.
enum class Mutator : std::uint8_t {
    InflateCommit,    ///< M1: commit + amount
    ScaleCommit,      ///< M2: commit × amount / 100
    TruncateTail,     ///< M3: leaves out the last `amount` records of the suffix, op and count fit
    ConflictTail,     ///< M4: other entries in the suffix, chained and sealed like true ones
    ShiftOp,          ///< M5: op + amount, what is inside stays
    Fork,             ///< M6: half of the receivers (by id and seed) get another entry or suffix
    CorruptChecksum,  ///< M7: of the header (amount 0) or the body (amount 1)
    TailLength,       ///< M8: count + amount, the body stays
    ShuffleTail,      ///< M8b: the suffix in another order
    Size,             ///< M9: size + amount
    Range,            ///< M10: from and to exchanged (amount 0), or to := from + amount
    RewriteBody,      ///< M11: one bit of what is asked for, or of the body
    Duplicate,        ///< M12: `amount` times more
    Replay,           ///< M13: an earlier message of this command in its place
    Creep,            ///< M14: commit + amount, more with each message
    Silence,          ///< M15: nothing at all
    LowerView,        ///< M16: view − amount, in its epoch
    SwapChunk,        ///< M17: an earlier snapshot message's body
    ForgeMembership,  ///< M18: epoch + amount, and other voters where a membership is inside
    Boundary,         ///< M19: a field (by seed) := 0, 1, max − 1 or max (amount 0 to 3)
    Splice,           ///< M20: an earlier message's body under this header
    StaleIncarnation, ///< M21: incarnation − amount
};
constexpr std::size_t mutator_count = 22;
/// As in the table above: "M8b".
[[nodiscard]] const char* id(Mutator mutator);
[[nodiscard]] const char* name(Mutator mutator);

struct Mutation {
    Mutator mutator = Mutator::InflateCommit;
    std::int64_t amount = 1;
    std::uint64_t seed = 1; ///< of choices: which record, which bit, which field
    /// Checksums are made to fit again, so that what is tested is whether the receiver judges what
    /// a message says. Otherwise they stay as they were: then damage must be found.
    bool seals = true;
};

struct OwnedMessage {
    Header header;
    std::vector<std::byte> body;
};

/// What a mutation may look at besides the message itself.
struct Surroundings {
    ReplicaId to = no_replica;
    std::uint64_t ordinal = 0;             ///< messages that this mutation has changed before
    const OwnedMessage* earlier = nullptr; ///< any message that was seen before, or null
};

/// What is sent in place of the message. Where the mutation finds nothing to change (no suffix, no
/// earlier message, …) `changed` is false and the one message is the original.
struct Mutated {
    bool changed = false;
    std::vector<OwnedMessage> messages;
};
[[nodiscard]] Mutated
mutate(const Mutation& mutation, const Message& message, const Surroundings& surroundings = {});

/// Which messages a mutation is for.
struct MutationRule {
    std::optional<Command> command; ///< none: all
    ReplicaId from = no_replica;    ///< no_replica: any
    ReplicaId to = no_replica;      ///< no_replica: any
    std::uint32_t permille = 1000;  ///< how many of them
    Mutation mutation;
};
/// `draw` is below 1000 and the caller's randomness.
[[nodiscard]] bool applies(
    const MutationRule& rule, Command command, ReplicaId from, ReplicaId to, std::uint32_t draw);

} // namespace faultlab::replica
