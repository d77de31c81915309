#include "replica/core/validate.hpp"

#include "replica/core/assert.hpp"
#include "replica/core/bytes.hpp"
#include "replica/core/format.hpp"
#include "replica/core/operation_view.hpp"
#include "replica/core/records.hpp"
#include "replica/core/validate_parts.hpp"

#include <algorithm>

namespace faultlab::replica {

namespace {

// --- which fields a command uses

enum Field : std::uint32_t {
    Parent = 1U << 0U,
    ViewNumber = 1U << 1U,
    OpNumber = 1U << 2U,
    Commit = 1U << 3U,
    Timestamp = 1U << 4U,
    Client = 1U << 5U, ///< client, session and request
    LogView = 1U << 6U,
    Checkpoint = 1U << 7U, ///< op and id
    Nonce = 1U << 8U,
    From = 1U << 9U,
    To = 1U << 10U,
    Incarnation = 1U << 11U,
    Count = 1U << 12U,
    Flags = 1U << 13U,
    Trace = 1U << 14U,
    Body = 1U << 15U,
    LostDisks = 1U << 16U,
};
/// What every message of a replica says about its sender.
constexpr std::uint32_t sender = ViewNumber | LogView | Checkpoint | Incarnation;
constexpr std::uint32_t suffix = OpNumber | Commit | Parent | Count | Body;

struct Row {
    Command command;
    std::uint32_t fields;
};
constexpr std::array<Row, last_command + 1> rows{{
    {Command::None, 0},
    {Command::Request, Client | Trace | Body},
    {Command::Reply, sender | Client | OpNumber | Trace | Body},
    {Command::Busy, sender | Client | Nonce | Trace},
    {Command::Evicted, sender | Client | Trace},
    {Command::Redirect, sender | Client | From | Trace},
    {Command::Prepare, sender | OpNumber | Parent | Commit | Timestamp | Count | Flags | Body},
    {Command::PrepareOk, sender | OpNumber | Commit | Parent | Nonce},
    {Command::Commit, sender | OpNumber | Commit | Parent | Nonce},
    {Command::Ping, sender | OpNumber | Commit},
    {Command::StartViewChange, sender | From},
    {Command::DoViewChange, sender | suffix | To | Flags | LostDisks},
    {Command::StartView, sender | suffix | Nonce | Flags},
    {Command::GetView, sender | Nonce},
    {Command::GetLog, sender | From | To},
    {Command::GetPrepare, sender | OpNumber | Parent},
    {Command::Log, sender | OpNumber | Commit | Body},
    {Command::GetSnapshot, sender | From | To | Flags},
    {Command::Snapshot, sender | From | Count | Flags | Body},
    {Command::Recovery, sender | Nonce},
    {Command::RecoveryResponse, sender | suffix | Nonce | To | Flags | LostDisks},
}};

constexpr bool in_order() {
    for (std::size_t index = 0; index < rows.size(); ++index) {
        if (static_cast<std::size_t>(rows[index].command) != index) {
            return false;
        }
    }
    return true;
}
static_assert(in_order(), "one row a command, in the order of the enumeration");

/// The fields that are not zero.
std::uint32_t fields_of(const Message& message) {
    const Header& header = message.header;
    const auto bit = [](bool used, Field field) { return used ? std::uint32_t{field} : 0U; };
    return bit(header.parent != Checksum{}, Parent) | bit(header.view.value != 0, ViewNumber) |
           bit(header.op != 0, OpNumber) | bit(header.commit != 0, Commit) |
           bit(header.timestamp != 0, Timestamp) |
           bit(header.client != 0 || header.session != 0 || header.request != 0, Client) |
           bit(header.log_view.value != 0, LogView) |
           bit(header.checkpoint_op != 0 || header.checkpoint_id != Checksum{}, Checkpoint) |
           bit(header.nonce != 0, Nonce) | bit(header.from != 0, From) | bit(header.to != 0, To) |
           bit(header.incarnation != 0, Incarnation) | bit(header.count != 0, Count) |
           bit(header.flags != 0, Flags) | bit(header.trace != 0, Trace) |
           bit(!message.body.empty(), Body) | bit(header.lives != Lives{}, LostDisks);
}

} // namespace

namespace parts {

bool known(Command command) {
    return command > Command::None && static_cast<std::uint8_t>(command) <= last_command;
}

// --- ranges, by command

bool request_in_range(const Header& header, Bytes operation, const Limits& limits) {
    const bool registers =
        !operation.empty() && operation.front() == static_cast<std::byte>(OpCode::Register);
    return header.client != 0 && (header.session == 0) == (header.request == 0) &&
           registers == (header.request == 0) && !operation.empty() &&
           operation.size() <= limits.request_bytes;
}

bool prepare_in_range(const Subject& subject) {
    const Header& header = subject.header;
    const bool commit_fits = header.commit < header.op || subject.waived(Bug::K3);
    // What a primary may have under way bounds every suffix of a log.
    const bool under_way =
        header.commit >= header.op || header.op - header.commit <= subject.config.limits.pipeline;
    return header.op > 0 && commit_fits && under_way &&
           header.count <= subject.config.limits.batch && (header.flags & ~flag_refused) == 0 &&
           header.log_view <= header.view;
}

bool log_range_in_range(const Subject& subject) {
    REPLICA_ASSERT("log-range-of", subject.header.command == Command::GetLog);
    const Header& header = subject.header;
    const bool in_range = header.from > 0 && header.from <= header.to &&
                          header.to - header.from < subject.config.limits.slots;
    return in_range || subject.waived(Bug::K3_5);
}

bool suffix_in_range(const Subject& subject) {
    REPLICA_ASSERT("suffix-range-of", tail_of(subject.header).has_value());
    const Header& header = subject.header;
    return (header.commit <= header.op || subject.waived(Bug::K3)) &&
           header.log_view <= header.view;
}

bool snapshot_in_range(const Header& header) {
    REPLICA_ASSERT("snapshot-range-of",
                   header.command == Command::GetSnapshot || header.command == Command::Snapshot);
    if (header.flags == flag_manifest) {
        return header.from == 0 && header.to == 0;
    }
    const bool chunk =
        header.command == Command::Snapshot ? header.from < header.count : header.from <= header.to;
    return header.flags == 0 && chunk;
}

bool in_range(const Subject& subject) {
    const Header& header = subject.header;
    if (std::max({header.op, header.commit, header.checkpoint_op, header.from, header.to}) >=
            most_op ||
        header.incarnation >= end_of_incarnations || header.lives.lost[no_replica] != 0) {
        return false;
    }
    switch (header.command) {
        case Command::Request: return request_in_range(header, subject.body, subject.config.limits);
        case Command::Reply:
            return header.client != 0 && subject.body.size() <= subject.config.limits.request_bytes;
        case Command::Busy:
        case Command::Evicted: return header.client != 0;
        case Command::Redirect: return header.client != 0 && header.from <= max_replica_id;
        case Command::Prepare: return prepare_in_range(subject);
        case Command::Commit: return header.commit <= header.op || subject.waived(Bug::K3);
        case Command::DoViewChange:
            return (header.flags == 0 ? header.to == 0
                                      : header.flags == flag_uncertain && header.to > header.op) &&
                   suffix_in_range(subject);
        case Command::StartView:
            return (header.flags & ~flag_epoch) == 0 &&
                   (header.flags == 0 || header.commit == header.op) && suffix_in_range(subject);
        case Command::RecoveryResponse:
            return header.nonce != 0 && (header.flags & ~flag_primary) == 0 &&
                   header.to < end_of_incarnations && suffix_in_range(subject);
        case Command::GetLog: return log_range_in_range(subject);
        case Command::GetPrepare: return header.op > 0;
        case Command::Log: return header.op > 0 && subject.body.size() >= sizeof(Header);
        case Command::GetSnapshot:
        case Command::Snapshot: return header.checkpoint_op > 0 && snapshot_in_range(header);
        case Command::Recovery: return header.nonce != 0;
        case Command::None:
        case Command::PrepareOk:
        case Command::Ping:
        case Command::StartViewChange:
        case Command::GetView: break;
    }
    return true;
}

// --- suffixes of logs

std::optional<Tail> tail_of(const Header& header) {
    switch (header.command) {
        case Command::DoViewChange: return Tail{0, sizeof(SlotRecord)};
        case Command::StartView: return Tail{sizeof(Membership), sizeof(Header)};
        case Command::RecoveryResponse:
            if (header.flags == flag_primary) {
                return Tail{sizeof(Membership), sizeof(Header)};
            }
            return Tail{0, 0};
        default: return std::nullopt;
    }
}

bool tail_length_right(const Subject& subject, const Tail& tail) {
    const Header& header = subject.header;
    // Nothing may be read beyond the body, whatever is switched on.
    if (subject.body.size() != tail.offset + std::size_t{header.count} * tail.record_bytes) {
        return false;
    }
    if (tail.record_bytes == 0) {
        return header.count == 0;
    }
    const bool starts_view = header.command != Command::DoViewChange;
    if (header.count > most_suffix(subject.config.limits) && !subject.waived(Bug::K3_4) &&
        !(starts_view && subject.waived(Bug::KM11))) {
        return false;
    }
    return header.count == header.op - header.commit || subject.waived(Bug::K3_1);
}

bool is_entry_header(const Subject& subject, const Header& entry) {
    REPLICA_ASSERT("entry-header-of", tail_of(subject.header).has_value());
    return entry.checksum == checksum_of(entry) && entry.cluster == subject.config.cluster &&
           entry.command == Command::Prepare && entry.view <= subject.header.view &&
           entry.size >= sizeof(Header) && entry.size <= subject.config.limits.message_bytes;
}

bool in_tail_order(const Subject& subject, Op op, const Header* before, const Header& entry) {
    REPLICA_ASSERT("tail-order-of", tail_of(subject.header).has_value());
    REPLICA_ASSERT("tail-op", op > subject.header.commit);
    REPLICA_ASSERT("tail-before",
                   before == nullptr || before->op + 1 == op || subject.bugs.on(Bug::KM5));
    const bool right =
        entry.op == op &&
        (before == nullptr || (entry.parent == before->checksum && before->view <= entry.view));
    return right || subject.waived(Bug::KM5);
}

bool ends_right(const Subject& subject, const std::optional<Header>& newest) {
    const Header& header = subject.header;
    REPLICA_ASSERT("tail-end-of", tail_of(header).has_value());
    REPLICA_ASSERT("tail-newest", !newest || header.count > 0);
    REPLICA_ASSERT("tail-newest-op",
                   !newest || newest->op == header.commit + header.count ||
                       subject.bugs.on(Bug::KM5));
    if (header.op == 0) {
        return header.parent == root_header(header.cluster).checksum;
    }
    const bool known = newest && header.commit + header.count == header.op;
    return !known || newest->checksum == header.parent || subject.waived(Bug::KM5);
}

Reject check_slots(const Subject& subject) {
    REPLICA_ASSERT("slots-of", subject.header.command == Command::DoViewChange);
    REPLICA_ASSERT("slots-inside",
                   subject.body.size() == subject.header.count * sizeof(SlotRecord));
    std::optional<Header> before;
    for (std::uint32_t index = 0; index < subject.header.count; ++index) {
        const auto record = record_at<SlotRecord>(subject.body, index);
        const bool no_header = record.header.checksum == Checksum{};
        if (record.state > SlotState::Faulty || record.reserved != decltype(record.reserved){} ||
            (no_header && (record.state == SlotState::Present ||
                           !same_bytes(bytes_of(record.header), bytes_of(Header{}))))) {
            return Reject::Entry;
        }
        if (no_header) {
            before.reset();
            continue;
        }
        if (!is_entry_header(subject, record.header)) {
            return Reject::Entry;
        }
        if (!in_tail_order(subject,
                           subject.header.commit + 1 + index,
                           before ? &*before : nullptr,
                           record.header)) {
            return Reject::TailOrder;
        }
        before = record.header;
    }
    return ends_right(subject, before) ? Reject::None : Reject::TailOrder;
}

Reject check_view(const Subject& subject) {
    REPLICA_ASSERT("view-of",
                   subject.header.command == Command::StartView ||
                       subject.header.command == Command::RecoveryResponse);
    REPLICA_ASSERT("view-inside",
                   subject.body.size() ==
                       sizeof(Membership) + subject.header.count * sizeof(Header));
    REPLICA_ASSERT("view-primary",
                   subject.header.command == Command::StartView ||
                       subject.header.flags == flag_primary);
    const auto membership = record_at<Membership>(subject.body, 0);
    if (!membership.well_formed() || membership.epoch != subject.header.view.epoch() ||
        (subject.header.flags == flag_epoch &&
         (membership.began_at == 0 || membership.began_at != subject.header.op))) {
        return Reject::Membership;
    }
    std::optional<Header> before;
    for (std::uint32_t index = 0; index < subject.header.count; ++index) {
        const auto entry = record_at<Header>(subject.body, index, sizeof(Membership));
        if (!is_entry_header(subject, entry)) {
            return Reject::Entry;
        }
        if (!in_tail_order(
                subject, subject.header.commit + 1 + index, before ? &*before : nullptr, entry)) {
            return Reject::TailOrder;
        }
        before = entry;
    }
    return ends_right(subject, before) ? Reject::None : Reject::TailOrder;
}

// --- entries

Reject check_batch(const Subject& subject) {
    REPLICA_ASSERT("batch-of", subject.header.command == Command::Prepare);
    BatchReader reader(subject.body);
    std::uint32_t count = 0;
    while (const auto request = reader.next()) {
        ++count;
        Header header;
        header.client = request->record.client;
        header.session = request->record.session;
        header.request = request->record.request;
        if (!request_in_range(header, request->operation, subject.config.limits) ||
            (subject.header.release < 2 && request->record.trace != 0)) {
            return Reject::Entry;
        }
    }
    return reader.malformed() || count != subject.header.count ? Reject::Entry : Reject::None;
}

Reject check_log(const Subject& subject) {
    REPLICA_ASSERT("log-of", subject.header.command == Command::Log);
    REPLICA_ASSERT("log-inside", subject.body.size() >= sizeof(Header));
    const Message entry{header_from(subject.body), subject.body.subspan(sizeof(Header))};
    if (entry.header.command != Command::Prepare ||
        validate(entry, subject.config, subject.bugs) != Reject::None) {
        return Reject::Entry;
    }
    const bool as_said =
        entry.header.op == subject.header.op && entry.header.view <= subject.header.log_view;
    return as_said || subject.waived(Bug::K4) || subject.waived(Bug::KM10) ? Reject::None
                                                                           : Reject::Entry;
}

Reject check_inside(const Subject& subject) {
    REPLICA_ASSERT("inside-of", known(subject.header.command));
    switch (subject.header.command) {
        case Command::Prepare: return check_batch(subject);
        case Command::Log: return check_log(subject);
        case Command::DoViewChange: return check_slots(subject);
        case Command::StartView: return check_view(subject);
        case Command::RecoveryResponse:
            return subject.header.flags == flag_primary ? check_view(subject) : Reject::None;
        default: return Reject::None;
    }
}

// --- all of it

Reject check_header(const Message& message, const Config& config) {
    const Header& header = message.header;
    if (header.size != sizeof(Header) + message.body.size() ||
        header.size > config.limits.message_bytes) {
        return Reject::Size;
    }
    if (header.checksum != checksum_of(header)) {
        return Reject::HeaderChecksum;
    }
    if (header.cluster != config.cluster) {
        return Reject::Cluster;
    }
    if (header.protocol != protocol_version) {
        return Reject::Protocol;
    }
    const bool traced = header.release >= 2 && config.release >= 2;
    if (header.release < oldest_release || header.release > newest_release ||
        (header.trace != 0 && !traced) || header.reserved_1 != 0 ||
        header.reserved != decltype(header.reserved){}) {
        return Reject::Release;
    }
    if (!known(header.command)) {
        return Reject::Command;
    }
    const bool from_client = header.command == Command::Request;
    if (header.replica > max_replica_id || (header.replica == no_replica) != from_client) {
        return Reject::Sender;
    }
    return Reject::None;
}

} // namespace parts

Reject validate(const Message& message, const Config& config, BugSet& bugs) {
    if (const Reject reject = parts::check_header(message, config); reject != Reject::None) {
        return reject;
    }
    const parts::Subject subject{message.header, message.body, config, bugs};
    const Row& row = rows[static_cast<std::size_t>(message.header.command)];
    if ((fields_of(message) & ~row.fields) != 0 || !parts::in_range(subject)) {
        return Reject::Range;
    }
    const std::optional<parts::Tail> tail = parts::tail_of(message.header);
    if (tail && !parts::tail_length_right(subject, *tail)) {
        return Reject::TailLength;
    }
    if (message.header.body_checksum != checksum(message.body)) {
        return Reject::BodyChecksum;
    }
    return parts::check_inside(subject);
}

const char* name(Reject reject) {
    switch (reject) {
        case Reject::None: return "none";
        case Reject::Size: return "size";
        case Reject::HeaderChecksum: return "header checksum";
        case Reject::Cluster: return "cluster";
        case Reject::Protocol: return "protocol";
        case Reject::Release: return "release";
        case Reject::Command: return "command";
        case Reject::Sender: return "sender";
        case Reject::Range: return "range";
        case Reject::TailLength: return "tail length";
        case Reject::TailOrder: return "tail order";
        case Reject::BodyChecksum: return "body checksum";
        case Reject::Entry: return "entry";
        case Reject::Membership: return "membership";
        case Reject::Epoch: return "epoch";
        case Reject::View: return "view";
        case Reject::NotMember: return "not a member";
        case Reject::Fork: return "fork";
    }
    return "?";
}

} // namespace faultlab::replica
