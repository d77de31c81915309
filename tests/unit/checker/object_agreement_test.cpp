#include "tests/support/catch.hpp"
#include "tests/unit/checker/object_agreement.hpp"

// The object models against a brute-force reference on random histories: the verdict, the witness
// of every valid history, and the certificate of every invalid one.

using namespace faultlab;

namespace {

void expect_agreement(std::string_view model, int histories) {
    const int kinds = static_cast<int>(object_histories(model).size());
    const ObjectAgreement result = compare_object(model, histories / kinds, 20240611);
    INFO("first disagreement: " << result.first);
    CHECK(result.disagreements == 0);
    CHECK(result.valid + result.invalid == histories / kinds * kinds);
    CHECK(result.valid >= histories / 5);
    CHECK(result.invalid >= histories / 10);
    CHECK(result.by_search > 0);
}

constexpr int histories_each = 10'000;
constexpr int histories_at_length = 1'000'000;

} // namespace

TEST_CASE("10,000 random histories: counter agrees with brute force") {
    expect_agreement("counter", histories_each);
}
TEST_CASE("10,000 random histories: set agrees with brute force") {
    expect_agreement("set", histories_each);
}
TEST_CASE("10,000 random histories: queue agrees with brute force") {
    expect_agreement("queue", histories_each);
}
TEST_CASE("10,000 random histories: stack agrees with brute force") {
    expect_agreement("stack", histories_each);
}
TEST_CASE("10,000 random histories: mutex agrees with brute force") {
    expect_agreement("mutex", histories_each);
}
TEST_CASE("10,000 random histories: multi-register agrees with brute force") {
    expect_agreement("multi-register", histories_each);
}

TEST_CASE("a million random histories: counter agrees with brute force", "[.][objects_at_length]") {
    expect_agreement("counter", histories_at_length);
}
TEST_CASE("a million random histories: set agrees with brute force", "[.][objects_at_length]") {
    expect_agreement("set", histories_at_length);
}
TEST_CASE("a million random histories: queue agrees with brute force", "[.][objects_at_length]") {
    expect_agreement("queue", histories_at_length);
}
TEST_CASE("a million random histories: stack agrees with brute force", "[.][objects_at_length]") {
    expect_agreement("stack", histories_at_length);
}
TEST_CASE("a million random histories: mutex agrees with brute force", "[.][objects_at_length]") {
    expect_agreement("mutex", histories_at_length);
}
TEST_CASE("a million random histories: multi-register agrees with brute force",
          "[.][objects_at_length]") {
    expect_agreement("multi-register", histories_at_length);
}
