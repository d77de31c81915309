#include "tests/support/trips.hpp"
#include "tests/unit/replica_disk/log_double.hpp"

// A log of four entries, of which none is on the disk yet, is broken from inside.
namespace faultlab::replica {

struct JournalProbe {
    using Slot = Journal::Slot;
    using Read = Journal::Read;
    using Breaches = std::vector<Breach<LogDouble>>;

    /// A breach of the journal alone.
    static std::function<void(LogDouble&)> in(std::function<void(Journal&)> by) {
        return [by = std::move(by)](LogDouble& log) { by(*log.journal); };
    }
    /// Likewise, while its rings are being read.
    static std::function<void(LogDouble&)> reading(std::function<void(Journal&)> by) {
        return [by = std::move(by)](LogDouble& log) {
            log.journal->recovery_.active = true;
            by(*log.journal);
        };
    }
    static void scrub(LogDouble& log) { log.journal->scrub(4, log.next_io, log.disk); }
    static bool done(LogDouble& log, IoId id) {
        return log.journal->on_io(IoDone{id}, log.next_io, log.disk);
    }
    static void durable(LogDouble& log) {
        log.flush();
        log.settle();
    }
    /// A journal that has read two rings of zeroes.
    static void read_nothing(LogDouble& log) {
        log.journal = std::make_unique<Journal>(log.limits, log.bugs);
        log.journal->recovery_.superblock = log.superblock;
        log.journal->recovery_.active = true;
        log.journal->recovery_.next_slot = log.limits.slots;
    }

    static Breaches of_entries() {
        return {
            {"journal.entry-bytes", in([](Journal& journal) {
                 journal.headers_[2].size = sizeof(Header) - 1;
                 (void)journal.entry(2);
             })},
            {"journal.append-durable",
             [](LogDouble& log) {
                 log.journal->durable_ = 5;
                 log.append(1);
             }},
            {"journal.repair-above-head",
             [](LogDouble& log) {
                 log.entries.push_back(log.next());
                 log.journal->slots_[5] = Slot{.op = 5, .state = SlotState::Faulty};
                 log.journal->repair(log.entries[5].header, log.entries[5].body);
             }},
            {"journal.repair-durable",
             [](LogDouble& log) {
                 log.journal->slots_[2].state = SlotState::Faulty;
                 log.journal->durable_ = 3;
                 log.journal->repair(log.entries[2].header, log.entries[2].body);
             }},
            {"journal.repair-root",
             [](LogDouble& log) {
                 log.journal->slots_[0].state = SlotState::Faulty;
                 log.journal->repair(log.entries[0].header, {});
             }},
            {"journal.repair-entry",
             [](LogDouble& log) {
                 log.journal->slots_[2].state = SlotState::Faulty;
                 log.entries[2].header.command = Command::Commit;
                 log.journal->repair(log.entries[2].header, log.entries[2].body);
             }},
            {"journal.waiting-room",
             [](LogDouble& log) {
                 log.journal->waiting_.assign(log.limits.slots, 1);
                 log.append(1);
             }},
        };
    }

    static Breaches of_ends() {
        return {
            {"journal.truncate-head", in([](Journal& journal) {
                 journal.checkpoint_ = 2;
                 journal.head_ = 1;
                 journal.truncate(2);
             })},
            {"journal.truncate-span", in([](Journal& journal) {
                 journal.head_ = 17;
                 journal.truncate(4);
             })},
            {"journal.reset-tail",
             [](LogDouble& log) {
                 log.journal->tail_ = 4;
                 log.journal->reset(2, log.entries[2].header.checksum);
             }},
            {"journal.checkpoint-tail", in([](Journal& journal) {
                 journal.tail_ = 4;
                 journal.set_checkpoint(2);
             })},
            {"journal.durable-covered", in([](Journal& journal) {
                 journal.checkpoint_ = 1;
                 journal.advance_durable();
             })},
            {"journal.durable-within-log", in([](Journal& journal) {
                 journal.durable_ = 5;
                 journal.advance_durable();
             })},
        };
    }

    static Breaches of_rest() {
        return {
            {"journal.is-batch", in([](Journal& journal) {
                 journal.batch_sync_ = 9;
                 journal.check();
             })},
            {"journal.is-waiting", in([](Journal& journal) {
                 journal.waiting_.assign(journal.slots_.size() + 1, 1);
                 journal.check();
             })},
            {"journal.is-marked", in([](Journal& journal) {
                 journal.pages_dirty_ = journal.page_dirty_.size() + 1;
                 journal.check();
             })},
            {"journal.is-head-slot", in([](Journal& journal) {
                 journal.slots_[journal.index(journal.head_)] = Slot{};
                 journal.check();
             })},
            {"journal.is-batch-io", in([](Journal& journal) {
                 journal.batch_.emplace_back();
                 journal.batch_first_ = 7;
                 journal.batch_sync_ = 9;
                 journal.check();
             })},
            {"journal.is-headers-io", in([](Journal& journal) {
                 journal.headers_first_ = 9;
                 journal.headers_sync_ = 8;
                 journal.check();
             })},
            {"journal.is-tail", in([](Journal& journal) {
                 journal.tail_ = journal.head_ + 2;
                 journal.check();
             })},
        };
    }

    static Breaches of_writing() {
        return {
            {"journal.flush-io",
             [](LogDouble& log) {
                 log.next_io = 0;
                 log.flush();
             }},
            {"journal.flush-batch",
             [](LogDouble& log) {
                 log.journal->batch_.emplace_back();
                 log.flush();
             }},
            {"journal.flush-queued",
             [](LogDouble& log) {
                 log.journal->slots_[3].queued = false;
                 log.flush();
             }},
            {"journal.flush-slot",
             [](LogDouble& log) {
                 log.journal->slots_[3].op = 19;
                 log.flush();
             }},
            {"journal.flush-op",
             [](LogDouble& log) {
                 log.journal->headers_[3].op = 19;
                 log.flush();
             }},
            {"journal.batch-some", in([](Journal& journal) { journal.batch_done(); })},
            {"journal.batch-ids",
             [](LogDouble& log) {
                 log.flush();
                 log.journal->batch_.pop_back();
                 log.journal->batch_done();
             }},
            {"journal.headers-io",
             [](LogDouble& log) {
                 log.journal->mark_header(3);
                 log.next_io = 0;
                 log.flush_headers();
             }},
            {"journal.headers-pages",
             [](LogDouble& log) {
                 log.journal->pages_dirty_ = 1;
                 log.flush_headers();
             }},
            {"journal.io-named", [](LogDouble& log) { done(log, 0); }},
            {"journal.io-of-one",
             [](LogDouble& log) {
                 log.flush();
                 log.journal->headers_first_ = log.journal->batch_first_;
                 log.journal->headers_sync_ = log.journal->batch_sync_;
                 done(log, log.journal->batch_first_);
             }},
        };
    }

    static Breaches of_reading() {
        return {
            {"journal.recover-io",
             [](LogDouble& log) {
                 log.next_io = 0;
                 log.begin_restart();
             }},
            {"journal.recover-new",
             [](LogDouble& log) {
                 log.journal = std::make_unique<Journal>(log.limits, log.bugs);
                 log.journal->mark_page(0);
                 log.journal->recover(log.superblock, log.next_io, log.disk);
             }},
            {"journal.recover-limits",
             [](LogDouble& log) {
                 ++log.superblock.limits.slots;
                 log.begin_restart();
             }},
            {"journal.recover-checkpoint",
             [](LogDouble& log) {
                 log.superblock.checkpoint_op = most_op;
                 log.begin_restart();
             }},
            {"journal.recovery-read",
             [](LogDouble& log) {
                 log.begin_restart();
                 log.journal->recovery_.syncs = {77, 78};
                 log.journal->recovery_.syncs_left = 2;
                 done(log, 77);
             }},
            {"journal.reads-recovering",
             [](LogDouble& log) { log.journal->read_slots(log.next_io, log.disk); }},
            {"journal.reads-next",
             [](LogDouble& log) {
                 log.journal->recovery_.active = true;
                 log.journal->recovery_.next_slot = 17;
                 log.journal->read_slots(log.next_io, log.disk);
             }},
            {"journal.reads-outstanding",
             [](LogDouble& log) {
                 log.begin_restart();
                 log.journal->recovery_.reads[0].id = 0;
                 log.journal->recovery_.reads[1].id = 0;
                 log.journal->recovery_.next_slot = 0;
                 log.journal->read_slots(log.next_io, log.disk);
             }},
            {"journal.recovery-syncs",
             [](LogDouble& log) {
                 log.begin_restart();
                 log.journal->recovery_.syncs = {77, 78};
                 done(log, 77);
             }},
            {"journal.recovery-outstanding",
             [](LogDouble& log) {
                 log.begin_restart();
                 log.journal->recovery_.outstanding = 0;
                 done(log, log.journal->recovery_.headers_read);
             }},
            {"journal.take-read-slot", in([](Journal& journal) { journal.take_read(3, {}); })},
            {"journal.take-read-once",
             [](LogDouble& log) {
                 read_nothing(log);
                 log.journal->recovery_.slots[3] = Read::Whole;
                 log.journal->take_read(3, {});
             }},
            {"journal.ring-slot", in([](Journal& journal) { (void)journal.ring_header(16); })},
            {"journal.vacant-page", in([](Journal& journal) { journal.name_vacant(1); })},
        };
    }

    /// Nothing of this is for a log whose rings are being read still.
    static Breaches of_impatience() {
        const auto while_reading = [](std::function<void(LogDouble&)> by) {
            return [by = std::move(by)](LogDouble& log) {
                log.journal->recovery_.active = true;
                by(log);
            };
        };
        return {
            {"journal.append-recovered", while_reading([](LogDouble& log) { log.append(1); })},
            {"journal.repair-recovered", while_reading([](LogDouble& log) {
                 log.journal->repair(log.entries[2].header, log.entries[2].body);
             })},
            {"journal.reset-recovered",
             while_reading([](LogDouble& log) { log.journal->reset(9, Checksum{}); })},
            {"journal.checkpoint-recovered",
             while_reading([](LogDouble& log) { log.checkpoint(2); })},
            {"journal.flush-recovered", while_reading([](LogDouble& log) { log.flush(); })},
            {"journal.headers-recovered", while_reading([](LogDouble& log) {
                 log.journal->mark_header(3);
                 log.flush_headers();
             })},
        };
    }

    static Breaches of_deciding() {
        return {
            {"journal.prepare-window", in([](Journal& journal) { (void)journal.prepare_is(0); })},
            {"journal.prepare-window", in([](Journal& journal) { (void)journal.prepare_is(17); })},
            {"journal.prepare-slot", in([](Journal& journal) {
                 journal.recovery_.slots[2] = Read::Whole;
                 journal.headers_[2].op = 3;
                 (void)journal.prepare_is(2);
             })},
            {"journal.header-window",
             in([](Journal& journal) { (void)journal.header_is(0, PrepareIs::Bad); })},
            {"journal.header-window",
             in([](Journal& journal) { (void)journal.header_is(17, PrepareIs::Bad); })},
            {"journal.decide-recovering", in([](Journal& journal) { (void)journal.decide(1, 0); })},
            {"journal.decide-read",
             [](LogDouble& log) {
                 read_nothing(log);
                 log.journal->recovery_.outstanding = 1;
                 (void)log.journal->decide(1, 0);
             }},
            {"journal.decide-all", in([](Journal& journal) { journal.decide(); })},
            {"journal.decide-once", in([](Journal& journal) {
                 journal.recovery_.next_slot = 16;
                 journal.decide();
             })},
            {"journal.decided-faulty",
             [](LogDouble& log) {
                 read_nothing(log);
                 log.journal->newest_faulty_ = 1;
                 log.journal->decide();
             }},
            {"journal.doubt-window", in([](Journal& journal) {
                 journal.head_ = 16;
                 journal.recovery_.superblock.log_end = 16;
                 (void)journal.newest_in_doubt(17, 0);
             })},
            {"journal.doubt-above-head",
             in([](Journal& journal) { (void)journal.newest_in_doubt(6, 0); })},
        };
    }

    static Breaches of_taking() {
        return {
            {"journal.take-decision",
             reading([](Journal& journal) { journal.take(5, Decision::Absent); })},
            {"journal.take-next",
             reading([](Journal& journal) { journal.take(6, Decision::Take); })},
            {"journal.take-free", reading([](Journal& journal) {
                 journal.slots_[5].state = SlotState::Present;
                 journal.take(5, Decision::Take);
             })},
            {"journal.take-whole",
             reading([](Journal& journal) { journal.take(5, Decision::Take); })},
            {"journal.take-op", reading([](Journal& journal) {
                 journal.recovery_.slots[5] = Read::Whole;
                 journal.headers_[5].op = 21;
                 journal.take(5, Decision::Take);
             })},
            {"journal.take-recovering",
             in([](Journal& journal) { journal.take(5, Decision::Take); })},
            {"journal.superseded-recovering",
             in([](Journal& journal) { (void)journal.first_superseded(); })},
            {"journal.proven-window", in([](Journal& journal) { (void)journal.last_proven(18); })},
            {"journal.chain-recovering", in([](Journal& journal) { journal.verify_chain(); })},
            {"journal.covered-recovering", in([](Journal& journal) { journal.take_covered(); })},
            {"journal.chain-head", reading([](Journal& journal) {
                 journal.checkpoint_ = 5;
                 journal.verify_chain();
             })},
            {"journal.chain-span", reading([](Journal& journal) {
                 journal.head_ = 17;
                 journal.verify_chain();
             })},
            {"journal.chain-slot", reading([](Journal& journal) {
                 journal.slots_[3] = Slot{};
                 journal.verify_chain();
             })},
            {"journal.covered-head", reading([](Journal& journal) {
                 journal.checkpoint_ = 5;
                 journal.take_covered();
             })},
            {"journal.covered-span", reading([](Journal& journal) {
                 journal.head_ = 17;
                 journal.take_covered();
             })},
        };
    }

    /// Breaches of what is durable, noticed when the scrubber comes by.
    static std::function<void(LogDouble&)> before_scrub(std::function<void(Journal&)> by) {
        return [by = std::move(by)](LogDouble& log) {
            durable(log);
            by(*log.journal);
            scrub(log);
        };
    }
    static Breaches of_books() {
        return {
            {"journal.books-waiting",
             before_scrub([](Journal& journal) { journal.slots_[2].queued = true; })},
            {"journal.books-batch",
             before_scrub([](Journal& journal) { journal.batch_.emplace_back(); })},
            {"journal.books-pages", before_scrub([](Journal& journal) { ++journal.pages_dirty_; })},
            {"journal.books-headers", before_scrub([](Journal& journal) {
                 journal.headers_sync_ = 7;
                 journal.headers_first_ = 9;
             })},
            {"journal.books-page",
             before_scrub([](Journal& journal) { journal.scrub_.page_read = 5; })},
            {"journal.books-waiting-op", before_scrub([](Journal& journal) {
                 journal.slots_[2].queued = true;
                 journal.waiting_.push_back(3);
             })},
            {"journal.books-durable",
             before_scrub([](Journal& journal) { journal.slots_[2].durable = false; })},
            {"journal.books-faulty",
             before_scrub([](Journal& journal) { journal.slots_[4].state = SlotState::Faulty; })},
            {"journal.books-failed",
             before_scrub([](Journal& journal) { journal.failed_ = true; })},
            {"journal.slot-place", before_scrub([](Journal& journal) {
                 journal.durable_ = 0;
                 journal.slots_[2].op = 3;
             })},
            {"journal.slot-log", before_scrub([](Journal& journal) {
                 journal.durable_ = 0;
                 journal.slots_[2].op = 18;
             })},
            {"journal.slot-faulty",
             [](LogDouble& log) {
                 log.journal->newest_faulty_ = 2;
                 log.journal->slots_[2].state = SlotState::Faulty;
                 scrub(log);
             }},
            {"journal.slot-known",
             before_scrub([](Journal& journal) { journal.slots_[2].known = false; })},
            {"journal.slot-bytes",
             before_scrub([](Journal& journal) { journal.headers_[2].size = sizeof(Header) - 1; })},
            {"journal.slot-header",
             before_scrub([](Journal& journal) { ++journal.headers_[2].commit; })},
            {"journal.slot-body",
             [](LogDouble& log) {
                 durable(log);
                 log.journal->entries_.data()[prepare_offset(log.limits, 2) + sizeof(Header)] ^=
                     std::byte{1};
                 scrub(log);
             }},
            {"journal.slot-sealed",
             [](LogDouble& log) {
                 durable(log);
                 Header& header = log.journal->headers_[2];
                 ++header.commit;
                 std::memcpy(log.journal->entries_.data() + prepare_offset(log.limits, 2),
                             &header,
                             sizeof header);
                 scrub(log);
             }},
            {"journal.slot-chain",
             before_scrub([](Journal& journal) { ++journal.headers_[3].parent.low; })},
        };
    }

    static Breaches of_scrubbing() {
        return {
            {"journal.scrub-io",
             [](LogDouble& log) {
                 log.next_io = 0;
                 scrub(log);
             }},
            {"journal.books-checkpoint",
             [](LogDouble& log) {
                 log.journal->set_checkpoint(2);
                 log.journal->checkpoint_parent_ = {1, 2};
                 scrub(log);
             }},
            {"journal.scrub-next",
             [](LogDouble& log) {
                 log.journal->scrub_.next_slot = 16;
                 scrub(log);
             }},
            {"journal.scrub-free",
             [](LogDouble& log) {
                 durable(log);
                 log.journal->scrub_.reads[1].id = 5; // the one for slot 1
                 scrub(log);
             }},
            {"journal.scrub-entry",
             [](LogDouble& log) {
                 durable(log);
                 log.journal->headers_[1].op = 17;
                 scrub(log);
             }},
            {"journal.scrub-outstanding",
             [](LogDouble& log) {
                 scrub(log);
                 log.journal->scrub_.outstanding = 10;
                 done(log, log.journal->scrub_.page_read);
             }},
            {"journal.scrub-bytes",
             [](LogDouble& log) {
                 durable(log);
                 log.journal->headers_[1].size = log.limits.message_bytes + 1;
                 log.journal->compare_entry({1, 1, log.journal->headers_[1].checksum}, {});
             }},
            {"journal.scrub-waiting-room",
             [](LogDouble& log) {
                 durable(log);
                 log.journal->waiting_.assign(log.limits.slots, 1);
                 log.journal->compare_entry({1, 1, log.journal->headers_[1].checksum}, {});
             }},
            {"journal.scrub-page", in([](Journal& journal) {
                 journal.scrub_.page = 1;
                 journal.compare_page({});
             })},
            {"journal.scrub-clean", in([](Journal& journal) {
                 journal.page_dirty_[0] = true;
                 journal.compare_page({});
             })},
        };
    }
};

namespace {

LogDouble four_entries() {
    return LogDouble(4);
}

} // namespace

TEST_CASE("assertions of the log about its entries trip", "[replica_disk]") {
    check_breaches(four_entries, JournalProbe::of_entries());
}

TEST_CASE("assertions of the log about its ends trip", "[replica_disk]") {
    check_breaches(four_entries, JournalProbe::of_ends());
}

TEST_CASE("assertions of the log about what is true at rest trip", "[replica_disk]") {
    check_breaches(four_entries, JournalProbe::of_rest());
}

TEST_CASE("assertions of the log about writing trip", "[replica_disk]") {
    check_breaches(four_entries, JournalProbe::of_writing());
}

TEST_CASE("assertions of the log about reading trip", "[replica_disk]") {
    check_breaches(four_entries, JournalProbe::of_reading());
}

TEST_CASE("assertions of the log about those who do not wait for it trip", "[replica_disk]") {
    check_breaches(four_entries, JournalProbe::of_impatience());
}

TEST_CASE("assertions of the log about deciding trip", "[replica_disk]") {
    check_breaches(four_entries, JournalProbe::of_deciding());
}

TEST_CASE("assertions of the log about what it takes from the disk trip", "[replica_disk]") {
    check_breaches(four_entries, JournalProbe::of_taking());
}

TEST_CASE("what does not agree in the log is noticed by the scrubber", "[replica_disk]") {
    check_breaches(four_entries, JournalProbe::of_books());
}

TEST_CASE("assertions of the log about scrubbing trip", "[replica_disk]") {
    check_breaches(four_entries, JournalProbe::of_scrubbing());
}

} // namespace faultlab::replica
