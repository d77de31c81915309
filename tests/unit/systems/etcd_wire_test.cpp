#include "core/rng.hpp"
#include "systems/etcd/wire.hpp"
#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

#include <limits>

using namespace faultlab;
using namespace faultlab::etcd;
using Json = nlohmann::json;

TEST_CASE("base64 agrees with the examples of RFC 4648 and comes back") {
    const auto [plain, coded] = GENERATE(table<std::string, std::string>({{"", ""},
                                                                          {"f", "Zg=="},
                                                                          {"fo", "Zm8="},
                                                                          {"foo", "Zm9v"},
                                                                          {"foob", "Zm9vYg=="},
                                                                          {"fooba", "Zm9vYmE="},
                                                                          {"foobar", "Zm9vYmFy"}}));
    CHECK(to_base64(plain) == coded);
    CHECK(from_base64(coded) == plain);
}

TEST_CASE("random bytes survive base64") {
    Rng rng(5);
    for (int i = 0; i < 500; ++i) {
        std::string bytes(rng.below(70), '\0');
        for (char& c : bytes)
            c = static_cast<char>(rng.below(256));
        CHECK(from_base64(to_base64(bytes)) == bytes);
    }
}

TEST_CASE("what is no base64 is refused") {
    const std::string text =
        GENERATE(as<std::string>{}, "Z", "Zg", "Zg=", "Zm9-", "=m9v", "Zg==Zg==", "Zm 9");
    CHECK_FALSE(from_base64(text).has_value());
}

TEST_CASE("values come back exactly, and different values are stored as different bytes") {
    const std::vector<Value> values = {
        Value{},
        false,
        true,
        0,
        -1,
        std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min(),
        "",
        "0",
        "null",
        "</script>\"\\\n\x01",
        std::string("nul\0inside", 10),
        "€ and 𝄞",
        std::string("\xff\xfe not UTF-8"),
        std::string("\xc3"),
        std::string("\xff"),
        "\xef\xbf\xbd",
        std::string(1 << 20, 'v'),
        Value::List{},
        Value::List{0, Value{}, "x"},
    };
    for (std::size_t i = 0; i < values.size(); ++i) {
        CHECK((value_of_bytes(value_bytes(values[i])) == values[i]));
        for (std::size_t j = 0; j < i; ++j) {
            CHECK((value_bytes(values[i]) != value_bytes(values[j])));
            CHECK((key_bytes(values[i]) != key_bytes(values[j])));
        }
    }
}

TEST_CASE("requests are JSON that says what is meant") {
    const std::string k = to_base64("faultlab/\"k\"");
    CHECK(Json::parse(range_request("k", false)) == Json{{"key", k}, {"serializable", false}});
    CHECK(Json::parse(range_request("k", true)) == Json{{"key", k}, {"serializable", true}});
    CHECK(Json::parse(put_request("k", 7)) == Json{{"key", k}, {"value", to_base64("7")}});
    const Json put = {{"request_put", {{"key", k}, {"value", to_base64("8")}}}};
    const Json range = {{"request_range", {{"key", k}}}};
    CHECK(Json::parse(versioned_put_request("k", 8)) ==
          Json{{"success", Json::array({put, range})}});
    const Json is_seven = {
        {"key", k}, {"target", "VALUE"}, {"result", "EQUAL"}, {"value", to_base64("7")}};
    CHECK(Json::parse(compare_value_request("k", 7, 8)) ==
          Json{{"compare", Json::array({is_seven})}, {"success", Json::array({put})}});
    const Json is_absent = {
        {"key", k}, {"target", "VERSION"}, {"result", "EQUAL"}, {"version", "0"}};
    CHECK(Json::parse(compare_value_request("k", Value{}, 8)) ==
          Json{{"compare", Json::array({is_absent})}, {"success", Json::array({put})}});
    CHECK(Json::parse(compare_version_request("k", 0, 8)) ==
          Json{{"compare", Json::array({is_absent})}, {"success", Json::array({put, range})}});
}

TEST_CASE("answers are read, and what is none is not") {
    CHECK(entry_of_range(R"({"header":{}})") == Entry{});
    CHECK(entry_of_range(R"({"header":{},"kvs":[{"key":"eA==","version":"3","value":"Nw=="}]})") ==
          Entry{.value = 7, .version = 3});
    CHECK(count_of_range(R"({"header":{},"count":"2"})") == 2);
    CHECK(count_of_range(R"({"header":{}})") == 0);
    const std::string bad = GENERATE(
        as<std::string>{},
        "",
        "{}",
        R"({"header":{},"kvs":7})",
        R"({"header":{},"kvs":[]})",
        R"({"header":{},"kvs":[{"version":"3","value":7}]})",
        R"({"header":{},"kvs":[{"version":"x","value":"Nw=="}]})",
        R"({"header":{},"kvs":[{"value":"Nw=="}]})",
        R"({"header":{},"kvs":[{"version":"1","value":"7"}]})",
        R"({"header":{},"kvs":[{"version":"1","value":"Nw=="},{"version":"1","value":"Nw=="}]})");
    CAPTURE(bad);
    CHECK_FALSE(entry_of_range(bad).has_value());
}

TEST_CASE("bytes that the lab did not write are seen, not passed over") {
    const auto seen = [](const std::string& rest) {
        const auto entry = entry_of_range(R"({"header":{},"kvs":[{"version":"3")" + rest + "}]}");
        REQUIRE(entry.has_value());
        CHECK(entry->version == 3);
        return entry->value;
    };
    CHECK(seen("") == Value("bytes that the lab did not write: ''"));
    for (const std::string bytes : {"\x7f", "{}", "7 8", "1.5", "\"torn"}) {
        CHECK(seen(R"(,"value":")" + to_base64(bytes) + '"') ==
              Value("bytes that the lab did not write: '" + bytes + "'"));
    }
}

TEST_CASE("the answer of a transaction tells success and the entry it read") {
    const auto failed = answer_of_txn(R"({"header":{}})");
    REQUIRE(failed.has_value());
    CHECK_FALSE(failed->succeeded);
    CHECK_FALSE(failed->entry.has_value());
    const auto done =
        answer_of_txn(R"({"header":{},"succeeded":true,"responses":[{"response_put":{}},)"
                      R"({"response_range":{"kvs":[{"version":"4","value":"Nw=="}]}}]})");
    REQUIRE(done.has_value());
    CHECK(done->succeeded);
    CHECK(done->entry == Entry{.value = 7, .version = 4});
    const std::string bad = GENERATE(as<std::string>{},
                                     R"({"header":{},"succeeded":"yes"})",
                                     R"({"header":{},"responses":{}})",
                                     R"({"header":{},"responses":[7]})",
                                     R"({"header":{},"responses":[{"response_range":7}]})");
    CAPTURE(bad);
    CHECK_FALSE(answer_of_txn(bad).has_value());
}

TEST_CASE("status and members are read with all their 64 bits") {
    const auto status = answer_of_status(
        R"({"header":{"member_id":"18446744073709551615"},"leader":"9223372036854775808",)"
        R"("raftIndex":"12","raftTerm":"3","raftAppliedIndex":"11"})");
    REQUIRE(status.has_value());
    CHECK(status->member == 18446744073709551615U);
    CHECK(status->leader == 9223372036854775808U);
    CHECK(status->term == 3);
    CHECK(status->committed == 12);
    CHECK(status->applied == 11);
    CHECK_FALSE(answer_of_status(R"({"header":{"member_id":"-1"}})").has_value());
    const auto members = answer_of_member_list(
        R"({"header":{},"members":[{"ID":"5","peerURLs":["http://10.0.0.1:2380"]}]})");
    REQUIRE(members.has_value());
    REQUIRE(members->size() == 1);
    CHECK(members->front().id == 5);
    CHECK(members->front().peer_url == "http://10.0.0.1:2380");
    CHECK_FALSE(answer_of_member_list(R"({"header":{},"members":[{"ID":"5"}]})").has_value());
}
