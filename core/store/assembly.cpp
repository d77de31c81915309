#include "core/store/assembly.hpp"

#include "core/store/jsonl.hpp"
#include "core/store/jsonl_namespace.hpp"
#include "core/transaction_form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <limits>
#include <utility>

namespace faultlab {
namespace {

constexpr std::string_view transaction_form =
    R"(a transaction: [["r", key, null], ["w", key, value], …])";

/// Also one that is no integer of 64 bits, as it stands in the file.
bool is_number(const Token& token) {
    if (token.kind != Token::Kind::unfit) return token.kind == Token::Kind::integer;
    std::string_view raw = token.raw;
    if (raw.starts_with('-') || raw.starts_with('+')) raw.remove_prefix(1);
    return !raw.empty() && raw[0] >= '0' && raw[0] <= '9';
}

constexpr std::array<std::string_view, 3> messages = {"send", "poll", "rebalance"};

/// Of a canonical list.
bool begins_with_message(std::string_view list) {
    constexpr std::string_view open = "[[\"";
    if (!list.starts_with(open)) return false;
    list.remove_prefix(open.size());
    return std::ranges::any_of(messages, [list](std::string_view name) {
        return list.starts_with(name) && list.substr(name.size()).starts_with('"');
    });
}

/// A number in quotes: a slip of who wrote the file, as no fault has such a name.
bool is_quoted_number(const Token& token) {
    if (token.kind != Token::Kind::text) return false;
    std::string_view digits = token.text;
    if (digits.starts_with('-')) digits.remove_prefix(1);
    return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
}

/// A text as it is, everything else as it stands in the file; for display.
std::string shown(const Token& token) {
    return std::string(token.kind == Token::Kind::text ? token.text : token.raw);
}

} // namespace

std::string quoted(std::string_view raw) {
    constexpr std::size_t quoted_max = 60;
    if (raw.size() <= quoted_max) return std::string(raw);
    // Not between the bytes of one character.
    std::size_t size = quoted_max;
    while (size > 0 && (static_cast<unsigned char>(raw[size]) & 0xC0U) == 0x80U)
        --size;
    return std::string(raw.substr(0, size)) + "…";
}

NodeId node_of_name(std::string_view name) {
    const bool numbered = name.size() >= 2 && name.size() <= 6 && name[0] == 'n' &&
                          name.find_first_not_of("0123456789", 1) == std::string_view::npos;
    if (!numbered) return no_node;
    NodeId number = 0;
    for (const char digit : name.substr(1))
        number = number * 10 + (digit - '0');
    return number - 1;
}

bool HistoryAssembly::refuse(std::size_t line, std::string_view wrong, std::string_view expected) {
    error_ = usage_error(fmt::format("{}:{}: {}", file_name_, line, wrong),
                         fmt::format("expected {}", expected));
    return false;
}

bool HistoryAssembly::add(const EventFields& event, std::size_t line) {
    line_ = line;
    if (!integer_of(event, Field::time, t_)) return false;
    const Token* process = event.find(Field::process);
    if (process == nullptr) return refuse("there is no 'process'", "an integer");
    if (is_number(*process)) return add_operation(event, *process);
    if (is_quoted_number(*process)) {
        return refuse(fmt::format("'process' is the text {}", quoted(process->raw)),
                      fmt::format("the integer {}", quoted(process->text)));
    }
    keep_for_display(event, *process);
    if (keeps_all_) keep_event(event);
    return true;
}

void HistoryAssembly::keep(std::string_view name, const Token& token, EventFields& event) {
    // Events are numbered by whoever writes EDN.
    if (!keeps_all_ || name.empty() || (from_edn_ && name == "index")) return;
    event.keep(kept_field(name, token, from_edn_));
    if (std::ranges::find(kept_.names, name) == kept_.names.end()) kept_.names.emplace_back(name);
}

std::vector<KeptField> HistoryAssembly::left_over(const EventFields& event,
                                                  std::initializer_list<Field> fields) const {
    std::vector<KeptField> kept;
    for (const Field field : fields) {
        if (const Token* token = event.find(field))
            kept.push_back(kept_field(name_of(field), *token, from_edn_));
    }
    std::ranges::copy(event.kept(), std::back_inserter(kept));
    return kept;
}

void HistoryAssembly::keep_event(const EventFields& event) {
    kept_.events.push_back({.before = next_index_,
                            .t = t_,
                            .fields = left_over(event,
                                                {Field::process,
                                                 Field::type,
                                                 Field::f,
                                                 Field::space,
                                                 Field::key,
                                                 Field::value,
                                                 Field::node,
                                                 Field::client,
                                                 Field::due,
                                                 Field::ret,
                                                 Field::error})});
}

bool HistoryAssembly::add_operation(const EventFields& event, const Token& process_token) {
    std::int32_t number = 0;
    std::string_view type;
    std::string_view f;
    if (!number_of(event, Field::process, number)) return false;
    if (!text_of(event, Field::type, type)) return false;
    if (!text_of(event, Field::f, f)) return false;
    Process& state = process(number);
    if (state.state == Process::State::ended) {
        return refuse(fmt::format("process {} goes on after its info", process_token.integer),
                      fmt::format("another process number: what it did in line {} may still take "
                                  "effect",
                                  state.line));
    }
    const std::uint32_t name = name_of_f(f);
    bool taken = false;
    if (type == "invoke") {
        taken = invoke(event, number, name, state);
    } else if (type == "ok") {
        taken = complete(event, OpStatus::ok, name, state);
    } else if (type == "fail") {
        taken = complete(event, OpStatus::fail, name, state);
    } else if (type == "info") {
        taken = complete(event, OpStatus::info, name, state);
    } else {
        refuse(fmt::format("the type is '{}'", quoted(type)), "invoke, ok, fail or info");
    }
    state.line = line_;
    return taken;
}

bool HistoryAssembly::invoke(const EventFields& event,
                             std::int32_t number,
                             std::uint32_t name,
                             Process& state) {
    if (state.state == Process::State::busy) {
        return refuse(fmt::format("process {} invokes a second operation while that of line {} is "
                                  "open",
                                  number,
                                  state.line),
                      "ok, fail or info of the first");
    }
    InternedOp op{.f = names_[name].symbol,
                  .process = number,
                  .client = number,
                  .inv_index = next_index(),
                  .t_due = t_,
                  .t_inv = t_};
    if (!key_of(event, Field::key, op.key) || !note_namespace(event)) return false;
    if (names_[name].takes_argument && !event.has(Field::value)) {
        return misses_value(event, fmt::format("what the {} is of, be it null", names_[name].text));
    }
    if (!value_of(event, Field::value, names_[name].transaction, op.arg)) return false;
    if (!integer_of(event, Field::due, op.t_due)) return false;
    if (event.has(Field::client) && !number_of(event, Field::client, op.client)) return false;
    const Token* node = event.find(Field::node);
    if (node != nullptr && node->kind == Token::Kind::text) op.node = node_of_name(node->text);
    if (keeps_all_) {
        auto kept = left_over(event, {Field::space, Field::error, Field::ret});
        const Token* named = op.node == no_node ? node : nullptr;
        if (named != nullptr) kept.push_back(kept_field(name_of(Field::node), *named, from_edn_));
        if (!kept.empty()) kept_.invoked.emplace(builder_.size(), std::move(kept));
    }
    state.state = Process::State::busy;
    state.name = name;
    state.key = op.key;
    state.arg = op.arg;
    state.op = static_cast<std::uint32_t>(builder_.size());
    builder_.add(op);
    return true;
}

bool HistoryAssembly::complete(const EventFields& event,
                               OpStatus status,
                               std::uint32_t name,
                               Process& state) {
    if (state.state != Process::State::busy) {
        return refuse(fmt::format("'{}' without an open operation", to_string(status)),
                      "the invoke of this process before it");
    }
    if (name != state.name) {
        return refuse(
            fmt::format("'{}' of '{}'", to_string(status), names_[name].text),
            fmt::format("f '{}', as invoked in line {}", names_[state.name].text, state.line));
    }
    Symbol key = 0;
    if (!key_of(event, Field::key, key)) return false;
    if (key != state.key) {
        return refuse(
            fmt::format("'{}' of key {}", to_string(status), to_text(builder_.value(key))),
            fmt::format(
                "key {}, as invoked in line {}", to_text(builder_.value(state.key)), state.line));
    }
    if (!same_namespace(event, status, state)) return false;
    InternedReturn returned{.status = status, .t_ret = t_};
    const Token* error = event.find(Field::error);
    if (error != nullptr && error->kind != Token::Kind::null)
        returned.error = interner_.name(shown(*error));
    const Index index = next_index();
    if (keeps_all_) {
        auto kept = left_over(event, {Field::space, Field::node, Field::client, Field::due});
        // An empty error is none in a history.
        if (error != nullptr && error->kind == Token::Kind::text && error->text.empty())
            kept.push_back(kept_field(name_of(Field::error), *error, from_edn_));
        if (!kept.empty()) kept_.returned.emplace(state.op, std::move(kept));
        if (status == OpStatus::info) kept_.info_index.emplace(state.op, index);
    }
    state.state = Process::State::idle;
    if (status == OpStatus::info) {
        state.state = Process::State::ended;
    } else {
        returned.ret_index = index;
        if (!answer(event, state, returned)) return false;
    }
    builder_.complete(state.op, returned);
    return true;
}

/// Of this event.
Index HistoryAssembly::next_index() {
    lines_.add(next_index_, line_);
    return next_index_++;
}

/// Of the operation that is added next.
bool HistoryAssembly::note_namespace(const EventFields& event) {
    const Token* const named = event.find(Field::space);
    if (named == nullptr || named->kind == Token::Kind::null) return true;
    Symbol space = 0;
    if (namespaces_ == Namespaces::separate && !key_of(event, Field::space, space)) return false;
    has_namespaces_ = true;
    if (space == 0) return true;
    spaces_.resize(builder_.size() + 1, 0);
    spaces_.back() = space;
    return true;
}

bool HistoryAssembly::same_namespace(const EventFields& event,
                                     OpStatus status,
                                     const Process& state) {
    if (namespaces_ == Namespaces::ignored) return true;
    Symbol space = 0;
    if (!key_of(event, Field::space, space)) return false;
    const Symbol invoked = space_of(state.op);
    if (space == invoked) return true;
    return refuse(
        fmt::format("'{}' in namespace {}", to_string(status), to_text(builder_.value(space))),
        fmt::format(
            "namespace {}, as invoked in line {}", to_text(builder_.value(invoked)), state.line));
}

/// A misspelt name would be a field that nobody knows, and what it says null.
bool HistoryAssembly::misses_value(const EventFields& event, std::string_view expected) {
    std::string wrong = "there is no 'value'";
    if (!event.stranger().empty())
        wrong += fmt::format("; '{}' is no field of ours", quoted(event.stranger()));
    return refuse(wrong, expected);
}

bool HistoryAssembly::answer(const EventFields& event,
                             const Process& state,
                             InternedReturn& returned) {
    const Name& name = names_[state.name];
    if (event.has(Field::ret)) return answer_beside(event, state, returned);
    if (returned.status == OpStatus::fail) return true;
    if (name.tells_answer && !event.has(Field::value))
        return misses_value(event, fmt::format("what the {} was answered, be it null", name.text));
    Symbol value = 0;
    if (!value_of(event, Field::value, name.transaction, value)) return false;
    const bool repeats = name.acknowledges && value == state.arg;
    if (!repeats || jsonl::could_be_an_answer(name.text, builder_.value(value)))
        returned.ret = value;
    return true;
}

/// With `ret`, which is the answer, `value` is the argument or null. Only beside true, which says
/// no more than that it was done, it may be what an update was answered.
bool HistoryAssembly::answer_beside(const EventFields& event,
                                    const Process& state,
                                    InternedReturn& returned) {
    const Name& name = names_[state.name];
    if (!value_of(event, Field::ret, name.transaction, returned.ret)) return false;
    Symbol value = 0;
    if (!value_of(event, Field::value, name.transaction, value)) return false;
    if (value == 0 || value == state.arg) return true;
    const bool* const done = builder_.value(returned.ret).boolean();
    if (name.acknowledges && done != nullptr && *done) {
        returned.ret = value;
        return true;
    }
    return refuse(fmt::format("'value' is {} and 'ret' is {}",
                              quoted(event.find(Field::value)->raw),
                              quoted(event.find(Field::ret)->raw)),
                  fmt::format("one answer of the {}: beside 'ret', 'value' is its argument or null",
                              name.text));
}

void HistoryAssembly::keep_for_display(const EventFields& event, const Token& process) {
    Event kept{.t = t_, .kind = process.kind == Token::Kind::text ? shown(process) : "nemesis"};
    for (const Field field : {Field::type, Field::f, Field::value}) {
        const Token* token = event.find(field);
        if (token == nullptr || token->kind == Token::Kind::null) continue;
        kept.fields[std::string(name_of(field))] = shown(*token);
    }
    record_.events.push_back(std::move(kept));
}

bool HistoryAssembly::text_of(const EventFields& event, Field field, std::string_view& text) {
    const Token* token = event.find(field);
    if (token == nullptr) {
        return refuse(fmt::format("there is no '{}'", name_of(field)), "a text");
    }
    if (token->kind != Token::Kind::text) {
        return refuse(fmt::format("'{}' is {}", name_of(field), quoted(token->raw)), "a text");
    }
    text = token->text;
    return true;
}

/// Leaves `integer` as it is when the field is absent or null.
bool HistoryAssembly::integer_of(const EventFields& event, Field field, std::int64_t& integer) {
    const Token* token = event.find(field);
    if (token == nullptr || token->kind == Token::Kind::null) return true;
    if (token->kind != Token::Kind::integer) {
        return refuse(fmt::format("'{}' is {}", name_of(field), quoted(token->raw)),
                      "a 64-bit integer");
    }
    integer = token->integer;
    return true;
}

bool HistoryAssembly::number_of(const EventFields& event, Field field, std::int32_t& number) {
    const Token& token = *event.find(field);
    if (token.kind == Token::Kind::null) return true;
    const bool fits = token.kind == Token::Kind::integer && token.integer >= 0 &&
                      token.integer <= std::numeric_limits<std::int32_t>::max();
    if (!fits) {
        return refuse(fmt::format("'{}' is {}", name_of(field), quoted(token.raw)),
                      "an integer from 0 to 2^31-1");
    }
    number = static_cast<std::int32_t>(token.integer);
    return true;
}

/// Also of a namespace.
bool HistoryAssembly::key_of(const EventFields& event, Field field, Symbol& key) {
    const Token* token = event.find(field);
    if (token == nullptr) return true;
    switch (token->kind) {
        case Token::Kind::null: return true;
        case Token::Kind::integer: key = interner_.integer(token->integer); return true;
        case Token::Kind::text: key = interner_.text(token->text); return true;
        default: break;
    }
    return refuse(fmt::format("'{}' is {}", name_of(field), quoted(token->raw)),
                  "a 64-bit integer or a text");
}

bool HistoryAssembly::value_of(const EventFields& event,
                               Field field,
                               bool transaction,
                               Symbol& value) {
    const Token* token = event.find(field);
    if (token == nullptr) return true;
    switch (token->kind) {
        case Token::Kind::null: return true;
        case Token::Kind::boolean: value = interner_.boolean(token->integer != 0); return true;
        case Token::Kind::integer: value = interner_.integer(token->integer); return true;
        case Token::Kind::text: value = interner_.text(token->text); return true;
        case Token::Kind::list: break;
        case Token::Kind::unfit:
            return refuse(fmt::format("'{}' is {}", name_of(field), quoted(token->raw)),
                          "integers of 64 bits, texts, booleans, null, and lists of these");
    }
    if (transaction) return transaction_of(*token, field, value);
    value = interner_.list(token->text, [&] { return decode_canonical(token->text); });
    return true;
}

bool HistoryAssembly::transaction_of(const Token& token, Field field, Symbol& value) {
    if (begins_with_message(token.text)) {
        value = interner_.list(token.text, [&] { return decode_canonical(token.text); });
        return are_messages(*builder_.value(value).list()) ||
               refuse(fmt::format("'{}' is {}", name_of(field), quoted(token.raw)),
                      transaction_form);
    }
    bool fits = true;
    value = interner_.transaction(token.text, [&] {
        const Value list = decode_canonical(token.text);
        auto steps = transaction_from(*list.list());
        fits = steps.has_value();
        return fits ? Value(std::move(*steps)) : Value{};
    });
    return fits ||
           refuse(fmt::format("'{}' is {}", name_of(field), quoted(token.raw)), transaction_form);
}

std::uint32_t HistoryAssembly::name_of_f(std::string_view f) {
    constexpr std::size_t near = 16;
    for (std::uint32_t i = 0; i < std::min(names_.size(), near); ++i) {
        if (names_[i].text == f) return i;
    }
    const auto number = static_cast<std::uint32_t>(names_.size());
    if (names_.size() >= near) {
        const auto [it, added] = far_names_.try_emplace(std::string(f), number);
        if (!added) return it->second;
    }
    names_.push_back({.text = std::string(f),
                      .symbol = builder_.intern_text(f),
                      .first_line = line_,
                      .takes_argument = jsonl::takes_argument(f),
                      .tells_answer = jsonl::tells_answer(f),
                      .acknowledges = jsonl::acknowledges(f),
                      .transaction = f == jsonl::transaction});
    return number;
}

HistoryAssembly::Process& HistoryAssembly::process(std::int32_t number) {
    // Numbers grow with every info, but no faster than there are operations.
    const auto i = static_cast<std::size_t>(number);
    if (i < processes_.size()) [[likely]]
        return processes_[i];
    constexpr std::size_t dense = 4096;
    if (i >= dense + 2 * builder_.size()) return far_processes_[number];
    processes_.resize(std::max({2 * processes_.size(), i + 1, dense}));
    std::vector<std::int32_t> moved;
    for (const auto& [far, state] : far_processes_) {
        if (static_cast<std::size_t>(far) >= processes_.size()) continue;
        processes_[static_cast<std::size_t>(far)] = state;
        moved.push_back(far);
    }
    for (const std::int32_t far : moved)
        far_processes_.erase(far);
    return processes_[i];
}

/// Keys of a namespace stand in arguments and answers as well: each operation is made anew.
History HistoryAssembly::in_namespaces(const History& history) const {
    HistoryBuilder builder;
    builder.reserve(history.size());
    for (std::size_t i = 0; i < history.size(); ++i) {
        Op op = history.op(static_cast<OpId>(i));
        jsonl::put_into_namespace(history.value(space_of(static_cast<std::uint32_t>(i))), op);
        builder.add(op);
    }
    return builder.build();
}

ImportedHistory HistoryAssembly::finish() {
    ImportedHistory imported;
    record_.history = builder_.build();
    if (!spaces_.empty()) record_.history = in_namespaces(record_.history);
    imported.record = std::move(record_);
    imported.lines = std::move(lines_);
    imported.kept = std::move(kept_);
    imported.has_namespaces = has_namespaces_;
    for (Name& name : names_)
        imported.operations.push_back({std::move(name.text), name.first_line});
    return imported;
}

} // namespace faultlab
