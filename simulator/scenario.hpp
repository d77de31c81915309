#pragma once

#include "core/result.hpp"
#include "simulator/stage.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace faultlab::simulator {

/// What must have happened so that a batch without alarms means something: otherwise the batch is
/// vacuous.
struct Proof {
    std::string_view counter;
    std::uint64_t minimum = 1; ///< in a hundred simulations
    std::string_view what;     ///< for people
};

/// What may be seen in a scenario of lies although the store is right. The protocol is made for
/// crashes: it has to contain one replica that lies, not to tolerate it. Each claim is about one
/// rule, and holds only once a lie has been heard; whatever no claim is about is an alarm.
struct Claim {
    enum class Kind : std::uint8_t {
        Contained, ///< as it should be: the lie is refused, or its receiver stops
        Outside,   ///< it worked: no receiver could have known better
    };
    std::string_view rule; ///< "A8", "halt", "S4", or a checker
    Kind kind = Kind::Contained;
    std::string_view why = {}; ///< of Outside: one sentence for people
};

/// A kind of trouble that is looked for on purpose: how the cluster is set up, what is done to it
/// and when, and how it shows that it was done. Everything else is drawn as for every simulation.
struct Scenario {
    std::string_view id;   ///< "SC02", of docs/reference/simulator.md
    std::string_view name; ///< "swizzle-clogging"
    std::string_view summary;
    void (*prepare)(Knobs& knobs); ///< before the user's own settings
    void (*play)(Stage& stage);    ///< starts the fault program; null: nothing is disturbed
    std::span<const Proof> proofs;
    std::span<const Claim> claims = {};
};

/// All of them, by id.
[[nodiscard]] std::span<const Scenario> scenario_catalogue();

/// By name or id. One that is not in the catalogue is a usage error that names the nearest ones.
Result<const Scenario*> find_scenario(std::string_view name);
/// Likewise; "all" names all of them.
Result<std::vector<const Scenario*>> find_scenarios(std::string_view name);

/// Counters that every simulation has, whatever its scenario.
namespace counter {
inline constexpr std::string_view commits = "commits";
inline constexpr std::string_view operations = "operations"; ///< of clients, that were ok
inline constexpr std::string_view faults = "faults";         ///< that took effect
inline constexpr std::string_view views = "views";           ///< installed by their primary
inline constexpr std::string_view checkpoints = "checkpoints";
inline constexpr std::string_view evictions = "evictions"; ///< of sessions
} // namespace counter

} // namespace faultlab::simulator
