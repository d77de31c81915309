#include "simulator/network.hpp"

#include <algorithm>
#include <utility>

namespace faultlab::simulator {

Network::Network(const NetworkOptions& options, Rng rng, Deliver deliver, Planted* planted)
    : options_(options), rng_(std::move(rng)), deliver_(std::move(deliver)), planted_(planted) {}

void Network::send(Nanos now, Packet&& packet) {
    ++counts_.sent;
    for (auto& [id, rule] : rules_) {
        if (!rule.match(packet)) continue;
        ++hits_[id];
        ++rule.decided[{packet.from, packet.to, packet.header.command}];
        switch (rule.action) {
            case Action::Drop: return;
            case Action::Hold: rule.kept.push_back(std::move(packet)); return;
            case Action::Copy: rule.kept.push_back(packet); break;
            case Action::Mutate: rule.mutator(packet); break;
            case Action::Replace:
                for (Packet& instead : rule.replacement(packet))
                    transmit(now, std::move(instead));
                return;
        }
        break;
    }
    transmit(now, std::move(packet));
}

void Network::transmit(Nanos now, Packet&& packet) {
    if (!passes(packet)) {
        ++counts_.cut;
        return;
    }
    ++counts_.offered;
    if (loses(options_.loss_permille)) return;
    Nanos more = 0;
    if (!is_client(packet.from) && !is_client(packet.to)) {
        const LinkTrouble& link = links_[packet.from][packet.to];
        more = link.delay;
        if (loses(link.loss_permille)) return;
    }
    if (options_.duplicate_permille > 0 && rng_.chance(options_.duplicate_permille, 1000)) {
        ++counts_.duplicated;
        deliver(now, Packet(packet), more);
    }
    deliver(now, std::move(packet), more);
}

bool Network::loses(std::uint32_t permille) {
    if (permille == 0) return false;
    counts_.loss_due_permille += permille;
    if (!rng_.chance(permille, 1000)) return false;
    if (planted_ != nullptr && planted_->fires(SimBug::SB3)) return false;
    ++counts_.lost;
    return true;
}

bool Network::passes(const Packet& packet) {
    if (connected(packet.from, packet.to)) return true;
    // The same packet at both ends, or it would hardly ever pass both.
    return planted_ != nullptr && packet.header.checksum.low % 100 == 0 &&
           planted_->fires(SimBug::SB1);
}

void Network::deliver(Nanos now, Packet&& packet, Nanos more) {
    Nanos arrival = now + more + rng_.between(options_.delay_min, options_.delay_max);
    if (planted_ != nullptr && planted_->fires(SimBug::SB5, 1))
        arrival += static_cast<Nanos>(planted_->outside() % 1'000'000);
    Nanos& last = last_arrival_[packet.from][packet.to];
    if (arrival <= last) {
        // Strictly later: equal times would leave the order to the tie.
        if (!options_.reorder) {
            arrival = last + 1;
        } else {
            ++counts_.overtaking;
        }
    }
    last = std::max(last, arrival);
    deliver_(arrival - now, std::move(packet));
}

bool Network::arrives(const Packet& packet) {
    const bool whole = passes(packet);
    if (!whole) ++counts_.cut;
    return whole && (!gate_ || gate_(packet));
}

Nanos Network::busy_until() const {
    Nanos last = 0;
    for (const auto& of_sender : last_arrival_)
        last = std::max(last, std::ranges::max(of_sender));
    return last;
}

void Network::heal(const NetworkOptions& calm) {
    remove_rules();
    heal_cuts();
    heal_links();
    options_ = calm;
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
    cut_[a] &= ~(std::uint64_t{1} << b);
    cut_[b] &= ~(std::uint64_t{1} << a);
}

Network::RuleId Network::add(Action action, Match match, Mutator mutator) {
    const auto id = static_cast<RuleId>(hits_.size());
    hits_.push_back(0);
    rules_[id] = {.action = action, .match = std::move(match), .mutator = std::move(mutator)};
    return id;
}

Network::RuleId Network::replace_if(Match match, Replacement replacement) {
    const RuleId id = add(Action::Replace, std::move(match), {});
    rules_[id].replacement = std::move(replacement);
    return id;
}

void Network::release(RuleId rule) {
    replay(rule);
    remove(rule);
}

void Network::replay(RuleId rule) {
    Nanos delay = options_.delay_min;
    for (const Packet& packet : rules_.at(rule).kept) {
        if (!connected(packet.from, packet.to)) continue;
        ++counts_.replayed;
        deliver_(delay++, Packet(packet));
    }
}

void reseal(Packet& packet) {
    replica::seal(packet.header, packet.body);
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

} // namespace faultlab::simulator
