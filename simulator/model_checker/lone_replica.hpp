#pragma once

#include "simulator/model_checker/told.hpp"
#include "simulator/monitors.hpp"
#include "simulator/network.hpp"

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace faultlab::simulator {

/// What a replica shows that decides what can happen to it next.
struct Stance {
    bool alive = false; ///< it runs, and has not halted
    Status status = Status::Booting;
    View view;
    bool leads = false;
    bool impatient = false;  ///< it has lost patience in this view once
    std::uint32_t armed = 0; ///< timers, bits by Timer
};

/// One replica with a disk that does at once what it is asked for, cut off from everything: what
/// others say is told to it, what it says is kept. A function of what it is told: its clock stands
/// still, but for a timer that rings, which takes as long as it was set to, without jitter. Owned
/// by one thread.
class LoneReplica : private Effects {
public:
    /// As configured, with a formatted disk; it does not run yet.
    LoneReplica(const Config& config, const BugSet& bugs, const Membership& membership);
    ~LoneReplica() override = default;
    LoneReplica(const LoneReplica&) = delete;
    LoneReplica& operator=(const LoneReplica&) = delete;

    /// As it was made.
    void reset();
    void start();
    void hear(const Packet& packet);
    /// Requires: it is armed.
    void ring(Timer timer);
    /// The process dies; the disk keeps what it was given.
    void die();

    /// What it has said, and what monitors are to be told, since the last `listen`.
    void listen();
    [[nodiscard]] std::vector<Packet>& sent() { return sent_; }
    [[nodiscard]] std::vector<Told>& told() { return told_; }
    /// It runs, and has not halted.
    [[nodiscard]] bool alive() const { return replica_ != nullptr && !halted_; }
    [[nodiscard]] Stance stance() const;
    /// Equal for replicas that will act alike.
    [[nodiscard]] Checksum fingerprint() const;

private:
    struct Io {
        enum class Kind : std::uint8_t { Read, Write, Sync } kind = Kind::Read;
        Zone zone = Zone::Superblock;
        std::uint64_t offset = 0;
        std::uint32_t length = 0;
        IoId id = 0;
    };
    struct Alarm {
        bool armed = false;
        std::uint32_t generation = 0;
        Nanos at = 0;
    };

    void send(ReplicaId to, const Header& header, Bytes body) override;
    void reply(std::uint64_t client_link, const Header& header, Bytes body) override;
    void arm(Timer timer, std::uint32_t generation, Nanos delay) override;
    void read(Zone zone, std::uint64_t offset, std::uint32_t length, IoId id) override;
    void write(Zone zone, std::uint64_t offset, Bytes bytes, IoId id) override;
    void sync(Zone zone, IoId id) override;
    void event(const Event& event) override;
    void halt(std::string_view reason) override;

    /// One step, and what the disk has to do for it.
    void act(Input input);
    void step(Input input);
    [[nodiscard]] Nanos delay_of(Timer timer, Nanos asked) const;

    Config config_;
    BugSet bugs_;
    std::vector<std::byte> superblock_; ///< as formatted
    std::array<std::vector<std::byte>, zone_count> zones_;
    std::unique_ptr<Replica> replica_;
    std::unique_ptr<Monitors> monitors_;
    std::array<Alarm, replica::timer_count> alarms_{};
    std::deque<Io> pending_;
    Nanos now_ = 0;
    std::uint64_t lives_ = 0;
    bool halted_ = false;
    std::optional<View> lost_patience_in_;
    bool listening_ = false;
    std::vector<Packet> sent_;
    std::vector<Told> told_;
};

} // namespace faultlab::simulator
