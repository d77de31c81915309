// Each fault of the catalogue on a real cluster, ended in each of the ways that a run can end while
// the fault is on. Afterwards nothing of it may be on this machine: no process, no namespace (and
// so no rule, queue or mount in one), no mount outside, no control group, no loop device.

#include "core/store/run_reader.hpp"
#include "nemesis/catalogue.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/command.hpp"
#include "tests/unit/hosts/belongings.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <csignal>

using namespace faultlab;
using namespace faultlab::hosts_test;

namespace {

enum class End { window, interrupt, kill, heal };
constexpr std::array<std::pair<End, const char*>, 4> ends = {{{End::window, "end of its window"},
                                                              {End::interrupt, "Ctrl-C"},
                                                              {End::kill, "kill -9 of the lab"},
                                                              {End::heal, "faultlab heal"}}};

pid_t start_run(const std::string& fault, const std::filesystem::path& lab) {
    const std::filesystem::path log = lab / "output";
    std::vector<std::string> argv = {FAULTLAB_BINARY,
                                     "run",
                                     "vsr",
                                     "-f",
                                     fault,
                                     "--time",
                                     "12s",
                                     "--rate",
                                     "100",
                                     "--seed",
                                     "7",
                                     "--lab",
                                     lab.string()};
    const pid_t child = ::fork();
    if (child != 0) return child;
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    std::vector<char*> words;
    for (std::string& word : argv)
        words.push_back(word.data());
    words.push_back(nullptr);
    ::execv(words[0], words.data());
    ::_exit(127);
}

std::filesystem::path run_db_in(const std::filesystem::path& lab) {
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(lab, code)) {
        if (std::filesystem::exists(entry.path() / "run.db", code)) return entry.path() / "run.db";
    }
    return {};
}

std::vector<FaultRecord> faults_in(const std::filesystem::path& lab) {
    const auto run_db = run_db_in(lab);
    if (run_db.empty()) return {};
    auto record = load_record(run_db);
    return record ? std::move(record->faults) : std::vector<FaultRecord>();
}

/// Whether a fault was seen to be on before the run ended.
bool await_active(const std::filesystem::path& lab, pid_t supervisor) {
    return eventually(
               [&] {
                   const auto faults = faults_in(lab);
                   const bool on = std::ranges::any_of(faults, [](const FaultRecord& fault) {
                       return fault.state == FaultState::active;
                   });
                   return on || process_state(supervisor) == "Z";
               },
               std::chrono::seconds(60)) &&
           process_state(supervisor) != "Z";
}

/// What a fault needs and this machine does not have; empty when it has all.
std::string refusal(const std::string& output) {
    const auto at = output.find("a fault of this run needs");
    return at == std::string::npos ? std::string() : output.substr(at, output.find('\n', at) - at);
}

void check(const std::string& fault, End end) {
    const TemporaryDirectory lab;
    const auto before = outer_state();
    const pid_t supervisor = start_run(fault, lab.path());
    LeftoverGuard guard(supervisor);
    if (!await_active(lab.path(), supervisor)) {
        guard.wait();
        const std::string refused = refusal(read_text(lab.path() / "output"));
        if (refused.empty()) FAIL("no fault became active: " << read_text(lab.path() / "output"));
        WARN(refused);
        return;
    }
    const Belongings seen = guard.look();
    CHECK(seen.processes.size() > 3);
    if (end == End::interrupt) ::kill(supervisor, SIGINT);
    if (end == End::kill) ::kill(supervisor, SIGKILL);
    if (end == End::heal) {
        const auto healed =
            test::run_command({FAULTLAB_BINARY, "heal", "latest", "--lab", lab.path().string()});
        INFO(healed.out << healed.err);
        CHECK(healed.exit_code == 0);
    }
    guard.wait();
    if (end == End::kill) { // what the next lab, or heal, does
        CHECK(test::run_command({FAULTLAB_BINARY, "heal", "latest", "--lab", lab.path().string()})
                  .exit_code == 0);
    } else {
        for (const FaultRecord& one : faults_in(lab.path())) {
            INFO(one.fault.summary);
            CHECK(one.state == FaultState::healed);
        }
    }
    std::string left;
    eventually([&] { return (left = left_of(seen) + added(before, outer_state())).empty(); });
    CHECK(left == "");
}

} // namespace

TEST_CASE("nothing is left of any fault, however it ends", "[safety]") {
    const auto entries = nemesis_catalogue();
    const auto entry = GENERATE_COPY(Catch::Generators::range(std::size_t{0}, entries.size()));
    const auto way = GENERATE(range(0, 4));
    const auto& [end, name] = ends.at(static_cast<std::size_t>(way));
    INFO(entries[entry].name << ", " << name);
    check(std::string(entries[entry].name), end);
}
