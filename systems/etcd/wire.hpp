#pragma once

#include "core/value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The bodies of etcd's JSON gateway, as text: pure. Bytes travel in base64, 64-bit integers as
/// strings (https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/).
namespace faultlab::etcd {

[[nodiscard]] std::string to_base64(std::string_view bytes);
/// Nothing when the text is no base64 with padding.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

/// The bytes under which a value is stored: its JSON, and for text that is not UTF-8, which JSON
/// cannot hold, a byte 0xFF (with which no JSON begins) and the text itself. Every value but a
/// transaction comes back exactly.
[[nodiscard]] std::string value_bytes(const Value& value);
/// Bytes that stand for no value were seen all the same: they come back as a text that tells them,
/// which nobody wrote.
[[nodiscard]] Value value_of_bytes(std::string_view bytes);

/// A key of the lab, below a prefix of its own.
[[nodiscard]] std::string key_bytes(const Value& key);

// Requests.
[[nodiscard]] std::string range_request(const Value& key, bool serializable);
[[nodiscard]] std::string put_request(const Value& key, const Value& value);
/// One transaction: puts, then reads what it put with its version.
[[nodiscard]] std::string versioned_put_request(const Value& key, const Value& value);
/// Puts `to` if the key holds `from`; absent: if there is no such key.
[[nodiscard]] std::string
compare_value_request(const Value& key, const Value& from, const Value& to);
/// Puts `to` and reads it with its version, if the key has this version; 0: if there is no such
/// key.
[[nodiscard]] std::string
compare_version_request(const Value& key, std::int64_t version, const Value& to);
/// Counts all keys, the lab's and others.
[[nodiscard]] std::string count_request();

/// What a key holds: no value has version 0.
struct Entry {
    Value value;
    std::int64_t version = 0;
    friend bool operator==(const Entry&, const Entry&) = default;
};

// Answers. Nothing: the text is not such an answer.
[[nodiscard]] std::optional<Entry> entry_of_range(std::string_view body);
[[nodiscard]] std::optional<std::int64_t> count_of_range(std::string_view body);
[[nodiscard]] bool is_put_answer(std::string_view body);

struct TxnAnswer {
    bool succeeded = false;
    std::optional<Entry> entry; ///< of the read that ended it, when it had one
};
[[nodiscard]] std::optional<TxnAnswer> answer_of_txn(std::string_view body);

/// Answer of /v3/maintenance/status. Members are etcd's own numbers; leader 0: none known.
struct StatusAnswer {
    std::uint64_t member = 0;
    std::uint64_t leader = 0;
    std::int64_t term = 0;
    std::int64_t committed = 0;
    std::int64_t applied = 0;
};
[[nodiscard]] std::optional<StatusAnswer> answer_of_status(std::string_view body);

struct Member {
    std::uint64_t id = 0;
    std::string peer_url;
};
/// Answer of /v3/cluster/member/list. A member is known by its peer URL: its name is only known
/// once it has started.
[[nodiscard]] std::optional<std::vector<Member>> answer_of_member_list(std::string_view body);

} // namespace faultlab::etcd
