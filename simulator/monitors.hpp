#pragma once

#include "checker/monitors/monitor_set.hpp"
#include "simulator/names.hpp"
#include "simulator/simbugs.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultlab::simulator {

/// A rule that was seen broken at a replica.
struct Breach {
    std::string_view rule; ///< "S1"
    ReplicaId self = no_replica;
    ReplicaId sender = no_replica; ///< of a message that was refused
    std::string_view what;         ///< one sentence
};
/// Whether it is no fault of the store: somebody lied to it.
using Excuse = std::function<bool(const Breach& breach)>;

[[nodiscard]] Gauges gauges_of(const Standing& standing);

/// Tells the rules of checker/monitors what the replicas of a world do, as it happens.
class Monitors {
public:
    /// What was seen broken so far, in order: "S1: replica 2: …". Empty is good.
    [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }

    /// Messages refused that nobody who obeys sends, likewise: violations, unless the world itself
    /// made messages up.
    [[nodiscard]] const std::vector<std::string>& refusals() const { return refusals_; }

    /// `planted` outlives it; null: no mistake is.
    explicit Monitors(Planted* planted = nullptr) : planted_(planted) {}

    /// What is told from now on goes there, and is not judged here.
    void pass_on(std::function<void(const ProtocolEvent&)> to) { pass_on_ = std::move(to); }

    /// What it says yes to is neither a violation nor a refusal.
    void excuse(Excuse excuse) { excuse_ = std::move(excuse); }

    /// A promise that somebody outside saw broken.
    void violate(std::string_view rule, ReplicaId self, std::string_view what);

    /// Of all that is told next.
    void at(Nanos now) { now_ = now; }
    /// During a step of `self`, in the order of its effects.
    void sent(ReplicaId self, const Header& header, Bytes body);
    /// Before a step of `self`.
    void received(ReplicaId self, const Header& header);
    void replied(ReplicaId self, const Header& header);
    void happened(ReplicaId self, const Event& event);
    /// It goes on after a pause.
    void resumed(ReplicaId self) { nodes_.at(self).had_no_time = now_; }
    /// It stopped for good without a reason that the world gave it.
    void halted(ReplicaId self, std::string_view reason);
    /// After the step.
    void after_step(ReplicaId self, const Replica& replica, const Standing& standing);
    /// The replica begins a new life, with its disk or without.
    void started(ReplicaId self, bool blank);
    /// Now and then, between steps.
    void surveyed(const Survey& survey);

    /// How often it was started before; -1: it never was.
    [[nodiscard]] std::int32_t life(ReplicaId self) const { return nodes_.at(self).life; }
    /// When it last spoke as a leader, in this life; -1: it has not.
    [[nodiscard]] Nanos spoke(ReplicaId self) const { return nodes_.at(self).spoke; }
    /// When the oldest of the newest answers came that make a quorum of these voters; or since when
    /// it leads, runs, or is not paused, if that is later.
    [[nodiscard]] Nanos answered(ReplicaId self, const Membership& membership) const;
    /// How often this replica reported this, over all its lives.
    [[nodiscard]] std::uint64_t count(ReplicaId self, EventKind kind) const {
        return counts_.at(self).at(static_cast<std::size_t>(kind));
    }
    /// Likewise all replicas together.
    [[nodiscard]] std::uint64_t count(EventKind kind) const;
    /// The newest op of which all below are known to be committed.
    [[nodiscard]] Op committed() const { return rules_.ledger().head(); }
    /// How often each rule of the catalogue had something to judge.
    [[nodiscard]] std::vector<std::uint64_t> judged() const { return rules_.judged(); }
    /// Whether each rule has judged something where replicas have reported what it is about.
    void audit(Audits& audits) const;

private:
    struct Node {
        std::int32_t life = -1;
        View ack_view; ///< of its last acknowledgement
        Op ack_op = 0;
        std::optional<std::uint32_t> epoch; ///< the newest whose electorate it named
        Op checkpoint = 0;                  ///< the one that it showed last in this life
        Nanos spoke = -1;                   ///< as leader
        Nanos had_no_time = 0;              ///< until then, to find out who answers it
        std::array<Nanos, max_replica_id + 1> acknowledged{}; ///< when who last did, to it
    };

    [[nodiscard]] ProtocolEvent event(ProtocolEvent::Kind kind, ReplicaId self) const;
    void tell(const ProtocolEvent& event);
    void proposed(ReplicaId self, const Header& header, Bytes body);
    void acknowledged(ReplicaId self, View view, Op op, const Replica& replica);
    void executed(ReplicaId self, const Event& event, const Replica& replica);
    void answered();
    void installed(ReplicaId self, const Event& event, const Replica&, const Standing&);
    void named(ReplicaId self, const Membership& membership);
    void told(ReplicaId self, const Event& event, const Replica&, const Standing&);
    void offered(ReplicaId self, const Standing& standing);
    void shown(ReplicaId self, const Standing& standing);

    Planted* planted_;
    MonitorSet rules_;
    std::function<void(const ProtocolEvent&)> pass_on_; ///< empty: it is judged
    Excuse excuse_;                                     ///< empty: nothing is excused
    Nanos now_ = 0;
    std::array<Node, max_replica_id + 1> nodes_{};
    boost::unordered_flat_set<Digest, DigestHash> opened_; ///< prepares whose requests were told
    std::vector<Event> events_;                            ///< of the step under way
    std::vector<LogEntry> log_;                            ///< scratch
    struct Answer {
        ReplicaId self = no_replica;
        Header header;
    };
    std::vector<Answer> answers_; ///< likewise
    std::array<std::array<std::uint64_t, static_cast<std::size_t>(EventKind::BugFired) + 1>,
               max_replica_id + 1>
        counts_{};
    std::uint64_t new_logs_ = 0; ///< that views were installed with, by what of them was committed
    Op last_new_log_ = 0;
    std::vector<std::string> violations_;
    std::vector<std::string> refusals_;
};

} // namespace faultlab::simulator
