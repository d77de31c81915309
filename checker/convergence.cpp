// Checker `convergence`.
// Judges: once all faults are healed and every replica runs again, all come to the same: at its
// last word each replica is normal, knows the newest view, and has committed and applied what any
// replica had committed a while before: option lag_ms, by default a second.
// Needs: the samples "term", "commit", "applied" and "normal" (0 or 1) of every replica; where
// terms begin anew with each membership also "epoch". Unknown when a replica was not heard of to
// the end, or a fault was never healed. A replica that ended by itself after the heal, and was not
// there again, has not converged; nor has a cluster that did not serve again in the time that the
// plan gives it.

#include "checker/catalogue_entries.hpp"
#include "core/checker.hpp"
#include "core/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

/// What one replica last said, and when.
struct LastWord {
    Nanos t = -1;
    std::map<std::string, std::int64_t, std::less<>> values;
    Nanos t_normal = -1; ///< when it last said that it was normal
};

/// Terms of a later membership begin anew.
struct View {
    std::int64_t epoch = 0;
    std::int64_t term = 0;
    friend auto operator<=>(const View&, const View&) = default;
};

std::string text(const View& view, bool epochs) {
    return epochs ? fmt::format("{}.{}", view.epoch, view.term) : fmt::format("{}", view.term);
}

std::string words_for(Nanos lag) {
    return lag == second ? "a second" : fmt::format("{} ms", lag / millisecond);
}

constexpr std::array<std::string_view, 4> needed = {"term", "commit", "applied", "normal"};

class ConvergenceCheck {
public:
    ConvergenceCheck(const Record& record, Nanos lag)
        : record_(record), lag_(lag), before_(words_for(lag)) {
        result_.checker = "convergence";
        result_.verdict = Verdict::valid;
        epochs_ =
            std::ranges::find(record.samples, "epoch", &Sample::metric) != record.samples.end();
    }

    CheckResult run() {
        const std::optional<Nanos> healed = heal_time();
        if (!healed) return std::move(result_);
        std::vector<LastWord> words = last_words(*healed);
        result_.statistics["t_healed_ns"] = *healed;
        for (const LastWord& word : words)
            t_end_ = std::max(t_end_, word.t);
        for (std::size_t i = 0; i < words.size(); ++i)
            judge(static_cast<NodeId>(i), words[i], *healed);
        result_.reason = fmt::format("{}", fmt::join(wrong_.empty() ? missing_ : wrong_, "; "));
        if (!missing_.empty()) result_.verdict = Verdict::unknown;
        if (!wrong_.empty()) result_.verdict = Verdict::invalid;
        return std::move(result_);
    }

private:
    /// From when on all should be well; nothing when that never came, with the verdict set.
    std::optional<Nanos> heal_time() {
        const auto doubt = [this](std::string reason) {
            result_.verdict = Verdict::unknown;
            result_.reason = std::move(reason);
            return std::nullopt;
        };
        if (record_.cluster.nodes.empty()) return doubt("the record has no replicas");
        Nanos last = 0;
        for (const FaultRecord& fault : record_.faults) {
            if (fault.t_ended < 0) return doubt("a fault was never healed");
            last = std::max(last, fault.t_ended);
        }
        for (const Event& event : record_.events) {
            if (event.kind == "recovered") return std::max(last, event.t);
            if (event.kind != "not_recovered") continue;
            const auto reason = event.fields.find("reason");
            wrong_.push_back(reason == event.fields.end() || reason->second.text() == nullptr
                                 ? std::string("the cluster did not recover after the last heal")
                                 : *reason->second.text());
            result_.findings.push_back({.checker = "convergence",
                                        .anomaly = "not_recovered",
                                        .details = {{"what", wrong_.back()}}});
            return std::max(last, event.t);
        }
        return doubt("the run ended before the cluster was asked whether it had recovered");
    }

    std::vector<LastWord> last_words(Nanos since) const {
        std::vector<LastWord> words(record_.cluster.nodes.size());
        for (const Sample& sample : record_.samples) {
            const auto node = static_cast<std::size_t>(sample.node);
            if (sample.t < since || sample.node < 0 || node >= words.size()) continue;
            LastWord& word = words[node];
            word.t = sample.t;
            word.values.insert_or_assign(sample.metric, sample.value);
            if (sample.metric == "normal" && sample.value != 0) word.t_normal = sample.t;
        }
        return words;
    }

    /// Whether the replica forgot what it was at that moment, because its disk was lost since. A
    /// view that it alone had entered is no view that others must come to.
    bool forgot(NodeId node, Nanos at) const {
        return std::ranges::any_of(record_.faults, [&](const FaultRecord& fault) {
            return fault.fault.nemesis == "lost-disk" && fault.t_started >= at &&
                   std::ranges::find(fault.fault.targets, node) != fault.fault.targets.end();
        });
    }

    /// The newest view that any replica stated by then, and remembers, and who.
    std::pair<View, NodeId> newest_view(Nanos by) const {
        struct Stated {
            Nanos t_term = -1;
            Nanos t_epoch = -1;
            View view;
        };
        std::vector<Stated> stated(record_.cluster.nodes.size());
        std::pair<View, NodeId> best{{.epoch = -1}, no_node};
        for (const Sample& sample : record_.samples) {
            if (sample.t > by) break;
            const auto node = static_cast<std::size_t>(sample.node);
            if (sample.node < 0 || node >= stated.size()) continue;
            Stated& of = stated[node];
            if (sample.metric == "term") {
                of.t_term = sample.t;
                of.view.term = sample.value;
            } else if (sample.metric == "epoch") {
                of.t_epoch = sample.t;
                of.view.epoch = sample.value;
            } else {
                continue;
            }
            const bool whole = !epochs_ || of.t_term == of.t_epoch;
            if (whole && of.view > best.first && !forgot(sample.node, sample.t))
                best = {of.view, sample.node};
        }
        return best;
    }

    /// The highest value of a metric that any replica stated by then, and who.
    std::pair<std::int64_t, NodeId> highest(std::string_view metric, Nanos by) const {
        std::pair<std::int64_t, NodeId> best{-1, no_node};
        for (const Sample& sample : record_.samples) {
            if (sample.t > by) break;
            if (sample.metric == metric && sample.value > best.first)
                best = {sample.value, sample.node};
        }
        return best;
    }

    /// Whether the replica ended by itself and nothing was heard of it afterwards.
    bool died(NodeId node, Nanos last_heard, Nanos since) const {
        return std::ranges::any_of(record_.events, [&](const Event& event) {
            return event.node == node && event.kind == "died" && event.t >= since &&
                   event.t > last_heard;
        });
    }

    void judge(NodeId node, const LastWord& word, Nanos healed) {
        const std::string& name = record_.cluster.nodes[static_cast<std::size_t>(node)].name;
        if (died(node, word.t, healed)) {
            accuse(node, "ended by itself after the last heal", {});
            return;
        }
        const auto lacking = std::ranges::find_if(
            needed, [&](std::string_view metric) { return !word.values.contains(metric); });
        if (word.t < 0) {
            missing_.push_back(name + " was not heard of after the last heal");
        } else if (lacking != needed.end()) {
            missing_.push_back(fmt::format("{} does not state its '{}'", name, *lacking));
        } else if (word.t < t_end_ - 2 * lag_) {
            missing_.push_back(name + " was not heard of to the end");
        } else if (word.t < healed + lag_) {
            missing_.push_back(
                fmt::format("{} was heard of for less than {} after the last heal", name, before_));
        } else {
            compare(node, word);
        }
    }

    void compare(NodeId node, const LastWord& word) {
        if (word.t_normal < word.t - lag_) {
            accuse(node, "did not become normal", {});
            return;
        }
        const auto epoch = word.values.find("epoch");
        const View said{.epoch = epoch == word.values.end() ? 0 : epoch->second,
                        .term = word.values.find("term")->second};
        const auto [newest, who] = newest_view(word.t - lag_);
        if (said < newest) {
            accuse(node,
                   fmt::format("is in view {}; {} was in view {} {} before",
                               text(said, epochs_),
                               record_.cluster.nodes[static_cast<std::size_t>(who)].name,
                               text(newest, epochs_),
                               before_),
                   {{"metric", "term"},
                    {"said", said.term},
                    {"known", newest.term},
                    {"known_by", who}});
            return;
        }
        compare_numbers(node, word);
    }

    void compare_numbers(NodeId node, const LastWord& word) {
        struct Rule {
            std::string_view said;
            std::string_view known;
            const char* words;
        };
        constexpr std::array rules = {Rule{"commit", "commit", "knows {} committed; {} {}"},
                                      Rule{"applied", "commit", "has applied {}; {} committed {}"}};
        for (const Rule& rule : rules) {
            const std::int64_t said = word.values.find(rule.said)->second;
            const auto [known, by] = highest(rule.known, word.t - lag_);
            if (said >= known) continue;
            const std::string& other = record_.cluster.nodes[static_cast<std::size_t>(by)].name;
            accuse(node,
                   fmt::format("{} {} before",
                               fmt::format(fmt::runtime(rule.words), said, other, known),
                               before_),
                   {{"metric", rule.said}, {"said", said}, {"known", known}, {"known_by", by}});
            return;
        }
    }

    void accuse(NodeId node, const std::string& what, Params details) {
        wrong_.push_back(record_.cluster.nodes[static_cast<std::size_t>(node)].name + " " + what);
        details["node"] = node;
        details["what"] = what;
        result_.findings.push_back(
            {.checker = "convergence", .anomaly = "not_converged", .details = std::move(details)});
    }

    const Record& record_;
    /// Replicas are not asked at the same moment, and operations go on to the end: what was known
    /// for so long must be known to all.
    Nanos lag_;
    std::string before_; ///< the lag in words
    CheckResult result_;
    bool epochs_ = false; ///< the record tells of them
    Nanos t_end_ = -1;    ///< of the last word of all
    std::vector<std::string> wrong_;
    std::vector<std::string> missing_;
};

class Convergence : public Checker {
public:
    explicit Convergence(Nanos lag) : lag_(lag) {}
    [[nodiscard]] CheckResult check(const Record& record, const Budget&) const override {
        return ConvergenceCheck(record, lag_).run();
    }

private:
    Nanos lag_;
};

} // namespace

std::vector<OptionSpec> convergence_options() {
    return {{.name = "lag_ms",
             .fallback = "1000",
             .choices = {},
             .help = "what was known for so long must be known to all",
             .range = std::pair{std::int64_t{1}, std::int64_t{600'000}}}};
}

Result<std::unique_ptr<Checker>> make_convergence(const Options& options) {
    FAULTLAB_TRY(const Options complete,
                 complete_options(options, convergence_options(), "checker convergence"));
    return std::unique_ptr<Checker>(
        std::make_unique<Convergence>(integer_option(complete, "lag_ms") * millisecond));
}

} // namespace faultlab
