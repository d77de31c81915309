// faultlab-node can: whether this host can do what a fault needs. Prints "yes", or why not.
#include "nemesis/node/abilities.hpp"
#include "nemesis/node/helper_arguments.hpp"
#include "nemesis/node/tool.hpp"

#include <fmt/format.h>

namespace faultlab::node {

int run_can(std::span<char* const> arguments) {
    CLI::App app("says whether this host can do what a fault needs");
    std::string need;
    app.add_option("need", need, "what a fault needs; without it, all are listed");
    if (const auto code = parse_arguments(app, arguments)) return *code;
    bool found = need.empty();
    for (const Ability& ability : abilities()) {
        if (!need.empty() && ability.name != need) continue;
        found = true;
        const std::string missing = ability.missing();
        const std::string_view answer = missing.empty() ? std::string_view("yes") : missing;
        if (need.empty()) {
            fmt::print("{:<12} {}: {}\n", ability.name, ability.what, answer);
        } else {
            fmt::print("{}\n", answer);
        }
    }
    return found ? 0 : complain(64, fmt::format("no fault needs '{}'", need));
}

} // namespace faultlab::node
