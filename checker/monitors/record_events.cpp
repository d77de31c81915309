#include "checker/monitors/record_events.hpp"

#include "checker/record_fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>

namespace faultlab {
namespace {

constexpr std::int64_t leader_role = 2;

/// Of 32 hex digits the number; any other text is told apart from others by its FNV-1a hash.
Digest digest_of(std::string_view text) {
    const auto half = [&](std::size_t from) -> std::optional<std::uint64_t> {
        std::uint64_t number = 0;
        const char* end = text.data() + from + 16;
        const auto [stopped, error] = std::from_chars(text.data() + from, end, number, 16);
        if (error != std::errc() || stopped != end) return std::nullopt;
        return number;
    };
    if (text.size() == 32) {
        const auto high = half(0);
        const auto low = half(16);
        if (high && low) return {*high, *low};
    }
    std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3;
    return {text.size(), hash};
}

/// What one replica showed at one moment, metric by metric.
class Showing {
public:
    void take(const Sample& sample) {
        constexpr std::array<std::pair<std::string_view, std::int64_t Showing::*>, 18> known = {{
            {"term", &Showing::term_},
            {"epoch", &Showing::epoch_},
            {"log_term", &Showing::log_term_},
            {"log_epoch", &Showing::log_epoch_},
            {"head", &Showing::head_},
            {"durable", &Showing::durable_},
            {"commit", &Showing::commit_},
            {"applied", &Showing::applied_},
            {"checkpoint", &Showing::checkpoint_},
            {"normal", &Showing::normal_},
            {"role", &Showing::role_},
            {"rejects", &Showing::rejects_},
            {"release", &Showing::release_},
            {"faulty_slots", &Showing::faulty_},
            {"repair_pending", &Showing::repair_pending_},
            {"pipeline", &Showing::pipeline_},
            {"queue", &Showing::queue_},
            {"sessions", &Showing::sessions_},
        }};
        const auto* metric =
            std::ranges::find(known, sample.metric, [](const auto& each) { return each.first; });
        if (metric != known.end()) this->*metric->second = sample.value;
    }

    [[nodiscard]] Gauges gauges() const {
        return {.view = view(epoch_, term_),
                .log_view = view(log_epoch_, log_term_),
                .head = head_,
                .durable = durable_,
                .committed = commit_,
                .applied = applied_,
                .checkpoint = checkpoint_,
                .release = release_,
                .damaged =
                    std::max<std::int64_t>(faulty_, 0) + std::max<std::int64_t>(repair_pending_, 0),
                .tells_rejects = rejects_ >= 0,
                .normal = normal_ != 0,
                .leads = role_ == leader_role};
    }

    [[nodiscard]] Survey::Replica seen(NodeId node, std::int32_t life) const {
        return {.node = node,
                .life = life,
                .gauges = gauges(),
                .pipeline = role_ == leader_role ? pipeline_ : -1,
                .queue = queue_,
                .sessions = sessions_};
    }

private:
    /// A system without epochs has always the same.
    static std::int64_t view(std::int64_t epoch, std::int64_t term) {
        if (term < 0) return -1;
        return static_cast<std::int64_t>(
                   static_cast<std::uint64_t>(std::max<std::int64_t>(epoch, 0)) << 32U) |
               term;
    }

    std::int64_t term_ = -1;
    std::int64_t epoch_ = -1;
    std::int64_t log_term_ = -1;
    std::int64_t log_epoch_ = -1;
    std::int64_t head_ = -1;
    std::int64_t durable_ = -1;
    std::int64_t commit_ = -1;
    std::int64_t applied_ = -1;
    std::int64_t checkpoint_ = -1;
    std::int64_t normal_ = -1; ///< who does not tell takes part
    std::int64_t role_ = -1;
    std::int64_t rejects_ = -1;
    std::int64_t release_ = -1;
    std::int64_t faulty_ = -1;
    std::int64_t repair_pending_ = -1;
    std::int64_t pipeline_ = -1;
    std::int64_t queue_ = -1;
    std::int64_t sessions_ = -1;
};

/// The fields of an event "setup", in ms or entries.
Setup setup_of(const Event& event) {
    const auto duration = [&](const char* field) {
        return integer_field(event, field).value_or(0) * millisecond;
    };
    const auto number = [&](const char* field) {
        return static_cast<std::uint64_t>(integer_field(event, field).value_or(0));
    };
    return {.message = duration("message_ms"),
            .work = duration("work_ms"),
            .silence = duration("silence_ms"),
            .view_change = duration("view_change_ms"),
            .abdication = duration("abdication_ms"),
            .repair = duration("repair_ms"),
            .retry = duration("retry_ms"),
            .log_most = number("log_most"),
            .pipeline_most = number("pipeline_most"),
            .queue_most = number("queue_most"),
            .sessions_most = number("sessions_most")};
}

/// Since when there is no fault; -1: there is one. What never ended may last.
Nanos calm_since(const Record& record, Nanos t) {
    Nanos since = 0;
    for (const FaultRecord& fault : record.faults) {
        const Nanos began =
            fault.t_started < 0 ? fault.t_planned : std::min(fault.t_planned, fault.t_started);
        if (t < began) continue;
        if (fault.t_ended < 0 || t < fault.t_ended) return -1;
        since = std::max(since, fault.t_ended);
    }
    return since;
}

class Replay {
public:
    Replay(const Record& record, const std::function<void(const ProtocolEvent&)>& tell)
        : record_(record), tell_(tell) {
        for (std::size_t i = 0; i < record.cluster.nodes.size(); ++i)
            survey_.core.push_back(static_cast<NodeId>(i));
    }

    void run() {
        std::size_t next = 0;
        for (std::size_t i = 0; i < record_.samples.size();) {
            const Sample& first = record_.samples[i];
            // What happened before a replica was asked is told with its answer.
            for (; next < record_.events.size() && record_.events[next].t <= first.t; ++next)
                happened(record_.events[next]);
            i = shown(i);
        }
        for (; next < record_.events.size(); ++next)
            happened(record_.events[next]);
    }

private:
    using Shown = std::map<NodeId, std::pair<std::int32_t, Showing>>;

    /// Of all nodes that were asked at this moment. Returns where the next moment begins.
    std::size_t shown(std::size_t from) {
        Shown nodes;
        const Nanos t = record_.samples[from].t;
        for (; from < record_.samples.size() && record_.samples[from].t == t; ++from) {
            const Sample& sample = record_.samples[from];
            if (sample.node < 0) continue;
            auto& [life, showing] = nodes[sample.node];
            life = sample.incarnation;
            showing.take(sample);
        }
        for (const auto& [node, what] : nodes) {
            lives(node, what.first, t);
            const Gauges gauges = what.second.gauges();
            tell_({.kind = ProtocolEvent::Kind::Shown,
                   .node = node,
                   .life = what.first,
                   .t = t,
                   .gauges = &gauges});
        }
        if (survey_.setup != nullptr) surveyed(nodes, t);
        return from;
    }

    void surveyed(const Shown& nodes, Nanos t) {
        survey_.calm_since = calm_since(record_, t);
        survey_.replicas.clear();
        for (const auto& [node, what] : nodes)
            survey_.replicas.push_back(what.second.seen(node, what.first));
        tell_({.kind = ProtocolEvent::Kind::Surveyed, .t = t, .survey = &survey_});
    }

    void lives(NodeId node, std::int32_t life, Nanos t) {
        const auto [known, is_new] = lives_.try_emplace(node, -1);
        if (known->second >= life) return;
        known->second = life;
        tell_({.kind = ProtocolEvent::Kind::Started, .node = node, .life = life, .t = t});
    }

    void happened(const Event& event) {
        if (event.kind == "setup") {
            setup_ = setup_of(event);
            survey_.setup = &setup_;
        }
        if (event.node < 0) return;
        ProtocolEvent told{.node = event.node, .life = event.incarnation, .t = event.t};
        const auto op = integer_field(event, "op");
        if (event.kind == "digest" && op) {
            told.kind = ProtocolEvent::Kind::State;
            told.checksum = digest_of(text_field(event, "digest").value_or(""));
        } else if (event.kind == "checkpointed" && op) {
            told.kind = ProtocolEvent::Kind::Image;
            told.checksum = digest_of(text_field(event, "id").value_or(""));
        } else if (event.kind == "feature_active" && op) {
            told.kind = ProtocolEvent::Kind::Activated;
            told.a = static_cast<std::uint64_t>(integer_field(event, "release").value_or(0));
        } else if (event.kind == "rejected") {
            told.kind = ProtocolEvent::Kind::Rejected;
            told.b = static_cast<std::uint64_t>(integer_field(event, "sender").value_or(0));
            told.text = text_field(event, "why").value_or("");
        } else {
            return;
        }
        told.op = static_cast<LogIndex>(op.value_or(0));
        lives(event.node, event.incarnation, event.t);
        tell_(told);
    }

    const Record& record_;
    const std::function<void(const ProtocolEvent&)>& tell_;
    std::map<NodeId, std::int32_t> lives_;
    Setup setup_;
    Survey survey_;
};

} // namespace

void replay_record(const Record& record, const std::function<void(const ProtocolEvent&)>& tell) {
    Replay(record, tell).run();
}

} // namespace faultlab
