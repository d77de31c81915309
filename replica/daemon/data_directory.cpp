#include "replica/daemon/data_directory.hpp"

#include "replica/core/format.hpp"
#include "replica/core/layout.hpp"
#include "replica/core/superblock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace faultlab::replica {
namespace {

using std::filesystem::path;

const char* file_name(Zone zone) {
    switch (zone) {
        case Zone::Superblock: return "superblock";
        case Zone::Headers: return "headers";
        case Zone::Prepares: return "prepares";
        case Zone::Snapshot: return "snapshot";
    }
    return "?";
}

path recovery_marker(const path& data) {
    return data / "recovering";
}

Error failed(const char* what, const path& where, int problem) {
    return environment_error(fmt::format("{} {}: {}", what, where.native(), errno_words(problem)),
                             "the directory must be writable and its disk must have room");
}

/// The names in a directory are durable only when the directory is.
Result<void> sync_directory(const path& directory) {
    File opened;
    const path named = directory.empty() ? path(".") : directory;
    int problem = opened.open(named, O_RDONLY | O_DIRECTORY);
    if (problem == 0 && ::fsync(opened.descriptor()) != 0) problem = errno;
    if (problem != 0) return failed("syncing", named, problem);
    return {};
}

Result<void> make_file(const path& file, std::uint64_t bytes, Bytes contents) {
    File made;
    int problem = made.open(file, O_RDWR | O_CREAT | O_TRUNC);
    if (problem == 0) problem = made.resize(bytes);
    if (problem == 0) problem = made.write_at(0, contents);
    if (problem == 0 && ::fsync(made.descriptor()) != 0) problem = errno;
    if (problem != 0) return failed("making", file, problem);
    return {};
}

bool is_there(const path& file) {
    std::error_code ignored;
    return std::filesystem::exists(file, ignored);
}

Result<void> make_directory(const path& data) {
    std::error_code problem;
    std::filesystem::create_directories(data, problem);
    if (problem) return failed("making", data, problem.value());
    return {};
}

/// All zones, the superblock last and under its name only when it is whole: a directory without it
/// has never been run on.
Result<void> make_zones(const path& data, const Limits& limits, Bytes superblock) {
    for (const Zone zone : {Zone::Headers, Zone::Prepares, Zone::Snapshot}) {
        FAULTLAB_DO(make_file(zone_file(data, zone), zone_bytes(limits, zone), {}));
    }
    const path named = zone_file(data, Zone::Superblock);
    const path unnamed = named.native() + ".new";
    FAULTLAB_DO(make_file(unnamed, zone_bytes(limits, Zone::Superblock), superblock));
    std::error_code problem;
    std::filesystem::rename(unnamed, named, problem);
    if (problem) return failed("naming", named, problem.value());
    return sync_directory(data);
}

Result<void> mark_formatted(const path& data) {
    const path marker = formatted_marker(data);
    if (is_there(marker)) return {};
    FAULTLAB_DO(make_file(marker, 0, {}));
    return sync_directory(marker.parent_path());
}

Result<void> make_formatted(const FormatOptions& options) {
    Config config;
    config.cluster = options.cluster;
    config.self = options.self;
    config.limits = options.limits;
    FAULTLAB_DO(make_zones(options.data, options.limits, format(config, options.membership)));
    return mark_formatted(options.data);
}

Result<void> make_blank(const FormatOptions& options) {
    // The marker first: blank files without it would look like a broken superblock.
    FAULTLAB_DO(make_file(recovery_marker(options.data), 0, {}));
    FAULTLAB_DO(make_zones(options.data, options.limits, {}));
    return mark_formatted(options.data);
}

Result<File> lock_directory(const path& data) {
    File lock;
    const path file = data / "lock";
    const int problem = lock.open(file, O_RDWR | O_CREAT);
    if (problem != 0) return failed("opening", file, problem);
    if (::flock(lock.descriptor(), LOCK_EX | LOCK_NB) != 0) {
        return environment_error(
            fmt::format("locking {}: another process runs on it", data.native()),
            "stop the faultlab-replica that uses this --data");
    }
    return lock;
}

Result<std::optional<Superblock>> read_superblock(const path& data, BugSet bugs) {
    const path file = zone_file(data, Zone::Superblock);
    std::array<std::byte, superblock_copies * superblock_bytes> zone{};
    File opened;
    int problem = opened.open(file, O_RDONLY);
    if (problem == 0) problem = opened.read_at(0, zone);
    if (problem != 0) return failed("reading", file, problem);
    return open_superblock(zone, bugs);
}

/// Makes files where there are none; says whether it did.
Result<bool> make_missing(const RunOptions& options) {
    const path& data = options.format.data;
    if (is_there(zone_file(data, Zone::Superblock))) return false;
    if (options.recover) {
        FAULTLAB_DO(make_blank(options.format));
        return true;
    }
    if (is_there(formatted_marker(data))) {
        return environment_error(
            fmt::format("opening {}: a replica was formatted here, and its files are gone",
                        data.native()),
            fmt::format("its votes are forgotten, so it may not vote as if it were new: start with "
                        "--recover, or begin a new cluster and remove {}",
                        formatted_marker(data).native()));
    }
    if (!options.format_if_empty) {
        return usage_error(fmt::format("opening {}: no replica was formatted here", data.native()),
                           "faultlab-replica format --data DIR --id N --cluster C --voters ...");
    }
    FAULTLAB_DO(make_formatted(options.format));
    return true;
}

} // namespace

path zone_file(const path& data, Zone zone) {
    return data / file_name(zone);
}

path formatted_marker(const path& data) {
    // A trailing slash would put it inside.
    const path named = data.has_filename() ? data : data.parent_path();
    return named.native() + ".formatted";
}

Result<void> format_directory(const FormatOptions& options) {
    const path superblock = zone_file(options.data, Zone::Superblock);
    for (const path& taken : {superblock, formatted_marker(options.data)}) {
        if (!is_there(taken)) continue;
        return usage_error(
            fmt::format("formatting {}: {} is there", options.data.native(), taken.native()),
            "a replica lives or lived here; to begin anew remove the directory and the marker");
    }
    FAULTLAB_DO(make_directory(options.data));
    FAULTLAB_TRY(const File lock, lock_directory(options.data));
    return make_formatted(options);
}

Result<DataDirectory> open_directory(const RunOptions& options) {
    const path& data = options.format.data;
    if (options.format_if_empty || options.recover) {
        FAULTLAB_DO(make_directory(data));
    } else if (!is_there(data)) {
        return usage_error(fmt::format("opening {}: there is no such directory", data.native()),
                           "faultlab-replica format makes it");
    }
    DataDirectory directory;
    FAULTLAB_TRY(directory.lock, lock_directory(data));
    FAULTLAB_TRY(const bool made, make_missing(options));
    FAULTLAB_TRY(const auto superblock, read_superblock(data, options.bugs));
    const bool recovering = is_there(recovery_marker(data));
    if (!superblock && options.recover && !made) {
        FAULTLAB_DO(make_blank(options.format));
    } else if (!superblock && !recovering && !made) {
        return lab_error(
            fmt::format("opening {}: fewer than two valid copies of the newest superblock",
                        data.native()),
            "what this replica promised is unknown: start it with --recover");
    }
    directory.recover = is_there(recovery_marker(data));
    const std::uint64_t given = options.format.cluster;
    if (superblock && given != 0 && superblock->cluster != given) {
        return usage_error(fmt::format("opening {}: these are the files of cluster {}, not {}",
                                       data.native(),
                                       superblock->cluster,
                                       given),
                           "give --data and --cluster that belong together");
    }
    if (!superblock && given == 0) {
        return usage_error(fmt::format("opening {}: its replica lost its disk, and the others have "
                                       "not told it yet which cluster it is of",
                                       data.native()),
                           "give --cluster as well");
    }
    directory.cluster = superblock ? superblock->cluster : given;
    directory.limits = superblock ? superblock->limits : options.format.limits;
    if (superblock && superblock->self != options.format.self) {
        return usage_error(fmt::format("opening {}: these are the files of replica {}, not {}",
                                       data.native(),
                                       superblock->self,
                                       options.format.self),
                           "give --data and --id that belong together");
    }
    FAULTLAB_DO(mark_formatted(data));
    return directory;
}

Result<void> end_recovery(const path& data) {
    std::error_code problem;
    std::filesystem::remove(recovery_marker(data), problem);
    if (problem) return failed("removing", recovery_marker(data), problem.value());
    return sync_directory(data);
}

} // namespace faultlab::replica
