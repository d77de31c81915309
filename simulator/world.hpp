#pragma once

#include "core/checker.hpp"
#include "replica/core/word_hash.hpp"
#include "simulator/audits.hpp"
#include "simulator/client.hpp"
#include "simulator/disk.hpp"
#include "simulator/event_queue.hpp"
#include "simulator/monitors.hpp"
#include "simulator/names.hpp"
#include "simulator/network.hpp"
#include "simulator/simbugs.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace faultlab::simulator {

/// Small sizes: rings wrap after a few dozen operations, and the memory of a cluster is little.
[[nodiscard]] Limits small_limits();
/// Short ones, against delays of at most 1 ms.
[[nodiscard]] Timeouts short_timeouts();

/// Watches what replicas report and hear. Called within steps, or just before them: to act upon it,
/// see World::at_step_end.
class Observer {
public:
    virtual ~Observer() = default;
    virtual void happened(ReplicaId id, const Event& event) = 0;
    /// A message comes to a replica that runs.
    virtual void hears(ReplicaId id, const Packet& packet) = 0;
};

struct WorldOptions {
    std::uint64_t seed = 1;
    std::uint8_t voters = 3;   ///< ids 1, 2, …
    std::uint8_t standbys = 0; ///< the ids after
    std::uint8_t joiners = 0;  ///< formatted without a membership, then these
    std::uint8_t clients = 1;
    Limits limits = small_limits();
    Timeouts timeouts = short_timeouts();
    Reads reads = Reads::Log;
    Admission admission;
    std::uint32_t release = newest_release;
    BugSet bugs;
    NetworkOptions network;
    DiskOptions disk;
    ClientOptions client;
    /// Called with one line for whatever happens; empty: nobody reads it.
    std::function<void(const std::string&)> trace;
    Observer* observer = nullptr; ///< outlives the world
    Excuse excuse;                ///< of what monitors see; empty: nothing is excused
    /// Called after whatever happened; empty: nobody asks.
    std::function<void()> afterwards;
    SimBug simbug = SimBug::None;                ///< planted in this world
    std::function<std::uint64_t()> outside = {}; ///< what no seed decides, for that
};

/// A cluster in memory: replicas, their disks and clocks, the network, clients, and monitors that
/// watch all of it. Time is virtual; everything random comes from the seed, so that a seed is a
/// run. Monitors are consulted after every step; `violations` says what they saw. Owned by one
/// thread; not to be moved while it lives.
class World : private ClientHost {
public:
    explicit World(WorldOptions options);
    ~World() override;
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // --- time
    [[nodiscard]] Nanos now() const override { return queue_.now(); }
    /// Runs until `goal` holds, which is asked after every event; false when it does not within
    /// `limit`, or once a monitor saw a violation.
    bool run_until(const std::function<bool()>& goal, Nanos limit);
    void run_for(Nanos duration);
    /// Calls `what` in the course of things.
    void after(Nanos delay, std::function<void()> what);
    /// Calls `what` before the next event, when the step that goes on now has ended.
    void at_step_end(std::function<void()> what) { at_step_end_.push_back(std::move(what)); }
    /// How often a replica was given a message, the end of a disk's operation or a client's
    /// request. Timers count for nothing: most ring without effect.
    [[nodiscard]] std::uint64_t events() const { return events_; }
    /// Of every step so far: when it happened, and all its effects.
    [[nodiscard]] const Checksum& chain() const { return chain_.value(); }
    [[nodiscard]] const Limits& limits() const { return options_.limits; }
    [[nodiscard]] const Timeouts& timeouts() const { return options_.timeouts; }

    // --- replicas, by id
    [[nodiscard]] std::uint8_t size() const { return static_cast<std::uint8_t>(nodes_.size()); }
    /// At the beginning.
    [[nodiscard]] std::uint8_t voters() const { return options_.voters; }
    [[nodiscard]] bool running(ReplicaId id) const;
    [[nodiscard]] Telemetry telemetry(ReplicaId id) const;
    [[nodiscard]] Status status(ReplicaId id) const { return telemetry(id).status; }
    /// Null while it does not run.
    [[nodiscard]] const Replica* replica(ReplicaId id) const;
    /// The running primary of the highest view that is Normal there.
    [[nodiscard]] std::optional<ReplicaId> primary() const;
    /// Likewise among these.
    [[nodiscard]] std::optional<ReplicaId> primary(std::span<const ReplicaId> among) const;
    /// Why it halted; empty when it did not. Unless its disk refused something in this life, that
    /// is a violation.
    [[nodiscard]] const std::string& halted(ReplicaId id) const;
    [[nodiscard]] std::uint64_t bug_fired(Bug bug) const;
    [[nodiscard]] Disk& disk(ReplicaId id);
    [[nodiscard]] const Disk& disk(ReplicaId id) const;

    /// The process dies; what it wrote is still in the page cache.
    void crash(ReplicaId id);
    void power_cut(ReplicaId id);
    /// Starts the program again on its disk, of another release when it says so. Requires: it is
    /// not running.
    void start(ReplicaId id, std::optional<std::uint32_t> release = std::nullopt);
    /// An empty disk instead of the old one, and a start that asks the others. Requires: it is not
    /// running.
    void start_blank(ReplicaId id);
    /// What comes for it waits until it is resumed.
    void pause(ReplicaId id);
    void resume(ReplicaId id);
    /// How many inputs have waited for the end of a pause.
    [[nodiscard]] std::uint64_t held_back(ReplicaId id) const;
    /// What was done to its machine, and its process.
    struct Machine {
        bool up = false;        ///< there is a process, perhaps one that has halted
        std::uint64_t life = 0; ///< changes when a process begins, and when it ends
        std::uint32_t release = 0;
        bool paused = false;
        std::int64_t rate_permille = 1000;
        Nanos wall_offset = 0;
    };
    [[nodiscard]] Machine machine(ReplicaId id) const;
    /// How fast its monotonic clock goes from now on, 1000 being right.
    void set_clock_rate(ReplicaId id, std::int64_t permille);
    void jump_wall(ReplicaId id, Nanos by);
    /// How fast goes what this timer of the replica waits for, 1000 being right: it rings so much
    /// later, or earlier, whenever it is set from now on. Back at the right rate, one that is late
    /// rings when it should have, or now.
    void set_timer_rate(ReplicaId id, Timer timer, std::int64_t permille);
    [[nodiscard]] std::int64_t timer_rate(ReplicaId id, Timer timer) const;
    /// How often it has rung at another time than it should have, or has not rung although it
    /// should have, and the replica still waited.
    [[nodiscard]] std::uint64_t mistimed(ReplicaId id, Timer timer) const;

    [[nodiscard]] Network& network() { return network_; }
    [[nodiscard]] const Network& network() const { return network_; }
    /// The network as it was built.
    [[nodiscard]] const NetworkOptions& calm() const { return options_.network; }

    // --- clients, by index
    [[nodiscard]] Client& client(std::size_t index) { return *clients_.at(index); }
    [[nodiscard]] const Client& client(std::size_t index) const { return *clients_.at(index); }
    [[nodiscard]] std::size_t client_count() const { return clients_.size(); }
    [[nodiscard]] Endpoint client_endpoint(std::size_t index) const {
        return client_base + static_cast<Endpoint>(index);
    }
    /// Invokes an operation and runs until it has ended; nothing when it has not within `limit`.
    std::optional<OperationResult>
    call(std::size_t client, Operation operation, Nanos limit = 5'000'000'000);

    // --- the world itself
    [[nodiscard]] Planted& planted() { return planted_; }
    [[nodiscard]] Audits& audits() { return audits_; }
    /// Of what only the end shows: what went into the network came out or was lost, and what disks
    /// failed to do was told. Once.
    void conclude_audits();
    /// How many indexes of invocations and returns it has handed out: 0 and up.
    [[nodiscard]] Index indexes() const { return next_index_; }

    // --- judgement
    [[nodiscard]] const std::vector<std::string>& violations() const;
    [[nodiscard]] const Monitors& monitors() const { return monitors_; }
    /// A promise that somebody outside saw broken.
    void violate(std::string_view rule, ReplicaId self, std::string_view what) {
        monitors_.violate(rule, self, what);
    }
    /// To the monitors.
    void show(const Survey& survey) {
        monitors_.at(now());
        monitors_.surveyed(survey);
    }
    /// Of all effects of one replica so far, over all its lives.
    [[nodiscard]] Checksum effects(ReplicaId id) const;
    /// Whether every member that runs is Normal in one view with the same whole, executed log.
    [[nodiscard]] bool converged() const;
    /// Likewise every one of these, all of which must run.
    [[nodiscard]] bool converged(std::span<const ReplicaId> among) const;
    /// What the lab's linearizability checker says about the keys that were only read, written and
    /// compared-and-set.
    [[nodiscard]] CheckResult linearizability() const;
    /// One line a replica, for people who read a failed test.
    [[nodiscard]] std::string describe() const;

private:
    struct Node;
    class Shell;
    struct Arrival {
        Packet packet;
        std::uint64_t life = 0; ///< of whom it came to; 0: it is on its way, or for a client
    };
    struct Ring {
        ReplicaId id = no_replica;
        std::uint64_t life = 0;
        Rang rang;
        bool mistimed = false;
    };
    struct Completion {
        ReplicaId id = no_replica;
        std::uint64_t life = 0;
        Disk::Ticket ticket = 0;
    };
    struct Wake {
        Endpoint client = 0;
        std::uint64_t generation = 0;
    };
    using Happening = std::variant<std::function<void()>, Arrival, Ring, Completion, Wake>;

    void send(Packet&& packet) override { network_.send(now(), std::move(packet)); }
    void wake(Endpoint client, std::uint64_t generation, Nanos delay) override;
    Index next_index() override { return next_index_++; }
    void bad_reply(const Packet& packet) override;

    [[nodiscard]] Node& node(ReplicaId id);
    [[nodiscard]] const Node& node(ReplicaId id) const;
    void boot(Node& node, bool recover);
    void happen(Happening& happening);
    /// The replica that it is for; null when it is for none.
    [[nodiscard]] Node* concerned(const Happening& happening);
    void deliver(Arrival& arrival);
    void ring(Node& to, const Ring& ring);
    /// Whether its replica has set this timer, and it has not rung.
    [[nodiscard]] bool waits(const Node& of, Timer timer) const;
    /// Likewise, and it should have.
    [[nodiscard]] bool overdue(const Node& of, Timer timer) const;
    /// `life`: for which of its lives that is. Says when it happens.
    void step(Node& node, std::uint64_t life, Input& input);
    [[nodiscard]] Nanos local_time(const Node& node) const;
    [[nodiscard]] Membership first_membership() const;
    [[nodiscard]] std::vector<ReplicaId> all_running() const;
    void trace(const Node& node, const std::string& line) const;

    WorldOptions options_;
    Rng rng_;
    Planted planted_;
    Audits audits_;
    EventQueue<Happening> queue_;
    std::uint64_t on_their_way_ = 0; ///< packets that were scheduled to arrive
    Network network_;
    Monitors monitors_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<std::unique_ptr<Client>> clients_;
    Index next_index_ = 0;
    std::uint64_t events_ = 0;
    replica::WordHash chain_;
    std::vector<std::function<void()>> at_step_end_;
};

} // namespace faultlab::simulator
