#include "controller/engine/conductor.hpp"

#include "core/rng.hpp"
#include "nemesis/schedule.hpp"

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

namespace faultlab {
namespace {

/// A fault takes a moment until its effect can be measured, and is measured again before it ends.
constexpr Nanos settle_in = 300 * millisecond;
constexpr Nanos before_heal = 100 * millisecond;
constexpr Nanos between_heal_attempts = second;
constexpr int heal_attempts = 5;
/// What was healed may take a moment to be seen: only the last measurement is kept as evidence.
constexpr Nanos between_healed_probes = 250 * millisecond;
constexpr int healed_probes = 12;
/// A fault that would hurt too many together with others waits until there is room.
constexpr Nanos between_budget_looks = 200 * millisecond;
constexpr int budget_draws = 8;

} // namespace

FaultConductor::FaultConductor(ConductorParts parts,
                               const std::vector<FaultSpec>& faults,
                               Nanos start)
    : parts_(std::move(parts)), start_(start) {
    for (const FaultSpec& spec : faults) {
        runs_.push_back({.spec = spec, .nemesis = parts_.find_nemesis(spec.nemesis)});
        plan(start + spec.t_start, Act::inject, runs_.size() - 1);
    }
}

FaultConductor::~FaultConductor() {
    try {
        heal_all();
    } catch (const std::exception& e) {
        // The stored rows hold all that a later heal needs.
        parts_.writer->event({.t = parts_.clock->now(),
                              .kind = "heal_failed",
                              .fields = {{"reason", std::string(e.what())}}});
    }
}

std::optional<Nanos> FaultConductor::next_time() const {
    if (actions_.empty()) return std::nullopt;
    return actions_.begin()->t;
}

void FaultConductor::perform_next() {
    const Action action = actions_.extract(actions_.begin()).value();
    switch (action.act) {
        case Act::inject: inject(action.run); break;
        case Act::turn: take_turn(action.run, action.attempt); break;
        case Act::probe: measure(action.run); break;
        case Act::heal: heal(action.run, action.attempt); break;
        case Act::probe_healed: probe_healed(action.run, action.attempt); break;
    }
}

void FaultConductor::heal_all() {
    std::erase_if(actions_, [](const Action& action) { return action.act != Act::probe_healed; });
    for (std::size_t i = 0; i < runs_.size(); ++i)
        heal(i, 0);
}

void FaultConductor::plan(Nanos t, Act act, std::size_t run, std::int64_t attempt) {
    actions_.insert({.t = t, .order = planned_++, .act = act, .run = run, .attempt = attempt});
}

void FaultConductor::plan_turn(std::size_t i, std::int64_t turn) {
    const auto after = runs_[i].nemesis->turn_after(runs_[i].fault, turn);
    if (after) plan(parts_.clock->now() + *after, Act::turn, i, turn);
}

Result<bool> FaultConductor::resolve(std::size_t i) {
    Run& run = runs_[i];
    FaultSpec spec = run.spec;
    for (int draw = 0; draw < budget_draws; ++draw) {
        FAULTLAB_TRY(run.fault, run.nemesis->resolve(spec, parts_.view()));
        run.fault.id = run.spec.id;
        run.fault.spec_id = run.spec.id;
        if (within_budget(i)) return true;
        spec.seed = Rng(spec.seed).next(); // perhaps others, of whom some are hurt already
    }
    return false;
}

bool FaultConductor::within_budget(std::size_t i) const {
    const Run& run = runs_[i];
    const auto budget = run.spec.params.find(budget_parameter);
    if (budget == run.spec.params.end() || budget->second.integer() == nullptr) return true;
    std::set<NodeId> hurt;
    for (const Run& other : runs_) {
        if (other.injected) hurt.insert(other.fault.targets.begin(), other.fault.targets.end());
    }
    const std::size_t before = hurt.size();
    hurt.insert(run.fault.targets.begin(), run.fault.targets.end());
    // What is alone, or hurts nobody else, is none of the budget's business.
    if (before == 0 || hurt.size() == before) return true;
    return static_cast<std::int64_t>(hurt.size()) <= *budget->second.integer();
}

void FaultConductor::inject(std::size_t i) {
    Run& run = runs_[i];
    if (run.nemesis == nullptr) return report(run, "fault_skipped", "there is no such nemesis");
    const Result<bool> resolved = resolve(i);
    if (!resolved) return report(run, "fault_skipped", resolved.error().text());
    if (!*resolved) {
        const Nanos next = parts_.clock->now() + between_budget_looks;
        if (next < start_ + run.spec.t_start + run.spec.duration) return plan(next, Act::inject, i);
        return report(run, "fault_skipped", "with others it would have hurt too many nodes");
    }
    const Result<void> remembered = run.nemesis->remember(run.fault, *parts_.target);
    if (!remembered) return report(run, "fault_skipped", remembered.error().text());

    // The intent is on the disk before anything is touched.
    const Result<void> stored = parts_.writer->fault_intended(run.fault, start_ + run.spec.t_start);
    if (!stored) return report(run, "fault_skipped", stored.error().text());
    record(run.fault, run.nemesis->probe(run.fault, *parts_.target, EvidencePhase::before));
    run.injected = true;
    const Result<void> injected = run.nemesis->inject(run.fault, *parts_.target);
    const Nanos now = parts_.clock->now();
    if (!injected) {
        report(run, "fault_failed", injected.error().text());
        heal(i, 0);
        parts_.writer->fault_changed(run.fault.id, FaultState::failed, parts_.clock->now());
        return;
    }
    parts_.writer->fault_changed(run.fault.id, FaultState::active, now);
    set_active(run, true);
    run.effect_unknown = true;
    const Nanos end = now + run.spec.duration;
    plan(now + std::min(settle_in, run.spec.duration / 2), Act::probe, i);
    if (run.spec.duration > 2 * (settle_in + before_heal)) plan(end - before_heal, Act::probe, i);
    plan(end, Act::heal, i);
    plan_turn(i, 1);
}

void FaultConductor::take_turn(std::size_t i, std::int64_t turn) {
    const Run& run = runs_[i];
    const Result<void> taken = run.nemesis->take_turn(run.fault, turn, *parts_.target);
    if (!taken) report(run, "fault_turn_failed", taken.error().text());
    plan_turn(i, turn + 1);
}

void FaultConductor::measure(std::size_t i) {
    Run& run = runs_[i];
    if (!run.injected) return;
    run.effect_unknown = false;
    record(run.fault, run.nemesis->probe(run.fault, *parts_.target, EvidencePhase::during));
}

void FaultConductor::heal(std::size_t i, std::int64_t attempt) {
    Run& run = runs_[i];
    if (!run.injected) return;
    // What is being healed has no more turns, also when the heal takes several attempts.
    std::erase_if(actions_,
                  [i](const Action& action) { return action.act == Act::turn && action.run == i; });
    // A schedule that is cut short must not leave a fault without evidence.
    if (run.effect_unknown) measure(i);
    parts_.writer->fault_changed(run.fault.id, FaultState::healing, parts_.clock->now());
    const Result<void> healed = run.nemesis->heal(run.fault, *parts_.target);
    const Nanos now = parts_.clock->now();
    if (!healed) {
        report(run, "heal_failed", healed.error().text());
        if (attempt + 1 < heal_attempts)
            return plan(now + between_heal_attempts, Act::heal, i, attempt + 1);
        parts_.writer->fault_changed(run.fault.id, FaultState::failed, now);
        return;
    }
    run.injected = false;
    parts_.writer->fault_changed(run.fault.id, FaultState::healed, now);
    set_active(run, false);
    plan(now, Act::probe_healed, i);
}

void FaultConductor::probe_healed(std::size_t i, std::int64_t attempt) {
    const Run& run = runs_[i];
    const std::vector<Evidence> evidence =
        run.nemesis->probe(run.fault, *parts_.target, EvidencePhase::after);
    const bool gone = !evidence.empty() && std::ranges::all_of(evidence, &Evidence::proves);
    if (gone || attempt + 1 == healed_probes) return record(run.fault, evidence);
    plan(parts_.clock->now() + between_healed_probes, Act::probe_healed, i, attempt + 1);
}

void FaultConductor::record(const Fault& fault, const std::vector<Evidence>& evidence) {
    for (const Evidence& one : evidence)
        parts_.writer->evidence(fault.id, one);
}

void FaultConductor::report(const Run& run, std::string kind, const std::string& reason) {
    parts_.writer->event({.t = parts_.clock->now(),
                          .kind = std::move(kind),
                          .fields = {{"fault", run.spec.id},
                                     {"class", run.spec.nemesis},
                                     {"target", run.spec.target},
                                     {"reason", reason}}});
}

void FaultConductor::set_active(const Run& run, bool active) {
    const std::scoped_lock lock(active_mutex_);
    std::erase_if(active_, [&](const auto& entry) { return entry.first == run.fault.id; });
    if (active) active_.emplace_back(run.fault.id, run.fault.summary);
}

std::vector<std::string> FaultConductor::active() const {
    const std::scoped_lock lock(active_mutex_);
    std::vector<std::string> summaries;
    for (const auto& [id, summary] : active_)
        summaries.push_back(summary);
    return summaries;
}

} // namespace faultlab
