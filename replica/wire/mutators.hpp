#pragma once

#include "replica/core/message.hpp"

#include <optional>
#include <span>
#include <vector>

namespace faultlab::replica {

/// Lies that one sender tells, each a pure function of one message: used by tests, by the simulator
/// and by a proxy between real replicas. The protocol is made for crashes, so a lie has to be
/// contained (refused and counted, ignored, or the receiver stops), not tolerated. M12 to M15 are
/// of whole frames: forgeries.hpp.
enum class Mutator : std::uint8_t {
    // clang-format off
    InflateCommit, Creep, ScaleCommit, TruncateTail, ConflictTail, ShiftOp, ShiftEntry, Fork,
    CorruptChecksum, FlipBits, TailLength, ShuffleTail, TailCount, Size, LongTail, Range,
    RewriteBody, LowerView, SwapChunk, ForgeMembership, Boundary, Splice, StaleIncarnation,
    Duplicate, Replay, Silence,
    // clang-format on
};
constexpr std::size_t mutator_count = static_cast<std::size_t>(Mutator::Silence) + 1;

struct Mutation {
    Mutator mutator = Mutator::InflateCommit;
    std::int64_t amount = 1;
    std::uint64_t seed = 1; ///< of choices: which record, which bit, which field
    /// Checksums are made to fit again, so that what is tested is whether the receiver judges what
    /// a message says. Otherwise they stay as they were: then damage must be found.
    bool seals = true;

    friend bool operator==(const Mutation&, const Mutation&) = default;
};

/// What can be tested with a mutator.
enum class Level : std::uint8_t {
    Either,    ///< as Mutation::seals says
    Meaning,   ///< every checksum fits, whatever is asked for
    Detection, ///< some checksum never fits
};

struct Lie; // a message in the making, see mutators.cpp

struct MutatorEntry {
    Mutator mutator;
    const char* id;      ///< "M8b"
    const char* name;    ///< "shuffle-tail"
    const char* summary; ///< what it does with `amount`
    Level level;
    bool (*change)(const Lie&); ///< false: it found nothing to change
};
/// All of them, by Mutator. A new one is a function and a row.
[[nodiscard]] std::span<const MutatorEntry> mutators();
[[nodiscard]] const MutatorEntry& entry(Mutator mutator);

struct OwnedMessage {
    Header header;
    std::vector<std::byte> body;
};

/// What a mutation may look at besides the message itself.
struct Surroundings {
    ReplicaId to = no_replica;
    std::uint64_t ordinal = 0;             ///< messages that this mutation has changed before
    const OwnedMessage* earlier = nullptr; ///< any message that was seen before, or null
    std::span<const Header> log = {};      ///< entries that were seen, of ascending ops
};

/// What is sent in place of the message. Where the mutation finds nothing to change (no suffix, no
/// earlier message, …) `changed` is false and the one message is the original.
struct Mutated {
    bool changed = false;
    std::vector<OwnedMessage> messages;
};
[[nodiscard]] Mutated
mutate(const Mutation& mutation, const Message& message, const Surroundings& surroundings = {});

/// Which messages are changed, and how.
struct MutationRule {
    std::optional<Command> command = std::nullopt; ///< none: all
    ReplicaId from = no_replica;                   ///< no_replica: any
    ReplicaId to = no_replica;                     ///< no_replica: any
    std::uint32_t permille = 1000;                 ///< how many of them
    std::vector<Mutation> mutations = {};          ///< one after the other
    bool original_too = false;                     ///< after what it was changed to
};
/// `draw` is below 1000 and the caller's randomness.
[[nodiscard]] bool applies(
    const MutationRule& rule, Command command, ReplicaId from, ReplicaId to, std::uint32_t draw);
/// What a message that the rule applies to becomes.
[[nodiscard]] Mutated
mutate(const MutationRule& rule, const Message& message, const Surroundings& surroundings = {});

} // namespace faultlab::replica
