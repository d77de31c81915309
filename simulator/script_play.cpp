#include "simulator/script_play.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace faultlab::simulator {
namespace {

ReplicaId replica_of(Endpoint node) {
    return static_cast<ReplicaId>(node);
}

/// Waits for what the disk is asked next.
bool waits(Deed deed) {
    return deed >= Deed::ReadError && deed <= Deed::Misread;
}

bool is_of_network(Deed deed) {
    return deed <= Deed::Delay;
}

bool concerns(const Strike& strike, const Packet& packet) {
    const bool here = strike.links.empty() ||
                      std::ranges::binary_search(strike.links, Link{packet.from, packet.to});
    return here && (strike.messages.empty() ||
                    std::ranges::binary_search(strike.messages, packet.header.command));
}

Match match_of(const Strike& strike) {
    return [&strike](const Packet& packet) { return concerns(strike, packet); };
}

class Scripted : public Generator {
public:
    Scripted(const Script& script, Client& client, std::int32_t number)
        : script_(&script), client_(&client), number_(number) {}

    Step next(const Moment& moment) override {
        while (at_ < script_->operations.size() && script_->operations[at_].client != number_)
            ++at_;
        if (at_ == script_->operations.size()) return End{};
        const ScriptOp& next = script_->operations[at_];
        if (next.at > moment.now) return WaitUntil{next.at};
        ++at_;
        if (next.node != 0) client_->ask(replica_of(next.node));
        return Emit{.op = next.op, .due = next.at};
    }
    void observe(const Invocation&, const Completion&) override {}

private:
    const Script* script_;
    Client* client_;
    std::int32_t number_;
    std::size_t at_ = 0;
};

} // namespace

void ScriptPlay::play(const Script& script) {
    acts_.reserve(script.strikes.size());
    for (const Strike& strike : script.strikes)
        plan(acts_.emplace_back(Act{.strike = &strike}));
    plan_lies();
}

/// Before all other rules: what becomes of a message does not depend on who else is about it.
void ScriptPlay::plan_lies() {
    for (Act& act : acts_) {
        const Strike& strike = *act.strike;
        if (!is_lie(strike.deed)) continue;
        if (lies_ == nullptr) lies_ = &stage_->lie_of(replica_of(strike.links.front().from));
        if (strike.deed == Deed::FalseCheckpoint) {
            if (!checkpoint_) checkpoint_.emplace(*stage_, *lies_);
            continue;
        }
        act.lie = lies_->begin({.at = strike.at,
                                .until = strike.until,
                                .changes = strike.changes,
                                .when = strike.when,
                                .refused_by = strike.refused_by,
                                .truth_first = strike.truth_first});
    }
    if (lies_ == nullptr) return;
    stage_->network().replace_if([this](const Packet& packet) { return changes(packet); },
                                 [this](const Packet&) { return std::move(instead_); });
}

bool ScriptPlay::changes(const Packet& packet) {
    if (packet.from != lies_->liar()) return false;
    const Nanos now = stage_->world().now();
    for (Act& act : acts_) {
        const Strike& strike = *act.strike;
        if (strike.deed != Deed::Lie || now < strike.at || now >= strike.until) continue;
        if (!concerns(strike, packet)) continue;
        auto& [skipped, changed] = act.counts[{packet.to, packet.header.command}];
        if (strike.amount != 0 && changed >= strike.amount) continue;
        if (skipped < strike.skip) {
            ++skipped;
            continue;
        }
        auto told = lies_->tell(act.lie, packet);
        if (!told) continue;
        ++changed;
        instead_ = *std::move(told);
        return true;
    }
    return false;
}

void ScriptPlay::plan(Act& act) {
    const Strike& strike = *act.strike;
    if (strike.in_step.empty()) {
        stage_->later(strike.at, strike.at, [this, &act] { begin(act); });
        return;
    }
    // Events and messages have no name in common.
    for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(EventKind::BugFired); ++i) {
        const auto kind = static_cast<EventKind>(i);
        if (strike.in_step != replica::name(kind)) continue;
        stage_->on(kind, [this, &act](ReplicaId id, const Event& event) {
            in_step(act, id, replica::name(event.kind));
        });
    }
    stage_->on_sent([this, &act](const Packet& packet) {
        if (!is_client(packet.from))
            in_step(act, replica_of(packet.from), replica::name(packet.header.command));
    });
}

void ScriptPlay::in_step(Act& act, ReplicaId id, std::string_view moment) {
    const Strike& strike = *act.strike;
    if (act.active || stage_->world().now() < strike.at ||
        strike.nodes != std::vector<Endpoint>{id} || strike.in_step != moment)
        return;
    act.active = true;
    stage_->hush(id, [this, &act] { begin(act); });
}

void ScriptPlay::begin(Act& act) {
    const Strike& strike = *act.strike;
    act.active = true;
    Network& network = stage_->network();
    switch (strike.deed) {
        case Deed::Drop: act.rule = network.drop_if(match_of(strike)); break;
        case Deed::Hold: act.rule = network.hold_if(match_of(strike)); break;
        case Deed::Repeat:
            act.rule = network.copy_if(
                [match = match_of(strike),
                 most = strike.amount,
                 copies = std::map<Command, std::int64_t>()](const Packet& packet) mutable {
                    return match(packet) && ++copies[packet.header.command] <= most;
                });
            break;
        case Deed::ClientCrash:
            for (const Endpoint client : strike.nodes) {
                if (client - client_base < stage_->world().client_count())
                    stage_->world().client(client - client_base).restart();
            }
            break;
        default: break;
    }
    log(act);
    if (is_of_network(strike.deed)) {
        set_links();
    } else if (strike.deed == Deed::FalseCheckpoint) {
        set_checkpoint();
    } else {
        break_machine(act);
    }
    if (strike.until == Strike::to_the_end || waits(strike.deed)) return;
    const Nanos rest = strike.until - stage_->world().now();
    if (rest <= 0) return end(act);
    stage_->later(rest, rest, [this, &act] { end(act); });
}

void ScriptPlay::end(Act& act) {
    const Strike& strike = *act.strike;
    act.active = false;
    stage_->end(act.fault);
    Network& network = stage_->network();
    switch (strike.deed) {
        case Deed::Drop: network.remove(act.rule); break;
        case Deed::Hold:
        case Deed::Repeat: network.release(act.rule); break;
        case Deed::Crash:
        case Deed::PowerCut:
        case Deed::LostDisk:
            for (const Endpoint node : strike.nodes)
                start_again(act, replica_of(node));
            break;
        case Deed::Misread:
            for (const Endpoint node : strike.nodes) {
                if (!is_client(node) && node <= stage_->world().size())
                    stage_->world().disk(replica_of(node)).misread_no_more();
            }
            break;
        default: break;
    }
    if (is_of_network(strike.deed)) {
        set_links();
    } else if (strike.deed == Deed::FalseCheckpoint) {
        set_checkpoint();
    } else {
        set_machines(strike.deed);
    }
}

void ScriptPlay::break_machine(Act& act) {
    const Strike& strike = *act.strike;
    World& world = stage_->world();
    for (const Endpoint node : strike.nodes) {
        if (is_client(node) || node > world.size()) continue;
        if (strike.deed == Deed::Crash || strike.deed == Deed::LostDisk)
            world.crash(replica_of(node));
        if (strike.deed == Deed::PowerCut) world.power_cut(replica_of(node));
    }
    break_disk(act);
    set_machines(strike.deed);
}

void ScriptPlay::break_disk(Act& act) {
    const Strike& strike = *act.strike;
    World& world = stage_->world();
    for (const Endpoint node : strike.nodes) {
        if (is_client(node) || node > world.size()) continue;
        const ReplicaId id = replica_of(node);
        Disk& disk = world.disk(id);
        const auto place = static_cast<std::uint64_t>(strike.amount);
        const Limits& limits = world.limits();
        // Never more bad disks than the protocol is to survive.
        const auto may = [&] { return stage_->nemesis().damage(id); };
        switch (strike.deed) {
            case Deed::StalledZone: disk.stall(strike.zone, strike.until); break;
            case Deed::ReadError:
                if (may()) disk.fail_next(strike.zone, Disk::Operation::Read);
                break;
            case Deed::WriteError: disk.fail_next(strike.zone, Disk::Operation::Write); break;
            case Deed::SyncError: disk.fail_next(strike.zone, Disk::Operation::Sync); break;
            case Deed::Misdirect:
                if (may()) disk.misdirect_next(strike.zone, place);
                break;
            case Deed::Misread:
                if (may()) misread_next(disk, world.limits(), strike.zone, place);
                break;
            case Deed::Rot: {
                if (strike.zone == Zone::Snapshot) {
                    const bool fits = place + rotten_bytes <= disk.content(strike.zone).size();
                    if (fits && may() && snapshot_settled(disk))
                        disk.rot(strike.zone, place, rotten_bytes);
                    break;
                }
                const bool header = strike.zone == Zone::Headers;
                const std::uint64_t slot = place / (header ? sizeof(Header) : limits.message_bytes);
                const std::uint64_t length = header ? sizeof(Header) : rotten_bytes;
                if (slot < limits.slots && may() && entry_settled(disk, limits, slot))
                    disk.rot(strike.zone, place, length);
                break;
            }
            default: break;
        }
    }
}

void ScriptPlay::start_again(Act& act, ReplicaId id) {
    World& world = stage_->world();
    if (id > world.size()) return;
    // Another fault keeps it down.
    const bool down = std::ranges::any_of(acts_, [&](const Act& other) {
        const Deed deed = other.strike->deed;
        const bool stops = deed == Deed::Crash || deed == Deed::PowerCut || deed == Deed::LostDisk;
        return other.active && stops && std::ranges::binary_search(other.strike->nodes, id);
    });
    if (down) return;
    if (act.strike->deed == Deed::LostDisk) {
        if (!stage_->nemesis().damage(id)) return stage_->reboot(id);
        world.crash(id);
        world.start_blank(id);
    } else if (act.strike->amount != 0) {
        world.crash(id);
        world.start(id, static_cast<std::uint32_t>(act.strike->amount));
    } else {
        stage_->reboot(id);
    }
}

void ScriptPlay::set_links() {
    Network& network = stage_->network();
    network.heal_cuts();
    network.heal_links();
    network.options() = calm_;
    NetworkOptions& options = network.options();
    for (const Act& act : acts_) {
        if (!act.active) continue;
        const Strike& strike = *act.strike;
        const auto share = static_cast<std::uint32_t>(strike.amount);
        if (strike.deed == Deed::Loss && strike.links.empty())
            options.loss_permille = std::max(options.loss_permille, share);
        if (strike.deed == Deed::Duplicates) options.duplicate_permille = share;
        if (strike.deed == Deed::Disorder) options.reorder = true;
        if (strike.deed == Deed::Delay)
            options.delay_max = std::max(options.delay_max, strike.amount);
        for (const Link& link : strike.links) {
            if (strike.deed == Deed::Cut) network.cut_one_way(link.from, link.to);
            if (is_client(link.from) || is_client(link.to)) continue;
            const ReplicaId from = replica_of(link.from);
            const ReplicaId to = replica_of(link.to);
            LinkTrouble trouble = network.trouble(from, to);
            if (strike.deed == Deed::SlowLinks) trouble.delay = strike.amount;
            if (strike.deed == Deed::Loss) trouble.loss_permille = share;
            network.trouble(from, to, trouble);
        }
    }
}

void ScriptPlay::set_timers() {
    World& world = stage_->world();
    for (ReplicaId id = 1; id <= world.size(); ++id) {
        for (std::size_t i = 0; i < timer_count; ++i) {
            const auto timer = static_cast<Timer>(i);
            std::int64_t rate = 1000;
            for (const Act& act : acts_) {
                const Strike& strike = *act.strike;
                if (act.active && strike.deed == Deed::TimerRate && strike.timer == timer &&
                    std::ranges::binary_search(strike.nodes, id))
                    rate = strike.amount;
            }
            if (world.timer_rate(id, timer) != rate) world.set_timer_rate(id, timer, rate);
        }
    }
}

void ScriptPlay::set_machines(Deed deed) {
    if (deed == Deed::TimerRate) return set_timers();
    World& world = stage_->world();
    for (ReplicaId id = 1; id <= world.size(); ++id) {
        const Strike* now = nullptr;
        for (const Act& act : acts_) {
            if (act.active && act.strike->deed == deed &&
                std::ranges::binary_search(act.strike->nodes, id))
                now = act.strike;
        }
        switch (deed) {
            case Deed::Pause:
                if (now != nullptr) world.pause(id);
                if (now == nullptr && world.machine(id).paused) world.resume(id);
                break;
            case Deed::SlowDisk:
                world.disk(id).set_slowness(
                    now == nullptr ? 1 : static_cast<std::uint32_t>(now->amount));
                break;
            case Deed::FullDisk: world.disk(id).set_full(now != nullptr); break;
            case Deed::ClockRate: {
                const std::int64_t rate = now == nullptr ? 1000 : now->amount;
                if (world.machine(id).rate_permille != rate) world.set_clock_rate(id, rate);
                break;
            }
            case Deed::WallClock: {
                const Nanos offset = now == nullptr ? 0 : now->amount;
                world.jump_wall(id, offset - world.machine(id).wall_offset);
                break;
            }
            default: return;
        }
    }
}

void ScriptPlay::set_checkpoint() {
    std::set<ReplicaId> receivers;
    for (const Act& act : acts_) {
        if (!act.active || act.strike->deed != Deed::FalseCheckpoint) continue;
        for (const Link& link : act.strike->links)
            receivers.insert(replica_of(link.to));
    }
    checkpoint_->tell(std::move(receivers));
}

FaultLog::Gauge ScriptPlay::gauge_of(const Act& act) {
    Network& network = stage_->network();
    const Strike& strike = *act.strike;
    const auto sum = [this, &strike](std::uint64_t (*of)(World&, ReplicaId)) {
        return [this, &strike, of] {
            std::uint64_t all = 0;
            for (const Endpoint node : strike.nodes) {
                if (node <= stage_->world().size()) all += of(stage_->world(), replica_of(node));
            }
            return all;
        };
    };
    switch (strike.deed) {
        case Deed::Cut: return [&network] { return network.counts().cut; };
        case Deed::Drop:
        case Deed::Hold:
        case Deed::Repeat: return [&network, rule = act.rule] { return network.hits(rule); };
        case Deed::SlowLinks:
        case Deed::Delay: return [&network] { return network.counts().sent; };
        case Deed::Loss: return [&network] { return network.counts().lost; };
        case Deed::Duplicates: return [&network] { return network.counts().duplicated; };
        case Deed::Disorder: return [&network] { return network.counts().overtaking; };
        case Deed::Pause: return sum([](World& w, ReplicaId id) { return w.held_back(id); });
        case Deed::SlowDisk:
            return sum([](World& w, ReplicaId id) { return w.disk(id).operations(); });
        case Deed::StalledZone:
            return sum([](World& w, ReplicaId id) { return w.disk(id).stalled(); });
        case Deed::FullDisk:
        case Deed::WriteError:
        case Deed::SyncError:
            return sum([](World& w, ReplicaId id) { return w.disk(id).refusals(); });
        case Deed::ReadError:
            return sum([](World& w, ReplicaId id) { return w.disk(id).failed_reads(); });
        case Deed::Misdirect:
            return sum([](World& w, ReplicaId id) { return w.disk(id).misdirected(); });
        case Deed::Misread: return sum([](World& w, ReplicaId id) { return w.disk(id).misread(); });
        case Deed::Lie: return [lies = lies_, lie = act.lie] { return lies->all().at(lie).told; };
        case Deed::FalseCheckpoint: return [stage = stage_] { return stage->lies_heard(); };
        case Deed::Rot:
            return sum(
                [](World& w, ReplicaId id) -> std::uint64_t { return w.disk(id).rotten().size(); });
        case Deed::Crash:
        case Deed::PowerCut:
        case Deed::LostDisk:
        case Deed::TimerRate:
            return [this, &strike] {
                std::uint64_t all = 0;
                for (const Endpoint node : strike.nodes) {
                    if (node <= stage_->world().size())
                        all += stage_->world().mistimed(replica_of(node), strike.timer);
                }
                return all;
            };
        case Deed::ClockRate:
        case Deed::WallClock:
        case Deed::ClientCrash: break;
    }
    return {};
}

void ScriptPlay::log(Act& act) {
    const Strike& strike = *act.strike;
    std::vector<ReplicaId> targets;
    for (const Endpoint node : strike.nodes) {
        if (!is_client(node)) targets.push_back(replica_of(node));
    }
    if (is_lie(strike.deed)) targets.push_back(lies_->liar());
    act.fault = stage_->begin(
        {.kind = std::string(deed_table()[static_cast<std::size_t>(strike.deed)].name),
         .summary = story(strike),
         .targets = std::move(targets),
         .gauge_name = "changed",
         .gauge = gauge_of(act)});
}

GeneratorPtr scripted(const Script& script, Client& client, std::int32_t number) {
    return std::make_unique<Scripted>(script, client, number);
}

} // namespace faultlab::simulator
