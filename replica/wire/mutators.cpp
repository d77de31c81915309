#include "replica/wire/mutators.hpp"

#include "core/rng.hpp"
#include "replica/core/records.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <utility>

namespace faultlab::replica {

namespace {

struct MutatorEntry {
    const char* id;
    const char* name;
};
constexpr std::array<MutatorEntry, mutator_count> entries{{
    {"M1", "inflate-commit"},
    {"M2", "scale-commit"},
    {"M3", "truncate-tail"},
    {"M4", "conflict-tail"},
    {"M5", "shift-op"},
    {"M6", "fork"},
    {"M7", "corrupt-checksum"},
    {"M8", "tail-length"},
    {"M8b", "shuffle-tail"},
    {"M9", "size"},
    {"M10", "range"},
    {"M11", "rewrite-body"},
    {"M12", "duplicate"},
    {"M13", "replay"},
    {"M14", "creep"},
    {"M15", "silence"},
    {"M16", "lower-view"},
    {"M17", "swap-chunk"},
    {"M18", "forge-membership"},
    {"M19", "boundary"},
    {"M20", "splice"},
    {"M21", "stale-incarnation"},
}};

/// Adds without going round at either end.
std::uint64_t shifted(std::uint64_t value, std::int64_t by) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    if (by >= 0) {
        const auto more = static_cast<std::uint64_t>(by);
        return more > most - value ? most : value + more;
    }
    const std::uint64_t less = std::uint64_t{0} - static_cast<std::uint64_t>(by);
    return less > value ? 0 : value - less;
}

/// Where a message's suffix of the log lies in its body.
struct Tail {
    std::size_t offset = 0;
    std::size_t record = 0; ///< bytes; a record begins with a header
    std::size_t count = 0;
};

std::optional<Tail> tail_of(const OwnedMessage& message) {
    Tail tail;
    switch (message.header.command) {
        case Command::DoViewChange: tail.record = sizeof(SlotRecord); break;
        case Command::StartView:
        case Command::RecoveryResponse:
            tail.offset = sizeof(Membership);
            tail.record = sizeof(Header);
            break;
        default: return std::nullopt;
    }
    if (message.body.size() < tail.offset) return std::nullopt;
    tail.count = (message.body.size() - tail.offset) / tail.record;
    if (tail.count == 0) return std::nullopt;
    return tail;
}

/// One lie in the making: the message, which is changed in place.
struct Lie {
    const Mutation& mutation;
    const Surroundings& surroundings;
    OwnedMessage& message;

    [[nodiscard]] Header& header() const { return message.header; }
    [[nodiscard]] Header tail_header(const Tail& tail, std::size_t index) const {
        Header entry;
        std::memcpy(&entry, message.body.data() + tail.offset + index * tail.record, sizeof entry);
        return entry;
    }
    void set_tail_header(const Tail& tail, std::size_t index, const Header& entry) const {
        std::memcpy(message.body.data() + tail.offset + index * tail.record, &entry, sizeof entry);
    }
};

template <typename Field>
bool set(Field& field, Field value) {
    return std::exchange(field, value) != value;
}

bool scale_commit(const Lie& lie) {
    const auto percent = static_cast<std::uint64_t>(std::max<std::int64_t>(0, lie.mutation.amount));
    const std::uint64_t commit = lie.header().commit;
    return set(lie.header().commit, commit / 100 * percent + commit % 100 * percent / 100);
}

bool truncate_tail(const Lie& lie) {
    const auto tail = tail_of(lie.message);
    if (!tail || lie.mutation.amount <= 0) return false;
    const std::size_t gone = std::min(tail->count, static_cast<std::size_t>(lie.mutation.amount));
    const std::size_t left = tail->count - gone;
    lie.header().parent =
        left > 0 ? lie.tail_header(*tail, left - 1).checksum : lie.tail_header(*tail, 0).parent;
    lie.message.body.resize(tail->offset + left * tail->record);
    lie.header().count -= static_cast<std::uint32_t>(gone);
    lie.header().op -= gone;
    return true;
}

bool conflict_tail(const Lie& lie) {
    const auto tail = tail_of(lie.message);
    if (!tail) return false;
    Rng rng(lie.mutation.seed);
    std::optional<Checksum> before;
    for (std::size_t i = 0; i < tail->count; ++i) {
        Header entry = lie.tail_header(*tail, i);
        if (entry.command != Command::Prepare) {
            before.reset();
            continue;
        }
        entry.body_checksum = {rng.next(), rng.next()};
        if (before) entry.parent = *before;
        entry.checksum = checksum_of(entry);
        before = entry.checksum;
        lie.set_tail_header(*tail, i, entry);
    }
    if (before) lie.header().parent = *before;
    return true;
}

bool fork(const Lie& lie) {
    if ((lie.surroundings.to + lie.mutation.seed) % 2 == 0) return false;
    if (lie.header().command == Command::Prepare) {
        ++lie.header().timestamp; // the same requests, another entry
        return true;
    }
    return conflict_tail(lie);
}

bool corrupt_checksum(const Lie& lie) {
    Checksum& checksum =
        lie.mutation.amount == 0 ? lie.header().checksum : lie.header().body_checksum;
    checksum.low ^= std::uint64_t{1} << (lie.mutation.seed % 64);
    return true;
}

bool shuffle_tail(const Lie& lie) {
    const auto tail = tail_of(lie.message);
    if (!tail || tail->count < 2) return false;
    std::vector<std::size_t> order(tail->count);
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = i;
    }
    Rng rng(lie.mutation.seed);
    rng.shuffle(std::span(order));
    if (std::ranges::is_sorted(order)) std::swap(order.front(), order.back());
    const std::vector<std::byte> before = lie.message.body;
    for (std::size_t i = 0; i < order.size(); ++i) {
        std::memcpy(lie.message.body.data() + tail->offset + i * tail->record,
                    before.data() + tail->offset + order[i] * tail->record,
                    tail->record);
    }
    return true;
}

bool change_range(const Lie& lie) {
    Header& header = lie.header();
    const bool ranged = header.command == Command::GetLog || header.command == Command::GetSnapshot;
    if (!ranged) return false;
    if (lie.mutation.amount != 0) return set(header.to, shifted(header.from, lie.mutation.amount));
    std::swap(header.from, header.to);
    return header.from != header.to;
}

/// The last byte of an operation is one of its key or value: it stays an operation.
bool rewrite_body(const Lie& lie) {
    std::vector<std::byte>& body = lie.message.body;
    if (body.empty()) return false;
    Rng rng(lie.mutation.seed);
    std::size_t at = rng.below(body.size());
    if (lie.header().command == Command::Request) {
        at = body.size() - 1;
    } else if (lie.header().command == Command::Prepare && lie.header().count > 0) {
        const std::uint64_t chosen = rng.below(lie.header().count);
        BatchReader reader(body);
        for (std::uint64_t i = 0; i <= chosen; ++i) {
            const auto request = reader.next();
            if (!request) return false;
            const Bytes operation = request->operation;
            at = static_cast<std::size_t>(operation.data() - body.data()) + operation.size() - 1;
        }
    }
    body[at] ^= std::byte{1};
    return true;
}

bool lower_view(const Lie& lie) {
    View& view = lie.header().view;
    const auto number = shifted(view.number(), -std::max<std::int64_t>(0, lie.mutation.amount));
    return set(view, View::of(view.epoch(), static_cast<std::uint32_t>(number)));
}

bool replace(const Lie& lie, bool whole) {
    const OwnedMessage* earlier = lie.surroundings.earlier;
    if (earlier == nullptr) return false;
    if (whole && earlier->header.command != lie.header().command) return false;
    const bool same = earlier->body == lie.message.body &&
                      (!whole || earlier->header.checksum == lie.header().checksum);
    if (same) return false;
    if (whole) lie.header() = earlier->header;
    lie.message.body = earlier->body;
    return true;
}

bool swap_chunk(const Lie& lie) {
    const OwnedMessage* earlier = lie.surroundings.earlier;
    const bool both = lie.header().command == Command::Snapshot && earlier != nullptr &&
                      earlier->header.command == Command::Snapshot;
    return both && replace(lie, false);
}

bool forge_membership(const Lie& lie) {
    View& view = lie.header().view;
    const auto epoch = static_cast<std::uint32_t>(shifted(view.epoch(), lie.mutation.amount));
    view = View::of(epoch, view.number());
    const Command command = lie.header().command;
    const bool inside = command == Command::StartView || command == Command::RecoveryResponse;
    if (!inside || lie.message.body.size() < sizeof(Membership)) return true;
    auto membership = record_at<Membership>(lie.message.body, 0);
    membership.epoch = epoch;
    const std::size_t voters = std::min<std::size_t>(membership.voter_count, max_voters);
    const auto first = membership.voters.begin();
    // Another order is another primary.
    std::rotate(first, first + (voters > 0 ? 1 : 0), first + static_cast<std::ptrdiff_t>(voters));
    std::memcpy(lie.message.body.data(), &membership, sizeof membership);
    return true;
}

template <typename Field>
bool to_boundary(Field& field, std::int64_t which) {
    constexpr Field most = std::numeric_limits<Field>::max();
    const std::array<Field, 4> values{0, 1, most - 1, most};
    return set(field, values[static_cast<std::size_t>(which) % values.size()]);
}

bool boundary(const Lie& lie) {
    Header& header = lie.header();
    const std::array<std::uint64_t*, 15> wide{&header.cluster,
                                              &header.view.value,
                                              &header.op,
                                              &header.commit,
                                              &header.timestamp,
                                              &header.client,
                                              &header.session,
                                              &header.request,
                                              &header.log_view.value,
                                              &header.checkpoint_op,
                                              &header.nonce,
                                              &header.from,
                                              &header.to,
                                              &header.incarnation,
                                              &header.trace};
    const std::array<std::uint32_t*, 3> narrow{&header.release, &header.count, &header.flags};
    const std::size_t field = lie.mutation.seed % (wide.size() + narrow.size());
    return field < wide.size() ? to_boundary(*wide[field], lie.mutation.amount)
                               : to_boundary(*narrow[field - wide.size()], lie.mutation.amount);
}

bool change(const Lie& lie) {
    const std::int64_t amount = lie.mutation.amount;
    Header& header = lie.header();
    switch (lie.mutation.mutator) {
        case Mutator::InflateCommit: return set(header.commit, shifted(header.commit, amount));
        case Mutator::ScaleCommit: return scale_commit(lie);
        case Mutator::TruncateTail: return truncate_tail(lie);
        case Mutator::ConflictTail: return conflict_tail(lie);
        case Mutator::ShiftOp: return set(header.op, shifted(header.op, amount));
        case Mutator::Fork: return fork(lie);
        case Mutator::CorruptChecksum: return corrupt_checksum(lie);
        case Mutator::TailLength:
            return set(header.count, static_cast<std::uint32_t>(shifted(header.count, amount)));
        case Mutator::ShuffleTail: return shuffle_tail(lie);
        case Mutator::Size:
            return set(header.size, static_cast<std::uint32_t>(shifted(header.size, amount)));
        case Mutator::Range: return change_range(lie);
        case Mutator::RewriteBody: return rewrite_body(lie);
        case Mutator::Duplicate: return amount > 0;
        case Mutator::Replay: return replace(lie, true);
        case Mutator::Creep:
            return set(header.commit,
                       shifted(header.commit,
                               amount * static_cast<std::int64_t>(lie.surroundings.ordinal + 1)));
        case Mutator::Silence: return true;
        case Mutator::LowerView: return lower_view(lie);
        case Mutator::SwapChunk: return swap_chunk(lie);
        case Mutator::ForgeMembership: return forge_membership(lie);
        case Mutator::Boundary: return boundary(lie);
        case Mutator::Splice: return replace(lie, false);
        case Mutator::StaleIncarnation:
            return set(header.incarnation, shifted(header.incarnation, -amount));
    }
    return false;
}

/// Makes the checksums fit, but for the lies that are about them or about the size.
void seal_again(Mutator mutator, OwnedMessage& message) {
    Header& header = message.header;
    if (mutator != Mutator::Size) {
        header.size = static_cast<std::uint32_t>(sizeof(Header) + message.body.size());
    }
    header.body_checksum = checksum(message.body);
    header.checksum = checksum_of(header);
}

} // namespace

const char* id(Mutator mutator) {
    return entries[static_cast<std::size_t>(mutator)].id;
}
const char* name(Mutator mutator) {
    return entries[static_cast<std::size_t>(mutator)].name;
}

Mutated mutate(const Mutation& mutation, const Message& message, const Surroundings& surroundings) {
    Mutated result;
    result.messages.push_back({message.header, {message.body.begin(), message.body.end()}});
    OwnedMessage& made = result.messages.front();
    result.changed = change({mutation, surroundings, made});
    if (!result.changed) return result;
    const bool as_it_was =
        mutation.mutator == Mutator::CorruptChecksum || mutation.mutator == Mutator::Replay;
    if (mutation.seals && !as_it_was) seal_again(mutation.mutator, made);
    if (mutation.mutator == Mutator::CorruptChecksum && mutation.amount != 0) {
        made.header.checksum = checksum_of(made.header); // only the body's shall be wrong
    }
    if (mutation.mutator == Mutator::Duplicate) {
        const OwnedMessage original = made;
        result.messages.resize(static_cast<std::size_t>(mutation.amount) + 1, original);
    }
    if (mutation.mutator == Mutator::Silence) result.messages.clear();
    return result;
}

bool applies(
    const MutationRule& rule, Command command, ReplicaId from, ReplicaId to, std::uint32_t draw) {
    const bool meant = (!rule.command || *rule.command == command) &&
                       (rule.from == no_replica || rule.from == from) &&
                       (rule.to == no_replica || rule.to == to);
    return meant && draw < rule.permille;
}

} // namespace faultlab::replica
