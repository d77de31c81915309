#include "checker/kafka_input.hpp"

#include <string>
#include <utility>

namespace faultlab {
namespace {

constexpr const char* steps_expected =
    R"([["send", k, v] or ["poll"], …], and as its answer [["send", k, [offset, v]] or )"
    R"(["poll", [[k, [[offset, v], …]], …]], …])";

/// The parts of a step of this name, or null.
const Value::List* step_named(const Value& value, std::string_view name) {
    const Value::List* step = value.list();
    if (step == nullptr || step->empty()) return nullptr;
    const std::string* text = step->front().text();
    return text != nullptr && *text == name ? step : nullptr;
}

class Reader {
public:
    Reader(const History& history, Judgement& judgement)
        : history_(history), judgement_(judgement) {}

    KafkaHistory run() {
        result_.ops.resize(history_.size());
        for (std::size_t i = 0; i < history_.size(); ++i) {
            if (!judgement_.step()) break;
            const auto op = static_cast<OpId>(i);
            if (!read(op, result_.ops[i])) {
                judgement_.misfit(op, steps_expected);
                break;
            }
        }
        return std::move(result_);
    }

private:
    bool read(OpId op, KafkaOp& out) {
        const std::string& f = history_.text(history_.f()[at(op)]);
        if (f == "assign" || f == "subscribe") {
            out.kind = f == "assign" ? KafkaKind::assign : KafkaKind::subscribe;
            return read_keys(history_.value(history_.arg()[at(op)]), out.keys);
        }
        if (f != "send" && f != "poll" && f != "txn") return true;
        out.kind = KafkaKind::messages;
        const Value::List* asked = history_.value(history_.arg()[at(op)]).list();
        if (asked == nullptr) return false;
        const Value& answer = history_.value(history_.ret()[at(op)]);
        const Value::List* told = answer.list();
        if (told == nullptr && !answer.is_absent()) return false;
        if (told == nullptr && history_.status()[at(op)] == OpStatus::ok) return false;
        std::size_t next = 0;
        for (const Value& step : *asked) {
            if (!judgement_.step()) return true;
            const Value* result = nullptr;
            if (told != nullptr && !answer_to(*told, next, out, result)) return false;
            if (!read_step(op, step, result, out)) return false;
        }
        const Value* rest = nullptr;
        return told == nullptr || (!answer_to(*told, next, out, rest) && next == told->size());
    }

    /// The next answer that is no note of a rebalance.
    bool answer_to(const Value::List& told, std::size_t& next, KafkaOp& out, const Value*& result) {
        for (; next < told.size(); ++next) {
            const Value::List* rebalance = step_named(told[next], "rebalance");
            if (rebalance == nullptr) {
                result = &told[next++];
                return true;
            }
            if (rebalance->size() != 2 || !read_keys((*rebalance)[1], out.rebalanced)) return false;
        }
        return false;
    }

    bool read_keys(const Value& value, std::vector<std::uint32_t>& keys) {
        const Value::List* list = value.list();
        if (list == nullptr) return false;
        for (const Value& key : *list)
            keys.push_back(result_.keys.intern(key));
        return true;
    }

    bool read_step(OpId op, const Value& step, const Value* result, KafkaOp& out) {
        if (const Value::List* send = step_named(step, "send")) {
            if (send->size() != 3) return false;
            const std::uint32_t message = message_of((*send)[1], (*send)[2]);
            OpId& writer = result_.messages[message].writer;
            if (writer >= 0) return false;
            writer = op;
            KafkaSight sight{.message = message};
            if (result != nullptr && !read_offset(*send, *result, sight.offset)) return false;
            out.sent.push_back(sight);
            return true;
        }
        if (step_named(step, "poll") == nullptr) return false;
        out.polls = true;
        return result == nullptr || read_poll(*result, out);
    }

    static bool read_offset(const Value::List& send, const Value& result, std::int64_t& offset) {
        const Value::List* done = step_named(result, "send");
        if (done == nullptr || done->size() != 3 || (*done)[1] != send[1]) return false;
        if ((*done)[2] == send[2]) return true;
        const Value::List* pair = pair_in((*done)[2]);
        return pair != nullptr && (*pair)[1] == send[2] && known_offset((*pair)[0], offset);
    }

    static bool known_offset(const Value& value, std::int64_t& offset) {
        if (value.is_absent()) return true;
        const std::int64_t* number = value.integer();
        if (number == nullptr || *number < 0) return false;
        offset = *number;
        return true;
    }

    bool read_poll(const Value& result, KafkaOp& out) {
        const Value::List* poll = step_named(result, "poll");
        if (poll == nullptr || poll->size() > 2) return false;
        const Value::List* keys = poll->size() == 2 ? (*poll)[1].list() : nullptr;
        if (keys == nullptr) return poll->size() == 1 || (*poll)[1].is_absent();
        for (const Value& entry : *keys) {
            const Value::List* pair = pair_in(entry);
            const Value::List* messages = pair == nullptr ? nullptr : (*pair)[1].list();
            if (messages == nullptr) return false;
            for (const Value& message : *messages) {
                if (!judgement_.step()) return true;
                const Value::List* sight = pair_in(message);
                if (sight == nullptr) return false;
                KafkaSight seen{.message = message_of((*pair)[0], (*sight)[1])};
                if (!known_offset((*sight)[0], seen.offset)) return false;
                out.polled.push_back(seen);
            }
        }
        return true;
    }

    std::uint32_t message_of(const Value& key, const Value& value) {
        const std::uint32_t k = result_.keys.intern(key);
        const std::uint32_t v = result_.values.intern(value);
        const auto [entry, fresh] = messages_.try_emplace(
            std::uint64_t{k} << 32 | v, static_cast<std::uint32_t>(result_.messages.size()));
        if (fresh) result_.messages.push_back({.key = k, .value = v});
        return entry->second;
    }

    const History& history_;
    Judgement& judgement_;
    KafkaHistory result_;
    std::unordered_map<std::uint64_t, std::uint32_t> messages_; ///< by key and value
};

} // namespace

KafkaHistory read_kafka(const History& history, Judgement& judgement) {
    return Reader(history, judgement).run();
}

} // namespace faultlab
