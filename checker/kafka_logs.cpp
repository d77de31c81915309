#include "checker/kafka_logs.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace faultlab {
namespace {

/// That a message is at an offset.
struct Place {
    std::int64_t offset = 0;
    std::uint32_t message = 0;
    OpId op = -1;
};

bool is_ok(const History& history, std::size_t op) {
    return history.status()[op] == OpStatus::ok;
}

void find_readers(const History& history, const KafkaHistory& kafka, KafkaLogs& logs) {
    for (std::size_t i = 0; i < kafka.ops.size(); ++i) {
        if (!is_ok(history, i)) continue;
        for (const KafkaSight& sight : kafka.ops[i].polled) {
            OpId& reader = logs.messages[sight.message].reader;
            if (reader < 0) reader = static_cast<OpId>(i);
        }
    }
    for (std::size_t i = 0; i < kafka.ops.size(); ++i) {
        const bool seen = std::ranges::any_of(kafka.ops[i].sent, [&](const KafkaSight& sight) {
            return logs.messages[sight.message].reader >= 0;
        });
        logs.committed[i] = is_ok(history, i) || (seen && history.status()[i] != OpStatus::fail);
    }
}

std::vector<std::vector<Place>> places_of(const KafkaHistory& kafka, const KafkaLogs& logs) {
    std::vector<std::vector<Place>> places(kafka.keys.size());
    for (std::size_t i = 0; i < kafka.ops.size(); ++i) {
        const auto add = [&](const KafkaSight& sight) {
            if (sight.offset == unknown_offset) return;
            places[kafka.messages[sight.message].key].push_back(
                {sight.offset, sight.message, static_cast<OpId>(i)});
        };
        if (logs.committed[i]) std::ranges::for_each(kafka.ops[i].sent, add);
        std::ranges::for_each(kafka.ops[i].polled, add);
    }
    return places;
}

void note_place(MessageLog& log, const Place& place, std::int64_t index) {
    if (log.first_index < 0) log.first_index = index;
    log.last_index = index;
    log.offsets.push_back(place.offset);
    log.sights.push_back(place.op);
}

/// Of one key: the places sorted by offset, and at each offset in the order of sight.
void read_log(std::uint32_t key, std::vector<Place>& places, KafkaLogs& logs) {
    std::ranges::stable_sort(places, {}, &Place::offset);
    for (std::size_t i = 0; i < places.size();) {
        const auto index = static_cast<std::int64_t>(logs.orders[key].size());
        OffsetClash here{.key = key, .offset = places[i].offset, .index = index, .messages = {}};
        std::size_t end = i;
        for (; end < places.size() && places[end].offset == here.offset; ++end) {
            // Its last offset is this one: it was seen here before.
            MessageLog& log = logs.messages[places[end].message];
            if (!log.offsets.empty() && log.offsets.back() == here.offset) continue;
            note_place(log, places[end], index);
            here.messages.push_back(places[end].message);
        }
        logs.messages[here.messages.front()].index = index;
        logs.orders[key].push_back(here.messages.front());
        if (here.messages.size() > 1) logs.clashes.push_back(std::move(here));
        i = end;
    }
}

/// When it was first known that a key reaches an offset.
class Existence {
public:
    void note(std::int64_t offset, Nanos t) { times_.emplace_back(offset, t); }

    void close() {
        std::ranges::sort(times_);
        for (std::size_t i = times_.size(); i > 1; --i)
            times_[i - 2].second = std::min(times_[i - 2].second, times_[i - 1].second);
    }

    /// The greatest time when it never was.
    [[nodiscard]] Nanos since(std::int64_t offset) const {
        const auto found =
            std::ranges::lower_bound(times_, offset, {}, &std::pair<std::int64_t, Nanos>::first);
        return found == times_.end() ? std::numeric_limits<Nanos>::max() : found->second;
    }

private:
    std::vector<std::pair<std::int64_t, Nanos>> times_;
};

std::vector<Existence> existence_of(const History& history, const KafkaHistory& kafka) {
    std::vector<Existence> known(kafka.keys.size());
    for (std::size_t i = 0; i < kafka.ops.size(); ++i) {
        if (!is_ok(history, i)) continue;
        for (const auto* sights : {&kafka.ops[i].sent, &kafka.ops[i].polled}) {
            for (const KafkaSight& sight : *sights) {
                if (sight.offset == unknown_offset) continue;
                known[kafka.messages[sight.message].key].note(sight.offset, history.t_ret()[i]);
            }
        }
    }
    for (Existence& of_key : known)
        of_key.close();
    return known;
}

/// The furthest offset that a process has seen of each key.
using Furthest = std::map<std::uint32_t, std::int64_t>;

void advance(const KafkaOp& op, const KafkaHistory& kafka, bool ok, Furthest& furthest) {
    if (op.kind == KafkaKind::subscribe) furthest.clear();
    if (op.kind == KafkaKind::assign) {
        std::erase_if(furthest, [&](const auto& of_key) {
            return std::ranges::find(op.keys, of_key.first) == op.keys.end();
        });
        for (const std::uint32_t key : op.keys)
            furthest.try_emplace(key, -1);
    }
    for (const KafkaSight& sight : op.polled) {
        if (!ok) break;
        const auto of_key = furthest.try_emplace(kafka.messages[sight.message].key, -1).first;
        of_key->second = std::max(of_key->second, sight.offset);
    }
}

} // namespace

KafkaLogs read_logs(const History& history, const KafkaHistory& kafka, Judgement& judgement) {
    KafkaLogs logs;
    logs.messages.resize(kafka.messages.size());
    logs.orders.resize(kafka.keys.size());
    logs.committed.resize(kafka.ops.size());
    find_readers(history, kafka, logs);
    std::vector<std::vector<Place>> places = places_of(kafka, logs);
    for (std::uint32_t key = 0; key < places.size(); ++key) {
        if (!judgement.step(static_cast<std::int64_t>(places[key].size()))) break;
        read_log(key, places[key], logs);
    }
    return logs;
}

RealTimeLag worst_lag(const History& history, const KafkaHistory& kafka, Judgement& judgement) {
    const std::vector<Existence> known = existence_of(history, kafka);
    std::map<std::int32_t, Furthest> processes;
    RealTimeLag worst;
    for (std::size_t i = 0; i < kafka.ops.size(); ++i) {
        if (history.status()[i] == OpStatus::fail) continue;
        Furthest& furthest = processes[history.process()[i]];
        const bool ok = is_ok(history, i);
        advance(kafka.ops[i], kafka, ok, furthest);
        if (!ok || !kafka.ops[i].polls) continue;
        for (const auto& [key, offset] : furthest) {
            if (!judgement.step()) return worst;
            const Nanos since = known[key].since(offset + 1);
            if (since >= history.t_inv()[i]) continue;
            const Nanos lag = history.t_inv()[i] - since;
            if (lag > worst.lag) worst = {key, static_cast<OpId>(i), lag};
        }
    }
    return worst;
}

} // namespace faultlab
