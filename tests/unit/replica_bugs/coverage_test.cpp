#include "replica/core/bugs.hpp"
#include "tests/support/catch.hpp"

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

// Every planted bug has a test in which it changes an outcome. By convention the name of such a
// test begins with the ids of its bugs and a colon: "K3.2: …", "Golden T1, K5: …"; a hidden test
// ("[.]", "[.golden]") does not count.

namespace {

using faultlab::replica::BugEntry;

/// What the names of the source's tests begin with, as far as these are ids of bugs.
std::set<std::string> ids_in(const std::string& source) {
    static const std::regex test(R"re(TEST_CASE\(\s*"(?:Golden )?([^":]*):[^"]*"([^)]*)\))re");
    static const std::regex id(R"re(([A-Z]+[0-9]+(?:\.[0-9]+)?[ab]?)(?:, |$))re");
    std::set<std::string> ids;
    for (std::sregex_iterator at(source.begin(), source.end(), test), end; at != end; ++at) {
        const std::string list = (*at)[1].str();
        const bool hidden = (*at)[2].str().find("[.") != std::string::npos;
        for (std::sregex_iterator one(list.begin(), list.end(), id); !hidden && one != end; ++one) {
            const std::string found = (*one)[1].str();
            if (found == "F6") { // both halves
                ids.insert({"F6a", "F6b"});
            } else {
                ids.insert(found);
            }
        }
    }
    return ids;
}

std::string text_of(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

} // namespace

TEST_CASE("What a test's name says about bugs is understood", "[replica_bugs]") {
    // In pieces, so that this file names no bug itself.
    const std::string test = std::string("TEST_") + "CASE(";
    using Ids = std::set<std::string>;
    CHECK(ids_in(test + "\"B9: it waits\", \"[x]\") {") == Ids{"B9"});
    CHECK(ids_in(test + "\n    \"Golden T1, K3.5: both\",\n    \"[x]\") {") == Ids{"T1", "K3.5"});
    CHECK(ids_in(test + "\"F6: halves\", \"[x]\")") == Ids{"F6a", "F6b"});
    CHECK(ids_in(test + "\"F6a: a half\")") == Ids{"F6a"});
    CHECK(ids_in(test + "\"Golden V1: late\", \"[.golden]\")").empty());
    CHECK(ids_in(test + "\"V7 gives a number\")").empty());
    CHECK(ids_in(test + "\"A rule: B1\")").empty());
}

TEST_CASE("Every planted bug has a test in which it changes an outcome", "[replica_bugs]") {
    std::set<std::string> tested;
    const std::filesystem::path tests = FAULTLAB_SOURCE_DIR "/tests";
    for (const auto& file : std::filesystem::recursive_directory_iterator(tests)) {
        if (file.path().extension() == ".cpp") tested.merge(ids_in(text_of(file.path())));
    }
    std::string missing;
    for (const BugEntry& bug : faultlab::replica::bugs()) {
        if (!tested.contains(bug.id)) missing += std::string(bug.id) + " ";
    }
    INFO("without a test: " << missing);
    CHECK(missing.empty());
}
