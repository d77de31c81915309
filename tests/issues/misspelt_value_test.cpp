#include "core/store/import.hpp"
#include "tests/support/catch.hpp"

using namespace faultlab;

namespace {

std::string refusal(const char* text, HistoryFormat format = HistoryFormat::jsonl) {
    const auto read = import_history(*text_source(text), "h", {.format = format});
    return read ? "" : read.error().text();
}

} // namespace

// Unknown fields are ignored, and an absent value was null. So a misspelt one read as nothing was
// there, and a history of such answers was judged.
TEST_CASE("A value that is not there is no null, where the operation has one", "[issues]") {
    CHECK(refusal(R"({"process":0,"type":"invoke","f":"write","vlaue":1})") ==
          "h:1: there is no 'value'; 'vlaue' is no field of ours\n"
          "  expected what the write is of, be it null");
    CHECK(refusal(R"({"process":0,"type":"invoke","f":"read"}
{"process":0,"type":"ok","f":"read","vlaue":1})") ==
          "h:2: there is no 'value'; 'vlaue' is no field of ours\n"
          "  expected what the read was answered, be it null");
    CHECK(refusal("{:process 0, :type :invoke, :f :cas}", HistoryFormat::edn) ==
          "h:1: there is no 'value'\n  expected what the cas is of, be it null");
    CHECK(refusal("process,type,f\n0,invoke,write\n", HistoryFormat::csv) ==
          "h:2: there is no 'value'\n  expected what the write is of, be it null");
}

TEST_CASE("A value may be null, and absent where an operation has none", "[issues]") {
    CHECK(refusal(R"({"process":0,"type":"invoke","f":"read","index":0}
{"process":0,"type":"ok","f":"read","value":null,"index":1}
{"process":0,"type":"invoke","f":"delete","key":1}
{"process":0,"type":"ok","f":"delete","key":1}
{"process":0,"type":"invoke","f":"write","value":2}
{"process":0,"type":"fail","f":"write"}
{"process":0,"type":"invoke","f":"read"}
{"process":0,"type":"info","f":"read"})")
              .empty());
    CHECK(
        refusal("process,type,f,value\n0,invoke,read,\n0,ok,read,\n", HistoryFormat::csv).empty());
}
