#include "simulator/candidates.hpp"

#include "simulator/setup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace faultlab::simulator {
namespace {

const std::string session(Client::session_only);

bool has_until(const Strike& strike) {
    return deed_table()[static_cast<std::size_t>(strike.deed)].parts.find("until") !=
           std::string_view::npos;
}

// --- clusters

void override_knob(Simulation& simulation, Knob knob, std::int64_t value) {
    std::erase_if(simulation.overrides, [knob](const Override& one) { return one.first == knob; });
    simulation.overrides.emplace_back(knob, value);
}

/// False when nothing of it is left.
bool leave_out(Strike& strike, Endpoint voters) {
    const auto gone = [voters](Endpoint node) { return !is_client(node) && node > voters; };
    const bool had = !strike.nodes.empty() || !strike.links.empty();
    std::erase_if(strike.nodes, gone);
    std::erase_if(strike.links, [&](const Link& link) { return gone(link.from) || gone(link.to); });
    return !had || !strike.nodes.empty() || !strike.links.empty();
}

Simulation with_voters(const Simulation& simulation, std::int64_t voters) {
    Simulation less = simulation;
    Script& script = *less.script;
    std::int32_t clients = 1;
    for (const ScriptOp& operation : script.operations)
        clients = std::max(clients, operation.client + 1);
    constexpr std::int64_t most_a_node = 3;
    const std::int64_t fit = std::min((clients + voters - 1) / voters, most_a_node);
    override_knob(less, Knob::Voters, voters);
    override_knob(less, Knob::Standbys, 0);
    override_knob(less, Knob::ClientsPerNode, fit);
    std::erase_if(script.strikes, [voters](Strike& strike) {
        return !leave_out(strike, static_cast<Endpoint>(voters));
    });
    for (ScriptOp& operation : script.operations) {
        operation.client %= static_cast<std::int32_t>(voters * fit);
        if (operation.node > static_cast<Endpoint>(voters)) operation.node = 0;
    }
    return less;
}

/// Each replica has taken the place of the one so many before it: they lead in the same order, and
/// other ones first.
Simulation rotated(const Simulation& simulation, Endpoint by, Endpoint voters) {
    Simulation other = simulation;
    const auto rotate = [by, voters](Endpoint& one) {
        if (one > 0 && one <= voters) one = (one - 1 + voters - by) % voters + 1;
    };
    for (Strike& strike : other.script->strikes) {
        std::ranges::for_each(strike.nodes, rotate);
        for (Link& link : strike.links) {
            rotate(link.from);
            rotate(link.to);
        }
        std::ranges::sort(strike.nodes);
        std::ranges::sort(strike.links);
    }
    for (ScriptOp& operation : other.script->operations)
        rotate(operation.node);
    return other;
}

// --- faults

/// One candidate a part that can be left out of `items`, which must not become empty.
template <class Items>
void without_each(const Script& script, Items Strike::*items, std::vector<Script>& to) {
    for (std::size_t i = 0; i < script.strikes.size(); ++i) {
        const std::size_t count = (script.strikes[i].*items).size();
        if (count < 2) continue;
        // Halves first.
        for (const std::size_t chunk : {(count + 1) / 2, std::size_t{1}}) {
            for (std::size_t at = 0; at + chunk <= count; at += chunk) {
                Script less = script;
                auto& left = less.strikes[i].*items;
                const auto begin = left.begin() + static_cast<std::ptrdiff_t>(at);
                left.erase(begin, begin + static_cast<std::ptrdiff_t>(chunk));
                to.push_back(std::move(less));
            }
            if (count == 2) break;
        }
    }
}

template <class Change>
void change_each(const Script& script, std::vector<Script>& to, Change change) {
    for (std::size_t i = 0; i < script.strikes.size(); ++i) {
        Script less = script;
        change(less.strikes[i]);
        if (less != script) to.push_back(std::move(less));
    }
}

void unite(const Script& script, std::vector<Script>& to) {
    for (std::size_t i = 0; i < script.strikes.size(); ++i) {
        for (std::size_t k = i + 1; k < script.strikes.size(); ++k) {
            const Strike& other = script.strikes[k];
            if (other.deed != script.strikes[i].deed || !has_until(other)) continue;
            if (other.changes != script.strikes[i].changes) continue;
            if (other.when != script.strikes[i].when) continue;
            Script less = script;
            Strike& one = less.strikes[i];
            one.at = std::min(one.at, other.at);
            one.until = std::max(one.until, other.until);
            const auto add = [](auto& these, const auto& those) {
                these.insert(these.end(), those.begin(), those.end());
                std::ranges::sort(these);
                const auto same = std::ranges::unique(these);
                these.erase(same.begin(), same.end());
            };
            add(one.nodes, other.nodes);
            add(one.links, other.links);
            add(one.messages, other.messages);
            if (one.deed == Deed::Lie)
                one.amount =
                    std::min(one.amount, other.amount) == 0 ? 0 : one.amount + other.amount;
            less.strikes.erase(less.strikes.begin() + static_cast<std::ptrdiff_t>(k));
            to.push_back(std::move(less));
        }
    }
}

/// A lie stays what it is, and is told less often.
void rarer_lies(const Script& script, std::vector<Script>& to) {
    change_each(script, to, [](Strike& strike) {
        if (strike.deed == Deed::Lie) strike.amount = 1;
    });
    change_each(script, to, [](Strike& strike) {
        if (strike.deed == Deed::Lie && strike.amount > 1) strike.amount /= 2;
    });
    change_each(script, to, [](Strike& strike) { strike.skip = 0; });
    change_each(script, to, [](Strike& strike) {
        for (replica::Mutation& change : strike.changes)
            change.seed = replica::Mutation{}.seed;
    });
}

// --- times

/// Every moment of which a script speaks.
std::set<Nanos> moments(const Script& script) {
    std::set<Nanos> all{0, script.stop};
    for (const Strike& strike : script.strikes) {
        all.insert(strike.at);
        if (strike.until != Strike::to_the_end) all.insert(strike.until);
    }
    for (const ScriptOp& operation : script.operations)
        all.insert(operation.at);
    return all;
}

template <class Move>
Script moved(const Script& script, Move move) {
    Script other = script;
    other.stop = move(script.stop);
    for (Strike& strike : other.strikes) {
        strike.at = move(strike.at);
        if (strike.until != Strike::to_the_end)
            strike.until = std::max(move(strike.until), strike.at);
    }
    for (ScriptOp& operation : other.operations)
        operation.at = move(operation.at);
    return other;
}

} // namespace

std::vector<Simulation> smaller_clusters(const Simulation& simulation) {
    std::vector<Simulation> all;
    const Knobs knobs = knobs_of(simulation);
    constexpr std::int64_t least = 3;
    const std::int64_t now = knobs[Knob::Voters];
    for (std::int64_t voters = least; voters < now; ++voters) {
        for (Endpoint by = 0; by < static_cast<Endpoint>(now); ++by)
            all.push_back(with_voters(rotated(simulation, by, static_cast<Endpoint>(now)), voters));
    }
    if (knobs[Knob::Standbys] > 0) all.push_back(with_voters(simulation, knobs[Knob::Voters]));
    return all;
}

std::vector<Override> plainer_knobs(const Simulation& simulation) {
    constexpr std::array<Override, 15> plain{{{Knob::DelaySpreadMicros, 10},
                                              {Knob::DelayMicros, 100},
                                              {Knob::ReadMicros, 20},
                                              {Knob::WriteMicros, 20},
                                              {Knob::SyncMicros, 100},
                                              {Knob::ThinkMicros, 20},
                                              {Knob::RetryMillis, 20},
                                              {Knob::PatienceMillis, 0},
                                              {Knob::TimeoutPercent, 100},
                                              {Knob::LeaseReads, 0},
                                              {Knob::AdmissionRate, 0},
                                              {Knob::Batch, 1},
                                              {Knob::Pipeline, 1},
                                              {Knob::Release, newest_release},
                                              {Knob::DigestEvery, 2}}};
    std::vector<Override> all;
    const Knobs knobs = knobs_of(simulation);
    std::ranges::copy_if(plain, std::back_inserter(all), [&](const Override& one) {
        return knobs[one.first] != one.second;
    });
    return all;
}

Simulation with_knobs(Simulation simulation, std::span<const Override> knobs) {
    for (const auto& [knob, value] : knobs)
        override_knob(simulation, knob, value);
    return simulation;
}

std::vector<Script> weaker_faults(const Script& script) {
    std::vector<Script> all;
    unite(script, all);
    without_each(script, &Strike::nodes, all);
    without_each(script, &Strike::links, all);
    without_each(script, &Strike::messages, all);
    rarer_lies(script, all);
    change_each(script, all, [](Strike& strike) {
        if (strike.deed == Deed::PowerCut || strike.deed == Deed::LostDisk)
            strike.deed = Deed::Crash;
    });
    change_each(script, all, [](Strike& strike) { strike.in_step.clear(); });
    change_each(script, all, [](Strike& strike) {
        if (strike.deed == Deed::Repeat && strike.amount > 1) strike.amount /= 2;
    });
    change_each(script, all, [](Strike& strike) {
        // What is lost by chance is lost for sure, and then perhaps less has to be.
        if (strike.deed == Deed::Loss || strike.deed == Deed::Duplicates) strike.amount = 1000;
    });
    change_each(script, all, [](Strike& strike) {
        const Nanos length = strike.until - strike.at;
        if (has_until(strike) && strike.until != Strike::to_the_end && length > millisecond)
            strike.until = strike.at + length / 2;
    });
    return all;
}

std::vector<Script> plainer_lies(const Script& script) {
    std::vector<Script> all;
    without_each(script, &Strike::changes, all);
    const auto change_some = [&](std::size_t i, std::size_t k, auto change) {
        Script less = script;
        change(less.strikes[i].changes[k]);
        if (less != script) all.push_back(std::move(less));
    };
    for (std::size_t i = 0; i < script.strikes.size(); ++i) {
        for (std::size_t k = 0; k < script.strikes[i].changes.size(); ++k) {
            const std::int64_t amount = script.strikes[i].changes[k].amount;
            // The roundest first.
            for (const std::int64_t plain : {std::int64_t{1},
                                             std::int64_t{10},
                                             std::int64_t{100},
                                             std::int64_t{1000},
                                             std::abs(amount) / 2,
                                             std::min(std::abs(amount), std::int64_t{10}) - 1}) {
                if (plain < 1 || plain >= std::abs(amount)) continue;
                change_some(i, k, [&](replica::Mutation& change) {
                    change.amount = amount < 0 ? -plain : plain;
                });
            }
            change_some(i, k, [](replica::Mutation& change) {
                if (change.mutator == replica::Mutator::Creep)
                    change.mutator = replica::Mutator::InflateCommit;
            });
        }
    }
    return all;
}

std::vector<Override> smaller(const Simulation& simulation, Knob knob) {
    std::vector<Override> all;
    const KnobEntry& entry = knob_table()[static_cast<std::size_t>(knob)];
    const std::int64_t now = knobs_of(simulation)[knob];
    for (std::int64_t less = std::max<std::int64_t>(entry.from(), 2); less < now; less *= 2)
        all.emplace_back(knob, less);
    return all;
}

Script with_sessions(Script script) {
    std::set<std::int32_t> begun;
    for (ScriptOp& operation : script.operations) {
        if (begun.insert(operation.client).second) operation.op = {.f = session};
    }
    return script;
}

Script warped(const Script& script, Rng rng) {
    std::map<Nanos, Nanos> to{{0, 0}};
    Nanos before = 0;
    Nanos now = 0;
    for (const Nanos moment : moments(script)) {
        now += (moment - before) * rng.between(25, 150) / 100;
        to[moment] = now;
        before = moment;
    }
    return moved(script, [&to](Nanos time) { return to.at(time); });
}

Script with_earlier_places(Script script, std::size_t entries) {
    for (Strike& strike : script.strikes) {
        const bool placed = strike.deed == Deed::Rot || strike.deed == Deed::Misdirect ||
                            strike.deed == Deed::Misread;
        const std::size_t slot =
            strike.zone == Zone::Headers ? sizeof(Header) : std::size_t{slot_bytes};
        const auto by = static_cast<std::int64_t>(entries * slot);
        if (placed && strike.amount >= by) strike.amount -= by;
    }
    return script;
}

std::vector<Script> plainer_operations(const Script& script) {
    std::vector<Script> all;
    const auto add = [&](Script less) {
        if (less != script) all.push_back(std::move(less));
    };
    Script one_client = script;
    Script one_key = script;
    Script any_node = script;
    for (std::size_t i = 0; i < script.operations.size(); ++i) {
        one_client.operations[i].client = 0;
        if (!one_key.operations[i].op.key.is_absent()) one_key.operations[i].op.key = Value(0);
        any_node.operations[i].node = 0;
    }
    add(std::move(one_client));
    add(std::move(one_key));
    add(std::move(any_node));
    for (std::size_t i = 0; i < script.operations.size(); ++i) {
        const Value key = script.operations[i].op.key;
        const Invocation& now = script.operations[i].op;
        if (now.f == session) continue;
        Script only_session = script;
        only_session.operations[i].op = {.f = session};
        add(std::move(only_session));
        const Invocation read{.f = "read", .key = key.is_absent() ? Value(0) : key};
        const Invocation write{
            .f = "write", .key = read.key, .arg = Value(static_cast<int>(i + 1))};
        if (now.f == "read") continue;
        Script less = script;
        less.operations[i].op = read;
        add(less);
        less.operations[i].op = write;
        add(std::move(less));
    }
    return all;
}

std::vector<Script> shorter_waits(const Script& script) {
    std::vector<std::pair<Nanos, Nanos>> gaps; // length, beginning
    Nanos before = 0;
    for (const Nanos moment : moments(script)) {
        if (moment - before > 2 * millisecond) gaps.emplace_back(moment - before, before);
        before = moment;
    }
    std::ranges::sort(gaps, std::greater());
    std::vector<Script> all;
    for (const auto& [length, beginning] : gaps) {
        for (const Nanos less : {length * 15 / 16, length / 2}) {
            all.push_back(moved(script, [&, end = beginning + length](Nanos time) {
                return time < end ? time : time - less;
            }));
        }
    }
    return all;
}

std::vector<Script> rounder_times(const Script& script) {
    std::vector<Script> all;
    for (const Nanos unit : {10 * millisecond, millisecond, millisecond / 10, millisecond / 100}) {
        Script round =
            moved(script, [unit](Nanos time) { return (time + unit / 2) / unit * unit; });
        round.stop = script.stop;
        if (round != script) all.push_back(std::move(round));
    }
    return all;
}

std::vector<std::string> told(const Script& script) {
    std::vector<std::pair<Nanos, std::string>> lines;
    for (const Strike& strike : script.strikes) {
        std::string line = story(strike);
        // So many messages are over by themselves.
        const bool counted = strike.deed == Deed::Lie && strike.amount != 0;
        if (has_until(strike) && !(counted && strike.until == Strike::to_the_end)) {
            line += strike.until == Strike::to_the_end
                        ? ", until all is healed"
                        : fmt::format(", until {} ms", milliseconds(strike.until));
        }
        lines.emplace_back(strike.at, std::move(line));
    }
    for (const ScriptOp& operation : script.operations)
        lines.emplace_back(operation.at, story(operation));
    std::ranges::stable_sort(lines, {}, &std::pair<Nanos, std::string>::first);
    std::vector<std::string> all;
    for (const auto& [at, line] : lines)
        all.push_back(fmt::format("{:>12} ms  {}", milliseconds(at), line));
    return all;
}

} // namespace faultlab::simulator
