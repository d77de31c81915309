#include "checker/catalogue.hpp"
#include "core/store/import.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

using namespace faultlab;

namespace {

CheckResult judged_as_kv(const std::string& text) {
    const auto imported =
        import_history(*text_source(text), "h.jsonl", {.namespaces = Namespaces::separate});
    const auto checker = find_checker("linearizability").value()->make({{"model", "kv"}}).value();
    return checker->check(imported.value().record, Budget{});
}

/// One operation, all by itself.
std::string operation(const char* f, const char* key, const char* asked, const char* told) {
    const std::string head = fmt::format(R"({{"process":0,"f":"{}","key":{},"type":)", f, key);
    return fmt::format("{0}\"invoke\",\"value\":{1}}}\n{0}\"ok\",{2}}}\n", head, asked, told);
}

} // namespace

// What an update of a map was answered was taken for an acknowledgement, whatever it was. So an
// answer that says that something else was done passed as valid.
TEST_CASE("An answer that does not fit an update of a map is no pass", "[issues]") {
    struct Case {
        const char* f;
        const char* key;
        const char* asked;
        const char* told;
    };
    const Case one =
        GENERATE(Case{"write", "1", "5", R"("value":6)"},
                 Case{"write", "1", "5", R"("ret":false)"},
                 Case{"delete", "1", "null", R"("value":6)"},
                 Case{"delete", "1", "6", R"("value":6)"},
                 Case{"cas", "1", "[null,5]", R"("value":[null,6])"},
                 Case{"cas", "1", "[null,5]", R"("ret":7)"},
                 Case{"add", "1", "5", R"("ret":true)"},
                 Case{"append", "1", R"("a")", R"("value":["a"])"},
                 Case{"read", "1", "5", R"("value":null)"},
                 Case{"scan", "null", "[1,3]", R"("value":[[null,1]])"},
                 Case{"txn", "null", R"([["w",1,5]])", R"("value":[["w",1,6]])"},
                 Case{"txn", "null", R"([["append",1,"a"]])", R"("value":[["append",1,"b"]])"},
                 Case{"txn", "null", R"([["w",null,5]])", R"("value":[["w",null,5]])"},
                 Case{"txn", "null", R"([["r",1,null],["w",1,5]])", R"("value":[["r",1,null]])"},
                 Case{"txn", "null", "[]", R"("value":[["r",1,7]])"},
                 Case{"txn", "2", R"([["r",1,null]])", R"("value":[["r",1,null]])"});
    const std::string text = operation(one.f, one.key, one.asked, one.told);
    INFO(text);
    const CheckResult result = judged_as_kv(text);
    CHECK(result.verdict == Verdict::unknown);
    CHECK(result.reason.find("does not fit model kv") != std::string::npos);
}

TEST_CASE("An update of a map may be acknowledged in several ways", "[issues]") {
    CHECK(judged_as_kv(operation("write", "1", "5", R"("value":5)")).verdict == Verdict::valid);
    CHECK(judged_as_kv(operation("write", "1", "5", R"("ret":true)")).verdict == Verdict::valid);
    CHECK(judged_as_kv(operation("delete", "1", "null", R"("value":null)")).verdict ==
          Verdict::valid);
    CHECK(judged_as_kv(operation("cas", "1", "[null,5]", R"("ret":true)")).verdict ==
          Verdict::valid);
    CHECK(judged_as_kv(operation("cas", "1", "[null,5]", R"("ret":false)")).verdict ==
          Verdict::invalid);
}

// The sum cannot be, whatever was there before.
TEST_CASE("A sum that no addition makes is a violation", "[issues]") {
    CHECK(judged_as_kv(operation("add", "1", "1", R"("value":-9223372036854775808)")).verdict ==
          Verdict::invalid);
    CHECK(judged_as_kv(operation("add", "1", "5", R"("value":6)")).verdict == Verdict::invalid);
}
