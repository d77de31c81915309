#include "core/options.hpp"
#include "replica/core/bugs.hpp"
#include "replica/core/checksum.hpp"
#include "replica/daemon/input_journal.hpp"
#include "systems/vsr/parts.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

using namespace faultlab;

namespace {

Deployment three_nodes(const Options& options = {}) {
    return {.run_id = "run-7",
            .secret = std::string(64, 'a'),
            .nodes = {{.name = "n1", .address = "10.0.0.1", .data_directory = "/d/n1"},
                      {.name = "n2", .address = "10.0.0.2", .data_directory = "/d/n2"},
                      {.name = "n3", .address = "10.0.0.3", .data_directory = "/d/n3"}},
            .options = options};
}

/// One argument a line, the value of an option on its option's line.
std::string printed(const ProcessSpec& process) {
    std::string text;
    bool flag = false;
    for (const std::string& argument : process.argv) {
        const bool next_flag = argument.starts_with("--");
        if (flag && next_flag) text.back() = '\n';
        text += argument + (next_flag ? " " : "\n");
        flag = next_flag;
    }
    return text;
}

replica::Execution ended(replica::Outcome outcome, Value value = {}) {
    return replica::Done{.result = {.outcome = outcome, .value = std::move(value)}};
}

Value returned(const Completion& completion) {
    REQUIRE(std::holds_alternative<Done>(completion));
    return std::get<Done>(completion).ret;
}

} // namespace

TEST_CASE("a replica is launched as a voter of the whole cluster", "[vsr]") {
    const ProcessSpec process = vsr::launch_spec(three_nodes(), 1, "/b/faultlab-replica");
    CHECK(process.name == "replica");
    CHECK(process.directory == "/d/n2");
    const std::string cluster = fmt::format(
        "{}", replica::checksum(std::as_bytes(std::span(std::string_view("run-7")))).low);
    CHECK(printed(process) == R"(/b/faultlab-replica
run
--format-if-empty
--data /d/n2/replica
--cluster )" + cluster + R"(
--id 2
--voters 1,2,3
--listen 10.0.0.2:7000
--peers 1=10.0.0.1:7000,2=10.0.0.2:7000,3=10.0.0.3:7000
--key-file /d/n2/cluster.key
--admin 10.0.0.2:7001
--release 2
--reads log
--rate 0
--burst 1024
)");
}

TEST_CASE("options reach the replica's command line, the secret does not", "[vsr]") {
    const Deployment deployment = three_nodes({{"bug", "V11,K3.1"},
                                               {"reads", "lease"},
                                               {"release", "1"},
                                               {"slots", "64"},
                                               {"journal", "on"},
                                               {"rate", "500"},
                                               {"burst", "7"}});
    const std::string text = printed(vsr::launch_spec(deployment, 0, "/b/faultlab-replica"));
    for (const char* line : {"--bug V11,K3.1\n",
                             "--reads lease\n",
                             "--release 1\n",
                             "--limit slots=64,checkpoint_every=24\n",
                             "--journal /d/n1/inputs\n",
                             "--rate 500\n",
                             "--burst 7\n"}) {
        CHECK(text.find(line) != std::string::npos);
    }
    CHECK(text.find(deployment.secret) == std::string::npos);
}

TEST_CASE("a client begins with its own node and knows all others", "[vsr]") {
    const auto settings = vsr::session_settings(three_nodes({{"bug", "V7"}}), 2);
    REQUIRE(settings.ok());
    CHECK(settings->first == 3);
    CHECK(settings->follow);
    REQUIRE(settings->nodes.size() == 3);
    CHECK(settings->nodes[0].address == "10.0.0.1");
    CHECK(settings->nodes[0].id == 1);
    CHECK(settings->bugs.no_register);
    CHECK_FALSE(settings->bugs.busy_is_fail);
    Deployment keyless = three_nodes();
    keyless.secret = "no key";
    CHECK_FALSE(vsr::session_settings(keyless, 0).ok());
}

TEST_CASE("every planted bug of the table is a choice of the option", "[vsr]") {
    const auto specs = vsr::option_specs();
    for (const replica::BugEntry& bug : replica::bugs())
        CHECK(complete_options({{"bug", bug.id}}, specs, "vsr").ok());
    CHECK(complete_options({{"bug", "F6,B2"}}, specs, "vsr").ok());
    const auto wrong = complete_options({{"bug", "V11,V111"}}, specs, "vsr");
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().text().find("V11") != std::string::npos);
}

TEST_CASE("the lab's operations become those of the store", "[vsr]") {
    using replica::OpCode;
    const auto cas =
        vsr::operation_of({.f = "cas", .key = "k", .arg = Value::List{Value(), Value(7)}});
    REQUIRE(cas);
    CHECK(cas->code == OpCode::Cas);
    CHECK(cas->key == Value("k"));
    CHECK(cas->expected.is_absent());
    CHECK(cas->value == Value(7));
    const auto scan = vsr::operation_of({.f = "scan", .arg = Value::List{"a", "c"}});
    REQUIRE(scan);
    CHECK(scan->key == Value("a"));
    CHECK(scan->expected == Value("c"));
    const Value::Transaction steps = {{.f = "append", .key = "k", .value = "x"}};
    const auto txn = vsr::operation_of({.f = "txn", .arg = Value(steps)});
    REQUIRE(txn);
    CHECK(txn->steps == steps);
    CHECK(vsr::operation_of({.f = "add", .key = "k", .arg = 2})->value == Value(2));
    CHECK_FALSE(vsr::operation_of({.f = "enqueue"}).has_value());
}

TEST_CASE("keys of a namespace become those of the store, and come back as such", "[vsr]") {
    using replica::OpCode;
    const auto in = [](const char* key) { return Value(Value::List{Value(7), Value(key)}); };
    const auto read = vsr::operation_of({.f = "read", .key = in("k")});
    REQUIRE(read);
    CHECK(read->space == 7);
    CHECK(read->key == Value("k"));
    const auto scan = vsr::operation_of({.f = "scan", .arg = Value::List{in("a"), in("c")}});
    REQUIRE(scan);
    CHECK(scan->space == 7);
    CHECK(scan->key == Value("a"));
    CHECK(scan->expected == Value("c"));
    const Value::Transaction asked = {{.f = "w", .key = in("k"), .value = 1}};
    const Value::Transaction plain = {{.f = "w", .key = "k", .value = 1}};
    const auto txn = vsr::operation_of({.f = "txn", .arg = Value(asked)});
    REQUIRE(txn);
    CHECK(txn->space == 7);
    CHECK(txn->steps == plain);
    const Value pairs = Value::List{Value(Value::List{"a", 1})};
    const Value pairs_there = Value::List{Value(Value::List{in("a"), 1})};
    CHECK(replica::in_space(pairs, OpCode::Scan, 7) == pairs_there);
    CHECK(replica::in_space(pairs, OpCode::Scan, 0) == pairs);
    CHECK(replica::in_space(Value(plain), OpCode::Transaction, 7) == Value(asked));
    CHECK(replica::in_space(Value("v"), OpCode::Read, 7) == Value("v"));
}

TEST_CASE("an answer of the store becomes the outcome that a checker knows", "[vsr]") {
    using replica::Outcome;
    CHECK(returned(vsr::completion_of("read", ended(Outcome::Ok, 4))) == Value(4));
    CHECK(returned(vsr::completion_of("read", ended(Outcome::Ok))).is_absent());
    CHECK(returned(vsr::completion_of("write", ended(Outcome::Ok))).is_absent());
    CHECK(returned(vsr::completion_of("cas", ended(Outcome::Ok))) == Value(true));
    CHECK(returned(vsr::completion_of("cas", ended(Outcome::CompareFailed))) == Value(false));
    CHECK(returned(vsr::completion_of("add", ended(Outcome::Ok, 9))) == Value(9));
}

TEST_CASE("what the store refuses surely did not happen, what it did not answer may have",
          "[vsr]") {
    using replica::Outcome;
    for (const auto outcome : {Outcome::WrongType,
                               Outcome::TooLarge,
                               Outcome::Full,
                               Outcome::Malformed,
                               Outcome::Unsupported,
                               Outcome::Refused,
                               Outcome::Overflow}) {
        const Completion completion = vsr::completion_of("add", ended(outcome));
        REQUIRE(std::holds_alternative<Failed>(completion));
        const std::string& why = std::get<Failed>(completion).why;
        const auto table = vsr::error_table();
        const auto rule = std::ranges::find(table, why, &ErrorRule::error);
        REQUIRE(rule != table.end());
        CHECK(rule->definite);
    }
    const auto lost = [](const char* f) {
        return vsr::completion_of(f, replica::Unknown{"no answer in time"});
    };
    CHECK(std::holds_alternative<Unknown>(lost("write")));
    CHECK(std::holds_alternative<Unknown>(lost("swap")));
    CHECK(std::holds_alternative<Failed>(lost("read")));
    CHECK(std::holds_alternative<Failed>(vsr::completion_of("write", replica::Failed{"busy"})));
}

TEST_CASE("a primary leads only while it is normal", "[vsr]") {
    replica::Telemetry said{.status = replica::Status::Normal,
                            .role = replica::Role::Primary,
                            .primary = 3,
                            .view = replica::View::of(2, 9),
                            .commit_min = 40,
                            .commit_max = 41};
    const auto metric = [&said](const std::string& name) {
        const auto metrics = vsr::status_of(said).metrics;
        const auto found =
            std::ranges::find(metrics, name, &std::pair<std::string, std::int64_t>::first);
        REQUIRE(found != metrics.end());
        return found->second;
    };
    CHECK(vsr::status_of(said).leads);
    CHECK(metric("role") == 2);
    CHECK(metric("leader") == 2);
    CHECK(metric("term") == 9);
    CHECK(metric("epoch") == 2);
    CHECK(metric("commit") == 41);
    CHECK(metric("applied") == 40);
    CHECK(metric("normal") == 1);
    said.status = replica::Status::ViewChange;
    CHECK_FALSE(vsr::status_of(said).leads);
    CHECK(metric("role") == 1);
    CHECK(metric("normal") == 0);
    said.primary = replica::no_replica;
    CHECK(metric("leader") == no_node);
}

TEST_CASE("events are told with names for their numbers", "[vsr]") {
    using replica::EventKind;
    const auto digest =
        vsr::event_of({.kind = EventKind::Digest, .a = 16, .checksum = {.low = 0xabcd, .high = 1}});
    REQUIRE(digest);
    CHECK(digest->kind == "digest");
    CHECK(digest->fields.at("op") == Value(16));
    CHECK(digest->fields.at("digest") == Value("0000000000000001000000000000abcd"));
    const auto entered =
        vsr::event_of({.kind = EventKind::ViewEntered, .a = replica::View::of(1, 4).value, .b = 1});
    REQUIRE(entered);
    CHECK(entered->kind == "view_entered");
    CHECK(entered->fields.at("view") == Value(4));
    CHECK(entered->fields.at("as_primary") == Value(true));
    const auto fired = vsr::event_of(
        {.kind = EventKind::BugFired, .a = static_cast<std::uint64_t>(replica::Bug::K3_1)});
    REQUIRE(fired);
    CHECK(fired->fields.at("bug") == Value("K3.1"));
    const auto donor = vsr::event_of({.kind = EventKind::SyncStarted, .a = 192, .b = 2});
    REQUIRE(donor);
    CHECK(donor->fields.at("donor") == Value(1));
    CHECK_FALSE(vsr::event_of({.kind = EventKind::Committed, .a = 1}).has_value());
}

TEST_CASE("every kind of event has a name of its own, in the run's style", "[vsr]") {
    std::set<std::string> kinds;
    const auto last = static_cast<int>(replica::EventKind::BugFired);
    for (int kind = 0; kind <= last; ++kind) {
        const auto event = vsr::event_of({.kind = static_cast<replica::EventKind>(kind)});
        if (!event) continue;
        CHECK(kinds.insert(event->kind).second);
        CHECK(std::ranges::all_of(event->kind,
                                  [](char c) { return c == '_' || (c >= 'a' && c <= 'z'); }));
    }
    CHECK(kinds.size() == static_cast<std::size_t>(last) + 1 - 3);
}

TEST_CASE("an empty journal is no log, and decides nothing", "[vsr]") {
    const test::TemporaryDirectory directory;
    const std::filesystem::path file = directory.path() / vsr::journal_name;
    const std::vector<std::filesystem::path> directories = {directory.path()};
    std::ofstream(file.string() + ".1").flush();
    const auto alone = vsr::logged_outcomes(directories, History{});
    REQUIRE_FALSE(alone);
    CHECK(alone.error().kind == ErrorKind::usage);
    CHECK(alone.error().message == "the input journals of this run are empty");
    const replica::Config config{.cluster = 99, .self = 1};
    auto journal = replica::InputJournal::create(file, config, replica::BugSet{});
    REQUIRE(journal);
    journal->flush();
    const auto beside = vsr::logged_outcomes(directories, History{});
    REQUIRE(beside);
    CHECK(beside->source ==
          "1 input journals of 1 replicas, 0 requests in 0 entries (without 1 that is empty)");
}

TEST_CASE("a request of the log is the one operation that asks for the same", "[vsr]") {
    const auto asks = [](const std::string& f, Value key, Value arg, Index at) {
        return Op{.f = f,
                  .key = std::move(key),
                  .arg = std::move(arg),
                  .inv_index = at,
                  .status = OpStatus::info};
    };
    HistoryBuilder builder;
    builder.add(asks("write", 7, 1, 0)); // executed
    builder.add(asks("write", 7, 2, 1)); // not
    builder.add(asks("write", 7, 3, 2)); // one of two was executed, nobody knows which
    builder.add(asks("write", 7, 3, 3));
    builder.add(asks("cas", 7, Value::List{1, 5}, 4)); // executed, and did not match
    builder.add(asks("add", 8, 1, 5));                 // executed and refused: a text is there
    builder.add(asks("read", 7, {}, 6));               // may be served without an entry
    builder.add(asks("add", 9, 1, 7));                 // executed twice
    const History history = builder.build();
    const auto logged = [&](OpId op, replica::Outcome outcome) {
        const Op of = history.op(op);
        const auto operation = vsr::operation_of({.f = of.f, .key = of.key, .arg = of.arg});
        return replica::CommittedRequest{
            .op = 1, .operation = replica::encode(*operation), .result = {.outcome = outcome}};
    };
    using replica::Outcome;
    const auto matched = vsr::match_log({.requests = {logged(2, Outcome::Ok),
                                                      logged(4, Outcome::CompareFailed),
                                                      logged(0, Outcome::Ok),
                                                      logged(7, Outcome::Ok),
                                                      logged(7, Outcome::Ok),
                                                      logged(5, Outcome::WrongType)}},
                                        history);
    REQUIRE(matched);
    const LoggedOutcomes& outcomes = *matched;
    CHECK(outcomes.absent == std::vector<OpId>{1});
    REQUIRE(outcomes.executed.size() == 3);
    CHECK(outcomes.executed[0].op == 4);
    CHECK(outcomes.executed[0].ret == Value(false));
    CHECK(outcomes.executed[1].op == 0);
    CHECK(outcomes.executed[1].position > outcomes.executed[0].position);
    CHECK(outcomes.executed[1].done);
    CHECK(outcomes.executed[2].op == 5);
    CHECK_FALSE(outcomes.executed[2].done);

    builder.add({.f = "read", .key = 7, .inv_index = 0, .ret_index = 1, .status = OpStatus::ok});
    const auto without_end = vsr::match_log({}, builder.build());
    REQUIRE_FALSE(without_end);
    CHECK(without_end.error().message ==
          "operation 0 (read) was seen done more often than it is in the log");
}
