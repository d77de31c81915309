// sim audit: whether a simulation is a function of its seed, here and in other builds.

#include "controller/cli/commands.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/live_line.hpp"
#include "controller/cli/streams.hpp"
#include "controller/cli/workshop.hpp"
#include "simulator/batch.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace faultlab {
namespace {

using Json = nlohmann::ordered_json;
using simulator::Outcome;
using simulator::Scenario;
using simulator::Simulation;

/// By "scenario seed".
using Chains = std::map<std::string, std::string, std::less<>>;

Result<Chains> read_chains(const std::filesystem::path& file) {
    std::ifstream in(file);
    if (!in) return usage_error(fmt::format("{}: {}", file.string(), std::strerror(errno)));
    Chains chains;
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        const std::size_t end = line.rfind(' ');
        const bool fits = end != std::string::npos && line.size() == end + 33;
        if (!fits) {
            return usage_error(fmt::format("{}:{}: is not what `sim audit` prints: a scenario, a "
                                           "seed and a chain",
                                           file.string(),
                                           number));
        }
        chains.emplace(line.substr(0, end), line.substr(end + 1));
    }
    if (chains.empty()) return usage_error(file.string() + ": holds no chains");
    return chains;
}

class Audit {
public:
    Audit(const AuditCommand& command, Chains others)
        : command_(command), others_(std::move(others)) {}

    void examine(const Scenario& scenario) {
        for (std::uint64_t i = 0; i < command_.iterations; ++i) {
            const std::uint64_t seed = command_.first_seed + i;
            line_.draw(fmt::format("{}  {} of {}", scenario.name, i + 1, command_.iterations));
            examine({.seed = seed, .scenario = &scenario, .events = command_.events});
        }
        line_.clear();
    }

    int end() {
        for (const simulator::Mistake& mistake : audits_.mistakes())
            wrong_.push_back(text(mistake));
        const bool nothing = !others_.empty() && compared_ == 0;
        if (nothing) wrong_.emplace_back("the other file has none of these simulations");
        if (command_.common.json) {
            say("{}\n",
                Json{{"schema", "faultlab.audit/1"},
                     {"chains", chains_},
                     {"compared_with_others", compared_},
                     {"differ", wrong_}}
                    .dump(2));
        }
        for (const std::string& what : wrong_)
            note("✖ {}\n", what);
        if (wrong_.empty()) {
            note("{} simulations, each twice: the same, and no audit saw a mistake{}\n",
                 chains_.size(),
                 others_.empty() ? ""
                                 : fmt::format("; {} the same as in the other file", compared_));
        }
        return wrong_.empty() ? exit_valid : exit_lab_error;
    }

private:
    void examine(const Simulation& simulation) {
        const Outcome once = simulator::simulate(simulation);
        const Outcome again = simulate_elsewhere(simulation);
        audits_.add(once.audits);
        const std::string name =
            fmt::format("{} {:#x}", simulation.scenario->name, simulation.seed);
        const std::string chain = simulator::chain_text(once);
        chains_.emplace(name, chain);
        if (!command_.common.json) say("{} {}\n", name, chain);
        if (execution_of(again) != execution_of(once))
            wrong_.push_back(fmt::format("{}: two simulations of it differ", name));
        const auto other = others_.find(name);
        if (other == others_.end()) return;
        ++compared_;
        if (other->second != chain)
            wrong_.push_back(fmt::format("{}: differs from that of the other file", name));
    }

    const AuditCommand& command_;
    Chains others_;
    Chains chains_;
    simulator::Audits audits_;
    std::size_t compared_ = 0;
    std::vector<std::string> wrong_;
    LiveLine line_;
};

} // namespace

int execute(const AuditCommand& command) {
    Chains others;
    if (!command.against.empty()) {
        auto read = read_chains(command.against);
        if (!read) return fail(command.common, read.error());
        others = std::move(*read);
    }
    const auto scenarios = simulator::find_scenarios(command.scenario);
    if (!scenarios) return fail(command.common, scenarios.error());
    Audit audit(command, std::move(others));
    for (const Scenario* scenario : *scenarios)
        audit.examine(*scenario);
    return audit.end();
}

} // namespace faultlab
