#include "simulator/monitors.hpp"

#include "replica/core/records.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faultlab::simulator {
namespace {

using replica::BatchReader;
using replica::flag_uncertain;
using replica::max_voters;
using replica::Quorums;
using replica::Reject;

std::string text(View view) {
    return fmt::format("{}.{}", view.epoch(), view.number());
}

} // namespace

void Monitors::violate(const char* rule, ReplicaId self, const std::string& what) {
    violations_.push_back(fmt::format("{}: replica {}: {}", rule, self, what));
}

void Monitors::started(ReplicaId self, bool blank) {
    Promises& mine = promises_.at(self);
    // A view may have been entered in memory only: then nobody has heard of it (see `sent`).
    mine.telemetry_view = {};
    if (blank) {
        // It does not know what it said, nor need it: what counts is that nobody else builds upon
        // a vote that it has forgotten, and that is what the rules about committed ops see.
        mine.telemetry_log_view = {};
        mine.view = {};
    }
    mine.commit_max = 0;
}

void Monitors::sent(ReplicaId self, const Header& header, Bytes body) {
    Promises& mine = promises_.at(self);
    switch (header.command) {
        case Command::Prepare: {
            std::vector<Request>& requests = requests_[header.checksum];
            if (!requests.empty()) break;
            BatchReader batch(body);
            while (const auto request = batch.next()) {
                requests.push_back({request->record.client, request->record.request});
            }
            break;
        }
        case Command::DoViewChange: offered(self, header); [[fallthrough]];
        case Command::PrepareOk:
        case Command::StartView:
            if (header.view < mine.view) {
                violate("S10",
                        self,
                        fmt::format("speaks in view {} after {}: {}",
                                    text(header.view),
                                    text(mine.view),
                                    name(header.command)));
            }
            mine.view = std::max(mine.view, header.view);
            break;
        default: break;
    }
    if (header.command == Command::PrepareOk) {
        events_.push_back(
            {.kind = EventKind::Acknowledged, .a = header.op, .b = header.view.value});
    }
}

void Monitors::received(ReplicaId self, const Header& header) {
    if (header.command != Command::StartView && header.command != Command::Log) return;
    Promises& mine = promises_.at(self);
    mine.heard_log_view = std::max(mine.heard_log_view, header.log_view);
}

void Monitors::offered(ReplicaId self, const Header& header) {
    const Promises& mine = promises_.at(self);
    // Who does not know where its log ends denies only what lies above `to`.
    const Op end = header.flags == flag_uncertain ? header.to : header.op;
    if (std::pair(header.log_view, end) >= std::pair(mine.ack_view, mine.ack_op)) return;
    // The log of a later view may have taken the place of what it acknowledged, but then nothing
    // that it drops was committed.
    bool broken = mine.heard_log_view <= mine.ack_view;
    const auto& log = acks_[mine.ack_view].log;
    for (auto entry = log.upper_bound(end); entry != log.end(); ++entry) {
        const auto& [op, checksum] = *entry;
        if (op > mine.ack_op || op >= canonical_.size()) break;
        if (canonical_[op] && canonical_[op]->checksum == checksum) broken = true;
    }
    if (!broken) return;
    violate("S14",
            self,
            fmt::format("offers log ({}, {}) after it acknowledged ({}, {})",
                        text(header.log_view),
                        end,
                        text(mine.ack_view),
                        mine.ack_op));
}

void Monitors::replied(const Header& header) {
    if (header.command == Command::Reply) replied_ = std::max(replied_, header.op);
}

void Monitors::halted(ReplicaId self, std::string_view reason) {
    violate("halt", self, std::string(reason));
}

void Monitors::happened(ReplicaId self, const Event& event) {
    ++counts_.at(self).at(static_cast<std::size_t>(event.kind));
    events_.push_back(event);
}

std::uint64_t Monitors::count(EventKind kind) const {
    std::uint64_t all = 0;
    for (const auto& counts : counts_) {
        all += counts.at(static_cast<std::size_t>(kind));
    }
    return all;
}

void Monitors::after_step(ReplicaId self, const Replica& replica, const Telemetry& telemetry) {
    if (telemetry.membership.voter_count > 0) {
        epochs_.try_emplace(telemetry.membership.epoch, telemetry.membership);
    }
    watch_gauges(self, telemetry);
    for (const Event& event : events_) {
        switch (event.kind) {
            case EventKind::Acknowledged:
                acknowledged(self, View{event.b}, event.a, replica);
                break;
            case EventKind::Committed: executed(self, event, replica); break;
            case EventKind::Digest: same("S12", digests_, self, event, "state"); break;
            case EventKind::Checkpointed:
                same("S12b", checkpoints_, self, event, "snapshot");
                break;
            case EventKind::ViewInstalled:
                if (telemetry.role == Role::Primary && telemetry.view.value == event.a) {
                    installed(self, telemetry.view, replica, telemetry);
                }
                break;
            case EventKind::Rejected:
                if (event.a == static_cast<std::uint64_t>(Reject::Fork)) {
                    violate("A6", self, fmt::format("sees a fork, in a message of {}", event.b));
                }
                break;
            default: break;
        }
    }
    events_.clear();
    if (replied_ > committed()) {
        violate("S4", self, fmt::format("answered a client for op {}, not committed", replied_));
    }
    replied_ = 0;
}

void Monitors::acknowledged(ReplicaId self, View view, Op op, const Replica& replica) {
    Promises& mine = promises_.at(self);
    if (std::pair(view, op) > std::pair(mine.ack_view, mine.ack_op)) {
        mine.ack_view = view;
        mine.ack_op = op;
    }
    const auto epoch = epochs_.find(view.epoch());
    if (epoch == epochs_.end() || !epoch->second.votes(self)) return;
    ViewAcks& acks = acks_[view];
    for (Op at = op; at > acks.acked[self]; --at) {
        const Header* header = replica.log(at);
        if (header == nullptr) break;
        const auto [known, is_new] = acks.log.try_emplace(at, header->checksum);
        if (!is_new && known->second != header->checksum) {
            violate("S9", self, fmt::format("op {} differs within view {}", at, text(view)));
        }
    }
    if (op <= acks.acked[self]) return;
    acks.acked[self] = op;
    std::array<Op, max_voters> ops{};
    const Membership& members = epoch->second;
    for (std::size_t i = 0; i < members.voter_count; ++i) {
        ops[i] = acks.acked[members.voters[i]];
    }
    std::ranges::sort(ops, std::greater());
    const Op sealed = ops[Quorums::of(members.voter_count).replication - 1U];
    for (; acks.sealed < sealed; ++acks.sealed) {
        const auto entry = acks.log.find(acks.sealed + 1);
        if (entry != acks.log.end()) seal(view, entry->first, entry->second, self, replica);
    }
}

void Monitors::seal(
    View view, Op op, const Checksum& checksum, ReplicaId self, const Replica& replica) {
    if (canonical_.size() <= op) canonical_.resize(op + 1);
    std::optional<Entry>& entry = canonical_[op];
    if (!entry) {
        entry = Entry{.checksum = checksum, .sealed_in = view};
    } else if (entry->checksum != checksum) {
        violate("S1", self, fmt::format("another op {} was committed", op));
        return;
    }
    const Header* header = replica.log(op);
    if (header == nullptr || header->checksum != checksum) return;
    entry->timestamp = header->timestamp;
    const Entry* before = canonical_[op - 1] ? &*canonical_[op - 1] : nullptr;
    if (before == nullptr) return;
    if (header->parent != before->checksum) {
        violate("S2", self, fmt::format("op {} does not extend the committed chain", op));
    }
    if (before->timestamp != 0 && header->timestamp <= before->timestamp) {
        violate("S22", self, fmt::format("the timestamp of op {} is not above the last", op));
    }
}

void Monitors::executed(ReplicaId self, const Event& event, const Replica& replica) {
    seal(View{event.b}, event.a, event.checksum, self, replica);
    executed_once(self, event.a, event.checksum);
}

void Monitors::executed_once(ReplicaId self, Op op, const Checksum& checksum) {
    const auto found = requests_.find(checksum);
    if (found == requests_.end()) return;
    for (const Request& request : found->second) {
        if (request.request == 0) continue; // a registration may be repeated
        const auto [effect, is_new] = effects_.try_emplace(request, op);
        if (!is_new && effect->second != op) {
            violate("S15",
                    self,
                    fmt::format("request {} of client {:x} is op {} and op {}",
                                request.request,
                                request.client,
                                effect->second,
                                op));
        }
    }
}

void Monitors::same(const char* rule,
                    std::map<Op, Checksum>& known,
                    ReplicaId self,
                    const Event& event,
                    const char* what) {
    const auto [first, is_new] = known.try_emplace(event.a, event.checksum);
    if (!is_new && first->second != event.checksum) {
        violate(rule, self, fmt::format("another {} than others after op {}", what, event.a));
    }
}

void Monitors::installed(ReplicaId self,
                         View view,
                         const Replica& replica,
                         const Telemetry& telemetry) {
    for (Op op = telemetry.checkpoint + 1; op < canonical_.size(); ++op) {
        if (!canonical_[op] || canonical_[op]->sealed_in >= view) continue;
        const Header* header = replica.log(op);
        if (header == nullptr || header->checksum != canonical_[op]->checksum) {
            violate("S4",
                    self,
                    fmt::format("leads view {} without op {}, committed in {}",
                                text(view),
                                op,
                                text(canonical_[op]->sealed_in)));
            return;
        }
    }
}

void Monitors::watch_gauges(ReplicaId self, const Telemetry& now) {
    // Booting or lost its disk: knows nothing of itself yet.
    if (now.status == Status::Booting || now.status == Status::Recovering) return;
    if (now.status == Status::Halted) return;
    Promises& mine = promises_.at(self);
    if (now.view < mine.telemetry_view) violate("S10", self, "view " + text(now.view) + " fell");
    if (now.log_view < mine.telemetry_log_view) {
        violate("S10", self, "log_view " + text(now.log_view) + " fell");
    }
    if (now.log_view > now.view) violate("S10", self, "log_view is above view");
    if (now.commit_max < mine.commit_max) violate("S7", self, "the commit number fell");
    if (now.commit_min > now.commit_max) violate("S6", self, "executed what is not committed");
    mine.telemetry_view = now.view;
    mine.telemetry_log_view = now.log_view;
    mine.commit_max = now.commit_max;
}

} // namespace faultlab::simulator
