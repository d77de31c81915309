#include "controller/hosts/doctor.hpp"

#include "controller/hosts/descriptor.hpp"
#include "controller/hosts/nftables.hpp"
#include "controller/hosts/process.hpp"
#include "controller/hosts/supervisor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <optional>
#include <sstream>

namespace faultlab {
namespace {

namespace fs = std::filesystem;
using State = DoctorLine::State;

/// The words of a command's complaint on one line.
std::string one_line(const std::string& text) {
    std::istringstream words(text);
    std::string result;
    for (std::string word; words >> word;)
        result += result.empty() ? word : " " + word;
    return result;
}

/// What went wrong when a bridge, a pair of links and a host's namespaces are made; "" for nothing.
std::string try_bridge() {
    const auto made = run_command({.argv = {"ip", "-batch", "-"},
                                   .input = "link add fl-try type bridge stp_state 0\n"
                                            "link add fl-one type veth peer name fl-two\n"
                                            "link set fl-one master fl-try up\n"});
    if (!made) return made.error().message;
    return made->success() ? "" : one_line(made->err);
}

std::string try_host() {
    if (::unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS) == 0) return "";
    return errno_text(errno);
}

std::string try_nftables() {
    auto nftables = Nftables::open();
    if (!nftables) return nftables.error().message;
    const auto applied = nftables->apply(
        "add table inet try; add set inet try cut { type ipv4_addr; };"
        "add chain inet try c_in { type filter hook input priority -300; policy accept; };"
        "add rule inet try c_in ip saddr @cut counter drop;"
        "add element inet try cut { 10.77.0.1 };");
    if (!applied) return one_line(applied.error().message);
    const auto listed = nftables->apply("list table inet try");
    if (!listed) return one_line(listed.error().message);
    return listed->find("10.77.0.1") != std::string::npos ? "" : "the rules are not listed";
}

/// What the trials inside scratch namespaces found, in this order; "" is success.
struct Trials {
    std::string bridge;
    std::string host;
    std::string nftables;
};

Result<Trials> try_namespaces() {
    Pipe pipe = make_pipe();
    if (!pipe.write.valid()) return lab_error("cannot open a pipe");
    const auto end = supervise({}, [&pipe] {
        // In this order: the host's namespaces are the last thing before its rules.
        const auto bridge = try_bridge();
        const auto host = try_host();
        const auto text = bridge + "\n" + host + "\n" + try_nftables() + "\n";
        // Less than a pipe holds: these are single lines.
        return ::write(pipe.write.get(), text.data(), text.size()) > 0 ? 0 : 1;
    });
    if (!end) return end.error();
    pipe.write.reset();
    std::array<char, 8192> buffer{};
    const auto count = ::read(pipe.read.get(), buffer.data(), buffer.size());
    std::istringstream text(
        std::string(buffer.data(), static_cast<std::size_t>(std::max(count, ssize_t{0}))));
    Trials trials;
    const bool complete = std::getline(text, trials.bridge) && std::getline(text, trials.host) &&
                          std::getline(text, trials.nftables);
    if (!complete) return lab_error("the trial in scratch namespaces ended early");
    return trials;
}

DoctorLine
judged(std::string name, const std::string& complaint, std::string good, std::string fix) {
    if (complaint.empty()) return {.name = std::move(name), .found = std::move(good)};
    return {
        .name = std::move(name), .state = State::fail, .found = complaint, .fix = std::move(fix)};
}

void examine_namespaces(std::vector<DoctorLine>& lines) {
    const auto trials = try_namespaces();
    if (!trials) {
        const auto& error = trials.error();
        lines.push_back({.name = "namespaces",
                         .state = State::fail,
                         .found = error.message,
                         .fix = error.hint});
        return;
    }
    const std::string who = ::geteuid() == 0 ? "as root" : "in a user namespace";
    lines.push_back(judged("namespaces",
                           trials->host,
                           "network, mount, PID and UTS namespaces " + who,
                           "sudo sysctl -w user.max_net_namespaces=15000"));
    lines.push_back(judged("bridge and veth",
                           trials->bridge,
                           "made in a scratch namespace",
                           "sudo modprobe -a bridge veth"));
    lines.push_back(judged("nftables",
                           trials->nftables,
                           "rules applied and listed in a scratch namespace",
                           "sudo modprobe -a nf_tables nft_counter"));
}

DoctorLine examine_program(const std::string& program, const std::string& package, State missing) {
    const auto found = find_program(program);
    if (found) return {.name = program, .found = found->string()};
    return {.name = program,
            .state = missing,
            .found = "not installed",
            .fix = "sudo apt-get install --no-install-recommends " + package};
}

/// The lab's own store is built beside this program.
DoctorLine examine_replica() {
    std::error_code code;
    const fs::path program =
        fs::read_symlink("/proc/self/exe", code).parent_path() / "faultlab-replica";
    if (::access(program.c_str(), X_OK) == 0)
        return {.name = "faultlab-replica", .found = program.string()};
    return {.name = "faultlab-replica",
            .state = State::warn,
            .found = "not built",
            .fix =
                "cmake --build " + program.parent_path().string() + " --target faultlab-replica"};
}

/// The directory itself, or the nearest one above that exists: on the same disk once it is made.
fs::path nearest_existing(const fs::path& directory) {
    std::error_code code;
    fs::path path = fs::absolute(directory, code);
    while (!fs::is_directory(path, code) && path.has_relative_path())
        path = path.parent_path();
    return path;
}

/// Median time of a small synced write; nothing when no file can be written there.
std::optional<Nanos> measure_sync(const fs::path& directory) {
    constexpr int rounds = 15;
    std::string name = directory / ".faultlab-doctor-XXXXXX";
    const Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
    if (!file.valid()) return std::nullopt;
    ::unlink(name.c_str());
    const std::array<char, 4096> block{};
    std::vector<Nanos> times;
    for (int round = 0; round < rounds; ++round) {
        const auto start = std::chrono::steady_clock::now();
        if (::write(file.get(), block.data(), block.size()) < 0) return std::nullopt;
        if (::fdatasync(file.get()) != 0) return std::nullopt;
        times.push_back(std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(times.begin(), times.end());
    return times[rounds / 2];
}

void examine_disk(const fs::path& lab_directory, std::vector<DoctorLine>& lines) {
    const fs::path directory = nearest_existing(lab_directory);
    struct statvfs space{};
    if (::statvfs(directory.c_str(), &space) == 0) {
        lines.push_back(
            judge_disk_space(std::uint64_t{space.f_bavail} * space.f_frsize, directory.string()));
    }
    const auto time = measure_sync(directory);
    if (time) {
        lines.push_back(judge_sync_time(*time, directory.string()));
        return;
    }
    lines.push_back({.name = "disk sync",
                     .state = State::fail,
                     .found = "no file can be written in " + directory.string(),
                     .fix = fmt::format("sudo chown $(id -u) {}", directory.string())});
}

std::uint64_t available_memory() {
    std::ifstream file("/proc/meminfo");
    std::string label;
    std::string unit;
    for (std::uint64_t amount = 0; file >> label >> amount; std::getline(file, unit)) {
        if (label == "MemAvailable:") return amount * 1024;
    }
    return 0;
}

int usable_cores() {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    if (::sched_getaffinity(0, sizeof(cores), &cores) != 0) return 1;
    return CPU_COUNT(&cores);
}

} // namespace

std::vector<DoctorLine> examine_machine(const fs::path& lab_directory) {
    std::vector<DoctorLine> lines;
    utsname machine{};
    ::uname(&machine);
    lines.push_back(judge_kernel(machine.release));
    examine_namespaces(lines);
    lines.push_back(examine_program("ip", "iproute2", State::fail));
    lines.push_back(examine_replica());
    lines.push_back(examine_program("etcd", "etcd-server", State::warn));
    examine_disk(lab_directory, lines);
    lines.push_back(judge_memory(available_memory()));
    lines.push_back(judge_cores(usable_cores()));
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    lines.push_back(judge_open_files(files.rlim_cur, files.rlim_max));
    return lines;
}

} // namespace faultlab
