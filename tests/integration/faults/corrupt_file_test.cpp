// Files that change under a replica, on real hosts: which bytes, and what is known of them later.
#include "tests/integration/faults/fault_site.hpp"

#include <bitset>
#include <fstream>
#include <set>
#include <sstream>

using namespace faultlab;
using namespace faultlab::faults_test;
using namespace faultlab::hosts_test;

namespace {

namespace fs = std::filesystem;

/// What a replica has written: bytes that differ from each other, then a hole.
std::string contents(std::int64_t bytes) {
    std::string text;
    for (std::int64_t i = 0; i < bytes; ++i)
        text += static_cast<char>(1 + (i * 7 + i / 256) % 255);
    return text;
}

constexpr std::int64_t written = 64 << 10;
constexpr std::int64_t length = 1 << 20;

fs::path log_of(Lab& lab, NodeId node) {
    return lab.node(node).data_directory() / "store" / "log";
}

void write_logs(Lab& lab) {
    for (NodeId node = 0; node < lab.nodes(); ++node) {
        fs::create_directories(log_of(lab, node).parent_path());
        std::ofstream(log_of(lab, node), std::ios::binary) << contents(written);
        fs::resize_file(log_of(lab, node), length);
        std::ofstream(lab.node(node).data_directory() / "key") << "secret";
    }
}

std::string read_log(Lab& lab, NodeId node) {
    std::ifstream file(log_of(lab, node), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// The bits in which a log differs from what was written.
std::set<std::size_t> bits_changed(Lab& lab, NodeId node) {
    std::string before = contents(written);
    before.resize(length, '\0');
    const std::string now = read_log(lab, node);
    std::set<std::size_t> changed;
    for (std::size_t i = 0; i < std::min(now.size(), before.size()); ++i) {
        const std::bitset<8> differs(
            static_cast<unsigned>(static_cast<unsigned char>(now[i] ^ before[i])));
        for (std::size_t bit = 0; bit < 8; ++bit) {
            if (differs[bit]) changed.insert(8 * i + bit);
        }
    }
    return changed;
}

std::string told(const FaultRecord& record, const std::string& name) {
    for (const Evidence& evidence : record.evidence) {
        if (evidence.name == name) return to_text(evidence.value);
    }
    return "nothing";
}

} // namespace

TEST_CASE("one bit of what was written is flipped, on the target alone", "[faults]") {
    in_lab(2, 0, [](Lab& lab, const Findings& findings, const auto&) {
        write_logs(lab);
        FaultSite site(lab, findings, "corrupt-file", "n1:how=bitflip:while=running");
        const std::int64_t group = site.group(0);
        site.inject();
        const auto changed = bits_changed(lab, 0);
        findings.expect(changed.size() == 1, "one bit");
        findings.expect(*changed.begin() < 8 * written, "of what was written");
        findings.expect(bits_changed(lab, 1).empty(), "the other is whole");
        findings.expect(site.group(0) == group, "it was not restarted");
        findings.expect(site.effective(), "effective");
        site.heal();
        site.heal();
        findings.expect(site.healed(), "it runs");
        findings.expect(told(site.probed(EvidencePhase::after), "damage") ==
                            "\"never read, or masked: 1 of 1 changes are as they were left\"",
                        told(site.probed(EvidencePhase::after), "damage"));
        findings.expect(bits_changed(lab, 0) == changed, "nothing is undone");
    });
}

TEST_CASE("the same seed flips the same bits, other nodes others", "[faults]") {
    in_lab(2, 0, [](Lab& lab, const Findings& findings, const auto&) {
        const auto flipped = [&](const std::string& detail, NodeId node) {
            write_logs(lab);
            FaultSite site(lab, findings, "corrupt-file", detail);
            site.inject();
            for (NodeId each = 0; each < 2; ++each)
                findings.expect_ok(site.target.kill_node(each), "clean up");
            return bits_changed(lab, node);
        };
        const std::string detail = "n1+n2:how=bitflip:while=stopped:flips=20";
        const auto first = flipped(detail, 0);
        findings.expect(first.size() == 20, "twenty");
        findings.expect(flipped(detail, 0) == first, "again the same");
        findings.expect(flipped(detail, 1) != first, "others on the other");
    });
}

TEST_CASE("disjoint stripes damage no byte on two nodes", "[faults]") {
    in_lab(3, 0, [](Lab& lab, const Findings& findings, const auto&) {
        write_logs(lab);
        FaultSite site(lab,
                       findings,
                       "corrupt-file",
                       "all:how=bitflip:while=running:stripes=disjoint:probability=50%:chunk=4KiB");
        site.inject();
        std::set<std::size_t> chunks;
        std::size_t sum = 0;
        for (NodeId node = 0; node < 3; ++node) {
            std::set<std::size_t> hit;
            for (const std::size_t bit : bits_changed(lab, node))
                hit.insert(bit / 8 / 4096);
            sum += hit.size();
            chunks.merge(hit);
        }
        findings.expect(sum == 16, "every chunk that was written");
        findings.expect(chunks.size() == 16, "each on one node only");
    });
}

TEST_CASE("a file that is cut off while its replica is stopped is shorter when it starts",
          "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        write_logs(lab);
        FaultSite site(lab, findings, "corrupt-file", "n1:how=truncate:while=stopped:drop=100");
        const std::int64_t group = site.group(0);
        site.inject();
        findings.expect(read_log(lab, 0).size() == length - 100, "100 bytes less");
        findings.expect(site.group(0) != group, "it was restarted");
        findings.expect(site.effective(), "effective");
        findings.expect(site.healed(), "it runs");
    });
}

TEST_CASE("chunks that are put back undo what was written meanwhile", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        write_logs(lab);
        FaultSite site(lab, findings, "corrupt-file", "n1:how=restore:while=running:after=100ms");
        site.inject();
        findings.expect(!site.effective(), "nothing is changed yet");
        const std::string before = read_log(lab, 0);
        {
            std::fstream log(log_of(lab, 0), std::ios::in | std::ios::out | std::ios::binary);
            log.seekp(written);
            log << "a newer entry";
        }
        findings.expect(site.nemesis->turn_after(site.fault, 1) == 100 * millisecond, "when");
        findings.expect(!site.nemesis->turn_after(site.fault, 2).has_value(), "once");
        site.turn(1);
        findings.expect(read_log(lab, 0) == before, "as it was");
        findings.expect(site.effective(), "effective");
    });
}

TEST_CASE("copies put one part of a log in the place of another", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        write_logs(lab);
        FaultSite site(lab,
                       findings,
                       "corrupt-file",
                       "n1:how=copy:while=running:chunk=4KiB:modulus=4:index=1");
        site.inject();
        const std::string before = contents(written);
        const std::string now = read_log(lab, 0);
        for (std::size_t chunk = 0; chunk < 16; ++chunk) {
            const std::string part = now.substr(chunk * 4096, 4096);
            const bool as_before = part == before.substr(chunk * 4096, 4096);
            findings.expect(as_before == (chunk % 4 != 1), "every fourth");
            findings.expect(before.find(part) % 4096 == 0, "by another chunk");
        }
    });
}

TEST_CASE("what a replica says of damage in its log is found, also what it overwrites",
          "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        write_logs(lab);
        FaultSite site(
            lab,
            findings,
            "corrupt-file",
            "n1:how=bitflip:while=stopped",
            {"sh", "-c", "test -e again && echo 'crc mismatch in entry 7'; : > again; sleep 1000"});
        const fs::path data = lab.node(0).data_directory();
        const fs::path log = data.parent_path() / "logs" / "replica.log";
        findings.expect(eventually([&] { return fs::exists(data / "again"); }), "it has begun");
        site.inject();
        const auto complained = [&] { return read_text(log).find("crc") != std::string::npos; };
        findings.expect(eventually(complained), "it has complained");
        const std::string damage = told(site.probed(EvidencePhase::during), "damage");
        findings.expect(damage.find("detected: ") == 1, damage);
        findings.expect(damage.find("crc mismatch in entry 7") != std::string::npos, damage);
        fs::remove(log);
        write_logs(lab);
        findings.expect(told(site.probed(EvidencePhase::after), "damage") ==
                            "\"mended: all bytes are again what they were\"",
                        told(site.probed(EvidencePhase::after), "damage"));
    });
}

TEST_CASE("where nothing can be changed, that is an error, and the replica runs", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        FaultSite site(lab, findings, "corrupt-file", "n1:how=bitflip:while=stopped");
        const auto injected = site.nemesis->inject(site.fault, site.target);
        findings.expect(!injected &&
                            injected.error().text().find("no file matches") != std::string::npos,
                        "no file");
        findings.expect(!site.effective(), "not effective");
        findings.expect(*site.target.node_state(0) == ProcessState::running, "it runs");
    });
}
