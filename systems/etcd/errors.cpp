#include "systems/etcd/errors.hpp"

#include "core/op.hpp"
#include "core/system.hpp"
#include "systems/http.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultlab::etcd {
namespace {

struct TransportRow {
    HttpProblem problem;
    std::string_view why;
};

constexpr std::array transport_rows = {
    TransportRow{HttpProblem::refused, "nobody listened: no byte of the request was sent"},
    TransportRow{HttpProblem::unreachable, "no route: no byte of the request was sent"},
    TransportRow{HttpProblem::connect_timeout, "no connection: no byte of the request was sent"},
    TransportRow{HttpProblem::connect_failed, "no connection: no byte of the request was sent"},
    TransportRow{HttpProblem::closed_unsent,
                 "the kept connection was dead and the kernel took no byte of the request"},
    TransportRow{HttpProblem::timeout, "the request may have arrived, and may still take effect"},
    TransportRow{HttpProblem::reset, "etcd may have executed it before the connection broke"},
    TransportRow{HttpProblem::closed, "etcd may have executed it before the connection ended"},
    TransportRow{HttpProblem::malformed, "etcd may have executed it, whatever the answer means"},
    TransportRow{HttpProblem::too_long, "etcd executed something; the answer was not read"},
};

struct Row {
    std::string_view error;
    bool definite;
    std::string_view why;
};

constexpr std::string_view at_the_door = "refused before it is proposed to the Raft log";
constexpr std::string_view validated = "etcd checks the whole request before it changes anything";
constexpr std::string_view authorised =
    "checked at the door and again when it is applied, each time before anything changes";
constexpr std::string_view proposed = "it was proposed; the log may still commit it";
constexpr std::string_view gateway =
    "the gateway lost the server behind it, which may have executed the request";

// The words are those of etcd 3.4 (Debian 12) and 3.5 (Debian 13): api/v3rpc/rpctypes/error.go and,
// where an error of the server is passed on as it is, etcdserver/errors.go. What each of them means
// for the log was read in etcdserver/v3_server.go (processInternalRaftRequestOnce) and apply.go.
constexpr std::array rows = {
    Row{"etcdserver: too many requests",
        true,
        "refused before it is proposed: too much is committed that is not yet applied"},
    Row{"etcdserver: request is too large", true, at_the_door},
    Row{"etcdserver: no leader", true, at_the_door},
    Row{"etcdserver: not leader", true, at_the_door},
    Row{"etcdserver: not capable", true, at_the_door},
    Row{"etcdserver: rpc not supported for learner", true, at_the_door},
    Row{"etcdserver: invalid client api version", true, at_the_door},
    Row{"raft proposal dropped",
        true,
        "the node's own Raft refused the proposal: neither logged nor passed on to a leader"},
    Row{"HTTP 404", true, "this etcd has no gateway at this path"},

    Row{"etcdserver: key is not provided", true, validated},
    Row{"etcdserver: key not found", true, validated},
    Row{"etcdserver: value is provided", true, validated},
    Row{"etcdserver: lease is provided", true, validated},
    Row{"etcdserver: too many operations in txn request", true, validated},
    Row{"etcdserver: duplicate key given in txn request", true, validated},
    Row{"etcdserver: invalid sort option", true, validated},
    Row{"etcdserver: mvcc: required revision has been compacted", true, validated},
    Row{"etcdserver: mvcc: required revision is a future revision", true, validated},

    Row{"etcdserver: permission denied", true, authorised},
    Row{"etcdserver: invalid auth token", true, authorised},
    Row{"etcdserver: user name is empty", true, authorised},
    Row{"etcdserver: user name not found", true, authorised},
    Row{"etcdserver: authentication failed, invalid user ID or password", true, authorised},
    Row{"etcdserver: revision of auth store is old", true, authorised},

    Row{"etcdserver: request timed out", false, proposed},
    Row{"etcdserver: request timed out, possibly due to previous leader failure", false, proposed},
    Row{"etcdserver: request timed out, possibly due to connection lost", false, proposed},
    Row{"etcdserver: request timed out, waiting for the applied index took too long",
        false,
        proposed},
    Row{"etcdserver: leader changed",
        false,
        "the new leader may have inherited the proposal with its log"},
    Row{"etcdserver: server stopped", false, proposed},
    Row{"etcdserver: request canceled", false, proposed},
    Row{"etcdserver: request cancelled", false, proposed},
    Row{"etcdserver: context deadline exceeded", false, proposed},
    Row{"context deadline exceeded", false, proposed},
    Row{"context canceled", false, proposed},
    Row{"etcdserver: mvcc: database space exceeded",
        false,
        "a full database refuses at the door, but the write that crosses the limit is applied and "
        "answered in the same words"},
    Row{"etcdserver: corrupt cluster",
        false,
        "this member did not apply it; members that have not noticed yet may"},
    Row{"transport is closing", false, gateway},
    Row{"grpc: the client connection is closing", false, gateway},
    Row{malformed_answer, false, "etcd executed something; what, the answer does not say"},
};

constexpr std::string_view any_other = "any other error";
constexpr std::string_view indefinite_read = "any error of a read";

} // namespace

std::vector<ErrorRule> error_table() {
    std::vector<ErrorRule> table;
    for (const TransportRow& row : transport_rows) {
        table.push_back({.error = std::string(to_string(row.problem)),
                         .definite = !may_have_arrived(row.problem),
                         .why = std::string(row.why)});
    }
    for (const Row& row : rows) {
        table.push_back({.error = std::string(row.error),
                         .definite = row.definite,
                         .why = std::string(row.why)});
    }
    table.push_back({.error = std::string(any_other),
                     .definite = false,
                     .why = "what is not known to be harmless may have taken effect"});
    table.push_back({.error = std::string(indefinite_read),
                     .definite = true,
                     .why = "a read changes nothing, so one without an answer may be left out"});
    return table;
}

bool is_definite(std::string_view error) {
    const auto transport = std::ranges::find(
        transport_rows, error, [](const TransportRow& row) { return to_string(row.problem); });
    if (transport != transport_rows.end()) return !may_have_arrived(transport->problem);
    const auto row = std::ranges::find(rows, error, &Row::error);
    return row != rows.end() && row->definite;
}

std::string error_of(const HttpReply& reply) {
    constexpr std::size_t length_max = 200;
    if (reply.problem != HttpProblem::none) return std::string(to_string(reply.problem));
    const auto body = nlohmann::json::parse(reply.body, nullptr, false);
    // 3.3 says "error", 3.4 and 3.5 say both, 3.6 says "message".
    for (const char* member : {"message", "error"}) {
        if (!body.is_object() || !body.contains(member)) continue;
        const auto& text = body[member];
        if (text.is_string()) return text.get<std::string>().substr(0, length_max);
    }
    return fmt::format("HTTP {}", reply.status);
}

Completion outcome_of_error(std::string error, bool is_read) {
    if (is_read || is_definite(error)) return Failed{std::move(error)};
    return Unknown{std::move(error)};
}

} // namespace faultlab::etcd
