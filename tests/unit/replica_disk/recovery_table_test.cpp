#include "replica/core/recovery_table.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/trips.hpp"

#include <set>
#include <string>

using namespace faultlab::replica;

namespace {

struct Case {
    const char* row;
    PrepareIs prepare;
    HeaderIs header;
    Position at;
    Decision decision;
};

using P = PrepareIs;
using H = HeaderIs;
using At = Position;
using D = Decision;

// clang-format off
const Case cases[] = {
    {"whole", P::Member, H::Same, At::Proven, D::Take},
    {"header-late", P::Member, H::Zero, At::Beyond, D::Take},
    {"header-late", P::Member, H::Older, At::Beyond, D::Take},
    {"header-late", P::Member, H::Excluded, At::Proven, D::Take},
    {"header-bad", P::Member, H::Bad, At::Beyond, D::Take},
    {"member-replaced", P::Member, H::Other, At::Proven, D::Faulty},
    {"rotten", P::Bad, H::Other, At::Proven, D::Faulty},
    {"write-lost", P::Zero, H::Other, At::Proven, D::Faulty},
    {"write-lost", P::Older, H::Other, At::Proven, D::Faulty},
    {"write-lost", P::Excluded, H::Other, At::Proven, D::Faulty},
    {"both-lost", P::Bad, H::Older, At::Proven, D::Faulty},
    {"both-lost", P::Bad, H::Bad, At::Proven, D::Faulty},
    {"both-lost", P::Older, H::Zero, At::Proven, D::Faulty},
    {"torn", P::Bad, H::Zero, At::Beyond, D::Absent},
    {"torn", P::Bad, H::Older, At::Beyond, D::Absent},
    {"torn", P::Bad, H::Excluded, At::Beyond, D::Absent},
    {"never-written", P::Zero, H::Zero, At::Beyond, D::Absent},
    {"never-written", P::Older, H::Older, At::Beyond, D::Absent},
    {"never-written", P::Excluded, H::Excluded, At::Beyond, D::Absent},
    {"never-written", P::Older, H::Bad, At::Beyond, D::Absent},
    {"both-bad", P::Bad, H::Bad, At::Beyond, D::Uncertain},
    {"rotten", P::Unreadable, H::Other, At::Proven, D::Faulty},
    {"both-lost", P::Unreadable, H::Zero, At::Proven, D::Faulty},
    {"unreadable", P::Unreadable, H::Older, At::Beyond, D::Uncertain},
    {"unreadable", P::Unreadable, H::Bad, At::Beyond, D::Uncertain},
    {"superseded", P::Superseded, H::Other, At::Proven, D::Cut},
    {"superseded", P::Superseded, H::Zero, At::Beyond, D::Cut},
    {"prepare-beyond-window", P::Newer, H::Older, At::Beyond, D::Uncertain},
    {"header-beyond-window", P::Member, H::Newer, At::Proven, D::Uncertain},
    {"header-beyond-window", P::Bad, H::Newer, At::Beyond, D::Uncertain},
};
// clang-format on

} // namespace

TEST_CASE("every row of the recovery table decides what it is there for", "[replica_disk]") {
    std::set<std::string> seen;
    for (const Case& one : cases) {
        const RecoveryRow& row = recovery_row(one.prepare, one.header, one.at);
        CHECK(std::string(row.id) == one.row);
        CHECK(row.decision == one.decision);
        seen.insert(row.id);
    }
    CHECK(seen.size() == recovery_table().size());
}

TEST_CASE("an op that was proven to be durable is never denied", "[replica_disk]") {
    for (std::size_t prepare = 0; prepare < prepare_kinds; ++prepare) {
        for (std::size_t header = 0; header < header_kinds; ++header) {
            const auto of = static_cast<PrepareIs>(prepare);
            const RecoveryRow& row =
                recovery_row(of, static_cast<HeaderIs>(header), Position::Proven);
            CHECK(row.decision != Decision::Absent);
            CHECK((row.decision != Decision::Cut || of == PrepareIs::Superseded));
            CHECK((row.decision != Decision::Take || of == PrepareIs::Member));
        }
    }
}

TEST_CASE("the recovery table is asked about nothing that it does not know", "[replica_disk]") {
    CHECK_TRIPS("recovery.prepare",
                recovery_row(static_cast<PrepareIs>(prepare_kinds), H::Zero, At::Proven));
    CHECK_TRIPS("recovery.header",
                recovery_row(P::Zero, static_cast<HeaderIs>(header_kinds), At::Proven));
    CHECK_TRIPS("recovery.position", recovery_row(P::Zero, H::Zero, static_cast<Position>(2)));
}
