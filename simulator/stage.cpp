#include "simulator/stage.hpp"

#include "core/check.hpp"
#include "simulator/lies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace faultlab::simulator {

Stage::Stage(World& world, Nemesis& nemesis, FaultLog& faults, const Knobs& knobs, Rng rng)
    : world_(&world), nemesis_(&nemesis), faults_(&faults), knobs_(&knobs), rng_(std::move(rng)) {}

Stage::~Stage() = default;

Lies& Stage::lie_of(ReplicaId id) {
    FAULTLAB_CHECK(lies_ == nullptr);
    lies_ = std::make_unique<Lies>(*this, id);
    return *lies_;
}

ReplicaId Stage::liar() const {
    return lies_ == nullptr ? no_replica : lies_->liar();
}

ReplicaId Stage::voters() const {
    return static_cast<ReplicaId>((*knobs_)[Knob::Voters]);
}

ReplicaId Stage::any_voter() {
    return static_cast<ReplicaId>(1 + rng_.below(voters()));
}

std::vector<ReplicaId> Stage::others(ReplicaId id) const {
    std::vector<ReplicaId> all;
    for (ReplicaId other = 1; other <= voters(); ++other) {
        if (other != id) all.push_back(other);
    }
    return all;
}

void Stage::later(Nanos least, Nanos most, std::function<void()> what) {
    world_->after(rng_.between(least, most), [this, what = std::move(what)] {
        if (open_) what();
    });
}

void Stage::at_step_end(std::function<void()> what) {
    world_->at_step_end([this, what = std::move(what)] {
        if (open_) what();
    });
}

void Stage::close() {
    open_ = false;
    for (const auto& program : programs_)
        program->heal();
}

void Stage::on(EventKind kind, Handler handler) {
    handlers_[kind].push_back(std::move(handler));
}

void Stage::after_commits(Op count, std::function<void()> what) {
    waiting_.push_back({.op = world_->monitors().committed() + count, .what = std::move(what)});
}

void Stage::on_sent(std::function<void(const Packet&)> handler) {
    // A rule that never applies: those that decide come after it.
    network().drop_if([this, handler = std::move(handler)](const Packet& packet) {
        if (!open_) return false;
        moment_ = replica::name(packet.header.command);
        handler(packet);
        moment_ = {};
        return false;
    });
}

void Stage::on_heard(std::function<void(ReplicaId, const Packet&)> handler) {
    hearers_.push_back(std::move(handler));
}

void Stage::hears(ReplicaId id, const Packet& packet) {
    if (packet.lie) ++lies_heard_;
    if (!open_) return;
    for (const auto& handler : hearers_)
        handler(id, packet);
}

void Stage::happened(ReplicaId id, const Event& event) {
    if (!open_) return;
    if (const auto found = handlers_.find(event.kind); found != handlers_.end()) {
        moment_ = replica::name(event.kind);
        for (const Handler& handler : found->second)
            handler(id, event);
        moment_ = {};
    }
    if (event.kind != EventKind::Committed || waiting_.empty()) return;
    const auto ready = std::partition(
        waiting_.begin(), waiting_.end(), [&](const Waiting& one) { return one.op > event.a; });
    for (auto one = ready; one != waiting_.end(); ++one)
        at_step_end(std::move(one->what));
    waiting_.erase(ready, waiting_.end());
}

FaultId Stage::isolate(ReplicaId id, Cut cut) {
    constexpr std::array words = {"cut off", "deaf", "mute"};
    const FaultId fault = begin({.kind = "isolation",
                                 .summary = fmt::format("n{} {}", id, words.at(std::size_t(cut))),
                                 .targets = {id},
                                 .gauge_name = "packets_cut",
                                 .gauge = [this] { return network().counts().cut; }});
    for (ReplicaId other = 1; other <= world_->size(); ++other) {
        if (other == id) continue;
        if (cut != Cut::Mute) network().cut_one_way(other, id);
        if (cut != Cut::Deaf) network().cut_one_way(id, other);
    }
    return fault;
}

void Stage::rejoin(ReplicaId id, FaultId fault) {
    end(fault);
    for (ReplicaId other = 1; other <= world_->size(); ++other)
        network().heal(id, other);
}

std::optional<ReplicaId> Stage::unseat(Nanos least, Nanos most) {
    const std::optional<ReplicaId> primary = world_->primary();
    if (!primary || *primary > voters()) return std::nullopt;
    const FaultId fault = isolate(*primary, Cut::BothWays);
    later(least, most, [this, id = *primary, fault] { rejoin(id, fault); });
    return primary;
}

void Stage::power_cycle(ReplicaId id, Nanos least, Nanos most) {
    if (!world_->running(id)) return;
    const FaultId fault = begin(
        {.kind = "power-cut", .summary = fmt::format("n{} loses its power", id), .targets = {id}});
    world_->power_cut(id);
    later(least, most, [this, id, fault] {
        end(fault);
        reboot(id);
    });
}

void Stage::hush(ReplicaId id, std::function<void()> what) {
    const Network::RuleId unsent = network().drop_if(from(id));
    at_step_end([this, unsent, what = std::move(what)] {
        network().remove(unsent);
        what();
    });
}

void Stage::die_here(ReplicaId id, Nanos least, Nanos most) {
    deaths_.push_back({.id = id, .in_step = std::string(moment_)});
    hush(id, [this, id, least, most] {
        if (rng_.chance(1, 2)) return power_cycle(id, least, most);
        if (!world_->running(id)) return;
        const FaultId fault = begin({.kind = "crash",
                                     .summary = fmt::format("n{} dies within a step", id),
                                     .targets = {id}});
        world_->crash(id);
        later(least, most, [this, id, fault] {
            end(fault);
            reboot(id);
        });
    });
}

void Stage::reboot(ReplicaId id) {
    if (world_->running(id)) return;
    if (!world_->halted(id).empty()) world_->power_cut(id);
    world_->crash(id);
    world_->start(id);
}

FaultId Stage::slow_disk(ReplicaId id, std::uint32_t factor) {
    Disk& disk = world_->disk(id);
    const FaultId fault = begin(
        {.kind = "slow-disk",
         .summary = factor == 1 ? fmt::format("the disk of n{} is slow by fits and starts", id)
                                : fmt::format("the disk of n{} is {} times slower", id, factor),
         .targets = {id},
         .gauge_name = "operations",
         .gauge = [&disk] { return disk.operations(); }});
    disk.set_slowness(factor);
    return fault;
}

FaultId Stage::slow_links(ReplicaId of, const Links& links, Nanos more) {
    std::string all;
    for (const auto& [from, to] : links)
        all += fmt::format("{}n{} to n{}", all.empty() ? "" : ", ", from, to);
    const FaultId fault =
        begin({.kind = "slow-links",
               .summary = fmt::format("messages from {} take {} us more", all, more / 1000),
               .targets = {of},
               .gauge_name = "packets_sent",
               .gauge = [this] { return network().counts().sent; }});
    for (const auto& [from, to] : links)
        network().trouble(from, to, {.delay = more});
    return fault;
}

void Stage::quicken(const Links& links, FaultId fault) {
    end(fault);
    for (const auto& [from, to] : links)
        network().trouble(from, to, {});
}

void Stage::count_while(const bool& holds, EventKind kind, std::string_view counter) {
    on(kind, [this, &holds, counter](ReplicaId, const Event&) {
        if (holds) count(counter);
    });
}

void Stage::count(std::string_view counter, std::uint64_t number) {
    const auto found = counters_.find(counter);
    if (found != counters_.end()) {
        found->second += number;
    } else {
        counters_.emplace(counter, number);
    }
}

} // namespace faultlab::simulator
