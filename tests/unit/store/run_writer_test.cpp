#include "core/store/database.hpp"
#include "core/store/run_reader.hpp"
#include "tests/unit/store/store_support.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace std::string_literals;

namespace faultlab::store_test {
namespace {

Record record_at(const std::filesystem::path& run_db) {
    auto record = load_record(run_db);
    INFO((record ? std::string() : record.error().text()));
    REQUIRE(record);
    return std::move(record).value();
}

TEST_CASE("an operation is of the replica that was asked last, folded or not", "[store]") {
    const bool folded = GENERATE(true, false);
    const Directory directory;
    const auto run_db = directory / "run.db";
    const TickingClock clock;
    auto writer = writer_at(run_db);
    OpLane& lane = writer->open_lane(4);
    operate(lane, clock, 4, {"write", Value(1), Value(10)}, Done{}, 2);
    operate(lane, clock, 4, {"write", Value(1), Value(11)}, Done{});
    operate(lane, clock, 4, {"write", Value(1), Value(12)}, Unknown{"timeout"}, 0);
    lane.invoke({.process = 16, .node = 1, .op = {"read", Value(1), Value{}}}, clock);
    if (folded) REQUIRE(writer->finish("complete"));
    writer.reset();

    const auto nodes = [&] {
        std::vector<NodeId> found;
        const Record record = record_at(run_db);
        for (std::size_t i = 0; i < record.history.size(); ++i)
            found.push_back(record.history.op(static_cast<OpId>(i)).node);
        return found;
    };
    CHECK(nodes() == std::vector<NodeId>{2, 1, 0, 1});
    {
        auto database = Database::open(run_db, Database::Mode::write);
        REQUIRE(database);
        CHECK(database->query_integer("SELECT sum(node * 10 + inv_index) FROM op").value() == 52);
        // As files were before there was such a table.
        REQUIRE(database->execute("DROP VIEW op; DROP TABLE op_asked"));
    }
    CHECK(nodes() == (folded ? std::vector<NodeId>{2, 1, 0, 1} : std::vector<NodeId>{1, 1, 1, 1}));
}

TEST_CASE("a finished run is read as it was written", "[store]") {
    const Directory directory;
    const auto run_db = directory / "deep" / "run.db";
    const TickingClock clock;
    auto writer = writer_at(run_db);
    OpLane& lane = writer->open_lane(4);
    operate(lane, clock, 4, {"write", Value(1), Value(10)}, Done{});
    operate(lane, clock, 4, {"read", Value(1), Value{}}, Failed{"refused"});
    operate(lane, clock, 4, {"read", Value("k"), Value{}}, Unknown{"timeout"});
    lane.invoke({.process = 16, .node = 0, .op = {"read", Value{}, Value{}}, .t_due = 99}, clock);
    REQUIRE(writer->finish("complete"));
    REQUIRE_FALSE(writer->failure());
    writer.reset();

    const Record record = record_at(run_db);
    CHECK(record.run_id == "run-1");
    CHECK(record.plan == header().plan);
    CHECK(record.meta.at("kernel") == Value("6.1"));
    CHECK(record.meta.at("ended") == Value("complete"));
    CHECK(record.cluster.nodes.at(1).address == "10.0.0.2");
    CHECK(record.cluster.clients.at(0).node == 0);
    const History& history = record.history;
    REQUIRE(history.size() == 4);
    CHECK(history.op(0).f == "write");
    CHECK(history.op(0).client == 4);
    CHECK(history.op(0).node == 1);
    CHECK(history.op(0).inv_index == 0);
    CHECK(history.op(0).ret_index == 1);
    CHECK(history.op(0).t_inv == 1);
    CHECK(history.op(0).t_ret == 2);
    CHECK(history.op(0).status == OpStatus::ok);
    CHECK(history.op(1).status == OpStatus::fail);
    CHECK(history.op(1).error == "refused");
    CHECK(history.op(1).ret_index == 3);
    CHECK(history.op(2).status == OpStatus::info);
    CHECK(history.op(2).ret_index == never);
    CHECK(history.op(2).t_ret == 6);
    CHECK(history.op(2).key == Value("k"));
    CHECK(history.op(3).status == OpStatus::open);
    CHECK(history.op(3).ret_index == never);
    CHECK(history.op(3).t_ret == -1);
    CHECK(history.op(3).t_due == 99);
    CHECK(history.op(3).process == 16);
}

TEST_CASE("a finished run is one file", "[store]") {
    const Directory directory;
    auto writer = writer_at(directory / "run.db");
    REQUIRE(writer->finish("complete"));
    writer.reset();
    REQUIRE(load_record(directory / "run.db"));
    const std::filesystem::directory_iterator files(directory.path());
    CHECK(std::distance(begin(files), end(files)) == 1);
}

TEST_CASE("a run that was not finished is read from its two tables", "[store]") {
    const Directory directory;
    const TickingClock clock;
    auto writer = writer_at(directory / "run.db");
    OpLane& lane = writer->open_lane(0);
    operate(lane, clock, 0, {"write", Value(1), Value(10)}, Done{Value(true)});
    lane.invoke({.process = 0, .node = 1, .op = {"read", Value(1), Value{}}}, clock);
    writer.reset();

    const Record record = record_at(directory / "run.db");
    CHECK(record.meta.count("ended") == 0);
    REQUIRE(record.history.size() == 2);
    CHECK(record.history.op(0).ret == Value(true));
    CHECK(record.history.op(0).ret_index == 1);
    CHECK(record.history.op(1).status == OpStatus::open);
    CHECK(record.history.op(1).ret_index == never);
}

TEST_CASE("hostile values survive byte for byte", "[store]") {
    const std::string bad_utf8 = "\xff\xfe\0x\xc0\x80"s;
    std::string long_text(1 << 20, 'x');
    long_text += '\0';
    const std::vector<Value> values = {
        Value{},
        Value(0),
        Value(false),
        Value(true),
        Value(""),
        Value("true"),
        Value("7"),
        Value(INT64_MIN),
        Value(INT64_MAX),
        Value("</script>\n'\"\\"),
        Value("zero\0inside"s),
        Value(bad_utf8),
        Value(long_text),
        Value(Value::List{}),
        Value(Value::List{Value(1), Value{}, Value(bad_utf8), Value(Value::List{Value("a\0b"s)})}),
        Value(Value::List{Value(Value::List{Value("r"), Value("k"), Value(1)})}),
        Value(Value::Transaction{{"r", Value("k"), Value{}}, {"w", Value(1), Value(bad_utf8)}}),
        Value(Value::Transaction{}),
    };
    const bool finished = GENERATE(true, false);
    const Directory directory;
    const TickingClock clock;
    auto writer = writer_at(directory / "run.db");
    OpLane& lane = writer->open_lane(0);
    for (const Value& value : values) {
        operate(lane, clock, 0, {bad_utf8, value, value}, Done{value});
        operate(lane, clock, 0, {"", value, value}, Failed{bad_utf8});
    }
    if (finished) REQUIRE(writer->finish("complete"));
    writer.reset();

    const Record record = record_at(directory / "run.db");
    REQUIRE(record.history.size() == 2 * values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Op done = record.history.op(static_cast<OpId>(2 * i));
        CHECK(done.f == bad_utf8);
        CHECK(done.key == values[i]);
        CHECK(done.arg == values[i]);
        CHECK(done.ret == values[i]);
        CHECK(record.history.op(static_cast<OpId>(2 * i + 1)).error == bad_utf8);
    }
}

TEST_CASE("faults, telemetry and logs are read as they were written", "[store]") {
    const Directory directory;
    auto writer = writer_at(directory / "run.db");
    const Fault fault{.id = 5,
                      .spec_id = 3,
                      .nemesis = "kill",
                      .summary = "n2 killed",
                      .targets = {1},
                      .params = {{"signal", Value(9)}},
                      .undo = {{"start", Value(Value::List{Value("n2")})}}};
    REQUIRE(writer->fault_intended(fault, 50));
    writer->fault_changed(5, FaultState::active, 60);
    const Evidence during{EvidencePhase::during, 1, "process_state", Value("gone"), true};
    const Evidence after{EvidencePhase::after, 1, "process_state", Value("running"), false};
    writer->evidence(5, during);
    writer->fault_changed(5, FaultState::healing, 70);
    writer->fault_changed(5, FaultState::healed, 80);
    writer->evidence(5, after);
    REQUIRE(writer->fault_intended({.id = 6, .spec_id = 4, .nemesis = "pause"}, 55));
    writer->sample({.t = 2, .node = 1, .incarnation = 1, .metric = "term", .value = 4});
    writer->sample({.t = 1, .node = 0, .incarnation = 0, .metric = "term", .value = 3});
    writer->event({.t = 9, .node = 1, .kind = "leader", .fields = {{"term", Value(4)}}});
    writer->incarnation_started(1, 0, 1);
    writer->incarnation_ended(1, 0, 60, "killed by the lab");
    writer->log_file({.node = 1, .path = "n2/etcd.log", .bytes = 10});
    writer->log_file({.node = 1, .path = "n2/etcd.log", .bytes = 12});
    writer->meta("dropped", Value(2));
    REQUIRE(writer->finish("complete"));
    REQUIRE_FALSE(writer->failure());

    const Record record = record_at(directory / "run.db");
    REQUIRE(record.faults.size() == 2);
    CHECK(record.faults[0].fault.id == 6);
    CHECK(record.faults[0].state == FaultState::injecting);
    CHECK(record.faults[0].t_started == -1);
    const FaultRecord& stored = record.faults[1];
    CHECK(stored.fault == fault);
    CHECK(stored.state == FaultState::healed);
    CHECK(stored.t_planned == 50);
    CHECK(stored.t_started == 60);
    CHECK(stored.t_ended == 80);
    CHECK(stored.evidence == std::vector{during, after});
    REQUIRE(record.samples.size() == 2);
    CHECK(record.samples[0].t == 1);
    CHECK(record.samples[1].metric == "term");
    CHECK(record.samples[1].value == 4);
    REQUIRE(record.events.size() == 1);
    CHECK(record.events[0].fields.at("term") == Value(4));
    REQUIRE(record.logs.size() == 1);
    CHECK(record.logs[0].bytes == 12);
    CHECK(record.meta.at("dropped") == Value(2));
}

TEST_CASE("a run.db is never written twice", "[store]") {
    const Directory directory;
    writer_at(directory / "run.db").reset();
    const auto second = RunWriter::create(directory / "run.db", header());
    REQUIRE_FALSE(second);
    CHECK(second.error().message.find("exists already") != std::string::npos);
}

} // namespace
} // namespace faultlab::store_test
