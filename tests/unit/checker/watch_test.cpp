// The reference looks at every pair of an event and a change, and asks every watch anew.

#include "tests/support/catch.hpp"
#include "tests/unit/checker/plain_history.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

using namespace faultlab;

namespace {

struct Change {
    std::int64_t revision = 0;
    Value key;
    Value value; ///< absent: deleted
    Value before;
};

Value event_of(const Change& change, Rng& rng) {
    Value::List event = {
        change.value.is_absent() ? "delete" : "put", change.key, change.value, change.revision};
    if (rng.chance(2, 3)) {
        event.emplace_back(change.before.is_absent() && !change.value.is_absent());
        if (rng.chance(2, 3)) {
            event.emplace_back(change.before.is_absent() ? Value::List{}
                                                         : Value::List{change.before});
        }
    }
    return event;
}

/// Two keys; a watch gets at once what happened since its start, in several responses.
struct WatchedMap {
    std::vector<Change> changes = {};
    std::map<Value, Value> now = {};
    std::int64_t revision = 1, next = 1;

    Op invoke(Rng& r) {
        constexpr const char* names[] = {"put", "put", "delete", "txn", "watch", "watch"};
        Op op{.f = names[r.below(6)]};
        const Value key = r.chance(1, 2) ? "a" : "b";
        if (op.f == "watch") {
            op.arg = Value::List{key, r.chance(1, 2) ? Value("c") : Value(), r.between(0, 4)};
        } else if (op.f == "txn") {
            op.arg = Value::Transaction{{"w", "a", next}, {"w", "b", next + 1}};
            next += 2;
        } else {
            op.key = key;
            if (op.f == "put") op.arg = next++;
        }
        return op;
    }

    void change(const Value& key, const Value& value) {
        changes.push_back({revision, key, value, now[key]});
        now[key] = value;
    }

    void apply(Rng& r, Op& op) {
        if (op.f == "watch") {
            op.ret = watch(r, *op.arg.list());
            return;
        }
        if (op.f == "delete" && now[op.key].is_absent()) return;
        ++revision;
        op.ret = revision;
        if (op.f == "txn") {
            for (const MicroOp& step : *op.arg.transaction())
                change(step.key, step.value);
        } else {
            change(op.key, op.arg);
        }
    }

    Value watch(Rng& r, const Value::List& asked) const {
        std::int64_t start = *asked[2].integer();
        if (start == 0) start = r.between(1, 4);
        Value::List responses, events;
        std::int64_t last = -1;
        for (const Change& one : changes) {
            const bool covered = asked[1].is_absent() ? one.key == asked[0] : one.key >= asked[0];
            if (one.revision < start || !covered) continue;
            if (one.revision != last && !events.empty() && r.chance(1, 2))
                responses.push_back(pair("events", std::exchange(events, {})));
            events.push_back(event_of(one, r));
            last = one.revision;
        }
        if (!events.empty()) responses.push_back(pair("events", events));
        if (r.chance(1, 3)) responses.push_back(pair("progress", revision));
        return responses;
    }
};

/// Changes one event, or the order; true: the last one is to come in a response of its own.
bool damage_events(Rng& r, Value::List& events) {
    const std::size_t at = r.below(events.size());
    Value::List event = *events[at].list();
    switch (r.below(7)) {
        case 0: events.erase(events.begin() + static_cast<std::ptrdiff_t>(at)); return false;
        case 1: events.push_back(events[at]); return false;
        case 2: std::ranges::reverse(events); return false;
        case 3: event[3] = *event[3].integer() + r.between(-1, 1); break;
        case 4:
            if (event.size() > 4) event[4] = !*event[4].boolean();
            break;
        case 5:
            if (event.size() > 5) event[5] = Value::List{r.between(1, 5)};
            break;
        default: return true;
    }
    events[at] = std::move(event);
    return false;
}

void damage_watch(Rng& r, Op& op) {
    if (op.f != "watch" || op.ret.list()->empty()) return;
    Value::List responses = *op.ret.list();
    const std::size_t which = r.below(responses.size());
    Value::List response = *responses[which].list();
    if (response[0] == Value("progress")) {
        std::rotate(responses.begin(), responses.end() - 1, responses.end());
        op.ret = std::move(responses);
        return;
    }
    Value::List events = *response[1].list();
    if (events.empty()) return;
    const Value last = events.back();
    const bool apart = damage_events(r, events);
    if (apart) events.pop_back();
    responses[which] = pair("events", std::move(events));
    if (apart) {
        responses.insert(responses.begin() + static_cast<std::ptrdiff_t>(which) + 1,
                         pair("events", Value::List{last}));
    }
    op.ret = std::move(responses);
}

PlainObject random_watches(Rng& rng) {
    auto world = std::make_shared<WatchedMap>();
    PlainObject object;
    object.max_ops = 12;
    object.damage_percent = 80;
    object.info_percent = rng.chance(1, 2) ? 0 : 15;
    object.invoke = [world](Rng& r) { return world->invoke(r); };
    object.apply = [world](Rng& r, Op& op) { world->apply(r, op); };
    object.damage = damage_watch;
    return object;
}

struct Told {
    Value key, value;
    std::int64_t revision = 0;
    std::optional<bool> creates;
    std::optional<Value> previous;
};

Told told(const Value& value) {
    const Value::List& parts = *value.list();
    Told event{parts[1], parts[2], *parts[3].integer(), std::nullopt, std::nullopt};
    if (parts.size() > 4) event.creates = *parts[4].boolean();
    if (parts.size() > 5)
        event.previous = parts[5].list()->empty() ? Value() : parts[5].list()->front();
    return event;
}

using Writes = std::map<Value, Value>;

Writes writes_of(const Op& op) {
    if (op.f == "put") return {{op.key, op.arg}};
    if (op.f == "delete") return {{op.key, Value()}};
    Writes writes;
    if (op.f == "txn")
        for (const MicroOp& step : *op.arg.transaction())
            writes[step.key] = step.value;
    return writes;
}

class Reference {
public:
    explicit Reference(const std::vector<Op>& ops) : ops_(ops) {
        for (const char* name : {"watch_filter",
                                 "watch_ordered",
                                 "watch_unique",
                                 "watch_atomic",
                                 "watch_bookmarkable",
                                 "watch_resumable",
                                 "watch_reliable",
                                 "watch_is_create",
                                 "watch_prev_kv"})
            counts_[name] = 0;
        for (const Op& op : ops) {
            if (op.status != OpStatus::ok || op.f == "watch" || !op.ret.integer()) continue;
            told_.insert(*op.ret.integer());
            for (const auto& [key, value] : writes_of(op))
                known_[{*op.ret.integer(), key}] = value;
        }
        for (const Op& op : ops)
            if (watched(op)) learn(op);
    }

    Expected run() {
        bool any = false;
        for (const Op& op : ops_) {
            if (!watched(op)) continue;
            stream(op, any);
            completeness(op);
        }
        Expected expected{any ? Verdict::valid : Verdict::unknown, {}};
        for (const auto& [name, count] : counts_) {
            expected.statistics[name + ".count"] = count;
            if (count > 0) expected.verdict = Verdict::invalid;
        }
        return expected;
    }

private:
    static bool watched(const Op& op) { return op.f == "watch" && op.status == OpStatus::ok; }

    static bool covers(const Op& watch, const Value& key) {
        const Value::List& asked = *watch.arg.list();
        return asked[1].is_absent() ? key == asked[0] : key >= asked[0] && key < asked[1];
    }

    static std::vector<Told> all_events(const Op& watch) {
        std::vector<Told> events;
        for (const Value& response : *watch.ret.list())
            if ((*response.list())[0] == Value("events"))
                for (const Value& event : *(*response.list())[1].list())
                    events.push_back(told(event));
        return events;
    }

    /// Indeterminate writes of this value to the key, begun before an index.
    std::int64_t unknown_writes(const Value& key, const Value* value, Index before) const {
        std::int64_t count = 0;
        for (const Op& op : ops_) {
            if (op.status != OpStatus::info || op.f == "watch" || op.inv_index >= before) continue;
            const Writes writes = writes_of(op);
            const auto found = writes.find(key);
            if (found != writes.end() && (value == nullptr || found->second == *value)) ++count;
        }
        return count;
    }

    void learn(const Op& watch) {
        for (const Told& event : all_events(watch)) {
            const std::pair<std::int64_t, Value> place{event.revision, event.key};
            if (known_.contains(place)) {
                if (known_[place] != event.value) ++counts_["watch_reliable"];
            } else if (told_.contains(event.revision) ||
                       unknown_writes(event.key, &event.value, watch.ret_index) == 0) {
                ++counts_["watch_reliable"];
            } else {
                known_[place] = event.value;
                ++learnt_[event.key];
            }
        }
    }

    void stream(const Op& watch, bool& any) {
        std::vector<std::pair<std::int64_t, Value>> seen;
        std::int64_t last = -1, promised = -1;
        for (const Value& response : *watch.ret.list()) {
            const Value& what = (*response.list())[1];
            if ((*response.list())[0] == Value("progress")) {
                promised = std::max(promised, *what.integer());
                continue;
            }
            for (std::size_t i = 0; i < what.list()->size(); ++i) {
                const Told event = told((*what.list())[i]);
                any = true;
                if (!covers(watch, event.key)) ++counts_["watch_filter"];
                if (event.revision < *(*watch.arg.list())[2].integer())
                    ++counts_["watch_resumable"];
                if (event.revision < last) ++counts_["watch_ordered"];
                if (event.revision == last && i == 0) ++counts_["watch_atomic"];
                const std::pair<std::int64_t, Value> place{event.revision, event.key};
                if (std::ranges::find(seen, place) != seen.end()) ++counts_["watch_unique"];
                seen.push_back(place);
                if (event.revision <= promised) ++counts_["watch_bookmarkable"];
                before(event);
                last = event.revision;
            }
        }
    }

    void before(const Told& event) {
        const auto own = known_.find({event.revision, event.key});
        if (own == known_.end() || own->second != event.value) return;
        std::int64_t since = -1;
        Value was;
        for (const auto& [place, value] : known_) {
            if (place.second != event.key || place.first >= event.revision || place.first < since)
                continue;
            since = place.first;
            was = value;
        }
        bool sure = unknown_writes(event.key, nullptr, never) <= learnt_[event.key];
        if (!sure && since >= 0) {
            sure = true;
            for (std::int64_t r = since + 1; r < event.revision; ++r)
                sure = sure && told_.contains(r);
        }
        if (!sure) return;
        const bool creates = was.is_absent() && !event.value.is_absent();
        if (event.creates && *event.creates != creates) ++counts_["watch_is_create"];
        if (event.previous && *event.previous != was) ++counts_["watch_prev_kv"];
    }

    void completeness(const Op& watch) {
        const std::vector<Told> events = all_events(watch);
        std::int64_t first = never, end = -1;
        for (const Told& event : events) {
            first = std::min(first, event.revision);
            end = std::max(end, event.revision);
        }
        for (const Value& response : *watch.ret.list())
            if ((*response.list())[0] == Value("progress"))
                end = std::max(end, *(*response.list())[1].integer());
        const std::int64_t start = *(*watch.arg.list())[2].integer();
        if (start == 0 && events.empty()) return;
        for (const auto& [place, value] : known_) {
            const auto& [revision, key] = place;
            const bool sent = std::ranges::any_of(events, [&](const Told& event) {
                return event.revision == revision && event.key == key;
            });
            if (sent || !covers(watch, key) || revision > end) continue;
            if (revision < (start == 0 ? first : start)) continue;
            ++counts_[!events.empty() && revision < first ? "watch_resumable" : "watch_reliable"];
        }
    }

    const std::vector<Op>& ops_;
    std::set<std::int64_t> told_; ///< revisions
    std::map<std::pair<std::int64_t, Value>, Value> known_;
    std::map<Value, std::int64_t> learnt_; ///< changes that only watches told, by key
    std::map<std::string, std::int64_t> counts_;
};

} // namespace

TEST_CASE("10,000 random histories: watch agrees with its definition") {
    expect_agreement({.checker = "watch",
                      .options = {},
                      .make = random_watches,
                      .reference = [](const auto& ops) { return Reference(ops).run(); }});
}

TEST_CASE("10,000 random histories: watches that are sent everything are not accused") {
    expect_no_accusation("watch", {}, random_watches);
}

TEST_CASE(
    "what was before a change is not judged while an indeterminate write may have been there") {
    const auto put = [](Value value, Value revision, Index t) {
        Op op = ok("put", std::move(value), std::move(revision), t, t + 1);
        op.key = "a";
        return op;
    };
    Op maybe = info("put", 5, 2, 3);
    maybe.key = "a";
    const Value event = Value::List{"put", "a", 2, 4, false, Value::List{5}};
    const Op watch = long_op(
        7, "watch", Value::List{"a", {}, 4}, Value::List{pair("events", Value::List{event})}, 6, 7);
    const CheckResult result =
        check_with(record_of({put(1, 2, 0), maybe, put(2, 4, 4), watch}), "watch");
    CHECK(result.verdict == Verdict::valid);
    CHECK(result.statistics.at("events_before_unknown") == Value(1));
    // Without it, what was there is known.
    CHECK(check_with(record_of({put(1, 2, 0), put(2, 4, 4), watch}), "watch").verdict ==
          Verdict::invalid);
}

TEST_CASE("what is no watch makes the history unknown") {
    for (const Value& answer :
         {Value(7),
          Value(Value::List{pair("progress", "x")}),
          Value(Value::List{pair("events", Value::List{1})}),
          Value(Value::List{pair("events", Value::List{Value::List{"put", "a", {}, 2}})})}) {
        const CheckResult result = check_with(
            record_of({long_op(1, "watch", Value::List{"a", {}, 1}, answer, 0, 1)}), "watch");
        CHECK(result.verdict == Verdict::unknown);
    }
}

TEST_CASE("watch takes few steps for every event") {
    std::vector<Op> ops;
    Index index = 0;
    constexpr std::int64_t n = 10'000;
    Value::List events;
    for (std::int64_t i = 0; i < n; ++i, index += 2) {
        Op op = long_op(0, "put", i, i + 2, index, index + 1);
        op.key = std::to_string(i % 100);
        events.push_back(Value::List{"put", op.key, i, i + 2});
        ops.push_back(std::move(op));
    }
    for (int i = 0; i < 100; ++i, index += 2) {
        ops.push_back(long_op(1,
                              "watch",
                              Value::List{std::to_string(i), {}, 1},
                              Value::List{pair("progress", n + 1)},
                              index,
                              index + 1));
    }
    ops.push_back(long_op(1,
                          "watch",
                          Value::List{"", "z", 1},
                          Value::List{pair("events", events)},
                          index,
                          index + 1));
    // A watch of one key looks at the changes of that key only.
    CHECK(steps_of("watch", ops) < 8 * n);
}
