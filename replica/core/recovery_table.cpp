#include "replica/core/recovery_table.hpp"

#include "replica/core/assert.hpp"

namespace faultlab::replica {
namespace {

template <typename... Kinds>
constexpr std::uint8_t any_of(Kinds... kinds) {
    return static_cast<std::uint8_t>(((1U << static_cast<unsigned>(kinds)) | ...));
}

using P = PrepareIs;
using H = HeaderIs;
constexpr std::uint8_t anywhere = any_of(Position::Proven, Position::Beyond);
constexpr std::uint8_t proven = any_of(Position::Proven);
constexpr std::uint8_t beyond = any_of(Position::Beyond);
constexpr std::uint8_t not_written = any_of(P::Zero, P::Older, P::Excluded);
constexpr std::uint8_t not_this = any_of(H::Zero, H::Older, H::Excluded);
constexpr std::uint8_t any_but_newer =
    any_of(H::Zero, H::Bad, H::Older, H::Excluded, H::Same, H::Other);
constexpr std::uint8_t any_header = any_but_newer | any_of(H::Newer);

// clang-format off
constexpr std::array table{
    RecoveryRow{"whole", any_of(P::Member), any_of(H::Same), anywhere, Decision::Take,
                "both rings agree"},
    RecoveryRow{"header-late", any_of(P::Member), not_this, anywhere, Decision::Take,
                "headers are written after their prepares"},
    RecoveryRow{"header-bad", any_of(P::Member), any_of(H::Bad), anywhere, Decision::Take,
                "the prepare speaks for itself; its header is written again"},
    RecoveryRow{"member-replaced", any_of(P::Member), any_of(H::Other), anywhere, Decision::Faulty,
                "the header's prepare was durable here, and something else took its place"},
    RecoveryRow{"rotten", any_of(P::Bad, P::Unreadable), any_of(H::Same, H::Other), anywhere,
                Decision::Faulty,
                "the header proves that the prepare was durable"},
    RecoveryRow{"write-lost", not_written, any_of(H::Same, H::Other), anywhere, Decision::Faulty,
                "the header proves that the prepare was durable, and it went somewhere else"},
    RecoveryRow{"both-lost", not_written | any_of(P::Bad, P::Unreadable), not_this |
                any_of(H::Bad), proven,
                Decision::Faulty, "a later entry or the installed view proves that it was durable"},
    RecoveryRow{"torn", any_of(P::Bad), not_this, beyond, Decision::Absent,
                "written, but never synced: else the header would be here"},
    RecoveryRow{"never-written", not_written, not_this | any_of(H::Bad), beyond, Decision::Absent,
                "the prepare never came to its slot; a bad header proves nothing"},
    RecoveryRow{"both-bad", any_of(P::Bad), any_of(H::Bad), beyond, Decision::Uncertain,
                "torn before it was durable, or rotten after"},
    RecoveryRow{"unreadable", any_of(P::Unreadable), not_this | any_of(H::Bad), beyond,
                Decision::Uncertain, "a write that was torn can be read: this may have been whole"},
    RecoveryRow{"superseded", any_of(P::Superseded), any_but_newer, anywhere, Decision::Cut,
                "a later view's log was being installed here: nothing of this log from here on can "
                "be committed any more"},
    RecoveryRow{"prepare-beyond-window", any_of(P::Newer), any_header, anywhere,
                Decision::Uncertain, "the log went on further than the checkpoint allows"},
    RecoveryRow{"header-beyond-window",
                not_written | any_of(P::Bad, P::Unreadable, P::Superseded, P::Member),
                any_of(H::Newer), anywhere,
                Decision::Uncertain, "the log went on further than the checkpoint allows"},
};
// clang-format on

constexpr bool speaks(const RecoveryRow& row, PrepareIs prepare, HeaderIs header, Position at) {
    return (row.prepares & any_of(prepare)) != 0 && (row.headers & any_of(header)) != 0 &&
           (row.positions & any_of(at)) != 0;
}

constexpr bool complete() {
    for (std::size_t prepare = 0; prepare < prepare_kinds; ++prepare) {
        for (std::size_t header = 0; header < header_kinds; ++header) {
            for (std::size_t at = 0; at < 2; ++at) {
                std::size_t rows = 0;
                for (const RecoveryRow& row : table) {
                    rows += speaks(row,
                                   static_cast<PrepareIs>(prepare),
                                   static_cast<HeaderIs>(header),
                                   static_cast<Position>(at))
                                ? 1
                                : 0;
                }
                if (rows != 1) {
                    return false;
                }
            }
        }
    }
    return true;
}
static_assert(complete(), "of any three exactly one row speaks");

} // namespace

std::span<const RecoveryRow> recovery_table() {
    return table;
}

const RecoveryRow& recovery_row(PrepareIs prepare, HeaderIs header, Position at) {
    REPLICA_ASSERT("recovery.prepare", static_cast<std::size_t>(prepare) < prepare_kinds);
    REPLICA_ASSERT("recovery.header", static_cast<std::size_t>(header) < header_kinds);
    REPLICA_ASSERT("recovery.position", at == Position::Proven || at == Position::Beyond);
    for (const RecoveryRow& row : table) {
        if (speaks(row, prepare, header, at)) {
            return row;
        }
    }
    assertion_failed("recovery.row", "of any three exactly one row speaks");
}

} // namespace faultlab::replica
