#pragma once

#include "replica/core/format.hpp"
#include "replica/core/layout.hpp"
#include "replica/core/records.hpp"
#include "replica/core/replica.hpp"
#include "tests/fuzz/fuzz_input.hpp"

#include <cstdio>
#include <deque>
#include <string>
#include <vector>

namespace faultlab::fuzz {

/// Small enough that thousands of replicas a second can be made, large enough that all happens.
inline constexpr replica::Limits small_limits{.slots = 16,
                                              .message_bytes = 4096,
                                              .request_bytes = 512,
                                              .batch = 4,
                                              .pipeline = 4,
                                              .clients = 4,
                                              .checkpoint_every = 6,
                                              .entries = 64,
                                              .value_blocks = 64,
                                              .digest_every = 4,
                                              .queue = 8};
inline constexpr std::uint64_t cluster = 9;

[[nodiscard]] inline replica::Config small_config(replica::ReplicaId self) {
    replica::Config config;
    config.cluster = cluster;
    config.self = self;
    config.limits = small_limits;
    return config;
}

using Disk = std::array<std::vector<std::byte>, replica::zone_count>;

[[nodiscard]] inline Disk formatted(const replica::Config& config,
                                    const replica::Membership& membership) {
    Disk disk;
    for (std::size_t zone = 0; zone < disk.size(); ++zone) {
        disk[zone].resize(replica::zone_bytes(config.limits, static_cast<replica::Zone>(zone)));
    }
    const std::vector<std::byte> superblock = replica::format(config, membership);
    std::ranges::copy(superblock, disk[0].begin());
    return disk;
}

/// One replica with a disk in memory that never fails. What it sends goes nowhere, but is noted.
class SmallWorld : public replica::Effects {
public:
    SmallWorld(const replica::Config& config, Disk disk)
        : disk_(std::move(disk)), replica_(config, {}) {
        step(replica::Boot{.entropy = 1});
    }

    template <typename What>
    void step(const What& what) {
        now_ += 1'000;
        replica_.step({.now = now_, .wall = static_cast<std::uint64_t>(now_), .what = what}, *this);
    }
    /// Does what the disk was asked for, and what that leads to.
    void settle_disk() {
        while (!asked_.empty()) {
            const Asked next = asked_.front();
            asked_.pop_front();
            const replica::Bytes bytes = replica::Bytes(disk_[next.zone]).subspan(next.offset);
            step(replica::IoDone{.id = next.id, .bytes = bytes.first(next.length)});
        }
    }
    /// The timer's delay has passed. Nothing when it was never armed.
    void ring(replica::Timer timer) {
        const Armed& armed = armed_[static_cast<std::size_t>(timer)];
        if (!armed.is) return;
        now_ += armed.delay;
        step(replica::Rang{timer, armed.generation});
    }

    [[nodiscard]] const replica::Replica& replica() const { return replica_; }
    [[nodiscard]] replica::Telemetry telemetry() const { return replica_.telemetry(now_); }
    [[nodiscard]] const Disk& disk() const { return disk_; }
    [[nodiscard]] const std::string& halted() const { return halted_; }
    /// Of the last message that had one: what an answer echoes.
    [[nodiscard]] std::uint64_t nonce() const { return nonce_; }
    [[nodiscard]] std::uint64_t replies() const { return replies_; }

    void send(replica::ReplicaId to, const replica::Header& header, replica::Bytes body) override {
        require(to != replica::no_replica);
        check(header, body);
        if (header.nonce != 0) nonce_ = header.nonce;
    }
    void reply(std::uint64_t link, const replica::Header& header, replica::Bytes body) override {
        require(link != 0);
        check(header, body);
        if (header.command == replica::Command::Reply) ++replies_;
    }
    void arm(replica::Timer timer, std::uint32_t generation, replica::Nanos delay) override {
        armed_[static_cast<std::size_t>(timer)] = {true, generation, delay};
    }
    void read(replica::Zone zone,
              std::uint64_t offset,
              std::uint32_t length,
              replica::IoId id) override {
        ask(zone, offset, length, id);
    }
    void write(replica::Zone zone,
               std::uint64_t offset,
               replica::Bytes bytes,
               replica::IoId id) override {
        ask(zone, offset, 0, id);
        require(offset + bytes.size() <= disk_[static_cast<std::size_t>(zone)].size());
        std::ranges::copy(bytes,
                          disk_[static_cast<std::size_t>(zone)].begin() +
                              static_cast<std::ptrdiff_t>(offset));
    }
    void sync(replica::Zone zone, replica::IoId id) override { ask(zone, 0, 0, id); }
    void event(const replica::Event& /*event*/) override {}
    void halt(std::string_view reason) override { halted_ = reason; }

private:
    struct Asked {
        std::size_t zone = 0;
        std::uint64_t offset = 0;
        std::uint32_t length = 0;
        replica::IoId id = 0;
    };
    struct Armed {
        bool is = false;
        std::uint32_t generation = 0;
        replica::Nanos delay = 0;
    };

    void ask(replica::Zone zone, std::uint64_t offset, std::uint32_t length, replica::IoId id) {
        const auto index = static_cast<std::size_t>(zone);
        require(offset + length <= disk_[index].size());
        asked_.push_back({index, offset, length, id});
    }
    /// A replica that is told nonsense must not pass nonsense on.
    static void check(const replica::Header& header, replica::Bytes body) {
        require(header.size == sizeof header + body.size());
        require(header.size <= small_limits.message_bytes);
        require(header.checksum == replica::checksum_of(header));
        require(header.body_checksum == replica::checksum(body));
    }

    replica::Nanos now_ = 1;
    Disk disk_;
    std::deque<Asked> asked_;
    std::array<Armed, replica::timer_count> armed_{};
    std::string halted_;
    std::uint64_t nonce_ = 0;
    std::uint64_t replies_ = 0;
    replica::Replica replica_;
};

/// A halt by a broken invariant, which has a name without spaces, in place of one of the reasons
/// that the protocol has.
inline void require_no_broken_invariant(const SmallWorld& world) {
    const std::string& reason = world.halted();
    if (!reason.empty() && reason.find(' ') == std::string::npos) {
        std::fprintf(stderr, "broken invariant: %s\n", reason.c_str());
        require(false);
    }
}

/// A request of one write, as a client sends it.
struct Request {
    replica::Header header;
    std::vector<std::byte> body;
};
[[nodiscard]] inline Request request(replica::ClientId client,
                                     replica::SessionId session,
                                     replica::RequestNumber number,
                                     std::vector<std::byte> operation) {
    Request made{.body = std::move(operation)};
    made.header.command = replica::Command::Request;
    made.header.protocol = replica::protocol_version;
    made.header.release = 1;
    made.header.cluster = cluster;
    made.header.client = client;
    made.header.session = session;
    made.header.request = number;
    seal(made.header, made.body);
    return made;
}

} // namespace faultlab::fuzz
