#include "core/store/lab_index.hpp"
#include "tests/unit/store/store_support.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace faultlab::store_test {
namespace {

RunEntry entry(std::string id) {
    RunEntry run{.system = "etcd", .workload = "register", .seed = 0xfedcba9876543210U};
    run.directory = "runs/" + id;
    run.started_utc = "2026-01-02T03:04:05Z";
    run.id = std::move(id);
    return run;
}

LabIndex index_at(const std::filesystem::path& directory) {
    auto index = LabIndex::open(directory);
    INFO((index ? std::string() : index.error().text()));
    REQUIRE(index);
    return std::move(index).value();
}

TEST_CASE("a run is found by the beginning of its id", "[store]") {
    const Directory directory;
    const LabIndex index = index_at(directory.path());
    for (const char* id : {"ab", "abc1", "abd1", "x_y", "x%y"})
        REQUIRE(index.add(entry(id)));

    CHECK(index.find("abc").value() == entry("abc1"));
    CHECK(index.find("ab").value().id == "ab");
    CHECK(index.find("x_").value().id == "x_y");
    CHECK(index.find("x%").value().id == "x%y");
    const auto several = index.find("a");
    REQUIRE_FALSE(several);
    CHECK(several.error().kind == ErrorKind::usage);
    CHECK(several.error().hint == "one of: ab, abc1, abd1");
    const auto none = index.find("abb1");
    REQUIRE_FALSE(none);
    CHECK(none.error().hint.find("abc1") != std::string::npos);
}

TEST_CASE("runs are listed in the order of their start", "[store]") {
    const Directory directory;
    const LabIndex index = index_at(directory.path());
    REQUIRE_FALSE(index.latest());
    REQUIRE(index.add(entry("z")));
    REQUIRE(index.add(entry("a")));
    CHECK(index.latest().value().id == "a");
    const auto runs = index.list();
    REQUIRE(runs);
    REQUIRE(runs->size() == 2);
    CHECK(runs->front().id == "z");
}

TEST_CASE("verdict and end are noted", "[store]") {
    const Directory directory;
    const LabIndex index = index_at(directory.path());
    REQUIRE(index.add(entry("a")));
    REQUIRE(index.set_verdict("a", Verdict::invalid));
    REQUIRE(index.set_ended("a", "complete"));
    const RunEntry run = index.find("a").value();
    CHECK(run.verdict == Verdict::invalid);
    CHECK(run.ended == "complete");
    CHECK_FALSE(index.set_verdict("b", Verdict::valid));
    CHECK_FALSE(index.add(entry("a")));
}

TEST_CASE("labs at the same time do not lose each other's runs", "[store]") {
    const Directory directory;
    constexpr int labs = 4;
    constexpr int runs_each = 10;
    std::vector<pid_t> children;
    for (int lab = 0; lab < labs; ++lab) {
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            // All four race to create the file as well.
            bool good = true;
            for (int i = 0; i < runs_each && good; ++i) {
                const auto index = LabIndex::open(directory.path());
                const std::string id = std::to_string(lab) + "-" + std::to_string(i);
                good = index && index->add(entry(id)) && index->set_verdict(id, Verdict::valid);
            }
            ::_exit(good ? 0 : 1);
        }
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        CHECK(status == 0);
    }
    const auto runs = index_at(directory.path()).list();
    REQUIRE(runs);
    std::set<std::string> ids;
    for (const RunEntry& run : *runs) {
        CHECK(run.verdict == Verdict::valid);
        ids.insert(run.id);
    }
    CHECK(ids.size() == labs * runs_each);
}

TEST_CASE("a file that is no index is refused", "[store]") {
    const Directory directory;
    std::ofstream(directory / "index.db") << "this is not a database at all, but long enough "
                                             "to be looked at as one: it has over 100 bytes in it.";
    const auto index = LabIndex::open(directory.path());
    REQUIRE_FALSE(index);
    CHECK(index.error().message.find("not a SQLite file") != std::string::npos);
}

} // namespace
} // namespace faultlab::store_test
