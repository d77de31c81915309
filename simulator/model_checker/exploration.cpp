#include "simulator/model_checker/exploration.hpp"

#include "checker/monitors/monitor_set.hpp"
#include "simulator/model_checker/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <utility>

namespace faultlab::simulator {
namespace {

/// Checksums, in an open table: no more than what is needed to know which were seen.
class Seen {
public:
    Seen() : places_(1U << 16U) {}

    /// Whether it was not there.
    bool insert(const Checksum& key) {
        if (count_ * 4 >= places_.size() * 3) grow();
        if (!place(places_, key)) return false;
        ++count_;
        return true;
    }

private:
    static bool place(std::vector<Checksum>& places, const Checksum& key) {
        const std::size_t mask = places.size() - 1;
        std::size_t at = key.low & mask;
        while (places[at] != Checksum{}) {
            if (places[at] == key) return false;
            at = (at + 1) & mask;
        }
        places[at] = key;
        return true;
    }
    void grow() {
        std::vector<Checksum> more(places_.size() * 2);
        for (const Checksum& key : places_)
            if (key != Checksum{}) place(more, key);
        places_ = std::move(more);
    }

    std::vector<Checksum> places_; ///< all zero: empty
    std::size_t count_ = 0;
};

/// How a state was reached first: one action more than another.
struct Way {
    std::uint32_t before = 0;
    Action action;
    Histories::Moment after = 0; ///< of the replica that acted
};

class Explorer {
public:
    Explorer(const Bounds& bounds, const BugSet& bugs) : bounds_(bounds), schedule_(bounds, bugs) {
        along_.emplace_back();
        for (const auto& [id, moment] : schedule_.prologue())
            tell(along_.back().rules, id, moment);
    }

    Exploration run(const OnDepth& on_depth) {
        std::vector<Reached> states = {{schedule_.first(), 0}};
        seen_.insert(schedule_.key(schedule_.first()));
        result_.states = 1;
        judge(0);
        while (!result_.counterexample && result_.depth < bounds_.depth) {
            std::vector<Reached> next;
            for (const Reached& each : states) {
                expand(each, next);
                if (result_.counterexample || result_.states >= bounds_.states) return finish();
            }
            ++result_.depth;
            states = std::move(next);
            result_.exhausted = states.empty();
            result_.moments = schedule_.moments();
            on_depth(result_);
            if (result_.exhausted) break;
        }
        return finish();
    }

private:
    struct Reached {
        State state;
        std::uint32_t way = 0;
    };

    Exploration finish() {
        result_.moments = schedule_.moments();
        return std::move(result_);
    }

    void expand(const Reached& from, std::vector<Reached>& next) {
        for (const Action& action : schedule_.actions(from.state)) {
            State child = schedule_.after(from.state, action);
            ++result_.transitions;
            if (!seen_.insert(schedule_.key(child))) continue;
            ++result_.states;
            const auto way = static_cast<std::uint32_t>(ways_.size());
            const Histories::Moment after = child.at[action.at - 1U];
            ways_.push_back({from.way, action, after});
            if (schedule_.replica(action.at).telling(after)) judge(way);
            if (result_.counterexample) return;
            next.push_back({std::move(child), way});
        }
    }

    /// States of one depth come one after the other as their parents did, so that most of the way
    /// to each is that to the one before.
    void judge(std::uint32_t way) {
        std::vector<std::uint32_t> path;
        for (std::uint32_t at = way; at != 0; at = ways_[at].before)
            path.push_back(at);
        std::ranges::reverse(path);
        std::size_t shared = 0;
        while (shared < path.size() && shared + 1 < along_.size() &&
               along_[shared + 1].way == path[shared])
            ++shared;
        while (along_.size() > shared + 1)
            along_.pop_back();
        for (; shared < path.size(); ++shared) {
            along_.emplace_back(path[shared], along_.back().rules);
            tell(along_.back().rules, ways_[path[shared]].action.at, ways_[path[shared]].after);
        }
        const Alarms alarms = along_.back().rules.take_alarms();
        if (alarms.empty()) return;
        const Alarm& alarm = alarms.front();
        Counterexample found{
            .violation = fmt::format("{}: replica {}: {}", alarm.rule, alarm.node + 1, alarm.what)};
        for (const std::uint32_t step : path)
            found.actions.push_back(schedule_.text(ways_[step].action));
        result_.counterexample = std::move(found);
    }

    void tell(MonitorSet& rules, ReplicaId id, Histories::Moment moment) const {
        for (const Told& told : schedule_.replica(id).told(moment))
            rules.on(told.event());
    }

    /// The rules as they are once they were told of the way to a state.
    struct Judges {
        std::uint32_t way = 0;
        MonitorSet rules;
        explicit Judges(std::uint32_t of = 0, const MonitorSet& before = {})
            : way(of), rules(before) {}
    };

    Bounds bounds_;
    Schedule schedule_;
    std::vector<Way> ways_{1}; ///< the first: how it begins
    std::deque<Judges> along_; ///< the way to the state that was judged last, from the beginning
    Seen seen_;
    Exploration result_;
};

} // namespace

Exploration explore(const Bounds& bounds, const BugSet& bugs, const OnDepth& on_depth) {
    return Explorer(bounds, bugs).run(on_depth);
}

} // namespace faultlab::simulator
