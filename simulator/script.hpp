#pragma once

#include "core/op.hpp"
#include "core/result.hpp"
#include "replica/wire/mutators.hpp"
#include "simulator/client.hpp"

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab::simulator {

/// What is done to a cluster by a script.
enum class Deed : std::uint8_t {
    Cut,
    Drop,
    Hold,
    Repeat,
    SlowLinks,
    Loss,
    Duplicates,
    Disorder,
    Delay,
    Pause,
    Crash,
    PowerCut,
    LostDisk,
    SlowDisk,
    StalledZone,
    FullDisk,
    ReadError,
    WriteError,
    SyncError,
    Misdirect,
    Misread,
    Rot,
    ClockRate,
    WallClock,
    TimerRate,
    ClientCrash,
    Lie,
    FalseCheckpoint,
};
constexpr std::size_t deed_count = static_cast<std::size_t>(Deed::FalseCheckpoint) + 1;

/// Somebody says something else than it made.
[[nodiscard]] constexpr bool is_lie(Deed deed) {
    return deed == Deed::Lie || deed == Deed::FalseCheckpoint;
}

struct DeedEntry {
    Deed deed = Deed::Cut;
    std::string_view name;
    std::string_view parts; ///< of a strike that it has: "until links messages …"
    std::string_view what;  ///< for people
};
[[nodiscard]] std::span<const DeedEntry, deed_count> deed_table();

/// From the end of which a packet comes, and to which it goes.
struct Link {
    Endpoint from = 0;
    Endpoint to = 0;
    friend auto operator<=>(const Link&, const Link&) = default;
};

/// One fault, as a value: nothing of it is drawn. Which parts mean something is up to the deed.
struct Strike {
    static constexpr Nanos to_the_end = std::numeric_limits<Nanos>::max();

    Deed deed = Deed::Cut;
    Nanos at = 0;
    Nanos until = to_the_end; ///< then it is undone
    /// Of a crash or power cut: not at `at`, but in the first step after it in which the replica
    /// reports this event or sends such a message, right before it would.
    std::string in_step;
    std::vector<Endpoint> nodes;   ///< sorted; of ClientCrash: clients
    std::vector<Link> links;       ///< sorted; of Drop, Hold, Repeat, Loss: none means all. Of Lie,
                                   ///< FalseCheckpoint: those of one replica, the liar
    std::vector<Command> messages; ///< sorted; none means all
    Zone zone = Zone::Superblock;
    Timer timer = Timer::Prepare;
    /// Repeat: how many of each kind. Loss, Duplicates: of a thousand. Delay, SlowLinks, WallClock:
    /// ns. SlowDisk: factor. ClockRate, TimerRate: 1000 is right. Rot, Misdirect, Misread: where in
    /// the zone. Crash, PowerCut: the release that it starts again as; 0: as before. Lie: how many
    /// of each kind on each link; 0: all.
    std::int64_t amount = 0;
    // Of Lie; as in struct Lie.
    std::vector<replica::Mutation> changes;
    std::string when;
    std::string refused_by;
    bool truth_first = false;
    std::uint64_t skip = 0; ///< so many of each kind on each link are left alone before

    friend bool operator==(const Strike&, const Strike&) = default;
};

/// One operation of a client; with the f Client::session_only none yet, only its session.
struct ScriptOp {
    Nanos at = 0; ///< or later, when the one before it has ended
    std::int32_t client = 0;
    Endpoint node = 0; ///< that the client asks first; 0: whom it would
    Invocation op;
    friend bool operator==(const ScriptOp&, const ScriptOp&) = default;
};

/// A run of which the faults and the operations are told one by one. What is left to a seed are
/// the delays of network and disks, and the order of what happens at one moment.
struct Script {
    std::uint64_t draws = 0; ///< another number, other delays
    Nanos stop = 0;          ///< then all is healed
    std::vector<Strike> strikes;
    std::vector<ScriptOp> operations; ///< by time
    friend bool operator==(const Script&, const Script&) = default;
};

/// "fault cut at 1.5 until 20 links n1>n2,n2>n1": a line each, `separator` between them. Times are
/// in milliseconds.
[[nodiscard]] std::string text(const Script& script, std::string_view separator = "\n");
/// Lines end with a line feed or a semicolon; `#` begins a comment. A usage error names the line.
Result<Script> parse_script(std::string_view text);

/// A usage error names the first operation for which no client can ask: of no such kind, or not
/// with such a key and argument.
Result<void> check_playable(const Script& script);

/// How many operations it has; sessions are none.
[[nodiscard]] std::uint64_t operation_count(const Script& script);

/// "n1 is cut off from n2 and n3": for people, without times.
[[nodiscard]] std::string story(const Strike& strike);
[[nodiscard]] std::string story(const ScriptOp& operation);

/// Milliseconds, as exactly as they are: "12.503181".
[[nodiscard]] std::string milliseconds(Nanos time);

} // namespace faultlab::simulator
