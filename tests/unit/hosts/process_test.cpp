#include "controller/hosts/descriptor.hpp"
#include "controller/hosts/process.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/hosts/hosts_support.hpp"

#include <fcntl.h>

#include <atomic>
#include <csignal>
#include <set>
#include <sstream>

using namespace faultlab;
using namespace faultlab::hosts_test;

namespace {

Output run_or_fail(const Command& command) {
    auto result = run_command(command);
    if (!result) FAIL(result.error().text());
    return *result;
}

} // namespace

TEST_CASE("a program's outputs and exit status are returned", "[hosts]") {
    const auto output =
        run_or_fail({.argv = {"sh", "-c", "cat; echo problem >&2; exit 3"}, .input = "given"});
    CHECK(output.out == "given");
    CHECK(output.err == "problem\n");
    CHECK(output.exit_status == 3);
    CHECK(output.signal == 0);
    CHECK_FALSE(output.success());
}

TEST_CASE("a program that is killed by a signal is told apart from one that exits", "[hosts]") {
    const auto output = run_or_fail({.argv = {"sh", "-c", "kill -TERM $$"}});
    CHECK(output.signal == SIGTERM);
    CHECK_FALSE(output.timed_out);
}

TEST_CASE("arguments arrive as they are", "[hosts]") {
    const std::vector<std::string> hostile = {
        "", " ", "$(touch /tmp/x)", "a'b\"c", "*", "-e", "\n", "\xff\xfe", "; rm -rf /", "--"};
    std::vector<std::string> argv = {"printf", "[%s]"};
    argv.insert(argv.end(), hostile.begin(), hostile.end());
    std::string expected;
    for (const auto& argument : hostile)
        expected += "[" + argument + "]";
    CHECK(run_or_fail({.argv = argv}).out == expected);
}

TEST_CASE("a missing program is an error that names it", "[hosts]") {
    const auto by_name = run_command({.argv = {"faultlab-no-such-program"}});
    REQUIRE_FALSE(by_name);
    CHECK(by_name.error().kind == ErrorKind::environment);
    CHECK(by_name.error().message.find("faultlab-no-such-program") != std::string::npos);
    const auto by_path = run_command({.argv = {"/nowhere/program"}});
    REQUIRE_FALSE(by_path);
    CHECK(by_path.error().text().find("/nowhere/program: No such file") != std::string::npos);
}

TEST_CASE("a failed start leaves no child behind", "[hosts]") {
    REQUIRE_FALSE(run_command({.argv = {"/nowhere/program"}}));
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(errno == ECHILD);
}

TEST_CASE("no descriptor of the parent reaches the child", "[hosts]") {
    // One without close-on-exec, as libraries open them, and the pipe of a sibling that runs.
    const Descriptor leaky(::open("/dev/zero", O_RDONLY));
    std::array<int, 2> sibling{};
    REQUIRE(::pipe(sibling.data()) == 0);
    const Descriptor sibling_read(sibling[0]);
    const Descriptor sibling_write(sibling[1]);
    const auto output = run_or_fail({.argv = {"ls", "-l", "/proc/self/fd"}});
    CHECK(output.out.find("/dev/zero") == std::string::npos);
    std::set<std::string> numbers;
    std::istringstream lines(output.out);
    for (std::string line; std::getline(lines, line);) {
        const auto arrow = line.find(" -> ");
        if (arrow == std::string::npos) continue;
        const auto space = line.rfind(' ', arrow - 1);
        numbers.insert(line.substr(space + 1, arrow - space - 1));
    }
    // The fourth is the directory that ls itself reads.
    CHECK(numbers == std::set<std::string>{"0", "1", "2", "3"});
}

TEST_CASE("a program starts with default signal dispositions and none blocked", "[hosts]") {
    struct sigaction ignore{};
    struct sigaction before{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before);
    sigset_t blocked;
    sigset_t mask_before;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &blocked, &mask_before);
    const auto output = run_or_fail({.argv = {"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"}});
    ::sigprocmask(SIG_SETMASK, &mask_before, nullptr);
    ::sigaction(SIGPIPE, &before, nullptr);
    CHECK(output.out == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("a program that takes too long is killed with its grandchildren", "[hosts]") {
    const auto start = std::chrono::steady_clock::now();
    const auto output =
        run_or_fail({.argv = {"sh", "-c", "sleep 1000 & echo $!; wait"}, .limit = second / 2});
    CHECK(output.timed_out);
    CHECK_FALSE(output.success());
    const pid_t grandchild = std::stoi(output.out);
    CHECK(eventually([&] {
        const auto stat = read_text("/proc/" + std::to_string(grandchild) + "/stat");
        return stat.empty() || stat.find(") Z ") != std::string::npos;
    }));
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
}

TEST_CASE("what a program leaves running ends with it", "[hosts]") {
    const auto output = run_or_fail({.argv = {"sh", "-c", "sleep 1000 & echo $!"}});
    CHECK(output.success());
    const pid_t left = std::stoi(output.out);
    CHECK(eventually([&] {
        const auto stat = read_text("/proc/" + std::to_string(left) + "/stat");
        return stat.empty() || stat.find(") Z ") != std::string::npos;
    }));
}

TEST_CASE("much output on both streams does not block the program", "[hosts]") {
    const auto output = run_or_fail(
        {.argv = {"sh", "-c", "head -c 3000000 /dev/zero >&2; head -c 2000000 /dev/zero"},
         .output_limit = 10'000'000});
    CHECK(output.success());
    CHECK(output.out.size() == 2'000'000);
    CHECK(output.err.size() == 3'000'000);
}

TEST_CASE("output above the limit is dropped without stopping the program", "[hosts]") {
    const auto output =
        run_or_fail({.argv = {"sh", "-c", "printf 123456789; head -c 1000000 /dev/zero; exit 4"},
                     .output_limit = 5});
    CHECK(output.out == "12345");
    CHECK(output.exit_status == 4);
}

TEST_CASE("input that nobody reads does no harm, and large input arrives whole", "[hosts]") {
    const std::string input(5'000'000, 'x');
    CHECK(run_or_fail({.argv = {"true"}, .input = input}).success());
    CHECK(run_or_fail({.argv = {"wc", "-c"}, .input = input}).out == "5000000\n");
}

TEST_CASE("the environment is minimal, and the context adds to it", "[hosts]") {
    const auto result =
        run_command({.argv = {"env"}}, {.environment = {{"LANG", "xx"}, {"EXTRA", "a b"}}});
    REQUIRE(result);
    CHECK(result->out.find("LANG=xx\n") != std::string::npos);
    CHECK(result->out.find("EXTRA=a b\n") != std::string::npos);
    CHECK(std::count(result->out.begin(), result->out.end(), '\n') == 4);
}

TEST_CASE("many threads start programs at once", "[hosts]") {
    std::atomic<int> correct = 0;
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 8; ++thread) {
            threads.emplace_back([&correct, thread] {
                for (int round = 0; round < 50; ++round) {
                    const auto text = std::to_string(thread * 1000 + round);
                    const auto output = run_command({.argv = {"cat"}, .input = text});
                    if (output && output->success() && output->out == text) ++correct;
                }
            });
        }
    }
    CHECK(correct == 400);
}

TEST_CASE("the state of a group is that of its living processes", "[hosts]") {
    const Pipe pipe = make_pipe();
    const auto pid = launch(
        {"sh", "-c", "sleep 1000 & sleep 1000"}, {}, {.in = pipe.read.get(), .out = 1, .err = 2});
    REQUIRE(pid);
    CHECK(group_state(*pid) == ProcessState::running);
    ::kill(-*pid, SIGSTOP);
    CHECK(eventually([&] { return group_state(*pid) == ProcessState::stopped; }));
    ::kill(-*pid, SIGCONT);
    CHECK(eventually([&] { return group_state(*pid) == ProcessState::running; }));
    ::kill(-*pid, SIGKILL);
    CHECK(eventually([&] { return group_state(*pid) == ProcessState::gone; }));
    ::waitpid(*pid, nullptr, 0);
}
