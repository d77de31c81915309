// The reference follows the ten points of the definition with maps over whole histories, and finds
// cycles by closing a matrix.

#include "tests/support/catch.hpp"
#include "tests/unit/checker/plain_history.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>

using namespace faultlab;

namespace {

Value step(std::string_view f, std::vector<Value> rest) {
    Value::List list = {Value(f)};
    list.insert(list.end(), rest.begin(), rest.end());
    return list;
}

/// Two partitions, consumers with a position each; now and then a message is skipped or repeated.
struct LogWorld {
    bool careless = false;
    bool subscribes = false;
    std::map<std::int64_t, std::vector<std::pair<std::int64_t, Value>>> log = {};
    std::map<std::int32_t, std::map<std::int64_t, std::size_t>> position = {};
    std::int64_t next = 0;

    Op invoke(Rng& r) {
        constexpr const char* names[] = {"send", "send", "poll", "poll", "poll", "txn", "assign"};
        Op op{.f = names[r.below(7)]};
        const auto some_key = [&] { return Value(static_cast<std::int64_t>(r.below(2))); };
        if (op.f == "assign" && subscribes) op.f = "subscribe";
        if (op.f == "assign" || op.f == "subscribe") {
            op.arg = r.chance(1, 2) ? Value::List{0, 1} : Value::List{some_key()};
            return op;
        }
        Value::List steps;
        for (std::int64_t i = op.f == "txn" ? 2 : 1; i > 0; --i) {
            const bool send = op.f == "send" || (op.f == "txn" && r.chance(1, 2));
            steps.push_back(send ? step("send", {some_key(), next++}) : step("poll", {}));
        }
        op.arg = std::move(steps);
        return op;
    }

    void apply(Rng& r, Op& op) {
        if (op.f == "assign" || op.f == "subscribe") {
            op.ret = op.arg;
            return;
        }
        Value::List answers;
        for (const Value& asked : *op.arg.list()) {
            const Value::List& parts = *asked.list();
            answers.push_back(parts[0] == Value("send") ? send(r, parts)
                                                        : poll(r, position[op.process]));
        }
        if (subscribes && r.chance(1, 6)) answers.push_back(step("rebalance", {Value::List{0}}));
        op.ret = std::move(answers);
    }

    Value send(Rng& r, const Value::List& parts) {
        auto& of_key = log[*parts[1].integer()];
        const std::int64_t last = of_key.empty() ? -1 : of_key.back().first;
        of_key.emplace_back(last + (r.chance(1, 5) ? 2 : 1), parts[2]);
        const bool silent = r.chance(1, 6);
        return step("send", {parts[1], silent ? parts[2] : pair(of_key.back().first, parts[2])});
    }

    Value poll(Rng& r, std::map<std::int64_t, std::size_t>& positions) {
        Value::List keys;
        for (const std::int64_t key : {0, 1}) {
            const auto& of_key = log[key];
            std::size_t& at = positions[key];
            if (careless && r.chance(1, 4)) at = r.below(of_key.size() + 1);
            Value::List messages;
            for (int i = 0; i < 3 && at < of_key.size(); ++i, ++at)
                messages.push_back(pair(of_key[at].first, of_key[at].second));
            if (!messages.empty()) keys.push_back(pair(key, std::move(messages)));
        }
        return step("poll", {std::move(keys)});
    }
};

void damage_messages(Rng& r, Value::List& messages) {
    Value& message = messages[r.below(messages.size())];
    const Value::List old = *message.list();
    if (r.chance(1, 3))
        message = pair(static_cast<std::int64_t>(r.below(5)), old[1]);
    else if (r.chance(1, 2))
        message = pair(old[0], static_cast<std::int64_t>(r.below(8)));
    else
        std::ranges::reverse(messages);
}

void damage_log(Rng& r, Op& op) {
    if (op.f == "assign" || op.f == "subscribe") return;
    Value::List answers = *op.ret.list();
    Value& answer = answers[r.below(answers.size())];
    Value::List parts = *answer.list();
    if (parts[0] == Value("send") && parts[2].list()) {
        parts[2] = pair(static_cast<std::int64_t>(r.below(5)), (*parts[2].list())[1]);
    } else if (parts[0] == Value("poll") && !parts[1].list()->empty()) {
        Value::List keys = *parts[1].list();
        const Value::List of_key = *keys[0].list();
        Value::List messages = *of_key[1].list();
        damage_messages(r, messages);
        keys[0] = pair(of_key[0], std::move(messages));
        parts[1] = std::move(keys);
    }
    answer = std::move(parts);
    op.ret = std::move(answers);
}

/// What a finding cites, and nothing else.
std::vector<Op> cited(const std::vector<Op>& ops, const Finding& finding) {
    std::vector<Op> own;
    for (const OpId id : finding.ops)
        own.push_back(ops[static_cast<std::size_t>(id)]);
    return own;
}

PlainObject random_log(Rng& rng) {
    auto world = std::make_shared<LogWorld>();
    world->careless = rng.chance(1, 3);
    world->subscribes = rng.chance(1, 4);
    PlainObject object;
    object.max_ops = 12;
    object.damage_percent = 35;
    object.invoke = [world](Rng& r) { return world->invoke(r); };
    object.apply = [world](Rng& r, Op& op) { world->apply(r, op); };
    object.damage = damage_log;
    return object;
}

using Message = std::pair<Value, Value>; ///< key and value

struct Sight {
    Message message;
    std::optional<std::int64_t> offset;
};

/// An operation, taken apart anew wherever it is needed.
std::vector<Sight> sights_of(const Op& op, std::string_view kind) {
    std::vector<Sight> sights;
    if (op.f == "assign" || op.f == "subscribe") return sights;
    if (kind == "send") {
        for (const Value& asked : *op.arg.list()) {
            const Value::List& parts = *asked.list();
            if (parts[0] != Value("send")) continue;
            Sight sight{{parts[1], parts[2]}, std::nullopt};
            if (op.ret.list()) {
                for (const Value& answer : *op.ret.list()) {
                    const Value::List& told = *answer.list();
                    if (told[0] != Value("send") || told[1] != parts[1]) continue;
                    const Value::List* placed = told[2].list();
                    if (placed && (*placed)[1] == parts[2]) sight.offset = *(*placed)[0].integer();
                }
            }
            sights.push_back(sight);
        }
        return sights;
    }
    if (!op.ret.list()) return sights;
    for (const Value& answer : *op.ret.list()) {
        const Value::List& told = *answer.list();
        if (told[0] != Value("poll")) continue;
        for (const Value& of_key : *told[1].list())
            for (const Value& message : *(*of_key.list())[1].list())
                sights.push_back(
                    {{(*of_key.list())[0], (*message.list())[1]}, *(*message.list())[0].integer()});
    }
    return sights;
}

std::set<Value> rebalanced_in(const Op& op) {
    std::set<Value> keys;
    if (!op.ret.list() || op.f == "assign" || op.f == "subscribe") return keys;
    for (const Value& answer : *op.ret.list()) {
        const Value::List& told = *answer.list();
        if (told[0] == Value("rebalance"))
            keys.insert(told[1].list()->begin(), told[1].list()->end());
    }
    return keys;
}

bool polls(const Op& op) {
    if (op.f == "assign" || op.f == "subscribe") return false;
    return std::ranges::any_of(
        *op.arg.list(), [](const Value& asked) { return (*asked.list())[0] == Value("poll"); });
}

class Reference {
public:
    explicit Reference(const std::vector<Op>& ops) : ops_(ops) {
        for (const Op& op : ops)
            for (const Sight& sight : sights_of(op, "send"))
                writer_[sight.message] = &op;
        for (const Op& op : ops) {
            if (op.status != OpStatus::ok) continue;
            for (const Sight& sight : sights_of(op, "poll"))
                read_.insert(sight.message);
        }
        build_logs();
    }

    Expected run() {
        for (const char* type : {"inconsistent_offsets",
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
                                 "nonmonotonic_send"})
            counts_[type] = 0;
        offsets();
        reads();
        lost();
        order();
        unseen();
        bool wrong = cycle();
        const bool subscribed =
            std::ranges::any_of(ops_, [](const Op& op) { return op.f == "subscribe"; });
        Expected expected;
        for (const auto& [type, count] : counts_) {
            expected.statistics[type + ".count"] = count;
            const bool allowed =
                type == "int_send_skip" ||
                (subscribed && (type == "poll_skip" || type == "nonmonotonic_poll"));
            wrong = wrong || (count > 0 && !allowed);
        }
        expected.verdict = wrong ? Verdict::invalid : doubt_ ? Verdict::unknown : Verdict::valid;
        return expected;
    }

private:
    bool committed(const Op& op) const {
        if (op.status == OpStatus::ok) return true;
        if (op.status == OpStatus::fail) return false;
        const auto sent = sights_of(op, "send");
        return std::ranges::any_of(sent, [&](const Sight& s) { return read_.contains(s.message); });
    }

    void build_logs() {
        for (const Op& op : ops_) {
            std::vector<Sight> sights;
            if (committed(op)) sights = sights_of(op, "send");
            const auto polled = sights_of(op, "poll");
            sights.insert(sights.end(), polled.begin(), polled.end());
            for (const Sight& sight : sights) {
                if (!sight.offset) continue;
                auto& at = log_[sight.message.first][*sight.offset];
                if (std::ranges::find(at, sight.message.second) == at.end())
                    at.push_back(sight.message.second);
            }
        }
    }

    void offsets() {
        std::map<Message, int> places;
        for (const auto& [key, log] : log_) {
            for (const auto& [offset, values] : log) {
                if (values.size() > 1) ++counts_["inconsistent_offsets"];
                for (const Value& value : values)
                    ++places[{key, value}];
            }
        }
        for (const auto& [message, count] : places)
            if (count > 1) ++counts_["duplicate"];
    }

    void reads() {
        bool any = false;
        for (const Op& op : ops_) {
            any = any || (op.status == OpStatus::ok && polls(op));
            for (const Sight& sight : sights_of(op, "poll")) {
                const auto writer = writer_.find(sight.message);
                if (writer == writer_.end()) continue;
                if (op.status == OpStatus::ok && writer->second->status == OpStatus::fail)
                    ++counts_["G1a"];
                if (writer->second == &op) ++counts_["precommitted_read"];
            }
        }
        doubt_ = doubt_ || !any;
    }

    void lost() {
        for (const auto& [key, log] : log_) {
            std::map<Value, std::pair<int, int>> places; // first and last index
            int index = 0;
            for (const auto& [offset, values] : log) {
                for (const Value& value : values)
                    places.try_emplace(value, index, index).first->second.second = index;
                ++index;
            }
            int bound = -1;
            for (const auto& [value, place] : places)
                if (read_.contains({key, value})) bound = std::max(bound, place.first);
            for (const auto& [value, place] : places) {
                const auto writer = writer_.find({key, value});
                if (place.second > bound || read_.contains({key, value})) continue;
                if (writer != writer_.end() && committed(*writer->second)) ++counts_["lost_write"];
            }
        }
    }

    std::optional<int> index_of(const Message& message) const {
        std::optional<int> found;
        const auto log = log_.find(message.first);
        if (log == log_.end()) return found;
        int index = 0;
        for (const auto& [offset, values] : log->second) {
            if (values.front() == message.second) found = index;
            ++index;
        }
        return found;
    }

    void compare(const Message& before, const Message& now, bool inside, const std::string& verb) {
        const auto a = index_of(before);
        const auto b = index_of(now);
        const int delta = a && b ? *b - *a : 1;
        if (delta > 1 && (inside || verb == "poll"))
            ++counts_[(inside ? "int_" : "") + verb + "_skip"];
        if (delta < 1) ++counts_[(inside ? "int_nonmonotonic_" : "nonmonotonic_") + verb];
    }

    void order() {
        std::map<std::int32_t, std::map<Value, Value>> last_poll, last_send;
        for (const Op& op : ops_) {
            if (op.status == OpStatus::fail) continue;
            if (op.f == "assign" || op.f == "subscribe") {
                const Value::List& keep = *op.arg.list();
                std::erase_if(last_poll[op.process], [&](const auto& entry) {
                    return std::ranges::find(keep, entry.first) == keep.end();
                });
                continue;
            }
            follow(op, "send", last_send[op.process], {});
            if (op.status == OpStatus::ok)
                follow(op, "poll", last_poll[op.process], rebalanced_in(op));
        }
    }

    void follow(const Op& op,
                const std::string& verb,
                std::map<Value, Value>& last,
                const std::set<Value>& rebalanced) {
        std::map<Value, std::vector<Value>> values;
        for (const Sight& sight : sights_of(op, verb))
            values[sight.message.first].push_back(sight.message.second);
        for (const Value& key : rebalanced)
            last.erase(key);
        for (const auto& [key, list] : values) {
            if (!rebalanced.contains(key)) {
                if (last.contains(key)) compare({key, last[key]}, {key, list[0]}, false, verb);
                for (std::size_t i = 1; i < list.size(); ++i)
                    compare({key, list[i - 1]}, {key, list[i]}, true, verb);
            }
            last[key] = list.back();
        }
    }

    void unseen() {
        std::set<Value> keys;
        Index last_poll = -1;
        for (const Op& op : ops_)
            if (op.status == OpStatus::ok && polls(op))
                last_poll = std::max(last_poll, op.inv_index);
        for (const auto& [message, writer] : writer_) {
            if (writer->status != OpStatus::ok || read_.contains(message)) continue;
            if (writer->ret_index < last_poll)
                keys.insert(message.first);
            else
                doubt_ = true;
        }
        counts_["unseen"] = static_cast<std::int64_t>(keys.size());
    }

    bool cycle() const {
        const std::size_t n = ops_.size();
        const auto node = [&](const Op& op) {
            return op.status != OpStatus::fail && op.f != "assign" && op.f != "subscribe";
        };
        std::vector<std::vector<bool>> before(n, std::vector<bool>(n));
        for (const Op& a : ops_) {
            for (const Op& b : ops_) {
                if (!node(a) || !node(b) || a.id == b.id) continue;
                if (a.ret_index < b.inv_index)
                    before[static_cast<std::size_t>(a.id)][static_cast<std::size_t>(b.id)] = true;
            }
        }
        for (const Op& op : ops_) {
            for (const Sight& sight : sights_of(op, "poll")) {
                const auto writer = writer_.find(sight.message);
                if (writer == writer_.end() || writer->second == &op || !node(*writer->second))
                    continue;
                before[static_cast<std::size_t>(writer->second->id)]
                      [static_cast<std::size_t>(op.id)] = true;
            }
        }
        for (std::size_t k = 0; k < n; ++k)
            for (std::size_t i = 0; i < n; ++i)
                for (std::size_t j = 0; j < n; ++j)
                    if (before[i][k] && before[k][j]) before[i][j] = true;
        for (std::size_t i = 0; i < n; ++i)
            if (before[i][i]) return true;
        return false;
    }

    const std::vector<Op>& ops_;
    std::map<Message, const Op*> writer_;
    std::set<Message> read_; ///< by an ok poll
    std::map<Value, std::map<std::int64_t, std::vector<Value>>> log_;
    std::map<std::string, std::int64_t> counts_;
    bool doubt_ = false;
};

Value sends(std::int64_t key, std::int64_t value) {
    return Value::List{step("send", {key, value})};
}
Value sent(std::int64_t key, std::int64_t offset, std::int64_t value) {
    return Value::List{step("send", {key, pair(offset, value)})};
}
const Value asks = Value::List{step("poll", {})};
Value polled(std::int64_t key, std::vector<std::pair<std::int64_t, std::int64_t>> messages) {
    Value::List list;
    for (const auto& [offset, value] : messages)
        list.push_back(pair(offset, value));
    return Value::List{step("poll", {Value::List{pair(key, std::move(list))}})};
}

std::set<std::string> anomalies_in(const CheckResult& result) {
    std::set<std::string> names;
    for (const Finding& finding : result.findings)
        names.insert(finding.anomaly);
    return names;
}

} // namespace

TEST_CASE("10,000 random histories: kafka agrees with its definition") {
    expect_agreement(
        {.checker = "kafka", .options = {}, .make = random_log, .reference = [](const auto& ops) {
             return Reference(ops).run();
         }});
}

TEST_CASE("what a finding of kafka cites is wrong when it is judged alone") {
    Rng rng(6);
    std::map<std::string, int> judged;
    for (int i = 0; i < 5'000; ++i) {
        const std::vector<Op> ops = random_plain(rng, random_log(rng));
        for (const Finding& finding : check_with(record_of(ops), "kafka").findings) {
            const CheckResult alone = check_with(record_of(cited(ops, finding)), "kafka");
            INFO(finding.anomaly << print_plain(ops) << print_plain(cited(ops, finding)));
            REQUIRE(anomalies_in(alone).contains(finding.anomaly));
            ++judged[finding.anomaly];
        }
    }
    CHECK(judged["poll_skip"] > 20);
    CHECK(judged["lost_write"] > 100);
    CHECK(judged.size() >= 10);
}

TEST_CASE("cycles of reads are named by the weakest relation that closes them") {
    const auto txn = [](Value send, Value poll) {
        return Value::List{send.list()->front(), poll.list()->front()};
    };
    const auto reads_other = [&](std::int64_t mine, std::int64_t other, Index from, Index to) {
        Op op = long_op(static_cast<std::int32_t>(mine),
                        "txn",
                        txn(sends(mine, mine), asks),
                        txn(sent(mine, 0, mine), polled(other, {{0, other}})),
                        from,
                        to);
        return op;
    };
    const CheckResult data =
        check_with(record_of({reads_other(1, 2, 0, 3), reads_other(2, 1, 1, 2)}), "kafka");
    CHECK(anomalies_in(data) == std::set<std::string>{"G1c"});

    // Each polls what the other sent later.
    const std::vector<Op> in_time = {long_op(1, "poll", asks, polled(2, {{0, 5}}), 0, 1),
                                     long_op(2, "send", sends(2, 5), sent(2, 0, 5), 2, 3)};
    CHECK(anomalies_in(check_with(record_of(in_time), "kafka")) ==
          std::set<std::string>{"G1c-realtime"});
    std::vector<Op> one_process = in_time;
    one_process[1].process = 1;
    CHECK(anomalies_in(check_with(record_of(one_process), "kafka")) ==
          std::set<std::string>{"G1c-process"});
    const CheckResult allowed = check_with(record_of(in_time), "kafka", {{"ww", "yes"}});
    CHECK(allowed.verdict == Verdict::valid);
    CHECK(allowed.statistics.at("G1c-realtime.count") == Value(1));
}

TEST_CASE("the worst real-time lag is that of the message behind the furthest one seen") {
    const CheckResult result =
        check_with(record_of({long_op(1, "assign", Value::List{7}, {}, 0, 1),
                              long_op(2, "send", sends(7, 1), sent(7, 0, 1), 2, 3),
                              long_op(2, "send", sends(7, 2), sent(7, 1, 2), 4, 5),
                              long_op(1, "poll", asks, polled(7, {{0, 1}}), 20, 21),
                              long_op(1, "poll", asks, polled(7, {{1, 2}}), 30, 31)}),
                   "kafka");
    CHECK(result.verdict == Verdict::valid);
    CHECK(result.statistics.at("worst_realtime_lag") == Value(Value::List{7, 3, 15 * millisecond}));
}

TEST_CASE("what kafka does not understand makes it unknown") {
    for (const Value& answer : {Value(1), sent(7, -1, 1), sent(8, 0, 1), polled(7, {{0, 1}})}) {
        const CheckResult result =
            check_with(record_of({long_op(1, "send", sends(7, 1), answer, 0, 1)}), "kafka");
        CHECK(result.verdict == Verdict::unknown);
    }
    const CheckResult twice =
        check_with(record_of({long_op(1, "send", sends(7, 1), sent(7, 0, 1), 0, 1),
                              long_op(1, "send", sends(7, 1), sent(7, 1, 1), 2, 3)}),
                   "kafka");
    CHECK(twice.verdict == Verdict::unknown);
}

TEST_CASE("kafka takes few steps for every message") {
    std::vector<Op> ops;
    Index index = 0;
    constexpr std::int64_t n = 10'000;
    for (std::int64_t i = 0; i < n; ++i, index += 4) {
        ops.push_back(long_op(0, "send", sends(7, i), sent(7, i, i), index, index + 1));
        // Every poll skips all of the log and comes back.
        const std::int64_t at = i % 2 == 0 ? i : 0;
        ops.push_back(long_op(1, "poll", asks, polled(7, {{at, at}}), index + 2, index + 3));
    }
    CHECK(steps_of("kafka", ops) < 60 * n);
}
