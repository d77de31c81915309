#pragma once

#include "core/types.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab::simulator {

/// What is held against the simulator itself while it simulates. The rules of the protocol judge
/// the store; these judge who judges. audits.cpp has the one table about them.
enum class Audit : std::uint8_t {
    Determinism,
    TimeOrder,
    DeadDelivery,
    Partitions,
    Loss,
    DiskResults,
    DiskContent,
    Durability,
    PowerCuts,
    Heals,
    HistoryComplete,
    Answers,
    Kinds,
    Rules,
    StoreOrder,
};
constexpr std::size_t audit_count = static_cast<std::size_t>(Audit::StoreOrder) + 1;

struct AuditEntry {
    Audit audit;
    std::string_view name; ///< "time-order"
    std::string_view says; ///< what holds in a simulator that can be trusted
};
/// All of them, by Audit.
[[nodiscard]] std::span<const AuditEntry, audit_count> audit_catalogue();
[[nodiscard]] std::string_view name(Audit audit);

/// The simulator did what it must not do: whatever else it says then is not to be trusted.
struct Mistake {
    Audit audit = Audit::Determinism;
    std::string what;         ///< the first time: one sentence
    std::uint64_t times = 0;  ///< that it was seen
    std::uint64_t judged = 0; ///< of how many
};

/// What the audits saw in one simulation, or in several together. A judgement that holds costs an
/// increment. Owned by one thread.
class Audits {
public:
    /// `what` says what is wrong in one sentence, and is called only the first time.
    template <class What>
    void judge(Audit audit, bool holds, What what) {
        Count& count = counts_[static_cast<std::size_t>(audit)];
        ++count.judged;
        if (holds) [[likely]]
            return;
        if (++count.wrong == 1) count.what = what();
    }
    /// So many more were judged, and held.
    void passed(Audit audit, std::uint64_t number) {
        counts_[static_cast<std::size_t>(audit)].judged += number;
    }

    /// What comes about by chance is judged over all that is added: `due` thousandths of an event
    /// were to be expected, and so many were seen.
    void chances_of_loss(std::uint64_t due_permille, std::uint64_t seen) {
        loss_due_permille_ += due_permille;
        lost_ += seen;
    }
    /// Writes that no sync had covered when the power was cut, and how many of them were not there
    /// afterwards.
    void chances_of_power_cuts(std::uint64_t unsynced, std::uint64_t gone) {
        unsynced_ += unsynced;
        gone_ += gone;
    }

    /// Of another simulation.
    void add(const Audits& other);

    /// Empty is good. In the order of the catalogue.
    [[nodiscard]] std::vector<Mistake> mistakes() const;
    /// How often an audit had something to judge: one that had nothing says nothing.
    [[nodiscard]] std::uint64_t judged(Audit audit) const;

private:
    struct Count {
        std::uint64_t judged = 0;
        std::uint64_t wrong = 0;
        std::string what; ///< the first time
    };
    std::array<Count, audit_count> counts_;
    std::uint64_t loss_due_permille_ = 0;
    std::uint64_t lost_ = 0;
    std::uint64_t unsynced_ = 0;
    std::uint64_t gone_ = 0;
};

/// "time-order: an event of 5 ns came at 7 ns (3 of 1000)".
[[nodiscard]] std::string text(const Mistake& mistake);

} // namespace faultlab::simulator
