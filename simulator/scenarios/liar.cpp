#include "simulator/scenarios/liar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace faultlab::simulator {

using replica::MutationRule;
using replica::Reject;

Liar::Liar(Stage& stage) : stage_(&stage) {
    stage.on_heard([this](ReplicaId, const Packet& packet) {
        if (!packet.lie || story_ == nullptr) return;
        stage_->count("lies_heard");
        stage_->count(fmt::format("told.{}", story_->name));
    });
    stage.on(EventKind::ViewInstalled, [this](ReplicaId id, const Event&) {
        if (id != liar_ || !mute_) return;
        // Whom it replaces may ask it at once for what it says.
        stage_->at_step_end(
            [this, mute = *std::exchange(mute_, {})] { stage_->rejoin(mute.id, mute.fault); });
    });
    stage.on(EventKind::Rejected, [this](ReplicaId, const Event& event) {
        const auto why = static_cast<Reject>(event.a);
        if (event.b == liar_ || why == Reject::Fork)
            stage_->count(fmt::format("refused.{}", replica::name(why)));
    });
}

void Liar::tell(std::span<const Story> stories, bool bad_disk) {
    stories_ = stories;
    bad_disk_ = bad_disk;
    liar_ = bad_disk ? stage_->nemesis().damage_any() : stage_->any_voter();
    lies_ = &stage_->lie_of(liar_);
    wait();
}

void Liar::wait() {
    const auto commits = static_cast<Op>(stage_->rng().between(1, 8));
    stage_->after_commits(commits, [this] { begin(); });
}

void Liar::begin() {
    story_ = &stories_[stage_->rng().below(stories_.size())];
    draw_lies();
    rule_ = stage_->network().replace_if([this](const Packet& packet) { return changes(packet); },
                                         [this](const Packet&) { return std::move(instead_); });
    fault_ = stage_->begin({.kind = "lies",
                            .summary = fmt::format("n{} lies: {}", liar_, story_->name),
                            .targets = {liar_},
                            .gauge_name = "lies_delivered",
                            .gauge = [stage = stage_] { return stage->lies_heard(); }});
    if (bad_disk_) stage_->count("rotten", stage_->nemesis().rot(liar_, 3));
    provoke(story_->occasion);
    stage_->later(4 * stage_->patience(), 8 * stage_->patience(), [this] { end(); });
}

void Liar::end() {
    stage_->network().remove(rule_);
    end_lies();
    stage_->end(fault_);
    mute_.reset();
    story_ = nullptr;
    for (ReplicaId id = 1; id <= stage_->voters(); ++id) {
        if (!stage_->world().halted(id).empty()) stage_->reboot(id);
    }
    wait();
}

// --- occasions

void Liar::provoke(Occasion occasion) {
    const Nanos patience = stage_->patience();
    const std::vector<ReplicaId> others = stage_->others(liar_);
    const ReplicaId other = others[stage_->rng().below(others.size())];
    const Nanos moment = patience / 8;
    switch (occasion) {
        case Occasion::None: return;
        case Occasion::NewView: return replace_primary(stage_->rng().chance(1, 2));
        case Occasion::Succession: return succeed();
        case Occasion::Gap: return miss_entries(other, moment, patience);
        case Occasion::OwnGap: return miss_entries(liar_, moment, patience);
        case Occasion::OwnAbsence: {
            const FaultId fault = stage_->isolate(liar_, Stage::Cut::BothWays);
            stage_->later(patience, 6 * patience, [this, fault] { stage_->rejoin(liar_, fault); });
            return;
        }
        case Occasion::GapThenView:
            leave_behind(other);
            stage_->later(
                moment, patience, [this] { replace_primary(stage_->rng().chance(1, 2)); });
            return;
    }
}

void Liar::miss_entries(ReplicaId id, Nanos least, Nanos most) {
    Network& network = stage_->network();
    const auto lost = network.drop_if(is(Command::Prepare) && to(id));
    const FaultId fault = stage_->begin({.kind = "starvation",
                                         .summary = fmt::format("Prepare does not reach n{}", id),
                                         .targets = {id},
                                         .gauge_name = "packets",
                                         .gauge = [&network, lost] { return network.hits(lost); }});
    stage_->later(least, most, [this, lost, fault] {
        stage_->network().remove(lost);
        stage_->end(fault);
    });
}

/// The one that leads next, if it is not the liar, cannot fetch what it misses, until it votes.
void Liar::leave_behind(ReplicaId id) {
    const Nanos patience = stage_->patience();
    if (const auto primary = stage_->world().primary()) {
        const Telemetry now = stage_->world().telemetry(*primary);
        const ReplicaId next = now.membership.primary(now.view.next());
        if (next != liar_ && next != no_replica) id = next;
    }
    const auto unfetched = stage_->network().drop_if(is(Command::Log) && to(id));
    miss_entries(id, 3 * patience, 4 * patience);
    stage_->later(
        3 * patience, 4 * patience, [this, unfetched] { stage_->network().remove(unfetched); });
}

/// One that is only mute hears at once of the view that replaces it.
void Liar::replace_primary(bool mute) {
    const std::optional<ReplicaId> primary = stage_->world().primary();
    if (!primary || *primary > stage_->voters()) return;
    const FaultId fault = stage_->isolate(*primary, mute ? Stage::Cut::Mute : Stage::Cut::BothWays);
    if (mute) mute_ = {*primary, fault};
    const Nanos patience = stage_->patience();
    stage_->later(mute ? patience : 2 * patience,
                  mute ? 3 * patience : 5 * patience,
                  [this, id = *primary, fault] { stage_->rejoin(id, fault); });
}

void Liar::succeed() {
    const auto primary = stage_->world().primary();
    const Telemetry now = primary ? stage_->world().telemetry(*primary) : Telemetry{};
    const bool next = primary && now.membership.primary(now.view.next()) == liar_;
    if (primary && *primary != liar_) replace_primary(next);
    if (next) return;
    stage_->later(2 * stage_->patience(), 3 * stage_->patience(), [this, story = story_] {
        if (story_ == story) succeed();
    });
}

// --- what it says

void Liar::draw_lies() {
    end_lies();
    for (MutationRule& rule : story_->draw(stage_->rng())) {
        // The same change to several kinds of messages is one lie.
        const auto same = std::ranges::find(
            tellings_, rule.mutations, [](const Telling& one) { return one.rule.mutations; });
        const Lies::Id lie = same != tellings_.end()
                                 ? same->lie
                                 : lies_->begin({.at = stage_->world().now(),
                                                 .changes = rule.mutations,
                                                 .when = story_->when,
                                                 .refused_by = story_->refused_by});
        tellings_.push_back({std::move(rule), lie});
    }
}

void Liar::end_lies() {
    for (const Telling& telling : std::exchange(tellings_, {}))
        lies_->end(telling.lie);
}

bool Liar::changes(const Packet& packet) {
    if (packet.from != liar_ || is_client(packet.to)) return false;
    const auto to = static_cast<ReplicaId>(packet.to);
    for (const Telling& telling : tellings_) {
        const auto draw = static_cast<std::uint32_t>(stage_->rng().below(1000));
        if (!replica::applies(telling.rule, packet.header.command, liar_, to, draw)) continue;
        auto told = lies_->tell(telling.lie, packet);
        if (story_->each_anew) draw_lies();
        if (!told) return false;
        instead_ = *std::move(told);
        return true;
    }
    return false;
}

} // namespace faultlab::simulator
