// faultlab-node ping: echo requests of ICMP to some hosts, side by side, and how many came back,
// when, how often, in which order and how whole. The peers' kernels answer: nothing runs there.
// Prints one line of JSON, an object a peer.
#include "core/types.hpp"
#include "nemesis/node/helper_arguments.hpp"
#include "nemesis/node/packet_bytes.hpp"
#include "nemesis/node/tool.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <system_error>

namespace faultlab::node {
namespace {

struct PingSpec {
    std::vector<std::string> peers;
    std::uint16_t count = 20;
    std::int64_t interval_us = 5000;
    std::int64_t wait_ms = 1000;
    std::size_t size = 56;
};

/// A second answer may come somewhat after the first.
constexpr Nanos for_duplicates = 20 * millisecond;

/// One that is asked, and what came back.
struct Peer {
    std::string name;
    sockaddr_in address{};
    std::vector<Nanos> sent;
    std::vector<int> answers; ///< how many, by number
    std::vector<Nanos> round_trips;
    int newest = -1;
    std::int64_t received = 0;
    std::int64_t duplicates = 0;
    std::int64_t reordered = 0;
    std::int64_t corrupted = 0;
};

Nanos now() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * second + time.tv_nsec;
}

/// The bytes that request `number` carries, from which damage is seen.
std::uint8_t content_byte(std::size_t number, std::size_t at) {
    return static_cast<std::uint8_t>(number * 31 + at * 7 + 1);
}

class Pinger {
public:
    explicit Pinger(const PingSpec& spec) : spec_(spec) {
        socket_ = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP);
        if (socket_ < 0) throw std::system_error(errno, std::generic_category(), "raw socket");
        for (const std::string& name : spec.peers) {
            Peer peer{.name = name};
            peer.address.sin_family = AF_INET;
            if (::inet_pton(AF_INET, name.c_str(), &peer.address.sin_addr) != 1)
                throw std::runtime_error(fmt::format("'{}' is no IPv4 address", name));
            peer.sent.resize(spec.count);
            peer.answers.resize(spec.count);
            peers_.push_back(std::move(peer));
        }
    }
    Pinger(const Pinger&) = delete;
    Pinger& operator=(const Pinger&) = delete;
    ~Pinger() { ::close(socket_); }

    void run() {
        const Nanos start = now();
        for (std::uint16_t number = 0; number < spec_.count; ++number) {
            receive_until(start + number * spec_.interval_us * microsecond, false);
            for (Peer& peer : peers_)
                send(peer, number);
        }
        const Nanos end = now() + spec_.wait_ms * millisecond;
        receive_until(end, true);
        receive_until(std::min(end, now() + for_duplicates), false);
    }

    [[nodiscard]] std::string report() const {
        std::vector<std::string> objects;
        for (const Peer& peer : peers_)
            objects.push_back(text_of(peer));
        return fmt::format("[{}]", fmt::join(objects, ","));
    }

private:
    void send(Peer& peer, std::uint16_t number) {
        std::vector<std::uint8_t> message(sizeof(icmphdr) + spec_.size);
        icmphdr header{};
        header.type = ICMP_ECHO;
        header.un.echo.id = id_;
        header.un.echo.sequence = htons(number);
        for (std::size_t i = 0; i < spec_.size; ++i)
            message[sizeof(header) + i] = content_byte(number, i);
        std::memcpy(message.data(), &header, sizeof(header));
        header.checksum = htons(internet_checksum(message));
        std::memcpy(message.data(), &header, sizeof(header));
        peer.sent[number] = now();
        // A request that cannot be sent is one that does not come back.
        [[maybe_unused]] const auto size = ::sendto(socket_,
                                                    message.data(),
                                                    message.size(),
                                                    0,
                                                    reinterpret_cast<sockaddr*>(&peer.address),
                                                    sizeof(peer.address));
    }

    /// Until then, or, `early`, until every request was answered.
    void receive_until(Nanos end, bool early) {
        for (;;) {
            while (receive()) {
            }
            const Nanos left = end - now();
            if (left <= 0 || (early && complete())) return;
            const timespec time{.tv_sec = left / second, .tv_nsec = left % second};
            pollfd polled{.fd = socket_, .events = POLLIN};
            ::ppoll(&polled, 1, &time, nullptr);
        }
    }

    [[nodiscard]] bool complete() const {
        return std::ranges::all_of(peers_,
                                   [&](const Peer& peer) { return peer.received == spec_.count; });
    }

    bool receive() {
        std::array<std::uint8_t, 65'536> packet; // NOLINT(*-member-init): filled by recv
        const ssize_t size = ::recv(socket_, packet.data(), packet.size(), 0);
        if (size < 0) return errno == EINTR;
        const Nanos time = now();
        const ConstBytes bytes(packet.data(), static_cast<std::size_t>(size));
        const std::size_t header_size = std::size_t{packet[0] & 0xfU} * 4;
        icmphdr header{};
        if (bytes.size() < header_size + sizeof(header)) return true;
        std::memcpy(&header, bytes.data() + header_size, sizeof(header));
        if (header.type != ICMP_ECHOREPLY || header.un.echo.id != id_) return true;
        // Raw sockets get what the kernel would drop for its checksum.
        if (!checksums_right(bytes)) return true;
        for (Peer& peer : peers_) {
            if (peer.address.sin_addr.s_addr != source_of(bytes)) continue;
            note(peer,
                 ntohs(header.un.echo.sequence),
                 bytes.subspan(header_size + sizeof(header)),
                 time);
        }
        return true;
    }

    void note(Peer& peer, std::uint16_t number, ConstBytes content, Nanos time) const {
        if (number >= spec_.count) return;
        bool whole = content.size() == spec_.size;
        for (std::size_t i = 0; whole && i < content.size(); ++i)
            whole = content[i] == content_byte(number, i);
        if (!whole) ++peer.corrupted;
        if (++peer.answers[number] > 1) {
            ++peer.duplicates;
            return;
        }
        ++peer.received;
        peer.round_trips.push_back(time - peer.sent[number]);
        if (number < peer.newest) ++peer.reordered;
        peer.newest = std::max<int>(peer.newest, number);
    }

    [[nodiscard]] std::string text_of(const Peer& peer) const {
        std::vector<Nanos> sorted = peer.round_trips;
        std::ranges::sort(sorted);
        const auto at = [&](std::size_t percent) {
            return sorted.empty() ? -1 : sorted[(sorted.size() - 1) * percent / 100] / microsecond;
        };
        return fmt::format(R"({{"peer":"{}","sent":{},"received":{},"duplicates":{},)"
                           R"("reordered":{},"corrupted":{},)"
                           R"("rtt_us":{{"p50":{},"p90":{},"p99":{},"max":{}}}}})",
                           peer.name,
                           spec_.count,
                           peer.received,
                           peer.duplicates,
                           peer.reordered,
                           peer.corrupted,
                           at(50),
                           at(90),
                           at(99),
                           at(100));
    }

    PingSpec spec_;
    int socket_ = -1;
    std::uint16_t id_ = static_cast<std::uint16_t>(::getpid());
    std::vector<Peer> peers_;
};

} // namespace

int run_ping(std::span<char* const> arguments) {
    CLI::App app("asks hosts for an echo, and tells what came back");
    PingSpec spec;
    app.add_option("--count", spec.count, "requests to each")->check(CLI::Range(1, 60'000));
    app.add_option("--interval-us", spec.interval_us, "between them")
        ->check(CLI::Range(0, 10'000'000));
    app.add_option("--wait-ms", spec.wait_ms, "for answers after the last")
        ->check(CLI::Range(0, 60'000));
    app.add_option("--size", spec.size, "bytes in each")->check(CLI::Range(0, 60'000));
    app.add_option("peer", spec.peers, "IPv4")->required();
    if (const auto code = parse_arguments(app, arguments)) return *code;
    ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    Pinger pinger(spec);
    pinger.run();
    fmt::print("{}\n", pinger.report());
    return 0;
}

} // namespace faultlab::node
