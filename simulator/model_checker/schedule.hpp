#pragma once

#include "simulator/model_checker/exploration.hpp"
#include "simulator/model_checker/histories.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace faultlab::simulator {

/// Something that can happen next.
struct Action {
    enum class Kind : std::uint8_t {
        Deliver,
        Ring,
        Ask,     ///< a client sends its operation
        Late,    ///< messages are delivered of a view that their receiver has left
        Again,   ///< some are delivered once more
        Restart, ///< the process dies and starts on what its disk holds
    };
    Kind kind = Kind::Deliver;
    ReplicaId at = no_replica;
    std::uint32_t what = 0; ///< the parcel's number, or the timer
};

constexpr std::size_t explored_most = 5; ///< replicas

/// A state of the cluster: where each replica is in its histories, and what is on its way.
struct State {
    std::array<Histories::Moment, explored_most> at{}; ///< by id - 1
    std::uint8_t asked = 0;                            ///< operations
    std::uint8_t faults = 0;
    std::vector<std::uint32_t> flight; ///< parcels in the order in which they were sent
};

/// What can happen in a small cluster. Links keep the order of what they carry and lose nothing,
/// but what their receiver has left behind by entering a later view: it would be ignored. Owned by
/// one thread.
class Schedule {
public:
    Schedule(const Bounds& bounds, const BugSet& bugs);

    /// Of all replicas together, in the order of things: who, and the moment after.
    using Deed = std::pair<ReplicaId, Histories::Moment>;

    /// How it begins.
    [[nodiscard]] const State& first() const { return first_; }
    /// The deeds that led there.
    [[nodiscard]] const std::vector<Deed>& prologue() const { return prologue_; }
    [[nodiscard]] std::vector<Action> actions(const State& state) const;
    [[nodiscard]] State after(const State& state, const Action& action);
    /// Equal for states with the same future.
    [[nodiscard]] Checksum key(const State& state) const;
    [[nodiscard]] const Histories& replica(ReplicaId id) const { return *replicas_[id - 1U]; }
    [[nodiscard]] std::uint64_t moments() const;
    /// One sentence.
    [[nodiscard]] std::string text(const Action& action) const;

private:
    void warm_up();
    void settle(State& state);
    void take(State& state, ReplicaId id, Cue cue);
    void forget(State& state) const;
    [[nodiscard]] const Stance& stance(const State& state, ReplicaId id) const;
    [[nodiscard]] Packet request(std::uint8_t client, const Operation& operation) const;
    void deliveries(const State& state, std::vector<Action>& all) const;
    void timers(const State& state, ReplicaId id, std::vector<Action>& all) const;
    void repetitions(const State& state, ReplicaId id, std::vector<Action>& all) const;

    Bounds bounds_;
    Parcels parcels_;
    std::vector<std::unique_ptr<Histories>> replicas_; ///< by id - 1
    State first_;
    std::vector<Deed> prologue_;
    std::vector<SessionId> sessions_; ///< by client
    std::uint32_t last_view_ = 0;     ///< that may be wanted
};

} // namespace faultlab::simulator
