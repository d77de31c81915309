#include "checker/monitors/monitor_set.hpp"

#include <iterator>
#include <utility>

namespace faultlab {

MonitorSet::MonitorSet() {
    for (const MonitorEntry& entry : monitor_catalogue())
        add(entry.make());
}

MonitorSet::MonitorSet(const MonitorSet& other)
    : ledger_(other.ledger_), introduced_(other.introduced_), alarms_(other.alarms_) {
    for (const auto& monitor : other.monitors_)
        add(monitor->copy());
}

void MonitorSet::add(std::unique_ptr<Rule> monitor) {
    const std::size_t index = monitors_.size();
    monitor->read(ledger_);
    for (std::size_t kind = 0; kind < ProtocolEvent::kinds; ++kind) {
        if (monitor_catalogue()[index].kinds.contains(static_cast<ProtocolEvent::Kind>(kind)))
            watching_[kind].push_back({monitor.get(), index});
    }
    monitors_.push_back(std::move(monitor));
}

void MonitorSet::tell(const ProtocolEvent& event) {
    for (const auto& [monitor, index] : watching_[static_cast<std::size_t>(event.kind)]) {
        monitor->on(event);
        if (monitor->alarms().empty()) continue;
        for (Alarm& alarm : std::exchange(monitor->alarms(), {})) {
            alarm.rule = monitor_catalogue()[index].id;
            alarm.refusal = monitor_catalogue()[index].refusal;
            alarms_.push_back(std::move(alarm));
        }
    }
}

bool MonitorSet::introduces(const ProtocolEvent& shown) {
    if (!shown.gauges->tells_rejects) return false;
    std::int32_t& lives = introduced_[shown.node];
    if (lives > shown.life) return false;
    lives = shown.life + 1;
    return true;
}

void MonitorSet::on(const ProtocolEvent& event) {
    tell(event);
    if (event.kind == ProtocolEvent::Kind::Shown) {
        if (!introduces(event)) return;
        ProtocolEvent first = event;
        first.kind = ProtocolEvent::Kind::Introduced;
        tell(first);
        return;
    }
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
