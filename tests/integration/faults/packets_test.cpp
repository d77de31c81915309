// Packet faults on real hosts: that each bites, as datagrams see it, and is gone when it is healed.
#include "tests/integration/faults/packet_lab.hpp"

#include <csignal>

using namespace faultlab;
using namespace faultlab::faults_test;

namespace {

constexpr auto quickly = std::chrono::microseconds(500);

/// The life of a fault: nothing before it, `bites` while it lasts, nothing after it.
void lives(PacketLab& lab,
           const Findings& findings,
           const std::string& fault,
           const std::function<bool(const PacketLab::Received&)>& bites) {
    constexpr int count = 1000;
    lab.inject(fault);
    const auto hurt = lab.send_datagrams(count, quickly, 500);
    findings.expect(
        bites(hurt),
        fmt::format("{} bites: {} came, {} twice, {} overtaken, {} changed, it counts {}",
                    fault,
                    hurt.times.size(),
                    hurt.twice(),
                    hurt.overtaken,
                    hurt.changed,
                    lab.report().dump()));
    findings.expect(lab.proven(EvidencePhase::during),
                    "proven:" + lab.evidence_text(EvidencePhase::during));
    lab.heal();
    findings.expect(lab.proven(EvidencePhase::after),
                    "healed:" + lab.evidence_text(EvidencePhase::after));
    const auto healed = lab.send_datagrams(count, quickly, 200);
    findings.expect(healed.times.size() == count && healed.twice() == 0 && healed.overtaken == 0 &&
                        healed.changed == 0,
                    fault + " is gone");
    lab.heal();
}

bool between(std::size_t value, std::size_t low, std::size_t high) {
    return low <= value && value <= high;
}

/// The process number of the fault's helper on n1.
pid_t helper_of(PacketLab& lab) {
    return static_cast<pid_t>(std::stol(ask_helper(lab.host(0), helper_name(7), "runs").value()));
}

} // namespace

TEST_CASE("lost, doubled, held back and corrupted packets are seen by datagrams", "[faults]") {
    with_packets([](PacketLab& lab, const Findings& findings) {
        using Received = PacketLab::Received;
        lives(lab, findings, "loss:n1:loss=50%:direction=in", [](const Received& hurt) {
            return between(hurt.times.size(), 400, 600) && hurt.twice() == 0;
        });
        lives(lab, findings, "duplicate:n1:duplicate=20%", [](const Received& hurt) {
            return hurt.times.size() == 1000 &&
                   between(static_cast<std::size_t>(hurt.twice()), 130, 270);
        });
        lives(lab, findings, "reorder:n1:reorder=10%:by=20ms", [](const Received& hurt) {
            return hurt.times.size() == 1000 &&
                   between(static_cast<std::size_t>(hurt.overtaken), 50, 150);
        });
        lives(lab, findings, "corrupt:n1:corrupt=20%", [](const Received& hurt) {
            return between(hurt.times.size(), 730, 870) && hurt.changed == 0;
        });
        lives(lab, findings, "corrupt:n1:corrupt=20%:checksum=fixed", [](const Received& hurt) {
            return between(static_cast<std::size_t>(hurt.changed), 130, 270);
        });
    });
}

TEST_CASE("several effects at once are all there", "[faults]") {
    with_packets([](PacketLab& lab, const Findings& findings) {
        const std::string fault = "packets:n1:delay=20ms:jitter=2ms:loss=10%:duplicate=10%:"
                                  "corrupt=5%:reorder=10%:rate=20mbit";
        lives(lab, findings, fault, [&](const PacketLab::Received& hurt) {
            const Json counts = lab.report();
            return between(hurt.times.size(), 700, 950) && hurt.twice() > 0 && hurt.overtaken > 0 &&
                   counts["corrupted"] > 0 && counts["delay_us"]["p50"] >= 17'000;
        });
    });
}

TEST_CASE("what a helper that was killed has left lets packets pass, and is healed", "[faults]") {
    with_packets([](PacketLab& lab, const Findings& findings) {
        lab.inject("loss:n1:loss=100%:direction=in");
        findings.expect(lab.send_datagrams(50, quickly, 200).times.empty(), "nothing comes");
        ::kill(helper_of(lab), SIGKILL);
        const bool passes = hosts_test::eventually(
            [&] { return lab.send_datagrams(10, quickly, 100).times.size() == 10; });
        findings.expect(passes, "packets bypass the dead helper");
        lab.heal();
        findings.expect(lab.proven(EvidencePhase::after),
                        "healed:" + lab.evidence_text(EvidencePhase::after));
    });
}

TEST_CASE("a helper that is told to end lets go what it holds", "[faults]") {
    with_packets([](PacketLab& lab, const Findings& findings) {
        lab.inject("delay:n1:delay=10s:direction=in");
        std::thread ending([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(300));
            lab.heal();
        });
        const auto received = lab.send_datagrams(100, quickly, 2000);
        ending.join();
        findings.expect(received.times.size() == 100 && received.overtaken == 0,
                        fmt::format("{} of 100 come at the heal", received.times.size()));
    });
}

TEST_CASE("a fault in one direction, or with other peers, leaves the rest alone", "[faults]") {
    with_packets([](PacketLab& lab, const Findings& findings) {
        lab.inject("loss:n1:loss=100%:direction=out");
        findings.expect(lab.send_datagrams(100, quickly, 200).times.size() == 100,
                        "n1 hears n2, which does not hear n1");
        findings.expect(lab.ping(20, 1000, 100)["received"] == 0, "no echo comes back");
        lab.heal();
        findings.expect(lab.ping(20, 1000, 500)["received"] == 20, "echoes come back");
    });
}

TEST_CASE("the bytes of TCP come whole and in order through delay, loss and duplicates",
          "[faults]") {
    with_packets([](PacketLab& lab, const Findings& findings) {
        lab.inject("packets:n1:delay=20ms:jitter=5ms:loss=1%:duplicate=5%:direction=in");
        const HostSocket listening = lab.socket(0, SOCK_STREAM);
        const HostSocket sending = lab.socket(1, SOCK_STREAM);
        const sockaddr_in to = ip(lab.address(0), 7001);
        findings.expect(::bind(listening.get(), any(to), sizeof(to)) == 0, "bind");
        findings.expect(::listen(listening.get(), 1) == 0, "listen");
        listening.limit(10'000);
        sending.limit(10'000);
        std::vector<char> sent(300'000);
        Rng rng(3);
        for (char& byte : sent)
            byte = static_cast<char>(rng.next());
        const auto start = std::chrono::steady_clock::now();
        std::thread sender([&] {
            if (::connect(sending.get(), any(to), sizeof(to)) != 0) return;
            [[maybe_unused]] const auto size = ::send(sending.get(), sent.data(), sent.size(), 0);
            ::shutdown(sending.get(), SHUT_WR);
        });
        const HostSocket accepted(::accept(listening.get(), nullptr, nullptr));
        accepted.limit(10'000);
        std::vector<char> received(sent.size());
        const auto size = ::recv(accepted.get(), received.data(), received.size(), MSG_WAITALL);
        sender.join();
        findings.expect(size == static_cast<ssize_t>(sent.size()) && received == sent,
                        fmt::format("{} bytes came", size));
        findings.expect(std::chrono::steady_clock::now() - start > std::chrono::milliseconds(40),
                        "not at once");
        lab.heal();
    });
}

TEST_CASE("a connection that is reset ends at both ends, and new ones are reset again",
          "[faults]") {
    with_packets([](PacketLab& lab, const Findings& findings) {
        if (const auto reason = lacking(lab.host(0), "socket-destroy");
            !reason || !reason->empty()) {
            std::cout << "skipped: connections cannot be reset here\n";
            return;
        }
        const HostSocket listening = lab.socket(0, SOCK_STREAM);
        const sockaddr_in to = ip(lab.address(0), 7002);
        findings.expect(::bind(listening.get(), any(to), sizeof(to)) == 0, "bind");
        findings.expect(::listen(listening.get(), 8) == 0, "listen");
        listening.limit(5'000);
        const auto ends = [&](const HostSocket& socket) {
            char byte = 0;
            return ::recv(socket.get(), &byte, 1, 0) < 0 && errno != EAGAIN;
        };
        lab.inject("reset:n1:every=100ms");
        for (int i = 0; i < 3; ++i) {
            const HostSocket connecting = lab.socket(1, SOCK_STREAM);
            connecting.limit(5'000);
            findings.expect(::connect(connecting.get(), any(to), sizeof(to)) == 0, "connect");
            const HostSocket accepted(::accept(listening.get(), nullptr, nullptr));
            accepted.limit(5'000);
            findings.expect(ends(connecting), "the end on n2 is reset");
            findings.expect(accepted.get() < 0 || ends(accepted), "the end on n1 is reset");
        }
        findings.expect(lab.proven(EvidencePhase::during),
                        "proven:" + lab.evidence_text(EvidencePhase::during));
        lab.heal();
        findings.expect(lab.proven(EvidencePhase::after), "healed");
        const HostSocket connecting = lab.socket(1, SOCK_STREAM);
        connecting.limit(300);
        findings.expect(::connect(connecting.get(), any(to), sizeof(to)) == 0, "connect again");
        findings.expect(!ends(connecting), "connections last again");
        lab.heal();
    });
}
