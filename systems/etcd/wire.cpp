#include "systems/etcd/wire.hpp"

#include "core/value.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace faultlab::etcd {
namespace {

using Json = nlohmann::json;

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char raw_text = '\xff';
constexpr std::string_view key_prefix = "faultlab/";

/// An answer of etcd: an object with the header that every answer has. Else null.
Json parse_answer(std::string_view body) {
    Json json = Json::parse(body, nullptr, false);
    if (!json.is_object() || !json.contains("header") || !json["header"].is_object()) return {};
    return json;
}

/// An integer as the gateway writes it, a string; left out when it is 0.
template <class Integer>
std::optional<Integer> integer_of(const Json& object, const char* name) {
    if (!object.contains(name)) return Integer{0};
    const Json& member = object[name];
    if (!member.is_string()) return std::nullopt;
    const auto& text = member.get_ref<const std::string&>();
    Integer number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<Entry> entry_of(const Json& range) {
    if (!range.is_object()) return std::nullopt;
    if (!range.contains("kvs")) return Entry{};
    const Json& pairs = range["kvs"];
    if (!pairs.is_array() || pairs.size() != 1 || !pairs[0].is_object()) return std::nullopt;
    const Json& pair = pairs[0];
    const auto version = integer_of<std::int64_t>(pair, "version");
    if (!version || *version < 1) return std::nullopt;
    // As the gateway writes no 0, it writes no empty bytes.
    if (!pair.contains("value")) return Entry{.value = value_of_bytes({}), .version = *version};
    if (!pair["value"].is_string()) return std::nullopt;
    const auto bytes = from_base64(pair["value"].get_ref<const std::string&>());
    if (!bytes) return std::nullopt;
    return Entry{.value = value_of_bytes(*bytes), .version = *version};
}

std::string put_operation(const std::string& key, const Value& value) {
    return fmt::format(
        R"({{"request_put":{{"key":"{}","value":"{}"}}}})", key, to_base64(value_bytes(value)));
}

std::string range_operation(const std::string& key) {
    return fmt::format(R"({{"request_range":{{"key":"{}"}}}})", key);
}

std::string compare_version(const std::string& key, std::int64_t version) {
    return fmt::format(
        R"({{"key":"{}","target":"VERSION","result":"EQUAL","version":"{}"}})", key, version);
}

} // namespace

std::string to_base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t j = i; j < i + 3; ++j) {
            group = (group << 8U) | (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0U);
        }
        const std::size_t length = std::min<std::size_t>(bytes.size() - i, 3);
        for (std::size_t j = 0; j < 4; ++j) {
            text += j <= length ? alphabet[(group >> (18U - 6U * j)) & 0x3fU] : '=';
        }
    }
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && text.ends_with('=')) {
        text.remove_suffix(1);
        ++padding;
    }
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t group = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const std::size_t digit = alphabet.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        group = (group << 6U) | static_cast<std::uint32_t>(digit);
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes += static_cast<char>((group >> bits) & 0xffU);
    }
    return bytes;
}

std::string value_bytes(const Value& value) {
    std::string json = to_json(value);
    const std::string* text = value.text();
    if (text == nullptr) return json;
    const auto back = value_from_json(json);
    if (back.ok() && *back == value) return json;
    return raw_text + *text;
}

Value value_of_bytes(std::string_view bytes) {
    if (bytes.starts_with(raw_text)) return bytes.substr(1);
    auto value = value_from_json(bytes);
    if (!value.ok()) return fmt::format("bytes that the lab did not write: '{}'", bytes);
    return std::move(*value);
}

std::string key_bytes(const Value& key) {
    return std::string(key_prefix) + value_bytes(key);
}

std::string range_request(const Value& key, bool serializable) {
    return fmt::format(
        R"({{"key":"{}","serializable":{}}})", to_base64(key_bytes(key)), serializable);
}

std::string put_request(const Value& key, const Value& value) {
    return fmt::format(
        R"({{"key":"{}","value":"{}"}})", to_base64(key_bytes(key)), to_base64(value_bytes(value)));
}

std::string versioned_put_request(const Value& key, const Value& value) {
    const std::string name = to_base64(key_bytes(key));
    return fmt::format(
        R"({{"success":[{},{}]}})", put_operation(name, value), range_operation(name));
}

std::string compare_value_request(const Value& key, const Value& from, const Value& to) {
    const std::string name = to_base64(key_bytes(key));
    // A comparison with the value of a key that does not exist fails; absence is version 0.
    const std::string compare =
        from.is_absent()
            ? compare_version(name, 0)
            : fmt::format(R"({{"key":"{}","target":"VALUE","result":"EQUAL","value":"{}"}})",
                          name,
                          to_base64(value_bytes(from)));
    return fmt::format(R"({{"compare":[{}],"success":[{}]}})", compare, put_operation(name, to));
}

std::string compare_version_request(const Value& key, std::int64_t version, const Value& to) {
    const std::string name = to_base64(key_bytes(key));
    return fmt::format(R"({{"compare":[{}],"success":[{},{}]}})",
                       compare_version(name, version),
                       put_operation(name, to),
                       range_operation(name));
}

std::string count_request() {
    // A key and an end of one zero byte each mean every key.
    return R"({"key":"AA==","range_end":"AA==","count_only":true})";
}

std::optional<Entry> entry_of_range(std::string_view body) {
    const Json json = parse_answer(body);
    return json.is_null() ? std::nullopt : entry_of(json);
}

std::optional<std::int64_t> count_of_range(std::string_view body) {
    const Json json = parse_answer(body);
    return json.is_null() ? std::nullopt : integer_of<std::int64_t>(json, "count");
}

bool is_put_answer(std::string_view body) {
    return !parse_answer(body).is_null();
}

std::optional<TxnAnswer> answer_of_txn(std::string_view body) {
    const Json json = parse_answer(body);
    if (json.is_null()) return std::nullopt;
    TxnAnswer answer;
    if (json.contains("succeeded")) {
        if (!json["succeeded"].is_boolean()) return std::nullopt;
        answer.succeeded = json["succeeded"].get<bool>();
    }
    if (!json.contains("responses")) return answer;
    if (!json["responses"].is_array()) return std::nullopt;
    for (const Json& response : json["responses"]) {
        if (!response.is_object()) return std::nullopt;
        if (!response.contains("response_range")) continue;
        answer.entry = entry_of(response["response_range"]);
        if (!answer.entry) return std::nullopt;
    }
    return answer;
}

std::optional<StatusAnswer> answer_of_status(std::string_view body) {
    const Json json = parse_answer(body);
    if (json.is_null()) return std::nullopt;
    const auto member = integer_of<std::uint64_t>(json["header"], "member_id");
    const auto leader = integer_of<std::uint64_t>(json, "leader");
    const auto term = integer_of<std::int64_t>(json, "raftTerm");
    const auto committed = integer_of<std::int64_t>(json, "raftIndex");
    const auto applied = integer_of<std::int64_t>(json, "raftAppliedIndex");
    if (!member || !leader || !term || !committed || !applied) return std::nullopt;
    return StatusAnswer{.member = *member,
                        .leader = *leader,
                        .term = *term,
                        .committed = *committed,
                        .applied = *applied};
}

std::optional<std::vector<Member>> answer_of_member_list(std::string_view body) {
    const Json json = parse_answer(body);
    if (json.is_null() || !json.contains("members") || !json["members"].is_array()) {
        return std::nullopt;
    }
    std::vector<Member> members;
    for (const Json& entry : json["members"]) {
        if (!entry.is_object()) return std::nullopt;
        const auto id = integer_of<std::uint64_t>(entry, "ID");
        const bool has_url = entry.contains("peerURLs") && entry["peerURLs"].is_array() &&
                             entry["peerURLs"].size() == 1 && entry["peerURLs"][0].is_string();
        if (!id || !has_url) return std::nullopt;
        members.push_back({.id = *id, .peer_url = entry["peerURLs"][0].get<std::string>()});
    }
    return members;
}

} // namespace faultlab::etcd
