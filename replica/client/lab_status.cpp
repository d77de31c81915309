#include "replica/client/lab_words.hpp"
#include "replica/core/bugs.hpp"
#include "replica/core/validate.hpp"

#include <fmt/format.h>

#include <cctype>
#include <utility>

namespace faultlab::replica {
namespace {

// The values of the metric "role".
constexpr std::int64_t follower = 0;
constexpr std::int64_t candidate = 1;
constexpr std::int64_t leader = 2;

std::int64_t signed_of(std::uint64_t number) {
    return static_cast<std::int64_t>(number);
}

NodeId node_of(std::uint64_t replica) {
    return replica == no_replica ? no_node : static_cast<NodeId>(replica) - 1;
}

/// "StatusChanged" as "status_changed": kinds of events are written so everywhere in a run.
std::string snake(std::string_view name) {
    std::string text;
    for (const char c : name) {
        const bool upper = c >= 'A' && c <= 'Z';
        if (upper && !text.empty()) text += '_';
        text += upper ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return text;
}

std::string hex(const Checksum& checksum) {
    return fmt::format("{:016x}{:016x}", checksum.high, checksum.low);
}

std::int64_t sum(const auto& numbers) {
    std::uint64_t total = 0;
    for (const std::uint64_t number : numbers)
        total += number;
    return signed_of(total);
}

Value status_name(std::uint64_t status) {
    return Value(snake(name(static_cast<Status>(status))));
}

void put_view(std::uint64_t value, Params& fields) {
    const View view{value};
    fields["view"] = view.number();
    fields["epoch"] = view.epoch();
}

Params fields_of(const Event& event) {
    const std::int64_t a = signed_of(event.a);
    const std::int64_t b = signed_of(event.b);
    Params fields;
    switch (event.kind) {
        case EventKind::StatusChanged:
            return {{"status", status_name(event.a)}, {"before", status_name(event.b)}};
        case EventKind::ViewEntered:
            put_view(event.a, fields);
            fields["as_primary"] = event.b != 0;
            return fields;
        case EventKind::ViewInstalled:
            put_view(event.a, fields);
            fields["op"] = b;
            return fields;
        case EventKind::Abdicated: put_view(event.a, fields); return fields;
        case EventKind::Digest: return {{"op", a}, {"digest", Value(hex(event.checksum))}};
        case EventKind::Checkpointed: return {{"op", a}, {"id", Value(hex(event.checksum))}};
        case EventKind::Truncated: return {{"first", a}, {"last", b}};
        case EventKind::SessionEvicted:
            return {{"client", Value(fmt::format("{:016x}", event.a))}, {"op", b}};
        case EventKind::EpochEntered: return {{"epoch", a}, {"op", b}};
        case EventKind::FeatureActive: return {{"release", a}, {"op", b}};
        case EventKind::Repaired: return {{"op", a}};
        case EventKind::SyncStarted:
        case EventKind::SyncFailed: return {{"op", a}, {"donor", node_of(event.b)}};
        case EventKind::SyncDone: return {{"op", a}, {"chunks", b}};
        case EventKind::Rejected:
            return {{"why", Value(name(static_cast<Reject>(event.a)))},
                    {"sender", node_of(event.b)}};
        case EventKind::VoteForgotten:
            put_view(event.b, fields);
            fields["voter"] = node_of(event.a);
            return fields;
        case EventKind::BugFired: return {{"bug", Value(entry(static_cast<Bug>(event.a)).id)}};
        case EventKind::Appended:
        case EventKind::Acknowledged:
        case EventKind::Committed: break;
    }
    return fields;
}

} // namespace

NodeStatus status_of(const Telemetry& said) {
    const bool normal = said.status == Status::Normal;
    const bool leads = normal && said.role == Role::Primary;
    const std::int64_t role = leads ? leader : normal ? follower : candidate;
    return {.leads = leads,
            .metrics = {{"role", role},
                        {"term", said.view.number()},
                        {"epoch", said.view.epoch()},
                        {"log_term", said.log_view.number()},
                        {"log_epoch", said.log_view.epoch()},
                        {"leader", node_of(said.primary)},
                        {"status", static_cast<std::int64_t>(said.status)},
                        {"normal", normal ? 1 : 0},
                        {"head", signed_of(said.head)},
                        {"durable", signed_of(said.durable)},
                        {"commit", signed_of(said.commit_max)},
                        {"applied", signed_of(said.commit_min)},
                        {"checkpoint", signed_of(said.checkpoint)},
                        {"wal_free", signed_of(said.wal_free)},
                        {"pipeline", said.pipeline},
                        {"queue", said.queue},
                        {"busy", signed_of(said.busy_rate + said.busy_queue)},
                        {"faulty_slots", said.faulty_slots},
                        {"repair_pending", said.repair_pending},
                        {"repaired", signed_of(said.repaired)},
                        {"sync_chunks_done", signed_of(said.sync_chunks_done)},
                        {"sync_failures", signed_of(said.sync_failures)},
                        {"sessions", signed_of(said.sessions)},
                        {"evictions", signed_of(said.evictions)},
                        {"entries", signed_of(said.entries)},
                        {"view_changes", signed_of(said.view_changes)},
                        {"rejects", sum(said.rejects)},
                        {"release", said.release_active}}};
}

std::optional<NodeEvent> event_of(const Event& event) {
    switch (event.kind) {
        case EventKind::Appended:
        case EventKind::Acknowledged:
        case EventKind::Committed: return std::nullopt;
        default: return NodeEvent{.kind = snake(name(event.kind)), .fields = fields_of(event)};
    }
}

} // namespace faultlab::replica
