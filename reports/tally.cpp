#include "reports/tally.hpp"

#include "reports/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace faultlab {
namespace {

bool is_read(const History& history, std::size_t i) {
    return history.text(history.f()[i]).starts_with("read");
}

void count_statuses(const History& history, Tally& tally) {
    std::map<Symbol, std::int64_t> errors;
    for (std::size_t i = 0; i < history.size(); ++i) {
        tally.end = std::max({tally.end, history.t_inv()[i], history.t_ret()[i]});
        switch (history.status()[i]) {
            case OpStatus::ok:
                ++tally.ok;
                if (is_read(history, i)) ++tally.ok_reads;
                continue;
            case OpStatus::fail: ++tally.failed; break;
            case OpStatus::info:
            case OpStatus::open: ++tally.indeterminate; break;
        }
        if (history.error()[i] != 0) ++errors[history.error()[i]];
    }
    for (const auto& [symbol, count] : errors) {
        if (count <= tally.frequent_error_count) continue;
        tally.frequent_error_count = count;
        tally.frequent_error = visible(history.text(symbol), 120);
    }
}

void count_keys(const History& history, Tally& tally) {
    for (std::size_t k = 0; k < history.keys().size(); ++k) {
        // Scans and transactions are on the keys that others name.
        const bool named = std::ranges::any_of(history.ops_of_key(k), [&](OpId id) {
            return !spans_keys(history.text(history.f()[static_cast<std::size_t>(id)]));
        });
        if (!named && history.keys().size() > 1) continue;
        ++tally.keys;
        bool changed = false;
        bool read = false;
        for (const OpId id : history.ops_of_key(k)) {
            const auto i = static_cast<std::size_t>(id);
            if (history.status()[i] != OpStatus::ok) continue;
            const bool reads = is_read(history, i);
            changed = changed || !reads;
            read = read || (reads && history.t_inv()[i] >= tally.last_heal);
        }
        if (changed) ++tally.keys_changed;
        if (changed && read) ++tally.keys_changed_then_read;
    }
}

std::string plural_of(std::string_view nemesis, std::int64_t count) {
    return fmt::format("{} {}{}", count_text(count), visible(nemesis, 40), count == 1 ? "" : "s");
}

} // namespace

Tally tally(const Record& record) {
    Tally result;
    result.foreign = record.plan.system.empty();
    for (const std::string& nemesis : record.plan.nemeses)
        result.faults[nemesis];
    for (const FaultRecord& fault : record.faults) {
        Tally::Faults& faults = result.faults[fault.fault.nemesis];
        ++faults.injected;
        if (fault.effective()) ++faults.effective;
        result.last_heal = std::max(result.last_heal, fault.t_ended);
        result.end = std::max({result.end, fault.t_started, fault.t_ended});
    }
    count_statuses(record.history, result);
    count_keys(record.history, result);
    for (const Event& event : record.events)
        result.end = std::max(result.end, event.t);
    if (!record.samples.empty()) result.end = std::max(result.end, record.samples.back().t);
    return result;
}

std::string faults_text(const Tally& tally) {
    std::vector<std::string> effective;
    std::vector<std::string> idle;
    for (const auto& [nemesis, faults] : tally.faults) {
        if (faults.effective > 0) effective.push_back(plural_of(nemesis, faults.effective));
        const std::int64_t without = faults.injected - faults.effective;
        if (without > 0) idle.push_back(plural_of(nemesis, without));
        if (faults.injected == 0) idle.push_back("no " + visible(nemesis, 40));
    }
    if (effective.empty() && idle.empty()) return "no faults were asked for";
    if (effective.empty()) return "no fault took effect";
    std::string text = list_text(effective) + " took effect";
    if (idle.empty()) return text;
    return text + " (without effect: " + list_text(idle) + ")";
}

std::string evidence_text(const Tally& tally) {
    std::string text = fmt::format("{} ok / {} indeterminate / {} failed",
                                   count_text(tally.ok),
                                   count_text(tally.indeterminate),
                                   count_text(tally.failed));
    if (!tally.foreign) text += " · " + faults_text(tally);
    if (tally.last_heal >= 0 && tally.keys_changed > 0) {
        text += fmt::format(" · after the last heal {} of {} changed keys were read",
                            count_text(tally.keys_changed_then_read),
                            count_text(tally.keys_changed));
    }
    return text;
}

} // namespace faultlab
