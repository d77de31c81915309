#include "simulator/scenarios/few_witnesses.hpp"

#include <algorithm>
#include <optional>
#include <span>

namespace faultlab::simulator {

bool FewWitnesses::leave_behind(ReplicaId witness) {
    const std::optional<ReplicaId> primary = stage_->world().primary();
    if (!primary || *primary == witness) return false;
    const Telemetry now = stage_->world().telemetry(*primary);
    const ReplicaId next = now.membership.primary(now.view.next());
    std::vector<ReplicaId> others = stage_->others(witness);
    std::erase(others, *primary);
    stage_->rng().shuffle(std::span(others));
    std::ranges::stable_partition(others, [next](ReplicaId id) { return id != next; });
    const auto more = static_cast<std::ptrdiff_t>(
        std::min<std::size_t>(replica::Quorums::of(stage_->voters()).replication,
                              2U + others.size()) -
        2U);
    knowing_ = {others.begin(), others.begin() + more};
    knowing_.push_back(*primary);
    for (auto other = others.begin() + more; other != others.end(); ++other)
        behind_.emplace_back(*other, stage_->isolate(*other, Stage::Cut::Deaf));
    return begun();
}

void FewWitnesses::turn() {
    for (const auto& [id, fault] : std::exchange(behind_, {}))
        stage_->rejoin(id, fault);
    for (const ReplicaId id : std::exchange(knowing_, {})) {
        const FaultId fault = stage_->isolate(id, Stage::Cut::BothWays);
        stage_->later(2 * stage_->patience(), 5 * stage_->patience(), [stage = stage_, id, fault] {
            stage->rejoin(id, fault);
        });
    }
}

} // namespace faultlab::simulator
