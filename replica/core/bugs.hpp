#pragma once

#include "replica/core/assert.hpp"

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace faultlab::replica {

/// Mistakes that can be switched on, each a rule of the protocol negated: the ground truth by which
/// the lab's power to detect is measured. bugs.cpp has the one table about them.
enum class Bug : std::uint8_t {
    // clang-format off
    K1, K2, K3, K4, K5, K6, K3_1, K3_2, K3_3, K3_4, K3_5,
    KM1, KM2, KM3, KM4, KM5, KM6, KM7, KM8, KM9, KM10, KM11, KM12, KM13,
    T1, T2,
    V1, V2, V3, V4, V5, V6, V7, V8, V9, V10, V11, V12,
    F1, F2, F3, F4, F5, F6a, F6b, F7,
    B1, B2, B3, B4, B5, B6, B7, B8, B9, B10, B11, B12, B13, B14, B15, B16, B17, B18, B19, B20,
    B21, B22, B23, B24, B25,
    // clang-format on
};
constexpr std::size_t bug_count = static_cast<std::size_t>(Bug::B25) + 1;

struct BugEntry {
    Bug bug;
    const char* id;        ///< "K3.1", as users write it
    const char* mechanism; ///< "sv_dedup_only"
    const char* summary;   ///< what the code then does wrong
    const char* faults;    ///< what it takes for the outcome to differ
    const char* found_by;  ///< the checkers that see it
    const char* source;    ///< where the mistake was first made or described
};
/// All bugs that this build can switch on: none with FAULTLAB_WITHOUT_BUGS.
[[nodiscard]] std::span<const BugEntry> bugs();
[[nodiscard]] const BugEntry& entry(Bug bug);

/// Bugs of one replica: which are on, and how often each changed an outcome. A build with
/// FAULTLAB_WITHOUT_BUGS has none: `on` is then false at compile time.
class BugSet {
public:
    [[nodiscard]] bool on([[maybe_unused]] Bug bug) const {
#ifdef FAULTLAB_WITHOUT_BUGS
        return false;
#else
        return on_[static_cast<std::size_t>(bug)];
#endif
    }
    /// Whether the bug is on and, because it is, the outcome now differs from the correct one:
    /// `differs` is evaluated only when it is on. Counts.
    template <typename Differs>
    bool changes(Bug bug, Differs differs) {
        if (!on(bug) || !differs()) {
            return false;
        }
        ++fired_[static_cast<std::size_t>(bug)];
        return true;
    }
    void set(Bug bug) {
        REPLICA_ASSERT("bug-set", static_cast<std::size_t>(bug) < bug_count);
        on_.set(static_cast<std::size_t>(bug));
    }
    [[nodiscard]] bool any() const {
        return on_.any();
    }
    [[nodiscard]] std::uint64_t fired(Bug bug) const {
        REPLICA_ASSERT("bug-fired", static_cast<std::size_t>(bug) < bug_count);
        return fired_[static_cast<std::size_t>(bug)];
    }

private:
    std::bitset<bug_count> on_;
    std::array<std::uint64_t, bug_count> fired_{};
};

/// "V11", "F6" (both halves), "K3.1,B2": the set, or the first name that is not a bug.
struct ParsedBugs {
    BugSet bugs;
    std::optional<std::string> unknown;
};
[[nodiscard]] ParsedBugs parse_bugs(std::string_view list);

} // namespace faultlab::replica
