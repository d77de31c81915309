#pragma once

#include "core/result.hpp"
#include "core/rng.hpp"
#include "simulator/nemesis.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace faultlab::simulator {

/// What a simulation draws of itself before anything else. Faults follow the last of these, one
/// knob a kind of Trouble: how likely it is against the others.
enum class Knob : std::uint8_t {
    Voters,
    Standbys,
    ClientsPerNode,
    ReadersPerNode,
    ThinkMicros,
    PatienceMillis,
    RetryMillis,
    Keys,
    OpsPerKey,
    ReadShare,
    WriteShare,
    CasShare,
    AddShare,
    AppendShare,
    DeleteShare,
    ScanShare,
    TxnShare,
    Namespaces,
    Slots,
    Pipeline,
    Batch,
    Sessions,
    CheckpointEvery,
    DigestEvery,
    LeaseReads,
    AdmissionRate,
    Release,
    TimeoutPercent,
    DelayMicros,
    DelaySpreadMicros,
    Reordering,
    LossPermille,
    DuplicatePermille,
    ReadMicros,
    WriteMicros,
    SyncMicros,
    FaultGapMillis,
    FaultShortMillis,
    FaultLongMillis,
    FaultLongPercent,
    FirstFault,
};
constexpr std::size_t knob_count = static_cast<std::size_t>(Knob::FirstFault) + trouble_count;

/// How a knob is drawn from its range.
enum class Draw : std::uint8_t {
    Uniform,
    Logarithmic, ///< small values as likely as large ones
    Seldom,      ///< in one run of four logarithmic, else the least
    Often,       ///< in one run of two logarithmic, else the least
    Never,       ///< always the least, unless somebody sets it
    FewVoters,   ///< mostly 3, now and then any other
    Weight,      ///< of a kind of fault: 0 in two runs of three (swarm testing: Groce et al. 2012)
};
[[nodiscard]] std::string_view name(Draw draw);

struct KnobEntry {
    Knob knob = Knob::Voters;
    std::string_view name;
    Draw draw = Draw::Uniform;
    std::int64_t least = 0;
    std::int64_t most = 0;
    std::string_view what; ///< with its unit
    /// A user may set it so low, although that is never drawn; 0: no lower than what is.
    std::int64_t lowest = 0;
    [[nodiscard]] constexpr std::int64_t from() const { return lowest > 0 ? lowest : least; }
};
/// All of them, by Knob. None of them knows of planted bugs.
[[nodiscard]] std::span<const KnobEntry, knob_count> knob_table();
[[nodiscard]] constexpr Knob knob_of(Trouble trouble) {
    return static_cast<Knob>(static_cast<std::size_t>(Knob::FirstFault) +
                             static_cast<std::size_t>(trouble));
}

/// The value of every knob in one simulation.
class Knobs {
public:
    /// Each knob draws from a stream of its own: a knob more moves no other.
    [[nodiscard]] static Knobs draw(const Rng& swarm);

    [[nodiscard]] std::int64_t operator[](Knob knob) const {
        return values_[static_cast<std::size_t>(knob)];
    }
    void set(Knob knob, std::int64_t value) { values_[static_cast<std::size_t>(knob)] = value; }
    /// No fault of any kind.
    void calm();
    [[nodiscard]] bool any_fault() const;

    /// "name=value name=value …", in the order of the table.
    [[nodiscard]] std::string text() const;

private:
    std::array<std::int64_t, knob_count> values_{};
};

/// A knob that the user sets instead of drawing it.
using Override = std::pair<Knob, std::int64_t>;
/// "voters=3 keys=8", with what is to be between two of them.
[[nodiscard]] std::string text(std::span<const Override> overrides, std::string_view separator);
/// "loss_permille=10". A usage error names the nearest knobs, or the range.
Result<Override> parse_override(std::string_view text);

} // namespace faultlab::simulator
