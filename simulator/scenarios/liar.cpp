#include "simulator/scenarios/liar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace faultlab::simulator {

using replica::Mutated;
using replica::MutationRule;
using replica::Reject;
using replica::Surroundings;

Liar::Liar(Stage& stage) : stage_(&stage) {
    stage.on_heard([this](ReplicaId id, const Packet& packet) {
        if (packet.lie && story_ != nullptr) heard(id, packet);
    });
    stage.on(EventKind::ViewInstalled, [this](ReplicaId id, const Event&) {
        if (id != liar_ || !mute_) return;
        // Whom it replaces may ask it at once for what it says.
        stage_->at_step_end(
            [this, mute = *std::exchange(mute_, {})] { stage_->rejoin(mute.id, mute.fault); });
    });
    stage.on_sent([this](const Packet& packet) {
        const bool asks = packet.header.command == Command::GetLog;
        if (asks && refusing_ != no_replica && packet.from == refusing_)
            stage_->world().violate(
                story_->refused_by, refusing_, "asks for what a message told that it refuses");
    });
    stage.on(EventKind::Rejected, [this](ReplicaId, const Event& event) {
        const auto why = static_cast<Reject>(event.a);
        if (event.b == liar_) ++refused_;
        if (event.b == liar_ || why == Reject::Fork)
            stage_->count(fmt::format("refused.{}", replica::name(why)));
    });
}

void Liar::tell(std::span<const Story> stories, bool bad_disk) {
    stories_ = stories;
    bad_disk_ = bad_disk;
    liar_ = bad_disk ? stage_->nemesis().damage_any() : stage_->any_voter();
    stage_->lie_of(liar_);
    wait();
}

void Liar::heard(ReplicaId id, const Packet& packet) {
    stage_->count("lies_heard");
    stage_->count(fmt::format("told.{}", story_->name));
    const bool listens = stage_->world().status(id) != Status::Booting;
    if (story_->refused_by.empty() || !listens) return;
    refusing_ = id;
    stage_->at_step_end(
        [this, id, command = packet.header.command, rule = story_->refused_by, before = refused_] {
            refusing_ = no_replica;
            if (refused_ > before) return;
            stage_->world().violate(
                rule, id, fmt::format("takes a {} that cannot be true", replica::name(command)));
        });
}

void Liar::wait() {
    const auto commits = static_cast<Op>(stage_->rng().between(1, 8));
    stage_->after_commits(commits, [this] { begin(); });
}

void Liar::begin() {
    story_ = &stories_[stage_->rng().below(stories_.size())];
    rules_ = story_->draw(stage_->rng());
    told_ = 0;
    rule_ = stage_->network().replace_if([this](const Packet& packet) { return concerns(packet); },
                                         [this](const Packet& packet) { return instead(packet); });
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

bool Liar::concerns(const Packet& packet) {
    applies_ = nullptr;
    if (packet.from != liar_ || is_client(packet.to)) return false;
    const auto to = static_cast<ReplicaId>(packet.to);
    for (const MutationRule& rule : rules_) {
        const auto draw = static_cast<std::uint32_t>(stage_->rng().below(1000));
        if (!replica::applies(rule, packet.header.command, liar_, to, draw)) continue;
        if (story_->when != nullptr && !story_->when(stage_->world(), packet)) return false;
        applies_ = &rule;
        return true;
    }
    return false;
}

std::vector<Packet> Liar::instead(const Packet& packet) {
    const std::vector<Header> log = own_log();
    const Surroundings around{.to = static_cast<ReplicaId>(packet.to),
                              .ordinal = told_,
                              .earlier = earlier_ ? &*earlier_ : nullptr,
                              .log = log};
    Mutated told = replica::mutate(*applies_, {packet.header, packet.body}, around);
    if (!packet.body.empty()) earlier_ = {packet.header, packet.body};
    if (told.changed) ++told_;
    std::vector<Packet> packets;
    for (replica::OwnedMessage& message : told.messages) {
        const bool original = applies_->original_too && &message == &told.messages.back();
        packets.push_back({.from = packet.from,
                           .to = packet.to,
                           .header = message.header,
                           .body = std::move(message.body),
                           .lie = told.changed && !original});
    }
    if (story_->each_anew) rules_ = story_->draw(stage_->rng());
    return packets;
}

/// Its newest entries, as far back as a suffix can be made longer.
std::vector<Header> Liar::own_log() const {
    std::vector<Header> log;
    const Replica* const replica = stage_->world().replica(liar_);
    if (replica == nullptr) return log;
    const Op head = stage_->world().telemetry(liar_).head;
    constexpr Op most = 24;
    for (Op op = head > most ? head - most : 1; op <= head; ++op) {
        if (const Header* const entry = replica->log(op)) log.push_back(*entry);
    }
    return log;
}

} // namespace faultlab::simulator
