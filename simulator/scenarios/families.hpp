#pragma once

#include "simulator/scenario.hpp"

#include <span>

/// Scenarios by what they break, each family in the file of its name.
namespace faultlab::simulator {

[[nodiscard]] std::span<const Scenario> swarm_scenarios();
[[nodiscard]] std::span<const Scenario> network_scenarios();
[[nodiscard]] std::span<const Scenario> view_change_scenarios();
[[nodiscard]] std::span<const Scenario> disk_scenarios();
[[nodiscard]] std::span<const Scenario> upgrade_scenarios();
[[nodiscard]] std::span<const Scenario> crash_scenarios();
[[nodiscard]] std::span<const Scenario> message_scenarios();
[[nodiscard]] std::span<const Scenario> race_scenarios();
[[nodiscard]] std::span<const Scenario> clock_scenarios();
[[nodiscard]] std::span<const Scenario> session_scenarios();
[[nodiscard]] std::span<const Scenario> overload_scenarios();
[[nodiscard]] std::span<const Scenario> reply_scenarios();
[[nodiscard]] std::span<const Scenario> laggard_scenarios();
[[nodiscard]] std::span<const Scenario> member_scenarios();
[[nodiscard]] std::span<const Scenario> epoch_scenarios();
[[nodiscard]] std::span<const Scenario> configuration_scenarios();
[[nodiscard]] std::span<const Scenario> lockout_scenarios();
[[nodiscard]] std::span<const Scenario> timer_scenarios();
[[nodiscard]] std::span<const Scenario> scrubber_scenarios();
[[nodiscard]] std::span<const Scenario> tenant_scenarios();
[[nodiscard]] std::span<const Scenario> lie_scenarios();
[[nodiscard]] std::span<const Scenario> bad_request_scenarios();
[[nodiscard]] std::span<const Scenario> damage_scenarios();
[[nodiscard]] std::span<const Scenario> stranger_scenarios();
[[nodiscard]] std::span<const Scenario> false_witness_scenarios();

/// No fault but those of the scenario's program, and a cluster in which a view can change.
void only_its_own_faults(Knobs& knobs);
/// Likewise, with logs that go round after some dozen entries.
void short_logs(Knobs& knobs);

/// Plays a program that waits for its moments from the start.
template <class Program>
void play(Stage& stage) {
    stage.keep<Program>().wait();
}

} // namespace faultlab::simulator
