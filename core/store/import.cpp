#include "core/store/import.hpp"

#include "core/store/jsonl.hpp"
#include "core/store/jsonl_namespace.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <istream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

using Json = nlohmann::json;

constexpr std::size_t quoted_max = 60;

std::string quote(const Json& json) {
    const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    return text.size() <= quoted_max ? text : text.substr(0, quoted_max) + "…";
}

Value::Transaction transaction_of(const Value::List& steps, bool& fits) {
    Value::Transaction transaction;
    for (const Value& step : steps) {
        const Value::List* parts = step.list();
        fits = fits && parts != nullptr && parts->size() == 3 && parts->front().text() != nullptr;
        if (!fits) return {};
        const std::string& f = *parts->front().text();
        fits = f == "r" || f == "w" || f == "append";
        transaction.push_back({f, (*parts)[1], (*parts)[2]});
    }
    return transaction;
}

/// A transaction on a partitioned log is a plain list: its steps are no micro-operations.
bool is_messages(const Value::List& steps) {
    return !steps.empty() && std::ranges::all_of(steps, [](const Value& step) {
        const Value::List* parts = step.list();
        const std::string* name =
            parts == nullptr || parts->empty() ? nullptr : parts->front().text();
        return name != nullptr && (*name == "send" || *name == "poll" || *name == "rebalance");
    });
}

class Importer {
public:
    Importer(std::string_view file_name, Namespaces namespaces)
        : file_name_(file_name), namespaces_(namespaces) {}

    Result<Record> run(std::istream& in) {
        std::string line;
        while (std::getline(in, line)) {
            ++line_;
            if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
            FAULTLAB_DO(read(line));
        }
        if (in.bad()) return lab_error(fmt::format("cannot read {}", file_name_));
        HistoryBuilder builder;
        builder.reserve(ops_.size());
        for (std::size_t i = 0; i < ops_.size(); ++i) {
            if (!spaces_.empty()) jsonl::put_into_namespace(spaces_[i], ops_[i]);
            builder.add(ops_[i]);
        }
        record_.history = builder.build();
        return std::move(record_);
    }

private:
    /// What a process does now.
    struct Process {
        std::size_t op = none; ///< its open operation
        std::size_t line = 0;  ///< of its last event
        bool ended = false;    ///< by an info
    };
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

    [[nodiscard]] Error refuse(std::string_view wrong, std::string_view expected) const {
        return usage_error(fmt::format("{}:{}: {}", file_name_, line_, wrong),
                           fmt::format("expected {}", expected));
    }

    Result<void> read(const std::string& line) {
        const Json event = Json::parse(line, nullptr, false);
        if (event.is_discarded()) return refuse("not JSON", "one JSON object a line");
        if (!event.is_object()) {
            return refuse(fmt::format("{} is not an object", quote(event)),
                          "one JSON object a line");
        }
        FAULTLAB_TRY(t_, integer(event, "time", t_));
        const auto process = event.find("process");
        if (process == event.end()) return refuse("there is no 'process'", "an integer");
        if (!process->is_number_integer()) return keep_for_display(event, *process);
        FAULTLAB_TRY(const std::int64_t number, integer(event, "process", 0, INT32_MAX));
        FAULTLAB_TRY(const std::string type, name(event, "type"));
        FAULTLAB_TRY(const std::string f, name(event, "f"));
        const auto id = static_cast<std::int32_t>(number);
        Process& state = processes_[id];
        if (state.ended) {
            return refuse(fmt::format("process {} goes on after its info", number),
                          fmt::format("another process number: what it did in line {} may still "
                                      "take effect",
                                      state.line));
        }
        if (type == "invoke") {
            FAULTLAB_DO(invoke(event, id, f, state));
        } else if (type == "ok" || type == "fail" || type == "info") {
            FAULTLAB_DO(complete(event, type, f, state));
        } else {
            return refuse(fmt::format("the type is '{}'", type), "invoke, ok, fail or info");
        }
        state.line = line_;
        return {};
    }

    Result<void> invoke(const Json& event, std::int32_t process, std::string f, Process& state) {
        if (state.op != none) {
            return refuse(fmt::format("process {} invokes a second operation while that of line {} "
                                      "is open",
                                      process,
                                      state.line),
                          "ok, fail or info of the first");
        }
        Op op{.process = process, .f = std::move(f), .inv_index = next_index_++, .t_inv = t_};
        FAULTLAB_TRY(op.key, key(event));
        FAULTLAB_TRY(op.arg, value(event, "value", op.f));
        FAULTLAB_TRY(op.t_due, integer(event, "due", t_));
        FAULTLAB_TRY(const std::int64_t client, integer(event, "client", process, INT32_MAX));
        op.client = static_cast<std::int32_t>(client);
        op.node = node(event);
        if (namespaces_ == Namespaces::separate) {
            FAULTLAB_TRY(Value space, key(event, "ns"));
            spaces_.push_back(std::move(space));
        }
        state.op = ops_.size();
        ops_.push_back(std::move(op));
        return {};
    }

    Result<void>
    complete(const Json& event, const std::string& type, const std::string& f, Process& state) {
        if (state.op == none) {
            return refuse(fmt::format("'{}' without an open operation", type),
                          "the invoke of this process before it");
        }
        Op& op = ops_[state.op];
        if (f != op.f) {
            return refuse(fmt::format("'{}' of '{}'", type, f),
                          fmt::format("f '{}', as invoked in line {}", op.f, state.line));
        }
        FAULTLAB_TRY(const Value of_key, key(event));
        if (of_key != op.key) {
            return refuse(
                fmt::format("'{}' of key {}", type, to_text(of_key)),
                fmt::format("key {}, as invoked in line {}", to_text(op.key), state.line));
        }
        FAULTLAB_DO(check_namespace(event, type, state));
        op.t_ret = t_;
        if (const auto error = event.find("error"); error != event.end() && !error->is_null()) {
            op.error = error->is_string() ? error->get<std::string>() : error->dump();
        }
        const Index index = next_index_++;
        state.op = none;
        if (type == "info") {
            op.status = OpStatus::info;
            state.ended = true;
            return {};
        }
        op.ret_index = index;
        op.status = type == "ok" ? OpStatus::ok : OpStatus::fail;
        return read_answer(event, op);
    }

    Result<void>
    check_namespace(const Json& event, const std::string& type, const Process& state) const {
        if (namespaces_ == Namespaces::ignored) return {};
        FAULTLAB_TRY(const Value space, key(event, "ns"));
        const Value& invoked = spaces_[state.op];
        if (space == invoked) return {};
        return refuse(
            fmt::format("'{}' in namespace {}", type, to_text(space)),
            fmt::format("namespace {}, as invoked in line {}", to_text(invoked), state.line));
    }

    Result<void> read_answer(const Json& event, Op& op) {
        if (event.contains("ret")) {
            FAULTLAB_TRY(op.ret, value(event, "ret", op.f));
            return {};
        }
        if (op.status == OpStatus::fail) return {};
        FAULTLAB_TRY(Value answer, value(event, "value", op.f));
        if (!jsonl::acknowledges(op.f) || answer != op.arg) op.ret = std::move(answer);
        return {};
    }

    Result<void> keep_for_display(const Json& event, const Json& process) {
        Event kept{.t = t_, .kind = process.is_string() ? process.get<std::string>() : "nemesis"};
        for (const char* field : {"type", "f", "value"}) {
            const auto it = event.find(field);
            if (it == event.end() || it->is_null()) continue;
            kept.fields[field] = it->is_string() ? it->get<std::string>() : it->dump();
        }
        record_.events.push_back(std::move(kept));
        return {};
    }

    Result<std::string> name(const Json& event, const char* field) const {
        const auto it = event.find(field);
        if (it == event.end()) return refuse(fmt::format("there is no '{}'", field), "a text");
        if (!it->is_string()) {
            return refuse(fmt::format("'{}' is {}", field, quote(*it)), "a text");
        }
        return it->get<std::string>();
    }

    Result<std::int64_t> integer(const Json& event,
                                 const char* field,
                                 std::int64_t fallback,
                                 std::int64_t highest = INT64_MAX) const {
        const auto it = event.find(field);
        if (it == event.end() || it->is_null()) return fallback;
        const bool fits = it->is_number_integer() &&
                          (!it->is_number_unsigned() ||
                           it->get<std::uint64_t>() <= static_cast<std::uint64_t>(highest)) &&
                          (highest == INT64_MAX || it->get<std::int64_t>() >= 0);
        if (!fits) {
            return refuse(fmt::format("'{}' is {}", field, quote(*it)),
                          highest == INT64_MAX ? "a 64-bit integer"
                                               : "an integer from 0 to 2^31-1");
        }
        return it->get<std::int64_t>();
    }

    Result<Value> key(const Json& event, const char* field = "key") const {
        const auto it = event.find(field);
        if (it == event.end() || it->is_null()) return Value{};
        if (it->is_string()) return Value(it->get<std::string>());
        FAULTLAB_TRY(const std::int64_t number, integer(event, field, 0));
        return Value(number);
    }

    Result<Value> value(const Json& event, const char* field, std::string_view f) const {
        const auto it = event.find(field);
        if (it == event.end() || it->is_null()) return Value{};
        if (it->is_string()) return Value(it->get<std::string>());
        auto parsed = value_from_json(it->dump());
        if (!parsed) {
            return refuse(fmt::format("'{}' is {}", field, quote(*it)),
                          "integers of 64 bits, texts, booleans, null, and lists of these");
        }
        const Value::List* list = parsed->list();
        if (f != jsonl::transaction || list == nullptr || is_messages(*list)) return parsed;
        bool fits = true;
        Value::Transaction transaction = transaction_of(*list, fits);
        if (!fits) {
            return refuse(fmt::format("'{}' is {}", field, quote(*it)),
                          R"(a transaction: [["r", key, null], ["w", key, value], …])");
        }
        return Value(std::move(transaction));
    }

    /// "n3" is node 2. Other names are for people and no number of ours.
    static NodeId node(const Json& event) {
        const auto it = event.find("node");
        if (it == event.end()) return no_node;
        if (!it->is_string()) return no_node;
        const std::string& name = it->get_ref<const std::string&>();
        const bool numbered = name.size() >= 2 && name.size() <= 6 && name[0] == 'n' &&
                              name.find_first_not_of("0123456789", 1) == std::string::npos;
        return numbered ? static_cast<NodeId>(std::stoi(name.substr(1))) - 1 : no_node;
    }

    std::string file_name_;
    Namespaces namespaces_;
    std::size_t line_ = 0;
    Nanos t_ = 0; ///< of this line, or of the last one that had a time
    Index next_index_ = 0;
    std::vector<Op> ops_;
    std::vector<Value> spaces_; ///< of ops_; empty where namespaces are ignored
    boost::unordered_flat_map<std::int32_t, Process> processes_;
    Record record_;
};

} // namespace

Result<Record>
import_jsonl_record(std::istream& in, std::string_view file_name, Namespaces namespaces) {
    return Importer(file_name, namespaces).run(in);
}

Result<History> import_jsonl(std::istream& in, std::string_view file_name, Namespaces namespaces) {
    FAULTLAB_TRY(Record record, import_jsonl_record(in, file_name, namespaces));
    return std::move(record.history);
}

} // namespace faultlab
