#include "tests/support/replica_world/network.hpp"

#include <algorithm>
#include <utility>

namespace faultlab::replica::world {

Network::Network(const NetworkOptions& options, Rng rng, Deliver deliver)
    : options_(options), rng_(std::move(rng)), deliver_(std::move(deliver)) {}

void Network::send(Nanos now, Packet packet) {
    for (auto& [id, rule] : rules_) {
        if (!rule.match(packet)) continue;
        ++rule.hits;
        switch (rule.action) {
            case Action::Drop: return;
            case Action::Hold: rule.kept.push_back(std::move(packet)); return;
            case Action::Copy: rule.kept.push_back(packet); break;
            case Action::Mutate: rule.mutator(packet); break;
        }
        break;
    }
    transmit(now, std::move(packet));
}

void Network::transmit(Nanos now, Packet packet) {
    if (!connected(packet.from, packet.to)) return;
    if (options_.loss_permille > 0 && rng_.chance(options_.loss_permille, 1000)) return;
    if (options_.duplicate_permille > 0 && rng_.chance(options_.duplicate_permille, 1000)) {
        deliver(now, packet);
    }
    deliver(now, std::move(packet));
}

void Network::deliver(Nanos now, Packet packet) {
    Nanos arrival = now + rng_.between(options_.delay_min, options_.delay_max);
    if (!options_.reorder) {
        // Strictly later: equal times would leave the order to the tie.
        Nanos& last = last_arrival_[{packet.from, packet.to}];
        arrival = std::max(arrival, last + 1);
        last = arrival;
    }
    deliver_(arrival - now, std::move(packet));
}

bool Network::connected(Endpoint from, Endpoint to) const {
    const auto found = cut_.find(from);
    return found == cut_.end() || std::ranges::find(found->second, to) == found->second.end();
}

void Network::cut(Endpoint a, Endpoint b) {
    cut_one_way(a, b);
    cut_one_way(b, a);
}

void Network::cut(std::span<const Endpoint> side, std::span<const Endpoint> other) {
    for (const Endpoint a : side) {
        for (const Endpoint b : other) {
            cut(a, b);
        }
    }
}

void Network::heal(Endpoint a, Endpoint b) {
    std::erase(cut_[a], b);
    std::erase(cut_[b], a);
}

Network::RuleId Network::add(Action action, Match match, Mutator mutator) {
    rules_[next_rule_] = {
        .action = action, .match = std::move(match), .mutator = std::move(mutator)};
    return next_rule_++;
}

void Network::release(RuleId rule) {
    replay(rule);
    remove(rule);
}

void Network::replay(RuleId rule) {
    Nanos delay = options_.delay_min;
    for (const Packet& packet : rules_.at(rule).kept) {
        if (connected(packet.from, packet.to)) deliver_(delay++, packet);
    }
}

void reseal(Packet& packet) {
    seal(packet.header, packet.body);
}

Match is(Command command) {
    return [command](const Packet& packet) { return packet.header.command == command; };
}
Match from(Endpoint endpoint) {
    return [endpoint](const Packet& packet) { return packet.from == endpoint; };
}
Match to(Endpoint endpoint) {
    return [endpoint](const Packet& packet) { return packet.to == endpoint; };
}
Match operator&&(Match a, Match b) {
    return [a = std::move(a), b = std::move(b)](const Packet& packet) {
        return a(packet) && b(packet);
    };
}
Match operator||(Match a, Match b) {
    return [a = std::move(a), b = std::move(b)](const Packet& packet) {
        return a(packet) || b(packet);
    };
}

} // namespace faultlab::replica::world
