#include "core/history.hpp"
#include "tests/support/catch.hpp"

using namespace faultlab;

TEST_CASE("operations come back as they were added, grouped by key") {
    HistoryBuilder builder;
    builder.add({.process = 1,
                 .f = "write",
                 .key = "x",
                 .arg = 1,
                 .inv_index = 0,
                 .ret_index = 3,
                 .status = OpStatus::ok});
    builder.add({.process = 2,
                 .f = "read",
                 .key = "y",
                 .ret = 0,
                 .inv_index = 1,
                 .ret_index = 2,
                 .status = OpStatus::ok});
    builder.add({.process = 2,
                 .f = "read",
                 .key = "x",
                 .inv_index = 4,
                 .status = OpStatus::info,
                 .error = "timeout"});
    const History history = builder.build();
    REQUIRE(history.size() == 3);
    REQUIRE(history.keys().size() == 2);
    CHECK(history.value(history.keys()[0]) == Value("x"));
    CHECK(std::vector<OpId>(history.ops_of_key(0).begin(), history.ops_of_key(0).end()) ==
          std::vector<OpId>{0, 2});
    CHECK(history.op(1).ret == Value(0));
    CHECK(history.op(2).ret == Value());
    CHECK(history.op(2).ret_index == never);
    CHECK(history.op(2).error == "timeout");
    CHECK(history.ret()[2] == 0);
}

TEST_CASE("a history out of order is a bug") {
    HistoryBuilder builder;
    builder.add({.f = "read", .inv_index = 5, .status = OpStatus::info});
    CHECK_THROWS_AS(builder.add({.f = "read", .inv_index = 4, .status = OpStatus::info}), Bug);
    CHECK_THROWS_AS(builder.add({.f = "read", .inv_index = 6, .status = OpStatus::ok}), Bug);
}
