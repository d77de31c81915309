// faultlab-node rlimit: how many files and threads processes may have. The limits from before are
// kept in a note on the host, from which they are given back.
#include "nemesis/node/control_group.hpp"
#include "nemesis/node/helper_arguments.hpp"
#include "nemesis/node/process_stat.hpp"
#include "nemesis/node/tool.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include <cerrno>
#include <fstream>
#include <optional>
#include <system_error>

namespace faultlab::node {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// What stands in the note of one process.
struct Kept {
    pid_t pid = 0;
    std::string started; ///< by /proc: another process may have got the number since
    rlimit files{};
};

/// Whether the number is still that process's.
bool lives(const Kept& kept) {
    const auto stat = process_stat(kept.pid);
    return stat && stat->started == kept.started;
}

std::int64_t open_files(pid_t pid) {
    std::error_code code;
    std::int64_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         fs::directory_iterator(fmt::format("/proc/{}/fd", pid), code))
        ++count;
    return count;
}

fs::path note_of(const HelperAddress& address) {
    return address.directory / (address.name + ".limits");
}

std::vector<Kept> read_note(const fs::path& path) {
    std::vector<Kept> all;
    std::ifstream in(path);
    const Json note = Json::parse(in, nullptr, false);
    if (!note.is_array()) return all;
    for (const Json& one : note) {
        all.push_back({.pid = one.value("pid", 0),
                       .started = one.value("started", std::string()),
                       .files = {.rlim_cur = one.value("soft", std::uint64_t{0}),
                                 .rlim_max = one.value("hard", std::uint64_t{0})}});
    }
    return all;
}

/// Before anything is changed.
void write_note(const fs::path& path, const std::vector<Kept>& all) {
    Json note = Json::array();
    for (const Kept& kept : all) {
        note.push_back({{"pid", kept.pid},
                        {"started", kept.started},
                        {"soft", kept.files.rlim_cur},
                        {"hard", kept.files.rlim_max}});
    }
    fs::create_directories(path.parent_path());
    std::ofstream out(path);
    out << note.dump() << std::flush;
    if (!out) throw std::runtime_error("cannot write " + path.string());
}

void set(pid_t pid, const rlimit& files) {
    if (::prlimit(pid, RLIMIT_NOFILE, &files, nullptr) != 0 && errno != ESRCH)
        throw std::system_error(errno, std::generic_category(), fmt::format("prlimit {}", pid));
}

void give_back(const fs::path& note) {
    for (const Kept& kept : read_note(note)) {
        if (lives(kept)) set(kept.pid, kept.files);
    }
    fs::remove(note);
}

/// `free` more descriptors than each has open now; the hard limit stays, so that it can be undone.
void take_away(const fs::path& note, const std::vector<pid_t>& pids, std::int64_t free) {
    std::vector<Kept> all;
    for (const pid_t pid : pids) {
        const auto stat = process_stat(pid);
        if (!stat) continue;
        Kept kept{.pid = pid, .started = stat->started};
        if (::prlimit(pid, RLIMIT_NOFILE, nullptr, &kept.files) != 0) continue;
        all.push_back(kept);
    }
    write_note(note, all);
    for (const Kept& kept : all) {
        rlimit low = kept.files;
        const auto wanted = static_cast<rlim_t>(open_files(kept.pid) + free);
        low.rlim_cur = std::min(low.rlim_cur, wanted);
        set(kept.pid, low);
    }
}

Json report(const std::vector<Kept>& all) {
    Json report = {{"processes", 0}, {"lowered", 0}};
    for (const Kept& kept : all) {
        rlimit now{};
        if (!lives(kept) || ::prlimit(kept.pid, RLIMIT_NOFILE, nullptr, &now) != 0) continue;
        report["processes"] = report["processes"].get<int>() + 1;
        if (now.rlim_cur < kept.files.rlim_cur)
            report["lowered"] = report["lowered"].get<int>() + 1;
        report["limit"] = now.rlim_cur;
        report["open"] = open_files(kept.pid);
    }
    return report;
}

} // namespace

int run_rlimit(std::span<char* const> arguments) {
    CLI::App app("limits the open files of processes, and gives the limits back");
    HelperAddress address;
    std::vector<pid_t> groups;
    std::string order;
    std::int64_t free = 0;
    add_helper_address(app, address);
    app.add_option("--groups", groups, "process groups, by commas")->delimiter(',');
    app.add_option("--free", free, "how many more files they may open");
    app.add_option("order", order, "take, report or give-back")
        ->required()
        ->check(CLI::IsMember({"take", "report", "give-back"}));
    if (const auto code = parse_arguments(app, arguments)) return *code;
    const fs::path note = note_of(address);
    if (order == "give-back") {
        give_back(note);
    } else if (order == "take") {
        const std::vector<pid_t> pids = processes_of(groups);
        if (pids.empty()) return complain(70, "none of these process groups has a process");
        take_away(note, pids, free);
    } else {
        fmt::print("{}\n", report(read_note(note)).dump());
    }
    return 0;
}

} // namespace faultlab::node
