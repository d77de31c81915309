#include "tests/support/catch.hpp"
#include "tests/unit/replica_disk/log_double.hpp"

#include <cstring>

using namespace faultlab::replica;

namespace {

constexpr std::uint64_t slot_bytes = page_bytes;

/// A log of `ops` entries, durable with its headers.
LogDouble written(std::size_t ops) {
    LogDouble log;
    log.append(ops);
    log.flush();
    log.settle();
    log.flush_headers();
    log.settle();
    return log;
}

} // namespace

TEST_CASE("what was written is read again", "[replica_disk]") {
    LogDouble log = written(9);
    log.checkpoint(4);
    const Journal& journal = log.restart();
    CHECK(journal.head() == 9);
    CHECK(journal.durable() == 9);
    CHECK(journal.faulty() == 0);
    CHECK_FALSE(journal.head_uncertain());
    CHECK(journal.checkpoint() == 4);
    CHECK(journal.tail() == 0); // what the checkpoint covers is kept too
    CHECK(journal.state(0) == SlotState::Present);
    for (Op op = 1; op <= 9; ++op) {
        CHECK(journal.has(op, log.entries.at(op).header.checksum));
        CHECK(std::ranges::equal(journal.entry(op).body, log.entries.at(op).body));
    }
    CHECK(journal.clean());
}

TEST_CASE("a blank log ends at its checkpoint", "[replica_disk]") {
    LogDouble log;
    CHECK(log.restart().head() == 0);
    CHECK(log.journal->head_checksum() == root_header(1).checksum);
}

TEST_CASE("nothing of what was read is durable before it is synced", "[replica_disk]") {
    LogDouble log;
    log.append(3);
    log.flush();
    for (int write = 0; write < 3; ++write) {
        log.step();
    }
    log.disk.kill(); // after the writes, before the sync
    log.begin_restart();
    while (!log.disk.idle()) {
        CHECK(log.journal->durable() == 0);
        log.step();
    }
    CHECK(log.journal->recovered());
    CHECK(log.journal->durable() == 3);
    std::mt19937_64 rng(1);
    log.disk.power_cut(rng);
    CHECK(log.restart().head() == 3);
}

TEST_CASE("a rotten entry is faulty, and whole again after its repair", "[replica_disk]") {
    LogDouble log = written(6);
    log.disk.corrupt(Zone::Prepares, 3 * slot_bytes + 300);
    log.restart();
    CHECK(log.journal->head() == 6);
    CHECK(log.journal->state(3) == SlotState::Faulty);
    CHECK(log.journal->faulty() == 1);
    CHECK(log.journal->durable() == 2);
    CHECK(log.journal->header(3)->checksum == log.entries.at(3).header.checksum);
    CHECK_FALSE(log.journal->head_uncertain());
    CHECK(tripped_by([&] {
              log.journal->repair(Header{.op = 3, .command = Command::Prepare}, {});
          }) == "journal.repair-identity");
    log.journal->repair(log.entries.at(3).header, log.entries.at(3).body);
    log.flush();
    log.settle();
    CHECK(log.journal->durable() == 6);
    CHECK(log.restart().faulty() == 0);
}

TEST_CASE("the next entry says what a slot held of which nothing is left", "[replica_disk]") {
    LogDouble log = written(6);
    log.disk.corrupt(Zone::Prepares, 3 * slot_bytes + 300);
    log.disk.corrupt(Zone::Headers, 3 * sizeof(Header) + 80);
    log.restart();
    CHECK(log.journal->state(3) == SlotState::Faulty);
    CHECK(log.journal->header(3) == nullptr);
    CHECK(*log.journal->checksum_at(3) == log.entries.at(3).header.checksum);
    CHECK_FALSE(log.journal->head_uncertain());
}

TEST_CASE("a rotten head is faulty if its header is there, else uncertain", "[replica_disk]") {
    LogDouble log = written(6);
    log.disk.corrupt(Zone::Prepares, 6 * slot_bytes + 300);
    const bool header_too = GENERATE(false, true);
    if (header_too) {
        log.disk.corrupt(Zone::Headers, 6 * sizeof(Header) + 80);
    }
    log.restart();
    CHECK(log.journal->head_uncertain() == header_too);
    CHECK(log.journal->head() == (header_too ? 5 : 6));
}

TEST_CASE("a head that the installed view names is faulty although nothing of it is left",
          "[replica_disk]") {
    LogDouble log = written(6);
    log.superblock.log_op = 6;
    log.disk.corrupt(Zone::Prepares, 6 * slot_bytes + 300);
    log.disk.corrupt(Zone::Headers, 6 * sizeof(Header) + 80);
    log.restart();
    CHECK(log.journal->head() == 6);
    CHECK(log.journal->state(6) == SlotState::Faulty);
    CHECK(log.journal->head_uncertain());
    CHECK(log.journal->head_checksum() == Checksum{});
}

TEST_CASE("a bad entry without a header is faulty when it is known to be committed",
          "[replica_disk]") {
    LogDouble log = written(2);
    log.append(2);
    log.committed = GENERATE(3, 2); // the entries above say so
    log.superblock.commit = GENERATE(3, 2);
    log.append(2);
    log.flush();
    log.settle();
    log.disk.corrupt(Zone::Prepares, 3 * slot_bytes + 300);
    log.restart();
    const bool known = log.committed == 3 || log.superblock.commit == 3;
    CHECK(log.journal->head() == (known ? 6 : 2)); // else torn, and written before those above
    CHECK(log.journal->faulty() == (known ? 1 : 0));
    CHECK_FALSE(log.journal->head_uncertain());
}

TEST_CASE("a header that was written to another slot proves that its entry was durable",
          "[replica_disk]") {
    LogDouble log = written(4);
    log.disk.corrupt(Zone::Prepares, 4 * slot_bytes + 300);
    const auto ring = log.disk.bytes(Zone::Headers);
    const auto right = ring.subspan(4 * sizeof(Header), sizeof(Header));
    std::ranges::copy(right, ring.begin() + 9 * sizeof(Header));
    std::ranges::fill(right, std::byte{0});
    log.restart();
    CHECK(log.journal->head() == 4);
    CHECK(log.journal->state(4) == SlotState::Faulty);
}

TEST_CASE("a slot that a header of an empty one was written to is not taken for empty",
          "[replica_disk]") {
    LogDouble log = written(4);
    log.disk.corrupt(Zone::Prepares, 4 * slot_bytes + 300);
    const auto ring = log.disk.bytes(Zone::Headers);
    std::ranges::copy(ring.subspan(9 * sizeof(Header), sizeof(Header)),
                      ring.begin() + 4 * sizeof(Header));
    log.restart();
    CHECK(log.journal->head() == 3);
    CHECK(log.journal->head_uncertain());
}

TEST_CASE("a header that is left of an older log does not name the head of the installed one",
          "[replica_disk]") {
    LogDouble log = written(6);
    const Header left = log.entries.back().header;
    log.journal->truncate(5);
    log.entries.pop_back();
    log.view = View::of(0, 2);
    log.append(1);
    log.flush();
    log.settle();
    // The write of its header went elsewhere.
    const auto ring = log.disk.bytes(Zone::Headers).subspan(6 * sizeof(Header), sizeof(Header));
    std::memcpy(ring.data(), &left, sizeof left);
    log.superblock.view = log.superblock.log_view = View::of(0, 3);
    log.superblock.log_op = 6;
    log.superblock.log_head = log.entries.back().header.checksum;
    SECTION("its entry is there") {
        log.restart();
        CHECK(log.journal->state(6) == SlotState::Present);
        CHECK(log.journal->head_checksum() == log.entries.back().header.checksum);
    }
    SECTION("nor when its entry rots") {
        log.disk.corrupt(Zone::Prepares, 6 * slot_bytes + 300);
        log.restart();
        CHECK(log.journal->state(6) == SlotState::Faulty);
        CHECK(log.journal->head_checksum() == Checksum{});
    }
    CHECK(log.journal->head() == 6);
}

TEST_CASE("a misdirected write costs the entry that it hit and the one that it missed",
          "[replica_disk]") {
    LogDouble log = written(6);
    const auto zone = log.disk.bytes(Zone::Prepares);
    std::ranges::copy(zone.subspan(5 * slot_bytes, slot_bytes), zone.begin() + 2 * slot_bytes);
    std::ranges::fill(zone.subspan(5 * slot_bytes, slot_bytes), std::byte{0});
    log.restart();
    CHECK(log.journal->head() == 6);
    CHECK(log.journal->state(2) == SlotState::Faulty);
    CHECK(log.journal->state(5) == SlotState::Faulty);
    CHECK(log.journal->faulty() == 2);
}

TEST_CASE("what cannot be read behind the head makes the head uncertain", "[replica_disk]") {
    LogDouble log = written(4);
    log.append(1);
    log.flush();
    log.settle(); // durable, but not its header
    log.begin_restart();
    for (int before = 0; before < 6; ++before) {
        log.step(); // the ring of headers, slots 0 to 4
    }
    log.step(IoStatus::Failed);
    log.settle();
    CHECK(log.journal->head() == 4);
    CHECK(log.journal->head_uncertain());
}

TEST_CASE("a failed read finds a bad slot", "[replica_disk]") {
    LogDouble log = written(4);
    log.begin_restart();
    log.step();                 // the ring of headers
    log.step();                 // slot 0
    log.step(IoStatus::Failed); // slot 1
    log.settle();
    CHECK(log.journal->state(1) == SlotState::Faulty);
    CHECK(log.journal->head() == 4);
    CHECK_FALSE(log.journal->failed());
}

TEST_CASE("without the ring of headers the entries speak for themselves", "[replica_disk]") {
    LogDouble log = written(4);
    log.begin_restart();
    log.step(IoStatus::Failed);
    log.settle();
    CHECK(log.journal->head() == 4);
    CHECK(log.journal->faulty() == 0);
    CHECK_FALSE(log.journal->clean());
}

TEST_CASE("entries of a log that was given up do not come back", "[replica_disk]") {
    LogDouble log = written(6);
    log.superblock.view = log.superblock.log_view = View::of(0, 3);
    SECTION("above the head that view 3 was installed with") {
        log.superblock.log_op = 4;
        CHECK(log.restart().head() == 4);
    }
    SECTION("but those up to it do") {
        log.superblock.log_op = 6;
        CHECK(log.restart().head() == 6);
    }
}

TEST_CASE("a log whose installation was cut off ends where the other began", "[replica_disk]") {
    LogDouble log = written(6);
    log.superblock.view = View::of(0, 3);
    log.superblock.log_op = 3;
    const std::vector<LogDouble::Entry> old = log.entries;
    log.journal->truncate(3);
    log.entries.resize(4);
    log.view = View::of(0, 2);
    log.append(1);
    log.flush();
    log.settle();
    if (GENERATE(false, true)) {
        log.flush_headers();
        log.settle();
    }
    log.restart();
    CHECK(log.journal->head() == 3);
    CHECK(log.journal->faulty() == 0);
    CHECK_FALSE(log.journal->head_uncertain());
    CHECK(log.journal->has(3, old.at(3).header.checksum));
}

TEST_CASE("an entry that the next one does not name is faulty, and what lies below in doubt",
          "[replica_disk]") {
    LogDouble log = written(6);
    const Header right = log.entries.at(4).header;
    // Another entry 4 of the same view and whole, as if an overwritten one: only the chain tells.
    LogDouble::Entry wrong = log.entries.at(4);
    wrong.header.timestamp = 99;
    seal(wrong.header, wrong.body);
    const auto zone = log.disk.bytes(Zone::Prepares).subspan(4 * slot_bytes);
    std::memcpy(zone.data(), &wrong.header, sizeof(Header));
    std::memcpy(
        log.disk.bytes(Zone::Headers).data() + 4 * sizeof(Header), &wrong.header, sizeof(Header));
    log.superblock.commit = 2;
    log.restart();
    CHECK(log.journal->head() == 6);
    CHECK(log.journal->state(4) == SlotState::Faulty);
    CHECK(*log.journal->checksum_at(4) == right.checksum);
    CHECK(log.journal->state(3) == SlotState::Faulty);
    CHECK(log.journal->state(2) == SlotState::Present);
}

TEST_CASE("a repaired entry names the one before it, whatever that one's header says",
          "[replica_disk]") {
    LogDouble log = written(2);
    const auto headers = log.disk.bytes(Zone::Headers).first(3 * sizeof(Header));
    const std::vector<std::byte> old(headers.begin(), headers.end());
    // Another view's log took their place, and the write of its headers went somewhere else.
    log.journal->truncate(0);
    log.entries.resize(1);
    log.view = View::of(0, 1);
    log.superblock.view = log.superblock.log_view = log.view;
    log.superblock.log_op = 3;
    log.append(3);
    log.flush();
    log.settle();
    log.flush_headers();
    log.settle();
    std::ranges::copy(old, log.disk.bytes(Zone::Headers).begin());
    log.superblock.commit = 3;
    log.restart();
    REQUIRE(log.journal->state(1) == SlotState::Faulty);
    REQUIRE(log.journal->state(2) == SlotState::Faulty);
    CHECK(*log.journal->checksum_at(2) == log.entries.at(2).header.checksum);
    log.journal->repair(log.entries.at(2).header, log.entries.at(2).body);
    REQUIRE(log.journal->checksum_at(1) != nullptr);
    CHECK(*log.journal->checksum_at(1) == log.entries.at(1).header.checksum);
    log.journal->repair(log.entries.at(1).header, log.entries.at(1).body);
    CHECK(log.journal->faulty() == 0);
}

TEST_CASE("a log that its checkpoint contradicts is dropped", "[replica_disk]") {
    LogDouble log = written(6);
    log.superblock.checkpoint_op = 4;
    log.superblock.checkpoint_parent = Checksum{1, 2};
    log.restart();
    CHECK(log.journal->head() == 4);
    CHECK(log.journal->head_checksum() == Checksum{1, 2});
    CHECK(log.journal->tail() == 5);
}

TEST_CASE("a log that went on beyond its window is uncertain", "[replica_disk]") {
    LogDouble log = written(16);
    log.checkpoint(10);
    log.append(8);
    log.flush();
    log.settle();
    log.superblock.checkpoint_op = 2; // a superblock from before
    log.superblock.checkpoint_parent = log.entries.at(2).header.checksum;
    log.restart();
    CHECK(log.journal->head_uncertain());
    CHECK(log.journal->head() == 2);
}

TEST_CASE("planted bugs of recovery lose what was durable", "[replica_disk]") {
    LogDouble log = written(6);
    SECTION("the ring of headers is not asked") {
        log.bugs.set(Bug::B6);
        log.restart();
        CHECK(log.bugs.fired(Bug::B6) == 0);
        log.disk.corrupt(Zone::Prepares, 3 * slot_bytes + 300);
        CHECK(log.restart().head() == 2);
        CHECK(log.bugs.fired(Bug::B6) == 1);
    }
    SECTION("the log is taken for empty") {
        log.bugs.set(Bug::V5);
        CHECK(log.restart().head() == 0);
        CHECK(log.bugs.fired(Bug::V5) == 1);
    }
}

TEST_CASE("a log is recovered once", "[replica_disk]") {
    LogDouble log = written(2);
    log.restart();
    CHECK(tripped_by([&] { log.journal->recover(log.superblock, log.next_io, log.disk); }) ==
          "journal.recover-once");
}

namespace {

/// A replica's log through crashes: what it may rely on, and what must not be there.
struct Life {
    LogDouble log;
    std::mt19937_64 rng;
    std::vector<LogDouble::Entry> old; ///< of log_view, while another log is being installed
    Op kept = 0;                       ///< what both have
    /// The log of log_view as far as it ever was here: of a lost end, parts may come back.
    std::vector<LogDouble::Entry> furthest;

    explicit Life(std::uint64_t seed) : rng(seed) {}
    std::uint64_t draw(std::uint64_t below) { return rng() % below; }

    void steps(std::uint64_t count) {
        for (; count > 0 && !log.disk.idle(); --count) {
            log.step();
        }
    }
    void append() {
        for (std::uint64_t left = draw(5); left > 0 && log.journal->room(log.entries.size());
             --left) {
            log.append(1);
        }
        log.flush();
    }
    void checkpoint() {
        const Op durable = log.journal->durable();
        const Op first = log.journal->checkpoint();
        if (durable > first) {
            log.checkpoint(first + 1 + draw(durable - first));
        }
    }
    /// Replaces a part of the log by that of a later view, as far as it comes.
    void install(bool to_the_end) {
        const Op first = log.journal->checkpoint();
        note(log.entries);
        old = log.entries;
        kept = first + draw(log.journal->head() - first + 1);
        log.settle();
        log.superblock.view = View::of(0, log.superblock.view.number() + 2);
        if (kept < log.journal->head()) {
            log.superblock.log_end = kept;
        }
        log.journal->truncate(kept);
        log.entries.resize(kept + 1);
        log.view = View::of(0, log.superblock.view.number() - 1);
        append();
        if (!to_the_end) {
            return steps(draw(12));
        }
        while (!log.journal->clean()) {
            log.settle();
            log.flush_headers();
        }
        log.superblock.log_view = log.view = log.superblock.view;
        log.superblock.log_op = log.journal->head();
        log.superblock.log_end = open_end;
        furthest = log.entries;
        old.clear();
    }
    void note(const std::vector<LogDouble::Entry>& entries) {
        if (entries.size() > furthest.size()) {
            furthest = entries;
        }
    }
    std::vector<Op> rotten; ///< since the last crash that found none of them bad
    void repair() {
        std::erase_if(rotten, [&](Op op) { return log.journal->state(op) != SlotState::Faulty; });
        for (const Op op : rotten) {
            log.journal->repair(log.entries.at(op).header, log.entries.at(op).body);
        }
        log.flush();
    }
    /// What must be there after a crash.
    void crash() {
        const Op durable = old.empty() ? log.journal->durable() : kept;
        note(old.empty() ? log.entries : old);
        if (draw(3) == 0) {
            log.disk.kill();
        } else {
            log.disk.power_cut(rng);
        }
        const Journal& journal = log.restart();
        REQUIRE(journal.head() >= durable);
        REQUIRE(journal.head() < furthest.size());
        REQUIRE_FALSE(journal.head_uncertain());
        for (Op op = journal.tail(); op <= journal.head(); ++op) {
            if (journal.state(op) == SlotState::Faulty) { // its repair was torn
                REQUIRE(std::ranges::find(rotten, op) != rotten.end());
                REQUIRE(op > durable);
                continue;
            }
            REQUIRE(journal.has(op, furthest.at(op).header.checksum));
        }
        old.clear();
        log.entries = furthest;
        log.entries.resize(journal.head() + 1);
        log.view = log.superblock.log_view;
        repair();
    }
    /// Rots acknowledged entries whose headers are durable; repairs them after the restart.
    void rot() {
        while (!log.journal->clean()) {
            log.settle();
            log.flush_headers();
        }
        const Op first = log.journal->checkpoint();
        const Op head = log.journal->head();
        rotten.clear();
        for (Op op = first + 1; op <= head; ++op) {
            if (draw(4) == 0) {
                rotten.push_back(op);
                log.disk.corrupt(Zone::Prepares, op % 16 * slot_bytes + draw(800));
            }
        }
        note(log.entries);
        log.restart();
        REQUIRE(log.journal->head() >= head);
        log.entries = furthest;
        log.entries.resize(log.journal->head() + 1);
        REQUIRE(log.journal->faulty() == rotten.size());
        repair();
    }
};

} // namespace

TEST_CASE("through crashes nothing acknowledged is lost, nothing invented, no torn tail faulty",
          "[replica_disk]") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        Life life(seed);
        for (int action = 0; action < 60; ++action) {
            CAPTURE(action);
            switch (life.draw(9)) {
                case 0:
                case 1:
                case 2:
                    if (life.log.superblock.view == life.log.superblock.log_view) {
                        life.append(); // else it waits for a StartView
                    }
                    break;
                case 3: life.log.flush_headers(); break;
                case 4: life.checkpoint(); break;
                case 5: life.crash(); break;
                case 6: life.install(true); break;
                case 7:
                    life.install(false);
                    life.crash();
                    break;
                case 8: life.rot(); break;
            }
            life.steps(life.draw(2) * life.draw(8));
        }
    }
}
