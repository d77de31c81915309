#include "nemesis/node/disk_rules.hpp"
#include "tests/support/catch.hpp"

#include <cerrno>

using namespace faultlab;
using namespace faultlab::node;

namespace {

DiskRule rule(DiskFault fault, std::initializer_list<DiskOp> ops) {
    DiskRule rule{.id = 1, .fault = fault, .seed = 7};
    for (const DiskOp op : ops)
        rule.ops[static_cast<std::size_t>(op)] = true;
    return rule;
}

DiskCall call(DiskOp op, std::string_view path = "a/b.wal") {
    return {.op = op, .path = path};
}

} // namespace

TEST_CASE("a rule hits the calls it names, and no others", "[node_disk]") {
    RuleBook book;
    DiskRule error = rule(DiskFault::error, {DiskOp::write, DiskOp::sync});
    error.error = EIO;
    error.path = "*.wal";
    book.add(error, 0);
    CHECK(book.decide(call(DiskOp::write)).error == EIO);
    CHECK(book.decide(call(DiskOp::sync)).error == EIO);
    CHECK(book.decide(call(DiskOp::read)).error == 0);
    CHECK(book.decide(call(DiskOp::write, "a/b.snap")).error == 0);
    CHECK(book.counts().at(1).hit == 2);
    CHECK(book.counts().at(1).matched == 2);
    book.remove(1);
    CHECK(book.decide(call(DiskOp::write)).error == 0);
    CHECK(book.empty());
    CHECK(book.counts().at(1).hit == 2); // is still told
}

TEST_CASE("the nth call is counted by file", "[node_disk]") {
    RuleBook book;
    DiskRule third = rule(DiskFault::sync_fails, {DiskOp::sync});
    third.nth = 3;
    third.times = 1;
    book.add(third, 0);
    for (int i = 1; i <= 2; ++i) {
        CHECK_FALSE(book.decide(call(DiskOp::sync, "x")).sync_fails);
        CHECK_FALSE(book.decide(call(DiskOp::sync, "y")).sync_fails);
    }
    CHECK(book.decide(call(DiskOp::sync, "y")).sync_fails);
    CHECK_FALSE(book.decide(call(DiskOp::sync, "x")).sync_fails); // once is once
}

TEST_CASE("a rule begins and ends by itself", "[node_disk]") {
    RuleBook book;
    DiskRule stall = rule(DiskFault::stall, {DiskOp::write});
    stall.starts = 100;
    stall.lasts = 1000;
    book.add(stall, 50);
    DiskCall write = call(DiskOp::write);
    CHECK_FALSE(book.decide(write).stalls);
    write.now = 100;
    CHECK(book.decide(write).stalls);
    CHECK(book.stalls(write));
    book.expire(1049);
    CHECK(book.stalls(write));
    book.expire(1050);
    CHECK_FALSE(book.stalls(write));
}

TEST_CASE("ENOSPC is for those who need room", "[node_disk]") {
    RuleBook book;
    book.add(rule(DiskFault::full, {DiskOp::write, DiskOp::name}), 0);
    DiskCall overwrite = call(DiskOp::write);
    overwrite.allocates = false;
    CHECK(book.decide(overwrite).error == 0);
    CHECK(book.decide(call(DiskOp::write)).error == ENOSPC);
}

TEST_CASE("rules add up", "[node_disk]") {
    RuleBook book;
    DiskRule slow = rule(DiskFault::delay, {DiskOp::write});
    slow.delay = 5;
    book.add(slow, 0);
    slow.id = 2;
    slow.delay = 7;
    book.add(slow, 0);
    const DiskFate fate = book.decide(call(DiskOp::write));
    CHECK(fate.delay == 12);
    CHECK(fate.rules == std::vector<std::int64_t>{1, 2});
}

TEST_CASE("a chance is kept, and drawn from the seed", "[node_disk]") {
    const auto hits = [](std::uint64_t seed) {
        RuleBook book;
        DiskRule some = rule(DiskFault::error, {DiskOp::write});
        some.chance = 100'000;
        some.seed = seed;
        book.add(some, 0);
        for (int i = 0; i < 10'000; ++i)
            (void)book.decide(call(DiskOp::write));
        return book.counts().at(1).hit;
    };
    CHECK(hits(1) > 850);
    CHECK(hits(1) < 1150);
    CHECK(hits(1) == hits(1));
    CHECK(hits(1) != hits(2));
}

TEST_CASE("delays have the spread they were given", "[node_disk]") {
    DiskRule slow{.delay = 1000, .jitter = 200};
    const auto mean = [&](Spread spread) {
        slow.spread = spread;
        Rng rng(3);
        double sum = 0;
        for (int i = 0; i < 20'000; ++i)
            sum += static_cast<double>(drawn_delay(slow, rng));
        return sum / 20'000;
    };
    CHECK(mean(Spread::fixed) == 1000);
    for (const Spread spread : {Spread::uniform, Spread::normal, Spread::exponential}) {
        CHECK(mean(spread) > 970);
        CHECK(mean(spread) < 1030);
    }
    slow.spread = Spread::uniform;
    Rng rng(4);
    for (int i = 0; i < 1000; ++i) {
        const Nanos drawn = drawn_delay(slow, rng);
        REQUIRE(drawn >= 800);
        REQUIRE(drawn <= 1200);
    }
}
