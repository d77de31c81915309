// Disks that go wrong, under real processes on local hosts.
#include "tests/integration/faults/disk_target.hpp"

using namespace faultlab;
using namespace faultlab::hosts_test;
using namespace faultlab::faults_test;

namespace {

Nanos took(const std::function<void()>& what) {
    const auto start = std::chrono::steady_clock::now();
    what();
    return (std::chrono::steady_clock::now() - start).count();
}

} // namespace

TEST_CASE("files are the same with the mount and without", "[faults]") {
    with_disk({"sleep", "1000"}, [](OneFault& one, const Findings& findings) {
        const auto data = one.host.data_directory();
        std::ofstream(data / "before") << "1";
        findings.expect_ok(disk::prepare(one.host, true), "prepare");
        findings.expect_ok(there(one.host,
                                 "grep -q 1 before && mkdir d && echo 2 > d/a && mv d/a d/b && "
                                 "ln d/b c && ln -s c s && test $(cat s) = 2 && chmod 600 c && "
                                 "truncate -s 1M c && test $(stat -c %s d/b) = 1048576 && "
                                 "rm d/b && rmdir d && test ! -e d && rm before"),
                           "calls of all kinds");
        // This thread does not see the mount, only what is behind it.
        findings.expect(std::filesystem::file_size(data / "c") == 1 << 20, "the size");
        findings.expect(!std::filesystem::exists(data / "before"), "what was removed");
        std::ofstream(data / "after") << "3";
        findings.expect_ok(there(one.host, "grep -q 3 after"), "a file put there by the lab");
        findings.expect_ok(there(one.host, "find . -mindepth 1 -delete && test -z \"$(ls)\""),
                           "wiped");
        findings.expect(std::filesystem::is_empty(data), "wiped behind it");
    });
}

TEST_CASE("what is written is read again, also by mmap and in large pieces", "[faults]") {
    with_disk({"sleep", "1000"}, [](OneFault& one, const Findings& findings) {
        findings.expect_ok(disk::prepare(one.host, true), "prepare");
        findings.expect_ok(
            there(one.host,
                  "head -c 20000001 /dev/urandom > big && cp big copy && cmp big copy && "
                  "dd if=big of=small bs=777 count=500 2>/dev/null && "
                  "cmp -n 388500 big small && sync big && "
                  "fallocate -l 30000000 big && cmp -n 20000001 big copy && "
                  "fallocate -p -o 4096 -l 4096 big && ! cmp -s -n 20000001 big copy"),
            "copies");
    });
}

TEST_CASE("a slow disk is slow until it is healed", "[faults]") {
    with_disk(syncing_writer(), [](OneFault& one, const Findings& findings) {
        one.begin("disk-delay", "delay=50ms");
        one.inject();
        one.expect_bites();
        const auto write = [&] {
            findings.expect_ok(there(one.host, "echo 1 > x && sync x"), "a write");
        };
        const auto fastest = [&] {
            Nanos best = 100 * second;
            for (int i = 0; i < 10; ++i)
                best = std::min(best, took(write));
            return best;
        };
        // A write and a sync, beside what it costs to start the program.
        const Nanos slow = fastest();
        findings.expect(slow > 100 * millisecond, "two calls of 50 ms each");
        one.heal();
        findings.expect(fastest() + 70 * millisecond < slow, "fast again");
    });
}

TEST_CASE("a power cut takes what was not synced, and nothing else", "[faults]") {
    with_disk(syncing_writer(), [](OneFault& one, const Findings& findings) {
        one.begin("power-cut", "");
        one.await_synced();
        one.inject();
        one.expect_bites();
        const std::int64_t synced = one.beside("synced");
        findings.expect(synced > 1, "something was synced");
        findings.expect(!there(one.host, "ls").ok(), "there is no power");
        one.heal();
        // The replica goes on from 1, but what it had synced is there.
        findings.expect(one.number(fmt::format("grep -c -x {} {}/log",
                                               synced,
                                               one.host.data_directory().string())) >= 1,
                        "what was synced");
    });
}

TEST_CASE("what nobody has synced is gone after a power cut", "[faults]") {
    with_disk(careless_writer(), [](OneFault& one, const Findings& findings) {
        one.begin("power-cut", "");
        for (int i = 0; i < 100 && one.beside("written") < 2; ++i)
            OneFault::pass(50);
        one.inject();
        one.expect_bites();
        findings.expect(!std::filesystem::exists(one.host.data_directory() / "log"),
                        "the file, which nobody had synced either");
        one.heal();
    });
}

TEST_CASE("a power cut takes what lying syncs have promised", "[faults]") {
    with_disk(syncing_writer(), [](OneFault& one, const Findings& findings) {
        one.begin("power-cut", "lies=2s");
        one.await_synced();
        one.inject();
        one.expect_bites();
        findings.expect(one.beside("synced") > 1, "something was synced");
        findings.expect(!std::filesystem::exists(one.host.data_directory() / "log"),
                        "all of it was a lie");
        one.heal();
    });
}

TEST_CASE("a sync that fails once loses what it covers, for good", "[faults]") {
    // It tries once more, as it should not: the second sync succeeds.
    const std::vector<std::string> retrying = {
        "sh",
        "-c",
        "test -e log && exec sleep 1000; echo old > log; sync log; touch ../ready; sleep 1; "
        "echo new >> log; sync log && touch ../unhurt; sync log && touch ../retried; "
        "exec sleep 1000"};
    with_disk(retrying, [](OneFault& one, const Findings& findings) {
        const auto beside = [&](const char* file) {
            return std::filesystem::exists(one.host.data_directory().parent_path() / file);
        };
        one.begin("fsync-error", "path=log:times=1:crash=off");
        for (int i = 0; i < 100 && !beside("ready"); ++i)
            OneFault::pass(20);
        one.inject();
        one.expect_bites();
        for (int i = 0; i < 100 && !beside("retried"); ++i)
            OneFault::pass(20);
        findings.expect(!beside("unhurt"), "the sync failed");
        findings.expect(beside("retried"), "the next one did not");
        findings.expect_ok(there(one.host, "grep -q new log"), "it is still seen");
        one.heal();
        findings.expect_ok(there(one.host, "grep -q old log"), "what was synced before");
        findings.expect(!there(one.host, "grep -q new log").ok(), "what the disk never had");
    });
}

TEST_CASE("a disk whose helper was killed is healed", "[faults]") {
    with_disk(syncing_writer(), [](OneFault& one, const Findings& findings) {
        one.begin("disk-delay", "delay=1ms");
        one.inject();
        one.expect_bites();
        const auto helper = ask_helper(one.host, disk::helper, "runs");
        findings.expect_ok(helper, "runs");
        ::kill(static_cast<pid_t>(std::stol(helper.value())), SIGKILL);
        OneFault::pass(100);
        findings.expect(!there(one.host, "ls").ok(), "the mount is dead");
        one.heal();
        findings.expect_ok(there(one.host, "echo 1 > x && sync x"), "it can be written to");
        std::filesystem::remove(one.host.data_directory().parent_path() / "synced");
        one.await_synced();
        findings.expect(one.beside("synced") > 1, "the replica works");
    });
}
