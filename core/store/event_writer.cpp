#include "core/store/event_writer.hpp"

#include "core/op.hpp"
#include "core/store/jsonl_namespace.hpp"
#include "core/store/tuples.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <vector>

namespace faultlab {
namespace {

/// Of bytes that may be no UTF-8: those are replaced.
std::string json_text(std::string_view text) {
    return to_json(Value(text));
}

class JsonlWriter final : public EventWriter {
public:
    explicit JsonlWriter(std::ostream& out) : out_(out) {}

    void write(const EventRow& row) override {
        out_ << fmt::format(R"({{"process":{},"type":"{}","f":{})",
                            row.numbered ? std::string(row.process) : json_text(row.process),
                            row.type,
                            json_text(row.f));
        if (row.space != nullptr) out_ << ",\"ns\":" << to_json(*row.space);
        if (row.key != nullptr) out_ << ",\"key\":" << to_json(*row.key);
        out_ << ",\"value\":" << to_json(*row.value) << fmt::format(",\"time\":{}", row.time);
        if (row.ret != nullptr) out_ << ",\"ret\":" << to_json(*row.ret);
        if (!row.node.empty()) out_ << ",\"node\":" << json_text(row.node);
        if (row.client) out_ << fmt::format(",\"client\":{}", *row.client);
        if (row.due) out_ << fmt::format(",\"due\":{}", *row.due);
        if (!row.error.empty()) out_ << ",\"error\":" << json_text(row.error);
        for (const KeptField& field : row.kept) {
            out_ << ',';
            write_field(field);
        }
        out_ << "}\n";
    }

    void write(const KeptEvent& event) override {
        out_ << '{';
        for (const KeptField& field : event.fields) {
            write_field(field);
            out_ << ',';
        }
        out_ << fmt::format("\"time\":{}}}\n", event.t);
    }

private:
    void write_field(const KeptField& field) { out_ << json_text(field.name) << ':' << field.json; }

    std::ostream& out_;
};

/// The escapes that JSON needs are also those of EDN.
std::string edn_text(std::string_view text) {
    return json_text(text);
}

/// A name that reads as a keyword is one, as in Jepsen; others are texts.
std::string edn_name(std::string_view name) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.*+!?<>=/";
    const bool keyword = !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
                         name.find_first_not_of(plain) == std::string_view::npos;
    return keyword ? fmt::format(":{}", name) : edn_text(name);
}

std::string edn_value(const Value& value) {
    if (value.is_absent()) return "nil";
    if (const std::string* text = value.text()) return edn_text(*text);
    std::vector<std::string> parts;
    if (const Value::List* list = value.list()) {
        for (const Value& element : *list)
            parts.push_back(edn_value(element));
    } else if (const Value::Transaction* transaction = value.transaction()) {
        for (const MicroOp& op : *transaction) {
            parts.push_back(
                fmt::format("[{} {} {}]", edn_name(op.f), edn_value(op.key), edn_value(op.value)));
        }
    } else {
        return to_json(value);
    }
    return fmt::format("[{}]", fmt::join(parts, " "));
}

/// Jepsen's history.edn, with our own fields where something of ours would be lost. Keys stand in
/// the values, as jepsen.independent has them, where a reader can tell that; else in :key.
class EdnWriter final : public EventWriter {
public:
    EdnWriter(const History& history, std::ostream& out) : out_(out), keys_(keys_in(history)) {}

    void write(const EventRow& row) override {
        const bool tuple = keys_ == Keys::tuples && row.key != nullptr;
        out_ << fmt::format("{{:index {}, :time {}, :type :{}, :process {}, :f {}, :value {}",
                            index_++,
                            row.time,
                            row.type,
                            row.numbered ? std::string(row.process) : edn_name(row.process),
                            edn_name(row.f),
                            tuple ? pair(*row.key, *row.value) : edn_value(*row.value));
        if (keys_ == Keys::named && row.numbered)
            out_ << ", :key " << (row.key != nullptr ? edn_value(*row.key) : "nil");
        if (row.space != nullptr) out_ << ", :ns " << edn_value(*row.space);
        if (row.ret != nullptr) out_ << ", :ret " << edn_value(*row.ret);
        if (!row.node.empty()) out_ << ", :node " << edn_text(row.node);
        if (row.client) out_ << fmt::format(", :client {}", *row.client);
        if (row.due) out_ << fmt::format(", :due {}", *row.due);
        if (!row.error.empty()) out_ << ", :error " << edn_text(row.error);
        for (const KeptField& field : row.kept)
            write_field(field);
        out_ << "}\n";
    }

    void write(const KeptEvent& event) override {
        out_ << fmt::format("{{:index {}, :time {}", index_++, event.t);
        for (const KeptField& field : event.fields)
            write_field(field);
        out_ << "}\n";
    }

private:
    void write_field(const KeptField& field) {
        if (field.name == "index") return; // every event is numbered anew
        const bool names = field.name == "process" || field.name == "type" || field.name == "f";
        const auto value = names ? value_from_json(field.json) : Value{};
        const std::string* const name = value ? value->text() : nullptr;
        out_ << ", " << edn_name(field.name) << ' ' << (name ? edn_name(*name) : field.edn);
    }

    enum class Keys : std::uint8_t {
        none,   ///< there are none, and a reader sees that
        tuples, ///< in the values
        named,  ///< in the field :key
    };

    static std::string pair(const Value& key, const Value& value) {
        return fmt::format("[{} {}]", edn_value(key), edn_value(value));
    }

    /// Asks what a reader of the file would understand.
    static Keys keys_in(const History& history) {
        TupleQuestion plain;
        TupleQuestion tuples;
        bool any = false;
        bool all = true;
        for (std::size_t i = 0; i < history.size(); ++i) {
            Op op = history.op(static_cast<OpId>(i));
            jsonl::take_from_namespace(op);
            any = any || !op.key.is_absent();
            all = all && (op.key.is_absent() == spans_keys(op.f));
            plain.look_at(op.f, op.arg);
            tuples.look_at(op.f, Value(Value::List{op.key, op.arg}));
        }
        if (!any && !plain.are_tuples()) return Keys::none;
        return any && all && tuples.are_tuples() ? Keys::tuples : Keys::named;
    }

    std::ostream& out_;
    Keys keys_;
    std::int64_t index_ = 0;
};

/// RFC 4180; keys and values are JSON.
class CsvWriter final : public EventWriter {
public:
    CsvWriter(std::span<const std::string> names, std::ostream& out) : out_(out), names_(names) {
        out_ << fmt::format("{}", fmt::join(own, ","));
        for (const std::string& name : names)
            out_ << ',' << cell(name);
        out_ << '\n';
    }

    void write(const EventRow& row) override {
        const auto json = [](const Value* value) {
            return value == nullptr ? std::string() : to_json(*value);
        };
        std::vector<std::string> cells = {
            cell(row.process),
            cell(row.type),
            row.f.empty() ? R"("")" : cell(clean(row.f)), // unquoted it would be absent
            cell(json(row.space)),
            cell(json(row.key)),
            cell(row.value->is_absent() ? std::string() : json(row.value)),
            fmt::format("{}", row.time),
            cell(row.node),
            row.client ? fmt::format("{}", *row.client) : std::string(),
            row.due ? fmt::format("{}", *row.due) : std::string(),
            cell(json(row.ret)),
            cell(clean(row.error))};
        cells.resize(ours + names_.size());
        for (const KeptField& field : row.kept)
            put(field, cells);
        out_ << fmt::format("{}\n", fmt::join(cells, ","));
    }

    void write(const KeptEvent& event) override {
        std::vector<std::string> cells(ours + names_.size());
        for (const KeptField& field : event.fields)
            put(field, cells);
        cells[time_column] = fmt::format("{}", event.t);
        out_ << fmt::format("{}\n", fmt::join(cells, ","));
    }

private:
    static constexpr std::array<std::string_view, 12> own = {"process",
                                                             "type",
                                                             "f",
                                                             "ns",
                                                             "key",
                                                             "value",
                                                             "time",
                                                             "node",
                                                             "client",
                                                             "due",
                                                             "ret",
                                                             "error"};
    static constexpr std::size_t ours = own.size();
    static constexpr std::size_t time_column = 6;

    /// A text as it is, in a column of texts and where it cannot be taken for JSON.
    void put(const KeptField& field, std::vector<std::string>& cells) const {
        constexpr std::array<std::string_view, 5> texts = {"process", "type", "f", "node", "error"};
        std::size_t column =
            static_cast<std::size_t>(std::ranges::find(own, field.name) - own.begin());
        if (column == ours)
            column +=
                static_cast<std::size_t>(std::ranges::find(names_, field.name) - names_.begin());
        const auto value = value_from_json(field.json);
        const std::string* const text = value ? value->text() : nullptr;
        const bool as_text =
            text != nullptr && (std::ranges::find(texts, field.name) != texts.end() ||
                                (column >= ours && !text->empty() && !is_json(*text)));
        if (as_text && text->empty())
            cells[column] = R"("")"; // unquoted it would be absent
        else if (field.json != "null" || column >= ours)
            cells[column] = cell(as_text ? *text : field.json);
    }

    /// The text with bytes replaced that are no UTF-8.
    static std::string clean(std::string_view text) {
        const auto cleaned = value_from_json(json_text(text));
        return cleaned && cleaned->text() != nullptr ? *cleaned->text() : std::string(text);
    }

    static std::string cell(std::string_view text) {
        if (text.find_first_of(",\"\n\r") == std::string_view::npos) return std::string(text);
        std::string quoted = "\"";
        for (const char c : text) {
            if (c == '"') quoted += '"';
            quoted += c;
        }
        return quoted + '"';
    }

    std::ostream& out_;
    std::span<const std::string> names_;
};

} // namespace

std::unique_ptr<EventWriter> event_writer(HistoryFormat format,
                                          const History& history,
                                          std::span<const std::string> names,
                                          std::ostream& out) {
    switch (format) {
        case HistoryFormat::jsonl: break;
        case HistoryFormat::edn: return std::make_unique<EdnWriter>(history, out);
        case HistoryFormat::csv: return std::make_unique<CsvWriter>(names, out);
    }
    return std::make_unique<JsonlWriter>(out);
}

} // namespace faultlab
