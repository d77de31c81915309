#pragma once

#include "core/checker.hpp"
#include "core/record.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace faultlab::test {

/// Builds a Record by hand, in the order of time. Indexes follow the times given: returns that
/// come before the next invocation get the smaller index. A value for one test, in one thread.
class RecordBuilder {
public:
    RecordBuilder() {
        record_.run_id = "9f3c";
        record_.plan.seed = 0x5eed1234;
        record_.plan.system = "etcd";
        record_.plan.workload = "register";
        record_.plan.nemeses = {"partition"};
        record_.meta = {{"system_version", Value("3.4.23")},
                        {"lab_version", Value("0.3.0+g1a2b3c")},
                        {"kernel", Value("6.1.0")},
                        {"started_utc", Value("2026-01-02T03:04:05Z")},
                        {"ended", Value("complete")}};
        for (const char* name : {"n1", "n2", "n3"}) {
            const auto number = std::to_string(record_.cluster.nodes.size() + 1);
            record_.cluster.nodes.push_back({.name = name, .address = "10.0.0." + number});
        }
    }

    /// Milliseconds in, for short tests.
    struct Call {
        std::int32_t client = 0;
        NodeId node = 0;
        std::string f;
        Value key;
        Value arg;
        Value ret;
        double from = 0;
        double to = -1; ///< -1: never answered
        OpStatus status = OpStatus::ok;
        std::string error;
    };
    RecordBuilder& op(Call call) {
        calls_.push_back(std::move(call));
        return *this;
    }

    RecordBuilder& fault(std::string nemesis,
                         std::string summary,
                         std::vector<NodeId> targets,
                         double from,
                         double to,
                         std::vector<Evidence> evidence) {
        FaultRecord fault;
        fault.fault.id = fault.fault.spec_id = static_cast<FaultId>(record_.faults.size());
        fault.fault.nemesis = std::move(nemesis);
        fault.fault.summary = std::move(summary);
        fault.fault.targets = std::move(targets);
        fault.t_planned = fault.t_started = nanos(from);
        fault.t_ended = to < 0 ? -1 : nanos(to);
        fault.state = to < 0 ? FaultState::active : FaultState::healed;
        fault.evidence = std::move(evidence);
        record_.faults.push_back(std::move(fault));
        return *this;
    }

    RecordBuilder& event(double t, NodeId node, std::string kind, Params fields) {
        record_.events.push_back(
            {.t = nanos(t), .node = node, .kind = std::move(kind), .fields = std::move(fields)});
        return *this;
    }

    RecordBuilder& sample(double t, NodeId node, std::string metric, std::int64_t value) {
        record_.samples.push_back(
            {.t = nanos(t), .node = node, .metric = std::move(metric), .value = value});
        return *this;
    }

    /// The rest of the record, for direct changes.
    Record& record() { return record_; }

    [[nodiscard]] Record build() const;

private:
    static Nanos nanos(double ms) { return static_cast<Nanos>(ms * 1e6 + 0.5); }
    Record record_;
    std::vector<Call> calls_;
};

inline Record RecordBuilder::build() const {
    // Every event of the run in the order of its time gets the next index.
    std::vector<std::pair<double, std::pair<std::size_t, bool>>> moments;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
        moments.push_back({calls_[i].from, {i, false}});
        if (calls_[i].to >= 0) moments.push_back({calls_[i].to, {i, true}});
    }
    std::sort(moments.begin(), moments.end());
    std::vector<Op> ops(calls_.size());
    Index next = 0;
    std::vector<std::size_t> order;
    for (const auto& [t, moment] : moments) {
        const auto& [i, returns] = moment;
        const Call& call = calls_[i];
        const bool closes = call.status == OpStatus::ok || call.status == OpStatus::fail;
        if (!returns) {
            order.push_back(i);
            ops[i].inv_index = next++;
        } else if (closes) {
            ops[i].ret_index = next++;
        }
    }
    HistoryBuilder history;
    for (const std::size_t i : order) {
        const Call& call = calls_[i];
        Op op = ops[i];
        op.process = op.client = call.client;
        op.node = call.node;
        op.f = call.f;
        op.key = call.key;
        op.arg = call.arg;
        op.ret = call.ret;
        op.t_due = op.t_inv = nanos(call.from);
        op.t_ret = call.to < 0 ? -1 : nanos(call.to);
        op.status = call.status;
        op.error = call.error;
        history.add(op);
    }
    Record built = record_;
    built.history = history.build();
    return built;
}

} // namespace faultlab::test
