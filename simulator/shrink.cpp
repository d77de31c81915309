#include "simulator/shrink.hpp"

#include "core/check.hpp"
#include "simulator/candidates.hpp"
#include "simulator/minimise.hpp"
#include "simulator/setup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>
#include <span>
#include <utility>

namespace faultlab::simulator {
namespace {

/// What a simulation with other delays may take longer until it shows the same.
constexpr Nanos slack = 150 * millisecond;
// More than so many nobody keeps in mind.
constexpr std::size_t few_faults = 3;
constexpr std::size_t few_operations = 4;

Size size_of(const Simulation& simulation, const Outcome& outcome, const Script& script) {
    return {.faults = script.strikes.size(),
            .operations = operation_count(script),
            .sessions = script.operations.size() - operation_count(script),
            .events = outcome.events,
            .nodes = static_cast<std::uint64_t>(knobs_of(simulation)[Knob::Voters] +
                                                knobs_of(simulation)[Knob::Standbys])};
}

class Shrinker {
public:
    Shrinker(const Simulation& simulation, const ShrinkOptions& options)
        : options_(options), current_(simulation), chance_(Rng(simulation.seed).split("shrink")) {}

    Result<Shrunk> run() {
        FAULTLAB_DO(begin());
        if (!options_.enough || !options_.enough()) search();
        return result();
    }

private:
    // --- running

    /// Of what the planted bugs do not do nothing can be learnt about them. Lies, left where others
    /// went, may deceive who has no bug.
    [[nodiscard]] bool wrong_without_bugs(Simulation candidate) {
        candidate.bugs = {};
        ++runs_;
        return !simulate(candidate).alarms.empty();
    }

    [[nodiscard]] bool spent() const {
        return runs_ >= options_.runs_most || (options_.enough && options_.enough());
    }

    /// How often a candidate is tried: the smaller, the oftener.
    [[nodiscard]] std::uint64_t tries() const {
        constexpr std::uint64_t least = 2;
        const std::uint64_t fit = patience_ * 40'000 / (events_ + 1);
        return std::clamp(fit, least, std::max(least, most_tries_));
    }

    /// Takes the candidate when it shows the same, with its delays or with others.
    bool attempt(Simulation candidate) {
        candidate.only_safety = in_safety_;
        const Script told = *candidate.script;
        const std::uint64_t most = tries();
        for (tried_ = 0; tried_ < most; ++tried_) {
            if (spent()) return false;
            if (tried_ > 0) candidate.script = otherwise(told);
            ++runs_;
            const Outcome outcome = simulate(candidate);
            if (outcome.alarms.empty() || signature_of(outcome.alarms.front()) != signature_)
                continue;
            if (clean_without_bugs_ && wrong_without_bugs(candidate)) continue;
            if (in_safety_)
                candidate.script->stop = std::min(candidate.script->stop, outcome.alarmed + slack);
            current_ = std::move(candidate);
            events_ = outcome.events;
            return true;
        }
        return false;
    }

    /// With other delays, and every other time at other times.
    [[nodiscard]] Script otherwise(const Script& told) {
        Script other = told;
        if (++draws_ % 2 == 0 && !exact_times_) {
            other = warped(told, chance_.split(fmt::format("warp/{}", draws_)));
            // Later than it has to be costs little.
            if (in_safety_) other.stop = std::max(other.stop, told.stop);
        }
        // Entries have moved by as many as are left out.
        const std::size_t less = script().operations.size() - told.operations.size();
        if (draws_ % 4 > 1 && less > 0) other = with_earlier_places(std::move(other), less);
        other.draws = draws_;
        return other;
    }

    bool attempt_script(Script script) {
        Simulation candidate = current_;
        script.draws = current_.script->draws;
        candidate.script = std::move(script);
        return attempt(std::move(candidate));
    }

    void progress(std::string_view stage) {
        if (!options_.progress) return;
        options_.progress(fmt::format("{:12} {} faults, {} operations, {} events ({} runs)",
                                      stage,
                                      script().strikes.size(),
                                      operation_count(script()),
                                      events_,
                                      runs_));
    }

    [[nodiscard]] const Script& script() const { return *current_.script; }
    [[nodiscard]] bool lies() const {
        return std::ranges::any_of(script().strikes, is_lie, &Strike::deed);
    }

    // --- the beginning

    /// Tells the simulation as a script that ends at what is wrong.
    Result<void> begin() {
        current_.writes_script = true;
        current_.trace = {};
        const Outcome outcome = simulate(current_);
        current_.writes_script = false;
        if (outcome.alarms.empty()) {
            return usage_error(fmt::format("nothing is wrong with this simulation ({})",
                                           outcome.reason.empty() ? "valid" : outcome.reason),
                               "faultlab sim prints the seeds of those with which something is");
        }
        signature_ = signature_of(outcome.alarms.front());
        Script whole = current_.script ? *current_.script : *outcome.script;
        if (const auto playable = check_playable(whole); !playable)
            return lab_error("what was done cannot be told as a script: " +
                                 playable.error().message,
                             reproduction(original_));
        in_safety_ = outcome.alarmed >= 0 && outcome.alarmed <= outcome.script->stop;
        before_ = size_of(current_, outcome, *outcome.script);
        events_ = outcome.events;
        if (in_safety_) whole.stop = outcome.alarmed + slack;
        current_.script = whole;
        events_ = 0; // it is tried often, whatever that costs
        most_tries_ = 30;
        if (attempt(current_)) {
            clean_without_bugs_ = current_.bugs.any() && lies() && !wrong_without_bugs(current_);
            return {};
        }
        return lab_error(fmt::format("{} is not seen again when the faults and operations of the "
                                     "simulation are told one by one",
                                     signature_.by),
                         reproduction(original_));
    }

    // --- the search

    /// What a descent came down to.
    struct Found {
        Simulation simulation;
        std::uint64_t events = 0;
        bool complete = false;
        std::vector<Needed> needed;

        [[nodiscard]] std::size_t parts() const {
            return simulation.script->strikes.size() + simulation.script->operations.size();
        }
        [[nodiscard]] bool small() const {
            return simulation.script->strikes.size() <= few_faults &&
                   simulation.script->operations.size() <= few_operations;
        }
    };
    [[nodiscard]] Found found() const { return {current_, events_, complete_, needed_}; }
    void go_on_from(const Found& found) {
        current_ = found.simulation;
        events_ = found.events;
        complete_ = found.complete;
        needed_ = found.needed;
    }

    /// Which parts go first is partly chance, and what is left then cannot do without others: what
    /// is not small is begun anew.
    void search() {
        constexpr int descents = 4;
        progress("as it was");
        most_tries_ = few_tries;
        prefix();
        topology();
        attempt_script(with_sessions(script()));
        const Found start = found();
        Found best = start;
        for (int descent = 0; descent < descents && !spent(); ++descent) {
            go_on_from(start);
            descend(descent % 2 == 0);
            if (descent == 0 || found().parts() < best.parts()) best = found();
            if (best.small()) break;
        }
        go_on_from(best);
        round_times();
        end_at_alarm();
    }

    /// With plain knobs less has to be said, and now and then more has to be done.
    void descend(bool plain_knobs) {
        bool certain = false;
        for (bool first = true; !certain && !spent(); first = false) {
            const Script before = script();
            leave_out("faults", &Script::strikes);
            if (!first) draw("faults", &Script::strikes, few_faults);
            if (!first) topology();
            if (plain_knobs) knobs();
            leave_out("operations", &Script::operations);
            if (!first) draw("operations", &Script::operations, few_operations);
            plain();
            certain = !first && script() == before && certified();
        }
    }

    /// What is left is to be read easily.
    void plain() {
        exhaust("weaker", weaker_faults);
        if (clean_without_bugs_) exhaust("plainer", plainer_lies);
        exhaust("simpler", plainer_operations);
        exhaust("times", shorter_waits);
    }

    void prefix() {
        Script less = script();
        std::erase_if(less.strikes, [&](const Strike& strike) { return strike.at > less.stop; });
        std::erase_if(less.operations, [&](const ScriptOp& op) { return op.at > less.stop; });
        attempt_script(std::move(less));
        progress("prefix");
    }

    void topology() {
        for (const Simulation& candidate : smaller_clusters(current_)) {
            if (attempt(candidate)) break;
        }
        progress("topology");
    }

    /// Leaves items out of the script as long as it shows the same.
    template <class Item>
    void leave_out(std::string_view stage, std::vector<Item> Script::*items) {
        std::vector<std::size_t> left((script().*items).size()); // of those at the beginning
        std::iota(left.begin(), left.end(), std::size_t{0});
        // Of many each is tried less often: a pass costs about the same.
        most_tries_ = 400 / (left.size() + 1);
        minimise(left.size(), [&](const std::vector<std::size_t>& kept) {
            const bool shows = attempt_script(only(items, [&](std::size_t index) {
                return std::ranges::binary_search(kept, left[index]);
            }));
            if (shows) left = kept;
            return shows;
        });
        most_tries_ = few_tries;
        progress(stage);
    }

    /// The script with those of its items of which `keep` holds.
    template <class Item, class Keep>
    [[nodiscard]] Script only(std::vector<Item> Script::*items, Keep keep) const {
        Script less = script();
        (less.*items).clear();
        for (std::size_t i = 0; i < (script().*items).size(); ++i) {
            if (keep(i)) (less.*items).push_back((script().*items)[i]);
        }
        return less;
    }

    /// Keeps some items that are drawn by chance: what no one can do without, two may.
    template <class Item>
    void draw(std::string_view stage, std::vector<Item> Script::*items, std::size_t few) {
        constexpr std::size_t many = 60;
        constexpr int samples = 150;
        most_tries_ = 3;
        for (int sample = 0; sample < samples && !spent(); ++sample) {
            const std::size_t count = (script().*items).size();
            if (count <= few || count > many) break;
            std::vector<std::size_t> order(count);
            std::iota(order.begin(), order.end(), std::size_t{0});
            chance_.shuffle(std::span(order));
            // Mostly a pair is left out, or three.
            const std::size_t out =
                chance_.chance(2, 3) ? 2 + chance_.below(2) : 1 + chance_.below(count - 1);
            order.resize(count - std::min(out, count - 1));
            std::ranges::sort(order);
            const bool shows = attempt_script(only(items, [&](std::size_t index) {
                return std::ranges::binary_search(order, index);
            }));
            if (shows) sample = 0;
        }
        most_tries_ = few_tries;
        progress(stage);
    }

    /// Goes through candidates of one kind until none of them shows the same.
    void exhaust(std::string_view stage, std::vector<Script> (*candidates)(const Script&)) {
        for (bool again = true; again && !spent();) {
            again = false;
            std::vector<Script> all = candidates(script());
            for (std::size_t at = 0; at < all.size() && !spent();) {
                if (attempt_script(std::move(all[at]))) {
                    again = true;
                    all = candidates(script()); // the others are old now
                } else {
                    ++at;
                }
            }
        }
        progress(stage);
    }

    void knobs() {
        const std::vector<Override> all = plainer_knobs(current_);
        if (!attempt(with_knobs(current_, all))) {
            for (const Override& one : all)
                attempt(with_knobs(current_, std::span(&one, 1)));
        }
        for (const Knob knob : {Knob::Slots, Knob::CheckpointEvery, Knob::Sessions}) {
            for (const Override& one : smaller(current_, knob)) {
                if (attempt(with_knobs(current_, std::span(&one, 1)))) break;
            }
        }
        progress("knobs");
    }

    // --- the end

    /// Tries to leave out each fault and operation once more, patiently, and writes down that it
    /// cannot be. False when one could.
    bool certified() {
        needed_.clear();
        complete_ = true;
        const std::size_t faults = script().strikes.size();
        patience_ = 10;
        most_tries_ =
            std::clamp<std::uint64_t>(2'000 / (faults + script().operations.size() + 1), 10, 100);
        for (std::size_t i = 0; i < faults + script().operations.size(); ++i) {
            Script less = script();
            std::string what;
            if (i < faults) {
                what = story(less.strikes[i]);
                less.strikes.erase(less.strikes.begin() + static_cast<std::ptrdiff_t>(i));
            } else {
                const auto op = static_cast<std::ptrdiff_t>(i - faults);
                what = story(less.operations[i - faults]);
                less.operations.erase(less.operations.begin() + op);
            }
            complete_ = !attempt_script(std::move(less)) && !spent();
            if (!complete_) break;
            needed_.push_back({.what = std::move(what), .runs = tried_});
        }
        patience_ = 1;
        most_tries_ = few_tries;
        progress("needed");
        return complete_;
    }

    void round_times() {
        exact_times_ = true;
        for (Script& round : rounder_times(script())) {
            if (attempt_script(std::move(round))) break;
        }
        exact_times_ = false;
        progress("round");
    }

    /// Nothing is waited for once it has been seen.
    void end_at_alarm() {
        if (!in_safety_) return;
        Simulation exact = current_;
        exact.script->stop = simulate(exact).alarmed;
        const Outcome again = simulate(exact);
        if (!again.alarms.empty() && signature_of(again.alarms.front()) == signature_)
            current_ = exact;
    }

    Result<Shrunk> result() {
        current_.only_safety = false;
        Shrunk shrunk{.signature = signature_,
                      .simulation = current_,
                      .outcome = simulate(current_),
                      .before = before_,
                      .runs = runs_,
                      .complete = complete_,
                      .needed = std::move(needed_)};
        shrunk.after = size_of(current_, shrunk.outcome, script());
        shrunk.story = told(script());
        if (!in_safety_) tell_core(shrunk);
        for (std::uint64_t i = 0; i < repeats; ++i) {
            const Outcome again = simulate(current_);
            const bool same = again.chain == shrunk.outcome.chain && !again.alarms.empty() &&
                              signature_of(again.alarms.front()) == signature_;
            shrunk.repeated += same ? 1 : 0;
        }
        Simulation clean = current_;
        clean.bugs = {};
        shrunk.without_bugs = simulate(clean).alarms.empty();
        return shrunk;
    }

    /// What comes after the script is part of what happens.
    static void tell_core(Shrunk& shrunk) {
        const auto& events = shrunk.outcome.record.events;
        const auto core = std::ranges::find(events, "core", &faultlab::Event::kind);
        if (core == events.end()) return;
        const auto word = [&core](const char* name) {
            const std::string* const text = core->fields.at(name).text();
            return text == nullptr ? std::string() : *text;
        };
        shrunk.story.push_back(fmt::format("{:>12} ms  all is healed for {}; {}",
                                           milliseconds(core->t),
                                           word("members"),
                                           word("others")));
    }

    const ShrinkOptions& options_;
    Simulation current_; ///< shows the same
    Simulation original_ = current_;
    Rng chance_;
    Signature signature_;
    bool in_safety_ = false;          ///< a monitor sees it while clients work
    bool clean_without_bugs_ = false; ///< with its lies; so must candidates be
    Size before_;
    std::uint64_t runs_ = 0;
    std::uint64_t draws_ = 0;
    std::uint64_t events_ = 0; ///< of `current_`
    static constexpr std::uint64_t few_tries = 4;
    std::uint64_t most_tries_ = few_tries; ///< of one candidate
    std::uint64_t patience_ = 1;           ///< more: so many times as many, where they cost much
    std::uint64_t tried_ = 0;              ///< of the last candidate
    bool exact_times_ = false;             ///< of a candidate, of which they are the point
    bool complete_ = false;
    std::vector<Needed> needed_;
};

} // namespace

Signature signature_of(const Alarm& alarm) {
    Signature signature{.by = alarm.by};
    // Of checkers and of liveness the sentence tells which operations, and how many.
    const bool rule = alarm.by.size() > 1 && alarm.by[0] != 'L' &&
                      (std::isdigit(static_cast<unsigned char>(alarm.by[1])) || alarm.by == "halt");
    if (!rule) return signature;
    bool in_number = false;
    for (const char c : alarm.what) {
        const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
        const bool hex = in_number && std::isxdigit(static_cast<unsigned char>(c)) != 0;
        if (digit && !in_number) signature.shape += '#';
        in_number = digit || hex;
        if (!in_number) signature.shape += c;
    }
    return signature;
}

Result<Shrunk> shrink(const Simulation& simulation, const ShrinkOptions& options) {
    return Shrinker(simulation, options).run();
}

} // namespace faultlab::simulator
