#pragma once

#include "core/result.hpp"
#include "replica/core/bugs.hpp"
#include "replica/core/config.hpp"
#include "replica/core/membership.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>

namespace faultlab::replica {

struct Endpoint {
    std::string address; ///< IPv4 or IPv6, numeric
    std::uint16_t port = 0;

    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// `format`: makes the files of a replica that has never run.
struct FormatOptions {
    std::filesystem::path data;
    ReplicaId self = no_replica;
    std::uint64_t cluster = 0;
    Membership membership; ///< no voters: a joiner, which asks its peers
    Limits limits;
};

/// A disk whose power can be cut (disk_double.hpp), and what it does wrong on purpose.
struct DiskDouble {
    bool on = false;
    bool sync_lies = false;               ///< fdatasync does nothing and says that it did
    std::uint32_t superblock_sync_ms = 0; ///< how much longer a sync of the superblock takes
    std::uint64_t sync_fails_from = 0;    ///< the sync of prepares from which on all fail; 0: none
};

/// `run`: serves until a signal or a halt.
struct RunOptions {
    FormatOptions format; ///< beyond data and self: used only when the files are made here
    bool format_if_empty = false;
    bool recover = false; ///< no valid superblock: ask the others (VRR §4.3)
    Endpoint listen;
    std::map<ReplicaId, Endpoint> peers; ///< without the replica itself
    std::filesystem::path key_file;
    std::optional<Endpoint> admin;
    std::uint32_t release = newest_release;
    BugSet bugs;
    Reads reads = Reads::Log;
    Admission admission;
    Timeouts timeouts;
    std::filesystem::path journal; ///< empty: none
    DiskDouble disk;
};

struct HelpText {
    std::string text;
};

using CommandLine = std::variant<HelpText, FormatOptions, RunOptions>;

/// Reads the command line of faultlab-replica; all errors are the user's.
[[nodiscard]] Result<CommandLine> parse_command_line(int argc, const char* const* argv);

} // namespace faultlab::replica
