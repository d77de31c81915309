#include "simulator/model_checker/lone_replica.hpp"

#include "core/check.hpp"
#include "replica/core/format.hpp"
#include "replica/core/layout.hpp"
#include "replica/core/word_hash.hpp"

#include <algorithm>
#include <utility>

namespace faultlab::simulator {
namespace {

constexpr Nanos first_moment = 1'000'000'000;
constexpr std::uint64_t wall_origin = 1'700'000'000'000'000'000;

} // namespace

LoneReplica::LoneReplica(const Config& config, const BugSet& bugs, const Membership& membership)
    : config_(config), bugs_(bugs), superblock_(replica::format(config, membership)) {
    for (std::size_t zone = 0; zone < zone_count; ++zone)
        zones_[zone].resize(replica::zone_bytes(config.limits, static_cast<Zone>(zone)));
    reset();
}

void LoneReplica::reset() {
    replica_.reset();
    for (std::vector<std::byte>& zone : zones_)
        std::ranges::fill(zone, std::byte{0});
    std::ranges::copy(superblock_, zones_[static_cast<std::size_t>(Zone::Superblock)].begin());
    monitors_ = std::make_unique<Monitors>();
    monitors_->pass_on([this](const ProtocolEvent& event) {
        if (listening_) told_.emplace_back(event);
    });
    alarms_ = {};
    pending_.clear();
    now_ = first_moment;
    lives_ = 0;
    halted_ = false;
    lost_patience_in_.reset();
    listening_ = false;
    sent_.clear();
    told_.clear();
}

void LoneReplica::listen() {
    listening_ = true;
    sent_.clear();
    told_.clear();
}

void LoneReplica::start() {
    FAULTLAB_CHECK(replica_ == nullptr);
    replica_ = std::make_unique<Replica>(config_, bugs_);
    halted_ = false;
    monitors_->started(config_.self, false);
    act({.what = Boot{.entropy = config_.self * 1000U + ++lives_, .recover = false}});
}

void LoneReplica::hear(const Packet& packet) {
    Received received{.message = {packet.header, packet.body}};
    if (is_client(packet.from)) {
        received.client_link = packet.from;
    } else {
        received.from = static_cast<ReplicaId>(packet.from);
    }
    monitors_->received(config_.self, packet.header);
    act({.what = received});
}

void LoneReplica::ring(Timer timer) {
    Alarm& alarm = alarms_[static_cast<std::size_t>(timer)];
    FAULTLAB_CHECK(alarm.armed);
    alarm.armed = false;
    now_ = std::max(now_, alarm.at);
    if (timer == Timer::PrimarySilent || timer == Timer::ViewChange)
        lost_patience_in_ = replica_->telemetry(now_).view;
    act({.what = Rang{timer, alarm.generation}});
}

void LoneReplica::die() {
    replica_.reset();
    lost_patience_in_.reset();
    alarms_ = {};
    pending_.clear();
}

Stance LoneReplica::stance() const {
    Stance stance;
    if (!alive()) return stance;
    const Telemetry shown = replica_->telemetry(now_);
    stance.alive = true;
    stance.status = shown.status;
    stance.view = shown.view;
    stance.leads = shown.status == Status::Normal && shown.role == Role::Primary;
    stance.impatient = shown.view == lost_patience_in_;
    stance.armed = shown.timers_armed;
    return stance;
}

Checksum LoneReplica::fingerprint() const {
    replica::WordHash hash;
    hash.add(halted_, replica_ != nullptr, stance().impatient);
    if (alive()) hash.add(replica_->fingerprint(now_));
    // What a next life may find there; of the superblock, the replica has told the content.
    for (const Zone zone : {Zone::Headers, Zone::Prepares})
        hash.add(checksum(zones_[static_cast<std::size_t>(zone)]));
    return hash.value();
}

void LoneReplica::act(Input input) {
    step(input);
    while (!pending_.empty() && replica_ != nullptr) {
        const Io io = pending_.front();
        pending_.pop_front();
        IoDone done{.id = io.id};
        if (io.kind == Io::Kind::Read) {
            const auto& zone = zones_[static_cast<std::size_t>(io.zone)];
            done.bytes = Bytes(zone).subspan(io.offset, io.length);
        }
        step({.what = done});
    }
}

void LoneReplica::step(Input input) {
    input.now = now_;
    input.wall = wall_origin;
    replica_->step(input, *this);
    monitors_->after_step(config_.self, *replica_, replica_->standing());
}

// --- effects

void LoneReplica::send(ReplicaId to, const Header& header, Bytes body) {
    monitors_->sent(config_.self, header, body);
    if (!listening_) return;
    sent_.push_back(
        {.from = config_.self, .to = to, .header = header, .body = {body.begin(), body.end()}});
}

void LoneReplica::reply(std::uint64_t client_link, const Header& header, Bytes body) {
    monitors_->replied(config_.self, header);
    if (!listening_) return;
    sent_.push_back({.from = config_.self,
                     .to = static_cast<Endpoint>(client_link),
                     .header = header,
                     .body = {body.begin(), body.end()}});
}

/// Jitter keeps replicas apart; here, who comes first is what is searched through.
Nanos LoneReplica::delay_of(Timer timer, Nanos asked) const {
    switch (timer) {
        case Timer::PrimarySilent: return std::min(asked, config_.timeouts.primary_silent);
        case Timer::ViewChange: return std::min(asked, config_.timeouts.view_change);
        default: return asked;
    }
}

void LoneReplica::arm(Timer timer, std::uint32_t generation, Nanos delay) {
    alarms_[static_cast<std::size_t>(timer)] = {true, generation, now_ + delay_of(timer, delay)};
}

void LoneReplica::read(Zone zone, std::uint64_t offset, std::uint32_t length, IoId id) {
    pending_.push_back({Io::Kind::Read, zone, offset, length, id});
}

void LoneReplica::write(Zone zone, std::uint64_t offset, Bytes bytes, IoId id) {
    auto& of = zones_[static_cast<std::size_t>(zone)];
    FAULTLAB_CHECK(offset + bytes.size() <= of.size());
    std::ranges::copy(bytes, of.begin() + static_cast<std::ptrdiff_t>(offset));
    pending_.push_back({Io::Kind::Write, zone, 0, 0, id});
}

void LoneReplica::sync(Zone zone, IoId id) {
    pending_.push_back({Io::Kind::Sync, zone, 0, 0, id});
}

void LoneReplica::event(const Event& event) {
    monitors_->happened(config_.self, event);
}

void LoneReplica::halt(std::string_view reason) {
    halted_ = true;
    monitors_->halted(config_.self, reason);
}

} // namespace faultlab::simulator
