// Kills each process of a lab with SIGKILL, and looks at the machine before and after: nothing of
// the lab may be left. Other labs may come and go on the same machine meanwhile; hence what is
// looked for are the processes and namespaces that this lab was seen to have.

#include "controller/hosts/descriptor.hpp"
#include "controller/hosts/process.hpp"
#include "tests/unit/hosts/belongings.hpp"
#include "tests/unit/hosts/lab_support.hpp"

#include <csignal>

using namespace faultlab;
using namespace faultlab::hosts_test;

namespace {

enum class Victim { supervisor, init, engine };

/// Three hosts with programs on them and a partition; never ends by itself.
int busy_lab(const std::filesystem::path& run, const Descriptor& ready) {
    const SteadyTestClock clock;
    auto lab = create_local_lab({.nodes = 3, .clients = 1, .run_directory = run}, clock);
    if (!lab) {
        std::cerr << lab.error().text() << '\n';
        return 1;
    }
    bool started = true;
    for (NodeId node = 0; node < 3; ++node) {
        auto& host = (*lab)->node(node);
        // One alone, one with a child, one whose child leaves the process group and the session.
        for (const char* program :
             {"exec sleep 1000", "sleep 1000 & wait", "setsid sleep 1000 & wait"}) {
            started = started && host.spawn({.name = "sleep",
                                             .argv = {"sh", "-c", program},
                                             .directory = host.data_directory()});
        }
    }
    const std::string cut =
        "add table inet faultlab;"
        "add chain inet faultlab c_in { type filter hook input priority -300; };"
        "add rule inet faultlab c_in ip saddr 10.77.0.3 counter drop;";
    started = started && (*lab)->apply_rules({{"n1", cut}, {"n2", cut}, {"c1", cut}});
    [[maybe_unused]] const auto count = ::write(ready.get(), started ? "y" : "n", 1);
    for (;;)
        ::pause();
}

pid_t process_of(Victim victim, pid_t supervisor) {
    if (victim == Victim::supervisor) return supervisor;
    const auto init = children_of(supervisor);
    if (init.size() != 1) return 0;
    if (victim == Victim::init) return init.front();
    for (const pid_t pid : children_of(init.front())) {
        if (read_text("/proc/" + std::to_string(pid) + "/comm") == "faultlab\n") return pid;
    }
    return 0;
}

void kill_and_compare(As who, Victim victim, int expected_end) {
    const TemporaryDirectory directory;
    const auto before = outer_state();
    Pipe ready = make_pipe();
    const pid_t supervisor = fork_child(who, [&] {
        const auto end =
            supervise({}, [&] { return busy_lab(directory.path() / "run", ready.write); });
        if (!end) return end.error().kind == ErrorKind::lab ? 70 : 69;
        return end->signal != 0 ? 100 + end->signal : end->exit_code;
    });
    LeftoverGuard guard(supervisor);
    ready.write.reset();
    char answer = 0;
    REQUIRE(::read(ready.read.get(), &answer, 1) == 1);
    REQUIRE(answer == 'y');

    const auto lab = guard.look();
    // Supervisor, init, engine and at least 9 programs; a net, mnt and uts namespace for each of 4
    // hosts, and those of the lab itself. Otherwise the comparison would show nothing.
    CHECK(lab.processes.size() >= 12);
    CHECK(lab.namespaces.size() >= 15);
    CHECK(left_of(lab).find("namespace net") != std::string::npos);
    // lsns leaves namespaces out when a process ends while it reads /proc: ask until it was lucky.
    bool listed = false;
    eventually([&] { return listed = left_of(lab).find("lsns net") != std::string::npos; });
    CHECK(listed);

    const pid_t process = process_of(victim, supervisor);
    REQUIRE(process > 0);
    ::kill(process, SIGKILL);
    CHECK(guard.wait() == expected_end);
    std::string left;
    eventually([&] { return (left = left_of(lab)).empty(); });
    CHECK(left == "");
    eventually([&] { return (left = added(before, outer_state())).empty(); });
    CHECK(left == "");
}

} // namespace

TEST_CASE("nothing is left when the supervisor is killed", "[hosts]") {
    for (const As who : {As::caller, As::ordinary_user}) {
        if (namespaces_for(who)) kill_and_compare(who, Victim::supervisor, -SIGKILL);
    }
}

TEST_CASE("nothing is left when init is killed", "[hosts]") {
    for (const As who : {As::caller, As::ordinary_user}) {
        if (namespaces_for(who)) kill_and_compare(who, Victim::init, 70);
    }
}

TEST_CASE("nothing is left when the engine is killed", "[hosts]") {
    for (const As who : {As::caller, As::ordinary_user}) {
        if (namespaces_for(who)) kill_and_compare(who, Victim::engine, 100 + SIGKILL);
    }
}

TEST_CASE("nothing is left when the supervisor is killed while the lab is being made", "[hosts]") {
    if (!namespaces_for(As::caller)) return;
    for (int round = 0; round < 10; ++round) {
        const TemporaryDirectory directory;
        Pipe ready = make_pipe();
        const pid_t supervisor = fork_child(As::caller, [&] {
            const auto end =
                supervise({}, [&] { return busy_lab(directory.path() / "run", ready.write); });
            return end.ok() ? 0 : 1;
        });
        ready.write.reset();
        // Every descendant holds the writing end: the pipe ends when the last of them has ended.
        // The pause only chooses the moment of the kill.
        std::this_thread::sleep_for(std::chrono::milliseconds(4 * round));
        ::kill(supervisor, SIGKILL);
        wait_for(supervisor);
        char answer = 0;
        CHECK(eventually([&] { return ::read(ready.read.get(), &answer, 1) == 0; }));
    }
}
