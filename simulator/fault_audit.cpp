#include "simulator/fault_audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace faultlab::simulator {
namespace {

/// Is over by itself, or nothing that could be undone.
bool passes(const Wrong& wrong) {
    return wrong.deed == Deed::StalledZone || wrong.deed == Deed::WallClock;
}

} // namespace

std::set<Wrong> FaultAudit::wrong_now() const {
    std::set<Wrong> all = wrongs(*world_);
    for (ReplicaId id = 1; id <= world_->size(); ++id) {
        if (!world_->machine(id).up) all.insert({.deed = Deed::Crash, .a = id});
    }
    std::erase_if(all, passes);
    return all;
}

void FaultAudit::began(FaultId fault, const std::string& summary) {
    std::set<Wrong> now = wrong_now();
    note_broken(now); // what others broke before it in this step, it has not
    active_[fault] = {.summary = summary, .before = std::move(now)};
    began_.push_back(fault);
    look_later();
}

void FaultAudit::ended(FaultId fault) {
    ended_.push_back(fault);
    look_later();
}

void FaultAudit::look_later() {
    if (!std::exchange(looks_, true)) world_->at_step_end([this] { look(); });
}

void FaultAudit::note_broken(const std::set<Wrong>& now) {
    for (const FaultId fault : std::exchange(began_, {})) {
        Active& active = active_[fault];
        std::ranges::set_difference(
            now, active.before, std::inserter(active.broke, active.broke.end()));
    }
}

void FaultAudit::look() {
    looks_ = false;
    const std::set<Wrong> now = wrong_now();
    note_broken(now);
    std::vector<Active> over;
    for (const FaultId fault : std::exchange(ended_, {})) {
        if (auto node = active_.extract(fault)) over.push_back(std::move(node.mapped()));
    }
    for (const Active& fault : over) {
        const auto still = std::ranges::find_if(fault.broke, [&](const Wrong& wrong) {
            const auto holds = [&](const auto& other) {
                return other.second.broke.contains(wrong);
            };
            return now.contains(wrong) && std::ranges::none_of(active_, holds);
        });
        world_->audits().judge(Audit::Heals, still == fault.broke.end(), [&] {
            return fmt::format(
                "the fault '{}' is over, and this is still so: {}", fault.summary, text(*still));
        });
    }
}

} // namespace faultlab::simulator
