#include "replica/wire/telemetry_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <concepts>
#include <iterator>
#include <string_view>
#include <type_traits>
#include <utility>

namespace faultlab::replica {

namespace {

using Json = nlohmann::ordered_json;
using ByReject = decltype(Telemetry::rejects);
using BySender = decltype(Telemetry::rejects_by_sender);

enum class Kind : std::uint8_t { Gauge, Counter };

/// The one list of Telemetry's fields: field(name, kind, help, member) for each, in their order.
template <typename Of, typename Field>
void progress_fields(Of& of, Field field) {
    using enum Kind;
    field("cluster", Gauge, "Cluster that the replica is part of", of.cluster);
    field("self", Gauge, "Id of the replica", of.self);
    field("status", Gauge, "What the replica does now", of.status);
    field("role", Gauge, "Its part in the view", of.role);
    field("primary", Gauge, "Id of the primary of the view", of.primary);
    field("membership", Gauge, "Epoch of the membership", of.membership);
    field("release", Gauge, "Release of the program", of.release);
    field("release_active", Gauge, "Release whose features are in use", of.release_active);
    field("incarnation", Gauge, "Starts of the replica", of.incarnation);
    field("view", Gauge, "View, the epoch in the upper 32 bits", of.view);
    field("log_view", Gauge, "View whose log the log is a prefix of", of.log_view);
    field("head", Gauge, "Newest op of the log", of.head);
    field("head_checksum", Gauge, "", of.head_checksum);
    field("commit_min", Gauge, "Newest op that was executed", of.commit_min);
    field("commit_max", Gauge, "Newest op known to be committed", of.commit_max);
    field("durable", Gauge, "Newest op that is durable here", of.durable);
    field("checkpoint", Gauge, "Op of the newest durable checkpoint", of.checkpoint);
    field("checkpoint_id", Gauge, "", of.checkpoint_id);
    field("digest_op", Gauge, "Newest op whose state digest was published", of.digest_op);
    field("digest", Gauge, "", of.digest);
    field("pipeline", Gauge, "Prepares that are not committed", of.pipeline);
    field("prepare_ok_bits", Gauge, "Voters that acknowledged the head", of.prepare_ok_bits);
    field("queue", Gauge, "Requests that wait for a prepare", of.queue);
    field("admission_tokens", Gauge, "Requests that may come at once", of.admission_tokens);
    field("busy_rate", Counter, "Requests refused for want of tokens", of.busy_rate);
    field("busy_queue", Counter, "Requests refused for a full queue", of.busy_queue);
}

template <typename Of, typename Field>
void upkeep_fields(Of& of, Field field) {
    using enum Kind;
    field("nacks_sent", Counter, "Slots said to be surely never acknowledged", of.nacks_sent);
    field("faulty_slots", Gauge, "Log slots whose bytes are bad", of.faulty_slots);
    field("repair_pending", Gauge, "Entries that are being fetched", of.repair_pending);
    field("sync_target", Gauge, "Checkpoint that is being fetched", of.sync_target);
    field("sync_chunks_done", Gauge, "Chunks of it that are here", of.sync_chunks_done);
    field("sync_chunks", Gauge, "Chunks that it has", of.sync_chunks);
    field("sync_failures", Counter, "State transfers that were given up", of.sync_failures);
    field("sessions", Gauge, "Sessions in the client table", of.sessions);
    field("evictions", Counter, "Sessions that made room for others", of.evictions);
    field("entries", Gauge, "Keys in the state machine", of.entries);
    field("lease_until", Gauge, "End of the lease, own clock (ns)", of.lease_until);
    field("heartbeat_sent", Gauge, "Last heartbeat sent, own clock (ns)", of.heartbeat_sent);
    field("heartbeat_received", Gauge, "Last heartbeat, own clock (ns)", of.heartbeat_received);
    field("quorum_latency", Gauge, "Append to quorum of the newest op (ns)", of.quorum_latency);
    field("timers_armed", Gauge, "Timers that run, by bits", of.timers_armed);
    field("view_changes", Counter, "Views installed since start", of.view_changes);
    field("wal_free", Gauge, "Log slots until a checkpoint is needed", of.wal_free);
    field("repaired", Counter, "Log entries that were repaired", of.repaired);
    field("repair_bytes", Counter, "Bytes fetched for repairs", of.repair_bytes);
    field("scrub_tours", Counter, "Whole tours of the scrubber", of.scrub_tours);
    field("scrub_found", Counter, "Bad slots that the scrubber found", of.scrub_found);
    field("messages_in", Counter, "Messages received", of.messages_in);
    field("messages_out", Counter, "Messages sent", of.messages_out);
    field("rejects", Counter, "Messages refused, by class", of.rejects);
    field("rejects_by_sender", Counter, "Messages refused, by sender", of.rejects_by_sender);
}

template <typename Of, typename Field>
void all_fields(Of& of, Field field) {
    progress_fields(of, field);
    upkeep_fields(of, field);
}

/// The enumerator of that name, or false.
template <typename Enum>
bool enumerator(std::string_view text, Enum last, Enum& out) {
    for (unsigned i = 0; i <= static_cast<unsigned>(last); ++i) {
        if (text == name(static_cast<Enum>(i))) {
            out = static_cast<Enum>(i);
            return true;
        }
    }
    return false;
}

constexpr Status last_of(Status /*any*/) {
    return Status::Halted;
}
constexpr Role last_of(Role /*any*/) {
    return Role::Standby;
}
constexpr EventKind last_of(EventKind /*any*/) {
    return EventKind::BugFired;
}

// --- to JSON

template <std::integral Integer>
Json json_of(Integer value) {
    return value;
}
template <typename Enum>
    requires std::is_enum_v<Enum>
Json json_of(Enum value) {
    return name(value);
}
Json json_of(View view) {
    return view.value;
}
Json json_of(const Checksum& checksum) {
    return fmt::format("{:016x}{:016x}", checksum.high, checksum.low);
}
Json json_of(const Membership& membership) {
    const auto ids = [](auto& from, std::size_t count) {
        Json list = Json::array();
        for (std::size_t i = 0; i < std::min(count, from.size()); ++i) {
            list.push_back(from[i]);
        }
        return list;
    };
    return {{"epoch", membership.epoch},
            {"first_view", membership.first_view},
            {"began_at", membership.began_at},
            {"voters", ids(membership.voters, membership.voter_count)},
            {"standbys", ids(membership.standbys, membership.standby_count)}};
}
Json json_of(const ByReject& counts) {
    Json object = Json::object();
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] != 0) object[name(static_cast<Reject>(i))] = counts[i];
    }
    return object;
}
Json json_of(const BySender& counts) {
    Json object = Json::object();
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] != 0) object[std::to_string(i)] = counts[i];
    }
    return object;
}

/// Bytes of a text that is not ours may be anything; ours are ASCII.
std::string line_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// --- from JSON; each says whether it could

template <std::integral Integer>
bool read(const Json& json, Integer& out) {
    if (!json.is_number_integer()) return false;
    if (json.is_number_unsigned()) {
        const auto value = json.get<std::uint64_t>();
        if (!std::in_range<Integer>(value)) return false;
        out = static_cast<Integer>(value);
        return true;
    }
    const auto value = json.get<std::int64_t>();
    if (!std::in_range<Integer>(value)) return false;
    out = static_cast<Integer>(value);
    return true;
}
template <typename Enum>
    requires std::is_enum_v<Enum>
bool read(const Json& json, Enum& out) {
    return json.is_string() && enumerator(json.get_ref<const std::string&>(), last_of(out), out);
}
bool read(const Json& json, View& out) {
    return read(json, out.value);
}
bool read(const Json& json, Checksum& out) {
    if (!json.is_string()) return false;
    const std::string& text = json.get_ref<const std::string&>();
    const auto half = [&](std::size_t at, std::uint64_t& value) {
        const char* begin = text.data() + at;
        const auto [end, error] = std::from_chars(begin, begin + 16, value, 16);
        return error == std::errc{} && end == begin + 16;
    };
    return text.size() == 32 && half(0, out.high) && half(16, out.low);
}
bool read(const Json& json, Membership& out);
bool read(const Json& json, ByReject& out);
bool read(const Json& json, BySender& out);

template <typename Out>
bool read_at(const Json& object, const char* key, Out& out) {
    const auto found = object.find(key);
    return found != object.end() && read(*found, out);
}
template <std::size_t Most>
bool read_ids(const Json& object,
              const char* key,
              std::array<ReplicaId, Most>& ids,
              std::uint8_t& count) {
    const auto list = object.find(key);
    if (list == object.end() || !list->is_array() || list->size() > Most) return false;
    count = static_cast<std::uint8_t>(list->size());
    for (std::size_t i = 0; i < count; ++i) {
        if (!read((*list)[i], ids[i])) return false;
    }
    return true;
}
bool read(const Json& json, Membership& out) {
    return json.is_object() && read_at(json, "epoch", out.epoch) &&
           read_at(json, "first_view", out.first_view) && read_at(json, "began_at", out.began_at) &&
           read_ids(json, "voters", out.voters, out.voter_count) &&
           read_ids(json, "standbys", out.standbys, out.standby_count);
}
bool read(const Json& json, ByReject& out) {
    if (!json.is_object()) return false;
    for (const auto& [key, count] : json.items()) {
        auto reject = Reject::None;
        const auto last = static_cast<Reject>(reject_count - 1);
        if (!enumerator(std::string_view(key), last, reject)) return false;
        if (!read(count, out[static_cast<std::size_t>(reject)])) return false;
    }
    return true;
}
bool read(const Json& json, BySender& out) {
    if (!json.is_object()) return false;
    for (const auto& [key, count] : json.items()) {
        std::size_t sender = 0;
        const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), sender);
        if (error != std::errc{} || end != key.data() + key.size()) return false;
        if (sender >= out.size() || !read(count, out[sender])) return false;
    }
    return true;
}
bool read(const Json& json, LoggedEvent& out) {
    return json.is_object() && read_at(json, "sequence", out.sequence) &&
           read_at(json, "wall", out.wall) && read_at(json, "kind", out.event.kind) &&
           read_at(json, "a", out.event.a) && read_at(json, "b", out.event.b) &&
           read_at(json, "checksum", out.event.checksum);
}

/// An object, or the error that the other side sent instead.
Result<Json> parse_object(std::string_view text) {
    Json json = Json::parse(text, nullptr, false);
    if (!json.is_object()) return lab_error("a replica's answer is no JSON object");
    if (const auto error = json.find("error"); error != json.end()) {
        return lab_error("the replica answers: " + line_of(*error));
    }
    return json;
}

// --- to Prometheus' text

class Exposition {
public:
    Exposition(const Telemetry& telemetry)
        : labels_(fmt::format("cluster=\"{}\",replica=\"{}\"", telemetry.cluster, telemetry.self)) {
    }

    template <std::integral Integer>
    void add(const char* field, Kind kind, const char* help, Integer value) {
        declare(field, kind, help);
        sample({}, value);
    }
    template <typename Enum>
        requires std::is_enum_v<Enum>
    void add(const char* field, Kind kind, const char* help, Enum value) {
        declare(field, kind, help);
        sample(fmt::format(",{}=\"{}\"", field, name(value)), 1);
    }
    void add(const char* field, Kind kind, const char* help, View view) {
        add(field, kind, help, view.value);
    }
    void add(const char* /*field*/, Kind kind, const char* help, const Membership& membership) {
        add("epoch", kind, help, membership.epoch);
    }
    /// No number to draw.
    void add(const char* /*field*/, Kind /*kind*/, const char* /*help*/, const Checksum& /*of*/) {}
    void add(const char* field, Kind kind, const char* help, const ByReject& counts) {
        declare(field, kind, help);
        for (std::size_t i = 1; i < counts.size(); ++i) {
            sample(fmt::format(",class=\"{}\"", name(static_cast<Reject>(i))), counts[i]);
        }
    }
    void add(const char* field, Kind kind, const char* help, const BySender& counts) {
        declare(field, kind, help);
        for (std::size_t i = 0; i < counts.size(); ++i) {
            if (counts[i] != 0) sample(fmt::format(",sender=\"{}\"", i), counts[i]);
        }
    }
    void add(const BugSet& set) {
        declare("bug_fired", Kind::Counter, "Outcomes that a planted bug changed");
        for (const BugEntry& bug : bugs()) {
            if (set.on(bug.bug)) sample(fmt::format(",bug=\"{}\"", bug.id), set.fired(bug.bug));
        }
    }
    [[nodiscard]] std::string text() && { return std::move(text_); }

private:
    void declare(const char* field, Kind kind, const char* help) {
        const bool counter = kind == Kind::Counter;
        metric_ = fmt::format("faultlab_replica_{}{}", field, counter ? "_total" : "");
        fmt::format_to(std::back_inserter(text_),
                       "# HELP {0} {1}.\n# TYPE {0} {2}\n",
                       metric_,
                       help,
                       counter ? "counter" : "gauge");
    }
    template <std::integral Integer>
    void sample(std::string_view more_labels, Integer value) {
        fmt::format_to(
            std::back_inserter(text_), "{}{{{}{}}} {}\n", metric_, labels_, more_labels, value);
    }

    std::string labels_;
    std::string metric_;
    std::string text_;
};

} // namespace

std::string to_json(const Telemetry& telemetry) {
    Json object = Json::object();
    all_fields(telemetry, [&](const char* key, Kind, const char*, const auto& member) {
        object[key] = json_of(member);
    });
    return line_of(object);
}

Result<Telemetry> telemetry_from_json(std::string_view json) {
    FAULTLAB_TRY(const Json object, parse_object(json));
    Telemetry telemetry;
    const char* bad = nullptr;
    all_fields(telemetry, [&](const char* key, Kind, const char*, auto& member) {
        if (bad == nullptr && !read_at(object, key, member)) bad = key;
    });
    if (bad != nullptr) {
        return lab_error(fmt::format("a replica's status has no good field \"{}\"", bad));
    }
    return telemetry;
}

std::string to_prometheus(const Telemetry& telemetry, const BugSet& bugs) {
    Exposition exposition(telemetry);
    all_fields(telemetry, [&](const char* field, Kind kind, const char* help, const auto& member) {
        exposition.add(field, kind, help, member);
    });
    exposition.add(bugs);
    return std::move(exposition).text();
}

std::string to_json(const EventPage& page) {
    Json events = Json::array();
    for (const LoggedEvent& logged : page.events) {
        events.push_back({{"sequence", logged.sequence},
                          {"wall", logged.wall},
                          {"kind", name(logged.event.kind)},
                          {"a", logged.event.a},
                          {"b", logged.event.b},
                          {"checksum", json_of(logged.event.checksum)}});
    }
    const Json object = {{"incarnation", page.incarnation},
                         {"next", page.next},
                         {"lost", page.lost},
                         {"events", std::move(events)}};
    return line_of(object);
}

Result<EventPage> event_page_from_json(std::string_view json) {
    FAULTLAB_TRY(const Json object, parse_object(json));
    EventPage page;
    const auto events = object.find("events");
    bool good = read_at(object, "incarnation", page.incarnation) &&
                read_at(object, "next", page.next) && read_at(object, "lost", page.lost) &&
                events != object.end() && events->is_array();
    for (std::size_t i = 0; good && i < events->size(); ++i) {
        good = read((*events)[i], page.events.emplace_back());
    }
    if (!good) return lab_error("a replica's list of events is malformed");
    return page;
}

std::string to_json(const BugSet& set) {
    Json object = Json::object();
    for (const BugEntry& bug : bugs()) {
        if (set.on(bug.bug)) object[bug.id] = {{"fired", set.fired(bug.bug)}};
    }
    return line_of(object);
}

} // namespace faultlab::replica
