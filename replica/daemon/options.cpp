#include "replica/daemon/options.hpp"

#include "replica/core/layout.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

namespace faultlab::replica {
namespace {

struct LimitName {
    const char* name;
    std::uint32_t Limits::* member;
};
constexpr LimitName limit_names[] = {
    {"slots", &Limits::slots},
    {"message_bytes", &Limits::message_bytes},
    {"request_bytes", &Limits::request_bytes},
    {"batch", &Limits::batch},
    {"pipeline", &Limits::pipeline},
    {"clients", &Limits::clients},
    {"checkpoint_every", &Limits::checkpoint_every},
    {"entries", &Limits::entries},
    {"value_blocks", &Limits::value_blocks},
    {"digest_every", &Limits::digest_every},
    {"queue", &Limits::queue},
};

struct TimeoutName {
    const char* name;
    Nanos Timeouts::* member;
};
constexpr TimeoutName timeout_names[] = {
    {"prepare", &Timeouts::prepare},
    {"heartbeat", &Timeouts::heartbeat},
    {"primary_silent", &Timeouts::primary_silent},
    {"view_change", &Timeouts::view_change},
    {"view_change_message", &Timeouts::view_change_message},
    {"get_view", &Timeouts::get_view},
    {"repair", &Timeouts::repair},
    {"sync", &Timeouts::sync},
    {"ping", &Timeouts::ping},
    {"abdicate", &Timeouts::abdicate},
    {"scrub", &Timeouts::scrub},
    {"idle_flush", &Timeouts::idle_flush},
    {"telemetry", &Timeouts::telemetry},
    {"lease", &Timeouts::lease},
};
constexpr Nanos millisecond = 1'000'000;
constexpr std::uint32_t longest_timeout_ms = 3'600'000;

/// What CLI11 fills in; read further by the functions below.
struct Raw {
    std::string data;
    std::uint32_t id = 0;
    std::uint64_t cluster = 0;
    std::string voters;
    std::string standbys;
    std::vector<std::string> limits;
    std::string listen;
    std::string peers;
    std::string key_file;
    std::string admin;
    std::uint32_t release = newest_release;
    std::string bugs;
    std::string reads = "log";
    Admission admission;
    std::string journal;
    std::vector<std::string> timeouts;
    std::uint32_t clock_drift = Timeouts{}.clock_drift;
    bool format_if_empty = false;
    bool recover = false;
    DiskDouble disk;
};

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        parts.push_back(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return parts;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

Result<ReplicaId> read_id(std::string_view option, std::string_view text) {
    const auto value = number<std::uint32_t>(text);
    if (!value || *value == no_replica || *value > max_replica_id) {
        return usage_error(fmt::format("{}: '{}' is no replica", option, text),
                           fmt::format("ids are 1 to {}", max_replica_id));
    }
    return static_cast<ReplicaId>(*value);
}

Result<Endpoint> read_endpoint(std::string_view option, std::string_view text) {
    const std::size_t colon = text.rfind(':');
    const auto port = colon == std::string_view::npos
                          ? std::nullopt
                          : number<std::uint16_t>(text.substr(colon + 1));
    std::string address(text.substr(0, std::min(colon, text.size())));
    if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
        address = address.substr(1, address.size() - 2);
    }
    boost::system::error_code problem;
    boost::asio::ip::make_address(address, problem);
    if (!port || problem) {
        return usage_error(fmt::format("{}: '{}' is no address with a port", option, text),
                           "for example 127.0.0.1:7001 or [::1]:7001");
    }
    return Endpoint{std::move(address), *port};
}

Result<std::map<ReplicaId, Endpoint>> read_peers(std::string_view text, ReplicaId self) {
    std::map<ReplicaId, Endpoint> peers;
    for (const std::string_view part : split(text)) {
        const std::size_t equals = part.find('=');
        if (equals == std::string_view::npos) {
            return usage_error(fmt::format("--peers: '{}' names no replica", part),
                               "for example 1=127.0.0.1:7001,2=127.0.0.1:7002");
        }
        FAULTLAB_TRY(const ReplicaId id, read_id("--peers", part.substr(0, equals)));
        FAULTLAB_TRY(auto endpoint, read_endpoint("--peers", part.substr(equals + 1)));
        if (!peers.emplace(id, std::move(endpoint)).second) {
            return usage_error(fmt::format("--peers: replica {} stands there twice", id));
        }
    }
    peers.erase(self);
    return peers;
}

Result<Membership> read_membership(const Raw& raw) {
    Membership membership;
    const auto voters = split(raw.voters);
    const auto standbys = split(raw.standbys);
    if (voters.size() > max_voters || standbys.size() > max_standbys) {
        return usage_error(fmt::format("--voters names {} and --standbys {} replicas",
                                       voters.size(),
                                       standbys.size()),
                           fmt::format("at most {} and {}", max_voters, max_standbys));
    }
    for (const std::string_view voter : voters) {
        FAULTLAB_TRY(membership.voters[membership.voter_count], read_id("--voters", voter));
        ++membership.voter_count;
    }
    for (const std::string_view standby : standbys) {
        FAULTLAB_TRY(membership.standbys[membership.standby_count], read_id("--standbys", standby));
        ++membership.standby_count;
    }
    const bool joiner = membership.voter_count == 0 && membership.standby_count == 0;
    if (!joiner && !membership.well_formed()) {
        return usage_error(
            fmt::format("--voters {} --standbys {} is no membership", raw.voters, raw.standbys),
            "every replica once, and at least one voter; a joiner has neither");
    }
    return membership;
}

Result<Limits> read_limits(const std::vector<std::string>& texts) {
    Limits limits;
    for (const std::string& text : texts) {
        for (const std::string_view part : split(text)) {
            const std::size_t equals = std::min(part.find('='), part.size());
            const auto named =
                std::ranges::find(limit_names, part.substr(0, equals), [](const LimitName& l) {
                    return std::string_view(l.name);
                });
            const auto value =
                number<std::uint32_t>(part.substr(std::min(equals + 1, part.size())));
            if (named == std::end(limit_names) || !value) {
                std::string names;
                for (const LimitName& limit : limit_names)
                    names += fmt::format(" {}", limit.name);
                return usage_error(fmt::format("--limit: '{}' is not NAME=NUMBER", part),
                                   "names:" + names);
            }
            limits.*named->member = *value;
        }
    }
    if (const char* wrong = complaint(limits)) {
        return usage_error(fmt::format("--limit: {}", wrong), "docs/reference/replica-daemon.md");
    }
    return limits;
}

Result<Timeouts> read_timeouts(const Raw& raw) {
    Timeouts timeouts;
    timeouts.clock_drift = raw.clock_drift;
    for (const std::string& text : raw.timeouts) {
        for (const std::string_view part : split(text)) {
            const std::size_t equals = std::min(part.find('='), part.size());
            const auto named =
                std::ranges::find(timeout_names, part.substr(0, equals), [](const TimeoutName& t) {
                    return std::string_view(t.name);
                });
            const auto value =
                number<std::uint32_t>(part.substr(std::min(equals + 1, part.size())));
            const bool known = named != std::end(timeout_names);
            const bool lease = known && named->member == &Timeouts::lease;
            if (!known || !value || *value > longest_timeout_ms || (*value == 0 && !lease)) {
                std::string names;
                for (const TimeoutName& timeout : timeout_names)
                    names += fmt::format(" {}", timeout.name);
                return usage_error(
                    fmt::format("--timeout: '{}' is not NAME=MILLISECONDS", part),
                    fmt::format("1 to {} (lease: or 0); names:{}", longest_timeout_ms, names));
            }
            timeouts.*named->member = Nanos{*value} * millisecond;
        }
    }
    if (timeouts.lease >= timeouts.primary_silent) {
        return usage_error("--timeout: lease must be below primary_silent",
                           "a promise that outlasts the patience of the others helps nobody");
    }
    return timeouts;
}

/// A directory of the replica's own, that has a name: a marker of this name lies beside it.
Result<std::filesystem::path> read_data(const std::string& text) {
    const char* const hint = "name a directory that is the replica's alone: --data /srv/replica-1";
    if (text.empty()) return usage_error("--data: no directory is named", hint);
    const std::filesystem::path data(text);
    const std::filesystem::path last =
        data.has_filename() ? data.filename() : data.parent_path().filename();
    if (data.lexically_normal() == data.root_path() || last.empty()) {
        return usage_error(fmt::format("--data {}: the root is no replica's directory", text),
                           hint);
    }
    if (last == "." || last == "..") {
        return usage_error(fmt::format("--data {}: the directory is not named", text), hint);
    }
    return data;
}

Result<FormatOptions> read_format(const Raw& raw) {
    FormatOptions options;
    FAULTLAB_TRY(options.data, read_data(raw.data));
    FAULTLAB_TRY(options.self, read_id("--id", std::to_string(raw.id)));
    options.cluster = raw.cluster;
    FAULTLAB_TRY(options.membership, read_membership(raw));
    const Membership& members = options.membership;
    if (members.voter_count > 0 && !members.votes(options.self) && !members.listens(options.self)) {
        return usage_error(fmt::format("--id {}: neither in --voters nor in --standbys", raw.id),
                           "it would start as retired; a joiner names no voters and no standbys");
    }
    FAULTLAB_TRY(options.limits, read_limits(raw.limits));
    return options;
}

Result<RunOptions> read_run(const Raw& raw) {
    RunOptions options;
    FAULTLAB_TRY(options.format, read_format(raw));
    if ((raw.format_if_empty || raw.recover) && raw.cluster == 0) {
        return usage_error("run: --format-if-empty and --recover make files, which need --cluster");
    }
    options.format_if_empty = raw.format_if_empty;
    options.recover = raw.recover;
    FAULTLAB_TRY(options.listen, read_endpoint("--listen", raw.listen));
    FAULTLAB_TRY(options.peers, read_peers(raw.peers, options.format.self));
    options.key_file = raw.key_file;
    if (!raw.admin.empty()) {
        FAULTLAB_TRY(options.admin, read_endpoint("--admin", raw.admin));
    }
    options.release = raw.release;
    const ParsedBugs bugs = parse_bugs(raw.bugs);
    if (bugs.unknown) {
        return usage_error(fmt::format("--bug: there is no bug '{}'", *bugs.unknown),
                           "`faultlab list bugs` names them");
    }
    options.bugs = bugs.bugs;
    options.reads = raw.reads == "lease" ? Reads::Lease : Reads::Log;
    options.admission = raw.admission;
    FAULTLAB_TRY(options.timeouts, read_timeouts(raw));
    options.journal = raw.journal;
    options.disk = raw.disk;
    if (!raw.disk.on &&
        (raw.disk.sync_lies || raw.disk.sync_fails_from != 0 || raw.disk.superblock_sync_ms != 0)) {
        return usage_error("run: what goes wrong with syncs is for a --disk-double",
                           "give it too; a real disk is left to do its own mistakes");
    }
    return options;
}

void add_identity(CLI::App& app, Raw& raw) {
    app.add_option("--data", raw.data, "directory of the replica's files")->required();
    app.add_option("--id", raw.id, "this replica, 1 to 15")->required();
    app.add_option("--voters", raw.voters, "ids that vote: 1,2,3; none: a joiner");
    app.add_option("--standbys", raw.standbys, "ids that only listen");
    app.add_option("--limit", raw.limits, "NAME=N,...: sizes, fixed by the format");
}

void add_run(CLI::App& app, Raw& raw) {
    add_identity(app, raw);
    app.add_option("--cluster", raw.cluster, "number of the cluster, when files are made");
    app.add_flag("--format-if-empty", raw.format_if_empty, "format a directory never used before");
    app.add_flag("--recover", raw.recover, "the disk was lost: ask the others");
    app.add_option("--listen", raw.listen, "ADDR:PORT for peers and clients")->required();
    app.add_option("--peers", raw.peers, "1=ADDR:PORT,2=...: all replicas");
    app.add_option("--key-file", raw.key_file, "the cluster's secret")->required();
    app.add_option("--admin", raw.admin, "ADDR:PORT for status, events, GET /metrics");
    app.add_option("--release", raw.release, "speak and understand up to this release")
        ->check(CLI::Range(oldest_release, newest_release))
        ->capture_default_str();
    app.add_option("--bug", raw.bugs, "ID,...: planted bugs to switch on");
    app.add_option("--reads", raw.reads, "how reads are served")
        ->check(CLI::IsMember({"log", "lease"}))
        ->capture_default_str();
    app.add_option("--rate", raw.admission.rate, "requests a second; 0: no limit")
        ->capture_default_str();
    app.add_option("--burst", raw.admission.burst, "requests that may come at once")
        ->capture_default_str();
    app.add_option("--timeout", raw.timeouts, "NAME=MILLISECONDS,...");
    app.add_option("--clock-drift", raw.clock_drift, "bound on clock rates, parts in 1000")
        ->check(CLI::Range(0, 400))
        ->capture_default_str();
    app.add_option("--journal", raw.journal, "record all inputs in FILE.1, FILE.2, ... a start");
    app.add_flag("--disk-double", raw.disk.on, "keep what a simulated power cut needs");
    app.add_flag("--sync-lies", raw.disk.sync_lies, "a double whose fdatasync does nothing");
    app.add_option("--superblock-sync-ms",
                   raw.disk.superblock_sync_ms,
                   "a double that is slow to sync the superblock")
        ->check(CLI::Range(0, 10'000));
    app.add_option("--sync-fails-from",
                   raw.disk.sync_fails_from,
                   "a double whose disk dies: N-th sync of prepares");
}

} // namespace

Result<CommandLine> parse_command_line(int argc, const char* const* argv) {
    Raw raw;
    CLI::App app("One replica of the embedded store: Viewstamped Replication with a durable log.",
                 "faultlab-replica");
    app.require_subcommand(1);
    CLI::App* format = app.add_subcommand("format", "make the files of a replica");
    add_identity(*format, raw);
    format->add_option("--cluster", raw.cluster, "number of the cluster")->required();
    CLI::App* run = app.add_subcommand("run", "serve until SIGTERM, or a halt (70)");
    add_run(*run, raw);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        const CLI::App* asked = format->parsed() ? format : run->parsed() ? run : &app;
        return CommandLine(HelpText{asked->help()});
    } catch (const CLI::ParseError& problem) {
        return usage_error(fmt::format("command line: {}", problem.what()),
                           "faultlab-replica --help, faultlab-replica run --help");
    }
    if (format->parsed()) {
        FAULTLAB_TRY(auto options, read_format(raw));
        return CommandLine(std::move(options));
    }
    FAULTLAB_TRY(auto options, read_run(raw));
    return CommandLine(std::move(options));
}

} // namespace faultlab::replica
