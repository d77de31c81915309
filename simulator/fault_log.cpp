#include "simulator/fault_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace faultlab::simulator {

FaultId FaultLog::begin(Nanos now, Beginning beginning) {
    const auto id = static_cast<FaultId>(faults_.size());
    FaultRecord record{
        .fault = {.id = id, .spec_id = id, .nemesis = beginning.kind, .summary = beginning.summary},
        .state = FaultState::active,
        .t_planned = now,
        .t_started = now};
    for (const ReplicaId target : beginning.targets)
        record.fault.targets.push_back(static_cast<NodeId>(target) - 1);
    Open open{.gauge = std::move(beginning.gauge)};
    if (open.gauge) {
        open.at_start = open.gauge();
        record.evidence.push_back({.phase = EvidencePhase::before,
                                   .name = beginning.gauge_name,
                                   .value = static_cast<std::int64_t>(open.at_start)});
    } else {
        record.evidence.push_back(
            {.phase = EvidencePhase::during,
             .node = record.fault.targets.empty() ? no_node : record.fault.targets[0],
             .name = "injected",
             .value = true,
             .proves = true});
    }
    if (audit_ != nullptr) audit_->began(id, record.fault.summary);
    faults_.push_back(std::move(record));
    open_.push_back(std::move(open));
    return id;
}

void FaultLog::end(Nanos now, FaultId fault) {
    FaultRecord& record = faults_.at(static_cast<std::size_t>(fault));
    if (record.t_ended >= 0) return;
    const Open& open = open_[static_cast<std::size_t>(fault)];
    if (open.gauge) {
        const std::uint64_t changed = open.gauge() - open.at_start;
        record.evidence.push_back({.phase = EvidencePhase::during,
                                   .name = record.evidence.front().name,
                                   .value = static_cast<std::int64_t>(changed),
                                   .proves = changed > 0});
    }
    record.evidence.push_back(
        {.phase = EvidencePhase::after, .name = "undone", .value = true, .proves = true});
    record.state = FaultState::healed;
    record.t_ended = now;
    if (audit_ != nullptr) audit_->ended(fault);
}

void FaultLog::end_all(Nanos now) {
    for (const FaultRecord& record : faults_)
        end(now, record.fault.id);
}

std::uint64_t FaultLog::effective(std::string_view kind) const {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(faults_, [kind](const FaultRecord& record) {
            return record.effective() && (kind.empty() || record.fault.nemesis == kind);
        }));
}

std::string text(const std::vector<ReplicaId>& ids) {
    std::string all;
    for (const ReplicaId id : ids)
        all += fmt::format("{}n{}", all.empty() ? "" : " ", id);
    return all;
}

} // namespace faultlab::simulator
