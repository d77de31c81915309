#include "replica/wire/mutators.hpp"

#include "core/rng.hpp"
#include "replica/core/records.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <limits>
#include <utility>

namespace faultlab::replica {

/// The message, which is changed in place.
struct Lie {
    const Mutation& mutation;
    const Surroundings& surroundings;
    OwnedMessage& message;

    [[nodiscard]] Header& header() const { return message.header; }
    [[nodiscard]] std::int64_t amount() const { return mutation.amount; }
};

namespace {

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

View view_of(std::uint32_t epoch, std::uint64_t number) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    return View::of(epoch, static_cast<std::uint32_t>(std::min(number, most)));
}

/// Where the entries lie that a message tells of: the suffix of a log, or the one of a Log.
struct Tail {
    std::size_t offset = 0;
    std::size_t record = 0; ///< bytes; a record begins with a header
    std::size_t count = 0;

    [[nodiscard]] Header header(const OwnedMessage& message, std::size_t index) const {
        return header_from(Bytes(message.body).subspan(offset + index * record));
    }
    void set_header(OwnedMessage& message, std::size_t index, const Header& entry) const {
        std::memcpy(message.body.data() + offset + index * record, &entry, sizeof entry);
    }
    [[nodiscard]] std::span<std::byte> bytes(OwnedMessage& message, std::size_t index) const {
        return std::span(message.body).subspan(offset + index * record, record);
    }
};

/// Nothing when there is none, or when it is empty.
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
    if (message.body.size() < tail.offset + tail.record) return std::nullopt;
    tail.count = (message.body.size() - tail.offset) / tail.record;
    return tail;
}

std::optional<Tail> entries_of(const OwnedMessage& message) {
    if (message.header.command != Command::Log) return tail_of(message);
    if (message.body.size() < sizeof(Header)) return std::nullopt;
    return Tail{.record = sizeof(Header), .count = 1};
}

template <typename Field>
bool set(Field& field, Field value) {
    return std::exchange(field, value) != value;
}

bool inflate_commit(const Lie& lie) {
    return set(lie.header().commit, shifted(lie.header().commit, lie.amount()));
}

bool creep(const Lie& lie) {
    const auto times = static_cast<std::int64_t>(lie.surroundings.ordinal + 1);
    return set(lie.header().commit, shifted(lie.header().commit, lie.amount() * times));
}

bool scale_commit(const Lie& lie) {
    const auto percent = static_cast<std::uint64_t>(std::max<std::int64_t>(0, lie.amount()));
    const std::uint64_t commit = lie.header().commit;
    return set(lie.header().commit, commit / 100 * percent + commit % 100 * percent / 100);
}

/// Leaves out the newest records; what is left fits them.
std::size_t shorten(const Lie& lie, const Tail& tail, std::int64_t by) {
    const std::size_t gone = std::min(tail.count, static_cast<std::size_t>(by));
    lie.message.body.resize(tail.offset + (tail.count - gone) * tail.record);
    lie.header().count -= static_cast<std::uint32_t>(gone);
    return gone;
}

/// The log ends so many ops before, and says so.
bool end_before(const Lie& lie, const Tail& tail, std::size_t ops) {
    const std::size_t left = tail.count - ops;
    const Checksum end =
        left > 0 ? tail.header(lie.message, left - 1).checksum : tail.header(lie.message, 0).parent;
    if (end == Checksum{}) return false; // its sender does not know that entry itself
    lie.header().parent = end;
    lie.header().op -= ops;
    return true;
}

bool truncate_tail(const Lie& lie) {
    const auto tail = tail_of(lie.message);
    if (!tail || lie.amount() <= 0) return false;
    const auto ops = std::min(tail->count, static_cast<std::size_t>(lie.amount()));
    if (!end_before(lie, *tail, ops)) return false;
    shorten(lie, *tail, lie.amount());
    return true;
}

bool conflict_tail(const Lie& lie) {
    const auto tail = entries_of(lie.message);
    if (!tail) return false;
    const bool some = lie.amount() > 0 && static_cast<std::size_t>(lie.amount()) < tail->count;
    std::size_t index = some ? tail->count - static_cast<std::size_t>(lie.amount()) : 0;
    bool changed = false;
    std::optional<Checksum> before;
    for (; index < tail->count; ++index) {
        Header entry = tail->header(lie.message, index);
        if (entry.command != Command::Prepare) {
            before.reset();
            continue;
        }
        entry.timestamp += 1 + lie.mutation.seed % 1000; // the same requests, another entry
        if (before) entry.parent = *before;
        entry.checksum = checksum_of(entry);
        before = entry.checksum;
        tail->set_header(lie.message, index, entry);
        changed = true;
    }
    if (before && lie.header().command != Command::Log) lie.header().parent = *before;
    return changed;
}

bool shift_op(const Lie& lie) {
    return set(lie.header().op, shifted(lie.header().op, lie.amount()));
}

bool shift_entry(const Lie& lie) {
    const auto tail = entries_of(lie.message);
    if (!tail || lie.header().command != Command::Log) return false;
    Header entry = tail->header(lie.message, 0);
    const std::uint64_t number = shifted(entry.view.number(), lie.amount());
    const bool changed = set(entry.view, view_of(entry.view.epoch(), number));
    entry.checksum = checksum_of(entry);
    tail->set_header(lie.message, 0, entry);
    return changed;
}

bool fork(const Lie& lie) {
    if ((lie.surroundings.to + lie.mutation.seed) % 2 == 0) return false;
    if (lie.header().command != Command::Prepare) return conflict_tail(lie);
    ++lie.header().timestamp;
    return true;
}

void flip(Checksum& checksum, std::uint64_t seed) {
    checksum.low ^= std::uint64_t{1} << (seed % 64);
}

bool corrupt_checksum(const Lie& lie) {
    if (lie.amount() == 0 || lie.amount() == 1) {
        Header& header = lie.header();
        flip(lie.amount() == 0 ? header.checksum : header.body_checksum, lie.mutation.seed);
        if (lie.amount() == 1) header.checksum = checksum_of(header); // only the body's is wrong
        return true;
    }
    const auto tail = entries_of(lie.message);
    if (!tail) return false;
    const std::size_t index = lie.mutation.seed % tail->count;
    Header entry = tail->header(lie.message, index);
    if (entry.command != Command::Prepare) return false;
    flip(entry.checksum, lie.mutation.seed);
    tail->set_header(lie.message, index, entry);
    seal(lie.header(), lie.message.body);
    return true;
}

bool flip_bits(const Lie& lie) {
    std::vector<std::byte>& body = lie.message.body;
    const auto header = std::as_writable_bytes(std::span(&lie.header(), 1));
    const std::size_t bits = 8 * (header.size() + body.size());
    const auto wanted = static_cast<std::size_t>(std::max<std::int64_t>(1, lie.amount()));
    Rng rng(lie.mutation.seed);
    std::vector<std::size_t> flipped;
    while (flipped.size() < std::min(wanted, bits)) {
        const std::size_t bit = rng.below(bits);
        if (std::ranges::find(flipped, bit) != flipped.end()) continue;
        flipped.push_back(bit);
        std::byte& at = bit / 8 < header.size() ? header[bit / 8] : body[bit / 8 - header.size()];
        at ^= std::byte{1} << static_cast<int>(bit % 8);
    }
    return true;
}

bool tail_length(const Lie& lie) {
    const auto tail = tail_of(lie.message);
    if (!tail || lie.amount() == 0) return false;
    if (lie.amount() < 0) return shorten(lie, *tail, -lie.amount()) > 0;
    return end_before(lie, *tail, std::min(tail->count, static_cast<std::size_t>(lie.amount())));
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
    OwnedMessage before = lie.message;
    for (std::size_t i = 0; i < order.size(); ++i) {
        std::ranges::copy(tail->bytes(before, order[i]), tail->bytes(lie.message, i).begin());
    }
    return true;
}

bool tail_count(const Lie& lie) {
    const std::uint64_t count = shifted(lie.header().count, lie.amount());
    return set(lie.header().count, static_cast<std::uint32_t>(count));
}

bool change_size(const Lie& lie) {
    const std::uint64_t size = shifted(lie.header().size, lie.amount());
    return set(lie.header().size, static_cast<std::uint32_t>(size));
}

/// As true entries as are known go before the suffix, and what is missing is made up behind it.
bool long_tail(const Lie& lie) {
    const auto tail = tail_of(lie.message);
    const auto wanted = static_cast<std::size_t>(std::max<std::int64_t>(0, lie.amount()));
    if (!tail || wanted <= tail->count) return false;
    const std::vector<std::byte> records(lie.message.body.begin() +
                                             static_cast<std::ptrdiff_t>(tail->offset),
                                         lie.message.body.end());
    std::vector<std::byte>& body = lie.message.body;
    body.resize(tail->offset);
    const auto add = [&](const Header& entry) {
        SlotRecord record{.header = entry, .state = SlotState::Present};
        const Bytes bytes = std::as_bytes(std::span(&record, 1)).first(tail->record);
        body.insert(body.end(), bytes.begin(), bytes.end());
    };
    Header& header = lie.header();
    auto first = std::ranges::upper_bound(lie.surroundings.log, header.commit, {}, &Header::op);
    std::size_t before = 0;
    while (first != lie.surroundings.log.begin() && before < wanted - tail->count &&
           std::prev(first)->op == header.commit - before) {
        --first;
        ++before;
    }
    for (std::size_t i = 0; i < before; ++i)
        add(first[static_cast<std::ptrdiff_t>(i)]);
    header.commit -= before;
    body.insert(body.end(), records.begin(), records.end());
    Header last = header_from(records); // any: they are too many to be looked at
    for (std::size_t i = tail->count + before; i < wanted; ++i) {
        last.op = ++header.op;
        add(last);
    }
    header.count = static_cast<std::uint32_t>(wanted);
    return true;
}

bool change_range(const Lie& lie) {
    Header& header = lie.header();
    const bool ranged = header.command == Command::GetLog || header.command == Command::GetSnapshot;
    if (!ranged) return false;
    if (lie.amount() > 0) return set(header.to, shifted(header.from, lie.amount()));
    if (lie.amount() < 0) {
        header.from = 0;
        header.to = std::numeric_limits<std::uint64_t>::max();
        return true;
    }
    if (header.from == header.to) ++header.from;
    if (header.from < header.to) std::swap(header.from, header.to);
    return true;
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
    return set(view, view_of(view.epoch(), shifted(view.number(), -lie.amount())));
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

bool replay(const Lie& lie) {
    return replace(lie, true);
}
bool splice(const Lie& lie) {
    return replace(lie, false);
}

bool swap_chunk(const Lie& lie) {
    const OwnedMessage* earlier = lie.surroundings.earlier;
    const bool both = lie.header().command == Command::Snapshot && earlier != nullptr &&
                      earlier->header.command == Command::Snapshot;
    return both && replace(lie, false);
}

bool forge_membership(const Lie& lie) {
    View& view = lie.header().view;
    const auto epoch = static_cast<std::uint32_t>(shifted(view.epoch(), lie.amount()));
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
    return field < wide.size() ? to_boundary(*wide[field], lie.amount())
                               : to_boundary(*narrow[field - wide.size()], lie.amount());
}

bool stale_incarnation(const Lie& lie) {
    return set(lie.header().incarnation, shifted(lie.header().incarnation, -lie.amount()));
}

bool duplicate(const Lie& lie) {
    return lie.amount() > 0;
}
bool silence(const Lie&) {
    return true;
}

constexpr std::array<MutatorEntry, mutator_count> table{{
    // clang-format off
    {Mutator::InflateCommit, "M1", "inflate-commit", "commit + amount",
     Level::Either, inflate_commit},
    {Mutator::Creep, "M1b", "creep", "commit + amount, and more with each message",
     Level::Either, creep},
    {Mutator::ScaleCommit, "M2", "scale-commit", "commit × amount / 100",
     Level::Either, scale_commit},
    {Mutator::TruncateTail, "M3", "truncate-tail",
     "leaves out the last `amount` records of the suffix; op and count fit",
     Level::Either, truncate_tail},
    {Mutator::ConflictTail, "M4", "conflict-tail",
     "other entries in the last `amount` places of the suffix (0: in all) or in a Log, chained and "
     "sealed like true ones",
     Level::Either, conflict_tail},
    {Mutator::ShiftOp, "M5", "shift-op", "op + amount; what is inside stays",
     Level::Either, shift_op},
    {Mutator::ShiftEntry, "M5b", "shift-entry",
     "the view of the entry in a Log + amount; what is around it stays",
     Level::Either, shift_entry},
    {Mutator::Fork, "M6", "fork",
     "half of the receivers (by id and seed) get another entry or suffix",
     Level::Either, fork},
    {Mutator::CorruptChecksum, "M7", "corrupt-checksum",
     "of the header (amount 0), the body (1) or an entry inside (2)",
     Level::Detection, corrupt_checksum},
    {Mutator::FlipBits, "M7b", "flip-bits", "so many bits of header and body",
     Level::Detection, flip_bits},
    {Mutator::TailLength, "M8", "tail-length",
     "op and suffix differ by so many: op − amount, or the last −amount records left out",
     Level::Either, tail_length},
    {Mutator::ShuffleTail, "M8b", "shuffle-tail", "the suffix in another order",
     Level::Either, shuffle_tail},
    {Mutator::TailCount, "M8c", "tail-count", "count + amount; the body stays",
     Level::Either, tail_count},
    {Mutator::Size, "M9", "size", "size + amount",
     Level::Either, change_size},
    {Mutator::LongTail, "M9b", "long-tail",
     "a suffix of so many records: true ones as far as they were seen, then made up ones",
     Level::Either, long_tail},
    {Mutator::Range, "M10", "range",
     "ends before it begins (amount 0), after `amount` (> 0), or is from 0 to the highest (< 0)",
     Level::Either, change_range},
    {Mutator::RewriteBody, "M11", "rewrite-body", "one bit of what is asked for, or of the body",
     Level::Either, rewrite_body},
    {Mutator::LowerView, "M16", "lower-view", "view − amount, in its epoch",
     Level::Either, lower_view},
    {Mutator::SwapChunk, "M17", "swap-chunk", "an earlier snapshot message's body",
     Level::Either, swap_chunk},
    {Mutator::ForgeMembership, "M18", "forge-membership",
     "epoch + amount, and other voters where a membership is inside",
     Level::Either, forge_membership},
    {Mutator::Boundary, "M19", "boundary",
     "a field (by seed) := 0, 1, max − 1 or max (amount 0 to 3)",
     Level::Either, boundary},
    {Mutator::Splice, "M20", "splice", "an earlier message's body under this header",
     Level::Either, splice},
    {Mutator::StaleIncarnation, "M21", "stale-incarnation", "incarnation − amount",
     Level::Either, stale_incarnation},
    {Mutator::Duplicate, "M22", "duplicate", "`amount` times more",
     Level::Meaning, duplicate},
    {Mutator::Replay, "M23", "replay", "an earlier message of this command in its place",
     Level::Meaning, replay},
    {Mutator::Silence, "M24", "silence", "nothing at all",
     Level::Meaning, silence},
    // clang-format on
}};

constexpr bool in_order() {
    for (std::size_t index = 0; index < table.size(); ++index) {
        if (static_cast<std::size_t>(table[index].mutator) != index) return false;
    }
    return true;
}
static_assert(in_order(), "one row a mutator, in the order of the enumeration");

/// Makes the checksums fit, and the size but for the lie that is about it.
void seal_again(Mutator mutator, OwnedMessage& message) {
    Header& header = message.header;
    if (mutator != Mutator::Size) {
        header.size = static_cast<std::uint32_t>(sizeof(Header) + message.body.size());
    }
    header.body_checksum = checksum(message.body);
    header.checksum = checksum_of(header);
}

} // namespace

std::span<const MutatorEntry> mutators() {
    return table;
}
const MutatorEntry& entry(Mutator mutator) {
    return table.at(static_cast<std::size_t>(mutator));
}

Mutated mutate(const Mutation& mutation, const Message& message, const Surroundings& surroundings) {
    const MutatorEntry& mutator = entry(mutation.mutator);
    Mutated result;
    result.messages.push_back({message.header, {message.body.begin(), message.body.end()}});
    OwnedMessage& made = result.messages.front();
    result.changed = mutator.change({mutation, surroundings, made});
    if (!result.changed) return result;
    if (mutation.seals && mutator.level == Level::Either) seal_again(mutation.mutator, made);
    if (mutation.mutator == Mutator::Duplicate) {
        const OwnedMessage original = made;
        result.messages.resize(static_cast<std::size_t>(mutation.amount) + 1, original);
    }
    if (mutation.mutator == Mutator::Silence) result.messages.clear();
    return result;
}

Mutated mutate(const MutationRule& rule, const Message& message, const Surroundings& surroundings) {
    OwnedMessage original{message.header, {message.body.begin(), message.body.end()}};
    Mutated result{.messages = {original}};
    for (const Mutation& mutation : rule.mutations) {
        std::vector<OwnedMessage> next;
        for (const OwnedMessage& one : result.messages) {
            Mutated mutated = mutate(mutation, {one.header, one.body}, surroundings);
            result.changed = result.changed || mutated.changed;
            std::ranges::move(mutated.messages, std::back_inserter(next));
        }
        result.messages = std::move(next);
    }
    if (result.changed && rule.original_too) result.messages.push_back(std::move(original));
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
