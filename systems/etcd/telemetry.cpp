#include "core/result.hpp"
#include "core/system.hpp"
#include "core/types.hpp"
#include "systems/etcd/errors.hpp"
#include "systems/etcd/parts.hpp"
#include "systems/etcd/wire.hpp"
#include "systems/http.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace faultlab::etcd {
namespace {

// The values of the metric "role".
constexpr std::int64_t follower = 0;
constexpr std::int64_t candidate = 1;
constexpr std::int64_t leader = 2;

class EtcdTelemetry final : public Telemetry {
public:
    explicit EtcdTelemetry(TelemetrySettings settings)
        : settings_(std::move(settings)), http_(settings_.endpoint) {}

    Result<NodeStatus> poll(Nanos limit) override {
        const auto start = std::chrono::steady_clock::now();
        const HttpReply reply = http_.post("/v3/maintenance/status", "{}", limit);
        if (reply.status != 200) return no_answer("status", error_of(reply));
        const auto status = answer_of_status(reply.body);
        if (!status) return no_answer("status", malformed_answer);
        if (!node_of_member_.contains(status->member) ||
            (status->leader != 0 && !node_of_member_.contains(status->leader))) {
            const Nanos spent = (std::chrono::steady_clock::now() - start).count();
            FAULTLAB_DO(learn_members(limit - spent));
        }
        const bool leads = status->leader != 0 && status->leader == status->member;
        const std::int64_t role = leads ? leader : status->leader == 0 ? candidate : follower;
        const auto known = node_of_member_.find(status->leader);
        // The leader is told as soon as Raft knows it; the term is that of the newest entry this
        // node has applied (setTerm in etcdserver/server.go). So a new leader names its
        // predecessor's term until its first entry is applied: two leaders in one term here are no
        // violation.
        return NodeStatus{
            .leads = leads,
            .metrics = {{"role", role},
                        {"term", status->term},
                        {"leader", known == node_of_member_.end() ? no_node : known->second},
                        {"commit", status->committed},
                        {"applied", status->applied}}};
    }

    Result<bool> ready(Nanos limit) override {
        // A linearizable read makes the node confirm its leader with a quorum.
        const HttpReply reply = http_.post("/v3/kv/range", count_request(), limit);
        if (!may_have_arrived(reply.problem)) return no_answer("readiness", error_of(reply));
        return reply.status == 200 && count_of_range(reply.body).has_value();
    }

private:
    [[nodiscard]] Error no_answer(std::string_view what, std::string_view error) const {
        return lab_error(fmt::format(
            "asking etcd at {} for its {}: {}", settings_.endpoint.address, what, error));
    }

    /// etcd numbers its members by a hash; the node's own list translates. Members that are no
    /// nodes of ours stay unknown.
    Result<void> learn_members(Nanos limit) {
        const HttpReply reply = http_.post("/v3/cluster/member/list", "{}", limit);
        if (reply.status != 200) return no_answer("members", error_of(reply));
        const auto members = answer_of_member_list(reply.body);
        if (!members) return no_answer("members", malformed_answer);
        for (const Member& member : *members) {
            const auto url = std::ranges::find(settings_.peer_urls, member.peer_url);
            if (url == settings_.peer_urls.end()) continue;
            node_of_member_[member.id] = static_cast<NodeId>(url - settings_.peer_urls.begin());
        }
        return {};
    }

    TelemetrySettings settings_;
    HttpClient http_;
    std::map<std::uint64_t, NodeId> node_of_member_;
};

} // namespace

std::unique_ptr<Telemetry> make_telemetry(TelemetrySettings settings) {
    return std::make_unique<EtcdTelemetry>(std::move(settings));
}

} // namespace faultlab::etcd
