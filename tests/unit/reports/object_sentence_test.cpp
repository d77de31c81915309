#include "checker/catalogue.hpp"
#include "checker/judge.hpp"
#include "core/checker.hpp"
#include "reports/sentence.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/record_builder.hpp"

#include <string>
#include <vector>

using namespace faultlab;

namespace {

using Call = test::RecordBuilder::Call;

/// The sentence for the first finding of the checker, with the model.
std::string told(const std::string& model, const std::vector<Call>& calls) {
    test::RecordBuilder builder;
    for (const Call& call : calls)
        builder.op(call);
    const Record record = builder.build();
    const CheckResult result =
        judge_one(record, {.name = "linearizability", .options = {{"model", model}}}, Budget{});
    REQUIRE(result.verdict == Verdict::invalid);
    return sentence_of(record, result.findings.at(0), result.reason);
}

} // namespace

TEST_CASE("what only the replicas' logs deny is not told as what a client was told") {
    const auto sentence = [](OpStatus seen) {
        test::RecordBuilder builder;
        builder.op({1, 0, "write", "k", 99, {}, 1, 2, seen}).op({2, 0, "read", "k", {}, 99, 3, 4});
        Finding finding{.checker = "linearizability", .anomaly = "nonlinearizable", .key = "k"};
        finding.ops = {1};
        finding.divergence = 1;
        finding.details = {{"class", "value_never_written"}, {"observer", 1}, {"failed_writer", 0}};
        return sentence_of(builder.build(), finding, "");
    };
    CHECK(sentence(OpStatus::fail)
              .ends_with("the write of 99 by client 1 was reported as failed, but it was done."));
    CHECK(sentence(OpStatus::info)
              .ends_with("the write of 99 by client 1 was shown by the replicas' logs not to have "
                         "happened, but it "
                         "was done."));
}

TEST_CASE("a value that was lost from a queue is told with the one that overtook it") {
    CHECK(told("queue",
               {{1, 0, "enqueue", "q", 4, {}, 1, 2},
                {1, 0, "enqueue", "q", 7, {}, 3, 4},
                {2, 0, "dequeue", "q", {}, 7, 5, 6}}) ==
          "Dequeue by client 2 returned 7, but the value of the enqueue of 4 by client 1, added "
          "before it, was never taken.");
}

TEST_CASE("a value that was taken twice is told with both who took it") {
    CHECK(told("stack",
               {{1, 0, "push", "s", 4, {}, 1, 2},
                {2, 0, "pop", "s", {}, 4, 3, 4},
                {3, 0, "pop", "s", {}, 4, 5, 6}}) ==
          "Clients 2 and 3 both took 4, which was added only once.");
}

TEST_CASE("a sum that misses an addition is told with the least that it can be") {
    CHECK(told("counter", {{1, 0, "add", "c", 4, {}, 1, 2}, {2, 0, "read", "c", {}, 3, 3, 4}}) ==
          "Read by client 2 returned 3, but at least 4 had been added before it began.");
}

TEST_CASE("a lock that two hold is told with who had it") {
    CHECK(told("mutex",
               {{1, 0, "acquire", "l", "a", {}, 1, 2}, {2, 0, "acquire", "l", "b", {}, 3, 4}}) ==
          "Acquire of \"b\" by client 2 succeeded while the lock was held since the acquire of "
          "\"a\" by client 1.");
}

TEST_CASE("a violation without a class of its own is told by what does not fit") {
    CHECK(
        told("mutex", {{1, 0, "acquire", "l", {}, {}, 1, 2}, {2, 0, "acquire", "l", {}, {}, 3, 4}})
            .find("the acquire by client 2 is the first that does not fit.") != std::string::npos);
}
