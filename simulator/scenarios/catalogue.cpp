#include "core/catalogue.hpp"

#include "simulator/scenarios/families.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace faultlab::simulator {
namespace {

std::vector<Scenario> by_id() {
    std::vector<Scenario> all;
    for (const auto family :
         {swarm_scenarios(),    network_scenarios(),       view_change_scenarios(),
          disk_scenarios(),     upgrade_scenarios(),       crash_scenarios(),
          message_scenarios(),  race_scenarios(),          clock_scenarios(),
          session_scenarios(),  laggard_scenarios(),       member_scenarios(),
          epoch_scenarios(),    configuration_scenarios(), lockout_scenarios(),
          timer_scenarios(),    scrubber_scenarios(),      tenant_scenarios(),
          lie_scenarios(),      bad_request_scenarios(),   damage_scenarios(),
          stranger_scenarios(), false_witness_scenarios(), overload_scenarios(),
          reply_scenarios()}) {
        all.insert(all.end(), family.begin(), family.end());
    }
    // SC100 comes after SC99.
    std::ranges::sort(
        all, {}, [](const Scenario& one) { return std::pair(one.id.size(), one.id); });
    return all;
}

} // namespace

std::span<const Scenario> scenario_catalogue() {
    static const std::vector<Scenario> all = by_id();
    return all;
}

Result<const Scenario*> find_scenario(std::string_view name) {
    const auto all = scenario_catalogue();
    const auto by_id = std::ranges::find(all, name, &Scenario::id);
    if (by_id != all.end()) return &*by_id;
    return find_entry(all, "scenario", name);
}

Result<std::vector<const Scenario*>> find_scenarios(std::string_view name) {
    std::vector<const Scenario*> found;
    if (name == "all") {
        for (const Scenario& scenario : scenario_catalogue())
            found.push_back(&scenario);
    } else {
        FAULTLAB_TRY(const Scenario* const one, find_scenario(name));
        found.push_back(one);
    }
    return found;
}

} // namespace faultlab::simulator
