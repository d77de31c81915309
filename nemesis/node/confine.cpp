// faultlab-node confine, confined, release: processes in a control group with limits, what came of
// it, and the way back.
#include "nemesis/node/control_group.hpp"
#include "nemesis/node/helper_arguments.hpp"
#include "nemesis/node/tool.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace faultlab::node {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> controllers = {"cpu", "memory", "pids", "blkio"};

/// Of a fault's group in each hierarchy: of version 2 there is one for all controllers.
std::map<fs::path, GroupPlace> groups_of(const std::string& name) {
    std::map<fs::path, GroupPlace> groups;
    for (const std::string_view controller : controllers) {
        if (const auto place = group_place(controller))
            groups.emplace(place->directory / name, *place);
    }
    return groups;
}

/// Files of the kernel take one value a write, and complain by errno.
int write_value(const fs::path& file, const std::string& value) {
    errno = 0;
    std::ofstream out(file);
    out << value << std::flush;
    return out ? 0 : errno != 0 ? errno : EIO;
}

std::string read_value(const fs::path& file) {
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    std::string value = text.str();
    while (!value.empty() && value.back() == '\n')
        value.pop_back();
    return value;
}

[[noreturn]] void refuse(const fs::path& path, int error) {
    throw std::system_error(error, std::generic_category(), path.string());
}

/// All of them, also those that are started while this works. One that is gone needs no move.
void move(const fs::path& group, const std::vector<pid_t>& pids) {
    for (const pid_t pid : pids) {
        const int error = write_value(group / "cgroup.procs", std::to_string(pid));
        if (error != 0 && error != ESRCH) refuse(group / "cgroup.procs", error);
    }
}

/// Another lab on this machine removes groups that are empty: it may have been quicker.
void make_group(const fs::path& group, const std::vector<pid_t>& pids) {
    constexpr int attempts = 3;
    for (int attempt = 1;; ++attempt) {
        std::error_code code;
        fs::create_directory(group, code);
        if (code) refuse(group, code.value());
        try {
            return move(group, pids);
        } catch (const std::system_error& error) {
            if (attempt == attempts || error.code().value() != ENOENT) throw;
        }
    }
}

std::vector<pid_t> members(const fs::path& group) {
    std::ifstream in(group / "cgroup.procs");
    std::vector<pid_t> pids;
    for (pid_t pid = 0; in >> pid;)
        pids.push_back(pid);
    return pids;
}

void release(const std::string& name) {
    for (const auto& [group, place] : groups_of(name)) {
        // Who forks while it is moved leaves a child behind.
        for (int attempt = 0; attempt < 100; ++attempt) {
            move(place.home, members(group));
            std::error_code code;
            fs::remove(group, code); // rmdir: its files are the kernel's
            if (!code || code == std::errc::no_such_file_or_directory) break;
            if (attempt == 99) refuse(group, code.value());
        }
    }
}

/// "8:0": of the disk that holds the directory.
std::string device_of(const std::string& directory) {
    struct stat info {};
    if (::stat(directory.c_str(), &info) != 0)
        throw std::system_error(errno, std::generic_category(), directory);
    return fmt::format("{}:{}", major(info.st_dev), minor(info.st_dev));
}

void confine(const std::string& name, const GroupLimits& limits, const std::vector<pid_t>& pids) {
    std::set<std::string> needed;
    for (const GroupVersion version : {GroupVersion::v1, GroupVersion::v2}) {
        for (const GroupSetting& setting : group_settings(limits, version)) {
            const std::string& controller = setting.controller;
            const auto place = group_place(controller == "io" ? "blkio" : controller);
            if (!place)
                throw std::runtime_error("no hierarchy of control groups has " + controller);
            if (place->version != version) continue;
            const fs::path group = place->directory / name;
            if (needed.insert(controller).second) make_group(group, pids);
            const int error = write_value(group / setting.file, setting.value);
            if (error != 0) refuse(group / setting.file, error);
        }
    }
}

/// "nr_throttled 7" and the like, line by line.
void add_numbers(const std::string& text, const std::string& prefix, nlohmann::json& to) {
    std::istringstream in(text);
    std::string name;
    for (std::int64_t number = 0; in >> name >> number;)
        to[prefix + name] = number;
}

/// How long its threads were ready to run and did not (the second number of schedstat).
std::int64_t waited_ms(pid_t pid) {
    std::error_code code;
    std::int64_t nanos = 0;
    for (const auto& thread : fs::directory_iterator(fmt::format("/proc/{}/task", pid), code)) {
        std::ifstream in(thread.path() / "schedstat");
        std::int64_t ran = 0;
        std::int64_t waited = 0;
        if (in >> ran >> waited) nanos += waited;
    }
    return nanos / 1'000'000;
}

nlohmann::json report(const std::string& name) {
    nlohmann::json report = {{"processes", 0}, {"waited_ms", 0}};
    std::set<pid_t> all;
    for (const auto& [group, place] : groups_of(name)) {
        if (!fs::exists(group)) continue;
        for (const pid_t pid : members(group))
            all.insert(pid);
        add_numbers(read_value(group / "cpu.stat"), "cpu.", report);
        for (const char* file : {"cpu.shares",
                                 "cpu.weight",
                                 "memory.failcnt",
                                 "memory.max_usage_in_bytes",
                                 "memory.limit_in_bytes",
                                 "memory.peak",
                                 "pids.max",
                                 "pids.current"}) {
            const std::string value = read_value(group / file);
            if (!value.empty() && value.find_first_not_of("0123456789") == std::string::npos)
                report[file] = std::stoll(value);
        }
        for (const char* file : {"blkio.throttle.io_service_bytes", "io.stat", "memory.events"}) {
            const std::string value = read_value(group / file);
            if (!value.empty()) report[file] = value;
        }
    }
    report["processes"] = all.size();
    for (const pid_t pid : all)
        report["waited_ms"] = report["waited_ms"].get<std::int64_t>() + waited_ms(pid);
    return report;
}

struct Line {
    std::string name;
    std::vector<pid_t> groups;
    std::string directory;
    GroupLimits limits;
    std::int64_t cpu_share = 0;
    std::int64_t cpu_weight = 0;
    std::int64_t memory = 0;
    std::int64_t tasks = 0;
    std::int64_t io_rate = 0;
};

void add_confine_options(CLI::App& app, Line& line) {
    app.add_option("--name", line.name, "of the fault")->required();
    app.add_option("--groups", line.groups, "process groups, by commas")
        ->delimiter(',')
        ->required();
    app.add_option("--cpu-share", line.cpu_share, "millionths of one processor");
    app.add_option("--cpu-weight", line.cpu_weight, "1024 is usual");
    app.add_option("--memory", line.memory, "bytes");
    app.add_option("--tasks", line.tasks, "processes and threads");
    app.add_option("--io-rate", line.io_rate, "bytes a second, of the disk of --directory");
    app.add_option("--directory", line.directory, "on the disk that --io-rate is about");
}

} // namespace

int run_confine(std::span<char* const> arguments) {
    CLI::App app("puts processes into a control group with limits");
    Line line;
    add_confine_options(app, line);
    if (const auto code = parse_arguments(app, arguments)) return *code;
    GroupLimits limits;
    const auto take = [](std::optional<std::int64_t>& limit, std::int64_t given) {
        if (given > 0) limit = given;
    };
    take(limits.cpu_share, line.cpu_share);
    take(limits.cpu_weight, line.cpu_weight);
    take(limits.memory, line.memory);
    take(limits.tasks, line.tasks);
    take(limits.io_rate, line.io_rate);
    const std::string name = group_name(line.name);
    try {
        if (limits.io_rate) limits.io_device = device_of(line.directory);
        const std::vector<pid_t> pids = processes_of(line.groups);
        if (pids.empty()) return complain(70, "none of these process groups has a process");
        confine(name, limits, pids);
        return 0;
    } catch (const std::exception& error) {
        const std::string what = error.what();
        release(name);
        return complain(70, what);
    }
}

int run_confined(std::span<char* const> arguments) {
    CLI::App app("what became of a control group");
    std::string name;
    app.add_option("--name", name, "of the fault")->required();
    if (const auto code = parse_arguments(app, arguments)) return *code;
    fmt::print("{}\n", report(group_name(name)).dump());
    return 0;
}

int run_release(std::span<char* const> arguments) {
    CLI::App app("lets the processes of a control group go back to where they were");
    std::string name;
    app.add_option("--name", name, "of the fault")->required();
    if (const auto code = parse_arguments(app, arguments)) return *code;
    release(group_name(name));
    return 0;
}

} // namespace faultlab::node
