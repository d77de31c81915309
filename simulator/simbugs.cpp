#include "simulator/simbugs.hpp"

#include "core/catalogue.hpp"
#include "core/check.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace faultlab::simulator {
namespace {

constexpr std::array<SimBugEntry, simbug_count> table{{
    // clang-format off
    {SimBug::HB1, "HB1", "zero_is_absent",
     "the value 0 is recorded as none",
     Audit::Answers, "baseline"},
    {SimBug::HB2, "HB2", "ignored_result",
     "a write or sync that failed is reported as done",
     Audit::DiskResults, "gray-failures"},
    {SimBug::HB3, "HB3", "short_write",
     "of a write only the first half is written, and it is reported as done",
     Audit::DiskContent, "baseline"},
    {SimBug::HB4, "HB4", "pending_omitted",
     "operations whose outcome never became known are left out of the record",
     Audit::HistoryComplete, "client-crashes"},
    {SimBug::HB5, "HB5", "unjudged_kind",
     "appends change the store, and never come before a checker",
     Audit::Kinds, "baseline"},
    {SimBug::SB1, "SB1", "leaky_partition",
     "one of a hundred messages passes a cut",
     Audit::Partitions, "primary-isolated"},
    {SimBug::SB2, "SB2", "real_clock",
     "one of a thousand timers is set by the real clock",
     Audit::Determinism, "baseline"},
    {SimBug::SB3, "SB3", "no_loss",
     "messages that chance has chosen to be lost arrive",
     Audit::Loss, "intermittent-network"},
    {SimBug::SB4, "SB4", "lying_fsync",
     "a sync says that it is done, and makes nothing durable",
     Audit::Durability, "torn-writes"},
    {SimBug::SB5, "SB5", "foreign_entropy",
     "one of a thousand delays is not drawn from the seed",
     Audit::Determinism, "baseline"},
    {SimBug::SB6, "SB6", "time_goes_back",
     "one of a thousand times a client wakes before it fell asleep",
     Audit::TimeOrder, "baseline"},
    {SimBug::SB7, "SB7", "dead_letters",
     "what comes for a replica that is down waits for its next life",
     Audit::DeadDelivery, "crash-during-commit"},
    {SimBug::SB8, "SB8", "deaf_monitor",
     "monitors are not told of states, so that rule S12 judges nothing",
     Audit::Rules, "baseline"},
    {SimBug::SB9, "SB9", "unasked_checker",
     "the checker linearizability is never asked",
     Audit::Rules, "baseline"},
    {SimBug::SB10, "SB10", "wrong_heal",
     "every other heal of a machine is done to the next one",
     Audit::Heals, "combined"},
    {SimBug::SB11, "SB11", "lost_row",
     "one of a hundred operations is lost on its way to the record",
     Audit::HistoryComplete, "baseline"},
    {SimBug::SB12, "SB12", "swapped_rows",
     "two rows of a stored run change places",
     Audit::StoreOrder, "baseline"},
    {SimBug::SB13, "SB13", "kind_power_cut",
     "a power cut loses nothing",
     Audit::PowerCuts, "torn-writes"},
    // clang-format on
}};

constexpr bool in_order() {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (static_cast<std::size_t>(table[i].bug) != i + 1) return false;
    }
    return true;
}
static_assert(in_order(), "one row a mistake, in the order of the enumeration");

} // namespace

std::span<const SimBugEntry, simbug_count> simbugs() {
    return table;
}

const SimBugEntry& entry(SimBug bug) {
    FAULTLAB_CHECK(bug != SimBug::None);
    return table[static_cast<std::size_t>(bug) - 1];
}

Result<const SimBugEntry*> find_simbug(std::string_view id) {
    const auto* const found = std::ranges::find(table, id, &SimBugEntry::id);
    if (found != table.end()) return found;
    std::vector<std::string> ids;
    for (const SimBugEntry& one : table)
        ids.emplace_back(one.id);
    return unknown_name("mistake of the simulator", id, ids);
}

} // namespace faultlab::simulator
