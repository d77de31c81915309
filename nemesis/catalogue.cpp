#include "nemesis/catalogue.hpp"

#include "core/catalogue.hpp"

#include <array>

namespace faultlab {
namespace {

constexpr std::array<NemesisEntry, 10> catalogue = {{
    {"partition", "cuts replicas from each other, or clients from their replica", make_partition},
    {"kill", "kills replicas with SIGKILL and starts them again on their data", make_kill},
    {"pause", "stops replicas with SIGSTOP and lets them go on with SIGCONT", make_pause},
    {"cpu", "gives replicas a share of a processor only", make_cpu},
    {"contention", "lets replicas compete with busy threads that weigh more", make_contention},
    {"memory", "gives replicas little memory", make_memory},
    {"io", "gives replicas few bytes a second of their disk", make_io},
    {"descriptors", "lets replicas open no more files and connections", make_descriptors},
    {"threads", "lets replicas start no more threads and processes", make_threads},
    {"neighbour", "computes and writes beside replicas all the time", make_neighbour},
}};

} // namespace

std::span<const NemesisEntry> nemesis_catalogue() {
    return catalogue;
}

Result<const NemesisEntry*> find_nemesis(std::string_view name) {
    return find_entry(nemesis_catalogue(), "fault", name);
}

} // namespace faultlab
