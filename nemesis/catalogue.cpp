#include "nemesis/catalogue.hpp"

#include "core/catalogue.hpp"

#include <array>

namespace faultlab {
namespace {

constexpr std::array<NemesisEntry, 21> catalogue = {{
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
    {"delay", "packets come later", make_delay},
    {"loss", "packets are lost, one by one or in bursts", make_loss},
    {"duplicate", "packets come twice", make_duplicate},
    {"reorder", "packets are held back, and overtaken by later ones", make_reorder},
    {"corrupt", "bits of packets are flipped, seen by their receivers or not", make_corrupt},
    {"rate", "links carry only so many bits a second", make_rate},
    {"packets",
     "several of delay, loss, duplicate, reorder, corrupt and rate at once",
     make_packets},
    {"reset", "resets TCP connections, once or again and again", make_reset},
    {"clock-bump", "makes the clocks of replicas jump, and back", make_clock_bump},
    {"clock-strobe",
     "makes the wall clock of replicas jump there and back all the time",
     make_clock_strobe},
    {"clock-drift", "makes the clocks of replicas go too fast or too slow", make_clock_drift},
}};

} // namespace

std::span<const NemesisEntry> nemesis_catalogue() {
    return catalogue;
}

Result<const NemesisEntry*> find_nemesis(std::string_view name) {
    return find_entry(nemesis_catalogue(), "fault", name);
}

} // namespace faultlab
