#include "simulator/witness.hpp"

#include "simulator/told_lies.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace faultlab::simulator {
namespace {

/// Has links, each of them wrong on its own.
bool of_links(Deed deed) {
    return deed == Deed::Cut || deed == Deed::SlowLinks || deed == Deed::Loss ||
           deed == Deed::FalseCheckpoint;
}

/// Whether `more` goes on with what `one` does, on other links.
bool one_fault(const Strike& one, const Strike& more) {
    return of_links(one.deed) && one.deed == more.deed && one.at == more.at &&
           one.until == more.until && one.amount == more.amount &&
           one.links.empty() == more.links.empty();
}

void merge(std::vector<Strike>& strikes) {
    std::ranges::stable_sort(strikes, {}, [](const Strike& strike) {
        // Lies of one time stay in their order.
        const bool lie = strike.deed == Deed::Lie;
        return std::tuple(strike.at, strike.deed, lie ? 0 : strike.until, lie ? 0 : strike.amount);
    });
    std::vector<Strike> merged;
    for (Strike& strike : strikes) {
        if (merged.empty() || !one_fault(merged.back(), strike)) {
            merged.push_back(std::move(strike));
            continue;
        }
        std::vector<Link>& links = merged.back().links;
        links.insert(links.end(), strike.links.begin(), strike.links.end());
        std::ranges::sort(links);
    }
    strikes = std::move(merged);
}

Deed deed_of(Network::Action action) {
    switch (action) {
        case Network::Action::Hold: return Deed::Hold;
        case Network::Action::Copy: return Deed::Repeat;
        case Network::Action::Drop:
        case Network::Action::Mutate:
        case Network::Action::Replace: break;
    }
    return Deed::Drop;
}

std::int64_t number(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

} // namespace

void Witness::look(const World& world, const Stage& stage) {
    // What was done in a step of a replica is done after that step, and not by chance before it.
    at_ = world.now() + (std::exchange(chain_, world.chain()) == world.chain() ? 0 : 1);
    now_ = wrongs(world);
    if (const Lies* const lies = stage.lies()) {
        for (const ReplicaId to : lies->false_checkpoint_to())
            now_.insert({.deed = Deed::FalseCheckpoint, .a = lies->liar(), .b = to});
    }
    look_at_rules(world);
    for (ReplicaId id = 1; id <= world.size(); ++id) {
        look_at_process(world, stage, id);
        look_at_rot(world, id);
        nodes_.at(id).machine = world.machine(id);
    }
    deaths_ = stage.deaths().size();
    restarts_.resize(world.client_count());
    for (std::size_t i = 0; i < world.client_count(); ++i) {
        const std::uint64_t restarts = world.client(i).restarts();
        if (std::exchange(restarts_[i], restarts) != restarts)
            add({.deed = Deed::ClientCrash, .a = world.client_endpoint(i)}, at_, at_);
    }
    compare(at_);
}

/// What a rule is about only its packets tell.
void Witness::look_at_rules(const World& world) {
    const auto& rules = world.network().rules();
    for (auto known = rules_.begin(); known != rules_.end();) {
        if (rules.contains(known->first)) {
            ++known;
            continue;
        }
        known->second.until = at_;
        if (!known->second.links.empty()) strikes_.push_back(std::move(known->second));
        known = rules_.erase(known);
    }
    for (const auto& [id, rule] : rules) {
        // Lies; they are told of in another way.
        if (rule.action == Network::Action::Mutate || rule.action == Network::Action::Replace)
            continue;
        Strike& strike = rules_.try_emplace(id, Strike{.at = at_}).first->second;
        strike.deed = deed_of(rule.action);
        std::set<Link> links;
        std::map<Command, std::uint64_t> messages;
        for (const auto& [decided, count] : rule.decided) {
            links.insert({decided.from, decided.to});
            messages[decided.command] += count;
        }
        strike.links.assign(links.begin(), links.end());
        strike.messages.clear();
        for (const auto& [command, count] : messages) {
            strike.messages.push_back(command);
            if (strike.deed == Deed::Repeat) strike.amount = std::max(strike.amount, number(count));
        }
    }
}

void Witness::look_at_process(const World& world, const Stage& stage, ReplicaId id) {
    Node& node = nodes_.at(id);
    const World::Machine machine = world.machine(id);
    const Disk& disk = world.disk(id);
    const bool cut = std::exchange(node.power_cuts, disk.power_cuts()) != disk.power_cuts();
    const bool wiped = std::exchange(node.wipes, disk.wipes()) != disk.wipes();
    const std::uint64_t lives = machine.life - node.machine.life;
    const bool first = node.machine.life == 0;
    if (!first && !node.down && (lives >= 2 || !machine.up)) {
        node.down = Strike{.deed = Deed::Crash, .at = at_, .nodes = {id}};
        for (std::size_t i = deaths_; i < stage.deaths().size(); ++i) {
            if (stage.deaths()[i].id == id) node.down->in_step = stage.deaths()[i].in_step;
        }
        if (!node.down->in_step.empty()) node.down->at = world.now();
    }
    if (!node.down) return;
    if (cut) node.down->deed = Deed::PowerCut;
    if (wiped) node.down->deed = Deed::LostDisk;
    if (!machine.up) return;
    node.down->until = at_;
    if (machine.release != node.machine.release) node.down->amount = machine.release;
    strikes_.push_back(*std::exchange(node.down, std::nullopt));
}

void Witness::look_at_rot(const World& world, ReplicaId id) {
    Node& node = nodes_.at(id);
    const Disk& disk = world.disk(id);
    for (; node.rotten < disk.rotten().size(); ++node.rotten) {
        const Disk::Place& place = disk.rotten()[node.rotten];
        add({.deed = Deed::Rot, .a = id, .zone = place.zone, .amount = number(place.offset)},
            at_,
            at_);
    }
}

void Witness::compare(Nanos now) {
    for (auto known = since_.begin(); known != since_.end();) {
        if (now_.contains(known->first)) {
            ++known;
            continue;
        }
        add(known->first, known->second, now);
        known = since_.erase(known);
    }
    for (const Wrong& wrong : now_)
        since_.emplace(wrong, now);
}

void Witness::add(const Wrong& wrong, Nanos at, Nanos until) {
    Strike strike{.deed = wrong.deed,
                  .at = at,
                  .until = until,
                  .zone = wrong.zone,
                  .timer = wrong.timer,
                  .amount = wrong.amount};
    if (of_links(wrong.deed)) {
        if (wrong.a != 0) strike.links = {{wrong.a, wrong.b}};
    } else if (wrong.a != 0) {
        strike.nodes = {wrong.a};
    }
    if (deed_table()[static_cast<std::size_t>(wrong.deed)].parts.find("until") ==
        std::string_view::npos)
        strike.until = at;
    if (wrong.deed == Deed::StalledZone)
        strike.until = std::min(until, std::exchange(strike.amount, 0));
    strikes_.push_back(std::move(strike));
}

Script Witness::script(const World& world, const Lies* lies) const {
    Witness all = *this;
    all.now_.clear();
    all.compare(Strike::to_the_end);
    for (const auto& [id, strike] : all.rules_) {
        // One that met no message changed nothing.
        if (!strike.links.empty()) all.strikes_.push_back(strike);
    }
    for (const Node& node : all.nodes_) {
        if (node.down) all.strikes_.push_back(*node.down);
    }
    if (lies != nullptr) std::ranges::move(strikes_of(*lies), std::back_inserter(all.strikes_));
    Script script{.stop = world.now(), .strikes = std::move(all.strikes_)};
    merge(script.strikes);
    for (std::size_t i = 0; i < world.client_count(); ++i) {
        const Client& client = world.client(i);
        for (std::size_t k = 0; k < client.history().size(); ++k) {
            const faultlab::Op& op = client.history()[k];
            script.operations.push_back({.at = op.t_inv,
                                         .client = op.client,
                                         .node = client.asked()[k],
                                         .op = {.f = op.f, .key = op.key, .arg = op.arg}});
        }
    }
    std::ranges::stable_sort(script.operations, {}, &ScriptOp::at);
    return script;
}

} // namespace faultlab::simulator
