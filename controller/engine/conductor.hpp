#pragma once

#include "core/clock.hpp"
#include "core/cluster_view.hpp"
#include "core/nemesis.hpp"
#include "core/store/run_writer.hpp"

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// Finds a nemesis by its name in the catalogue; null when there is none.
using FindNemesis = std::function<const Nemesis*(std::string_view name)>;

/// What a conductor works with. All of it outlives the conductor.
struct ConductorParts {
    FindNemesis find_nemesis;
    FaultTarget* target = nullptr;
    RunWriter* writer = nullptr;
    const Clock* clock = nullptr;
    std::function<ClusterView()> view; ///< the cluster as it is known at the moment
};

/// Applies a schedule of faults: each is resolved, stored, measured, injected, measured, healed and
/// measured again, and every step is recorded. It says when it wants to act and is told to; the
/// waiting is its caller's, so that both executors use the same. A fault that cannot be resolved or
/// injected is an event with the reason. Owned by one thread, but for `active`.
class FaultConductor {
public:
    /// `start` is the time that the specs count from.
    FaultConductor(ConductorParts parts, const std::vector<FaultSpec>& faults, Nanos start);
    ~FaultConductor(); ///< heals what was not healed
    FaultConductor(const FaultConductor&) = delete;
    FaultConductor& operator=(const FaultConductor&) = delete;

    /// When there is something to do next; nothing: all is done.
    [[nodiscard]] std::optional<Nanos> next_time() const;
    /// Does what is due first, also when its time has not come.
    void perform_next();
    /// Injects nothing more and heals all that is injected, now. What is left to do afterwards is
    /// to measure that the faults are gone. Idempotent.
    void heal_all();

    /// What is injected at the moment, in words. May be called from any thread.
    [[nodiscard]] std::vector<std::string> active() const;

private:
    enum class Act : std::uint8_t { inject, turn, probe, heal, probe_healed };
    struct Action {
        Nanos t = 0;
        std::int64_t order = 0; ///< of planning: breaks ties
        Act act = Act::inject;
        std::size_t run = 0;
        std::int64_t attempt = 0; ///< of healing and of measuring that; of a turn its number
        friend auto operator<=>(const Action&, const Action&) = default;
    };
    /// One fault of the schedule, and how far it is.
    struct Run {
        FaultSpec spec;
        const Nemesis* nemesis = nullptr;
        Fault fault;
        bool injected = false;       ///< perhaps only in part: it has to be healed
        bool effect_unknown = false; ///< injected, and not measured since
    };

    void plan(Nanos t, Act act, std::size_t run, std::int64_t attempt = 0);
    void plan_turn(std::size_t i, std::int64_t turn);
    /// False: with what others hurt it would be too many, however it is resolved now.
    Result<bool> resolve(std::size_t i);
    [[nodiscard]] bool within_budget(std::size_t i) const;
    void inject(std::size_t i);
    void take_turn(std::size_t i, std::int64_t turn);
    void measure(std::size_t i);
    void heal(std::size_t i, std::int64_t attempt);
    void probe_healed(std::size_t i, std::int64_t attempt);
    void record(const Fault& fault, const std::vector<Evidence>& evidence);
    void report(const Run& run, std::string kind, const std::string& reason);
    void set_active(const Run& run, bool active);

    ConductorParts parts_;
    Nanos start_;
    std::vector<Run> runs_;
    std::set<Action> actions_;
    std::int64_t planned_ = 0;
    mutable std::mutex active_mutex_;
    std::vector<std::pair<FaultId, std::string>> active_; ///< protected by active_mutex_
};

} // namespace faultlab
