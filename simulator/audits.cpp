#include "simulator/audits.hpp"

#include <fmt/format.h>

#include <cmath>

namespace faultlab::simulator {
namespace {

constexpr std::array<AuditEntry, audit_count> table{{
    {Audit::Determinism, "determinism", "a simulation that is executed again has the same chain"},
    {Audit::TimeOrder, "time-order", "time never goes back"},
    {Audit::DeadDelivery,
     "dead-delivery",
     "a process is given only what came, rang or was done in its own life"},
    {Audit::Partitions, "partitions", "nothing arrives over a link that is cut"},
    {Audit::Loss, "loss", "as many messages get lost as chance has it"},
    {Audit::DiskResults, "disk-results", "a replica is told of every failure of its disk"},
    {Audit::DiskContent, "disk-content", "what a disk says that it has written is there, whole"},
    {Audit::Durability, "durability", "what a sync has covered outlives a power cut"},
    {Audit::PowerCuts, "power-cuts", "what no sync has covered is sometimes lost in a power cut"},
    {Audit::Heals, "heals", "what is healed is as it was before it was broken"},
    {Audit::HistoryComplete,
     "history-complete",
     "all that clients began and ended is in the record, once"},
    {Audit::Answers, "answers", "the record has what went over the wire"},
    {Audit::Kinds, "kinds", "operations of every kind that clients ask for are judged"},
    {Audit::Rules, "rules", "every rule and checker has judged what there was to judge"},
    {Audit::StoreOrder, "store-order", "a run that was stored is read back as it was recorded"},
}};

constexpr bool in_order() {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (static_cast<std::size_t>(table[i].audit) != i) return false;
    }
    return true;
}
static_assert(in_order(), "one row an audit, in the order of the enumeration");

/// Further from what is due than this many standard deviations does not happen by chance.
constexpr double deviations = 6;
/// So many writes that may be lost: that two thirds of them are kept each time does not happen.
constexpr std::uint64_t unsynced_least = 80;

/// The variance of a sum of rare chances is at most what is due.
bool loss_fits(std::uint64_t due_permille, std::uint64_t lost) {
    const double due = static_cast<double>(due_permille) / 1000;
    return std::abs(static_cast<double>(lost) - due) <= deviations * std::sqrt(due) + 1;
}

} // namespace

std::span<const AuditEntry, audit_count> audit_catalogue() {
    return table;
}

std::string_view name(Audit audit) {
    return table[static_cast<std::size_t>(audit)].name;
}

void Audits::add(const Audits& other) {
    for (std::size_t i = 0; i < audit_count; ++i) {
        Count& mine = counts_[i];
        const Count& more = other.counts_[i];
        if (mine.wrong == 0) mine.what = more.what;
        mine.judged += more.judged;
        mine.wrong += more.wrong;
    }
    chances_of_loss(other.loss_due_permille_, other.lost_);
    chances_of_power_cuts(other.unsynced_, other.gone_);
}

std::vector<Mistake> Audits::mistakes() const {
    std::vector<Mistake> all;
    for (const AuditEntry& entry : table) {
        const Count& count = counts_[static_cast<std::size_t>(entry.audit)];
        if (count.wrong > 0) {
            all.push_back({.audit = entry.audit,
                           .what = count.what,
                           .times = count.wrong,
                           .judged = count.judged});
        } else if (entry.audit == Audit::Loss && !loss_fits(loss_due_permille_, lost_)) {
            all.push_back({.audit = Audit::Loss,
                           .what = fmt::format("{} messages were to be lost, and {} were",
                                               loss_due_permille_ / 1000,
                                               lost_),
                           .times = 1,
                           .judged = 1});
        } else if (entry.audit == Audit::PowerCuts && unsynced_ >= unsynced_least && gone_ == 0) {
            all.push_back(
                {.audit = Audit::PowerCuts,
                 .what = fmt::format("of {} writes that were not synced none was lost", unsynced_),
                 .times = 1,
                 .judged = 1});
        }
    }
    return all;
}

std::uint64_t Audits::judged(Audit audit) const {
    switch (audit) {
        case Audit::Loss: return loss_due_permille_ / 1000;
        case Audit::PowerCuts: return unsynced_;
        default: return counts_[static_cast<std::size_t>(audit)].judged;
    }
}

std::string text(const Mistake& mistake) {
    return fmt::format(
        "{}: {} ({} of {})", name(mistake.audit), mistake.what, mistake.times, mistake.judged);
}

} // namespace faultlab::simulator
