#include "controller/hosts/doctor.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/hosts/hosts_support.hpp"

#include <algorithm>

using namespace faultlab;
using namespace faultlab::hosts_test;

namespace {

using State = DoctorLine::State;

const DoctorLine* line_named(const std::vector<DoctorLine>& lines, const std::string& name) {
    const auto found = std::find_if(
        lines.begin(), lines.end(), [&](const auto& line) { return line.name == name; });
    return found == lines.end() ? nullptr : &*found;
}

/// Examines in a forked child; returns how many lines fail, 50 when a line is missing or senseless.
int examine_in_child(As who) {
    const TemporaryDirectory directory;
    return wait_for(fork_child(who, [&] {
        const auto lines = examine_machine(directory.path() / "not/there/yet");
        const bool tried = line_named(lines, "namespaces") != nullptr &&
                           line_named(lines, "bridge and veth") != nullptr &&
                           line_named(lines, "nftables") != nullptr;
        const bool written = std::filesystem::is_empty(directory.path());
        const bool good = std::all_of(lines.begin(), lines.end(), [](const DoctorLine& line) {
            if (line.state == State::fail) std::cerr << line.name << ": " << line.found << '\n';
            const bool explained = !line.name.empty() && !line.found.empty();
            return explained && (line.state == State::ok) == line.fix.empty();
        });
        const auto failed = std::count_if(lines.begin(), lines.end(), [](const DoctorLine& line) {
            return line.state == State::fail;
        });
        return tried && written && good ? static_cast<int>(failed) : 50;
    }));
}

} // namespace

TEST_CASE("the doctor finds this machine fit, as every user, and leaves nothing", "[hosts]") {
    for (const As who : {As::caller, As::ordinary_user}) {
        if (namespaces_for(who)) CHECK(examine_in_child(who) == 0);
    }
}

TEST_CASE("the doctor names the setting that forbids namespaces", "[hosts]") {
    if (!namespaces_for(As::ordinary_user)) return;
    const TemporaryDirectory directory;
    const auto file = directory.path() / "fix";
    supervised(As::ordinary_user, [&] {
        std::ofstream("/proc/sys/user/max_net_namespaces") << 0;
        const auto lines = examine_machine(directory.path());
        const auto* line = line_named(lines, "namespaces");
        if (line != nullptr && line->state == State::fail) std::ofstream(file) << line->fix;
        return 0;
    });
    CHECK(read_text(file) == "sudo sysctl -w user.max_net_namespaces=15000");
}

TEST_CASE("a directory that cannot be written is found", "[hosts]") {
    const TemporaryDirectory directory;
    std::filesystem::permissions(directory.path(),
                                 std::filesystem::perms::owner_read |
                                     std::filesystem::perms::owner_exec |
                                     std::filesystem::perms::others_exec);
    const int code = wait_for(fork_child(As::ordinary_user, [&] {
        const auto lines = examine_machine(directory.path());
        const auto* line = line_named(lines, "disk sync");
        return line != nullptr && line->state == State::fail ? 0 : 1;
    }));
    if (code == no_other_user) std::cout << "skipped: root of a user namespace is the only user\n";
    CHECK((code == 0 || code == no_other_user));
}

TEST_CASE("kernels are judged by their version", "[hosts]") {
    CHECK(judge_kernel("6.1.0-18-amd64").state == State::ok);
    CHECK(judge_kernel("5.11.0").state == State::ok);
    CHECK(judge_kernel("5.10.0-28-amd64").state == State::fail);
    CHECK(judge_kernel("4.19").state == State::fail);
    CHECK(judge_kernel("10.0").state == State::ok);
    CHECK(judge_kernel("nonsense").state == State::fail);
}

TEST_CASE("amounts are judged by what a run needs, and each shortage has a fix", "[hosts]") {
    constexpr std::uint64_t gibibyte = 1ULL << 30U;
    CHECK(judge_memory(4 * gibibyte).state == State::ok);
    CHECK(judge_memory(gibibyte / 2).state == State::warn);
    CHECK(judge_memory(gibibyte / 8).state == State::fail);
    CHECK(judge_disk_space(20 * gibibyte, "/x").state == State::ok);
    CHECK(judge_disk_space(gibibyte, "/x").state == State::warn);
    CHECK(judge_disk_space(1000, "/x").state == State::fail);
    CHECK(judge_disk_space(1000, "/x").fix.find("/x") != std::string::npos);
    CHECK(judge_sync_time(2 * millisecond, "/x").found == "2.00 ms for a synced write in /x");
    CHECK(judge_sync_time(50 * millisecond, "/x").state == State::warn);
    CHECK(judge_cores(1).state == State::warn);
    CHECK(judge_cores(2).fix.empty());
    CHECK(judge_open_files(1024, 1024).state == State::ok);
    CHECK(judge_open_files(256, 4096).fix == "ulimit -n 1024");
    CHECK(judge_open_files(256, 256).fix.find("prlimit") != std::string::npos);
}
