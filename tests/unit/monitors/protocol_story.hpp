#pragma once

#include "checker/monitors/monitor_set.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace faultlab::test {

/// What three replicas, of which two are a quorum, do: a few words for what tests of rules tell.
/// Entry (op, variant) has the checksum {op, variant + 1}. A value for one test.
class ProtocolStory {
public:
    using Kind = ProtocolEvent::Kind;

    ProtocolStory() { elects({0, 1, 2}); }

    ProtocolStory& elects(std::vector<NodeId> voters) {
        const Electorate electorate{
            .epoch = 0, .voters = std::move(voters), .to_commit = 2, .to_change_view = 2};
        return tell({.kind = Kind::Elected, .node = 0, .electorate = &electorate});
    }
    ProtocolStory& starts(NodeId node, bool blank = false) {
        return tell({.kind = Kind::Started, .node = node, .life = ++lives_, .a = blank ? 1U : 0U});
    }
    ProtocolStory& shows(NodeId node, Gauges gauges) {
        gauges.normal = true;
        return tell({.kind = Kind::Shown, .node = node, .life = lives_, .gauges = &gauges});
    }

    static Digest checksum(LogIndex op, std::uint64_t variant) { return {op, variant + 1}; }
    static LogEntry entry(LogIndex op, std::uint64_t variant = 0, std::uint64_t before = 0) {
        return {.op = op,
                .checksum = checksum(op, variant),
                .parent = checksum(op - 1, before),
                .timestamp = 100 + op};
    }
    ProtocolStory& proposes(NodeId node, ViewNumber view, const LogEntry& entry) {
        return tell({.kind = Kind::Proposed,
                     .node = node,
                     .view = view,
                     .op = entry.op,
                     .checksum = entry.checksum,
                     .parent = entry.parent});
    }
    ProtocolStory& acknowledges(NodeId node, ViewNumber view, const std::vector<LogEntry>& log) {
        return tell({.kind = Kind::Acknowledged,
                     .node = node,
                     .view = view,
                     .op = log.back().op,
                     .log = log});
    }
    /// A quorum of nodes 0 and 1 acknowledges it.
    ProtocolStory& commits(ViewNumber view, const LogEntry& entry) {
        return acknowledges(0, view, {entry}).acknowledges(1, view, {entry});
    }
    ProtocolStory& executes(NodeId node, const LogEntry& entry, ViewNumber view = 0) {
        return tell({.kind = Kind::Executed,
                     .node = node,
                     .view = view,
                     .op = entry.op,
                     .checksum = entry.checksum,
                     .log = {&entry, 1}});
    }
    ProtocolStory& leads(NodeId node, ViewNumber view, const std::vector<LogEntry>& log) {
        return tell({.kind = Kind::Installed,
                     .node = node,
                     .view = view,
                     .op = log.empty() ? 0 : log.back().op,
                     .a = 1,
                     .b = 0,
                     .log = log});
    }
    /// After three of them wished for the view.
    ProtocolStory& votes(NodeId node, ViewNumber view, ViewNumber log_view, LogIndex op) {
        for (const NodeId wishing : {0, 1, 2})
            wishes(wishing, view);
        return tell(
            {.kind = Kind::Voted, .node = node, .view = view, .log_view = log_view, .op = op});
    }
    ProtocolStory& activates(NodeId node, std::uint64_t release, LogIndex op) {
        return tell({.kind = Kind::Activated, .node = node, .op = op, .a = release, .b = 2});
    }
    ProtocolStory& refuses(NodeId node, std::uint64_t sender, std::string_view why) {
        return tell({.kind = Kind::Rejected, .node = node, .b = sender, .text = why});
    }
    ProtocolStory& wishes(NodeId node, ViewNumber view) {
        return tell({.kind = Kind::Wished, .node = node, .view = view});
    }

    /// A leader is found within 161 ms, followed within 263, and a client answered within 299.
    static const Setup& setup() {
        static const Setup of{.message = millisecond,
                              .work = millisecond,
                              .silence = 10 * millisecond,
                              .view_change = 20 * millisecond,
                              .abdication = 30 * millisecond,
                              .repair = 100 * millisecond,
                              .retry = 10 * millisecond,
                              .log_most = 32,
                              .pipeline_most = 4,
                              .queue_most = 8,
                              .sessions_most = 6};
        return of;
    }
    /// That follows, whole, in view 1; node 0 leads it, and spoke a moment ago.
    static Survey::Replica well(NodeId node) {
        return {.node = node,
                .gauges = {.view = 1,
                           .log_view = 1,
                           .head = 5,
                           .durable = 5,
                           .committed = 5,
                           .applied = 5,
                           .checkpoint = 0,
                           .release = 1,
                           .damaged = 0,
                           .normal = true,
                           .leads = node == 0},
                .rotten = 0};
    }
    static Survey calm() {
        return {.setup = &setup(),
                .calm_since = 0,
                .core = {0, 1, 2},
                .replicas = {well(0), well(1), well(2)}};
    }
    /// Every 20 ms from one moment (in ms) to another, and at that.
    ProtocolStory& surveys(Nanos from, Nanos to, Survey survey) {
        for (Nanos moment = from; moment < to; moment += 20)
            surveyed(moment, survey);
        return surveyed(to, std::move(survey));
    }
    ProtocolStory& tell(const ProtocolEvent& event) {
        monitors_.on(event);
        for (Alarm& alarm : monitors_.take_alarms())
            alarms_.push_back(std::move(alarm));
        return *this;
    }

    /// "S1: another op 3 was committed", of the first alarm; empty when there is none.
    [[nodiscard]] std::string alarm() const {
        return alarms_.empty() ? "" : alarms_.front().rule + ": " + alarms_.front().what;
    }
    [[nodiscard]] std::uint64_t judged(std::string_view rule) const {
        const std::vector<std::uint64_t> counts = monitors_.judged();
        for (std::size_t i = 0; i < counts.size(); ++i) {
            if (monitor_catalogue()[i].id == rule) return counts[i];
        }
        return 0;
    }

private:
    ProtocolStory& surveyed(Nanos moment, Survey survey) {
        const Nanos t = moment * millisecond;
        for (Survey::Replica& replica : survey.replicas) {
            if (replica.gauges.leads && replica.spoke < 0) replica.spoke = t;
            if (replica.gauges.leads && replica.answered < 0) replica.answered = t;
        }
        return tell({.kind = Kind::Surveyed, .t = t, .survey = &survey});
    }

    MonitorSet monitors_;
    Alarms alarms_;
    std::int32_t lives_ = 0;
};

} // namespace faultlab::test
