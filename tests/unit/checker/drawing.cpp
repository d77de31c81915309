#include "tests/unit/checker/drawing.hpp"

#include "core/check.hpp"
#include "core/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

std::string plain(const Value& value) {
    if (value.text() != nullptr) return *value.text();
    if (value.list() == nullptr) return value.is_absent() ? "null" : to_text(value);
    std::string text;
    for (const Value& element : *value.list())
        text += (text.empty() ? "" : " ") + plain(element);
    return "[" + text + "]";
}

/// The steps of a transaction, as they were answered.
std::string steps_text(const Value& value) {
    std::string text;
    if (value.transaction() != nullptr) {
        for (const MicroOp& step : *value.transaction())
            text += fmt::format(
                "{}{} {} {}", text.empty() ? "" : ", ", step.f, plain(step.key), plain(step.value));
        return text;
    }
    for (const Value& step : *value.list()) {
        const std::string words = plain(step);
        text += (text.empty() ? "" : ", ") + words.substr(1, words.size() - 2);
    }
    return text;
}

std::string label_of(const Op& op) {
    std::string text = op.f;
    if (op.f == "txn" || op.f == "send" || op.f == "poll") {
        const std::string steps = steps_text(op.ret.is_absent() ? op.arg : op.ret);
        text = op.f == "txn" ? "txn " + steps : steps;
    } else {
        if (!op.key.is_absent()) text += " " + plain(op.key);
        if (!op.arg.is_absent()) text += " " + plain(op.arg);
        const bool sees = op.f == "read" || op.f == "dequeue" || op.f == "pop";
        const bool tells = op.ret.is_absent() ? sees : op.ret != op.arg;
        if (op.status == OpStatus::ok && tells) text += " → " + plain(op.ret);
    }
    return op.status == OpStatus::fail ? text + " failed" : text;
}

/// Its characters, each in a cell.
std::vector<std::string> cells_of(std::string_view text) {
    std::vector<std::string> cells;
    for (const char byte : text) {
        const bool continues = (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
        if (!continues) cells.emplace_back();
        cells.back() += byte;
    }
    return cells;
}

struct Box {
    std::int32_t client = 0;
    std::vector<std::string> cells; ///< the left edge and the label
    std::size_t begin = 0;
    std::size_t end = 0; ///< 0: it has none
};

using Row = std::vector<std::string>;

void put(const Box& box, std::size_t width, Row& row) {
    for (std::size_t i = 0; i < box.cells.size(); ++i)
        row[box.begin + i] = box.cells[i];
    const std::size_t until = box.end == 0 ? width : box.end;
    for (std::size_t at = box.begin + box.cells.size(); at < until; ++at)
        row[at] = box.end != 0 || (at - box.begin) % 2 == 0 ? "─" : " ";
    if (box.end != 0) row[box.end] = "┤";
}

std::string text_of(std::int32_t client, const Row& row) {
    std::string text = fmt::format("client {}  ", client);
    for (const std::string& cell : row)
        text += cell;
    text.erase(text.find_last_not_of(' ') + 1);
    return text + "\n";
}

/// "3.5" seconds.
Nanos nanos_of(const std::string& seconds) {
    return static_cast<Nanos>(std::stod(seconds) * static_cast<double>(second));
}

Value value_of(const std::string& text) {
    const bool number = text.find_first_not_of("0123456789") == std::string::npos;
    return number ? Value(std::stoll(text)) : Value(text);
}

void note_log(NodeId node, const std::string& name, const std::string& line, Record& record) {
    auto log = std::ranges::find(record.logs, node, &LogFile::node);
    if (log == record.logs.end()) {
        record.logs.push_back({.node = node, .path = name + ".log", .text = ""});
        log = std::prev(record.logs.end());
    }
    *log->text += line + "\n";
}

} // namespace

std::string draw(const History& history) {
    std::map<Index, std::pair<std::size_t, bool>> events; ///< operation, and whether it returns
    std::vector<Box> boxes;
    for (std::size_t i = 0; i < history.size(); ++i) {
        const Op op = history.op(static_cast<OpId>(i));
        events[op.inv_index] = {i, false};
        if (op.ret_index != never) events[op.ret_index] = {i, true};
        boxes.push_back({.client = op.process, .cells = cells_of("├─ " + label_of(op) + " ")});
    }
    std::size_t width = 0;
    for (const auto& [index, event] : events) {
        Box& box = boxes[event.first];
        const std::size_t next = width == 0 ? 0 : width + 1;
        if (!event.second) box.begin = next;
        if (event.second) box.end = std::max(next, box.begin + box.cells.size() + 1);
        width = (event.second ? box.end : box.begin) + 1;
    }
    for (const Box& box : boxes)
        if (box.end == 0) width = std::max(width, box.begin + box.cells.size() + 4);
    std::map<std::int32_t, Row> rows;
    for (const Box& box : boxes)
        put(box, width, rows.try_emplace(box.client, width, " ").first->second);
    std::string text;
    for (const auto& [client, row] : rows)
        text += text_of(client, row);
    return text;
}

Record record_from_table(std::string_view text) {
    Record record;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string seconds, unit, name, kind;
        words >> seconds >> unit >> name >> kind;
        FAULTLAB_CHECK(unit == "s" && !kind.empty());
        Event event{.t = nanos_of(seconds), .kind = kind};
        if (name != "--") {
            event.node = static_cast<NodeId>(std::stoi(name.substr(1)) - 1);
            auto& nodes = record.cluster.nodes;
            while (nodes.size() <= static_cast<std::size_t>(event.node))
                nodes.push_back({.name = fmt::format("n{}", nodes.size() + 1)});
        }
        if (kind == "log") {
            std::string rest;
            std::getline(words >> std::ws, rest);
            note_log(event.node, name, rest, record);
            continue;
        }
        for (std::string field; words >> field;) {
            const std::size_t equals = field.find('=');
            event.fields[field.substr(0, equals)] = value_of(field.substr(equals + 1));
        }
        if (kind != "sample") {
            record.events.push_back(std::move(event));
            continue;
        }
        for (const auto& [metric, value] : event.fields)
            record.samples.push_back({event.t, event.node, 0, metric, *value.integer()});
    }
    return record;
}

} // namespace faultlab
