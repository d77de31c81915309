// sim: the embedded store as a whole cluster in virtual time, many times over.

#include "controller/cli/commands.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/live_line.hpp"
#include "controller/cli/output_file.hpp"
#include "controller/cli/runs.hpp"
#include "controller/cli/simulated_run.hpp"
#include "controller/cli/streams.hpp"
#include "controller/cli/workshop.hpp"
#include "core/store/lab_index.hpp"
#include "simulator/batch.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

using Json = nlohmann::ordered_json;
using simulator::Batch;
using simulator::Outcome;
using simulator::Scenario;
using simulator::Simulation;
using Clock = std::chrono::steady_clock;

/// So many failures are told one by one.
constexpr std::size_t told_most = 5;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A batch with what its first failure left behind.
struct Done {
    Batch batch;
    double took = 0;
    std::optional<RunDirectory> stored;
    std::optional<Error> unstored;
};

class Simulating {
public:
    explicit Simulating(const SimCommand& command) : command_(command) {}

    Done run(const Scenario& scenario) {
        Simulation simulation = simulation_of(scenario);
        simulation.seed = command_.first_seed;
        const auto start = Clock::now();
        Done done{.batch = Batch(scenario)};
        std::optional<Record> failed;
        {
            Workshop workshop(simulation, command_.iterations, command_.jobs);
            for (std::uint64_t i = 0; i < command_.iterations; ++i) {
                Outcome outcome = workshop.next();
                done.batch.add(simulation.seed + i, outcome);
                const bool invalid = outcome.verdict == Verdict::invalid;
                if (invalid && !failed) failed = std::move(outcome.record);
                progress(done.batch, start);
                if (invalid && command_.stop_on_first) break;
            }
        }
        done.batch.add_again(simulate_elsewhere(simulation));
        done.took = seconds_since(start);
        line_.clear();
        if (failed) store(*failed, done);
        return done;
    }

    [[nodiscard]] Simulation simulation_of(const Scenario& scenario) const {
        return {.scenario = &scenario,
                .bugs = command_.bugs,
                .overrides = command_.overrides,
                .events = command_.events,
                .script = command_.script,
                .simbug = command_.simbug,
                .outside = real_nanoseconds};
    }

private:
    void store(const Record& record, Done& done) const {
        auto run = store_simulated_run(command_.common, {}, record);
        if (run) {
            done.stored = *run;
        } else {
            done.unstored = run.error();
        }
    }

    void progress(const Batch& batch, Clock::time_point start) {
        if (!line_.terminal()) return;
        const double took = seconds_since(start);
        if (took - shown_ < 0.2) return;
        shown_ = took;
        line_.draw(fmt::format("{}  {} of {}  {} failed  {:.0f} events/s",
                               batch.scenario().name,
                               batch.size(),
                               command_.iterations,
                               batch.failures().size(),
                               static_cast<double>(batch.events()) / took));
    }

    const SimCommand& command_;
    LiveLine line_;
    double shown_ = 0;
};

std::string reproduction(const SimCommand& command, const Scenario& scenario, std::uint64_t seed) {
    Simulation simulation = Simulating(command).simulation_of(scenario);
    simulation.seed = seed;
    return simulator::reproduction(simulation);
}

double per(std::uint64_t of, std::uint64_t number) {
    return number == 0 ? 0 : static_cast<double>(of) / static_cast<double>(number);
}

void print(const SimCommand& command, const Done& done) {
    const Batch& batch = done.batch;
    const Scenario& scenario = batch.scenario();
    say("{} {}  {}: {} valid, {} invalid, {} unknown of {}\n",
        scenario.id,
        scenario.name,
        to_string(batch.verdict()),
        batch.valid(),
        batch.failures().size(),
        batch.doubts().size(),
        batch.size());
    say("  {} events, {} commits (one in {:.1f}), {:.3f} simulated hours\n",
        batch.events(),
        batch.commits(),
        per(batch.events(), batch.commits()),
        static_cast<double>(batch.simulated()) / static_cast<double>(3600 * second));
    note("  {:.1f} s, {:.0f} events/s, {:.1f} simulations/s\n",
         done.took,
         static_cast<double>(batch.events()) / done.took,
         static_cast<double>(batch.size()) / done.took);
    for (const simulator::Mistake& mistake : batch.audits().mistakes())
        say("  ✖ the simulator is not to be trusted: {}\n", text(mistake));
    for (const replica::BugEntry& bug : replica::bugs()) {
        const auto fired = batch.counters().find(fmt::format("fired.{}", bug.id));
        if (fired != batch.counters().end())
            say("  bug {} changed an outcome {} times\n", bug.id, fired->second);
    }
    for (std::size_t i = 0; i < batch.failures().size() && i < told_most; ++i) {
        const Batch::Failure& failure = batch.failures()[i];
        say("  ✖ {}: {}\n      {}\n",
            failure.alarm.by,
            failure.alarm.what,
            reproduction(command, scenario, failure.seed));
    }
    if (batch.failures().size() > told_most)
        say("  … and {} more\n", batch.failures().size() - told_most);
    for (std::size_t i = 0; i < batch.doubts().size() && i < told_most; ++i) {
        const Batch::Doubt& doubt = batch.doubts()[i];
        say("  ? {}\n      {}\n", doubt.reason, reproduction(command, scenario, doubt.seed));
    }
    for (const Batch::Outside& outside : batch.outside()) {
        say("  outside the model, in {} simulations: {}: {}\n      {}\n",
            outside.simulations,
            outside.rule,
            outside.why,
            reproduction(command, scenario, outside.first_seed));
    }
    for (const simulator::Unmet& unmet : batch.unmet()) {
        say("  vacuous: {}: {} of {} needed ({})\n",
            unmet.proof.what,
            unmet.measured,
            unmet.needed,
            unmet.proof.counter);
    }
    if (const auto unjudged = batch.unjudged(); !unjudged.empty())
        say("  rules that had nothing to judge: {}\n", fmt::join(unjudged, ", "));
    if (done.stored) {
        say("  the first is kept as a run: faultlab explain {}\n",
            run_arguments(command.common.lab, *done.stored));
    }
}

Json tree_of(const simulator::Audits& audits) {
    Json tree = Json::array();
    for (const simulator::Mistake& mistake : audits.mistakes()) {
        tree.push_back({{"audit", name(mistake.audit)},
                        {"what", mistake.what},
                        {"times", mistake.times},
                        {"judged", mistake.judged}});
    }
    return tree;
}

/// Its verdict, unless who gives it is not to be trusted.
int exit_code_of(Verdict verdict, const simulator::Audits& audits) {
    return audits.mistakes().empty() || verdict == Verdict::invalid ? exit_code(verdict)
                                                                    : exit_lab_error;
}

Json tree_of(const SimCommand& command, const Done& done) {
    const Batch& batch = done.batch;
    Json failures = Json::array();
    for (const Batch::Failure& failure : batch.failures()) {
        failures.push_back({{"seed", fmt::format("{:#x}", failure.seed)},
                            {"by", failure.alarm.by},
                            {"what", failure.alarm.what},
                            {"reproduce", reproduction(command, batch.scenario(), failure.seed)}});
    }
    Json doubts = Json::array();
    for (const Batch::Doubt& doubt : batch.doubts())
        doubts.push_back({{"seed", fmt::format("{:#x}", doubt.seed)}, {"reason", doubt.reason}});
    Json outside = Json::array();
    for (const Batch::Outside& one : batch.outside()) {
        outside.push_back({{"rule", one.rule},
                           {"why", one.why},
                           {"simulations", one.simulations},
                           {"reproduce", reproduction(command, batch.scenario(), one.first_seed)}});
    }
    Json vacuous = Json::array();
    for (const simulator::Unmet& unmet : batch.unmet()) {
        vacuous.push_back({{"counter", unmet.proof.counter},
                           {"measured", unmet.measured},
                           {"needed", unmet.needed}});
    }
    return {{"scenario", batch.scenario().name},
            {"id", batch.scenario().id},
            {"verdict", to_string(batch.verdict())},
            {"simulations", batch.size()},
            {"valid", batch.valid()},
            {"failures", failures},
            {"unknown", doubts},
            {"outside_the_model", outside},
            {"vacuous", vacuous},
            {"unjudged", batch.unjudged()},
            {"mistakes_of_the_simulator", tree_of(batch.audits())},
            {"events", batch.events()},
            {"commits", batch.commits()},
            {"simulated_ns", batch.simulated()},
            {"seconds", done.took},
            {"counters", batch.counters()},
            {"run", done.stored ? done.stored->id : ""}};
}

int run_batches(const SimCommand& command, const std::vector<const Scenario*>& scenarios) {
    if (command.iterations == 0) {
        return fail(command.common,
                    usage_error("no simulation was asked for", "--iterations 100"),
                    exit_nothing_selected);
    }
    Simulating simulating(command);
    std::vector<int> codes;
    Json rows = Json::array();
    std::vector<std::string> unjudged; // in every scenario so far
    if (!command.common.json) {
        say("{} simulations a scenario from seed {:#x}{}\n",
            command.iterations,
            command.first_seed,
            command.bugs.any() ? ", with planted bugs " + simulator::text(command.bugs) : "");
    }
    for (const Scenario* const scenario : scenarios) {
        const Done done = simulating.run(*scenario);
        codes.push_back(exit_code_of(done.batch.verdict(), done.batch.audits()));
        const std::vector<std::string> here = done.batch.unjudged();
        if (scenario == scenarios.front()) unjudged = here;
        std::erase_if(unjudged, [&](const auto& rule) {
            return std::ranges::find(here, rule) == here.end();
        });
        if (done.unstored) codes.push_back(note_error(*done.unstored));
        if (command.common.json) {
            rows.push_back(tree_of(command, done));
        } else {
            print(command, done);
        }
        if (command.stop_on_first && codes.back() == exit_violation) break;
    }
    // All scenarios together are to show that each rule holds.
    const bool all = scenarios.size() == simulator::scenario_catalogue().size();
    if (all && !unjudged.empty()) {
        codes.push_back(exit_code(Verdict::unknown));
        if (!command.common.json)
            say("vacuous: rules that had nothing to judge in any scenario: {}\n",
                fmt::join(unjudged, ", "));
    }
    const int code = combined_exit_code(codes);
    if (command.common.json) {
        say("{}\n",
            Json{{"schema", "faultlab.sim/1"},
                 {"unjudged", unjudged},
                 {"first_seed", fmt::format("{:#x}", command.first_seed)},
                 {"bugs", simulator::text(command.bugs)},
                 {"exit_code", code},
                 {"scenarios", rows}}
                .dump(2));
    }
    return code;
}

Result<void> write_script(const std::filesystem::path& path, const simulator::Script& script) {
    return write_file(path, [&](std::ostream& to) -> Result<void> {
        to << simulator::text(script) << '\n';
        return {};
    });
}

/// `run`: how its record is asked for; empty when it is not kept.
Json tree_of(const Simulation& simulation, const Outcome& outcome, const std::string& run) {
    Json alarms = Json::array();
    for (const simulator::Alarm& alarm : outcome.alarms)
        alarms.push_back({{"by", alarm.by}, {"what", alarm.what}});
    Json outside = Json::array();
    for (const simulator::Aside& aside : outcome.outside)
        outside.push_back({{"by", aside.by}, {"what", aside.what}, {"why", aside.why}});
    return {{"schema", "faultlab.simulation/1"},
            {"scenario", simulation.scenario->name},
            {"seed", fmt::format("{:#x}", simulation.seed)},
            {"verdict", to_string(outcome.verdict)},
            {"reason", outcome.reason},
            {"mistakes_of_the_simulator", tree_of(outcome.audits)},
            {"alarms", alarms},
            {"outside_the_model", outside},
            {"events", outcome.events},
            {"commits", outcome.commits},
            {"simulated_ns", outcome.simulated},
            {"chain", simulator::chain_text(outcome)},
            {"counters", outcome.counters},
            {"knobs", outcome.knobs.text()},
            {"run", run}};
}

void print(const Simulation& simulation, const Outcome& outcome, const std::string& run) {
    if (simulation.trace) say("\n");
    say("{} {}, seed {:#x}\n  {}\n",
        simulation.scenario->id,
        simulation.scenario->name,
        simulation.seed,
        outcome.knobs.text());
    for (const FaultRecord& fault : outcome.record.faults) {
        say("  {:8.3f} to {:8.3f} ms  {}{}\n",
            static_cast<double>(fault.t_started) / 1e6,
            static_cast<double>(fault.t_ended) / 1e6,
            fault.fault.summary,
            fault.effective() ? "" : " (without effect)");
    }
    say("  {} events, {} commits, {} ms, chain {}\n",
        outcome.events,
        outcome.commits,
        outcome.simulated / millisecond,
        simulator::chain_text(outcome));
    for (const simulator::Mistake& mistake : outcome.audits.mistakes())
        say("  ✖ the simulator is not to be trusted: {}\n", text(mistake));
    for (const simulator::Alarm& alarm : outcome.alarms)
        say("  ✖ {}: {}\n", alarm.by, alarm.what);
    for (const simulator::Aside& aside : outcome.outside)
        say("  outside the model: {}: {}\n      {}\n", aside.by, aside.what, aside.why);
    if (!outcome.reason.empty()) say("  ? {}\n", outcome.reason);
    say("verdict  {}\n", to_string(outcome.verdict));
    if (!run.empty()) say("kept     faultlab explain {}\n", run);
}

/// One simulation, by its seed.
int run_one(const SimCommand& command, const Scenario& scenario) {
    Simulation simulation = Simulating(command).simulation_of(scenario);
    simulation.seed = *command.seed;
    if (command.verbose && !command.common.json)
        simulation.trace = [](const std::string& line) { say("{}\n", line); };
    simulation.writes_script = !command.write_script.empty();
    const Outcome outcome = simulator::simulate(simulation);
    if (outcome.script) {
        const auto written = write_script(command.write_script, *outcome.script);
        if (!written) return fail(command.common, written.error());
    }
    int code = exit_code_of(outcome.verdict, outcome.audits);
    std::string run;
    if (outcome.verdict == Verdict::invalid) {
        const auto stored = store_simulated_run(command.common, {}, outcome.record);
        if (!stored) {
            const std::vector<int> codes{code, note_error(stored.error())};
            code = combined_exit_code(codes);
        } else {
            run = run_arguments(command.common.lab, *stored);
        }
    }
    if (command.common.json) {
        say("{}\n", tree_of(simulation, outcome, run).dump(2));
    } else {
        print(simulation, outcome, run);
    }
    return code;
}

} // namespace

int execute(const SimCommand& command) {
    const auto scenarios = simulator::find_scenarios(command.scenario);
    if (!scenarios) return fail(command.common, scenarios.error());
    if (!command.seed) return run_batches(command, *scenarios);
    if (scenarios->size() == 1) return run_one(command, *scenarios->front());
    return fail(command.common,
                usage_error("one seed is one simulation, of one scenario", "--scenario combined"));
}

} // namespace faultlab
