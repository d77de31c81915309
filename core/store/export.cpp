#include "core/store/export.hpp"

#include "core/store/jsonl.hpp"
#include "core/store/jsonl_namespace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
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

/// A line that has only a time; among equal times in the order they became known.
struct Timed {
    Nanos t = 0;
    std::size_t order = 0;
    std::string line;
    friend bool operator>(const Timed& a, const Timed& b) {
        return a.t != b.t ? a.t > b.t : a.order > b.order;
    }
};

class Exporter {
public:
    Exporter(const Record& record, std::ostream& out)
        : record_(record), history_(record.history), out_(out) {}

    void run() {
        for (const FaultRecord& fault : record_.faults)
            add_fault(fault);
        for (const Indexed& event : indexed_events()) {
            const Op op = history_.op(event.op);
            flush_until(event.returns ? op.t_ret : op.t_inv);
            write(event.returns ? return_line(op) : invoke_line(op));
            if (!event.returns && op.status == OpStatus::info) wait(op.t_ret, return_line(op));
        }
        flush_until(std::numeric_limits<Nanos>::max());
    }

private:
    std::vector<Indexed> indexed_events() const {
        std::vector<Indexed> events;
        events.reserve(2 * history_.size());
        for (std::size_t i = 0; i < history_.size(); ++i) {
            const auto op = static_cast<OpId>(i);
            events.push_back({history_.inv_index()[i], op, false});
            const Index returned = history_.ret_index()[i];
            if (returned != never) events.push_back({returned, op, true});
        }
        std::ranges::sort(events, {}, &Indexed::index);
        return events;
    }

    void write(std::string_view line) { out_ << line << '\n'; }

    void wait(Nanos t, std::string line) { waiting_.push({t, order_++, std::move(line)}); }

    void flush_until(Nanos t) {
        while (!waiting_.empty() && waiting_.top().t < t) {
            write(waiting_.top().line);
            waiting_.pop();
        }
    }

    /// The fields that every event of an operation has. The caller closes the object.
    std::string begin_line(const Op& op,
                           const Value& space,
                           std::string_view type,
                           const Value& value,
                           Nanos t) const {
        std::string line =
            fmt::format(R"({{"process":{},"type":"{}","f":{})", op.process, type, text(op.f));
        if (!space.is_absent()) line += ",\"ns\":" + to_json(space);
        if (!op.key.is_absent()) line += ",\"key\":" + to_json(op.key);
        line += fmt::format(",\"value\":{},\"time\":{}", to_json(value), t);
        return line;
    }

    std::string invoke_line(Op op) const {
        const Value space = jsonl::take_from_namespace(op);
        std::string line = begin_line(op, space, "invoke", op.arg, op.t_inv);
        if (op.node != no_node) line += ",\"node\":" + text(node_name(op.node));
        if (op.client != op.process) line += fmt::format(",\"client\":{}", op.client);
        if (op.t_due != op.t_inv) line += fmt::format(",\"due\":{}", op.t_due);
        return line + "}";
    }

    std::string return_line(Op op) const {
        const Value space = jsonl::take_from_namespace(op);
        const bool in_value = op.status == OpStatus::ok && jsonl::answers_in_value(op);
        std::string line =
            begin_line(op, space, to_string(op.status), in_value ? op.ret : op.arg, op.t_ret);
        if (!in_value && !op.ret.is_absent()) line += ",\"ret\":" + to_json(op.ret);
        if (!op.error.empty()) line += ",\"error\":" + text(op.error);
        return line + "}";
    }

    void add_fault(const FaultRecord& record) {
        const Fault& fault = record.fault;
        const auto line = [&](std::string_view verb, Nanos t) {
            return fmt::format(
                R"({{"process":"nemesis","type":"info","f":{},"value":{},"time":{}}})",
                text(fmt::format("{}-{}", verb, fault.nemesis)),
                text(fault.summary),
                t);
        };
        if (record.t_started >= 0) wait(record.t_started, line("start", record.t_started));
        if (record.t_ended >= 0) wait(record.t_ended, line("stop", record.t_ended));
    }

    std::string node_name(NodeId node) const {
        const auto& nodes = record_.cluster.nodes;
        const auto i = static_cast<std::size_t>(node);
        return i < nodes.size() ? nodes[i].name : fmt::format("n{}", node + 1);
    }

    static std::string text(std::string_view bytes) { return to_json(Value(bytes)); }

    const Record& record_;
    const History& history_;
    std::ostream& out_;
    std::priority_queue<Timed, std::vector<Timed>, std::greater<>> waiting_;
    std::size_t order_ = 0;
};

} // namespace

Result<void> export_jsonl(const Record& record, std::ostream& out) {
    Exporter(record, out).run();
    out.flush();
    if (!out) {
        return lab_error("cannot write the exported history",
                         "look whether the disk is full or the reader went away");
    }
    return {};
}

} // namespace faultlab
