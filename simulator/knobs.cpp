#include "simulator/knobs.hpp"

#include "core/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <vector>

namespace faultlab::simulator {
namespace {

constexpr KnobEntry fault(Trouble trouble, std::string_view name) {
    return {knob_of(trouble), name, Draw::Weight, 0, 100, "how likely against other faults"};
}

constexpr std::array<KnobEntry, knob_count> table{{
    // clang-format off
    {Knob::Voters, "voters", Draw::FewVoters, 1, 7, "replicas that vote"},
    {Knob::Standbys, "standbys", Draw::Seldom, 0, 2, "replicas that only listen"},
    {Knob::ClientsPerNode, "clients_per_node", Draw::Uniform, 1, 3, "clients a voter"},
    {Knob::ReadersPerNode, "readers_per_node", Draw::Uniform, 0, 1,
     "of these clients so many only read; one at least writes"},
    {Knob::ThinkMicros, "think_us", Draw::Logarithmic, 20, 2000,
     "most that a client waits before an operation, us"},
    {Knob::PatienceMillis, "patience_ms", Draw::Seldom, 0, 800,
     "a client gives an operation up after it, ms; 0: never"},
    {Knob::RetryMillis, "retry_ms", Draw::Logarithmic, 20, 100,
     "a client asks the next replica after it, ms"},
    {Knob::Keys, "keys", Draw::Logarithmic, 8, 48, "keys in use at any moment"},
    {Knob::OpsPerKey, "ops_per_key", Draw::Logarithmic, 20, 200,
     "operations on a key before it is replaced"},
    {Knob::ReadShare, "read_share", Draw::Uniform, 1, 60, "share of reads among operations"},
    {Knob::WriteShare, "write_share", Draw::Uniform, 1, 40, "share of writes"},
    {Knob::CasShare, "cas_share", Draw::Uniform, 0, 30, "share of compare-and-sets"},
    {Knob::AddShare, "add_share", Draw::Uniform, 0, 30, "share of additions"},
    {Knob::AppendShare, "append_share", Draw::Uniform, 0, 20, "share of appends"},
    {Knob::DeleteShare, "delete_share", Draw::Uniform, 0, 10, "share of deletes"},
    {Knob::ScanShare, "scan_share", Draw::Uniform, 0, 10, "share of scans"},
    {Knob::TxnShare, "txn_share", Draw::Uniform, 0, 20, "share of transactions"},
    {Knob::Namespaces, "namespaces", Draw::Never, 1, 4, "each with the same names of keys"},
    {Knob::Slots, "slots", Draw::Logarithmic, 32, 160,
     "of the ring of the log; two more than the pipeline at least", 4},
    {Knob::Pipeline, "pipeline", Draw::Logarithmic, 1, 8,
     "most entries that are not committed yet"},
    {Knob::Batch, "batch", Draw::Logarithmic, 1, 8, "most requests in one entry"},
    {Knob::Sessions, "sessions", Draw::Uniform, 8, 32, "clients that a replica remembers", 1},
    {Knob::CheckpointEvery, "checkpoint_every", Draw::Logarithmic, 12, 70,
     "entries; at most half of what the ring leaves", 1},
    {Knob::DigestEvery, "digest_every", Draw::Uniform, 2, 8,
     "entries between digests of the state"},
    {Knob::LeaseReads, "lease_reads", Draw::Seldom, 0, 1, "whether a primary reads under a lease"},
    {Knob::AdmissionRate, "admission_rate", Draw::Seldom, 0, 2000,
     "requests a second that a primary admits; 0: all"},
    {Knob::Release, "release", Draw::Uniform, oldest_release, newest_release,
     "that all replicas begin with"},
    {Knob::TimeoutPercent, "timeout_percent", Draw::Logarithmic, 100, 400,
     "of the shortest time-outs"},
    {Knob::DelayMicros, "delay_us", Draw::Logarithmic, 20, 500, "least delay of a message, us"},
    {Knob::DelaySpreadMicros, "delay_spread_us", Draw::Logarithmic, 10, 4000,
     "most that is added to it, us"},
    {Knob::Reordering, "reordering", Draw::Seldom, 0, 1,
     "whether messages of a link overtake each other"},
    {Knob::LossPermille, "loss_permille", Draw::Seldom, 0, 50,
     "messages lost of a thousand, without a fault"},
    {Knob::DuplicatePermille, "duplicate_permille", Draw::Seldom, 0, 100,
     "messages that come twice, likewise"},
    {Knob::ReadMicros, "read_us", Draw::Logarithmic, 20, 1000,
     "most that a disk takes to read, us"},
    {Knob::WriteMicros, "write_us", Draw::Logarithmic, 20, 1000, "most that it takes to write, us"},
    {Knob::SyncMicros, "sync_us", Draw::Logarithmic, 100, 5000, "most that it takes to sync, us"},
    {Knob::FaultGapMillis, "fault_gap_ms", Draw::Logarithmic, 60, 400,
     "most between two faults, ms"},
    {Knob::FaultShortMillis, "fault_short_ms", Draw::Logarithmic, 10, 150,
     "most that a short fault lasts, ms"},
    {Knob::FaultLongMillis, "fault_long_ms", Draw::Logarithmic, 200, 1200,
     "most that a long one lasts, ms, with the shortest time-outs"},
    {Knob::FaultLongPercent, "fault_long_percent", Draw::Uniform, 0, 50,
     "long faults of a hundred"},
    fault(Trouble::Crash, "fault.crash"),
    fault(Trouble::PowerCut, "fault.power_cut"),
    fault(Trouble::PowerCutAll, "fault.power_cut_all"),
    fault(Trouble::Pause, "fault.pause"),
    fault(Trouble::Partition, "fault.partition"),
    fault(Trouble::OneWayCut, "fault.one_way_cut"),
    fault(Trouble::Loss, "fault.loss"),
    fault(Trouble::Disorder, "fault.disorder"),
    fault(Trouble::Delay, "fault.delay"),
    fault(Trouble::Replay, "fault.replay"),
    fault(Trouble::SlowDisk, "fault.slow_disk"),
    fault(Trouble::StalledZone, "fault.stalled_zone"),
    fault(Trouble::WriteError, "fault.write_error"),
    fault(Trouble::SyncError, "fault.sync_error"),
    fault(Trouble::FullDisk, "fault.full_disk"),
    fault(Trouble::ClockRate, "fault.clock_rate"),
    fault(Trouble::WallJump, "fault.wall_jump"),
    fault(Trouble::OtherRelease, "fault.other_release"),
    fault(Trouble::Rot, "fault.rot"),
    fault(Trouble::ReadError, "fault.read_error"),
    fault(Trouble::Misdirect, "fault.misdirect"),
    fault(Trouble::LostDisk, "fault.lost_disk"),
    // clang-format on
}};

constexpr bool in_order() {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (table[i].knob != static_cast<Knob>(i)) return false;
    }
    return true;
}
static_assert(in_order());

/// First the magnitude, a power of two, then the value within it.
std::int64_t logarithmic(std::int64_t least, std::int64_t most, Rng& rng) {
    const std::int64_t width = most - least;
    const auto magnitudes = std::bit_width(static_cast<std::uint64_t>(width));
    const std::uint64_t magnitude = rng.below(static_cast<std::uint64_t>(magnitudes) + 1);
    const std::int64_t bound = std::min(width, (std::int64_t{1} << magnitude) - 1);
    return least + rng.between(0, bound);
}

std::int64_t draw_one(const KnobEntry& entry, Rng rng) {
    switch (entry.draw) {
        case Draw::Uniform: return rng.between(entry.least, entry.most);
        case Draw::Logarithmic: return logarithmic(entry.least, entry.most, rng);
        case Draw::Seldom:
            return rng.chance(1, 4) ? logarithmic(entry.least + 1, entry.most, rng) : entry.least;
        case Draw::Often:
            return rng.chance(1, 2) ? logarithmic(entry.least + 1, entry.most, rng) : entry.least;
        case Draw::Never: return entry.least;
        case Draw::FewVoters: {
            constexpr std::array<std::int64_t, 12> sizes{1, 2, 3, 3, 3, 3, 3, 4, 5, 5, 6, 7};
            return sizes[rng.below(sizes.size())];
        }
        case Draw::Weight: return rng.chance(1, 3) ? rng.between(1, entry.most) : 0;
    }
    return entry.least;
}

} // namespace

std::string_view name(Draw draw) {
    switch (draw) {
        case Draw::Uniform: return "uniform";
        case Draw::Logarithmic: return "logarithmic";
        case Draw::Seldom: return "seldom";
        case Draw::Often: return "often";
        case Draw::Never: return "set only";
        case Draw::FewVoters: return "mostly 3";
        case Draw::Weight: return "weight";
    }
    return "?";
}

std::span<const KnobEntry, knob_count> knob_table() {
    return table;
}

Knobs Knobs::draw(const Rng& swarm) {
    Knobs knobs;
    for (const KnobEntry& entry : table)
        knobs.set(entry.knob, draw_one(entry, swarm.split(entry.name)));
    // More at a time make an order of their operations hard to find, and no fault more likely.
    constexpr std::int64_t clients_most = 9;
    const std::int64_t fit = std::max<std::int64_t>(clients_most / knobs[Knob::Voters], 1);
    knobs.set(Knob::ClientsPerNode, std::min(knobs[Knob::ClientsPerNode], fit));
    // A swarm without any fault would look for none.
    if (!knobs.any_fault()) knobs.set(knob_of(Trouble::Crash), 1);
    return knobs;
}

void Knobs::calm() {
    for (std::size_t i = 0; i < trouble_count; ++i)
        set(knob_of(static_cast<Trouble>(i)), 0);
    for (const Knob knob : {Knob::LossPermille, Knob::DuplicatePermille, Knob::Reordering})
        set(knob, 0);
}

bool Knobs::any_fault() const {
    for (std::size_t i = 0; i < trouble_count; ++i) {
        if ((*this)[knob_of(static_cast<Trouble>(i))] > 0) return true;
    }
    return false;
}

std::string Knobs::text() const {
    std::string all;
    for (const KnobEntry& entry : table)
        all += fmt::format("{}{}={}", all.empty() ? "" : " ", entry.name, (*this)[entry.knob]);
    return all;
}

std::string text(std::span<const Override> overrides, std::string_view separator) {
    std::string all;
    for (const auto& [knob, value] : overrides) {
        all += fmt::format("{}{}={}",
                           all.empty() ? std::string_view() : separator,
                           table[static_cast<std::size_t>(knob)].name,
                           value);
    }
    return all;
}

Result<Override> parse_override(std::string_view text) {
    const std::size_t equals = std::min(text.find('='), text.size());
    FAULTLAB_TRY(const KnobEntry* const entry,
                 find_entry(std::span<const KnobEntry>(table), "knob", text.substr(0, equals)));
    const std::string_view digits = text.substr(std::min(equals + 1, text.size()));
    std::int64_t value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc() || stopped != end || value < entry->from() || value > entry->most) {
        return usage_error(fmt::format("knob {} cannot be '{}'", entry->name, digits),
                           fmt::format("{} to {}", entry->from(), entry->most));
    }
    return Override{entry->knob, value};
}

} // namespace faultlab::simulator
