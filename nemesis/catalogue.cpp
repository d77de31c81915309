#include "nemesis/catalogue.hpp"

#include "core/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace faultlab {
namespace {

constexpr std::array<NemesisEntry, 3> catalogue = {{
    {"partition", "cuts replicas from each other, or clients from their replica", make_partition},
    {"kill", "kills replicas with SIGKILL and starts them again on their data", make_kill},
    {"pause", "stops replicas with SIGSTOP and lets them go on with SIGCONT", make_pause},
}};

} // namespace

std::span<const NemesisEntry> nemesis_catalogue() {
    return catalogue;
}

Result<const NemesisEntry*> find_nemesis(std::string_view name) {
    const auto* const found = std::ranges::find(catalogue, name, &NemesisEntry::name);
    if (found != catalogue.end()) return found;
    std::vector<std::string> names;
    for (const NemesisEntry& entry : catalogue)
        names.emplace_back(entry.name);
    return usage_error(fmt::format("there is no nemesis '{}'", name),
                       fmt::format("nearest: {}", fmt::join(nearest_names(name, names), ", ")));
}

} // namespace faultlab
