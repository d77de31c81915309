#include "replica/wire/admin.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace faultlab::replica {

std::optional<AdminRequest> parse_admin_request(std::string_view line) {
    using What = AdminRequest::What;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line == "status") return AdminRequest{.what = What::Status};
    if (line == "bugs") return AdminRequest{.what = What::Bugs};
    constexpr std::string_view events = "events ";
    if (!line.starts_with(events)) return std::nullopt;
    line.remove_prefix(events.size());
    AdminRequest request{.what = What::Events};
    const char* end = line.data() + line.size();
    const auto [rest, error] = std::from_chars(line.data(), end, request.since);
    if (error != std::errc{} || rest != end) return std::nullopt;
    return request;
}

std::string to_line(const AdminRequest& request) {
    switch (request.what) {
        case AdminRequest::What::Status: return "status";
        case AdminRequest::What::Bugs: return "bugs";
        case AdminRequest::What::Events: break;
    }
    return "events " + std::to_string(request.since);
}

std::string admin_error(std::string_view message) {
    const nlohmann::json answer = {{"error", message}};
    return answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace faultlab::replica
