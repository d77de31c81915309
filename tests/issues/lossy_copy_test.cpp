#include "core/store/export.hpp"
#include "core/store/import.hpp"
#include "tests/support/catch.hpp"

#include <sstream>
#include <string>

using namespace faultlab;

namespace {

std::string copied(const std::string& text, HistoryFormat from, HistoryFormat to) {
    const auto imported =
        import_history(*text_source(text), "h", {.format = from, .keep_all = true});
    INFO(text << (imported ? "" : imported.error().text()));
    REQUIRE(imported);
    std::ostringstream out;
    REQUIRE(export_history(imported->record, to, out, imported->kept));
    return out.str();
}

const std::string history =
    R"({"process":"nemesis","type":"info","f":"start","value":{"a":[1.5,null]},"why":"x/y","time":5}
{"process":0,"type":"invoke","f":"write","key":1,"value":1,"time":6,"latency":1.25,"node":"db-7"}
{"process":0,"type":"ok","f":"write","key":1,"value":1,"time":9,"node":"n2","tag":{"k":"v"}}
{"process":"nemesis","type":"info","f":"stop","value":null,"time":9}
{"process":1,"type":"invoke","f":"write","key":1,"value":2,"time":9}
{"process":1,"type":"info","f":"write","key":1,"value":2,"time":10,"error":"timeout","a \"b\"":[1,"a"]}
)";

} // namespace

// A copy of a file had its operations only: faults, and fields that mean nothing here, were gone.
TEST_CASE("A copy of a file holds all that was in it", "[issues]") {
    CHECK(copied(history, HistoryFormat::jsonl, HistoryFormat::jsonl) == history);
    const std::string table = copied(history, HistoryFormat::jsonl, HistoryFormat::csv);
    CHECK(copied(table, HistoryFormat::csv, HistoryFormat::csv) == table);
    CHECK(copied(table, HistoryFormat::csv, HistoryFormat::jsonl) == history);
}

TEST_CASE("A copy of Jepsen's EDN holds faults and strange fields as they were", "[issues]") {
    const std::string edn =
        R"({:index 0, :time 5, :process :nemesis, :type :info, :f :go, :value {1 #{2}}, :why #x 1/2}
{:index 1, :time 6, :type :invoke, :process 0, :f :read, :value nil, :offsets {"n1" 0.5}}
{:index 2, :time 7, :type :ok, :process 0, :f :read, :value 3}
)";
    CHECK(copied(edn, HistoryFormat::edn, HistoryFormat::edn) == edn);
    CHECK(copied(copied(edn, HistoryFormat::edn, HistoryFormat::jsonl),
                 HistoryFormat::jsonl,
                 HistoryFormat::jsonl) ==
          R"({"process":"nemesis","type":"info","f":"go","value":[[1,[2]]],"why":"#x 1/2","time":5}
{"process":0,"type":"invoke","f":"read","value":null,"time":6,"offsets":{"n1":0.5}}
{"process":0,"type":"ok","f":"read","value":3,"time":7}
)");
}

// An info was written where its time belongs. Without times, or with equal ones, that was behind
// everything that followed it, and the lines of the copy were in another order.
TEST_CASE("An info stays where it was in a copy, whatever the times say", "[issues]") {
    const std::string history =
        R"({"process":0,"type":"invoke","f":"write","key":1,"value":1,"time":0}
{"process":0,"type":"info","f":"write","key":1,"value":1,"time":0}
{"process":"nemesis","type":"info","f":"start","value":null,"time":0}
{"process":1,"type":"invoke","f":"write","key":1,"value":2,"time":7}
{"process":2,"type":"invoke","f":"read","key":1,"value":null,"time":7}
{"process":1,"type":"info","f":"write","key":1,"value":2,"time":7}
{"process":2,"type":"ok","f":"read","key":1,"value":1,"time":7}
{"process":3,"type":"invoke","f":"read","key":1,"value":null,"time":3}
{"process":3,"type":"info","f":"read","key":1,"value":null,"time":9}
{"process":4,"type":"invoke","f":"read","key":1,"value":null,"time":1}
{"process":4,"type":"ok","f":"read","key":1,"value":1,"time":2}
)";
    CHECK(copied(history, HistoryFormat::jsonl, HistoryFormat::jsonl) == history);
    for (const auto format : {HistoryFormat::edn, HistoryFormat::csv}) {
        const std::string other = copied(history, HistoryFormat::jsonl, format);
        CHECK(copied(other, format, HistoryFormat::jsonl) == history);
    }
}

// A map in a field that is none of ours is a list of pairs as a value, and was one in the copy. An
// error without a text was none.
TEST_CASE("Maps and empty errors come back from every format", "[issues]") {
    const std::string text =
        R"({"process":"nemesis","type":"info","f":"go","value":{"a":{"b":[0.5,{}]}},"time":1}
{"process":0,"type":"invoke","f":"read","value":null,"time":2,"m":[1,{"x":null,"y z":[[1,2]]}]}
{"process":0,"type":"fail","f":"read","value":null,"time":3,"error":""}
)";
    for (const auto format : {HistoryFormat::jsonl, HistoryFormat::edn, HistoryFormat::csv}) {
        const std::string other = copied(text, HistoryFormat::jsonl, format);
        CHECK(copied(other, format, HistoryFormat::jsonl) == text);
        CHECK(copied(other, format, format) == other);
    }
    // A map whose keys are no texts has no object to be.
    const std::string edn = "{:index 0, :time 1, :type :invoke, :process 0, :f :read, :value nil, "
                            ":m {1 :a, 2 {:b #{}}}}\n";
    CHECK(
        copied(edn, HistoryFormat::edn, HistoryFormat::jsonl) ==
        R"({"process":0,"type":"invoke","f":"read","value":null,"time":1,"m":[[1,"a"],[2,{"b":[]}]]}
)");
    CHECK(copied(edn, HistoryFormat::edn, HistoryFormat::edn) == edn);
}

// Lists of two were taken for a namespace and a key wherever keys stand.
TEST_CASE("A key that is a list is a list in a copy, and a namespace is one", "[issues]") {
    const std::string text =
        R"({"process":0,"type":"invoke","f":"scan","value":[["a",1],["b",5]],"time":1}
{"process":0,"type":"ok","f":"scan","value":[[["a",2],7]],"time":2}
{"process":0,"type":"invoke","f":"scan","value":[["a",1],["a",5]],"time":3}
{"process":0,"type":"ok","f":"scan","value":[],"time":4}
{"process":0,"type":"invoke","f":"scan","value":[1,5],"time":5,"ns":"a"}
{"process":0,"type":"ok","f":"scan","value":[],"time":6,"ns":"a"}
)";
    CHECK(copied(text, HistoryFormat::jsonl, HistoryFormat::jsonl) == text);
    for (const auto format : {HistoryFormat::edn, HistoryFormat::csv}) {
        const std::string other = copied(text, HistoryFormat::jsonl, format);
        CHECK(copied(other, format, HistoryFormat::jsonl) == text);
    }
}

TEST_CASE("Keys of several namespaces are not exported as keys of one", "[issues]") {
    const std::string text =
        R"({"process":0,"type":"invoke","f":"txn","value":[["w",["a",1],3],["w",[2,1],4]],"time":0}
)";
    const auto imported = import_history(*text_source(text), "h");
    REQUIRE(imported);
    std::ostringstream out;
    REQUIRE(export_history(imported->record, HistoryFormat::jsonl, out));
    CHECK(out.str() == text);
}
