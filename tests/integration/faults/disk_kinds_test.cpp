// Each other way in which a disk can go wrong, seen by a program on it, and gone after the heal.
#include "tests/integration/faults/disk_target.hpp"

using namespace faultlab;
using namespace faultlab::hosts_test;
using namespace faultlab::faults_test;

namespace {

/// A replica that only is there; the test itself uses the disk.
const std::vector<std::string> idle = {"sleep", "1000"};

/// The lab's own view of a file: what the disk has.
std::string behind(Host& host, const std::string& file) {
    return read_text(host.data_directory() / file);
}

} // namespace

TEST_CASE("a disk that stalls answers nobody, until it is healed", "[faults]") {
    with_disk(syncing_writer(), [](OneFault& one, const Findings& findings) {
        one.begin("disk-stall", "");
        one.await_synced();
        one.inject();
        one.expect_bites();
        const std::int64_t before = one.beside("synced");
        OneFault::pass(500);
        findings.expect(one.beside("synced") == before, "the replica waits");
        one.heal();
        for (int i = 0; i < 100 && one.beside("synced") == before; ++i)
            OneFault::pass(50);
        findings.expect(one.beside("synced") > before, "it goes on");
    });
}

TEST_CASE("a replica that waits for a disk that stalls can be killed", "[faults]") {
    with_disk(syncing_writer(), [](OneFault& one, const Findings& findings) {
        one.begin("disk-stall", "");
        one.await_synced();
        one.inject();
        one.expect_bites();
        findings.expect_ok(one.target.kill_node(0), "kill");
        one.heal();
        findings.expect(one.target.node_state(0).value() == ProcessState::running,
                        "it was started again");
    });
}

TEST_CASE("calls that shall fail do", "[faults]") {
    with_disk(idle, [](OneFault& one, const Findings& findings) {
        one.begin("disk-error", "op=write:error=EROFS:chance=100%:path=*x");
        one.inject();
        const auto failed = there(one.host, "/bin/echo 1 > y && /bin/echo 1 > x");
        findings.expect(!failed && failed.error().text().find("ead-only") != std::string::npos,
                        "EROFS, for x alone");
        one.expect_bites();
        one.heal();
        findings.expect_ok(there(one.host, "echo 1 > x"), "after the heal");
    });
}

TEST_CASE("a disk without room takes what needs none", "[faults]") {
    with_disk(idle, [](OneFault& one, const Findings& findings) {
        one.begin("disk-full", "");
        findings.expect_ok(there(one.host, "echo abc > x && sync x"), "before");
        one.inject();
        const auto more = there(one.host, "/bin/echo def >> x");
        findings.expect(!more && more.error().text().find("No space") != std::string::npos,
                        "longer");
        findings.expect(!there(one.host, "mkdir d").ok(), "a new name");
        findings.expect_ok(there(one.host, "printf xyz | dd of=x conv=notrunc 2>/dev/null"),
                           "over what is there");
        findings.expect_ok(there(one.host, "df --output=avail . | grep -qx ' *0'"), "df");
        one.expect_bites();
        one.heal();
        findings.expect_ok(there(one.host, "echo def >> x && mkdir d"), "after the heal");
    });
}

TEST_CASE("of a torn write, a part reaches the disk", "[faults]") {
    with_disk(idle, [](OneFault& one, const Findings& findings) {
        one.begin("torn-write", "when=write:tear=prefix:times=1");
        findings.expect_ok(there(one.host, "head -c 8192 /dev/zero > x && sync x"), "before");
        one.inject();
        findings.expect_ok(
            there(one.host,
                  "head -c 8192 /dev/zero | tr '\\0' y | dd of=x bs=8192 conv=notrunc 2>/dev/null"),
            "a write, of which all is well");
        one.expect_bites();
        one.heal();
        const std::string disk = behind(one.host, "x");
        const auto torn = disk.find('\0');
        findings.expect(disk.size() == 8192, "its size");
        findings.expect(torn != std::string::npos && torn > 0 && torn % 512 == 0,
                        "some sectors are new");
        findings.expect(disk.find('y', torn) == std::string::npos, "and the rest is not");
    });
}

TEST_CASE("a write that goes astray is not where it should be", "[faults]") {
    with_disk(idle, [](OneFault& one, const Findings& findings) {
        one.begin("misdirected-write", "chance=100%:times=1");
        findings.expect_ok(there(one.host, "head -c 409600 /dev/zero > x && sync x"), "before");
        one.inject();
        findings.expect_ok(there(one.host, "printf astray | dd of=x bs=6 conv=notrunc 2>/dev/null"),
                           "a write");
        one.expect_bites();
        one.heal();
        const auto where = behind(one.host, "x").find("astray");
        findings.expect(where != std::string::npos && where != 0 && where % 4096 == 0,
                        "it is elsewhere");
        OneFault::pass(200);
        findings.expect(!there(one.host, "head -c 6 x | grep -q astray").ok(),
                        "programs see what the disk has");
    });
}

TEST_CASE("a stale read is what was there before", "[faults]") {
    with_disk(idle, [](OneFault& one, const Findings& findings) {
        one.begin("stale-read", "chance=100%:path=x");
        findings.expect_ok(there(one.host, "echo old > x && sync x"), "the old");
        one.inject();
        findings.expect_ok(there(one.host,
                                 "printf new | dd of=x conv=notrunc 2>/dev/null && sync x && "
                                 "sleep 0.3 && grep -q old x"),
                           "the old is read");
        one.expect_bites();
        one.heal();
        OneFault::pass(200);
        findings.expect_ok(there(one.host, "grep -q new x"), "after the heal");
    });
}

TEST_CASE("a bit that flips is one bit, of one read", "[faults]") {
    with_disk(idle, [](OneFault& one, const Findings& findings) {
        one.begin("bit-flip", "chance=100%:path=x");
        findings.expect_ok(there(one.host, "head -c 4096 /dev/zero > x && sync x"), "before");
        one.inject();
        OneFault::pass(200);
        const auto differing = there(one.host, "cmp -l x /dev/zero 2>/dev/null | wc -l");
        findings.expect(differing && *differing == "1\n", "one byte differs");
        one.expect_bites();
        one.heal();
        OneFault::pass(200);
        findings.expect_ok(there(one.host, "cmp -n 4096 x /dev/zero"), "after the heal");
    });
}

TEST_CASE("a disk that lies is honest again when it is healed", "[faults]") {
    with_disk(syncing_writer(), [](OneFault& one, const Findings& findings) {
        one.begin("fsync-lies", "");
        one.inject();
        one.await_synced();
        one.expect_bites();
        const auto dirty = disk::report(one.host);
        findings.expect_ok(dirty, "report");
        one.heal();
        findings.expect_ok(one.target.kill_node(0), "kill");
        // What it had said was durable is, so that a cut takes nothing.
        findings.expect_ok(disk::say(one.host, R"({"order":"cut","at":0})"), "cut");
        findings.expect_ok(disk::say(one.host, R"({"order":"await"})"), "await");
        findings.expect_ok(disk::say(one.host, R"({"order":"on"})"), "on");
        const std::int64_t synced = one.beside("synced");
        findings.expect_ok(there(one.host, fmt::format("grep -qx {} log", synced)), "it is there");
    });
}

TEST_CASE("a power cut in the time of lies takes what was promised", "[faults]") {
    with_disk(syncing_writer(), [](OneFault& one, const Findings& findings) {
        findings.expect_ok(disk::prepare(one.host, true), "prepare");
        findings.expect_ok(
            disk::add_rule(one.host, R"({"id":1,"fault":"sync-lies","ops":["sync"]})"), "lies");
        one.begin("power-cut", "");
        one.await_synced();
        one.inject();
        one.expect_bites();
        findings.expect(!std::filesystem::exists(one.host.data_directory() / "log"),
                        "nothing was kept");
        one.heal();
    });
}
