#include "core/store/export.hpp"
#include "core/store/import.hpp"
#include "tests/support/catch.hpp"

#include <sstream>

using namespace faultlab;

// An operation may have the empty text as its f. In CSV that was an empty cell, which is an absent
// field: what was exported was refused when it was read.
TEST_CASE("An operation without a name is exported and read again", "[issues]") {
    const auto format = GENERATE(HistoryFormat::jsonl, HistoryFormat::edn, HistoryFormat::csv);
    const auto before =
        import_history(*text_source(R"({"process":3,"type":"invoke","f":""})"), "h.jsonl");
    REQUIRE(before);
    std::ostringstream out;
    REQUIRE(export_history(before->record, format, out));
    const auto after = import_history(*text_source(out.str()), "h", {.format = format});
    INFO(out.str());
    REQUIRE(after);
    CHECK(after->record.history.op(0).f.empty());
}
