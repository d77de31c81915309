#include "checker/catalogue.hpp"
#include "core/store/import.hpp"
#include "tests/support/catch.hpp"

#include <string>
#include <vector>

using namespace faultlab;

namespace {

std::string line(int process, const char* type, const char* f) {
    return R"({"process":)" + std::to_string(process) + R"(,"type":")" + type + R"(","f":")" + f +
           R"(","value":null})" + "\n";
}

std::string done(int process, const char* f) {
    return line(process, "invoke", f) + line(process, "ok", f);
}

std::string turns(int count) {
    std::string text;
    for (int i = 0; i < count; ++i)
        text += done(0, "acquire") + done(0, "release");
    return text;
}

/// Of a lock that is none.
Finding finding_of(const std::string& text) {
    const auto read = import_history(*text_source(text), "h");
    const auto checker =
        find_checker("linearizability").value()->make({{"model", "mutex"}}).value();
    const CheckResult result = checker->check(read.value().record, Budget{});
    REQUIRE(result.verdict == Verdict::invalid);
    return result.findings.front();
}

} // namespace

// A lock whose owners are not named needs all of its operations: which release belongs to which
// acquire is open. Of many only those beside the divergence were shown, and it was said that none
// of these could be left out, though they alone were legal.
TEST_CASE("A proof says how many operations of it are not shown", "[issues]") {
    // The first release is of unknown outcome, so that the lock is surely free at no instant.
    const Finding finding =
        finding_of(line(9, "invoke", "release") + turns(5) + done(0, "acquire") +
                   done(1, "acquire") + done(2, "acquire"));
    CHECK(finding.divergence == 13);
    CHECK_FALSE(finding.minimal);
    REQUIRE(finding.details.contains("besides"));
    CHECK(*finding.details.at("besides").integer() ==
          14 - static_cast<std::int64_t>(finding.ops.size()));
}

// What happened before an instant at which the lock was surely free is no part of the proof.
TEST_CASE("A proof begins when a lock was last free", "[issues]") {
    const Finding finding = finding_of(turns(5) + done(0, "acquire") + done(1, "acquire"));
    CHECK(finding.ops == std::vector<OpId>{10, 11});
    CHECK(finding.divergence == 11);
    CHECK(finding.minimal);
    CHECK_FALSE(finding.details.contains("besides"));
}

// Eight operations of a lock without owners were shown, and it was said that none of them could be
// left out, though an acquire and its release could.
TEST_CASE("A proof that can be smaller is not said to be minimal", "[issues]") {
    const Finding finding = finding_of(line(9, "invoke", "acquire") + done(0, "release") +
                                       turns(1) + done(0, "acquire") + done(1, "acquire"));
    CHECK(finding.ops.size() == 6);
    CHECK_FALSE(finding.minimal);
}
