#include "replica/client/admin.hpp"

#include <array>

namespace faultlab::replica {

namespace {

constexpr std::size_t longest_answer = 16U << 20U;

} // namespace

Result<std::string> AdminClient::ask(const AdminRequest& request, Clock::time_point deadline) {
    const std::string line = to_line(request) + "\n";
    Socket::Io io = socket_.write(std::as_bytes(std::span(line)), deadline);
    std::size_t searched = 0;
    std::array<std::byte, 16384> chunk;
    while (io == Socket::Io::Ok) {
        const std::size_t end = received_.find('\n', searched);
        if (end != std::string::npos) {
            std::string answer = received_.substr(0, end);
            received_.erase(0, end + 1);
            return answer;
        }
        searched = received_.size();
        if (searched > longest_answer) return lab_error("a replica's admin answer never ends");
        const Socket::Read read = socket_.read(chunk, deadline);
        io = read.io;
        received_.append(reinterpret_cast<const char*>(chunk.data()), read.bytes);
    }
    return environment_error(io == Socket::Io::Late ? "a replica's admin socket did not answer"
                                                    : "a replica closed its admin socket");
}

Result<Telemetry> AdminClient::status(Clock::time_point deadline) {
    FAULTLAB_TRY(const std::string answer, ask({.what = AdminRequest::What::Status}, deadline));
    return telemetry_from_json(answer);
}

Result<EventPage> AdminClient::events(std::uint64_t since, Clock::time_point deadline) {
    FAULTLAB_TRY(const std::string answer,
                 ask({.what = AdminRequest::What::Events, .since = since}, deadline));
    return event_page_from_json(answer);
}

} // namespace faultlab::replica
