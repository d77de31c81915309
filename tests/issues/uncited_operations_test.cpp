#include "checker/catalogue.hpp"
#include "core/store/import.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace faultlab;

// A lock whose owners are not named needs all of its operations: which release belongs to which
// acquire is open. Of many only those beside the divergence were shown, and it was said that none
// of these could be left out, though they alone were legal.
TEST_CASE("A proof says how many operations of it are not shown", "[issues]") {
    std::string text;
    const auto add = [&text](int process, const char* f) {
        for (const char* type : {"invoke", "ok"}) {
            text += R"({"process":)" + std::to_string(process) + R"(,"type":")" + type +
                    R"(","f":")" + f + R"(","value":null})" + "\n";
        }
    };
    for (int pair = 0; pair < 5; ++pair) {
        add(0, "acquire");
        add(0, "release");
    }
    add(0, "acquire");
    add(1, "acquire");
    const auto read = import_history(*text_source(text), "h");
    const auto checker =
        find_checker("linearizability").value()->make({{"model", "mutex"}}).value();
    const CheckResult result = checker->check(read.value().record, Budget{});
    REQUIRE(result.verdict == Verdict::invalid);
    const Finding& finding = result.findings.front();
    CHECK(finding.divergence == 11);
    CHECK_FALSE(finding.minimal);
    REQUIRE(finding.details.contains("besides"));
    CHECK(*finding.details.at("besides").integer() ==
          12 - static_cast<std::int64_t>(finding.ops.size()));
}
