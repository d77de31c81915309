// Checker `watch`.
// Judges what those were sent who watch a map with revisions, against the changes that are known:
// those whose writer was told the revision, and those that another watch was sent.
//   watch_filter        an event of a key that was not asked for
//   watch_ordered       an event older than the one before it
//   watch_unique        the same change twice
//   watch_atomic        a revision that was spread over several responses
//   watch_bookmarkable  an event that a progress notice before it had promised not to come
//   watch_resumable     an event before the start, or a known change between it and the first event
//   watch_reliable      a known change that was left out, or an event that contradicts what was
//   done watch_is_create     an event that wrongly says whether its key was there before
//   watch_prev_kv       an event that wrongly says what its key was before
// Operations: `put` v, `delete` on a key, `txn` of writes (null deletes) (ok: the revision; null
// where nothing was changed); `read`, of no meaning here; `watch` [from, to, start] (to is
// exclusive, null: only the key `from`; start 0: from now on) (ok: the responses in order:
// ["events", [event, …]], or ["progress", revision]). An event is [type, key, value, revision,
// creates, [previous]]; type "put" or "delete", the value of a deletion null; `creates` and the
// last may be left out or null: not told. The map is empty at first. What was before a change is
// known when no indeterminate write of its key is left of which nobody was sent anything, or when
// every revision since the known one was told to another writer. Unknown: no watch was sent an
// event. Cost: n log n, and for each watch the changes of its span. Cannot see: events that a watch
// is owed after its last one; changes that nobody was told of.

#include "checker/catalogue_entries.hpp"
#include "checker/judgement.hpp"
#include "checker/watch_log.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

constexpr std::array anomalies = {"watch_filter",
                                  "watch_ordered",
                                  "watch_unique",
                                  "watch_atomic",
                                  "watch_bookmarkable",
                                  "watch_resumable",
                                  "watch_reliable",
                                  "watch_is_create",
                                  "watch_prev_kv"};

using Place = std::pair<std::int64_t, ValueIds::Id>; ///< revision and key

class WatchCheck {
public:
    WatchCheck(const Record& record, const Budget& budget)
        : history_(record.history), judgement_("watch", record, budget) {}

    CheckResult run() {
        const bool known = judgement_.only({"put", "delete", "txn", "read", "watch"});
        if (known) log_ = read_watch_log(history_, judgement_);
        if (judgement_.stopped()) return judgement_.finish();
        for (const WatchLie& lie : log_.lies)
            accuse("watch_reliable", lie.watch, lie.source, lie.what);
        for (const Watch& watch : log_.watches) {
            judge_stream(watch);
            judge_completeness(watch);
        }
        for (const char* anomaly : anomalies)
            judgement_.tell(std::string(anomaly) + ".count", counts_[anomaly]);
        judgement_.tell("watch_count", static_cast<std::int64_t>(log_.watches.size()));
        judgement_.tell("event_count", events_);
        judgement_.tell("known_changes", static_cast<std::int64_t>(log_.changes.size()));
        judgement_.tell("events_before_unknown", before_unknown_);
        if (events_ == 0) judgement_.doubt("no watch was sent an event");
        return judgement_.finish();
    }

private:
    [[nodiscard]] std::string name(const WatchEvent& event) const {
        return fmt::format("the change of {} at revision {}",
                           to_text(log_.keys.value(event.key), 60),
                           event.revision);
    }

    void judge_stream(const Watch& watch) {
        std::set<Place> seen;
        std::int64_t last = -1;
        std::int64_t progress = -1;
        for (const WatchResponse& response : watch.responses) {
            if (response.progress) progress = std::max(progress, response.revision);
            bool first = true;
            for (const WatchEvent& event : response.events) {
                if (!judgement_.step()) return;
                ++events_;
                judge_asked(watch, event);
                if (event.revision < last)
                    accuse("watch_ordered", watch, event, fmt::format("after revision {}", last));
                if (event.revision == last && first)
                    accuse("watch_atomic", watch, event, "apart from others of that revision");
                if (!seen.emplace(event.revision, event.key).second)
                    accuse("watch_unique", watch, event, "a second time");
                if (event.revision <= progress) {
                    accuse("watch_bookmarkable",
                           watch,
                           event,
                           fmt::format("after all up to {} were said to be sent", progress));
                }
                judge_before(watch, event);
                last = event.revision;
                first = false;
            }
        }
    }

    void judge_asked(const Watch& watch, const WatchEvent& event) {
        if (!watch.covers(log_.keys.value(event.key)))
            accuse("watch_filter", watch, event, "without having asked for that key");
        if (event.revision < watch.start) {
            accuse("watch_resumable",
                   watch,
                   event,
                   fmt::format("having asked from revision {} on", watch.start));
        }
    }

    /// What the event says of the time before it.
    void judge_before(const Watch& watch, const WatchEvent& event) {
        if (!event.creates && !event.previous) return;
        const WatchChange* change = log_.find(event.revision, event.key);
        if (change == nullptr || change->value != event.value) return; // told already
        const auto& positions = log_.changes_of_key[event.key];
        const auto own = std::ranges::lower_bound(
            positions, static_cast<std::size_t>(change - log_.changes.data()));
        const WatchChange* before =
            own == positions.begin() ? nullptr : &log_.changes[*std::prev(own)];
        if (!surely_before(before, *change)) {
            ++before_unknown_;
            return;
        }
        const Value was = before == nullptr ? Value() : before->value;
        const OpId source = before == nullptr ? change->source : before->source;
        const bool creates = was.is_absent() && !change->value.is_absent();
        const std::string truth =
            was.is_absent() ? std::string("the key was not there") : "it was " + to_text(was, 60);
        if (event.creates && *event.creates != creates) {
            accuse("watch_is_create",
                   watch.op,
                   source,
                   fmt::format("{} was told that {} {} its key, and {} before",
                               client_of(history_, watch.op),
                               name(event),
                               *event.creates ? "creates" : "does not create",
                               truth));
        }
        if (event.previous && *event.previous != was) {
            accuse("watch_prev_kv",
                   watch.op,
                   source,
                   fmt::format("{} was told that before {} there was {}, and {}",
                               client_of(history_, watch.op),
                               name(event),
                               to_text(*event.previous, 60),
                               truth));
        }
    }

    [[nodiscard]] bool surely_before(const WatchChange* before, const WatchChange& change) const {
        if (log_.unknown_of_key[change.key] == 0) return true;
        if (before == nullptr) return false;
        const auto told = [&](std::int64_t revision) {
            return std::ranges::lower_bound(log_.acknowledged, revision);
        };
        return told(change.revision) - told(before->revision + 1) ==
               change.revision - before->revision - 1;
    }

    void judge_completeness(const Watch& watch) {
        std::set<Place> sent;
        std::int64_t end = -1;
        for (const WatchResponse& response : watch.responses) {
            end = std::max(end, response.revision);
            for (const WatchEvent& event : response.events) {
                sent.emplace(event.revision, event.key);
                end = std::max(end, event.revision);
            }
        }
        if (watch.start == 0 && sent.empty()) return;
        const std::int64_t first = sent.empty() ? end + 1 : sent.begin()->first;
        const std::int64_t start = watch.start == 0 ? first : watch.start;
        const auto judge = [&](const WatchChange& change) {
            const bool owed = watch.covers(log_.keys.value(change.key)) &&
                              !sent.contains({change.revision, change.key});
            if (owed) accuse_missing(watch, change, !sent.empty() && change.revision < first);
            return judgement_.step();
        };
        if (watch.to.is_absent()) {
            const ValueIds::Id key = log_.keys.find(watch.from);
            if (key == ValueIds::none) return;
            const auto& positions = log_.changes_of_key[key];
            const auto revision = [&](std::size_t i) { return log_.changes[i].revision; };
            for (auto i = std::ranges::lower_bound(positions, start, {}, revision);
                 i != positions.end() && revision(*i) <= end && judge(log_.changes[*i]);)
                ++i;
            return;
        }
        for (auto i = std::ranges::lower_bound(log_.changes, start, {}, &WatchChange::revision);
             i != log_.changes.end() && i->revision <= end && judge(*i);)
            ++i;
    }

    void accuse_missing(const Watch& watch, const WatchChange& change, bool at_start) {
        accuse(at_start ? "watch_resumable" : "watch_reliable",
               watch.op,
               change.source,
               fmt::format("{} was never sent the change of {} at revision {}, but {}",
                           client_of(history_, watch.op),
                           to_text(log_.keys.value(change.key), 60),
                           change.revision,
                           at_start ? fmt::format("asked from revision {} on", watch.start)
                                    : std::string("was sent later ones")));
    }

    void accuse(const std::string& anomaly,
                const Watch& watch,
                const WatchEvent& event,
                const std::string& how) {
        const WatchChange* change = log_.find(event.revision, event.key);
        accuse(anomaly,
               watch.op,
               change == nullptr ? -1 : change->source,
               fmt::format("{} was sent {} {}", client_of(history_, watch.op), name(event), how));
    }

    void accuse(const std::string& anomaly, OpId watch, OpId source, const std::string& what) {
        ++counts_[anomaly];
        std::vector<OpId> ops = {watch};
        if (source >= 0) ops.push_back(source);
        judgement_.accuse(
            {.anomaly = anomaly, .what = what, .ops = std::move(ops), .divergence = watch});
    }

    const History& history_;
    Judgement judgement_;
    WatchLog log_;
    std::map<std::string, std::int64_t> counts_; ///< by anomaly
    std::int64_t events_ = 0;
    std::int64_t before_unknown_ = 0;
};

class WatchChecker : public Checker {
public:
    [[nodiscard]] CheckResult check(const Record& record, const Budget& budget) const override {
        return WatchCheck(record, budget).run();
    }
};

} // namespace

std::vector<OptionSpec> watch_options() {
    return {};
}

Result<std::unique_ptr<Checker>> make_watch(const Options& options) {
    FAULTLAB_DO(complete_options(options, watch_options(), "checker watch"));
    return std::unique_ptr<Checker>(std::make_unique<WatchChecker>());
}

} // namespace faultlab
