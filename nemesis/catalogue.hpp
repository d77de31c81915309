#pragma once

#include "core/nemesis.hpp"
#include "core/result.hpp"

#include <memory>
#include <span>
#include <string_view>

/// Every nemesis of the lab: one file and one line in catalogue.cpp each.
namespace faultlab {

struct NemesisEntry {
    std::string_view name;
    std::string_view summary;
    std::unique_ptr<Nemesis> (*make)();
    /// "network", "process", "disk", "clock", "resources": also the name of the
    /// package of all faults of the family (nemesis/packages.hpp).
    std::string_view family = {};
    /// It cannot be undone: all faults of the kind in a schedule choose their targets alike, so
    /// that in the end no more nodes are hurt than by one.
    bool for_good = false;
};

[[nodiscard]] std::span<const NemesisEntry> nemesis_catalogue();

/// A name that is not in the catalogue is a usage error that names the nearest ones.
Result<const NemesisEntry*> find_nemesis(std::string_view name);

std::unique_ptr<Nemesis> make_bit_flip();
std::unique_ptr<Nemesis> make_clock_bump();
std::unique_ptr<Nemesis> make_clock_drift();
std::unique_ptr<Nemesis> make_clock_strobe();
std::unique_ptr<Nemesis> make_contention();
std::unique_ptr<Nemesis> make_corrupt();
std::unique_ptr<Nemesis> make_corrupt_file();
std::unique_ptr<Nemesis> make_cpu();
std::unique_ptr<Nemesis> make_crash_at_start();
std::unique_ptr<Nemesis> make_crash_loop();
std::unique_ptr<Nemesis> make_delay();
std::unique_ptr<Nemesis> make_descriptors();
std::unique_ptr<Nemesis> make_disk_delay();
std::unique_ptr<Nemesis> make_disk_error();
std::unique_ptr<Nemesis> make_disk_full();
std::unique_ptr<Nemesis> make_disk_stall();
std::unique_ptr<Nemesis> make_duplicate();
std::unique_ptr<Nemesis> make_fsync_error();
std::unique_ptr<Nemesis> make_fsync_lies();
std::unique_ptr<Nemesis> make_io();
std::unique_ptr<Nemesis> make_kill();
std::unique_ptr<Nemesis> make_loss();
std::unique_ptr<Nemesis> make_memory();
std::unique_ptr<Nemesis> make_misdirected_write();
std::unique_ptr<Nemesis> make_neighbour();
std::unique_ptr<Nemesis> make_packets();
std::unique_ptr<Nemesis> make_partition();
std::unique_ptr<Nemesis> make_pause();
std::unique_ptr<Nemesis> make_power_cut();
std::unique_ptr<Nemesis> make_rate();
std::unique_ptr<Nemesis> make_reorder();
std::unique_ptr<Nemesis> make_reset();
std::unique_ptr<Nemesis> make_restart();
std::unique_ptr<Nemesis> make_rolling_restart();
std::unique_ptr<Nemesis> make_stale_read();
std::unique_ptr<Nemesis> make_stutter();
std::unique_ptr<Nemesis> make_threads();
std::unique_ptr<Nemesis> make_torn_write();

} // namespace faultlab
