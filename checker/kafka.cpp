// Checker `kafka`.
// Judges a partitioned log (a key is a partition): that an offset holds one value, that what was
// acknowledged stays and is seen, that consumers see it in order and without gaps, that nobody sees
// what was aborted, and that reading from writers makes no cycle.
// Operations: `send`, `poll`, `txn`: a list of ["send", k, v] and ["poll"]; their answer is the
// same list with ["send", k, [offset, v]] (or v alone: the offset is not known) and
// ["poll", [[k, [[offset, v], …]], …]], and ["rebalance", [k, …]] where keys were given and taken
// meanwhile. `assign`, `subscribe`: a list of keys. `crash`, `debug-topic-partitions`: no meaning.
// A value is sent once to a key.
// Committed is an ok operation, or an indeterminate one of which a send was polled by an ok one.
// The log of a key holds what committed sends and all polls say of its offsets; without holes, and
// with the first value seen at each offset, it is the version order. Errors:
//   inconsistent_offsets  an offset with several values    duplicate  a value with several offsets
//   G1a  an ok poll saw a failed send                      precommitted_read  a poll saw its own
//   lost_write  not polled, though a later one was         unseen  acknowledged, and never polled
//   int_poll_skip, int_nonmonotonic_poll, int_send_skip, int_nonmonotonic_send  inside an operation
//   poll_skip, nonmonotonic_poll, nonmonotonic_send  between those of one process
//   G0, G1c, and both with -process and -realtime  cycles of ww (with ww=yes) and wr
// Allowed, and told only: int_send_skip, G0…; after a subscribe poll_skip and nonmonotonic_poll;
// with ww=yes G1c….
// Gives for every type how often it was seen and the worst ones, and the worst real-time lag.
// Unknown: no poll was ok; a send is unseen, but no ok poll began after it had returned.
// Cost: n log n in operations and messages, and in messages that one operation skips none are
// enumerated beyond eight. Cycles: linear for each of six types, with 16 searches in each knot.
// Cannot see: anti-dependencies, values that nobody sent.

#include "checker/catalogue_entries.hpp"
#include "checker/judgement.hpp"
#include "checker/kafka_cycles.hpp"
#include "checker/kafka_errors.hpp"
#include "checker/kafka_input.hpp"
#include "checker/kafka_logs.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

constexpr std::array types = {"inconsistent_offsets",
                              "duplicate",
                              "G1a",
                              "precommitted_read",
                              "lost_write",
                              "unseen",
                              "int_poll_skip",
                              "int_nonmonotonic_poll",
                              "int_send_skip",
                              "int_nonmonotonic_send",
                              "poll_skip",
                              "nonmonotonic_poll",
                              "nonmonotonic_send"};
constexpr std::size_t shown_unseen = 32;
constexpr std::size_t shown_skipped = 8;

/// The last message of a key that a process sent or polled, and where.
struct Last {
    std::uint32_t message = 0;
    OpId op = -1;
};
using LastOfKey = std::map<std::uint32_t, Last>;

class KafkaCheck {
public:
    KafkaCheck(const Record& record, const Budget& budget, bool ww)
        : history_(record.history), judgement_("kafka", record, budget), ww_(ww) {}

    CheckResult run() {
        const bool known = judgement_.only(
            {"send", "poll", "txn", "assign", "subscribe", "crash", "debug-topic-partitions"});
        if (known) kafka_ = read_kafka(history_, judgement_);
        if (judgement_.stopped()) return judgement_.finish();
        logs_ = read_logs(history_, kafka_, judgement_);
        judge_offsets();
        judge_reads();
        judge_lost();
        judge_order();
        judge_unseen();
        const RealTimeLag lag = worst_lag(history_, kafka_, judgement_);
        if (lag.op >= 0)
            judgement_.tell("worst_realtime_lag",
                            Value::List{kafka_.keys.value(lag.key), lag.op, lag.lag});
        for (const KafkaCycle& cycle :
             find_kafka_cycles(history_, kafka_, logs_.orders, ww_, judgement_))
            note_cycle(cycle);
        tell_errors();
        return judgement_.finish();
    }

private:
    [[nodiscard]] bool ok(OpId op) const { return history_.status()[at(op)] == OpStatus::ok; }
    [[nodiscard]] bool failed(OpId op) const { return history_.status()[at(op)] == OpStatus::fail; }

    [[nodiscard]] std::string name_of(std::uint32_t message) const {
        return fmt::format(
            "{} of {}", to_text(kafka_.value_of(message), 40), to_text(kafka_.key_of(message), 40));
    }

    /// Where a message is in the log is known from whoever told its offsets first, and of another
    /// message that was seen there before: they are a part of the proof.
    void cite_place(std::uint32_t message, std::vector<OpId>& ops) const {
        const std::uint32_t key = kafka_.messages[message].key;
        for (const std::int64_t offset : logs_.messages[message].offsets) {
            const std::pair here(key, offset);
            const auto clash =
                std::ranges::lower_bound(logs_.clashes, here, {}, [](const OffsetClash& c) {
                    return std::pair(c.key, c.offset);
                });
            cite_sight(message, offset, ops);
            if (clash != logs_.clashes.end() && std::pair(clash->key, clash->offset) == here)
                ops.push_back(sight_at(clash->messages.front(), offset)); // that it was the first
        }
    }

    /// Whoever told it first, unless one of the others told it too.
    void cite_sight(std::uint32_t message, std::int64_t offset, std::vector<OpId>& ops) const {
        const auto tells = [&](const KafkaSight& sight) {
            return sight.message == message && sight.offset == offset;
        };
        const bool told = std::ranges::any_of(ops, [&](OpId op) {
            const KafkaOp& row = kafka_.ops[at(op)];
            return std::ranges::any_of(row.sent, tells) || std::ranges::any_of(row.polled, tells);
        });
        if (!told) ops.push_back(sight_at(message, offset));
    }

    [[nodiscard]] OpId sight_at(std::uint32_t message, std::int64_t offset) const {
        const MessageLog& log = logs_.messages[message];
        const auto here = std::ranges::lower_bound(log.offsets, offset);
        return log.sights[static_cast<std::size_t>(here - log.offsets.begin())];
    }

    void judge_offsets() {
        for (const OffsetClash& clash : logs_.clashes) {
            std::vector<OpId> ops;
            Value::List values;
            for (const std::uint32_t message : clash.messages) {
                ops.push_back(sight_at(message, clash.offset));
                values.push_back(kafka_.value_of(message));
            }
            const Value& key = kafka_.keys.value(clash.key);
            const std::string what = fmt::format("offset {} of {} held {}",
                                                 clash.offset,
                                                 to_text(key, 40),
                                                 to_text(Value(values), 80));
            errors_.note({.type = "inconsistent_offsets",
                          .key = key,
                          .ops = std::move(ops),
                          .what = what,
                          .row = {key, clash.offset, clash.index, std::move(values)}});
        }
        for (std::uint32_t m = 0; m < kafka_.messages.size(); ++m) {
            const auto& offsets = logs_.messages[m].offsets;
            if (offsets.size() < 2) continue;
            Value::List list(offsets.begin(), offsets.end());
            errors_.note(
                {.type = "duplicate",
                 .key = kafka_.key_of(m),
                 .ops = logs_.messages[m].sights,
                 .what = fmt::format("{} was at {} offsets: {}",
                                     name_of(m),
                                     offsets.size(),
                                     to_text(Value(list), 80)),
                 .row = {kafka_.key_of(m), kafka_.value_of(m), offsets.size(), std::move(list)}});
        }
    }

    void judge_reads() {
        bool polled = false;
        for (std::size_t i = 0; i < kafka_.ops.size(); ++i) {
            const auto op = static_cast<OpId>(i);
            if (!judgement_.step()) return;
            polled = polled || (ok(op) && kafka_.ops[i].polls);
            subscribed_ = subscribed_ || kafka_.ops[i].kind == KafkaKind::subscribe;
            for (const KafkaSight& sight : kafka_.ops[i].polled)
                judge_read(op, sight.message);
        }
        if (!polled) judgement_.doubt("no poll was ok");
    }

    void judge_read(OpId op, std::uint32_t message) {
        const OpId writer = kafka_.messages[message].writer;
        if (writer < 0) return;
        if (ok(op) && failed(writer)) {
            errors_.note({.type = "G1a",
                          .key = kafka_.key_of(message),
                          .ops = {writer, op},
                          .what = fmt::format("{} polled {}, whose send had failed",
                                              client_of(history_, op),
                                              name_of(message)),
                          .row = {kafka_.key_of(message), kafka_.value_of(message), writer, op}});
        }
        if (writer == op) {
            errors_.note({.type = "precommitted_read",
                          .key = kafka_.key_of(message),
                          .ops = {op},
                          .what = fmt::format("{} polled {} in the transaction that sent it",
                                              client_of(history_, op),
                                              name_of(message)),
                          .row = {kafka_.key_of(message), kafka_.value_of(message), op}});
        }
    }

    void judge_lost() {
        std::vector<std::uint32_t> furthest(kafka_.keys.size(), no_message);
        for (std::uint32_t m = 0; m < kafka_.messages.size(); ++m) {
            const MessageLog& log = logs_.messages[m];
            if (log.reader < 0 || log.first_index < 0) continue;
            std::uint32_t& best = furthest[kafka_.messages[m].key];
            if (best == no_message || log.first_index > logs_.messages[best].first_index) best = m;
        }
        for (std::uint32_t m = 0; m < kafka_.messages.size(); ++m) {
            if (!judgement_.step()) return;
            const MessageLog& log = logs_.messages[m];
            const OpId writer = kafka_.messages[m].writer;
            const std::uint32_t bound = furthest[kafka_.messages[m].key];
            if (bound == no_message || log.last_index < 0 || log.reader >= 0) continue;
            const std::int64_t max_index = logs_.messages[bound].first_index;
            if (log.last_index > max_index || writer < 0 || !logs_.committed[at(writer)]) continue;
            const OpId reader = logs_.messages[bound].reader;
            std::vector<OpId> ops = {writer, reader};
            cite_place(m, ops);
            cite_place(bound, ops);
            errors_.note({.type = "lost_write",
                          .badness = max_index - log.last_index,
                          .key = kafka_.key_of(m),
                          .ops = std::move(ops),
                          .shows = std::max(writer, reader),
                          .what = fmt::format("{}, sent by {}, was never polled, though {} was, "
                                              "which comes later in the log",
                                              name_of(m),
                                              client_of(history_, writer),
                                              name_of(bound)),
                          .row = {kafka_.key_of(m),
                                  kafka_.value_of(m),
                                  log.last_index,
                                  max_index,
                                  writer,
                                  reader}});
        }
    }

    /// Inside each operation and from each to the next of its process.
    void judge_order() {
        std::map<std::int32_t, std::pair<LastOfKey, LastOfKey>> processes;
        for (std::size_t i = 0; i < kafka_.ops.size(); ++i) {
            const auto op = static_cast<OpId>(i);
            if (!judgement_.step()) return;
            if (failed(op)) continue;
            const KafkaOp& row = kafka_.ops[i];
            auto& [sent, polled] = processes[history_.process()[i]];
            for (const KafkaSight& sight : row.sent)
                judge_step(op, sight.message, sent, true);
            if (row.kind == KafkaKind::assign || row.kind == KafkaKind::subscribe) {
                std::erase_if(polled, [&](const auto& last) {
                    return std::ranges::find(row.keys, last.first) == row.keys.end();
                });
            }
            if (!ok(op)) continue;
            for (const std::uint32_t key : row.rebalanced)
                polled.erase(key);
            for (const KafkaSight& sight : row.polled) {
                const std::uint32_t key = kafka_.messages[sight.message].key;
                if (std::ranges::find(row.rebalanced, key) != row.rebalanced.end())
                    polled[key] = {sight.message, op};
                else
                    judge_step(op, sight.message, polled, false);
            }
        }
    }

    void judge_step(OpId op, std::uint32_t message, LastOfKey& lasts, bool send) {
        if (!judgement_.step()) return;
        const std::uint32_t key = kafka_.messages[message].key;
        const auto [entry, first] = lasts.try_emplace(key, Last{message, op});
        if (first) return;
        const Last last = std::exchange(entry->second, Last{message, op});
        const std::int64_t from = logs_.messages[last.message].index;
        const std::int64_t to = logs_.messages[message].index;
        const std::int64_t delta = from < 0 || to < 0 ? 1 : to - from;
        if (delta == 1) return;
        const bool inside = last.op == op;
        const bool skip = delta > 1;
        if (send && skip && !inside) return; // others send between
        const std::string verb = send ? "send" : "poll";
        Value::List skipped;
        for (std::int64_t i = from + 1; skip && i < to && skipped.size() < shown_skipped; ++i)
            skipped.push_back(kafka_.value_of(logs_.orders[key][static_cast<std::size_t>(i)]));
        std::vector<OpId> ops = {last.op, op};
        cite_place(last.message, ops);
        cite_place(message, ops);
        if (skip) cite_place(logs_.orders[key][static_cast<std::size_t>(from + 1)], ops);
        const std::string done = send ? "sent" : "polled";
        const std::string what =
            skip ? fmt::format("{} {} {} right after {}, past {} between",
                               client_of(history_, op),
                               done,
                               name_of(message),
                               to_text(kafka_.value_of(last.message), 40),
                               delta - 1)
                 : fmt::format("{} {} {} after {}, which {} in the log",
                               client_of(history_, op),
                               done,
                               name_of(message),
                               to_text(kafka_.value_of(last.message), 40),
                               delta == 0 ? "has the same place" : "comes later");
        errors_.note(
            {.type = (inside ? "int_" : "") + (skip ? verb + "_skip" : "nonmonotonic_" + verb),
             .badness = skip ? delta : 1 - delta,
             .key = kafka_.keys.value(key),
             .ops = std::move(ops),
             .shows = op,
             .what = what,
             .row = {kafka_.keys.value(key),
                     kafka_.value_of(last.message),
                     kafka_.value_of(message),
                     delta,
                     std::move(skipped),
                     last.op,
                     op}});
    }

    void judge_unseen() {
        Index last_poll = -1;
        OpId last_poll_op = -1;
        for (std::size_t i = 0; i < kafka_.ops.size(); ++i) {
            if (!ok(static_cast<OpId>(i)) || !kafka_.ops[i].polls) continue;
            last_poll = history_.inv_index()[i];
            last_poll_op = static_cast<OpId>(i);
        }
        std::vector<std::vector<std::uint32_t>> unseen(kafka_.keys.size());
        for (std::uint32_t m = 0; m < kafka_.messages.size(); ++m) {
            const OpId writer = kafka_.messages[m].writer;
            if (writer < 0 || !ok(writer) || logs_.messages[m].reader >= 0) continue;
            if (history_.ret_index()[at(writer)] < last_poll)
                unseen[kafka_.messages[m].key].push_back(m);
            else
                judgement_.doubt(name_of(m) + " was never polled, and no ok poll began after it "
                                              "was sent");
        }
        for (std::uint32_t key = 0; key < unseen.size(); ++key) {
            if (unseen[key].empty()) continue;
            Value::List messages;
            for (const std::uint32_t m : unseen[key])
                if (messages.size() < shown_unseen) messages.push_back(kafka_.value_of(m));
            const OpId writer = kafka_.messages[unseen[key].front()].writer;
            errors_.note(
                {.type = "unseen",
                 .badness = static_cast<std::int64_t>(unseen[key].size()),
                 .key = kafka_.keys.value(key),
                 .ops = {writer, last_poll_op},
                 .what = fmt::format("{} acknowledged sends to {} were never polled: {}",
                                     unseen[key].size(),
                                     to_text(kafka_.keys.value(key), 40),
                                     to_text(Value(messages), 80)),
                 .row = {kafka_.keys.value(key), unseen[key].size(), std::move(messages)}});
        }
    }

    void note_cycle(const KafkaCycle& cycle) {
        std::string clients;
        for (const OpId op : cycle.ops)
            clients += (clients.empty() ? "" : ", ") + client_of(history_, op);
        Value::List ops(cycle.ops.begin(), cycle.ops.end());
        errors_.note({.type = cycle.type,
                      .ops = cycle.ops,
                      .what = fmt::format("{} operations each come before the next, and the last "
                                          "before the first ({})",
                                          cycle.ops.size(),
                                          clients),
                      .row = std::move(ops)});
    }

    [[nodiscard]] bool allowed(const std::string& type) const {
        if (type == "int_send_skip" || type.starts_with("G0")) return true;
        if (subscribed_ && (type == "poll_skip" || type == "nonmonotonic_poll")) return true;
        return ww_ && type.starts_with("G1c");
    }

    void tell_errors() {
        for (const char* type : types)
            judgement_.tell(std::string(type) + ".count", 0);
        for (const auto& [type, errors] : errors_.by_type()) {
            judgement_.tell(type + ".count", errors.count);
            Value::List rows;
            for (const KafkaError& error : errors.kept)
                rows.emplace_back(error.row);
            judgement_.tell(type, std::move(rows));
            if (allowed(type)) continue;
            for (const KafkaError& error : errors.kept) {
                const OpId last = *std::ranges::max_element(error.ops);
                judgement_.accuse({.anomaly = type,
                                   .what = error.what,
                                   .key = error.key,
                                   .ops = error.ops,
                                   .divergence = error.shows >= 0 ? error.shows : last,
                                   .details = {{"row", error.row}}});
            }
        }
    }

    static constexpr std::uint32_t no_message = UINT32_MAX;
    const History& history_;
    Judgement judgement_;
    bool ww_;
    KafkaHistory kafka_;
    KafkaLogs logs_;
    KafkaErrors errors_;
    bool subscribed_ = false;
};

class Kafka : public Checker {
public:
    explicit Kafka(bool ww) : ww_(ww) {}

    [[nodiscard]] CheckResult check(const Record& record, const Budget& budget) const override {
        return KafkaCheck(record, budget, ww_).run();
    }

private:
    bool ww_;
};

} // namespace

std::vector<OptionSpec> kafka_options() {
    return {{.name = "ww",
             .fallback = "no",
             .choices = {"no", "yes"},
             .help = "yes: the order of the log orders the senders too; cycles are told, not held "
                     "against it"}};
}

Result<std::unique_ptr<Checker>> make_kafka(const Options& options) {
    FAULTLAB_TRY(const Options complete,
                 complete_options(options, kafka_options(), "checker kafka"));
    return std::unique_ptr<Checker>(std::make_unique<Kafka>(complete.at("ww") == "yes"));
}

} // namespace faultlab
