#include "core/rng.hpp"
#include "core/store/export.hpp"
#include "core/store/import.hpp"
#include "tests/unit/store/store_support.hpp"

#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace std::string_literals;

namespace faultlab::store_test {
namespace {

History history_of(const std::vector<Op>& ops) {
    HistoryBuilder builder;
    for (const Op& op : ops)
        builder.add(op);
    return builder.build();
}

std::string exported(const Record& record, HistoryFormat format = HistoryFormat::jsonl) {
    std::ostringstream out;
    REQUIRE(export_history(record, format, out));
    return out.str();
}

Result<History> imported(const std::string& text, HistoryFormat format = HistoryFormat::jsonl) {
    const auto source = text_source(text);
    FAULTLAB_TRY(ImportedHistory read, import_history(*source, "h.jsonl", {.format = format}));
    return std::move(read.record.history);
}

Value random_value(Rng& rng, int depth) {
    switch (rng.below(depth > 0 ? 7 : 6)) {
        case 0: return Value{};
        case 1: return Value(0);
        case 2: return Value(rng.chance(1, 2));
        case 3: return Value(static_cast<std::int64_t>(rng.next()));
        case 4: return Value("zero\0, \"quotes\", \n and ü"s);
        case 5: return Value("");
        default: break;
    }
    Value::List list;
    for (std::uint64_t i = rng.below(4); i > 0; --i)
        list.push_back(random_value(rng, depth - 1));
    return Value(std::move(list));
}

Value random_transaction(Rng& rng) {
    Value::Transaction transaction;
    for (std::uint64_t i = rng.below(4); i > 0; --i) {
        const char* f = rng.chance(1, 2) ? "r" : "append";
        transaction.push_back({f, Value(rng.below(3)), random_value(rng, 1)});
    }
    return Value(std::move(transaction));
}

Value random_key(Rng& rng) {
    switch (rng.below(3)) {
        case 0: return Value{};
        case 1: return Value(rng.between(-2, 2));
        default: return Value("k" + std::to_string(rng.below(3)));
    }
}

/// A history as a run makes it: one open operation a process, a new process after an info, times
/// that grow with the indexes, indexes with the gaps that infos leave.
std::vector<Op> random_history(Rng& rng) {
    struct Worker {
        std::int32_t process = 0;
        std::size_t op = SIZE_MAX;
    };
    std::vector<Worker> workers(1 + rng.below(4));
    for (std::size_t i = 0; i < workers.size(); ++i)
        workers[i].process = static_cast<std::int32_t>(i);
    std::vector<Op> ops;
    Nanos t = 0;
    const auto steps = static_cast<Index>(rng.below(60));
    for (Index index = 0; index < steps; ++index) {
        t += static_cast<Nanos>(1 + rng.below(5));
        const auto client = static_cast<std::size_t>(rng.below(workers.size()));
        Worker& worker = workers[client];
        if (worker.op == SIZE_MAX) {
            static constexpr const char* names[] = {"read", "write", "cas", "add", "txn", "pop"};
            Op op{.process = worker.process,
                  .client = static_cast<std::int32_t>(client),
                  .node = static_cast<NodeId>(rng.below(4)) - 1,
                  .f = names[rng.below(6)],
                  .key = random_key(rng),
                  .inv_index = index,
                  .t_due = t - static_cast<Nanos>(rng.below(2)),
                  .t_inv = t};
            op.arg = op.f == "txn" ? random_transaction(rng) : random_value(rng, 2);
            worker.op = ops.size();
            ops.push_back(std::move(op));
            continue;
        }
        Op& op = ops[worker.op];
        worker.op = SIZE_MAX;
        op.t_ret = t;
        op.status = static_cast<OpStatus>(1 + rng.below(3));
        if (op.status == OpStatus::info) {
            worker.process += static_cast<std::int32_t>(workers.size());
        } else {
            op.ret_index = index;
        }
        if (op.status == OpStatus::ok) {
            op.ret = op.f == "txn"      ? random_transaction(rng)
                     : rng.chance(1, 4) ? op.arg
                                        : random_value(rng, 2);
        } else if (rng.chance(1, 2)) {
            op.error = "timeout";
        }
    }
    return ops;
}

/// The indexes by their order: gaps say nothing.
std::vector<std::pair<Index, Index>> order_of(const History& history) {
    std::vector<Index> all;
    for (std::size_t i = 0; i < history.size(); ++i) {
        all.push_back(history.inv_index()[i]);
        if (history.ret_index()[i] != never) all.push_back(history.ret_index()[i]);
    }
    std::ranges::sort(all);
    const auto rank = [&](Index index) -> Index {
        if (index == never) return never;
        return std::ranges::lower_bound(all, index) - all.begin();
    };
    std::vector<std::pair<Index, Index>> order;
    for (std::size_t i = 0; i < history.size(); ++i)
        order.emplace_back(rank(history.inv_index()[i]), rank(history.ret_index()[i]));
    return order;
}

TEST_CASE("export and import give an equal history in every format", "[store]") {
    const auto format = GENERATE(HistoryFormat::jsonl, HistoryFormat::edn, HistoryFormat::csv);
    const Rng root(20);
    for (int round = 0; round < 500; ++round) {
        Rng rng = root.split(std::to_string(round));
        const History before = history_of(random_history(rng));
        const Record record{.history = before};
        const std::string text = exported(record, format);
        const auto after = imported(text, format);
        INFO("round " << round << "\n" << text << (after ? "" : after.error().text()));
        REQUIRE(after);
        REQUIRE(after->size() == before.size());
        REQUIRE(order_of(*after) == order_of(before));
        for (std::size_t i = 0; i < before.size(); ++i) {
            const Op a = before.op(static_cast<OpId>(i));
            const Op b = after->op(static_cast<OpId>(i));
            INFO("operation " << i);
            REQUIRE(a.process == b.process);
            REQUIRE(a.client == b.client);
            REQUIRE(a.node == b.node);
            REQUIRE(a.f == b.f);
            REQUIRE(a.key == b.key);
            REQUIRE(a.arg == b.arg);
            REQUIRE(a.ret == b.ret);
            REQUIRE(a.status == b.status);
            REQUIRE(a.error == b.error);
            REQUIRE(a.t_due == b.t_due);
            REQUIRE(a.t_inv == b.t_inv);
            REQUIRE(a.t_ret == b.t_ret);
        }
    }
}

TEST_CASE("export writes one event a line in real-time order", "[store]") {
    Record record;
    record.history = history_of({
        {.process = 0,
         .client = 0,
         .node = 1,
         .f = "write",
         .key = Value("k17"),
         .arg = Value(4),
         .inv_index = 0,
         .ret_index = 2,
         .t_due = 1,
         .t_inv = 1,
         .t_ret = 9,
         .status = OpStatus::ok},
        {.process = 1,
         .client = 1,
         .f = "read",
         .inv_index = 1,
         .t_due = 2,
         .t_inv = 2,
         .t_ret = 12,
         .status = OpStatus::info,
         .error = "timeout"},
        {.process = 0,
         .client = 0,
         .f = "cas",
         .key = Value(3),
         .arg = Value(Value::List{Value(1), Value(2)}),
         .ret = Value(false),
         .inv_index = 3,
         .ret_index = 4,
         .t_due = 11,
         .t_inv = 11,
         .t_ret = 14,
         .status = OpStatus::ok},
        {.process = 2, .client = 1, .f = "read", .inv_index = 6, .t_due = 15, .t_inv = 15},
    });
    record.faults.push_back({.fault = {.id = 1, .nemesis = "kill", .summary = "n2 killed"},
                             .t_started = 10,
                             .t_ended = 20});
    CHECK(exported(record) ==
          R"({"process":0,"type":"invoke","f":"write","key":"k17","value":4,"time":1,"node":"n2"})"
          "\n"
          R"({"process":1,"type":"invoke","f":"read","value":null,"time":2})"
          "\n"
          R"({"process":0,"type":"ok","f":"write","key":"k17","value":4,"time":9})"
          "\n"
          R"({"process":"nemesis","type":"info","f":"start-kill","value":"n2 killed","time":10})"
          "\n"
          R"({"process":0,"type":"invoke","f":"cas","key":3,"value":[1,2],"time":11})"
          "\n"
          R"({"process":1,"type":"info","f":"read","value":null,"time":12,"error":"timeout"})"
          "\n"
          R"({"process":0,"type":"ok","f":"cas","key":3,"value":[1,2],"time":14,"ret":false})"
          "\n"
          R"({"process":2,"type":"invoke","f":"read","value":null,"time":15,"client":1})"
          "\n"
          R"({"process":"nemesis","type":"info","f":"stop-kill","value":"n2 killed","time":20})"
          "\n");
}

TEST_CASE("import reads what others write", "[store]") {
    const auto history = imported(
        R"({"process":3,"type":"invoke","f":"write","key":"k17","value":4,"extra":{"a":1.5}})"
        "\n"
        "\n"
        R"({"process":"nemesis","type":"info","f":"start","value":{"n1":["n2"]}})"
        "\n"
        R"({"process":5,"type":"invoke","f":"read","key":"k17"})"
        "\r\n"
        R"({"process":5,"type":"ok","f":"read","key":"k17","value":9223372036854775807})"
        "\n"
        R"({"process":3,"type":"fail","f":"write","key":"k17","value":4,"error":["a",1]})"
        "\n"
        R"({"process":3,"type":"invoke","f":"txn","value":[["r",1,null],["w","x",2]]})");
    INFO((history ? "" : history.error().text()));
    REQUIRE(history);
    REQUIRE(history->size() == 3);
    CHECK(history->op(0).status == OpStatus::fail);
    CHECK(history->op(0).error == R"(["a",1])");
    CHECK(history->op(0).client == 3);
    CHECK(history->op(1).ret == Value(INT64_MAX));
    CHECK(history->op(1).ret_index < history->op(0).ret_index);
    CHECK(history->op(2).status == OpStatus::open);
    REQUIRE(history->op(2).arg.transaction() != nullptr);
    CHECK(history->op(2).arg.transaction()->at(1) == MicroOp{"w", Value("x"), Value(2)});
}

TEST_CASE("keys of different namespaces are different keys, where the model has them", "[store]") {
    const std::string text =
        R"({"process":1,"type":"invoke","f":"write","ns":"x","key":"a","value":1}
           {"process":1,"type":"ok","f":"write","ns":"x","key":"a","value":1}
           {"process":1,"type":"invoke","f":"scan","ns":7,"value":["a",9]}
           {"process":1,"type":"ok","f":"scan","ns":7,"value":[["a",1],[3,["b",2]]]}
           {"process":1,"type":"invoke","f":"txn","ns":"x","value":[["r","a",null]]}
           {"process":1,"type":"invoke","f":"read","key":"a"})";
    const auto lines = [&](std::size_t count) {
        std::size_t end = 0;
        for (std::size_t i = 0; i < count; ++i)
            end = text.find('\n', end) + 1;
        return text.substr(0, end);
    };
    std::istringstream in(lines(5));
    const auto history = import_jsonl(in, "h.jsonl", Namespaces::separate);
    REQUIRE(history);
    CHECK(history->op(0).key == Value(Value::List{"x", "a"}));
    CHECK(history->op(0).arg == Value(1));
    const Value::List lo = {7, "a"};
    const Value::List hi = {7, 9};
    const Value::List third = {7, 3};
    CHECK(history->op(1).arg == Value(Value::List{lo, hi}));
    CHECK(history->op(1).ret ==
          Value(Value::List{Value::List{lo, 1}, Value::List{third, Value::List{"b", 2}}}));
    CHECK(history->op(2).arg ==
          Value(Value::Transaction{{"r", Value(Value::List{"x", "a"}), Value{}}}));
    CHECK(imported(lines(4))->op(0).key == Value("a"));
    for (const auto format : {HistoryFormat::jsonl, HistoryFormat::edn, HistoryFormat::csv}) {
        const std::string written = exported({.history = *history}, format);
        const auto reread = import_history(
            *text_source(written), "h", {.format = format, .namespaces = Namespaces::separate});
        INFO(written << (reread ? "" : reread.error().text()));
        REQUIRE(reread);
        CHECK(reread->has_namespaces);
        for (OpId id = 0; id < 3; ++id) {
            CHECK(reread->record.history.op(id).key == history->op(id).key);
            CHECK(reread->record.history.op(id).arg == history->op(id).arg);
            CHECK(reread->record.history.op(id).ret == history->op(id).ret);
        }
    }
    std::istringstream elsewhere(lines(1) +
                                 R"({"process":1,"type":"ok","f":"write","ns":"y","key":"a"})");
    const auto refused = import_jsonl(elsewhere, "h.jsonl", Namespaces::separate);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text() ==
          "h.jsonl:2: 'ok' in namespace \"y\"\n  expected namespace \"x\", as invoked in line 1");
}

TEST_CASE("import keeps the events of others for display", "[store]") {
    std::istringstream in(
        R"({"process":"nemesis","type":"info","f":"start","value":["n1"],"time":5})");
    const auto record = import_jsonl_record(in, "h.jsonl");
    REQUIRE(record);
    REQUIRE(record->events.size() == 1);
    CHECK(record->events[0].t == 5);
    CHECK(record->events[0].kind == "nemesis");
    CHECK(record->events[0].fields.at("value") == Value(R"(["n1"])"));
}

TEST_CASE("import refuses what is not a history", "[store]") {
    const std::string invoke = R"({"process":1,"type":"invoke","f":"read","key":"a"})"
                               "\n";
    const auto [text, message] = GENERATE_COPY(table<std::string, std::string>({
        {invoke + "{\"process\":1,",
         "h.jsonl:2: not JSON at column 14\n  expected one JSON object a line"},
        {"[1]", "h.jsonl:1: [1] is not an object\n  expected one JSON object a line"},
        {R"({"type":"ok"})", "h.jsonl:1: there is no 'process'\n  expected an integer"},
        {R"({"process":1,"type":"ok"})", "h.jsonl:1: there is no 'f'\n  expected a text"},
        {R"({"process":1,"type":7,"f":"read"})", "h.jsonl:1: 'type' is 7\n  expected a text"},
        {R"({"process":1,"type":"done","f":"read"})",
         "h.jsonl:1: the type is 'done'\n  expected invoke, ok, fail or info"},
        {R"({"process":-1,"type":"invoke","f":"read"})",
         "h.jsonl:1: 'process' is -1\n  expected an integer from 0 to 2^31-1"},
        {R"({"process":1,"type":"ok","f":"read"})",
         "h.jsonl:1: 'ok' without an open operation\n  expected the invoke of this process before "
         "it"},
        {invoke + invoke,
         "h.jsonl:2: process 1 invokes a second operation while that of line 1 is open\n  expected "
         "ok, fail or info of the first"},
        {invoke + R"({"process":1,"type":"ok","f":"write","key":"a"})",
         "h.jsonl:2: 'ok' of 'write'\n  expected f 'read', as invoked in line 1"},
        {invoke + R"({"process":1,"type":"ok","f":"read","key":"b"})",
         "h.jsonl:2: 'ok' of key \"b\"\n  expected key \"a\", as invoked in line 1"},
        {invoke +
             R"({"process":1,"type":"info","f":"read","key":"a"})"
             "\n" +
             invoke,
         "h.jsonl:3: process 1 goes on after its info\n  expected another process number: what it "
         "did in line 2 may still take effect"},
        {R"({"process":1,"type":"invoke","f":"write","value":1.5})",
         "h.jsonl:1: 'value' is 1.5\n  expected integers of 64 bits, texts, booleans, null, and "
         "lists of these"},
        {R"({"process":1,"type":"invoke","f":"write","value":9223372036854775808})",
         "h.jsonl:1: 'value' is 9223372036854775808\n  expected integers of 64 bits, texts, "
         "booleans, null, and lists of these"},
        {R"({"process":1.5,"type":"invoke","f":"read"})",
         "h.jsonl:1: 'process' is 1.5\n  expected an integer from 0 to 2^31-1"},
        {R"({"process":1,"type":"invoke","f":"read","f":"write"})",
         "h.jsonl:1: 'f' stands twice\n  expected it once"},
        {R"({"process":1,"type":"invoke","f":"write","key":true})",
         "h.jsonl:1: 'key' is true\n  expected a 64-bit integer or a text"},
        {R"({"process":1,"type":"invoke","f":"read","time":"noon"})",
         "h.jsonl:1: 'time' is \"noon\"\n  expected a 64-bit integer"},
        {R"({"process":1,"type":"invoke","f":"txn","value":[["x",1,2]]})",
         "h.jsonl:1: 'value' is [[\"x\",1,2]]\n  expected a transaction: [[\"r\", key, null], "
         "[\"w\", key, value], …]"},
    }));
    const auto history = imported(text);
    REQUIRE_FALSE(history);
    CHECK(history.error().text() == message);
    CHECK(history.error().kind == ErrorKind::usage);
}

} // namespace
} // namespace faultlab::store_test
