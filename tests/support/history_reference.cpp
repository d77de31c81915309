#include "tests/support/history_reference.hpp"

#include "tests/support/edn_reference.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

namespace faultlab::test {
namespace {

using Json = nlohmann::json;

/// Thrown where a text is refused.
struct Refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

bool is_field(const std::string& name) {
    static const std::set<std::string> names = {"process",
                                                "type",
                                                "f",
                                                "key",
                                                "value",
                                                "time",
                                                "node",
                                                "error",
                                                "client",
                                                "due",
                                                "ret",
                                                "ns"};
    return names.contains(name);
}

/// A tree, refused when one of our fields stands twice in the object.
Json parse_line(const std::string& line) {
    if (line.find('\0') != std::string::npos) throw Refused("a zero byte");
    std::set<std::string> seen;
    bool twice = false;
    const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
        if (event == Json::parse_event_t::key && depth == 1 && parsed.is_string()) {
            const auto name = parsed.get<std::string>();
            twice = twice || (is_field(name) && !seen.insert(name).second);
        }
        return true;
    };
    Json event = Json::parse(line, watch, false);
    if (event.is_discarded() || !event.is_object()) throw Refused("not an object");
    if (twice) throw Refused("a field stands twice");
    return event;
}

bool fits(const Json& number) {
    return number.is_number_integer() &&
           (!number.is_number_unsigned() || number.get<std::uint64_t>() <= INT64_MAX);
}

Value value_of(const Json& json, std::size_t depth = 0) {
    if (depth > 64) throw Refused("nested too deep");
    if (json.is_null()) return Value{};
    if (json.is_boolean()) return Value(json.get<bool>());
    if (fits(json)) return Value(json.get<std::int64_t>());
    if (json.is_string()) return Value(json.get<std::string>());
    if (!json.is_array()) throw Refused("no value");
    Value::List list;
    for (const Json& element : json)
        list.push_back(value_of(element, depth + 1));
    return Value(std::move(list));
}

/// Steps on a partitioned log are no transaction of ours.
bool are_messages(const Value::List& steps) {
    for (const Value& step : steps) {
        const bool named = step.list() != nullptr && !step.list()->empty() &&
                           step.list()->front().text() != nullptr;
        if (!named) return false;
        const std::string& name = *step.list()->front().text();
        if (name != "send" && name != "poll" && name != "rebalance") return false;
    }
    return !steps.empty();
}

Value value_of(const Json& event, const char* field, const std::string& f) {
    if (!event.contains(field)) return Value{};
    Value value = value_of(event[field]);
    if (f != "txn" || value.list() == nullptr) return value;
    if (are_messages(*value.list())) return value;
    Value::Transaction steps;
    for (const Value& step : *value.list()) {
        if (step.list() == nullptr || step.list()->size() != 3) throw Refused("no transaction");
        const std::string* name = step.list()->front().text();
        const bool known = name != nullptr && (*name == "r" || *name == "w" || *name == "append");
        if (!known) throw Refused("no step of a transaction");
        steps.push_back({*name, (*step.list())[1], (*step.list())[2]});
    }
    return Value(std::move(steps));
}

std::int64_t integer_of(const Json& event, const char* field, std::int64_t fallback) {
    if (!event.contains(field) || event[field].is_null()) return fallback;
    if (!fits(event[field])) throw Refused("no integer");
    return event[field].get<std::int64_t>();
}

std::string text_of(const Json& event, const char* field) {
    if (!event.contains(field) || !event[field].is_string()) throw Refused("no text");
    return event[field].get<std::string>();
}

class Builder {
public:
    void add(const Json& event) {
        t_ = integer_of(event, "time", t_);
        if (!event.contains("process")) throw Refused("no process");
        const Json& process = event["process"];
        if (process.is_string()) {
            std::string name = process.get<std::string>();
            if (name.starts_with('-')) name.erase(0, 1);
            if (!name.empty() && name.find_first_not_of("0123456789") == std::string::npos)
                throw Refused("a process in quotes");
        }
        if (!process.is_number()) {
            record_.events.push_back(
                {.t = t_, .kind = process.is_string() ? process.get<std::string>() : "nemesis"});
            return;
        }
        const std::int64_t number = integer_of(event, "process", -1);
        if (number < 0 || number > INT32_MAX) throw Refused("no process number");
        const std::string type = text_of(event, "type");
        const std::string f = text_of(event, "f");
        if (ended_.contains(number)) throw Refused("goes on after info");
        if (type == "invoke") return invoke(event, static_cast<std::int32_t>(number), f);
        if (type != "ok" && type != "fail" && type != "info") throw Refused("no type");
        complete(event, number, type, f);
    }

    Record finish() {
        HistoryBuilder builder;
        for (const Op& op : ops_)
            builder.add(op);
        record_.history = builder.build();
        return std::move(record_);
    }

private:
    static Value key_of(const Json& event) {
        if (!event.contains("key")) return Value{};
        const Json& key = event["key"];
        if (!key.is_null() && !key.is_string() && !fits(key)) throw Refused("no key");
        return value_of(key);
    }

    static NodeId node_of(const Json& event) {
        if (!event.contains("node") || !event["node"].is_string()) return no_node;
        const auto name = event["node"].get<std::string>();
        if (name.size() < 2 || name.size() > 6 || name[0] != 'n') return no_node;
        if (name.find_first_not_of("0123456789", 1) != std::string::npos) return no_node;
        return std::stoi(name.substr(1)) - 1;
    }

    void invoke(const Json& event, std::int32_t process, const std::string& f) {
        if (open_.contains(process)) throw Refused("a second operation");
        Op op{.process = process, .client = process, .f = f, .inv_index = index_++, .t_inv = t_};
        op.key = key_of(event);
        static const std::set<std::string> of_something = {"write",
                                                           "cas",
                                                           "add",
                                                           "append",
                                                           "swap",
                                                           "put",
                                                           "enqueue",
                                                           "push",
                                                           "remove",
                                                           "contains",
                                                           "scan",
                                                           "txn",
                                                           "transfer"};
        if (of_something.contains(f) && !event.contains("value")) throw Refused("no argument");
        op.arg = value_of(event, "value", f);
        op.t_due = integer_of(event, "due", t_);
        const std::int64_t client = integer_of(event, "client", process);
        if (client < 0 || client > INT32_MAX) throw Refused("no client");
        op.client = static_cast<std::int32_t>(client);
        op.node = node_of(event);
        open_[process] = ops_.size();
        ops_.push_back(std::move(op));
    }

    void complete(const Json& event,
                  std::int64_t process,
                  const std::string& type,
                  const std::string& f) {
        const auto open = open_.find(process);
        if (open == open_.end()) throw Refused("nothing is open");
        Op& op = ops_[open->second];
        open_.erase(open);
        if (f != op.f || key_of(event) != op.key) throw Refused("another operation");
        op.t_ret = t_;
        if (event.contains("error") && !event["error"].is_null()) {
            const Json& error = event["error"];
            op.error = error.is_string() ? error.get<std::string>() : "(other)";
        }
        const Index index = index_++;
        if (type == "info") {
            op.status = OpStatus::info;
            ended_.insert(process);
            return;
        }
        op.ret_index = index;
        op.status = type == "ok" ? OpStatus::ok : OpStatus::fail;
        static const std::set<std::string> acknowledged = {"write",
                                                           "cas",
                                                           "enqueue",
                                                           "push",
                                                           "remove",
                                                           "contains",
                                                           "delete",
                                                           "acquire",
                                                           "release"};
        if (event.contains("ret")) {
            op.ret = value_of(event, "ret", f);
            const Value beside = value_of(event, "value", f);
            if (!beside.is_absent() && beside != op.arg) {
                if (!acknowledged.contains(f) || op.ret != Value(true))
                    throw Refused("two answers");
                op.ret = beside;
            }
        } else if (op.status == OpStatus::ok) {
            static const std::set<std::string> looking = {
                "read", "swap", "dequeue", "pop", "drain", "scan", "txn"};
            if (looking.contains(f) && !event.contains("value")) throw Refused("no answer");
            const Value answer = value_of(event, "value", f);
            const Value::List* pair = f == "cas" ? op.arg.list() : nullptr;
            const bool twice = pair != nullptr && pair->size() == 2 && (*pair)[0] == (*pair)[1];
            if (!acknowledged.contains(f) || answer != op.arg || twice) op.ret = answer;
        }
    }

    Nanos t_ = 0;
    Index index_ = 0;
    std::vector<Op> ops_;
    std::map<std::int64_t, std::size_t> open_;
    std::set<std::int64_t> ended_;
    Record record_;
};

/// Takes the key out of a tuple, where the event is on one key.
void split_tuple(Json& event) {
    const bool client = event.contains("process") && fits(event["process"]);
    if (!client || !event.contains("f")) return;
    // What is no text is refused later.
    const std::string f = event["f"].is_string() ? event["f"].get<std::string>() : "";
    if (spans_keys(f)) return;
    const bool tuple = event.contains("value") && is_tuple(event["value"]);
    if (!tuple) throw Refused("no tuple");
    value_of(event["value"]); // refused also where only its rest is no value
    const Json pair = event["value"];
    event["key"] = pair[0];
    event["value"] = pair[1];
}

} // namespace

ReferenceReading reference_jsonl(std::string_view text) {
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    if (text.starts_with(mark)) text.remove_prefix(mark.size());
    Builder builder;
    ReferenceReading reading;
    while (!text.empty()) {
        ++reading.line;
        const std::string line(text.substr(0, text.find('\n')));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        try {
            if (line.starts_with(mark)) throw Refused("a mark inside");
            builder.add(parse_line(line));
        } catch (const Refused& refused) {
            reading.why = refused.what();
            return reading;
        }
    }
    reading.record = builder.finish();
    return reading;
}

ReferenceReading reference_edn(std::string_view text) {
    ReferenceReading reading;
    try {
        std::vector<Json> events = edn_events(text);
        const bool tuples = values_are_tuples(events);
        Builder builder;
        for (Json& event : events) {
            if (tuples) split_tuple(event);
            builder.add(event);
        }
        reading.record = builder.finish();
    } catch (const std::runtime_error& refused) {
        reading.why = refused.what();
    }
    return reading;
}

std::string difference(const Record& a, const Record& b) {
    if (a.history.size() != b.history.size()) return "the number of operations";
    if (a.events.size() != b.events.size()) return "the number of events";
    for (std::size_t i = 0; i < a.events.size(); ++i) {
        if (a.events[i].t != b.events[i].t || a.events[i].kind != b.events[i].kind)
            return "event " + std::to_string(i);
    }
    for (std::size_t i = 0; i < a.history.size(); ++i) {
        const Op x = a.history.op(static_cast<OpId>(i));
        const Op y = b.history.op(static_cast<OpId>(i));
        const bool same = x.process == y.process && x.client == y.client && x.node == y.node &&
                          x.f == y.f && x.key == y.key && x.arg == y.arg && x.ret == y.ret &&
                          x.inv_index == y.inv_index && x.ret_index == y.ret_index &&
                          x.t_due == y.t_due && x.t_inv == y.t_inv && x.t_ret == y.t_ret &&
                          x.status == y.status;
        const bool other = x.error == "(other)" || y.error == "(other)";
        if (!same || (!other && x.error != y.error)) return "operation " + std::to_string(i);
    }
    return {};
}

} // namespace faultlab::test
