#include "checker/watch_log.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faultlab {
namespace {

constexpr const char* watch_expected =
    R"(a watch [from, to, start] that returned [["events", [[type, key, value, revision, creates, )"
    R"([previous]], …]], ["progress", revision], …])";

using Place = std::pair<std::int64_t, ValueIds::Id>; ///< revision and key

class LogReader {
public:
    LogReader(const History& history, Judgement& judgement)
        : history_(history), judgement_(judgement) {}

    WatchLog run() {
        for (std::size_t i = 0; i < history_.size() && judgement_.step(); ++i) {
            const auto op = static_cast<OpId>(i);
            const std::string& f = history_.text(history_.f()[i]);
            if (f == "read" || history_.status()[i] == OpStatus::fail) continue;
            if (f == "watch")
                read_watch(op);
            else
                read_write(op, f);
        }
        if (judgement_.stopped()) return std::move(log_);
        for (const Watch& watch : log_.watches)
            learn(watch);
        close();
        return std::move(log_);
    }

private:
    void read_write(OpId op, const std::string& f) {
        std::map<ValueIds::Id, Value> writes; // the last step on a key counts
        const Value& arg = history_.value(history_.arg()[at(op)]);
        if (f == "txn") {
            const Value::Transaction* steps = arg.transaction();
            if (steps == nullptr) return judgement_.misfit(op, "a transaction");
            for (const MicroOp& step : *steps)
                if (step.f == "w") writes.insert_or_assign(log_.keys.intern(step.key), step.value);
        } else {
            const Value& key = history_.value(history_.key()[at(op)]);
            writes.emplace(log_.keys.intern(key), f == "put" ? arg : Value());
        }
        if (history_.status()[at(op)] != OpStatus::ok) {
            for (const auto& [key, value] : writes)
                unknown_writes_[{key, value}].push_back(op);
            for (const auto& [key, value] : writes)
                ++unknown_of_key_[key];
            return;
        }
        const Value& told = history_.value(history_.ret()[at(op)]);
        if (told.is_absent() && f != "put") return; // nothing was there, or nothing was written
        if (told.integer() == nullptr) return judgement_.misfit(op, "a write with its revision");
        const std::int64_t revision = *told.integer();
        const auto [before, fresh] = writer_.try_emplace(revision, op);
        if (!fresh) {
            log_.lies.push_back({op,
                                 before->second,
                                 fmt::format("two writes, by {} and {}, were told the revision {}",
                                             client_of(history_, before->second),
                                             client_of(history_, op),
                                             revision)});
        }
        for (auto& [key, value] : writes)
            known_.try_emplace({revision, key}, WatchChange{revision, key, value, op});
    }

    void read_watch(OpId op) {
        const Value::List* asked = history_.value(history_.arg()[at(op)]).list();
        const bool fits = asked != nullptr && asked->size() == 3 &&
                          (*asked)[2].integer() != nullptr && *(*asked)[2].integer() >= 0;
        if (!fits) return judgement_.misfit(op, watch_expected);
        if (history_.status()[at(op)] != OpStatus::ok) return;
        Watch watch{.op = op,
                    .from = (*asked)[0],
                    .to = (*asked)[1],
                    .start = *(*asked)[2].integer(),
                    .responses = {}};
        const Value::List* told = history_.value(history_.ret()[at(op)]).list();
        if (told == nullptr) return judgement_.misfit(op, watch_expected);
        for (const Value& response : *told) {
            if (!read_response(response, watch.responses.emplace_back()))
                return judgement_.misfit(op, watch_expected);
        }
        log_.watches.push_back(std::move(watch));
    }

    bool read_response(const Value& value, WatchResponse& response) {
        const Value::List* pair = pair_in(value);
        if (pair == nullptr || (*pair)[0].text() == nullptr) return false;
        if (*(*pair)[0].text() == "progress") {
            response.progress = true;
            if ((*pair)[1].integer() == nullptr) return false;
            response.revision = *(*pair)[1].integer();
            return true;
        }
        const Value::List* events = (*pair)[1].list();
        if (*(*pair)[0].text() != "events" || events == nullptr) return false;
        for (const Value& event : *events) {
            if (!judgement_.step()) return true;
            if (!read_event(event, response.events.emplace_back())) return false;
        }
        return true;
    }

    bool read_event(const Value& value, WatchEvent& event) {
        const Value::List* parts = value.list();
        if (parts == nullptr || parts->size() < 4 || parts->size() > 6) return false;
        const std::string* type = (*parts)[0].text();
        if (type == nullptr || (*parts)[3].integer() == nullptr) return false;
        const bool put = *type == "put";
        if ((!put && *type != "delete") || put == (*parts)[2].is_absent()) return false;
        event.key = log_.keys.intern((*parts)[1]);
        event.value = (*parts)[2];
        event.revision = *(*parts)[3].integer();
        if (parts->size() > 4 && !(*parts)[4].is_absent()) {
            if ((*parts)[4].boolean() == nullptr) return false;
            event.creates = *(*parts)[4].boolean();
        }
        if (parts->size() < 6 || (*parts)[5].is_absent()) return true;
        const Value::List* previous = (*parts)[5].list();
        if (previous == nullptr || previous->size() > 1) return false;
        event.previous = previous->empty() ? Value() : previous->front();
        return true;
    }

    /// What no write was told, watches may tell.
    void learn(const Watch& watch) {
        for (const WatchResponse& response : watch.responses)
            for (const WatchEvent& event : response.events)
                learn(watch, event);
    }

    void learn(const Watch& watch, const WatchEvent& event) {
        if (!judgement_.step()) return;
        const auto known = known_.find({event.revision, event.key});
        if (known != known_.end()) {
            if (known->second.value != event.value)
                contradict(
                    watch, event, known->second.source, " instead of " + text(known->second.value));
            return;
        }
        const auto writer = writer_.find(event.revision);
        if (writer != writer_.end()) {
            contradict(watch, event, writer->second, ", at which another key was written");
            return;
        }
        const auto made = unknown_writes_.find({event.key, event.value});
        const bool possible =
            made != unknown_writes_.end() &&
            history_.inv_index()[at(made->second.front())] < history_.ret_index()[at(watch.op)];
        if (!possible) {
            contradict(watch, event, -1, ", which nobody had tried to write");
            return;
        }
        known_.emplace(Place{event.revision, event.key},
                       WatchChange{event.revision, event.key, event.value, watch.op});
        --unknown_of_key_[event.key];
    }

    void
    contradict(const Watch& watch, const WatchEvent& event, OpId source, const std::string& how) {
        log_.lies.push_back({watch.op,
                             source,
                             fmt::format("{} was sent {} for {} at revision {}{}",
                                         client_of(history_, watch.op),
                                         text(event.value),
                                         to_text(log_.keys.value(event.key), 60),
                                         event.revision,
                                         how)});
    }

    static std::string text(const Value& value) {
        return value.is_absent() ? std::string("a deletion") : to_text(value, 60);
    }

    void close() {
        log_.changes_of_key.resize(log_.keys.size());
        log_.unknown_of_key.resize(log_.keys.size());
        for (auto& [place, change] : known_) {
            log_.changes_of_key[change.key].push_back(log_.changes.size());
            log_.changes.push_back(std::move(change));
        }
        for (const auto& [key, count] : unknown_of_key_)
            log_.unknown_of_key[key] = std::max<std::int64_t>(0, count);
        for (const auto& [revision, op] : writer_)
            log_.acknowledged.push_back(revision);
    }

    const History& history_;
    Judgement& judgement_;
    WatchLog log_;
    std::map<std::int64_t, OpId> writer_; ///< who was told a revision
    std::map<Place, WatchChange> known_;
    std::map<std::pair<ValueIds::Id, Value>, std::vector<OpId>> unknown_writes_;
    std::map<ValueIds::Id, std::int64_t> unknown_of_key_;
};

} // namespace

const WatchChange* WatchLog::find(std::int64_t revision, ValueIds::Id key) const {
    const auto place = [](const WatchChange& change) { return Place{change.revision, change.key}; };
    const auto found = std::ranges::lower_bound(changes, Place{revision, key}, {}, place);
    return found != changes.end() && place(*found) == Place{revision, key} ? &*found : nullptr;
}

WatchLog read_watch_log(const History& history, Judgement& judgement) {
    return LogReader(history, judgement).run();
}

} // namespace faultlab
