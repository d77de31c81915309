#include "nemesis/catalogue.hpp"

#include "core/catalogue.hpp"

#include <array>

namespace faultlab {
namespace {

constexpr std::array<NemesisEntry, 32> catalogue = {{
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
    {"disk-delay", "makes disks slow: reads, writes, syncs", make_disk_delay},
    {"disk-stall", "lets disks answer nothing for a while", make_disk_stall},
    {"disk-error", "lets calls to disks fail", make_disk_error},
    {"disk-full", "leaves no room on disks", make_disk_full},
    {"power-cut", "kills replicas and takes from their disks what was not synced", make_power_cut},
    {"fsync-error", "lets a sync fail once and loses what it covers", make_fsync_error},
    {"fsync-lies", "lets disks say that they synced what they did not", make_fsync_lies},
    {"torn-write", "lets a part of a write reach the disk", make_torn_write},
    {"misdirected-write", "lets writes go to another place of their file", make_misdirected_write},
    {"stale-read", "lets disks answer with what was there before", make_stale_read},
    {"bit-flip", "flips bits of what is read from disks", make_bit_flip},
}};

} // namespace

std::span<const NemesisEntry> nemesis_catalogue() {
    return catalogue;
}

Result<const NemesisEntry*> find_nemesis(std::string_view name) {
    return find_entry(nemesis_catalogue(), "fault", name);
}

} // namespace faultlab
