#include "tests/support/catch.hpp"
#include "tests/unit/checker/story.hpp"

#include <optional>
#include <string>
#include <vector>

using namespace faultlab;

namespace {

Record with_logs(std::vector<std::optional<std::string>> texts) {
    Record record;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        LogFile log{.node = static_cast<NodeId>(i), .path = "n" + std::to_string(i + 1) + ".log"};
        log.text = std::move(texts[i]);
        record.logs.push_back(std::move(log));
    }
    return record;
}

CheckResult scan(std::string text, const Options& options = {}) {
    return check_with(with_logs({std::move(text)}), "log-patterns", options);
}

/// Whether the pattern matches somewhere in the line: every way to spread '*' is tried.
bool matches_here(std::string_view line, std::string_view pattern) {
    if (pattern.empty()) return true;
    if (pattern[0] == '*') {
        for (std::size_t skip = 0; skip <= line.size(); ++skip)
            if (matches_here(line.substr(skip), pattern.substr(1))) return true;
        return false;
    }
    return !line.empty() && line[0] == pattern[0] &&
           matches_here(line.substr(1), pattern.substr(1));
}

bool matches_somewhere(std::string_view line, std::string_view pattern) {
    for (std::size_t from = 0; from <= line.size(); ++from)
        if (matches_here(line.substr(from), pattern)) return true;
    return false;
}

std::string random_text(Rng& rng, std::string_view letters, std::uint64_t longest) {
    std::string text;
    for (std::uint64_t i = rng.below(longest + 1); i > 0; --i)
        text += letters[rng.below(letters.size())];
    return text;
}

} // namespace

TEST_CASE("10,000 random lines: patterns match as trying all ways does") {
    Rng rng(9);
    int found = 0;
    for (int i = 0; i < 10'000; ++i) {
        const std::string line = random_text(rng, "ab", 8);
        const std::string pattern = "a" + random_text(rng, "ab*", 3);
        const bool expected = matches_somewhere(line, pattern);
        INFO("'" << line << "' '" << pattern << "'");
        const CheckResult result = scan(line + "\n", {{"patterns", pattern}});
        REQUIRE(result.verdict == (expected ? Verdict::invalid : Verdict::valid));
        found += expected ? 1 : 0;
    }
    CHECK(found > 1'000);
    CHECK(found < 9'000);
}

TEST_CASE("a forbidden line is told with its node, file and number") {
    const CheckResult result =
        check_with(with_logs({"all is well\n", "begin\nx.cpp:3: Assertion 'a < b' failed.\nend"}),
                   "log-patterns");
    CHECK(result.verdict == Verdict::invalid);
    CHECK(result.reason == "line 2 of n2.log is: x.cpp:3: Assertion 'a < b' failed.");
    REQUIRE(result.findings.size() == 1);
    CHECK(result.findings[0].details.at("node") == Value(1));
    CHECK(result.statistics.at("matches") == Value(Value::List{Value::List{1, "n2.log", 2}}));
    CHECK(result.statistics.at("line_count") == Value(4));
}

TEST_CASE("what is ignored is no match") {
    const Options options = {{"patterns", "panic|ERROR"}, {"ignore", "ERROR*expected"}};
    CHECK(scan("ERROR: it was expected\n", options).verdict == Verdict::valid);
    CHECK(scan("ERROR: it was not\n", options).verdict == Verdict::invalid);
    CHECK(scan("kernel panic\n", options).verdict == Verdict::invalid);
}

TEST_CASE("logs that are not there prove nothing") {
    CHECK(check_with(with_logs({}), "log-patterns").reason == "no log was collected");
    const CheckResult unread = check_with(with_logs({"fine\n", std::nullopt}), "log-patterns");
    CHECK(unread.verdict == Verdict::unknown);
    CHECK(unread.reason == "the log n2.log was not read");
    CHECK(check_with(with_logs({"panic: x\n", std::nullopt}), "log-patterns").verdict ==
          Verdict::invalid);
    CHECK(scan("panic: x\n", {{"patterns", ""}}).verdict == Verdict::unknown);
}

TEST_CASE("a log is scanned line by line, once") {
    std::string text;
    for (int i = 0; i < 5'000; ++i)
        text += "panic: again\n";
    const CheckResult result = scan(text);
    CHECK(result.statistics.at("count") == Value(5'000));
    CHECK(result.statistics.at("steps") == Value(5'000));
    CHECK(result.findings.size() == 8);
}
