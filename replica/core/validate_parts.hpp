#pragma once

#include "replica/core/bugs.hpp"
#include "replica/core/config.hpp"
#include "replica/core/message.hpp"
#include "replica/core/validate.hpp"

#include <optional>

/// The parts of `validate`, for validate.cpp and its tests. Each is total on any bytes that the
/// parts before it let through, and requires that they did: the size of the frame, its command and
/// the length of its tail are not looked at twice.
namespace faultlab::replica::parts {

/// One message under examination: what each check needs.
struct Subject {
    const Header& header;
    Bytes body;
    const Config& config;
    BugSet& bugs;

    /// Whether a check that found something is switched off.
    [[nodiscard]] bool waived(Bug bug) const {
        return bugs.changes(bug, [] { return true; });
    }
};

/// How the suffix lies in the body; nothing when the message has none.
struct Tail {
    std::size_t offset = 0;
    std::size_t record_bytes = 0;
};

[[nodiscard]] bool known(Command command);
[[nodiscard]] Reject check_header(const Message& message, const Config& config);

// Require: the command is known, and one that they are about.
[[nodiscard]] bool in_range(const Subject& subject);
[[nodiscard]] bool request_in_range(const Header& header, Bytes operation, const Limits& limits);
[[nodiscard]] bool prepare_in_range(const Subject& subject);
[[nodiscard]] bool log_range_in_range(const Subject& subject);
[[nodiscard]] bool suffix_in_range(const Subject& subject);
[[nodiscard]] bool snapshot_in_range(const Header& header);

[[nodiscard]] std::optional<Tail> tail_of(const Header& header);
[[nodiscard]] bool tail_length_right(const Subject& subject, const Tail& tail);
/// Whether a header in a suffix can be that of an entry of the log.
[[nodiscard]] bool is_entry_header(const Subject& subject, const Header& entry);
/// Whether `entry` can follow `before`, at `op`. Requires: op is above the message's commit.
[[nodiscard]] bool
in_tail_order(const Subject& subject, Op op, const Header* before, const Header& entry);
/// Whether the entry at `op`, where it is known, is the one that the message says. Every log begins
/// with the root.
[[nodiscard]] bool ends_right(const Subject& subject, const std::optional<Header>& newest);

// Require: the command is one that they are about, and tail_length_right.
[[nodiscard]] Reject check_slots(const Subject& subject);
[[nodiscard]] Reject check_view(const Subject& subject);
[[nodiscard]] Reject check_batch(const Subject& subject);
[[nodiscard]] Reject check_log(const Subject& subject);
[[nodiscard]] Reject check_inside(const Subject& subject);

} // namespace faultlab::replica::parts
