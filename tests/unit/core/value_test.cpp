#include "core/value.hpp"
#include "tests/support/catch.hpp"

using faultlab::MicroOp;
using faultlab::Value;

TEST_CASE("absent, false, zero, empty text and empty list are different values") {
    const std::vector<Value> values = {
        Value{}, Value{false}, Value{0}, Value{""}, Value{Value::List{}}};
    for (std::size_t i = 0; i < values.size(); ++i) {
        for (std::size_t j = 0; j < values.size(); ++j) {
            CHECK((values[i] == values[j]) == (i == j));
            CHECK((values[i] < values[j]) == (i < j));
        }
    }
}

TEST_CASE("values go through JSON and come back") {
    for (const char* json : {"null",
                             "true",
                             "0",
                             "-9223372036854775808",
                             "9223372036854775807",
                             "\"a\\\"b\\u0001\"",
                             "[1,[null,\"x\"],false]"}) {
        const auto value = faultlab::value_from_json(json);
        REQUIRE(value.ok());
        CHECK(faultlab::to_json(*value) == json);
    }
}

TEST_CASE("what is no value is refused with a reason") {
    for (const char* json : {"", "{", "{\"a\":1}", "1.5", "9223372036854775808"}) {
        const auto value = faultlab::value_from_json(json);
        REQUIRE_FALSE(value.ok());
        CHECK_FALSE(value.error().message.empty());
    }
}

TEST_CASE("a transaction is written as triples") {
    const Value value{Value::Transaction{{"r", "x", {}}, {"append", "y", 3}}};
    CHECK(faultlab::to_json(value) == R"([["r","x",null],["append","y",3]])");
}

TEST_CASE("long values are cut in the middle for people, between characters") {
    const Value value{std::string(1000, 'a') + "€" + std::string(1000, 'b')};
    const std::string text = faultlab::to_text(value, 40);
    CHECK(text.size() < 80);
    CHECK(text.find("(2005 bytes)") != std::string::npos);
    CHECK(faultlab::to_text(Value{}) == "absent");
}
