#pragma once

#include "core/rng.hpp"
#include "simulator/fault_log.hpp"
#include "simulator/knobs.hpp"
#include "simulator/nemesis.hpp"
#include "simulator/world.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultlab::simulator {

class Lies;

/// Named numbers of what happened, in the order of their names.
using Counters = std::map<std::string, std::uint64_t, std::less<>>;

/// Where a scenario's fault program plays: the world, and the moments that the program waits for.
/// Programs are triggered by what happens (a commit, a new view), so that they mean the same from
/// every seed. Whatever was planned here is void once the safety phase has ended: then everything
/// is healed by who runs the simulation.
class Stage {
public:
    /// What a fault program remembers.
    class Program {
    public:
        Program() = default;
        Program(const Program&) = delete;
        Program& operator=(const Program&) = delete;
        virtual ~Program() = default;
        /// Ends what it broke and whoever runs the simulation cannot heal.
        virtual void heal() {}
    };
    using Handler = std::function<void(ReplicaId id, const Event& event)>;

    Stage(World& world, Nemesis& nemesis, FaultLog& faults, const Knobs& knobs, Rng rng);
    ~Stage();
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    [[nodiscard]] World& world() { return *world_; }
    [[nodiscard]] Network& network() { return world_->network(); }
    /// Random faults by the knobs; they come only to who starts them.
    [[nodiscard]] Nemesis& nemesis() { return *nemesis_; }
    [[nodiscard]] FaultLog& faults() { return *faults_; }
    [[nodiscard]] const Knobs& knobs() const { return *knobs_; }
    [[nodiscard]] Rng& rng() { return rng_; }
    [[nodiscard]] ReplicaId voters() const;
    [[nodiscard]] ReplicaId any_voter();
    /// All voters but this one.
    [[nodiscard]] std::vector<ReplicaId> others(ReplicaId id) const;
    /// As long as a backup waits for its primary: what programs measure their patience by.
    [[nodiscard]] Nanos patience() const { return world_->timeouts().primary_silent; }

    /// A program's memory, kept as long as the stage.
    template <class Kept>
    Kept& keep() {
        auto made = std::make_unique<Kept>(*this);
        Kept& kept = *made;
        programs_.push_back(std::move(made));
        return kept;
    }

    // --- moments
    /// Between `least` and `most` from now.
    void later(Nanos least, Nanos most, std::function<void()> what);
    /// When the step that goes on now has ended, before anything else happens.
    void at_step_end(std::function<void()> what);
    /// Whenever a replica reports an event of this kind. Within the step: see at_step_end.
    void on(EventKind kind, Handler handler);
    /// Of every message that is sent, before anything happens to it. Within the step, likewise.
    void on_sent(std::function<void(const Packet& packet)> handler);
    /// Of every message that comes to a replica that runs, before it is given to it. Likewise.
    void on_heard(std::function<void(ReplicaId id, const Packet& packet)> handler);
    /// Once, when so many more ops are committed than now, at the end of that step.
    void after_commits(Op count, std::function<void()> what);

    // --- faults, written down
    FaultId begin(FaultLog::Beginning beginning) {
        return faults_->begin(world_->now(), std::move(beginning));
    }
    void end(FaultId fault) { faults_->end(world_->now(), fault); }
    /// Cuts it off from all other replicas, or one way; clients reach it as before.
    enum class Cut : std::uint8_t { BothWays, Deaf, Mute };
    FaultId isolate(ReplicaId id, Cut cut);
    void rejoin(ReplicaId id, FaultId fault);
    /// Whoever leads is cut off for so long; nobody, when nobody leads.
    std::optional<ReplicaId> unseat(Nanos least, Nanos most);
    /// Powers a replica off, and on again between these times.
    void power_cycle(ReplicaId id, Nanos least, Nanos most);
    /// A replica dies at this very point of the step that goes on now: what it would send from here
    /// on is never sent. As often as not its machine dies with it. It starts again between these
    /// times.
    void die_here(ReplicaId id, Nanos least, Nanos most);
    /// What the replica would send from here on in this step is never sent; then `what`.
    void hush(ReplicaId id, std::function<void()> what);
    /// Starts a replica that does not run.
    void reboot(ReplicaId id);
    /// A disk is that many times slower until its slowness is 1 again. Factor 1: how much slower,
    /// the program says later, and again and again.
    FaultId slow_disk(ReplicaId id, std::uint32_t factor);
    /// Messages from the first to the second of each pair take so much more, until `quicken`.
    using Links = std::vector<std::pair<ReplicaId, ReplicaId>>;
    FaultId slow_links(ReplicaId of, const Links& links, Nanos more);
    void quicken(const Links& links, FaultId fault);

    // --- lies
    /// From now on what this replica sends may be changed on its way. No other's ever is. Requires:
    /// it is called once at most.
    Lies& lie_of(ReplicaId id);
    /// Null: nobody lies.
    [[nodiscard]] const Lies* lies() const { return lies_.get(); }
    [[nodiscard]] ReplicaId liar() const;
    /// How many messages came to a replica that their sender had not made so.
    [[nodiscard]] std::uint64_t lies_heard() const { return lies_heard_; }

    void count(std::string_view counter, std::uint64_t number = 1);
    /// Counts every event of this kind that comes while `holds`, which is a program's own.
    void count_while(const bool& holds, EventKind kind, std::string_view counter);
    [[nodiscard]] Counters& counters() { return counters_; }

    // --- for who runs the simulation
    void happened(ReplicaId id, const Event& event);
    void hears(ReplicaId id, const Packet& packet);
    void close();
    /// A replica that died within a step, right before it would report or send this; at its end
    /// when that is empty.
    struct Death {
        ReplicaId id = no_replica;
        std::string in_step;
    };
    /// All of them, in order.
    [[nodiscard]] const std::vector<Death>& deaths() const { return deaths_; }

private:
    struct Waiting {
        Op op = 0;
        std::function<void()> what;
    };

    World* world_;
    Nemesis* nemesis_;
    FaultLog* faults_;
    const Knobs* knobs_;
    Rng rng_;
    std::map<EventKind, std::vector<Handler>> handlers_;
    std::vector<Waiting> waiting_; ///< for commits
    std::vector<std::function<void(ReplicaId, const Packet&)>> hearers_;
    std::unique_ptr<Lies> lies_; ///< null: nobody lies
    std::uint64_t lies_heard_ = 0;
    std::string_view moment_; ///< what is told to handlers now; empty: nothing
    std::vector<Death> deaths_;
    Counters counters_;
    std::vector<std::unique_ptr<Program>> programs_;
    bool open_ = true;
};

} // namespace faultlab::simulator
