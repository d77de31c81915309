// heal: nothing that a run's faults did is left, whatever became of its lab.

#include "controller/cli/commands.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/lab_mark.hpp"
#include "controller/cli/runs.hpp"
#include "controller/cli/streams.hpp"
#include "controller/hosts/control_groups.hpp"
#include "core/store/run_reader.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <thread>

namespace faultlab {
namespace {

using Json = nlohmann::ordered_json;

/// Asks the lab for an early end, in which it heals all faults, and waits for it.
Result<void> stop_lab(const RunDirectory& run, pid_t supervisor) {
    constexpr int patience_seconds = 120; // it checks what it has recorded, too
    note("its lab is running (process {}): stopping it\n", supervisor);
    if (::kill(supervisor, SIGINT) != 0) {
        return lab_error(fmt::format("process {} may not be signalled by this user", supervisor),
                         "run this as the user who started the run");
    }
    for (int waited = 0; waited < patience_seconds * 10; ++waited) {
        if (living_supervisor(run) != supervisor) return {};
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        if (waited % 50 == 49) note("waiting for it since {} s\n", (waited + 1) / 10);
    }
    return lab_error(
        fmt::format("the lab did not end within {} s", patience_seconds),
        fmt::format("kill -9 {}: the kernel then ends every process, mount, rule and namespace of "
                    "it",
                    supervisor));
}

/// What became of a fault on local hosts once no process of the lab lives.
std::string_view fate_of(FaultState state) {
    return state == FaultState::healed ? "healed by the lab" : "ended with the lab's namespaces";
}

} // namespace

int execute(const HealCommand& command) {
    auto run = find_run(command.common.lab, command.run);
    if (!run) return fail(command.common, run.error());
    const auto supervisor = living_supervisor(*run);
    if (supervisor) {
        const auto stopped = stop_lab(*run, *supervisor);
        if (!stopped) return fail(command.common, stopped.error());
    }
    remove_left_control_groups(3 * second);
    std::error_code missing;
    Record record;
    if (std::filesystem::exists(run->run_db(), missing)) {
        auto loaded = load_record(run->run_db());
        if (!loaded) return fail(command.common, loaded.error());
        record = std::move(*loaded);
    }
    Json faults = Json::array();
    for (const FaultRecord& fault : record.faults) {
        const std::string_view fate = fate_of(fault.state);
        faults.push_back({{"id", fault.fault.id},
                          {"class", fault.fault.nemesis},
                          {"summary", fault.fault.summary},
                          {"state", to_string(fault.state)},
                          {"now", fate}});
        if (!command.common.json)
            say("fault {:<3} {:<12} {}: {}\n",
                fault.fault.id,
                fault.fault.nemesis,
                fault.fault.summary,
                fate);
    }
    if (command.common.json) {
        say("{}\n",
            Json{{"schema", "faultlab.healed/1"},
                 {"run", run->id},
                 {"stopped", supervisor.has_value()},
                 {"faults", faults}}
                .dump(2));
    } else {
        say("no lab of run {} runs on this machine\n", run->id);
    }
    return exit_valid;
}

} // namespace faultlab
