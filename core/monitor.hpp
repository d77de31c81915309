#pragma once

#include "core/types.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Rules of protocols that replicate a log, watched as it runs: in a simulated world as it happens,
/// in the record of a real run afterwards.
namespace faultlab {

/// A checksum of 128 bits. All zero: nothing is known of it.
struct Digest {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    [[nodiscard]] bool known() const { return high != 0 || low != 0; }
    friend constexpr auto operator<=>(const Digest&, const Digest&) = default;
};

/// Of digests that are as good as random.
struct DigestHash {
    std::size_t operator()(const Digest& digest) const { return digest.low; }
};

/// Number of a log entry; 0 is the root, which everybody has.
using LogIndex = std::uint64_t;

/// Views (terms) of all epochs in one total order: the epoch of the membership in the upper half,
/// the view within it in the lower.
using ViewNumber = std::uint64_t;
[[nodiscard]] constexpr std::uint32_t epoch_of(ViewNumber view) {
    return static_cast<std::uint32_t>(view >> 32U);
}
/// "0.7": epoch and view.
[[nodiscard]] std::string view_text(ViewNumber view);

/// What is known of one entry of a log.
struct LogEntry {
    LogIndex op = 0;
    Digest checksum;
    Digest parent;               ///< checksum of the entry before it
    std::uint64_t timestamp = 0; ///< 0: not known
};

/// Who votes in an epoch, and how many of them it takes. The system under test says so: 2f + 1 and
/// 3f + 1 are the same to a monitor.
struct Electorate {
    std::uint32_t epoch = 0;
    std::vector<NodeId> voters;
    std::uint32_t to_commit = 0;      ///< of them, with the entry on disk
    std::uint32_t to_change_view = 0; ///< of them, with their logs
    ViewNumber first_view = 0;        ///< the epoch begins with it: nobody votes for it

    [[nodiscard]] bool votes(NodeId node) const;
};

/// What a replica showed of itself at one moment. -1: not shown.
struct Gauges {
    std::int64_t view = -1; ///< as ViewNumber
    std::int64_t log_view = -1;
    std::int64_t head = -1;
    std::int64_t durable = -1;
    std::int64_t committed = -1; ///< known to be
    std::int64_t applied = -1;
    std::int64_t checkpoint = -1;
    std::int64_t release = -1;  ///< that is active
    std::int64_t damaged = -1;  ///< entries that it lacks, or cannot read, of its log
    bool tells_rejects = false; ///< what it refuses is Rejected: if nothing is, it refused nothing
    bool normal = false;        ///< takes part: not starting, recovering, or stopped
    bool leads = false;

    friend bool operator==(const Gauges&, const Gauges&) = default;
};

/// How a system was set up: how long things take while nothing disturbs it, in ns of true time, and
/// how much a replica holds. Each is an upper bound, jitter and wrong clocks included.
struct Setup {
    Nanos message = 0;          ///< one way; repeated, if the network loses some
    Nanos work = 0;             ///< a replica's answer to a message, with what it writes first
    Nanos silence = 0;          ///< of a leader, before a voter votes for another
    Nanos view_change = 0;      ///< before those who agreed on a view try the next one
    Nanos abdication = 0;       ///< before a leader whom no quorum answers stops
    Nanos repair = 0;           ///< of a replica that has nothing, from others that have everything
    Nanos retry = 0;            ///< before a client asks the next replica
    std::uint64_t log_most = 0; ///< entries above the checkpoint
    std::uint64_t pipeline_most = 0; ///< entries that a leader has proposed and not committed
    std::uint64_t queue_most = 0;    ///< requests that wait to be proposed
    std::uint64_t sessions_most = 0; ///< clients that are remembered
};

/// All of a cluster at one moment.
struct Survey {
    struct Replica {
        NodeId node = no_node;
        std::int32_t life = 0;
        Gauges gauges;
        bool member = true; ///< of the membership that the leader, if there is one, works with
        // Of one that leads.
        Nanos spoke = -1;    ///< when it last spoke as leader; -1: not known
        Nanos answered = -1; ///< until then a quorum answered it, or it had no time to find out
        // What it holds. -1: not shown.
        std::int64_t pipeline = -1;
        std::int64_t queue = -1;
        std::int64_t sessions = -1;
        /// Damaged entries of its log that its disk has shown, and still holds. -1: it has shown
        /// none ever.
        std::int64_t rotten = -1;
    };
    /// A request of a client that is not answered.
    struct Waiting {
        std::int32_t client = 0;
        Nanos since = 0;
    };

    const Setup* setup = nullptr; ///< null: not known
    /// Since when the core is undisturbed: a quorum for a view change at least, all of it up, with
    /// good disks, and its links as Setup says, also to clients. -1: there is none.
    Nanos calm_since = -1;
    std::vector<NodeId> core;
    std::uint32_t absent = 0;      ///< voters that are not in the core
    std::vector<Replica> replicas; ///< that run
    std::vector<Waiting> waiting;
};

/// What a replica did or showed.
struct ProtocolEvent {
    enum class Kind : std::uint8_t {
        Started,      ///< a life begins; a: 1 with an empty disk
        Elected,      ///< `electorate` holds for its epoch
        Shown,        ///< `gauges`
        Proposed,     ///< as leader of `view`, to others: entry op with `checksum`, `parent`
        Requested,    ///< entry `checksum` holds request b of client a (0: a registration)
        Acknowledged, ///< has durably all of its log of `view` up to op; `log`: the entries that it
                      ///< had not acknowledged in that view before
        Voted,        ///< for `view`, with its log of log_view up to op; a: 1 when it cannot tell
                      ///< where that ends, and answers for no more than up to op
        Heard,        ///< of the log of log_view, from its leader
        Spoke,        ///< to others, as one who has entered `view`
        Installed,    ///< the log of `view`, up to op; a: 1 as its leader; b: checkpoint; `log`:
                      ///< what it holds above that
        Executed,     ///< entry op with `checksum`, of `view`
        Sealed,       ///< of all: from now on op is committed, as `log.front()`, in `view`; a: 1
                      ///< when the quorum was seen, 0 when a replica has executed it
        State,        ///< `checksum` of its state after op
        Image,        ///< `checksum` of its checkpoint at op
        Restored,     ///< its checkpoint at op is one that it fetched; its `checksum`
        Replied,      ///< to client a for request b, which is in op; checksum: of the reply
        Activated,    ///< from op on, release a; b: the release of its program, 0: not known
        Rejected,     ///< a message from node b; `text`: why
        Halted,       ///< for good, and nobody had given it a reason to; `text`: its own
        Wished,       ///< to leave for `view`
        Asked,        ///< by client a for request b
        Refused,      ///< request b of client a: too much to do
        Sought,       ///< from others entries b to op
        Surveyed,     ///< of all: `survey`, at regular moments
        Introduced,   ///< the first Shown of a life whose gauges tell of rejects
    };
    static constexpr std::size_t kinds = 25;

    Kind kind = Kind::Started;
    NodeId node = no_node;
    std::int32_t life = 0; ///< how often it was started before
    Nanos t = 0;
    ViewNumber view = 0;
    ViewNumber log_view = 0;
    LogIndex op = 0;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    Digest checksum;
    Digest parent;
    // Valid during the call only.
    std::span<const LogEntry> log = {};
    const Gauges* gauges = nullptr;
    const Electorate* electorate = nullptr;
    const Survey* survey = nullptr;
    std::string_view text = {};
};

/// A rule that was seen broken.
struct Alarm {
    std::string rule; ///< id in checker/monitors/catalogue.hpp: "S1"
    NodeId node = no_node;
    Nanos t = 0;
    std::string what;     ///< a sentence about the node, without a subject
    bool refusal = false; ///< of a message that nobody who obeys sends
};
using Alarms = std::vector<Alarm>;

/// One rule as a fold over what replicas do: the same whether it is told as it happens or from a
/// record. Events of one node come in order. Owned by one thread.
class Monitor {
public:
    virtual ~Monitor() = default;
    virtual void on(const ProtocolEvent& event) = 0;

    /// How often it had something to judge. A rule that was never judged does not hold: it was
    /// not looked at.
    [[nodiscard]] std::uint64_t judged() const { return judged_; }
    [[nodiscard]] Alarms& alarms() { return alarms_; }

protected:
    /// Counts one judgement; false is an alarm. Use: if (!judge(x <= y)) alarm(event, "…");
    bool judge(bool holds) {
        ++judged_;
        return holds;
    }
    void alarm(const ProtocolEvent& event, std::string what) {
        alarms_.push_back({.node = event.node, .t = event.t, .what = std::move(what)});
    }

private:
    std::uint64_t judged_ = 0;
    Alarms alarms_;
};

} // namespace faultlab
