#include "core/store/export.hpp"

#include "core/store/event_writer.hpp"
#include "core/store/jsonl.hpp"
#include "core/store/jsonl_namespace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <ostream>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {
namespace {

/// An invocation or a return that has an index.
struct Indexed {
    Index index = 0;
    OpId op = 0;
    bool returns = false;
};

/// What becomes one event: half of an operation, or half of a fault.
struct Line {
    OpId op = -1; ///< -1: of a fault
    bool returns = false;
    std::string_view type;
    Nanos t = 0;
    std::string f; ///< of a fault, as the value
    Value value;
};

/// A line that has only a time; among equal times in the order they became known.
struct Timed {
    Nanos t = 0;
    std::size_t order = 0;
    Line line;
    friend bool operator>(const Timed& a, const Timed& b) {
        return a.t != b.t ? a.t > b.t : a.order > b.order;
    }
};

class Exporter {
public:
    Exporter(const Record& record, HistoryFormat format, std::ostream& out, const Kept& kept)
        : record_(record), history_(record.history), kept_(kept),
          writer_(event_writer(format, record.history, kept.names, out)) {}

    void run() {
        for (const FaultRecord& fault : record_.faults)
            add_fault(fault);
        for (const Indexed& event : indexed_events()) {
            const Line line = event.returns ? return_line(event.op) : invoke_line(event.op);
            flush_until(line.t);
            write_kept(event.index);
            write(line);
            const OpStatus status = history_.status()[index_of(line)];
            const bool placed = kept_.info_index.contains(event.op);
            if (event.returns || status != OpStatus::info || placed) continue;
            const Line unknown = return_line(event.op);
            wait(unknown.t, unknown);
        }
        flush_until(std::numeric_limits<Nanos>::max());
        write_kept(never);
    }

private:
    std::vector<Indexed> indexed_events() const {
        std::vector<Indexed> events;
        events.reserve(2 * history_.size());
        for (std::size_t i = 0; i < history_.size(); ++i) {
            const auto op = static_cast<OpId>(i);
            events.push_back({history_.inv_index()[i], op, false});
            const auto info = kept_.info_index.find(op);
            const Index returned =
                info != kept_.info_index.end() ? info->second : history_.ret_index()[i];
            if (returned != never) events.push_back({returned, op, true});
        }
        std::ranges::sort(events, {}, &Indexed::index);
        return events;
    }

    void wait(Nanos t, Line line) { waiting_.push({t, order_++, std::move(line)}); }

    void flush_until(Nanos t) {
        while (!waiting_.empty() && waiting_.top().t < t) {
            write(waiting_.top().line);
            waiting_.pop();
        }
    }

    /// The other events of the file that stood before the event of this index.
    void write_kept(Index index) {
        for (; next_kept_ < kept_.events.size(); ++next_kept_) {
            const KeptEvent& event = kept_.events[next_kept_];
            if (event.before > index) return;
            writer_->write(event);
        }
    }

    void write(const Line& line) {
        const std::string process =
            line.op >= 0 ? fmt::format("{}", history_.process()[index_of(line)]) : "nemesis";
        EventRow row{.process = process, .numbered = line.op >= 0, .type = line.type};
        row.time = line.t;
        if (line.op < 0) {
            row.f = line.f;
            row.value = &line.value;
            writer_->write(row);
            return;
        }
        Op op = history_.op(line.op);
        const Value space = kept_.whole ? Value{} : jsonl::take_from_namespace(op);
        const std::string node = op.node == no_node ? std::string() : node_name(op.node);
        row.f = op.f;
        if (!space.is_absent()) row.space = &space;
        if (!op.key.is_absent()) row.key = &op.key;
        row.value = &op.arg;
        if (line.returns) {
            const bool in_value = op.status == OpStatus::ok && jsonl::answers_in_value(op);
            if (in_value) row.value = &op.ret;
            if (!in_value && !op.ret.is_absent()) row.ret = &op.ret;
            if (op.ret.is_absent() && jsonl::could_be_an_answer(op.f, op.arg))
                row.value = &nothing_;
            row.error = op.error;
        } else {
            row.node = node;
            if (op.client != op.process) row.client = op.client;
            if (op.t_due != op.t_inv) row.due = op.t_due;
        }
        const auto& kept = line.returns ? kept_.returned : kept_.invoked;
        if (const auto own = kept.find(line.op); own != kept.end()) row.kept = own->second;
        writer_->write(row);
    }

    static std::size_t index_of(const Line& line) { return static_cast<std::size_t>(line.op); }

    [[nodiscard]] Line invoke_line(OpId op) const {
        return {.op = op, .type = "invoke", .t = history_.t_inv()[static_cast<std::size_t>(op)]};
    }
    [[nodiscard]] Line return_line(OpId op) const {
        const auto i = static_cast<std::size_t>(op);
        return {.op = op,
                .returns = true,
                .type = to_string(history_.status()[i]),
                .t = history_.t_ret()[i]};
    }

    void add_fault(const FaultRecord& record) {
        const Fault& fault = record.fault;
        const auto line = [&](std::string_view verb, Nanos t) {
            return Line{.type = "info",
                        .t = t,
                        .f = fmt::format("{}-{}", verb, fault.nemesis),
                        .value = Value(fault.summary)};
        };
        if (record.t_started >= 0) wait(record.t_started, line("start", record.t_started));
        if (record.t_ended >= 0) wait(record.t_ended, line("stop", record.t_ended));
    }

    std::string node_name(NodeId node) const {
        const auto& nodes = record_.cluster.nodes;
        const auto i = static_cast<std::size_t>(node);
        return i < nodes.size() ? nodes[i].name : fmt::format("n{}", node + 1);
    }

    const Record& record_;
    const History& history_;
    const Kept& kept_;
    const Value nothing_;
    std::size_t next_kept_ = 0;
    std::unique_ptr<EventWriter> writer_;
    std::priority_queue<Timed, std::vector<Timed>, std::greater<>> waiting_;
    std::size_t order_ = 0;
};

} // namespace

Result<void>
export_history(const Record& record, HistoryFormat format, std::ostream& out, const Kept& kept) {
    Exporter(record, format, out, kept).run();
    out.flush();
    if (!out) {
        return lab_error("cannot write the exported history",
                         "look whether the disk is full or the reader went away");
    }
    return {};
}

Result<void> export_jsonl(const Record& record, std::ostream& out) {
    return export_history(record, HistoryFormat::jsonl, out);
}

} // namespace faultlab
