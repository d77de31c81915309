#include "checker/monitors/monitor_set.hpp"

#include <iterator>
#include <utility>

namespace faultlab {

MonitorSet::MonitorSet() {
    for (const MonitorEntry& entry : monitor_catalogue()) {
        for (std::size_t kind = 0; kind < ProtocolEvent::kinds; ++kind) {
            if (entry.kinds.contains(static_cast<ProtocolEvent::Kind>(kind)))
                watching_[kind].push_back(monitors_.size());
        }
        monitors_.push_back(entry.make());
        monitors_.back()->read(ledger_);
    }
}

MonitorSet::MonitorSet(const MonitorSet& other)
    : ledger_(other.ledger_), watching_(other.watching_), alarms_(other.alarms_) {
    for (const auto& monitor : other.monitors_) {
        monitors_.push_back(monitor->copy());
        monitors_.back()->read(ledger_);
    }
}

void MonitorSet::tell(const ProtocolEvent& event) {
    for (const std::size_t index : watching_[static_cast<std::size_t>(event.kind)]) {
        Monitor& monitor = *monitors_[index];
        monitor.on(event);
        if (monitor.alarms().empty()) continue;
        for (Alarm& alarm : std::exchange(monitor.alarms(), {})) {
            alarm.rule = monitor_catalogue()[index].id;
            alarm.refusal = monitor_catalogue()[index].refusal;
            alarms_.push_back(std::move(alarm));
        }
    }
}

void MonitorSet::on(const ProtocolEvent& event) {
    tell(event);
    ledger_.learn(event, [&](ViewNumber view, const LogEntry& entry, bool by_quorum) {
        ProtocolEvent sealed{.kind = ProtocolEvent::Kind::Sealed,
                             .node = event.node,
                             .life = event.life,
                             .t = event.t,
                             .view = view,
                             .op = entry.op,
                             .a = by_quorum ? 1U : 0U};
        sealed.log = {&entry, 1};
        tell(sealed);
    });
}

Alarms MonitorSet::take_alarms() {
    return std::exchange(alarms_, {});
}

std::vector<std::uint64_t> MonitorSet::judged() const {
    std::vector<std::uint64_t> counts;
    for (const auto& monitor : monitors_)
        counts.push_back(monitor->judged());
    return counts;
}

} // namespace faultlab
