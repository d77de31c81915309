#pragma once

#include "replica/core/types.hpp"

#include <array>
#include <cstddef>
#include <span>

namespace faultlab::replica {

// What the two rings say about one op of the window above the checkpoint, and what follows from it.
// "Member": whole, of this op, and part of the log by log_view and log_op (Superblock::log_op).

/// What is in the op's slot of the ring of prepares.
enum class PrepareIs : std::uint8_t {
    Zero,       ///< never written
    Bad,        ///< torn, rotten, or an entry that belongs to another slot
    Unreadable, ///< the disk says that it cannot read it: whatever it held
    Older,      ///< whole, of an op that the checkpoint covers
    Newer,      ///< whole, of an op beyond the window
    Excluded,   ///< whole, of this op, of an older view: dropped before log_view was installed
    Superseded, ///< whole, of this op, of a view above log_view: of a log whose installation had
                ///< begun, and which says otherwise than this log from here on
    Member,
};
constexpr std::size_t prepare_kinds = 8;

/// What is in its place in the ring of headers.
enum class HeaderIs : std::uint8_t {
    Zero, ///< says that the slot never held an entry, or nothing
    Bad,
    Older,
    Newer,
    Excluded, ///< of this op, but not of this log: of an older view or of a newer one
    Same,     ///< member, and so is the prepare: the same
    Other,    ///< member, but the prepare is not that
};
constexpr std::size_t header_kinds = 7;

enum class Position : std::uint8_t {
    Proven, ///< log_op, or the header of this or a later op, proves that the op was durable, or it
            ///< is known to be committed
    Beyond, ///< nothing says that the op was ever durable
};

enum class Decision : std::uint8_t {
    Take,      ///< the entry is whole and part of the log
    Faulty,    ///< the op was there, its bytes are not: to be repaired, never denied
    Absent,    ///< surely never acknowledged: the log ends before it
    Uncertain, ///< the log ends before it, or it does not
    Cut,       ///< the log ends before it, whatever else the rings hold
};

struct RecoveryRow {
    const char* id;
    std::uint8_t prepares;  ///< bits by PrepareIs
    std::uint8_t headers;   ///< bits by HeaderIs
    std::uint8_t positions; ///< bits by Position
    Decision decision;
    const char* why;
};

/// The table: of any three exactly one row speaks.
[[nodiscard]] std::span<const RecoveryRow> recovery_table();
[[nodiscard]] const RecoveryRow& recovery_row(PrepareIs prepare, HeaderIs header, Position at);

} // namespace faultlab::replica
