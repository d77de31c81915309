// sim self-test: whether mistakes of the simulator itself are caught, each planted once.

#include "controller/cli/commands.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/live_line.hpp"
#include "controller/cli/runs.hpp"
#include "controller/cli/simulated_run.hpp"
#include "controller/cli/streams.hpp"
#include "controller/cli/workshop.hpp"
#include "simulator/batch.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace faultlab {
namespace {

using Json = nlohmann::ordered_json;
using simulator::audit_catalogue;
using simulator::AuditEntry;
using simulator::Audits;
using simulator::Batch;
using simulator::Mistake;
using simulator::Outcome;
using simulator::SimBug;
using simulator::SimBugEntry;
using simulator::Simulation;

constexpr std::uint64_t first_seed = 1;

/// What a mistake led to.
struct Tried {
    const SimBugEntry* bug = nullptr;
    std::vector<Mistake> mistakes;
    [[nodiscard]] const Mistake* caught() const {
        const auto found = std::ranges::find(mistakes, bug->caught_by, &Mistake::audit);
        return found == mistakes.end() ? nullptr : &*found;
    }
};

class SelfTest {
public:
    explicit SelfTest(const SelfTestCommand& command) : command_(command) {}

    Result<void> run(const std::vector<const SimBugEntry*>& bugs) {
        for (const SimBugEntry* const bug : bugs) {
            line_.draw(fmt::format("{}  {}", bug->id, bug->summary));
            FAULTLAB_TRY(const Audits audits, audits_of(bug->scenario, bug->bug));
            tried_.push_back({.bug = bug, .mistakes = audits.mistakes()});
        }
        std::set<std::string_view> scenarios;
        for (const SimBugEntry* const bug : bugs)
            scenarios.insert(bug->scenario);
        for (const std::string_view scenario : scenarios) {
            line_.draw(fmt::format("{} without a mistake", scenario));
            FAULTLAB_TRY(const Audits audits, audits_of(scenario, SimBug::None));
            clean_.add(audits);
        }
        line_.clear();
        return {};
    }

    int end() {
        const std::vector<Mistake> seen = clean_.mistakes();
        std::vector<std::string_view> idle; // audits that had nothing to judge
        for (const Tried& tried : tried_) {
            if (clean_.judged(tried.bug->caught_by) == 0)
                idle.push_back(name(tried.bug->caught_by));
        }
        const auto caught = static_cast<std::size_t>(std::ranges::count_if(
            tried_, [](const Tried& tried) { return tried.caught() != nullptr; }));
        const bool good = caught == tried_.size() && seen.empty() && idle.empty();
        if (command_.common.json) {
            say("{}\n", tree(seen, idle).dump(2));
        } else {
            print(seen, idle, caught);
        }
        return good ? exit_valid : exit_violation;
    }

private:
    /// All audits of a batch, and of one of its records on its way to a run and back.
    Result<Audits> audits_of(std::string_view scenario, SimBug simbug) {
        FAULTLAB_TRY(const simulator::Scenario* const found, simulator::find_scenario(scenario));
        const Simulation simulation{
            .seed = first_seed, .scenario = found, .simbug = simbug, .outside = real_nanoseconds};
        Batch batch(*found);
        Workshop workshop(simulation, command_.iterations, command_.jobs);
        for (std::uint64_t i = 0; i < command_.iterations; ++i)
            batch.add(first_seed + i, workshop.next());
        const Outcome again = simulate_elsewhere(simulation);
        batch.add_again(again);
        Audits audits = batch.audits();
        FAULTLAB_DO(store(again.record, simbug, audits));
        return audits;
    }

    /// Nobody is to find it among the runs.
    Result<void> store(const Record& record, SimBug simbug, Audits& audits) const {
        FAULTLAB_TRY(const RunDirectory run, make_run_directory(command_.common.lab));
        const Result<void> written = write_simulated_run(run, record, simbug, audits);
        std::error_code ignored;
        std::filesystem::remove_all(run.path, ignored);
        return written;
    }

    void print(const std::vector<Mistake>& seen,
               const std::vector<std::string_view>& idle,
               std::size_t caught) const {
        for (const Tried& tried : tried_) {
            const Mistake* const by = tried.caught();
            say("{} {:<5} {:<17} {}\n",
                by != nullptr ? "✓" : "✖",
                tried.bug->id,
                by != nullptr ? name(by->audit) : "not caught",
                by != nullptr ? by->what : std::string(tried.bug->summary));
            const std::vector<std::string_view> others = others_of(tried);
            if (!others.empty()) say("        also {}\n", fmt::join(others, ", "));
        }
        say("{} of {} planted mistakes are caught by the audit that is made for them\n",
            caught,
            tried_.size());
        for (const Mistake& mistake : seen)
            say("✖ without any, {}\n", text(mistake));
        for (const std::string_view audit : idle)
            say("✖ without any, audit {} had nothing to judge\n", audit);
        if (seen.empty() && idle.empty()) say("without any, no audit sees one\n");
    }

    [[nodiscard]] static std::vector<std::string_view> others_of(const Tried& tried) {
        std::vector<std::string_view> others;
        for (const Mistake& mistake : tried.mistakes) {
            if (mistake.audit != tried.bug->caught_by) others.push_back(name(mistake.audit));
        }
        return others;
    }

    [[nodiscard]] Json tree(const std::vector<Mistake>& seen,
                            const std::vector<std::string_view>& idle) const {
        Json planted = Json::array();
        for (const Tried& tried : tried_) {
            const Mistake* const by = tried.caught();
            planted.push_back({{"id", tried.bug->id},
                               {"audit", name(tried.bug->caught_by)},
                               {"caught", by != nullptr},
                               {"what", by != nullptr ? by->what : ""},
                               {"also", others_of(tried)}});
        }
        Json clean = Json::array();
        for (const Mistake& mistake : seen)
            clean.push_back({{"audit", name(mistake.audit)}, {"what", mistake.what}});
        Json judged = Json::object();
        for (const AuditEntry& audit : audit_catalogue())
            judged[std::string(audit.name)] = clean_.judged(audit.audit);
        return {{"schema", "faultlab.self-test/1"},
                {"planted", planted},
                {"seen_without", clean},
                {"judged_without", judged},
                {"nothing_to_judge", idle}};
    }

    const SelfTestCommand& command_;
    std::vector<Tried> tried_;
    Audits clean_;
    LiveLine line_;
};

Result<std::vector<const SimBugEntry*>> chosen(const std::string& only) {
    std::vector<const SimBugEntry*> bugs;
    if (!only.empty()) {
        FAULTLAB_TRY(const SimBugEntry* const bug, simulator::find_simbug(only));
        bugs.push_back(bug);
    } else {
        for (const SimBugEntry& bug : simulator::simbugs())
            bugs.push_back(&bug);
    }
    return bugs;
}

} // namespace

int execute(const SelfTestCommand& command) {
    const auto bugs = chosen(command.only);
    if (!bugs) return fail(command.common, bugs.error());
    SelfTest test(command);
    if (const Result<void> ran = test.run(*bugs); !ran) return fail(command.common, ran.error());
    return test.end();
}

} // namespace faultlab
