// sim mc: all schedules of a small cluster, up to a depth.

#include "controller/cli/commands.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/live_line.hpp"
#include "controller/cli/streams.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace faultlab {
namespace {

using Json = nlohmann::ordered_json;
using simulator::Exploration;

Json tree_of(const McCommand& command, const Exploration& seen) {
    Json tree{{"schema", "faultlab.mc/1"},
              {"replicas", command.bounds.voters},
              {"operations", command.bounds.operations},
              {"faults", command.bounds.faults},
              {"views", command.bounds.views},
              {"depth", seen.depth},
              {"states", seen.states},
              {"transitions", seen.transitions},
              {"moments", seen.moments},
              {"exhausted", seen.exhausted},
              {"counterexample", nullptr}};
    if (seen.counterexample) {
        tree["counterexample"] = {{"violation", seen.counterexample->violation},
                                  {"actions", seen.counterexample->actions}};
    }
    return tree;
}

void print(const McCommand& command, const Exploration& seen) {
    if (const auto& found = seen.counterexample) {
        say("✖ {}\n", found->violation);
        int number = 0;
        for (const std::string& action : found->actions)
            say("{:4}. {}\n", ++number, action);
        say("after {} states\n", seen.states);
        return;
    }
    const bool whole = seen.exhausted || seen.depth == command.bounds.depth;
    say("{} {} states, {} transitions, {} histories of single replicas: no rule broken {}\n",
        whole ? "✔" : "?",
        seen.states,
        seen.transitions,
        seen.moments,
        seen.exhausted ? "at any depth" : fmt::format("in {} actions", seen.depth));
    if (!whole)
        say("--states {} was not enough for depth {}\n", command.bounds.states, seen.depth + 1);
}

int code_of(const McCommand& command, const Exploration& seen) {
    if (seen.counterexample) return exit_violation;
    return seen.exhausted || seen.depth == command.bounds.depth ? exit_valid : exit_unknown;
}

} // namespace

int execute(const McCommand& command) {
    LiveLine line;
    const Exploration seen =
        simulator::explore(command.bounds, command.bugs, [&](const Exploration& so_far) {
            const std::string text = fmt::format(
                "depth {} of {}: {} states", so_far.depth, command.bounds.depth, so_far.states);
            if (line.terminal()) {
                line.draw(text);
            } else {
                note("{}\n", text);
            }
        });
    line.clear();
    if (command.common.json) {
        say("{}\n", tree_of(command, seen).dump(2));
    } else {
        print(command, seen);
    }
    return code_of(command, seen);
}

} // namespace faultlab
