#include "tests/support/catch.hpp"

#include <faultlab/checker.hpp>

#include <chrono>

using namespace faultlab;

namespace {

Value step(const char* f, const char* key, Value value) {
    return Value::List{f, key, std::move(value)};
}

} // namespace

TEST_CASE("a program writes transactions as lists of steps") {
    const auto verdict_when_read = [](int seen) {
        Recorder recorder;
        const auto write = recorder.invoke(1, "txn", {}, Value::List{step("w", "x", 1)});
        recorder.ok(write, Value::List{step("w", "x", 1)});
        const auto read = recorder.invoke(2, "txn", {}, Value::List{step("r", "x", {})});
        recorder.ok(read, Value::List{step("r", "x", seen)});
        const auto report = check(recorder, {.model = "multi-register"});
        REQUIRE(report);
        return report->verdict;
    };
    CHECK(verdict_when_read(1) == Verdict::valid);
    CHECK(verdict_when_read(2) == Verdict::invalid);
}

TEST_CASE("a timeout may be as long as a duration can say") {
    Recorder recorder;
    recorder.ok(recorder.invoke(1, "write", "k", 1));
    const auto report =
        check(recorder, {.model = "register", .timeout = std::chrono::milliseconds::max()});
    REQUIRE(report);
    CHECK(report->verdict == Verdict::valid);
}
