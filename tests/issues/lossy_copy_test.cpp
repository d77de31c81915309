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
    CHECK(
        copied(copied(edn, HistoryFormat::edn, HistoryFormat::jsonl),
               HistoryFormat::jsonl,
               HistoryFormat::jsonl) ==
        R"({"process":"nemesis","type":"info","f":"go","value":[[1,[2]]],"why":"#x 1/2","time":5}
{"process":0,"type":"invoke","f":"read","value":null,"time":6,"offsets":"{\"n1\" 0.5}"}
{"process":0,"type":"ok","f":"read","value":3,"time":7}
)");
}
