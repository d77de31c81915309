#include "checker/linearizability_parts.hpp"

#include "checker/frontier_search.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

namespace faultlab {

Finding budget_finding(const SearchOutcome& outcome, std::string_view model, Value key) {
    constexpr std::size_t pending_shown = 20;
    Finding finding{.checker = "linearizability",
                    .anomaly = "budget_spent",
                    .key = std::move(key),
                    .divergence = outcome.stopped_at};
    const std::size_t shown = std::min(outcome.pending.size(), pending_shown);
    finding.ops.assign(outcome.pending.begin(),
                       outcome.pending.begin() + static_cast<std::ptrdiff_t>(shown));
    finding.details["model"] = model;
    finding.details["why"] = outcome.why;
    finding.details["widest"] = outcome.widest;
    finding.details["pending"] = static_cast<std::int64_t>(outcome.pending.size());
    return finding;
}

std::vector<FaultId> faults_during(const Record& record, const std::vector<OpId>& ops) {
    const History& history = record.history;
    Nanos first = std::numeric_limits<Nanos>::max();
    Nanos last = 0;
    for (const OpId id : ops) {
        const auto i = static_cast<std::size_t>(id);
        first = std::min(first, history.t_inv()[i]);
        last = std::max({last, history.t_inv()[i], history.t_ret()[i]});
    }
    std::vector<FaultId> active;
    for (const FaultRecord& fault : record.faults) {
        if (fault.t_started < 0 || fault.t_started > last) continue;
        if (fault.t_ended >= 0 && fault.t_ended < first) continue;
        active.push_back(fault.fault.id);
    }
    return active;
}

OpId failed_writer(const History& history, Symbol key, const Value& value, OpId observer) {
    for (OpId id = 0; id < observer; ++id) {
        const auto i = static_cast<std::size_t>(id);
        if (history.status()[i] != OpStatus::fail || history.key()[i] != key) continue;
        const Value& arg = history.value(history.arg()[i]);
        const Value::List* pair = arg.list();
        const bool cas = history.text(history.f()[i]) == "cas";
        if (cas ? pair != nullptr && pair->size() == 2 && (*pair)[1] == value : arg == value)
            return id;
    }
    return -1;
}

} // namespace faultlab
