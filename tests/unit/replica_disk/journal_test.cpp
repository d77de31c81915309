#include "replica/core/format.hpp"
#include "replica/core/journal.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/replica_disk/log_double.hpp"

using namespace faultlab::replica;

TEST_CASE("an entry is durable once its sync is done, and its header is written after",
          "[replica_disk]") {
    LogDouble log;
    log.append(3);
    CHECK(log.journal->head() == 3);
    CHECK(log.journal->durable() == 0);
    log.flush();
    log.append(2); // waits for the batch under way
    log.flush();
    while (log.disk.syncs(Zone::Prepares) == 0) {
        CHECK(log.journal->durable() == 0);
        log.step();
    }
    CHECK(log.journal->durable() == 3);
    CHECK(log.disk.writes(Zone::Headers) == 0);
    log.settle();
    CHECK(log.journal->durable() == 5);
    CHECK(log.disk.syncs(Zone::Prepares) == 2);
    CHECK_FALSE(log.journal->clean());
    log.flush_headers();
    log.settle();
    CHECK(log.journal->clean());
    CHECK(log.disk.syncs(Zone::Headers) == 1);
    CHECK(log.journal->header(5)->checksum == log.entries.at(5).header.checksum);
    CHECK(log.journal->has(4, log.entries.at(4).header.checksum));
    CHECK(std::ranges::equal(log.journal->entry(2).body, log.entries.at(2).body));
}

TEST_CASE("what is dropped is not durable, nor is its header written", "[replica_disk]") {
    LogDouble log;
    log.append(4);
    log.flush();
    log.journal->truncate(2);
    log.entries.resize(3);
    log.view = View::of(0, 1);
    log.append(1);
    CHECK(log.journal->state(4) == SlotState::Absent);
    log.settle();
    CHECK(log.journal->durable() == 3);
    log.flush_headers();
    log.settle();
    const auto ring = log.disk.bytes(Zone::Headers);
    CHECK(header_from(ring.subspan(3 * sizeof(Header))).checksum ==
          log.entries.at(3).header.checksum);
    CHECK(header_from(ring.subspan(4 * sizeof(Header))).checksum == vacant_header(4).checksum);
}

TEST_CASE("an append below the head replaces the rest of the log", "[replica_disk]") {
    LogDouble log;
    log.append(5);
    log.entries.resize(3);
    log.view = View::of(0, 7);
    log.append(1);
    CHECK(log.journal->head() == 3);
    CHECK(log.journal->header(3)->view == View::of(0, 7));
    CHECK(log.journal->header(4) == nullptr);
}

TEST_CASE("the log has room for what a checkpoint covers and no more", "[replica_disk]") {
    LogDouble log;
    log.append(16);
    CHECK_FALSE(log.journal->room(17));
    CHECK(log.journal->tail() == 1);
    log.flush();
    log.settle();
    log.journal->set_checkpoint(6);
    CHECK(log.journal->room(22));
    CHECK_FALSE(log.journal->room(23));
    CHECK(log.journal->state(1) == SlotState::Present); // kept for those who lag
    log.append(2);
    CHECK(log.journal->state(1) == SlotState::Absent);
    CHECK(log.journal->tail() == 3);
    CHECK(log.journal->head() == 18);
}

TEST_CASE("a checkpoint covers entries whose own write is late", "[replica_disk]") {
    LogDouble log;
    log.append(16);
    log.journal->set_checkpoint(6);
    CHECK(log.journal->durable() == 6);
    log.append(6); // over slots that still waited
    log.flush();
    log.settle();
    CHECK(log.journal->durable() == 22);
}

TEST_CASE("a snapshot's log begins after it and keeps only what continues it", "[replica_disk]") {
    LogDouble log;
    log.append(8);
    SECTION("the log goes through the checkpoint") {
        log.journal->reset(6, log.entries.at(6).header.checksum);
        CHECK(log.journal->head() == 8);
        CHECK(log.journal->checkpoint() == 6);
    }
    SECTION("the log is another") {
        log.journal->reset(6, Checksum{1, 2});
        CHECK(log.journal->head() == 6);
        CHECK(log.journal->state(7) == SlotState::Absent);
        CHECK(log.journal->head_checksum() == Checksum{1, 2});
    }
    SECTION("the log ends before") {
        log.journal->reset(20, Checksum{1, 2});
        CHECK(log.journal->head() == 20);
        CHECK(log.journal->durable() == 20);
        CHECK(log.journal->tail() == 21);
    }
}

TEST_CASE("a failed write or sync of the log is reported", "[replica_disk]") {
    LogDouble log;
    log.append(1);
    log.flush();
    const bool of_write = GENERATE(true, false);
    if (!of_write) {
        log.step();
    }
    log.step(IoStatus::Failed);
    CHECK(log.journal->failed());
    CHECK(log.journal->durable() == 0);
}

TEST_CASE("the log asserts what it is asked for", "[replica_disk]") {
    LogDouble log;
    log.append(4);
    const Header fourth = log.entries.at(4).header;
    Limits odd = small_limits();
    odd.message_bytes = 1000;
    CHECK(tripped_by([&] { const Journal journal(odd, log.bugs); }) == "journal.limits");
    CHECK(tripped_by([&] { (void)log.journal->entry(5); }) == "journal.entry-present");
    CHECK(tripped_by([&] { log.journal->truncate(2), log.journal->append(fourth, {}); }) ==
          "journal.append-without-gap");
    Header third = fourth;
    third.op = 3;
    CHECK(tripped_by([&] { log.journal->append(third, {}); }) == "journal.append-chain");
    third.parent = log.entries.at(2).header.checksum;
    third.size = 5;
    CHECK(tripped_by([&] { log.journal->append(third, {}); }) == "journal.entry-size");
    CHECK(tripped_by([&] { log.journal->repair(log.entries.at(1).header, {}); }) ==
          "journal.repair-faulty");
    log.journal->set_checkpoint(2);
    CHECK(tripped_by([&] { log.journal->truncate(1); }) == "journal.truncate-checkpoint");
    CHECK(tripped_by([&] { log.journal->set_checkpoint(1); }) == "journal.checkpoint-forward");
    CHECK(tripped_by([&] { log.journal->set_checkpoint(9); }) == "journal.checkpoint-within-log");
    CHECK(tripped_by([&] { log.journal->reset(1, Checksum{}); }) == "journal.reset-forward");
}

TEST_CASE("a full log takes no entry", "[replica_disk]") {
    LogDouble log;
    log.append(16);
    CHECK(tripped_by([&] { log.append(1); }) == "journal.append-room");
}

TEST_CASE("the scrubber writes again what is bad on the disk and whole in memory",
          "[replica_disk]") {
    LogDouble log;
    log.append(16);
    log.flush();
    log.settle();
    log.flush_headers();
    log.settle();
    log.disk.corrupt(Zone::Prepares, 5 * page_bytes + 700);
    log.disk.corrupt(Zone::Headers, 7 * sizeof(Header) + 9);
    std::size_t reads = 0;
    while (log.journal->scrub_tours() == 0) {
        log.journal->scrub(4, log.next_io, log.disk);
        reads += log.disk.pending();
        log.settle();
        log.flush();
        log.settle();
        log.flush_headers();
        log.settle();
    }
    CHECK(reads == 16 + 4); // and a page of headers each time
    CHECK(log.journal->scrub_found() == 2);
    CHECK(log.journal->durable() == 16);
    CHECK(log.restart().faulty() == 0);
    CHECK(log.journal->clean());
}

TEST_CASE("the scrubber leaves alone what is replaced while it reads", "[replica_disk]") {
    LogDouble log;
    log.append(3);
    log.flush();
    log.settle();
    log.flush_headers();
    log.settle();
    log.journal->scrub(8, log.next_io, log.disk);
    log.journal->truncate(1);
    log.entries.resize(2);
    log.view = View::of(0, 4);
    log.append(2);
    log.settle();
    CHECK(log.journal->scrub_found() == 0);
    log.begin_restart();
    CHECK(tripped_by([&] { log.journal->scrub(1, log.next_io, log.disk); }) ==
          "journal.scrub-recovered");
}
