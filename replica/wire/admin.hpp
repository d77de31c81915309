#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace faultlab::replica {

/// The admin protocol: one line of text asks, one line of JSON answers, any number of times a
/// connection, over TCP or a Unix socket. It only reads (hence no authentication): what changes a
/// replica is an operation of an authenticated client.
///   status        -> to_json(Telemetry)
///   events SINCE  -> to_json(EventPage), events whose sequence is above SINCE
///   bugs          -> to_json(BugSet)
/// Any other line is answered with {"error": "…"}.
struct AdminRequest {
    enum class What : std::uint8_t { Status, Events, Bugs };
    What what = What::Status;
    std::uint64_t since = 0; ///< Events
    friend bool operator==(const AdminRequest&, const AdminRequest&) = default;
};
/// Longest line of a request; a daemon closes a connection that sends a longer one.
constexpr std::size_t admin_line_bytes = 64;

/// Without the newline; a carriage return before it is allowed.
[[nodiscard]] std::optional<AdminRequest> parse_admin_request(std::string_view line);
[[nodiscard]] std::string to_line(const AdminRequest& request);
/// {"error": "…"}
[[nodiscard]] std::string admin_error(std::string_view message);

} // namespace faultlab::replica
