#include "replica/daemon/input_journal.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/command.hpp"

#include <fcntl.h>

using namespace faultlab;
using namespace faultlab::replica;

namespace {

std::vector<std::byte> bytes_of_text(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

bool same(Bytes a, Bytes b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

/// A journal of one input of each kind, and what it was made of.
struct Sample {
    test::TemporaryDirectory directory;
    std::filesystem::path file = directory.path() / "journal";
    Config config;
    BugSet bugs;
    std::vector<std::byte> body = bytes_of_text("an operation");
    std::vector<std::byte> read = bytes_of_text("read");
    Header header;

    Sample() {
        config.cluster = 99;
        config.self = 3;
        config.release = 1;
        config.limits.slots = 64;
        config.timeouts.scrub = 12345;
        config.timeouts.clock_drift = 7;
        config.reads = Reads::Lease;
        config.admission = {.rate = 10, .burst = 20};
        config.scrub_reads = 6;
        bugs.set(replica::Bug::B1);
        bugs.set(replica::Bug::K3_1);
        header.command = Command::Prepare;
        header.op = 17;
        seal(header, body);
        read.resize(5000); // zeroes at the end are not stored
    }
    [[nodiscard]] InputJournal create() const {
        auto journal = InputJournal::create(file, config, bugs);
        REQUIRE(journal);
        return std::move(*journal);
    }
    [[nodiscard]] std::filesystem::path write() const {
        InputJournal journal = create();
        journal.append({.now = 1, .wall = 10, .what = Boot{.entropy = 5, .recover = true}}, 101);
        journal.append({.now = 2,
                        .wall = 20,
                        .what = Received{.message = {header, body}, .from = 2, .client_link = 8}},
                       102);
        journal.append({.now = 3, .what = Rang{.timer = Timer::Lease, .generation = 4}}, 103);
        journal.append({.now = 4, .what = IoDone{.id = 9, .status = IoStatus::Full, .bytes = read}},
                       104);
        journal.append({.now = 5, .what = LinkClosed{.client_link = 8}}, 105);
        journal.flush();
        return journal.path();
    }
};

InputJournalReader open_journal(const std::filesystem::path& path) {
    auto reader = InputJournalReader::open(path);
    REQUIRE(reader);
    return std::move(*reader);
}

std::size_t count(InputJournalReader reader) {
    std::size_t inputs = 0;
    while (reader.next())
        ++inputs;
    return inputs;
}

} // namespace

TEST_CASE("a journal gives back configuration, bugs and every kind of input", "[replica_daemon]") {
    const Sample sample;
    InputJournalReader reader = open_journal(sample.write());
    CHECK(reader.config().cluster == 99);
    CHECK(reader.config().self == 3);
    CHECK(reader.config().release == 1);
    CHECK(reader.config().limits == sample.config.limits);
    CHECK(reader.config().timeouts == sample.config.timeouts);
    CHECK(reader.config().reads == Reads::Lease);
    CHECK(reader.config().admission.rate == 10);
    CHECK(reader.config().admission.burst == 20);
    CHECK(reader.config().scrub_reads == 6);
    CHECK(reader.bugs().on(replica::Bug::B1));
    CHECK(reader.bugs().on(replica::Bug::K3_1));
    CHECK_FALSE(reader.bugs().on(replica::Bug::B2));

    const auto boot = reader.next();
    REQUIRE(boot);
    CHECK(boot->input.now == 1);
    CHECK(boot->input.wall == 10);
    CHECK(boot->chain == 101);
    CHECK(std::get<Boot>(boot->input.what).entropy == 5);
    CHECK(std::get<Boot>(boot->input.what).recover);
    const auto message = reader.next();
    REQUIRE(message);
    const Received& received = std::get<Received>(message->input.what);
    CHECK(received.from == 2);
    CHECK(received.client_link == 8);
    CHECK(same(bytes_of(received.message.header), bytes_of(sample.header)));
    CHECK(same(received.message.body, sample.body));
    const auto timer = reader.next();
    REQUIRE(timer);
    CHECK(std::get<Rang>(timer->input.what).timer == Timer::Lease);
    CHECK(std::get<Rang>(timer->input.what).generation == 4);
    const auto io = reader.next();
    REQUIRE(io);
    CHECK(std::get<IoDone>(io->input.what).id == 9);
    CHECK(std::get<IoDone>(io->input.what).status == IoStatus::Full);
    CHECK(same(std::get<IoDone>(io->input.what).bytes, sample.read));
    const auto closed = reader.next();
    REQUIRE(closed);
    CHECK(std::get<LinkClosed>(closed->input.what).client_link == 8);
    CHECK_FALSE(reader.next());
    CHECK(reader.unread() == 0);
}

TEST_CASE("wherever a journal is cut off, whole records before it are read", "[replica_daemon]") {
    const Sample sample;
    const auto path = sample.write();
    const std::size_t whole = std::filesystem::file_size(path);
    std::size_t before = 5;
    for (std::size_t size = whole; size-- > 0;) {
        std::filesystem::resize_file(path, size);
        auto reader = InputJournalReader::open(path);
        if (!reader) {
            CHECK(before == 0); // the head itself is cut
            continue;
        }
        const std::size_t inputs = count(std::move(*reader));
        REQUIRE(inputs <= before);
        REQUIRE(before - inputs <= 1);
        before = inputs;
    }
    CHECK(before == 0);
}

TEST_CASE("a damaged record ends a journal", "[replica_daemon]") {
    const Sample sample;
    const auto path = sample.write();
    File file;
    REQUIRE(file.open(path, O_RDWR) == 0);
    const std::array<std::byte, 1> noise{std::byte{0xff}};
    REQUIRE(file.write_at(std::filesystem::file_size(path) - 1, noise) == 0);
    InputJournalReader reader = open_journal(path);
    for (int i = 0; i < 4; ++i)
        CHECK(reader.next());
    CHECK_FALSE(reader.next());
    CHECK(reader.unread() > 0);
}

TEST_CASE("each start has a journal of its own", "[replica_daemon]") {
    const Sample sample;
    CHECK(sample.create().path() == sample.file.native() + ".1");
    CHECK(sample.create().path() == sample.file.native() + ".2");
}

TEST_CASE("a journal that cannot be made is an error", "[replica_daemon]") {
    const Sample sample;
    const auto nowhere = InputJournal::create(
        sample.directory.path() / "missing/journal", sample.config, sample.bugs);
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().kind == ErrorKind::environment);
}

TEST_CASE("the chain of effects tells effects apart, and their order", "[replica_daemon]") {
    const Sample sample;
    std::vector<std::uint64_t> seen;
    const auto chain_of = [&](auto&& make) {
        EffectsChain chain;
        make(chain);
        for (const std::uint64_t other : seen)
            CHECK(chain.value() != other);
        seen.push_back(chain.value());
    };
    chain_of([](Effects&) {});
    chain_of([&](Effects& to) { to.send(2, sample.header, sample.body); });
    chain_of([&](Effects& to) { to.send(3, sample.header, sample.body); });
    chain_of([&](Effects& to) { to.send(2, sample.header, {}); });
    chain_of([&](Effects& to) { to.reply(2, sample.header, sample.body); });
    chain_of([](Effects& to) { to.arm(Timer::Prepare, 1, 10); });
    chain_of([](Effects& to) { to.arm(Timer::Prepare, 2, 10); });
    chain_of([](Effects& to) { to.arm(Timer::Prepare, 1, 11); });
    chain_of([](Effects& to) { to.read(Zone::Headers, 1, 2, 3); });
    chain_of([](Effects& to) { to.read(Zone::Headers, 1, 3, 3); });
    chain_of([&](Effects& to) { to.write(Zone::Headers, 1, sample.body, 3); });
    chain_of([&](Effects& to) { to.write(Zone::Prepares, 1, sample.body, 3); });
    chain_of([](Effects& to) { to.sync(Zone::Headers, 3); });
    chain_of([](Effects& to) { to.event({.kind = EventKind::Committed, .a = 1}); });
    chain_of([](Effects& to) { to.event({.kind = EventKind::Committed, .checksum = {1, 0}}); });
    chain_of([](Effects& to) { to.halt("a"); });
    chain_of([](Effects& to) { to.halt("b"); });
    chain_of([](Effects& to) {
        to.sync(Zone::Headers, 3);
        to.sync(Zone::Prepares, 4);
    });
    chain_of([](Effects& to) {
        to.sync(Zone::Prepares, 4);
        to.sync(Zone::Headers, 3);
    });
}
