#include "controller/hosts/line_log.hpp"
#include "controller/hosts/process_table.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/hosts/hosts_support.hpp"

#include <csignal>
#include <regex>
#include <sstream>

using namespace faultlab;
using namespace faultlab::hosts_test;

namespace {

std::vector<std::string> lines_in(const std::filesystem::path& file) {
    std::vector<std::string> result;
    std::istringstream text(read_text(file));
    for (std::string line; std::getline(text, line);)
        result.push_back(line);
    return result;
}

std::string without_time(const std::string& line) {
    static const std::regex form(R"(^\d+\.\d{6} ([^]*)$)");
    std::smatch match;
    return std::regex_match(line, match, form) ? match[1].str() : "no time: " + line;
}

bool gone(ProcessTable& table, ProcessGroup group) {
    const auto state = table.state(group);
    return state && *state == ProcessState::gone;
}

} // namespace

TEST_CASE("each line of a log begins with the time of its first byte", "[hosts]") {
    const TemporaryDirectory directory;
    const auto file = directory.path() / "log";
    auto log = LineLog::open(file);
    REQUIRE(log);
    log->feed("one\ntw", 12 * second + 345'678'901);
    log->feed("o\n\nthr", 13 * second);
    CHECK(read_text(file) == "12.345678 one\n12.345678 two\n13.000000 \n");
    log->feed("ee", 14 * second);
    log->finish();
    log->finish();
    CHECK(read_text(file) == "12.345678 one\n12.345678 two\n13.000000 \n13.000000 three\n");
}

TEST_CASE("a line of any length is written whole, with one time", "[hosts]") {
    const TemporaryDirectory directory;
    const auto file = directory.path() / "log";
    auto log = LineLog::open(file);
    REQUIRE(log);
    const std::string part(50'000, 'x');
    for (int i = 0; i < 5; ++i)
        log->feed(part, i * second);
    log->feed("end\nnext\n", 9 * second);
    CHECK(read_text(file) == "0.000000 " + std::string(250'000, 'x') + "end\n9.000000 next\n");
}

TEST_CASE("both outputs of a program are in its log to the last byte", "[hosts]") {
    const TemporaryDirectory directory;
    const auto file = directory.path() / "log";
    const SteadyTestClock clock;
    {
        ProcessTable table(clock);
        const auto group = table.spawn(
            {"sh", "-c", "echo out; echo err >&2; seq 1 20000; printf last; kill -KILL $$"},
            {},
            file);
        REQUIRE(group);
        CHECK(eventually([&] { return gone(table, *group); }));
    }
    const auto lines = lines_in(file);
    REQUIRE(lines.size() == 20'003);
    CHECK(without_time(lines[0]) == "out");
    CHECK(without_time(lines[1]) == "err");
    CHECK(without_time(lines[20'001]) == "20000");
    CHECK(without_time(lines[20'002]) == "last");
}

TEST_CASE("many programs that flood their logs at once lose nothing", "[hosts]") {
    const TemporaryDirectory directory;
    const SteadyTestClock clock;
    {
        ProcessTable table(clock);
        std::vector<ProcessGroup> groups;
        for (int i = 0; i < 8; ++i) {
            const auto group =
                table.spawn({"seq", "1", "50000"}, {}, directory.path() / std::to_string(i));
            REQUIRE(group);
            groups.push_back(*group);
        }
        for (const auto group : groups)
            CHECK(eventually([&] { return gone(table, group); }));
    }
    for (int i = 0; i < 8; ++i) {
        const auto lines = lines_in(directory.path() / std::to_string(i));
        REQUIRE(lines.size() == 50'000);
        CHECK(without_time(lines.back()) == "50000");
    }
}

TEST_CASE("a restarted program appends to its log", "[hosts]") {
    const TemporaryDirectory directory;
    const auto file = directory.path() / "log";
    const SteadyTestClock clock;
    {
        ProcessTable table(clock);
        for (const char* text : {"first", "second"}) {
            const auto group = table.spawn({"echo", text}, {}, file);
            REQUIRE(group);
            CHECK(eventually([&] { return read_text(file).find(text) != std::string::npos; }));
        }
    }
    CHECK(lines_in(file).size() == 2);
}

TEST_CASE("a group is signalled as a whole, and its end is told", "[hosts]") {
    const TemporaryDirectory directory;
    const SteadyTestClock clock;
    ProcessTable table(clock);
    const auto group =
        table.spawn({"sh", "-c", "sleep 1000 & echo started; wait"}, {}, directory.path() / "log");
    REQUIRE(group);
    CHECK(eventually([&] { return !lines_in(directory.path() / "log").empty(); }));
    CHECK(*table.state(*group) == ProcessState::running);
    REQUIRE(table.signal(*group, SIGSTOP));
    CHECK(eventually([&] { return *table.state(*group) == ProcessState::stopped; }));
    REQUIRE(table.signal(*group, SIGCONT));
    CHECK(eventually([&] { return *table.state(*group) == ProcessState::running; }));
    REQUIRE(table.signal(*group, SIGKILL));
    CHECK(eventually([&] { return gone(table, *group); }));
    // To kill what is gone is no error; to stop it is one.
    CHECK(table.signal(*group, SIGKILL));
    CHECK(table.signal(*group, SIGTERM));
    CHECK_FALSE(table.signal(*group, SIGSTOP));
    CHECK_FALSE(table.signal({.id = 999'999'999}, SIGKILL));
}

TEST_CASE("a group lives on when its leader ends before the others", "[hosts]") {
    const TemporaryDirectory directory;
    const SteadyTestClock clock;
    ProcessTable table(clock);
    const auto group =
        table.spawn({"sh", "-c", "sleep 1000 & exit 0"}, {}, directory.path() / "log");
    REQUIRE(group);
    const auto leader = "/proc/" + std::to_string(group->id);
    CHECK(eventually([&] { return !std::filesystem::exists(leader); }));
    CHECK(*table.state(*group) == ProcessState::running);
    REQUIRE(table.signal(*group, SIGKILL));
    CHECK(eventually([&] { return gone(table, *group); }));
}

TEST_CASE("the end of the table ends and reaps its programs", "[hosts]") {
    const TemporaryDirectory directory;
    const SteadyTestClock clock;
    pid_t leader = 0;
    {
        ProcessTable table(clock);
        const auto group = table.spawn(
            {"sh", "-c", "printf begun; sleep 1000 & sleep 1000"}, {}, directory.path() / "log");
        REQUIRE(group);
        leader = static_cast<pid_t>(group->id);
        // A stopped program, too.
        REQUIRE(table.signal(*group, SIGSTOP));
    }
    CHECK(::waitpid(leader, nullptr, WNOHANG) == -1);
    // The others are not its children: they have been killed, and end when the kernel gets to it.
    CHECK(eventually([&] { return group_state(leader) == ProcessState::gone; }));
}
