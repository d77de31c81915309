#include "tests/support/catch.hpp"
#include "tests/unit/replica_core/bench.hpp"

// The rules of docs/reference/replication.md that one replica keeps by itself, whatever its peers
// say.
using namespace faultlab::replica;

namespace {

constexpr View view_0 = View::of(0, 0);
constexpr View view_1 = View::of(0, 1);
constexpr View view_2 = View::of(0, 2);

void give(Bench& bench, ReplicaId from, const std::vector<Letter>& entries) {
    for (const Letter& entry : entries) {
        bench.receive(from, entry);
    }
}

} // namespace

TEST_CASE("A backup acknowledges what is durable, not what it has", "[replica_core]") {
    Bench bench(2);
    REQUIRE(bench.status() == Status::Normal);
    const auto log = bench.log(view_0, 1);
    bench.hold_io = true;
    bench.receive(1, log[0]);
    CHECK(bench.telemetry().head == 1);
    CHECK(bench.of(Command::PrepareOk).empty());
    bench.run_io();
    REQUIRE(bench.of(Command::PrepareOk).size() == 1);
    CHECK(bench.of(Command::PrepareOk)[0].header.op == 1);
    CHECK(bench.of(Command::PrepareOk)[0].to == 1);
}

TEST_CASE("An entry that comes again is acknowledged again only if it is the same",
          "[replica_core]") {
    Bench bench(2);
    const auto log = bench.log(view_0, 2);
    give(bench, 1, log);
    bench.sent.clear();
    bench.receive(1, log[1]);
    CHECK(bench.of(Command::PrepareOk).size() == 1);
    const auto other = bench.log(view_0, 2, 500);
    bench.receive(1, other[1]);
    CHECK(bench.of(Command::PrepareOk).size() == 1);
    CHECK(bench.telemetry().rejects[static_cast<std::size_t>(Reject::Fork)] == 1);
}

TEST_CASE("A gap is fetched, not jumped over", "[replica_core]") {
    Bench bench(2);
    const auto log = bench.log(view_0, 3);
    bench.receive(1, log[0]);
    bench.receive(1, log[2]);
    CHECK(bench.telemetry().head == 1);
    const auto asked = bench.of(Command::GetLog);
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].header.from == 2);
    CHECK(asked[0].header.to == 3);
    SECTION("from the log of the view") {
        bench.receive(1, bench.repair(1, view_0, view_0, log[1]));
        CHECK(bench.telemetry().head == 2);
    }
    SECTION("not from another view's log") {
        bench.receive(3, bench.repair(3, view_1, view_1, log[1]));
        CHECK(bench.telemetry().head == 1);
    }
    SECTION("not an entry that does not continue its log") {
        bench.receive(1, bench.repair(1, view_0, view_0, bench.log(view_0, 2, 700)[1]));
        CHECK(bench.telemetry().head == 1);
    }
}

TEST_CASE("A commit number counts only as far as the log goes", "[replica_core]") {
    Bench bench(2);
    bench.receive(1, bench.log(view_0, 1)[0]);
    Header commit = bench.header(1, Command::Commit, view_0);
    commit.op = 9;
    commit.commit = 9;
    commit.nonce = 77;
    bench.receive(1, Bench::sealed(commit));
    CHECK(bench.telemetry().commit_max == 1);
    CHECK(bench.telemetry().commit_min == 1);
    REQUIRE(!bench.of(Command::PrepareOk).empty());
    CHECK(bench.of(Command::PrepareOk).back().header.nonce == 77);
}

TEST_CASE("The primary commits with a quorum of this view's voters", "[replica_core]") {
    Bench bench(1, 5);
    REQUIRE(bench.telemetry().role == Role::Primary);
    Operation registration;
    registration.code = OpCode::Register;
    bench.request(bench.client_request(55, 0, 0, registration));
    REQUIRE(bench.telemetry().head == 1);
    CHECK(bench.of(Command::Prepare).size() == 4);
    bench.receive(2, bench.acknowledgement(2, view_0, 1));
    bench.receive(2, bench.acknowledgement(2, view_0, 1));
    bench.receive(9, bench.acknowledgement(9, view_0, 1)); // no voter
    CHECK(bench.telemetry().commit_max == 0);
    bench.receive(3, bench.acknowledgement(3, view_0, 2)); // beyond the head
    // It answers a heartbeat that was never sent.
    bench.receive(3, bench.acknowledgement(3, view_0, 1, bench.now + 1));
    CHECK(bench.telemetry().commit_max == 0);
    bench.receive(3, bench.acknowledgement(3, view_0, 1));
    CHECK(bench.telemetry().commit_max == 1);
    REQUIRE(bench.replies.size() == 1);
    CHECK(bench.replies[0].header.session == 1);
    bench.request(bench.client_request(55, 0, 0, registration)); // its reply was lost
    REQUIRE(bench.replies.size() == 2);
    CHECK(bench.replies[1].header.session == 1);
    CHECK(bench.telemetry().head == 1);
}

TEST_CASE(
    "What waits becomes an entry when the disk is done, or when it is as much as is under way",
    "[replica_core]") {
    Bench bench(1);
    bench.hold_io = true;
    Operation registration;
    registration.code = OpCode::Register;
    const auto ask = [&](ClientId client) {
        bench.request(bench.client_request(client, 0, 0, registration));
    };
    const auto counts = [&] {
        std::vector<std::uint32_t> of;
        for (const Letter& prepare : bench.of(Command::Prepare)) {
            if (prepare.to == 2) {
                of.push_back(prepare.header.count);
            }
        }
        return of;
    };
    using Counts = std::vector<std::uint32_t>;
    ask(51); // alone: at once
    CHECK(counts() == Counts{1});
    ask(52);
    CHECK(counts() == Counts{1, 1});
    ask(53);
    CHECK(counts() == Counts{1, 1});
    ask(54);
    CHECK(counts() == Counts{1, 1, 2});
    ask(55);
    CHECK(counts() == Counts{1, 1, 2});
    bench.run_io(); // whether another's disk is done does not matter
    CHECK(counts() == Counts{1, 1, 2, 1});
    ask(56); // the pipeline is full
    CHECK(counts() == Counts{1, 1, 2, 1});
    bench.receive(2, bench.acknowledgement(2, view_0, 4));
    CHECK(bench.replies.size() == 5);
    CHECK(counts() == Counts{1, 1, 2, 1, 1});
}

TEST_CASE("One wish moves nobody, a quorum does, and the vote follows the disk", "[replica_core]") {
    Bench bench(3);
    bench.receive(1, bench.log(view_0, 1)[0]);
    bench.receive(2, bench.want(2, view_1));
    CHECK(bench.status() == Status::Normal);
    CHECK(bench.of(Command::StartViewChange).empty());
    bench.now += 10'000 * ms; // its own primary is silent too
    bench.hold_io = true;
    bench.ring(Timer::PrimarySilent);
    CHECK(bench.status() == Status::Normal); // the other wish is old by now
    bench.receive(2, bench.want(2, view_1));
    CHECK(bench.status() == Status::ViewChange);
    CHECK(bench.of(Command::DoViewChange).empty());
    bench.run_io();
    REQUIRE(bench.of(Command::DoViewChange).size() == 1);
    CHECK(bench.of(Command::DoViewChange)[0].to == 2);
    CHECK(bench.of(Command::DoViewChange)[0].header.view == view_1);
    CHECK(bench.of(Command::DoViewChange)[0].header.op == 1);
}

TEST_CASE("A replica that no voter is wants nothing, and wishes of others count once",
          "[replica_core]") {
    Bench bench(3, 5);
    for (int i = 0; i < 3; ++i) {
        bench.receive(2, bench.want(2, view_1));
        bench.receive(8, bench.want(8, view_1));
    }
    CHECK(bench.status() == Status::Normal);
    bench.receive(4, bench.want(4, view_1));
    bench.receive(5, bench.want(5, view_1));
    CHECK(bench.status() == Status::ViewChange);
}

TEST_CASE("A StartView replaces what differs, only when all of it is here", "[replica_core]") {
    Bench bench(3);
    const auto old = bench.log(view_0, 2);
    give(bench, 1, old);
    // View 1 went on after entry 1 with another entry 2, and has a third.
    std::vector<Letter> log{old[0]};
    log.push_back(bench.entry(view_1, 2, log[0].header.checksum, 0, 900));
    log.push_back(bench.entry(view_1, 3, log[1].header.checksum, 0, 901));
    bench.receive(2, bench.start_view(view_1, log, 0));
    CHECK(bench.telemetry().log_view == view_0);
    CHECK(bench.telemetry().head == 2);
    CHECK(bench.replica->log(2)->checksum == old[1].header.checksum);
    bench.sent.clear();
    bench.receive(2, bench.repair(2, view_1, view_1, log[1]));
    if (bench.telemetry().head == 2 && bench.replica->log(2)->view == view_0) {
        // The superblock had to say first that the old entry goes.
        bench.receive(2, bench.repair(2, view_1, view_1, log[1]));
    }
    CHECK(bench.replica->log(2)->checksum == log[1].header.checksum);
    CHECK(bench.telemetry().log_view == view_0);
    CHECK(bench.of(Command::PrepareOk).empty());
    bench.receive(2, bench.repair(2, view_1, view_1, log[2]));
    bench.ring(Timer::IdleFlush);
    bench.run_io();
    CHECK(bench.status() == Status::Normal);
    CHECK(bench.telemetry().log_view == view_1);
    REQUIRE(!bench.of(Command::PrepareOk).empty());
    CHECK(bench.of(Command::PrepareOk).back().header.op == 3);
}

TEST_CASE("A StartView of the own view, of a lower one, or from another is ignored",
          "[replica_core]") {
    Bench bench(3);
    const auto log = bench.log(view_0, 3);
    give(bench, 1, log);
    bench.receive(1, bench.start_view(view_0, {log[0]}, 0));
    CHECK(bench.telemetry().head == 3);
    CHECK(bench.status() == Status::Normal);
    Letter forged = bench.start_view(view_1, {log[0]}, 0);
    forged.header.replica = 1;
    bench.receive(1, Bench::sealed(forged.header, forged.body));
    CHECK(bench.status() == Status::Normal);
    CHECK(bench.telemetry().rejects[static_cast<std::size_t>(Reject::Sender)] == 1);
}

TEST_CASE("The log of the newest view wins, not the longest", "[replica_core]") {
    Bench bench(3);
    const auto old = bench.log(view_0, 3);
    give(bench, 1, old);
    bench.receive(1, bench.want(1, view_2, view_1)); // both others are in view 1 already
    bench.receive(2, bench.want(2, view_2, view_1));
    REQUIRE(bench.telemetry().view == view_2);
    const std::vector<Letter> newer{old[0], bench.entry(view_1, 2, old[0].header.checksum, 0, 900)};
    bench.sent.clear();
    bench.receive(2, bench.vote(2, view_2, view_1, newer, 0));
    const auto asked = bench.of(Command::GetLog);
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].header.log_view == view_1);
    CHECK(asked[0].header.from == 2);
    for (int i = 0; i < 2; ++i) {
        bench.receive(2, bench.repair(2, view_2, view_1, newer[1]));
    }
    bench.ring(Timer::IdleFlush);
    bench.run_io();
    CHECK(bench.status() == Status::Normal);
    CHECK(bench.telemetry().role == Role::Primary);
    CHECK(bench.telemetry().head == 2);
    CHECK(bench.telemetry().commit_max == 0); // until a quorum of view 2 has it
    CHECK(bench.of(Command::StartView).size() == 2);
    bench.receive(2, bench.acknowledgement(2, view_2, 2));
    CHECK(bench.telemetry().commit_max == 2);
}

TEST_CASE("Two logs of one view that differ stop the one who sees them", "[replica_core]") {
    Bench bench(3);
    give(bench, 1, bench.log(view_0, 2));
    bench.receive(1, bench.want(1, view_2));
    bench.receive(2, bench.want(2, view_2));
    bench.receive(2, bench.vote(2, view_2, view_0, bench.log(view_0, 2, 700), 0));
    CHECK(bench.status() == Status::Halted);
    CHECK(bench.halted == "two logs of one view differ");
}

TEST_CASE("Only a nack quorum cuts a log, and a bad slot is no nack", "[replica_core]") {
    Bench bench(3);
    const auto log = bench.log(view_0, 2);
    bench.receive(1, log[0]); // it never had entry 2
    bench.receive(1, bench.want(1, view_2));
    bench.receive(2, bench.want(2, view_2));
    REQUIRE(bench.status() == Status::ViewChange);
    bench.receive(2, bench.vote(2, view_2, view_0, log, 0, SlotState::Faulty));
    CHECK(bench.status() == Status::ViewChange); // one of two nacks: the third may have it
    SECTION("the third never had it") {
        bench.receive(1, bench.vote(1, view_2, view_0, {log[0]}, 0));
        CHECK(bench.status() == Status::Normal);
        CHECK(bench.telemetry().head == 1);
    }
    SECTION("the third has it") {
        bench.receive(1, bench.vote(1, view_2, view_0, log, 0));
        bench.receive(1, bench.repair(1, view_2, view_0, log[1]));
        bench.ring(Timer::IdleFlush);
        bench.run_io();
        CHECK(bench.status() == Status::Normal);
        CHECK(bench.telemetry().head == 2);
    }
    SECTION("the third's is bad too") {
        bench.receive(1, bench.vote(1, view_2, view_0, log, 0, SlotState::Faulty));
        CHECK(bench.status() == Status::ViewChange);
    }
}

TEST_CASE("Who cannot tell where its log ends counts as far as it can", "[replica_core]") {
    Bench bench(3, 4); // of four, three change the view, and two commit
    const auto log = bench.log(view_0, 3);
    give(bench, 1, {log[0], log[1]});
    bench.receive(1, bench.want(1, view_2));
    bench.receive(2, bench.want(2, view_2));
    bench.receive(4, bench.want(4, view_2));
    REQUIRE(bench.status() == Status::ViewChange);
    const auto uncertain = [&](ReplicaId from, View log_view, Op end) {
        Letter vote = bench.vote(from, view_2, log_view, {log[0]}, 0);
        vote.header.flags = flag_uncertain;
        vote.header.to = end;
        return Bench::sealed(vote.header, vote.body);
    };
    SECTION("what it may have is in the log that another has") {
        bench.receive(1, uncertain(1, view_0, 2));
        CHECK(bench.status() == Status::ViewChange);
        bench.receive(4, uncertain(4, view_0, 2));
        CHECK(bench.status() == Status::Normal);
        CHECK(bench.telemetry().head == 2);
    }
    SECTION("two may have committed more") {
        bench.receive(1, uncertain(1, view_0, 3));
        bench.receive(4, uncertain(4, view_0, 3));
        bench.receive(2, bench.vote(2, view_2, view_0, {log[0]}, 0));
        CHECK(bench.status() == Status::ViewChange);
        bench.receive(2, bench.vote(2, view_2, view_0, log, 0)); // here it is
        bench.receive(2, bench.repair(2, view_2, view_0, log[2]));
        bench.ring(Timer::IdleFlush);
        bench.run_io();
        CHECK(bench.status() == Status::Normal);
        CHECK(bench.telemetry().head == 3);
    }
    SECTION("one alone cannot have committed more") {
        bench.receive(1, uncertain(1, view_0, 3));
        bench.receive(2, bench.vote(2, view_2, view_0, {log[0]}, 0));
        CHECK(bench.status() == Status::ViewChange); // two of four do not have it
        bench.receive(4, bench.vote(4, view_2, view_0, {log[0]}, 0));
        CHECK(bench.status() == Status::Normal);
        CHECK(bench.telemetry().head == 2);
    }
    SECTION("its log is newer than any that is known whole") {
        bench.receive(1, uncertain(1, view_1, 3));
        bench.receive(2, bench.vote(2, view_2, view_0, {log[0]}, 0));
        CHECK(bench.status() == Status::ViewChange);
        bench.receive(4, bench.vote(4, view_2, view_0, {log[0]}, 0));
        CHECK(bench.status() == Status::Normal); // a quorum without it
        CHECK(bench.telemetry().head == 2);
    }
    SECTION("its log is older") {
        const std::vector<Letter> newer{log[0], log[1]};
        bench.receive(1, uncertain(1, view_0, 3));
        bench.receive(2, bench.vote(2, view_2, view_1, newer, 0));
        CHECK(bench.status() == Status::Normal);
        CHECK(bench.telemetry().head == 2);
    }
    SECTION("it may have what only a faulty slot is left of") {
        bench.receive(2, bench.vote(2, view_2, view_0, log, 0, SlotState::Faulty));
        bench.receive(1, uncertain(1, view_0, 3));
        CHECK(bench.status() == Status::ViewChange);
        bench.receive(4, bench.vote(4, view_2, view_0, {log[0]}, 0));
        CHECK(bench.status() == Status::ViewChange); // 3 and 4 are no nack quorum
    }
}

TEST_CASE("A worse vote of one replica does not replace a better one", "[replica_core]") {
    Bench bench(2, 5);
    const auto log = bench.log(view_0, 2);
    bench.receive(3, bench.want(3, view_1));
    bench.receive(4, bench.want(4, view_1));
    bench.receive(5, bench.want(5, view_1));
    REQUIRE(bench.telemetry().view == view_1);
    bench.receive(3, bench.vote(3, view_1, view_0, log, 0));
    bench.receive(3, bench.vote(3, view_1, view_0, {log[0]}, 0));
    bench.receive(4, bench.vote(4, view_1, view_0, {log[0]}, 0));
    const auto asked = bench.of(Command::GetLog);
    REQUIRE(!asked.empty());
    CHECK(asked[0].header.to == 2);
}

TEST_CASE("A restarted primary does not go on in its view, a backup does", "[replica_core]") {
    Bench primary(1);
    primary.boot();
    CHECK(primary.status() == Status::ViewChange);
    CHECK(primary.of(Command::StartViewChange).size() == 2);
    Bench backup(2);
    give(backup, 1, backup.log(view_0, 2));
    backup.boot();
    CHECK(backup.status() == Status::Normal);
    CHECK(backup.telemetry().head == 2);
    CHECK(backup.telemetry().incarnation == 2);
    backup.receive(1, backup.want(1, view_1)); // its primary restarted and gives up
    CHECK(backup.of(Command::StartViewChange).size() == 2);
}

TEST_CASE("A primary that nobody answers is silent and votes for another", "[replica_core]") {
    Bench bench(1);
    bench.now += bench.config.timeouts.abdicate;
    bench.ring(Timer::Abdicate);
    CHECK(bench.of(Command::StartViewChange).size() == 2);
    bench.sent.clear();
    bench.ring(Timer::Heartbeat);
    CHECK(bench.of(Command::Commit).empty());
    bench.receive(2, bench.acknowledgement(2, view_0, 0)); // somebody does after all
    CHECK(bench.of(Command::Commit).size() == 2);
}

namespace {

/// A replica that has lost its disk and asks the others, as a test answers it.
struct Asker {
    Bench bench{3};
    std::vector<Letter> log = bench.log(view_0, 1);

    Asker() {
        for (auto& zone : bench.disk) {
            std::ranges::fill(zone, std::byte{0});
        }
        bench.boot(true);
    }
    [[nodiscard]] Header asked() const { return bench.of(Command::Recovery).back().header; }
    [[nodiscard]] bool installs() const { return !bench.of(Command::GetLog).empty(); }
    /// To the newest question.
    [[nodiscard]] Letter answer(ReplicaId from, View view) const {
        Letter letter = bench.start_view(view, log, 0);
        letter.header.command = Command::RecoveryResponse;
        letter.header.replica = from;
        letter.header.nonce = asked().nonce;
        letter.header.to = 4; // incarnations of this replica that it saw
        letter.header.lives.learn(3, asked().incarnation);
        letter.header.flags = flag_primary;
        if (from != bench.membership.primary(view)) {
            letter.header.flags = 0;
            letter.header.op = letter.header.commit = letter.header.count = 0;
            letter.header.parent = {};
            letter.body.clear();
        }
        return Bench::sealed(letter.header, letter.body);
    }
    void receive(ReplicaId from, const Letter& letter) {
        bench.receive(from, Bench::sealed(letter.header, letter.body));
    }
    /// Lets it find out which incarnation is above all others.
    void first_round() {
        receive(1, answer(1, view_0));
        receive(2, answer(2, view_0));
    }
};

} // namespace

TEST_CASE("Who lost its disk first finds out which incarnation is new", "[replica_core]") {
    Asker asker;
    REQUIRE(asker.bench.status() == Status::Recovering);
    CHECK(asker.asked().incarnation == 1);
    const std::uint64_t nonce = asker.asked().nonce;
    asker.first_round();
    CHECK_FALSE(asker.installs());
    CHECK(asker.asked().incarnation == Lives::next(4));
    CHECK(asker.asked().nonce != nonce);
}

TEST_CASE("A lost disk is made good by f + 1 voters, the primary of the highest view among them",
          "[replica_core]") {
    Asker asker;
    asker.first_round();
    asker.receive(1, asker.answer(1, view_0));
    Letter early = asker.answer(2, view_1); // to an earlier question
    early.header.nonce ^= 2U;
    asker.receive(2, early);
    Letter unaware = asker.answer(2, view_0); // has not noted the new life
    unaware.header.lives = {};
    asker.receive(2, unaware);
    CHECK_FALSE(asker.installs());
    Letter other = asker.answer(2, view_0);
    SECTION("one who knows a higher view, whose primary has not answered") {
        other.header.view = view_2;
        asker.receive(2, other);
        CHECK_FALSE(asker.installs());
    }
    SECTION("one of the same view") {
        asker.receive(2, other);
        REQUIRE(asker.bench.of(Command::GetLog).size() == 1);
        asker.receive(1, asker.bench.repair(1, view_0, view_0, asker.log[0]));
        asker.bench.ring(Timer::IdleFlush);
        asker.bench.run_io();
        CHECK(asker.bench.status() == Status::Normal);
        CHECK(asker.bench.telemetry().head == 1);
        CHECK(asker.bench.telemetry().incarnation > 4);
    }
    SECTION("one who has lost its own disk since, as another knows") {
        Letter told = asker.answer(1, view_0);
        told.header.lives.lost[2] = 1;
        asker.receive(1, told);
        asker.receive(2, other);
        CHECK_FALSE(asker.installs());
        other.header.incarnation = Lives::next(1); // and one of its new life
        asker.receive(2, other);
        CHECK(asker.installs());
    }
    SECTION("a crash on the way does not make it believe its empty log") {
        asker.bench.boot();
        CHECK(asker.bench.status() == Status::Recovering);
    }
}

TEST_CASE("A read is served from the state only while promises hold", "[replica_core]") {
    Bench bench(1, 3, Reads::Lease);
    Operation registration;
    registration.code = OpCode::Register;
    bench.request(bench.client_request(55, 0, 0, registration));
    const Nanos sent_at = bench.now;
    bench.receive(2, bench.acknowledgement(2, view_0, 1));
    REQUIRE(bench.replies.size() == 1);
    Operation read;
    read.key = faultlab::Value(1);
    bench.request(bench.client_request(55, 1, 1, read)); // nobody has promised anything
    CHECK(bench.telemetry().head == 2);
    bench.receive(2, bench.acknowledgement(2, view_0, 2, sent_at));
    REQUIRE(bench.replies.size() == 2);
    bench.request(bench.client_request(55, 1, 2, read));
    CHECK(bench.telemetry().head == 2);
    REQUIRE(bench.replies.size() == 3);
    CHECK(bench.replies[2].header.request == 2);
    // 5 ‰ × 10: a tenth of the lease is given up for the clocks.
    bench.now = sent_at + bench.config.timeouts.lease * 9 / 10;
    bench.request(bench.client_request(55, 1, 3, read));
    CHECK(bench.telemetry().head == 3);
}

TEST_CASE("Who promised helps nobody else until the lease is over", "[replica_core]") {
    Bench bench(3, 3, Reads::Lease);
    bench.now += 10 * bench.config.timeouts.lease;
    Header commit = bench.header(1, Command::Commit, view_0);
    commit.nonce = 1;
    bench.receive(1, Bench::sealed(commit));
    bench.receive(1, bench.want(1, view_1));
    bench.receive(2, bench.want(2, view_1));
    REQUIRE(bench.status() == Status::ViewChange);
    bench.ring(Timer::ViewChangeMessage);
    CHECK(bench.of(Command::DoViewChange).empty());
    bench.now += bench.config.timeouts.lease;
    bench.ring(Timer::ViewChangeMessage);
    CHECK(bench.of(Command::DoViewChange).size() == 1);
}

TEST_CASE("Who halts at an entry of a newer release tells nothing of a state after it",
          "[replica_core]") {
    Bench bench(2);
    bench.config.release = oldest_release;
    bench.config.limits.digest_every = 1;
    bench.disk[0] = format(bench.config, bench.membership);
    bench.boot();
    const auto log = bench.log(view_0, 1);
    bench.receive(1, log[0]);
    Header upgrade = bench.header(1, Command::Prepare, view_0);
    upgrade.op = 2;
    upgrade.parent = log[0].header.checksum;
    upgrade.commit = 1;
    upgrade.timestamp = 2;
    upgrade.count = 1;
    Operation wanted{.code = OpCode::Upgrade};
    wanted.release = newest_release;
    const std::vector<std::byte> operation = encode(wanted);
    std::vector<std::byte> body(batch_bytes(operation.size()));
    append_request(body, 0, {.client = 101, .session = 1, .request = 1}, operation);
    bench.receive(1, Bench::sealed(upgrade, std::move(body)));
    REQUIRE(bench.telemetry().commit_min == 1);
    bench.events.clear();
    Header heartbeat = bench.header(1, Command::Commit, view_0);
    heartbeat.op = 2;
    heartbeat.commit = 2;
    bench.receive(1, Bench::sealed(heartbeat));
    CHECK(bench.halted == "the log needs a program of a newer release");
    for (const Event& event : bench.events) {
        CHECK(event.kind != EventKind::Committed);
        CHECK(event.kind != EventKind::Digest);
    }
}
