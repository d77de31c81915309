#include "nemesis/catalogue.hpp"

#include "core/catalogue.hpp"

#include <array>

namespace faultlab {
namespace {

constexpr std::array<NemesisEntry, 38> catalogue = {{
    {"partition",
     "cuts replicas from each other, or clients from their replica",
     make_partition,
     "network"},
    {"delay", "packets come later", make_delay, "network"},
    {"loss", "packets are lost, one by one or in bursts", make_loss, "network"},
    {"duplicate", "packets come twice", make_duplicate, "network"},
    {"reorder", "packets are held back, and overtaken by later ones", make_reorder, "network"},
    {"corrupt",
     "bits of packets are flipped, seen by their receivers or not",
     make_corrupt,
     "network"},
    {"rate", "links carry only so many bits a second", make_rate, "network"},
    {"packets",
     "several of delay, loss, duplicate, reorder, corrupt and rate at once",
     make_packets,
     "network"},
    {"reset", "resets TCP connections, once or again and again", make_reset, "network"},

    {"kill",
     "kills replicas with SIGKILL and starts them again on their data",
     make_kill,
     "process"},
    {"pause",
     "stops replicas with SIGSTOP and lets them go on with SIGCONT",
     make_pause,
     "process"},
    {"restart", "kills or stops replicas and starts them again at once", make_restart, "process"},
    {"crash-loop",
     "kills replicas again and again, some time after each start",
     make_crash_loop,
     "process"},
    {"crash-at-start",
     "kills replicas a few times while they start",
     make_crash_at_start,
     "process"},
    {"rolling-restart", "restarts replicas one after the other", make_rolling_restart, "process"},
    {"stutter",
     "stops replicas for a few milliseconds, many times a second",
     make_stutter,
     "process"},

    {"cpu", "gives replicas a share of a processor only", make_cpu, "resources"},
    {"contention",
     "lets replicas compete with busy threads that weigh more",
     make_contention,
     "resources"},
    {"memory", "gives replicas little memory", make_memory, "resources"},
    {"io", "gives replicas few bytes a second of their disk", make_io, "resources"},
    {"descriptors",
     "lets replicas open no more files and connections",
     make_descriptors,
     "resources"},
    {"threads", "lets replicas start no more threads and processes", make_threads, "resources"},
    {"neighbour", "computes and writes beside replicas all the time", make_neighbour, "resources"},

    {"clock-bump", "makes the clocks of replicas jump, and back", make_clock_bump, "clock"},
    {"clock-strobe",
     "makes the wall clock of replicas jump there and back all the time",
     make_clock_strobe,
     "clock"},
    {"clock-drift",
     "makes the clocks of replicas go too fast or too slow",
     make_clock_drift,
     "clock"},

    {"disk-delay", "makes disks slow: reads, writes, syncs", make_disk_delay, "disk"},
    {"disk-stall", "lets disks answer nothing for a while", make_disk_stall, "disk"},
    {"disk-error", "lets calls to disks fail", make_disk_error, "disk"},
    {"disk-full", "leaves no room on disks", make_disk_full, "disk"},
    {"power-cut",
     "kills replicas and takes from their disks what was not synced",
     make_power_cut,
     "disk"},
    {"fsync-error", "lets syncs fail and loses what they cover", make_fsync_error, "disk"},
    {"fsync-lies", "lets disks say that they synced what they did not", make_fsync_lies, "disk"},
    {"torn-write", "lets a part of a write reach the disk", make_torn_write, "disk"},
    {"misdirected-write",
     "lets writes go to another place of their file",
     make_misdirected_write,
     "disk"},
    {"stale-read", "lets disks answer with what was there before", make_stale_read, "disk"},
    {"bit-flip", "flips bits of what is read from disks", make_bit_flip, "disk"},
    {"corrupt-file",
     "flips bits of replicas' files, or copies, cuts or takes back parts of them",
     make_corrupt_file,
     "disk",
     true},
}};

} // namespace

std::span<const NemesisEntry> nemesis_catalogue() {
    return catalogue;
}

Result<const NemesisEntry*> find_nemesis(std::string_view name) {
    return find_entry(nemesis_catalogue(), "fault", name);
}

} // namespace faultlab
