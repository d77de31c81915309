// What scripts say to people, and the words that they write parts of lines with.

#include "simulator/lie_conditions.hpp"
#include "simulator/script_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace faultlab::simulator {

std::string word(Endpoint one) {
    return is_client(one) ? fmt::format("c{}", one - client_base + 1) : fmt::format("n{}", one);
}
std::string word(const Link& link) {
    return word(link.from) + ">" + word(link.to);
}
std::string word(Command command) {
    return replica::name(command);
}
std::string word(const replica::Mutation& change) {
    std::string all = fmt::format("{}:{}", replica::entry(change.mutator).name, change.amount);
    if (change.seed != replica::Mutation{}.seed || !change.seals)
        all += fmt::format(":{}", change.seed);
    if (!change.seals) all += ":unsealed";
    return all;
}

namespace {

std::string lie(const Strike& strike) {
    std::vector<Endpoint> receivers;
    for (const Link& link : strike.links)
        receivers.push_back(link.to);
    const std::string who = word(strike.links.front().from);
    if (strike.deed == Deed::FalseCheckpoint)
        return fmt::format("{} {}: {}",
                           who,
                           deed_table()[static_cast<std::size_t>(strike.deed)].what,
                           list(receivers, " "));
    std::string which;
    if (strike.amount == 1) which = "its next ";
    if (strike.amount > 1) which = fmt::format("its next {} ", strike.amount);
    which += strike.messages.empty() ? "messages" : list(strike.messages, " and ");
    std::string line = fmt::format(
        "{} lies to {} in {}: {}", who, list(receivers, " "), which, list(strike.changes, ", "));
    if (strike.truth_first) line += ", after the truth";
    const auto condition = std::ranges::find(lie_conditions(), strike.when, &LieCondition::name);
    if (condition != lie_conditions().end()) line += fmt::format(", {}", condition->what);
    return line;
}

std::string sentence(const Strike& strike) {
    const std::string who = list(strike.nodes, " ");
    const std::string where =
        strike.links.empty() ? std::string("anybody") : list(strike.links, " ");
    const std::string which =
        strike.messages.empty() ? std::string("messages") : list(strike.messages, " and ");
    switch (strike.deed) {
        case Deed::Cut: return fmt::format("nothing gets through {}", where);
        case Deed::Drop: return fmt::format("{} of {} are lost", which, where);
        case Deed::Hold: return fmt::format("{} of {} come only at the end of it", which, where);
        case Deed::Repeat:
            return fmt::format("the first {} {} of {} come once more", strike.amount, which, where);
        case Deed::SlowLinks:
            return fmt::format(
                "messages of {} take {} ms more", where, milliseconds(strike.amount));
        case Deed::Loss:
            return fmt::format("{} of a thousand messages of {} are lost", strike.amount, where);
        case Deed::Duplicates:
            return fmt::format("{} of a thousand messages come twice", strike.amount);
        case Deed::Disorder: return "messages of a link overtake each other";
        case Deed::Delay:
            return fmt::format("messages take up to {} ms", milliseconds(strike.amount));
        case Deed::Rot:
        case Deed::Misdirect:
        case Deed::Misread:
        case Deed::ReadError:
        case Deed::WriteError:
        case Deed::SyncError:
        case Deed::StalledZone:
            return fmt::format("{} {} ({})",
                               who,
                               deed_table()[static_cast<std::size_t>(strike.deed)].what,
                               replica::name(strike.zone));
        case Deed::SlowDisk:
            return fmt::format("{} has a disk {} times slower", who, strike.amount);
        case Deed::ClockRate:
            return fmt::format("the clock of {} goes at {} of a thousand", who, strike.amount);
        case Deed::TimerRate:
            return fmt::format("the timer {} of {} goes at {} of a thousand",
                               replica::name(strike.timer),
                               who,
                               strike.amount);
        case Deed::WallClock:
            return fmt::format(
                "the wall clock of {} is {} ms off", who, strike.amount / millisecond);
        case Deed::Crash:
        case Deed::PowerCut:
            return fmt::format(
                "{} {}{}{}",
                who,
                deed_table()[static_cast<std::size_t>(strike.deed)].what,
                strike.in_step.empty() ? "" : ", in the step of its next " + strike.in_step,
                strike.amount == 0 ? "" : fmt::format(", to be release {} then", strike.amount));
        case Deed::Lie:
        case Deed::FalseCheckpoint: return lie(strike);
        default:
            return fmt::format(
                "{} {}", who, deed_table()[static_cast<std::size_t>(strike.deed)].what);
    }
}

} // namespace

std::string story(const Strike& strike) {
    return sentence(strike);
}

std::string story(const ScriptOp& operation) {
    if (operation.op.f == Client::session_only)
        return fmt::format("c{} begins its session", operation.client + 1);
    std::string what = fmt::format("c{} asks", operation.client + 1);
    if (operation.node != 0) what += fmt::format(" n{}", operation.node);
    what += fmt::format(" to {}", operation.op.f);
    if (!operation.op.key.is_absent()) what += " key " + to_text(operation.op.key);
    if (!operation.op.arg.is_absent()) what += " " + to_text(operation.op.arg);
    return what;
}

} // namespace faultlab::simulator
