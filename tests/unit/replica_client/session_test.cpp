#include "replica/client/session.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/replica_client/fake_replica.hpp"

#include <future>

using namespace faultlab::replica;
using namespace faultlab::replica::test;
using namespace std::chrono_literals;

namespace {

const Operation write{.code = OpCode::Write, .key = "k", .value = 1};

const Act silence{.command = Command::Ping}; ///< nothing that a client waits for
const Act hang_up{.command = Command::None};
const Act evicted{.command = Command::Evicted, .body = {}};
Act busy(std::uint64_t nanoseconds = 0) {
    return {.command = Command::Busy, .body = {}, .nonce = nanoseconds};
}
Act redirect(std::uint64_t to) {
    return {.command = Command::Redirect, .body = {}, .from = to};
}

/// Always the same answer.
FakeReplica::Script always(const Act& act) {
    return [act](std::size_t, const Header&) { return act; };
}
/// One answer to the first request, another to all others.
FakeReplica::Script first_then(const Act& first, const Act& then) {
    return [first, then](std::size_t index, const Header&) { return index == 0 ? first : then; };
}

Session::Settings settings_for(std::initializer_list<const FakeReplica*> replicas, const Key& key) {
    Session::Settings settings{.cluster = FakeReplica::cluster, .key = key, .resend = 30ms};
    ReplicaId id = 1;
    for (const FakeReplica* replica : replicas) {
        settings.nodes.push_back({id++, "127.0.0.1", replica->port()});
    }
    return settings;
}

/// Long enough that only a client that hangs meets it.
Execution run(Session& session, const Operation& operation = write) {
    return session.execute(operation, Session::Clock::now() + 20s);
}
/// For outcomes that a deadline makes.
Execution run_shortly(Session& session) {
    return session.execute(write, Session::Clock::now() + 300ms);
}

std::string failed(const Execution& execution) {
    const auto* failure = std::get_if<Failed>(&execution);
    return failure == nullptr ? "" : failure->why;
}
bool done(const Execution& execution) {
    return std::holds_alternative<Done>(execution);
}
bool unknown(const Execution& execution) {
    return std::holds_alternative<Unknown>(execution);
}

const Key key = Key::generate();

} // namespace

TEST_CASE("a session registers once and numbers its requests") {
    const FakeReplica replica(
        1, key, [](std::size_t index, const Header&) { return Act{.op = index + 5}; });
    Session session(settings_for({&replica}, key));
    for (Op op = 5; op < 8; ++op) {
        const Execution execution = run(session);
        REQUIRE(done(execution));
        CHECK(std::get<Done>(execution).op == op);
        CHECK(std::get<Done>(execution).result.outcome == Outcome::Ok);
    }
    CHECK(replica.registrations() == 1);
    const auto requests = replica.requests();
    REQUIRE(requests.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(requests[i].request == i + 1);
        CHECK(requests[i].session == 101);
        CHECK(requests[i].client == requests[0].client);
        CHECK(requests[i].client != 0);
    }
}

TEST_CASE("without a replica, or without the key, nothing was executed") {
    auto replica = std::make_unique<FakeReplica>(1, key, always({}));
    Session stranger(settings_for({replica.get()}, Key::generate()));
    CHECK(failed(run(stranger)).starts_with("no connection"));
    Session::Settings another = settings_for({replica.get()}, key);
    another.nodes[0].id = 2;
    Session misled(another);
    CHECK(failed(run(misled)).find("Peer") != std::string::npos);
    Session session(settings_for({replica.get()}, key));
    replica.reset();
    CHECK(failed(run(session)).starts_with("no connection"));
}

TEST_CASE("a request without an answer is sent again under its number") {
    const FakeReplica replica(1, key, [](std::size_t index, const Header&) {
        return index == 0 ? silence : index == 1 ? hang_up : Act{};
    });
    Session session(settings_for({&replica}, key));
    REQUIRE(done(run(session)));
    const auto requests = replica.requests();
    REQUIRE(requests.size() == 3);
    CHECK(requests[0].checksum == requests[1].checksum);
    CHECK(requests[0].checksum == requests[2].checksum);
}

TEST_CASE("what is unknown at its deadline never lends its number to another operation") {
    const FakeReplica replica(1, key, [](std::size_t, const Header& request) {
        return request.session == 101 ? silence : Act{};
    });
    Session session(settings_for({&replica}, key));
    CHECK(unknown(run_shortly(session)));
    CHECK(done(run(session)));
    CHECK(replica.registrations() == 2);
    CHECK(replica.requests().front().client != replica.requests().back().client);
    CHECK(session.fired_no_register() == 0);
}

TEST_CASE("an answer that comes between two operations saves the session") {
    std::promise<void> release;
    const FakeReplica replica(1, key, [&](std::size_t index, const Header&) {
        if (index == 0) release.get_future().wait();
        return Act{};
    });
    Session::Settings settings = settings_for({&replica}, key);
    settings.resend = 1h; // one sending an operation
    Session session(settings);
    CHECK(unknown(run_shortly(session)));
    release.set_value();
    while (replica.answers() < 2) {
        std::this_thread::yield();
    }
    CHECK(done(run(session)));
    CHECK(replica.registrations() == 1);
    CHECK(replica.requests().back().request == 2);
}

TEST_CASE("Busy is not the end: the request is sent again until it is taken") {
    const FakeReplica replica(
        1, key, [](std::size_t index, const Header&) { return index < 3 ? busy() : Act{}; });
    Session session(settings_for({&replica}, key));
    CHECK(done(run(session)));
    CHECK(replica.requests().size() == 4);
}

TEST_CASE("a request whose every sending was refused has failed, and its number is free") {
    const FakeReplica replica(1, key, always(busy(10'000'000)));
    Session session(settings_for({&replica}, key));
    CHECK(failed(run_shortly(session)) == "busy");
    CHECK(failed(run_shortly(session)) == "busy");
    CHECK(replica.registrations() == 1);
    for (const Header& request : replica.requests()) {
        CHECK(request.request == 1);
    }
}

TEST_CASE("B23: Busy for a repetition is taken for a failure, and the first sending forgotten") {
    const FakeReplica one(1, key, first_then(silence, busy(50'000'000)));
    Session correct(settings_for({&one}, key));
    CHECK(unknown(run_shortly(correct)));
    CHECK(correct.fired_busy_is_fail() == 0);

    const FakeReplica two(1, key, first_then(silence, busy(50'000'000)));
    Session::Settings settings = settings_for({&two}, key);
    settings.bugs.busy_is_fail = true;
    Session wrong(settings);
    CHECK(failed(run(wrong)) == "busy");
    CHECK(wrong.fired_busy_is_fail() == 1);
    CHECK(failed(run_shortly(wrong)) == "busy"); // a first sending that was refused: no mistake
    CHECK(wrong.fired_busy_is_fail() == 1);
}

TEST_CASE("V7: the number of an unknown request is the next operation's") {
    for (const bool bug : {false, true}) {
        const FakeReplica replica(
            1, key, [](std::size_t index, const Header&) { return index == 0 ? silence : Act{}; });
        Session::Settings settings = settings_for({&replica}, key);
        settings.bugs.no_register = bug;
        settings.resend = 1h; // one sending an operation
        Session session(settings);
        CHECK(unknown(run_shortly(session)));
        CHECK(done(run(session, {.code = OpCode::Write, .key = "k", .value = 2})));
        const auto requests = replica.requests();
        REQUIRE(requests.size() == 2);
        // Two operations under one name: of the two the store executes only one.
        CHECK(requests[0].checksum != requests[1].checksum);
        CHECK((requests[0].client == requests[1].client &&
               requests[0].request == requests[1].request) == bug);
        CHECK(replica.registrations() == (bug ? 1U : 2U));
        CHECK(session.fired_no_register() == (bug ? 1U : 0U));
    }
}

TEST_CASE("a pinned client hears that its node does not lead") {
    const FakeReplica replica(1, key, always(redirect(2)));
    const FakeReplica leader(2, key, always({}));
    Session session(settings_for({&replica, &leader}, key));
    CHECK(failed(run(session)) == "not the primary");
    CHECK(leader.requests().empty());
    CHECK(failed(run(session)) == "not the primary");
}

TEST_CASE("a client that follows goes where it is sent, with the same request") {
    const FakeReplica first(1, key, always(redirect(3)));
    const FakeReplica second(2, key, always({}));
    const FakeReplica third(3, key, always({}));
    Session::Settings settings = settings_for({&first, &second, &third}, key);
    settings.follow = true;
    Session session(settings);
    CHECK(done(run(session)));
    CHECK(second.requests().empty());
    REQUIRE(third.requests().size() == 1);
    CHECK(third.requests()[0].checksum == first.requests()[0].checksum);
}

TEST_CASE("a session says which replica it asked last") {
    const FakeReplica first(1, key, first_then(redirect(2), silence));
    const FakeReplica second(2, key, first_then({}, silence));
    auto settings = settings_for({&first, &second}, key);
    settings.follow = true;
    Session session(settings);
    CHECK(session.asked() == no_replica);
    CHECK(done(run(session)));
    CHECK(session.asked() == 2);
    auto gone = std::make_unique<FakeReplica>(1, key, always({}));
    auto alone = settings_for({gone.get()}, key);
    Session lonely(alone);
    CHECK(done(run(lonely)));
    CHECK(lonely.asked() == 1);
    gone.reset();
    (void)run_shortly(lonely); // perhaps into a connection that is not known to be dead
    (void)run_shortly(lonely);
    CHECK(lonely.asked() == no_replica);
}

TEST_CASE("a client that follows asks on where nobody knows who leads") {
    const FakeReplica first(1, key, always(redirect(0)));
    const FakeReplica second(2, key, always(redirect(9))); // which the client does not know
    const FakeReplica third(3, key, always({}));
    Session::Settings settings = settings_for({&first, &second, &third}, key);
    settings.follow = true;
    Session session(settings);
    CHECK(done(run(session)));
    CHECK(first.requests().size() == 1);
    CHECK(second.requests().size() == 1);
}

TEST_CASE("a client that follows leaves a replica that is gone") {
    auto gone = std::make_unique<FakeReplica>(1, key, always({}));
    const FakeReplica leader(2, key, always({}));
    Session::Settings settings = settings_for({gone.get(), &leader}, key);
    settings.follow = true;
    gone.reset();
    Session session(settings);
    CHECK(done(run(session)));
}

TEST_CASE("a client that follows leaves a replica that takes requests and says nothing") {
    const FakeReplica paused(1, key, always(silence));
    const FakeReplica second(2, key, always({.op = 7}));
    Session::Settings settings = settings_for({&paused, &second}, key);
    settings.follow = true;
    Session session(settings);
    CHECK(done(run(session)));
}

TEST_CASE("a client that follows asks everyone, although one sends it to another that is silent") {
    const FakeReplica leader(1, key, always({}));
    const FakeReplica silent(2, key, always(silence));
    const FakeReplica mistaken(3, key, always(redirect(2)));
    for (const ReplicaId begin_with : {ReplicaId{2}, ReplicaId{3}}) {
        CAPTURE(int{begin_with});
        Session::Settings settings = settings_for({&leader, &silent, &mistaken}, key);
        settings.follow = true;
        settings.first = begin_with;
        Session session(settings);
        CHECK(done(run(session)));
        CHECK(session.asked() == 1);
    }
}

TEST_CASE("a redirection leaves open what another sending may have done") {
    const FakeReplica replica(1, key, first_then(silence, redirect(2)));
    Session session(settings_for({&replica}, key));
    CHECK(unknown(run_shortly(session)));
}

TEST_CASE("an evicted session fails the operation and the next one opens another") {
    const FakeReplica replica(1, key, first_then(evicted, {}));
    Session session(settings_for({&replica}, key));
    CHECK(failed(run(session)) == "session evicted");
    CHECK(done(run(session)));
    CHECK(replica.registrations() == 2);
}

TEST_CASE("eviction leaves open what another sending may have done") {
    const FakeReplica replica(1, key, first_then(silence, evicted));
    Session session(settings_for({&replica}, key));
    CHECK(unknown(run_shortly(session)));
}

TEST_CASE("answers to other requests are not taken, and a result that is none is unknown") {
    const FakeReplica replica(1, key, first_then({.op = 1, .request = 77}, {.op = 2}));
    Session session(settings_for({&replica}, key));
    const Execution execution = run(session);
    REQUIRE(done(execution));
    CHECK(std::get<Done>(execution).op == 2);

    const FakeReplica garbled(1, key, always({.body = {}}));
    Session confused(settings_for({&garbled}, key));
    CHECK(unknown(run(confused)));
}

TEST_CASE("an operation that is too large was not executed") {
    const FakeReplica replica(1, key, always({}));
    Session session(settings_for({&replica}, key));
    const Operation large{.code = OpCode::Write, .key = "k", .value = std::string(9000, 'x')};
    CHECK(failed(run(session, large)) == "operation too large");
    CHECK(replica.registrations() == 0);
}
