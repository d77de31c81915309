#pragma once

#include "core/clock.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/helper.hpp"
#include "nemesis/parameters.hpp"
#include "tests/integration/faults/plain_target.hpp"
#include "tests/integration/faults/sockets.hpp"
#include "tests/unit/hosts/lab_support.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <map>
#include <vector>

namespace faultlab::faults_test {

using hosts_test::Findings;
using Json = nlohmann::json;

/// Two hosts, and packet faults on the link between them. Packets go from n2 to n1.
class PacketLab {
public:
    PacketLab(Lab& lab, const Findings& findings)
        : target_(lab, {"sleep", "1000"}), findings_(findings) {
        for (NodeId node = 0; node < lab.nodes(); ++node)
            findings.expect_ok(target_.start_node(node), "start");
    }

    /// Why this host cannot have packet faults; empty when it can.
    [[nodiscard]] std::string missing() {
        const auto reason = lacking(target_.node_host(0), "packet-faults");
        return reason ? *reason : reason.error().text();
    }

    /// Injects "loss:n1:loss=20%:direction=in".
    void inject(const std::string& text) {
        const auto colon = text.find(':');
        FaultSpec spec{.id = 7, .nemesis = text.substr(0, colon), .seed = 42};
        nemesis_ = (*find_nemesis(spec.nemesis))->make();
        const auto read =
            read_detail(text.substr(colon + 1), nemesis_->options(), spec.nemesis, spec);
        findings_.expect_ok(read, text);
        Rng rng(1);
        nemesis_->draw(rng, 2, spec);
        const auto resolved = nemesis_->resolve(spec, target_.view());
        findings_.expect_ok(resolved, text);
        fault_ = *resolved;
        findings_.expect_ok(nemesis_->inject(fault_, target_), "inject " + text);
    }
    void heal() { findings_.expect_ok(nemesis_->heal(fault_, target_), "heal"); }
    /// Whether anything proves what the phase wants to know, or, afterwards, everything.
    [[nodiscard]] bool proven(EvidencePhase phase) {
        const auto evidence = nemesis_->probe(fault_, target_, phase);
        const auto proves = [](const Evidence& one) { return one.proves; };
        return phase == EvidencePhase::after
                   ? !evidence.empty() && std::ranges::all_of(evidence, proves)
                   : std::ranges::any_of(evidence, proves);
    }
    [[nodiscard]] std::string evidence_text(EvidencePhase phase) {
        std::string text;
        for (const Evidence& one : nemesis_->probe(fault_, target_, phase)) {
            text += fmt::format(" {}={}{}", one.name, to_json(one.value), one.proves ? "!" : "");
        }
        return text;
    }
    /// What the program on n1 counted.
    [[nodiscard]] Json report() {
        const auto answer = ask_helper(target_.node_host(0), helper_name(7), "report");
        return answer ? Json::parse(*answer, nullptr, false) : Json();
    }
    /// What `faultlab-node ping` says of n2, asked on n1.
    [[nodiscard]] Json ping(int count, int interval_us, int wait_ms) {
        const auto printed = run_node_tool(target_.node_host(0),
                                           {"ping",
                                            "--count",
                                            std::to_string(count),
                                            "--interval-us",
                                            std::to_string(interval_us),
                                            "--wait-ms",
                                            std::to_string(wait_ms),
                                            address(1)});
        findings_.expect_ok(printed, "ping");
        return printed ? Json::parse(*printed, nullptr, false).at(0) : Json();
    }

    [[nodiscard]] Host& host(NodeId node) { return target_.node_host(node); }
    [[nodiscard]] std::string address(NodeId node) { return target_.node_host(node).address(); }
    [[nodiscard]] HostSocket socket(NodeId node, int type) {
        return {target_.node_groups(node).front(), type};
    }
    [[nodiscard]] const Findings& findings() const { return findings_; }

    /// What came of so many numbered datagrams from n2 to n1.
    struct Received {
        std::map<int, int> times; ///< how often each came
        int overtaken = 0;        ///< came after a later one
        int changed = 0;          ///< did not hold what was sent
        [[nodiscard]] int twice() const {
            int count = 0;
            for (const auto& [number, often] : times)
                count += often > 1 ? 1 : 0;
            return count;
        }
    };
    Received send_datagrams(int count, std::chrono::microseconds apart, int wait_ms) {
        const HostSocket receiver = socket(0, SOCK_DGRAM);
        const HostSocket sender = socket(1, SOCK_DGRAM);
        const int room = 8 << 20;
        ::setsockopt(receiver.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
        const sockaddr_in to = ip(address(0), 7000);
        findings_.expect(::bind(receiver.get(), any(to), sizeof(to)) == 0, "bind");
        receiver.limit(wait_ms);
        Received received;
        std::thread listening([&] { receive_datagrams(receiver, received); });
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < count; ++i) {
            std::this_thread::sleep_until(start + i * apart);
            const auto datagram = content(i);
            ::sendto(sender.get(), datagram.data(), sizeof(datagram), 0, any(to), sizeof(to));
        }
        listening.join();
        return received;
    }

private:
    using Datagram = std::array<std::int32_t, 16>;
    static Datagram content(int number) {
        Datagram datagram{number};
        for (std::size_t i = 1; i < datagram.size(); ++i)
            datagram[i] = static_cast<std::int32_t>(i) * 7919;
        return datagram;
    }
    /// Until nothing comes any more.
    static void receive_datagrams(const HostSocket& socket, Received& received) {
        Datagram datagram{};
        int newest = -1;
        while (::recv(socket.get(), datagram.data(), sizeof(datagram), 0) > 0) {
            const int number = datagram[0];
            if (datagram != content(number)) ++received.changed;
            if (++received.times[number] > 1) continue;
            if (number < newest) ++received.overtaken;
            newest = std::max(newest, number);
        }
    }

    PlainTarget target_;
    const Findings& findings_;
    std::unique_ptr<Nemesis> nemesis_;
    Fault fault_;
};

/// Runs the body as both kinds of user, where these can have packet faults.
inline void with_packets(const std::function<void(PacketLab&, const Findings&)>& body) {
    hosts_test::in_lab(2, 0, [&](Lab& lab, const Findings& findings, const auto&) {
        PacketLab packets(lab, findings);
        if (const std::string missing = packets.missing(); !missing.empty()) {
            std::cout << "skipped: no packet faults for such a user: " << missing << '\n';
            return;
        }
        body(packets, findings);
    });
}

} // namespace faultlab::faults_test
