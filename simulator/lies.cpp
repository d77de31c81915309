#include "simulator/lies.hpp"

#include "core/check.hpp"
#include "simulator/lie_conditions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace faultlab::simulator {

using replica::Mutated;
using replica::OwnedMessage;

namespace {

bool holds(std::string_view condition, const World& world, const Packet& packet) {
    if (condition.empty()) return true;
    const auto found = std::ranges::find(lie_conditions(), condition, &LieCondition::name);
    FAULTLAB_CHECK(found != lie_conditions().end());
    return found->holds(world, packet);
}

} // namespace

Lies::Lies(Stage& stage, ReplicaId liar) : stage_(&stage), liar_(liar) {
    stage.on_sent([this](const Packet& packet) { sent(packet); });
    stage.on_heard([this](ReplicaId id, const Packet& packet) { heard(id, packet); });
    stage.on(EventKind::Rejected, [this](ReplicaId, const Event& event) {
        if (event.b == liar_) ++refused_;
    });
}

Lies::Id Lies::begin(Lie lie) {
    all_.push_back(std::move(lie));
    return all_.size() - 1;
}

void Lies::end(Id lie) {
    all_.at(lie).until = stage_->world().now();
}

std::optional<std::vector<Packet>> Lies::tell(Id lie, const Packet& packet) {
    Lie& telling = all_.at(lie);
    said_.back().lie = lie;
    said_.back().changed = false;
    if (!holds(telling.when, stage_->world(), packet)) return std::nullopt;
    const std::vector<Header> log = own_log();
    Mutated told = replica::mutate({.mutations = telling.changes},
                                   {packet.header, packet.body},
                                   {.to = static_cast<ReplicaId>(packet.to),
                                    .ordinal = telling.told,
                                    .earlier = earlier_ ? &*earlier_ : nullptr,
                                    .log = log});
    said_.back().changed = told.changed;
    if (!told.changed) return std::nullopt;
    ++telling.told;
    std::vector<Packet> packets;
    if (telling.truth_first) packets.push_back(packet);
    for (OwnedMessage& message : told.messages) {
        packets.push_back({.from = packet.from,
                           .to = packet.to,
                           .header = message.header,
                           .body = std::move(message.body),
                           .lie = true,
                           .refused_by = telling.refused_by});
    }
    return packets;
}

void Lies::sent(const Packet& packet) {
    if (packet.from == refusing_ && packet.header.command == Command::GetLog)
        stage_->world().violate(rule_, refusing_, "asks for what a message told that it refuses");
    if (packet.from != liar_ || is_client(packet.to)) return;
    said_.push_back({.at = stage_->world().now(),
                     .to = static_cast<ReplicaId>(packet.to),
                     .command = packet.header.command});
    if (last_) earlier_ = std::exchange(last_, std::nullopt);
    if (!packet.body.empty()) last_ = {packet.header, packet.body};
}

void Lies::heard(ReplicaId id, const Packet& packet) {
    if (!packet.lie || packet.refused_by.empty()) return;
    if (stage_->world().status(id) == Status::Booting) return;
    refusing_ = id;
    rule_ = packet.refused_by;
    const Nanos now = stage_->world().now();
    // A vote that is wrong in itself (rules A) is refused before any of it is believed, and not
    // only once it is known what its sender may say.
    const bool vote = packet.header.command == Command::DoViewChange && rule_.starts_with('A');
    const Checksum before = vote ? stage_->world().replica(id)->fingerprint(now) : Checksum{};
    const std::uint64_t sent = stage_->network().counts().sent;
    stage_->at_step_end([=, this, command = packet.header.command, refused = refused_] {
        World& world = stage_->world();
        refusing_ = no_replica;
        if (refused_ == refused) {
            world.violate(
                rule_, id, fmt::format("takes a {} that cannot be true", replica::name(command)));
            return;
        }
        // Whoever sends something has done besides what was due anyway.
        const bool idle = stage_->network().counts().sent == sent;
        if (!vote || !idle || !world.running(id) || !world.halted(id).empty()) return;
        if (world.replica(id)->fingerprint(now) != before)
            return world.violate(rule_, id, "is another after a vote that it refuses");
        stage_->count("votes_without_effect");
    });
}

/// Its newest entries, as far back as a suffix can be made longer.
std::vector<Header> Lies::own_log() const {
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
