#pragma once

#include "simulator/disk_watch.hpp"
#include "simulator/world.hpp"

#include <array>

namespace faultlab::simulator {

/// What a step of one replica does to the world. Private to World.
class World::Shell : public Effects {
public:
    Shell(World& world, Node& node) : world_(&world), node_(&node) {}

    void send(ReplicaId to, const Header& header, Bytes body) override;
    void reply(std::uint64_t client_link, const Header& header, Bytes body) override;
    void arm(Timer timer, std::uint32_t generation, Nanos delay) override;
    void read(Zone zone, std::uint64_t offset, std::uint32_t length, IoId id) override;
    void write(Zone zone, std::uint64_t offset, Bytes bytes, IoId id) override;
    void sync(Zone zone, IoId id) override;
    void event(const Event& event) override;
    void halt(std::string_view reason) override;

private:
    /// Adds an effect to the chain of this replica's effects.
    void link(char kind, std::uint64_t a, std::uint64_t b, const Checksum& checksum);
    void schedule(const Disk::Scheduled& scheduled);

    World* world_;
    Node* node_;
};

/// A replica with its machine: disk, clock and power.
struct World::Node {
    Node(World& world, const Config& of, Rng of_disk, Rng of_boots)
        : config(of), disk(of.limits, world.options_.disk, std::move(of_disk), &world.planted_),
          rng(std::move(of_boots)), bugs(world.options_.bugs), shell(world, *this) {}

    Config config;
    Disk disk;
    DiskWatch watch;
    Rng rng;
    BugSet bugs; ///< as switched on; each life counts its own
    Shell shell;
    std::unique_ptr<Replica> replica; ///< null: not running
    std::uint64_t life = 0;           ///< how often it was started
    bool lost_disk = false;           ///< once: then the superblock may be missing
    bool paused = false;
    std::vector<Happening> backlog; ///< what came while it was paused
    std::uint64_t held_back = 0;    ///< how much that was, over all pauses
    std::string halted;
    std::uint64_t refusals = 0;                   ///< of its disk, before this life
    std::uint64_t failures_told = 0;              ///< of its disk, over all lives
    std::array<std::uint64_t, bug_count> fired{}; ///< in the lives before this one

    // The monotonic clock: local_base at base, and from there on at this rate.
    Nanos base = 0;
    Nanos local_base = 0;
    std::int64_t rate_permille = 1000;
    Nanos wall_offset = 0;

    // Timers that go at another rate than the clock.
    struct Pace {
        std::int64_t rate_permille = 1000;
        Rang newest;             ///< that was set at another rate
        std::uint64_t life = 0;  ///< in which it was
        Nanos due = 0;           ///< when it should ring, of the world's time
        std::uint64_t count = 0; ///< of those that rang at another time, and were waited for
    };
    std::array<Pace, timer_count> paces{};

    replica::WordHash effects;
};

} // namespace faultlab::simulator
