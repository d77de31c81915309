#include "simulator/store_audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <vector>

namespace faultlab::simulator {
namespace {

/// An invocation or a return.
struct Moment {
    Index index = 0;
    OpId op = 0;
    bool returns = false;
};

std::vector<Moment> moments_of(const History& history) {
    std::vector<Moment> moments;
    for (std::size_t i = 0; i < history.size(); ++i) {
        moments.push_back({.index = history.inv_index()[i], .op = static_cast<OpId>(i)});
        if (history.ret_index()[i] != never) {
            moments.push_back(
                {.index = history.ret_index()[i], .op = static_cast<OpId>(i), .returns = true});
        }
    }
    std::ranges::sort(moments, {}, &Moment::index);
    return moments;
}

bool same(const faultlab::Op& a, const faultlab::Op& b) {
    const auto facts = [](const faultlab::Op& op) {
        return std::tie(op.process,
                        op.client,
                        op.node,
                        op.f,
                        op.key,
                        op.arg,
                        op.ret,
                        op.t_due,
                        op.t_inv,
                        op.t_ret,
                        op.status,
                        op.error);
    };
    return facts(a) == facts(b);
}

bool same(const FaultRecord& a, const FaultRecord& b) {
    return a.fault == b.fault && a.evidence == b.evidence && a.t_started == b.t_started &&
           a.t_ended == b.t_ended;
}
bool same(const faultlab::Event& a, const faultlab::Event& b) {
    return std::tie(a.t, a.node, a.incarnation, a.kind, a.fields) ==
           std::tie(b.t, b.node, b.incarnation, b.kind, b.fields);
}
bool same(const Sample& a, const Sample& b) {
    return std::tie(a.t, a.node, a.incarnation, a.metric, a.value) ==
           std::tie(b.t, b.node, b.incarnation, b.metric, b.value);
}

class StoreAudit {
public:
    explicit StoreAudit(Audits& audits) : audits_(&audits) {}

    void compare(const History& recorded, const History& stored) {
        const std::size_t size = std::min(recorded.size(), stored.size());
        equal(recorded.size() == stored.size(), "operations", size);
        for (std::size_t i = 0; i < size; ++i) {
            const auto id = static_cast<OpId>(i);
            equal(same(recorded.op(id), stored.op(id)), "operation", i);
        }
        const std::vector<Moment> before = moments_of(recorded);
        const std::vector<Moment> after = moments_of(stored);
        for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
            equal(before[i].op == after[i].op && before[i].returns == after[i].returns,
                  "place in the order of invocations and returns",
                  i);
        }
    }

    template <class Row>
    void compare(const std::vector<Row>& recorded, const std::vector<Row>& stored, const char* of) {
        equal(recorded.size() == stored.size(), of, std::min(recorded.size(), stored.size()));
        for (std::size_t i = 0; i < std::min(recorded.size(), stored.size()); ++i)
            equal(same(recorded[i], stored[i]), of, i);
    }

private:
    void equal(bool holds, const char* what, std::size_t number) {
        audits_->judge(Audit::StoreOrder, holds, [&] {
            return fmt::format("{} {} was stored as something else", what, number);
        });
    }

    Audits* audits_;
};

} // namespace

void audit_store(const Record& recorded, const Record& stored, Audits& audits) {
    StoreAudit audit(audits);
    audit.compare(recorded.history, stored.history);
    audit.compare(recorded.faults, stored.faults, "fault");
    audit.compare(recorded.events, stored.events, "event");
    audit.compare(recorded.samples, stored.samples, "sample");
}

} // namespace faultlab::simulator
