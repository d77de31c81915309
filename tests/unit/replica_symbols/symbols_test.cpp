#include "tests/support/catch.hpp"
#include "tests/support/command.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// What the linker may not find undefined in a library that decides purely.
constexpr std::array forbidden = {
    std::string_view("clock_gettime"),
    std::string_view("gettimeofday"),
    std::string_view("time"),
    std::string_view("_ZNSt6chrono3_V212steady_clock3nowEv"),
    std::string_view("_ZNSt6chrono3_V212system_clock3nowEv"),
    std::string_view("rand"),
    std::string_view("random"),
    std::string_view("getrandom"),
    std::string_view("_ZNSt13random_device9_M_getvalEv"),
    std::string_view("getenv"),
    std::string_view("open"),
    std::string_view("open64"),
    std::string_view("_ZNSt13basic_filebufIcSt11char_traitsIcEE4openEPKcSt13_Ios_Openmode"),
    std::string_view("read"),
    std::string_view("write"),
    std::string_view("pread"),
    std::string_view("pwrite"),
    std::string_view("fsync"),
    std::string_view("fdatasync"),
    std::string_view("socket"),
    std::string_view("pthread_create"),
    std::string_view(
        "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_"
        "EEPFvvE"),
    std::string_view("usleep"),
    std::string_view("nanosleep"),
    std::string_view("clock_nanosleep"),
};

/// The undefined symbols of a library, without their versions.
std::set<std::string> undefined_symbols(const std::string& library) {
    const auto output = faultlab::test::run_command({"nm", "-u", library});
    REQUIRE(output.exit_code == 0);
    std::set<std::string> symbols;
    std::istringstream lines(output.out);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t at = line.find(" U ");
        if (at == std::string::npos) continue;
        symbols.insert(line.substr(at + 3, line.find('@') - at - 3));
    }
    return symbols;
}

std::vector<std::string> leaks(const std::string& library) {
    std::vector<std::string> found;
    for (const std::string& symbol : undefined_symbols(library)) {
        if (std::ranges::find(forbidden, symbol) != forbidden.end()) found.push_back(symbol);
    }
    return found;
}

} // namespace

TEST_CASE("the core of the replicated store links to no clock, file, socket or thread") {
    CHECK(leaks(FAULTLAB_CORE_LIBRARY) == std::vector<std::string>{});
}

TEST_CASE("every planted leak is found") {
    const auto found = leaks(FAULTLAB_LEAKS_LIBRARY);
    CAPTURE(found);
    // One for each function of planted_leaks.cpp.
    CHECK(found.size() == 15);
}
