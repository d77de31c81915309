#include "simulator/monitors.hpp"

#include "replica/core/records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <span>

namespace faultlab::simulator {
namespace {

using replica::BatchReader;
using replica::flag_uncertain;
using replica::Quorums;
using replica::Reject;
using Kind = ProtocolEvent::Kind;

/// Replicas are numbered from 1, nodes of the lab from 0.
NodeId node_of(std::uint64_t replica) {
    return static_cast<NodeId>(replica) - 1;
}

Digest digest(const Checksum& checksum) {
    return {.high = checksum.high, .low = checksum.low};
}

LogEntry entry(const Header& header) {
    return {.op = header.op,
            .checksum = digest(header.checksum),
            .parent = digest(header.parent),
            .timestamp = header.timestamp};
}

std::string said(std::string_view rule, ReplicaId self, std::string_view what) {
    if (self == no_replica) return fmt::format("{}: {}", rule, what);
    return fmt::format("{}: replica {}: {}", rule, self, what);
}

/// Whether it takes part, and so knows what it says of itself.
bool takes_part(Status status) {
    return status != Status::Booting && status != Status::Recovering && status != Status::Halted;
}

/// What replicas report when they give a rule something to judge, and how often that is enough.
struct Occasion {
    std::string_view rule;
    EventKind kind;
    std::uint64_t least;
    /// Only leaders' views count, and only when something was committed since the last: of views
    /// that follow each other without that, all find the same log, and perhaps nothing in it.
    bool of_new_logs = false;
};
constexpr Occasion commonly{.rule = "", .kind = EventKind::Committed, .least = 100};
constexpr std::array occasions = {Occasion{"S3", EventKind::ViewInstalled, 6, true},
                                  Occasion{"S4", EventKind::ViewInstalled, 6, true},
                                  Occasion{"S11", EventKind::ViewInstalled, 20},
                                  Occasion{"S12", EventKind::Digest, 8},
                                  Occasion{"S12b", EventKind::Checkpointed, 8},
                                  Occasion{"S17", EventKind::SyncDone, 1},
                                  Occasion{"S20", EventKind::FeatureActive, 1}};

/// Rules whose occasions nobody else counts: windows in which nothing is disturbed, entries read
/// damaged, votes, leaders that nobody answers, requests that are answered twice or refused, ranges
/// that are asked for. Only batches of all scenarios must have them judged.
constexpr std::array<std::string_view, 13> uncounted = {
    "S13", "S14", "S16", "L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "O5", "O6"};

const Occasion& occasion_of(std::string_view rule) {
    const auto* const found = std::ranges::find(occasions, rule, &Occasion::rule);
    return found == occasions.end() ? commonly : *found;
}

} // namespace

// --- what is told

ProtocolEvent Monitors::event(Kind kind, ReplicaId self) const {
    return {.kind = kind, .node = node_of(self), .life = nodes_.at(self).life, .t = now_};
}

void Monitors::tell(const ProtocolEvent& event) {
    if (pass_on_) return pass_on_(event);
    if (event.kind == Kind::State && planted_ != nullptr && planted_->fires(SimBug::SB8)) return;
    rules_.on(event);
    if (!rules_.alarmed()) return;
    for (const Alarm& alarm : rules_.take_alarms()) {
        const auto self = static_cast<ReplicaId>(alarm.node + 1);
        const auto sender =
            event.kind == Kind::Rejected ? static_cast<ReplicaId>(event.b + 1) : no_replica;
        if (excuse_ && excuse_({alarm.rule, self, sender, alarm.what})) continue;
        auto& where = alarm.refusal ? refusals_ : violations_;
        where.push_back(said(alarm.rule, self, alarm.what));
    }
}

void Monitors::violate(std::string_view rule, ReplicaId self, std::string_view what) {
    violations_.push_back(said(rule, self, what));
}

void Monitors::started(ReplicaId self, bool blank) {
    Node& node = nodes_.at(self);
    ++node.life;
    node.checkpoint = 0;
    node.spoke = -1;
    node.had_no_time = now_;
    ProtocolEvent told = event(Kind::Started, self);
    told.a = blank ? 1 : 0;
    tell(told);
}

void Monitors::halted(ReplicaId self, std::string_view reason) {
    ProtocolEvent told = event(Kind::Halted, self);
    told.text = reason;
    tell(told);
}

void Monitors::surveyed(const Survey& survey) {
    ProtocolEvent told = event(Kind::Surveyed, no_replica);
    told.survey = &survey;
    tell(told);
}

Nanos Monitors::answered(ReplicaId self, const Membership& membership) const {
    const Node& node = nodes_.at(self);
    std::array<Nanos, replica::max_voters> newest{};
    for (std::size_t i = 0; i < membership.voter_count; ++i) {
        const ReplicaId voter = membership.voters[i];
        newest[i] = voter == self ? now_ : node.acknowledged[voter];
    }
    const auto voters = std::span(newest).first(membership.voter_count);
    std::ranges::sort(voters, std::greater());
    return std::max(voters[Quorums::of(voters.size()).replication - 1U], node.had_no_time);
}

void Monitors::received(ReplicaId self, const Header& header) {
    switch (header.command) {
        case Command::PrepareOk:
            if (header.replica <= max_replica_id)
                nodes_.at(self).acknowledged[header.replica] = now_;
            return;
        case Command::Request: {
            ProtocolEvent told = event(Kind::Asked, self);
            told.a = header.client;
            told.b = header.request;
            tell(told);
            return;
        }
        case Command::StartView:
        case Command::Log: break;
        default: return;
    }
    if (header.checksum != checksum_of(header)) return; // it hears nothing of what it refuses
    ProtocolEvent told = event(Kind::Heard, self);
    told.log_view = header.log_view.value;
    tell(told);
}

void Monitors::sent(ReplicaId self, const Header& header, Bytes body) {
    ProtocolEvent told = event(Kind::Spoke, self);
    told.view = header.view.value;
    switch (header.command) {
        case Command::Prepare: proposed(self, header, body); return;
        case Command::DoViewChange: {
            ProtocolEvent vote = event(Kind::Voted, self);
            vote.view = header.view.value;
            vote.log_view = header.log_view.value;
            // Who does not know where its log ends denies only what lies above `to`.
            vote.a = header.flags == flag_uncertain ? 1 : 0;
            vote.op = vote.a == 1 ? header.to : header.op;
            tell(vote);
            break;
        }
        case Command::PrepareOk:
            events_.push_back(
                {.kind = EventKind::Acknowledged, .a = header.op, .b = header.view.value});
            break;
        case Command::StartView: break;
        case Command::Commit: nodes_.at(self).spoke = now_; return;
        case Command::StartViewChange: told.kind = Kind::Wished; break;
        case Command::GetLog:
            told.kind = Kind::Sought;
            told.op = header.to;
            told.b = header.from;
            break;
        default: return;
    }
    tell(told);
}

void Monitors::proposed(ReplicaId self, const Header& header, Bytes body) {
    // A later leader passes on what another one made, under that one's name.
    if (header.replica != self || !opened_.insert(digest(header.checksum)).second) return;
    nodes_.at(self).spoke = now_;
    BatchReader batch(body);
    while (const auto request = batch.next()) {
        ProtocolEvent told = event(Kind::Requested, self);
        told.checksum = digest(header.checksum);
        told.a = request->record.client;
        told.b = request->record.request;
        tell(told);
    }
    ProtocolEvent told = event(Kind::Proposed, self);
    told.view = header.view.value;
    told.op = header.op;
    told.checksum = digest(header.checksum);
    told.parent = digest(header.parent);
    tell(told);
}

void Monitors::replied(ReplicaId self, const Header& header) {
    if (header.command == Command::Reply) answers_.push_back({.self = self, .header = header});
    if (header.command != Command::Busy) return;
    ProtocolEvent told = event(Kind::Refused, self);
    told.a = header.client;
    told.b = header.request;
    tell(told);
}

void Monitors::happened(ReplicaId self, const Event& event) {
    ++counts_.at(self).at(static_cast<std::size_t>(event.kind));
    if (event.kind == EventKind::ViewEntered) nodes_.at(self).had_no_time = now_;
    events_.push_back(event);
}

std::uint64_t Monitors::count(EventKind kind) const {
    std::uint64_t all = 0;
    for (const auto& counts : counts_)
        all += counts.at(static_cast<std::size_t>(kind));
    return all;
}

void Monitors::audit(Audits& audits) const {
    const std::vector<std::uint64_t> judged = rules_.judged();
    for (std::size_t rule = 0; rule < judged.size(); ++rule) {
        const std::string_view id = monitor_catalogue()[rule].id;
        if (std::ranges::find(uncounted, id) != uncounted.end()) continue;
        const Occasion& occasion = occasion_of(id);
        const std::uint64_t reported = occasion.of_new_logs ? new_logs_ : count(occasion.kind);
        if (reported < occasion.least) continue;
        audits.judge(Audit::Rules, judged[rule] > 0, [&] {
            return fmt::format("replicas reported {} {} times, and rule {} judged nothing",
                               replica::name(occasion.kind),
                               reported,
                               id);
        });
    }
}

// --- after a step

void Monitors::after_step(ReplicaId self, const Replica& replica, const Standing& standing) {
    named(self, standing.membership);
    for (const Event& event : events_)
        told(self, event, replica, standing);
    events_.clear();
    answered();
    offered(self, standing);
    shown(self, standing);
}

/// A checkpoint that it has made, or found on its disk: who dies as soon as it is durable does not
/// report it, and offers it in the next life.
void Monitors::offered(ReplicaId self, const Standing& standing) {
    Node& node = nodes_.at(self);
    if (!takes_part(standing.status) || standing.checkpoint == node.checkpoint) return;
    node.checkpoint = standing.checkpoint;
    ProtocolEvent told = event(Kind::Image, self);
    told.op = standing.checkpoint;
    told.checksum = digest(standing.checkpoint_id);
    tell(told);
}

void Monitors::named(ReplicaId self, const Membership& membership) {
    Node& node = nodes_.at(self);
    if (membership.voter_count == 0 || node.epoch == membership.epoch) return;
    node.epoch = membership.epoch;
    const Quorums quorums = Quorums::of(membership.voter_count);
    Electorate electorate{.epoch = membership.epoch,
                          .to_commit = quorums.replication,
                          .to_change_view = quorums.view_change,
                          .first_view = View::of(membership.epoch, membership.first_view).value};
    for (std::size_t i = 0; i < membership.voter_count; ++i)
        electorate.voters.push_back(node_of(membership.voters[i]));
    ProtocolEvent told = event(Kind::Elected, self);
    told.electorate = &electorate;
    tell(told);
}

void Monitors::told(ReplicaId self,
                    const Event& event,
                    const Replica& replica,
                    const Standing& standing) {
    ProtocolEvent told = this->event(Kind::State, self);
    told.op = event.a;
    told.checksum = digest(event.checksum);
    switch (event.kind) {
        case EventKind::Acknowledged: acknowledged(self, View{event.b}, event.a, replica); return;
        case EventKind::Committed: executed(self, event, replica); return;
        case EventKind::ViewInstalled: installed(self, event, replica, standing); return;
        case EventKind::Digest: break;
        case EventKind::SyncDone:
            if (standing.checkpoint != event.a) return;
            told.kind = Kind::Restored;
            told.checksum = digest(standing.checkpoint_id);
            break;
        case EventKind::FeatureActive:
            told.kind = Kind::Activated;
            told.op = event.b;
            told.a = event.a;
            told.b = standing.release;
            break;
        case EventKind::Rejected:
            told.kind = Kind::Rejected;
            told.b = static_cast<std::uint64_t>(node_of(event.b));
            told.text = name(static_cast<Reject>(event.a));
            break;
        default: return;
    }
    tell(told);
}

void Monitors::acknowledged(ReplicaId self, View view, Op op, const Replica& replica) {
    Node& node = nodes_.at(self);
    const Op before = node.ack_view == view ? node.ack_op : 0;
    log_.clear();
    for (Op at = op; at > before; --at) {
        const Header* header = replica.log(at);
        if (header == nullptr) break;
        log_.push_back(entry(*header));
    }
    std::ranges::reverse(log_);
    if (view >= node.ack_view) {
        node.ack_op = node.ack_view == view ? std::max(node.ack_op, op) : op;
        node.ack_view = view;
    }
    ProtocolEvent told = event(Kind::Acknowledged, self);
    told.view = view.value;
    told.op = op;
    told.log = log_;
    tell(told);
}

void Monitors::executed(ReplicaId self, const Event& event, const Replica& replica) {
    ProtocolEvent told = this->event(Kind::Executed, self);
    told.view = event.b;
    told.op = event.a;
    told.checksum = digest(event.checksum);
    const Header* header = replica.log(event.a);
    if (header != nullptr && header->checksum == event.checksum) {
        log_.assign(1, entry(*header));
        told.log = log_;
    }
    tell(told);
}

void Monitors::installed(ReplicaId self,
                         const Event& event,
                         const Replica& replica,
                         const Standing& standing) {
    if (standing.role != Role::Primary || standing.view.value != event.a) return;
    if (committed() > last_new_log_) ++new_logs_;
    last_new_log_ = committed();
    log_.clear();
    for (Op op = standing.checkpoint + 1; op <= standing.head; ++op) {
        const Header* header = replica.log(op);
        if (header != nullptr) log_.push_back(entry(*header));
    }
    ProtocolEvent told = this->event(Kind::Installed, self);
    told.view = event.a;
    told.op = event.b;
    told.a = 1;
    told.b = standing.checkpoint;
    told.log = log_;
    tell(told);
}

void Monitors::answered() {
    for (const auto& [self, header] : answers_) {
        ProtocolEvent told = event(Kind::Replied, self);
        told.op = header.op;
        told.a = header.client;
        told.b = header.request;
        told.checksum = digest(header.body_checksum);
        tell(told);
    }
    answers_.clear();
}

void Monitors::shown(ReplicaId self, const Standing& standing) {
    const Gauges gauges = gauges_of(standing);
    ProtocolEvent told = event(Kind::Shown, self);
    told.gauges = &gauges;
    tell(told);
}

Gauges gauges_of(const Standing& standing) {
    const auto number = [](std::uint64_t of) { return static_cast<std::int64_t>(of); };
    return {.view = number(standing.view.value),
            .log_view = number(standing.log_view.value),
            .head = number(standing.head),
            .durable = number(standing.durable),
            .committed = number(standing.commit_max),
            .applied = number(standing.commit_min),
            .checkpoint = number(standing.checkpoint),
            .release = standing.release_active,
            .damaged = std::int64_t{standing.faulty_slots} + standing.repair_pending,
            .tells_rejects = true,
            .normal = takes_part(standing.status),
            .leads = standing.status == Status::Normal && standing.role == Role::Primary};
}

} // namespace faultlab::simulator
