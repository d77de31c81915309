#include "checker/catalogue.hpp"
#include "core/store/import.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

using namespace faultlab;

namespace {

/// One operation, all by itself.
std::string operation(const char* f, const char* asked, const char* told) {
    const std::string head = fmt::format(R"({{"process":0,"f":"{}","type":)", f);
    return fmt::format("{0}\"invoke\",\"value\":{1}}}\n{0}\"ok\",{2}}}\n", head, asked, told);
}

std::string refusal(const char* f, const char* asked, const char* told) {
    const auto read = import_history(*text_source(operation(f, asked, told)), "h");
    return read ? "" : read.error().text();
}

Verdict judged_with_versions(const char* f, const char* asked, const char* told) {
    const auto read = import_history(*text_source(operation(f, asked, told)), "h");
    const auto checker =
        find_checker("linearizability").value()->make({{"model", "versioned-register"}}).value();
    return checker->check(read.value().record, Budget{}).verdict;
}

} // namespace

// An ok with a `ret` was judged by that alone. A client that says in `value` what it was told, and
// beside it that the operation was done, lost what it was told: anything passed.
TEST_CASE("An answer in 'value' is read beside a 'ret'", "[issues]") {
    CHECK(judged_with_versions("cas", "[0,1]", R"("value":[1,1],"ret":true)") == Verdict::valid);
    CHECK(judged_with_versions("cas", "[0,1]", R"("value":[1,9],"ret":true)") == Verdict::invalid);
    CHECK(judged_with_versions("write", "1", R"("value":[1,9],"ret":true)") == Verdict::invalid);
    CHECK(judged_with_versions("write", "1", R"("value":1,"ret":true)") == Verdict::valid);
}

TEST_CASE("Two answers are refused", "[issues]") {
    CHECK(refusal("read", "null", R"("value":7,"ret":1)") ==
          "h:2: 'value' is 7 and 'ret' is 1\n"
          "  expected one answer of the read: beside 'ret', 'value' is its argument or null");
    CHECK_FALSE(refusal("dequeue", "null", R"("value":7,"ret":null)").empty());
    CHECK_FALSE(refusal("cas", "[1,2]", R"("value":[9,9],"ret":false)").empty());
    CHECK_FALSE(refusal("contains", "1", R"("value":2,"ret":false)").empty());
    CHECK(refusal("contains", "1", R"("value":1,"ret":false)").empty());
    CHECK(refusal("cas", "[1,2]", R"("value":null,"ret":false)").empty());
}

// [0, 0] in the ok of a cas was taken for its argument, repeated. Where versions are compared it
// says that version 0 was made.
TEST_CASE("The argument of a cas, repeated, may be an answer", "[issues]") {
    CHECK(judged_with_versions("cas", "[0,0]", R"("value":[0,0])") == Verdict::invalid);
    CHECK(judged_with_versions("cas", "[0,0]", R"("value":[0,1])") == Verdict::valid);
    CHECK(judged_with_versions("cas", "[0,0]", R"("value":null)") == Verdict::valid);
}
