#include "simulator/model_checker/schedule.hpp"

#include "core/check.hpp"
#include "replica/core/word_hash.hpp"
#include "simulator/world.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faultlab::simulator {
namespace {

constexpr std::uint64_t cluster_id = 0x5eed;

Config config_of(ReplicaId id) {
    Config config{
        .cluster = cluster_id, .self = id, .limits = small_limits(), .timeouts = short_timeouts()};
    config.limits.batch = 1;
    config.timeouts.lease = 0;
    return config;
}

/// Whether its receiver has left behind what it speaks of.
bool late(const Packet& packet, const Stance& stance) {
    const View view = packet.header.view;
    switch (packet.header.command) {
        case Command::Prepare:
        case Command::PrepareOk:
        case Command::Commit: return view < stance.view;
        case Command::DoViewChange:
        case Command::StartView:
            return view < stance.view || (view == stance.view && stance.status == Status::Normal);
        case Command::StartViewChange: return view <= stance.view;
        default: return false;
    }
}

bool late(const Parcel& parcel, const Stance& stance) {
    return std::ranges::all_of(parcel, [&](const Packet& packet) { return late(packet, stance); });
}

bool may_come_again(const Packet& packet) {
    switch (packet.header.command) {
        case Command::Prepare:
        case Command::PrepareOk:
        case Command::Commit:
        case Command::StartViewChange:
        case Command::DoViewChange:
        case Command::StartView: return true;
        default: return false;
    }
}

std::uint32_t link_of(const Parcel& parcel) {
    return parcel.front().from * endpoints_most + parcel.front().to;
}

/// Whether somebody asks in it for what is missing, or is told.
bool repairs(const Parcel& parcel) {
    return std::ranges::any_of(parcel, [](const Packet& packet) {
        const Command command = packet.header.command;
        return command == Command::GetLog || command == Command::GetPrepare ||
               command == Command::Log;
    });
}

bool armed(const Stance& stance, Timer timer) {
    return (stance.armed >> static_cast<unsigned>(timer) & 1U) != 0;
}

} // namespace

Schedule::Schedule(const Bounds& bounds, const BugSet& bugs) : bounds_(bounds) {
    FAULTLAB_CHECK(bounds.voters <= explored_most &&
                   bounds.operations <= config_of(1).limits.clients);
    Membership members;
    members.voter_count = bounds.voters;
    for (ReplicaId id = 1; id <= bounds.voters; ++id)
        members.voters[id - 1U] = id;
    for (ReplicaId id = 1; id <= bounds.voters; ++id)
        replicas_.push_back(std::make_unique<Histories>(config_of(id), bugs, members, parcels_));
    warm_up();
}

const Stance& Schedule::stance(const State& state, ReplicaId id) const {
    return replica(id).stance(state.at[id - 1U]);
}

std::uint64_t Schedule::moments() const {
    std::uint64_t all = 0;
    for (const auto& each : replicas_)
        all += each->size();
    return all;
}

// --- how it begins

void Schedule::warm_up() {
    const auto deed = [&](ReplicaId id, Cue cue) {
        take(first_, id, cue);
        prologue_.emplace_back(id, first_.at[id - 1U]);
    };
    for (ReplicaId id = 1; id <= bounds_.voters; ++id)
        deed(id, {Cue::Kind::Start, 0});
    settle(first_);
    for (std::uint8_t client = 0; client < bounds_.operations; ++client) {
        Packet packet = request(client, {.code = OpCode::Register});
        for (ReplicaId id = 1; id <= bounds_.voters; ++id) {
            if (!stance(first_, id).leads) continue;
            packet.to = id;
            deed(id, {Cue::Kind::Hear, parcels_.number({packet})});
            break;
        }
        settle(first_);
    }
    FAULTLAB_CHECK(sessions_.size() == bounds_.operations);
    for (ReplicaId id = 1; id <= bounds_.voters; ++id)
        if (armed(stance(first_, id), Timer::PrimarySilent))
            deed(id, {Cue::Kind::Ring, static_cast<std::uint32_t>(Timer::PrimarySilent)});
    settle(first_);
    const View view = stance(first_, 1).view;
    for (ReplicaId id = 1; id <= bounds_.voters; ++id)
        FAULTLAB_CHECK(stance(first_, id).status == Status::Normal &&
                       stance(first_, id).view == view && view.number() > 0);
    last_view_ = view.number() + bounds_.views;
}

/// All that is said is heard, in its order.
void Schedule::settle(State& state) {
    while (!state.flight.empty()) {
        const std::uint32_t number = state.flight.front();
        state.flight.erase(state.flight.begin());
        const auto to = static_cast<ReplicaId>(parcels_.at(number).front().to);
        take(state, to, {Cue::Kind::Hear, number});
        prologue_.emplace_back(to, state.at[to - 1U]);
    }
}

Packet Schedule::request(std::uint8_t client, const Operation& operation) const {
    Packet packet{.from = client_base + client, .body = encode(operation)};
    packet.header.cluster = cluster_id;
    packet.header.protocol = replica::protocol_version;
    packet.header.release = oldest_release;
    packet.header.command = Command::Request;
    packet.header.client = client + 1U;
    if (operation.code != OpCode::Register) {
        packet.header.session = sessions_.at(client);
        packet.header.request = 1;
    }
    replica::seal(packet.header, packet.body);
    return packet;
}

// --- what can happen

std::vector<Action> Schedule::actions(const State& state) const {
    std::vector<Action> all;
    deliveries(state, all);
    const bool may_fail = state.faults < bounds_.faults;
    for (ReplicaId id = 1; id <= bounds_.voters; ++id) {
        const Stance& of = stance(state, id);
        if (!of.alive) continue;
        if (of.leads && state.asked < bounds_.operations) all.push_back({Action::Kind::Ask, id, 0});
        timers(state, id, all);
        if (!may_fail) continue;
        all.push_back({Action::Kind::Restart, id, 0});
        repetitions(state, id, all);
    }
    return all;
}

void Schedule::deliveries(const State& state, std::vector<Action>& all) const {
    std::vector<std::uint32_t> busy; // links that have something to deliver before
    for (const std::uint32_t number : state.flight) {
        const Parcel& parcel = parcels_.at(number);
        const auto to = static_cast<ReplicaId>(parcel.front().to);
        const Stance& of = stance(state, to);
        if (!of.alive) continue;
        if (late(parcel, of)) {
            if (state.faults < bounds_.faults) all.push_back({Action::Kind::Late, to, number});
            continue;
        }
        if (std::ranges::find(busy, link_of(parcel)) != busy.end()) continue;
        busy.push_back(link_of(parcel));
        all.push_back({Action::Kind::Deliver, to, number});
    }
}

/// Those that lead to another view, and that which asks once more for what is missing: once there
/// is nothing left to come that it would hear.
void Schedule::timers(const State& state, ReplicaId id, std::vector<Action>& all) const {
    const Stance& of = stance(state, id);
    const bool hears = std::ranges::any_of(state.flight, [&](std::uint32_t number) {
        const Parcel& parcel = parcels_.at(number);
        return repairs(parcel) && (parcel.front().from == id || parcel.front().to == id);
    });
    if (armed(of, Timer::Repair) && !hears)
        all.push_back({Action::Kind::Ring, id, static_cast<std::uint32_t>(Timer::Repair)});
    if (of.view.number() >= last_view_) return;
    if (of.impatient) return; // it wants the next view: it would say so once more
    for (const Timer timer : {Timer::PrimarySilent, Timer::ViewChange})
        if (armed(of, timer))
            all.push_back({Action::Kind::Ring, id, static_cast<std::uint32_t>(timer)});
}

void Schedule::repetitions(const State& state, ReplicaId id, std::vector<Action>& all) const {
    std::vector<std::uint32_t> heard = replica(id).heard(state.at[id - 1U]);
    std::ranges::sort(heard);
    heard.erase(std::ranges::unique(heard).begin(), heard.end());
    for (const std::uint32_t number : heard) {
        if (std::ranges::none_of(parcels_.at(number), may_come_again)) continue;
        if (std::ranges::find(state.flight, number) == state.flight.end())
            all.push_back({Action::Kind::Again, id, number});
    }
}

State Schedule::after(const State& state, const Action& action) {
    State next = state;
    Cue cue{Cue::Kind::Hear, action.what};
    switch (action.kind) {
        case Action::Kind::Late: ++next.faults; [[fallthrough]];
        case Action::Kind::Deliver: std::erase(next.flight, action.what); break;
        case Action::Kind::Again: ++next.faults; break;
        case Action::Kind::Ring: cue.kind = Cue::Kind::Ring; break;
        case Action::Kind::Ask: {
            const Value value(std::int64_t{next.asked});
            Packet packet =
                request(next.asked, {.code = OpCode::Write, .key = Value("x"), .value = value});
            packet.to = action.at;
            ++next.asked;
            cue.what = parcels_.number({std::move(packet)});
            break;
        }
        case Action::Kind::Restart:
            ++next.faults;
            cue = {Cue::Kind::Restart, 0};
            break;
    }
    take(next, action.at, cue);
    forget(next);
    return next;
}

void Schedule::take(State& state, ReplicaId id, Cue cue) {
    Histories::Moment& at = state.at[id - 1U];
    at = replicas_[id - 1U]->next(at, cue);
    for (const std::uint32_t number : replica(id).sent(at)) {
        const Packet& packet = parcels_.at(number).front();
        if (is_client(packet.to)) {
            const bool opens =
                packet.header.command == Command::Reply && packet.header.request == 0;
            if (opens && sessions_.size() < bounds_.operations)
                sessions_.push_back(packet.header.op);
        } else if (packet.to <= bounds_.voters &&
                   std::ranges::find(state.flight, number) == state.flight.end()) {
            state.flight.push_back(number);
        }
    }
}

/// Takes away what can never be heard any more.
void Schedule::forget(State& state) const {
    if (state.faults < bounds_.faults) return;
    std::erase_if(state.flight, [&](std::uint32_t number) {
        const Parcel& parcel = parcels_.at(number);
        const Stance& of = stance(state, static_cast<ReplicaId>(parcel.front().to));
        return !of.alive || late(parcel, of);
    });
}

Checksum Schedule::key(const State& state) const {
    replica::WordHash hash;
    for (ReplicaId id = 1; id <= bounds_.voters; ++id)
        hash.add(replica(id).fingerprint(state.at[id - 1U]));
    hash.add(state.asked, state.faults);
    // What is on different links has no order.
    std::vector<std::uint32_t> flight = state.flight;
    std::ranges::stable_sort(
        flight, {}, [&](std::uint32_t number) { return link_of(parcels_.at(number)); });
    for (const std::uint32_t number : flight)
        hash.add(number);
    return hash.value();
}

std::string Schedule::text(const Action& action) const {
    const auto parcel = [&](std::string_view how) {
        const Parcel& of = parcels_.at(action.what);
        std::string words;
        for (const Packet& packet : of)
            words += fmt::format("{}{} (view {}, op {})",
                                 words.empty() ? "" : ", ",
                                 name(packet.header.command),
                                 packet.header.view.number(),
                                 packet.header.op);
        return fmt::format(
            "replica {} hears {}from {}: {}", action.at, how, of.front().from, words);
    };
    switch (action.kind) {
        case Action::Kind::Deliver: return parcel("");
        case Action::Kind::Late: return parcel("late ");
        case Action::Kind::Again: return parcel("once more ");
        case Action::Kind::Ring:
            return fmt::format("replica {}: timer {} rings",
                               action.at,
                               name(static_cast<Timer>(action.what)));
        case Action::Kind::Ask: return fmt::format("a client asks replica {} to write", action.at);
        case Action::Kind::Restart:
            return fmt::format("replica {} dies and starts again", action.at);
    }
    return {};
}

} // namespace faultlab::simulator
