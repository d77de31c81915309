#pragma once

#include "simulator/names.hpp"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultlab::simulator {

/// What must hold over all replicas whatever fails, checked as it happens. The names of the rules
/// are those of the lab's catalogue of invariants (S1, S2, …).
class Monitors {
public:
    /// Violations so far, in order; empty is good.
    [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }

    /// A promise that somebody outside saw broken.
    void violate(const char* rule, ReplicaId self, const std::string& what);

    /// During a step of `self`, in the order of its effects.
    void sent(ReplicaId self, const Header& header, Bytes body);
    /// Before a step of `self`.
    void received(ReplicaId self, const Header& header);
    void replied(const Header& header);
    void happened(ReplicaId self, const Event& event);
    /// It stopped for good without a reason that the world gave it.
    void halted(ReplicaId self, std::string_view reason);
    /// After the step.
    void after_step(ReplicaId self, const Replica& replica, const Telemetry& telemetry);
    /// The replica begins a new life, with its disk or without.
    void started(ReplicaId self, bool blank);

    /// How often this replica reported this, over all its lives.
    [[nodiscard]] std::uint64_t count(ReplicaId self, EventKind kind) const {
        return counts_.at(self).at(static_cast<std::size_t>(kind));
    }
    /// Likewise all replicas together.
    [[nodiscard]] std::uint64_t count(EventKind kind) const;
    /// The newest op of which all below are known to be committed.
    [[nodiscard]] Op committed() const { return canonical_.empty() ? 0 : canonical_.size() - 1; }

private:
    struct Entry {
        Checksum checksum;
        View sealed_in; ///< view in which a quorum acknowledged it, or it was first executed
        std::uint64_t timestamp = 0;
    };
    /// What one replica let others know.
    struct Promises {
        View view;     ///< in which it spoke last
        View ack_view; ///< of its strongest acknowledgement
        Op ack_op = 0;
        View heard_log_view; ///< newest whose log others sent to it
        View telemetry_view;
        View telemetry_log_view;
        Op commit_max = 0; ///< in this life
    };
    /// Acknowledgements in one view.
    struct ViewAcks {
        std::array<Op, max_replica_id + 1> acked{};
        Op sealed = 0;
        std::map<Op, Checksum> log;
    };
    struct Request {
        ClientId client = 0;
        RequestNumber request = 0;
        friend auto operator<=>(const Request&, const Request&) = default;
    };

    void offered(ReplicaId self, const Header& header);
    void acknowledged(ReplicaId self, View view, Op op, const Replica& replica);
    void seal(View view, Op op, const Checksum& checksum, ReplicaId self, const Replica& replica);
    void executed(ReplicaId self, const Event& event, const Replica& replica);
    void executed_once(ReplicaId self, Op op, const Checksum& checksum);
    void same(const char* rule,
              std::map<Op, Checksum>& known,
              ReplicaId self,
              const Event& event,
              const char* what);
    void installed(ReplicaId self, View view, const Replica& replica, const Telemetry& telemetry);
    void watch_gauges(ReplicaId self, const Telemetry& telemetry);

    std::vector<std::string> violations_;
    std::vector<std::optional<Entry>> canonical_; ///< by op
    std::array<Promises, max_replica_id + 1> promises_{};
    std::map<View, ViewAcks> acks_;
    std::map<std::uint32_t, Membership> epochs_;
    std::map<Op, Checksum> digests_;
    std::map<Op, Checksum> checkpoints_;
    std::map<Checksum, std::vector<Request>> requests_; ///< of entries that were sent
    std::map<Request, Op> effects_;
    std::array<std::array<std::uint64_t, static_cast<std::size_t>(EventKind::BugFired) + 1>,
               max_replica_id + 1>
        counts_{};
    std::vector<Event> events_; ///< of this step
    Op replied_ = 0;            ///< newest op that this step answered a client for
};

} // namespace faultlab::simulator
