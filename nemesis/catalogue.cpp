#include "nemesis/catalogue.hpp"

#include "core/catalogue.hpp"

#include <array>

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
    return find_entry(nemesis_catalogue(), "fault", name);
}

} // namespace faultlab
