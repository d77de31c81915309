#include "controller/hosts/descriptor.hpp"
#include "controller/hosts/supervisor.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/hosts/hosts_support.hpp"

#include <fcntl.h>
#include <poll.h>

#include <csignal>

using namespace faultlab;
using namespace faultlab::hosts_test;

namespace {

std::string link_text(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::read_symlink(path, ignored).string();
}

volatile std::sig_atomic_t signals_seen = 0;
void count_signal(int /*signal*/) {
    signals_seen = signals_seen + 1;
}

} // namespace

TEST_CASE("the engine runs in namespaces of its own, the caller stays outside", "[hosts]") {
    for (const As who : {As::caller, As::ordinary_user}) {
        if (!namespaces_for(who)) continue;
        const auto before = link_text("/proc/self/ns/net");
        const int code = supervised(who, [&before] {
            const bool apart = link_text("/proc/self/ns/net") != before;
            const bool root = ::geteuid() == 0;
            // Process 2 of a namespace of its own, with a /proc that shows only that.
            const bool small = ::getpid() == 2 && link_text("/proc/self") == "2";
            return apart && root && small ? 42 : 1;
        });
        CHECK(code == 42);
        CHECK(link_text("/proc/self/ns/net") == before);
    }
}

TEST_CASE("the engine's end is told: exit code, signal, exception", "[hosts]") {
    if (!namespaces_for(As::caller)) return;
    CHECK(supervised(As::caller, [] { return 17; }) == 17);
    CHECK(supervised(As::caller, []() -> int {
              ::raise(SIGKILL);
              return 0;
          }) == 100 + SIGKILL);
    CHECK(supervised(As::caller, []() -> int {
              ::close(STDERR_FILENO);
              throw std::runtime_error("planned");
          }) == 70);
}

TEST_CASE("output that is buffered at the fork appears once", "[hosts]") {
    if (!namespaces_for(As::caller)) return;
    const TemporaryDirectory directory;
    const auto file = directory.path() / "out";
    const pid_t pid = fork_child(As::caller, [&file] {
        const Descriptor target(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600));
        ::dup2(target.get(), STDOUT_FILENO);
        std::cout << "before ";
        std::printf("too ");
        return supervise(
                   {},
                   [] {
                       std::cout << "inside ";
                       return 0;
                   }).ok()
                   ? 0
                   : 1;
    });
    REQUIRE(wait_for(pid) == 0);
    const auto text = read_text(file);
    CHECK(text.size() == std::string("before too inside ").size());
}

TEST_CASE("each signal to the supervisor reaches the engine once", "[hosts]") {
    if (!namespaces_for(As::caller)) return;
    for (const int signal : {SIGINT, SIGTERM}) {
        Pipe ready = make_pipe();
        const pid_t supervisor = fork_child(As::caller, [&] {
            const auto end = supervise({}, [&] {
                std::signal(signal, count_signal);
                [[maybe_unused]] const auto count = ::write(ready.write.get(), "r", 1);
                eventually([] { return signals_seen >= 1; });
                // The second one is sent only after the first was seen.
                [[maybe_unused]] const auto again = ::write(ready.write.get(), "r", 1);
                eventually([] { return signals_seen >= 2; });
                return static_cast<int>(signals_seen);
            });
            return end ? end->exit_code : 99;
        });
        char byte = 0;
        for (int round = 0; round < 2; ++round) {
            REQUIRE(::read(ready.read.get(), &byte, 1) == 1);
            ::kill(supervisor, signal);
        }
        CHECK(wait_for(supervisor) == 2);
    }
}

TEST_CASE("the engine has no terminal and no input, but the other descriptors", "[hosts]") {
    if (!namespaces_for(As::caller)) return;
    const Pipe pipe = make_pipe();
    const int code = supervised(As::caller, [&pipe] {
        char byte = 0;
        const bool no_input = ::read(STDIN_FILENO, &byte, 1) == 0;
        const bool no_terminal = ::open("/dev/tty", O_RDWR) < 0;
        return no_input && no_terminal && ::write(pipe.write.get(), "x", 1) == 1 ? 0 : 1;
    });
    CHECK(code == 0);
    pollfd polled{.fd = pipe.read.get(), .events = POLLIN};
    CHECK(::poll(&polled, 1, 0) == 1);
}

TEST_CASE("what the engine leaves running ends with it", "[hosts]") {
    if (!namespaces_for(As::caller)) return;
    const Pipe pipe = make_pipe();
    CHECK(supervised(As::caller, [] {
              if (::fork() == 0) {
                  ::setsid();
                  ::pause();
              }
              return 0;
          }) == 0);
    // The supervisor returned, and with it the last holder of the writing end but this process.
    const_cast<Descriptor&>(pipe.write).reset();
    pollfd polled{.fd = pipe.read.get(), .events = POLLIN};
    CHECK(::poll(&polled, 1, 0) == 1);
    CHECK((polled.revents & POLLHUP) != 0);
}

TEST_CASE("without namespaces the error is one of the environment and names the fix", "[hosts]") {
    // A user namespace may be told to allow none inside itself: the same as a machine without.
    if (!namespaces_for(As::ordinary_user)) return;
    const TemporaryDirectory directory;
    const auto file = directory.path() / "error";
    const int code = supervised(As::ordinary_user, [&file] {
        std::ofstream("/proc/sys/user/max_net_namespaces") << 0;
        std::ofstream("/proc/sys/user/max_user_namespaces") << 0;
        const auto end = supervise({.user_namespace = true}, [] { return 0; });
        if (end) return 1;
        std::ofstream(file) << end.error().text();
        return end.error().kind == ErrorKind::environment ? 0 : 2;
    });
    CHECK(code == 0);
    CHECK(read_text(file).find("user.max_user_namespaces") != std::string::npos);
}
