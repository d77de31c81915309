#pragma once

#include "core/rng.hpp"
#include "core/types.hpp"
#include "nemesis/node/disk_cache.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Which calls to a disk go wrong, and how. Pure; not thread-safe.
namespace faultlab::node {

/// What programs ask of a file system.
enum class DiskOp : std::uint8_t {
    read,
    write, ///< of bytes, and changes of a file's size
    sync,  ///< of files and directories
    name,  ///< makes, removes, moves
    look,  ///< opens, attributes, listings
};
inline constexpr std::size_t disk_ops = 5;

struct DiskCall {
    DiskOp op = DiskOp::look;
    std::string_view path; ///< below the mount, without a leading slash
    bool allocates = true; ///< it needs room that the file does not have yet
    Nanos now = 0;
};

enum class DiskFault : std::uint8_t {
    delay,
    stall,       ///< it is not answered while the rule lasts
    error,       ///< it fails with an errno
    full,        ///< it fails with ENOSPC when it needs room
    sync_fails,  ///< it fails with EIO, and what it should have written is lost
    sync_lies,   ///< it is answered at once, and nothing was done
    torn,        ///< a part of the sectors is written
    misdirected, ///< the bytes go to another place of the file
    stale,       ///< the bytes are those of an earlier time
    bit_flip,    ///< one bit of the answer is wrong
};

enum class Spread : std::uint8_t { fixed, uniform, normal, exponential };

/// When the pages of a failed sync leave the page cache.
enum class Lost : std::uint8_t {
    now,   ///< programs see at once what the disk has
    later, ///< when the lab says so
    never, ///< they are on the disk: only the answer is wrong
};

struct DiskRule {
    std::int64_t id = 0; ///< of the fault
    DiskFault fault = DiskFault::delay;
    std::array<bool, disk_ops> ops{};
    std::string path;                ///< a glob over the whole path, * matches / too; empty: all
    std::int64_t chance = 1'000'000; ///< millionths
    std::int64_t nth = 0;   ///< of the matching calls on one file, the first that is hit; 0: any
    std::int64_t times = 0; ///< how often it hits; 0: without end
    Nanos starts = 0;       ///< before that it hits nothing
    Nanos lasts = 0;        ///< it ends by itself so long after it was added; 0: never
    std::uint64_t seed = 0;

    Nanos delay = 0;  ///< the middle of the spread
    Nanos jitter = 0; ///< uniform: up to so much more or less; normal: the standard deviation
    Spread spread = Spread::fixed;
    int error = 0; ///< an errno
    Lost lost = Lost::later;
    Tear tear = Tear::none;
};

/// What becomes of one call.
struct DiskFate {
    Nanos delay = 0;
    bool stalls = false;
    int error = 0;
    bool sync_fails = false;
    Lost lost = Lost::never;
    bool sync_lies = false;
    Tear tear = Tear::none;
    bool misdirected = false;
    bool stale = false;
    bool bit_flip = false;
    std::uint64_t seed = 0;               ///< for what is left to draw
    std::vector<std::int64_t> rules = {}; ///< those that hit it
};

class RuleBook {
public:
    struct Count {
        std::int64_t matched = 0;
        std::int64_t hit = 0;
        Nanos delay = 0; ///< in sum
    };

    /// Replaces one of the same id.
    void add(DiskRule rule, Nanos now);
    /// None of that id: nothing happens.
    void remove(std::int64_t id);
    /// Removes those whose time is over.
    void expire(Nanos now);
    [[nodiscard]] bool empty() const { return entries_.empty(); }
    [[nodiscard]] bool any(DiskFault fault) const;
    /// Whether some rule changes what is read.
    [[nodiscard]] bool reads_matter() const;

    /// Draws what becomes of the call.
    [[nodiscard]] DiskFate decide(const DiskCall& call);
    /// Whether a rule that stalls still lasts for it. Draws nothing.
    [[nodiscard]] bool stalls(const DiskCall& call) const;

    /// Of the rules that there are, and of those that there were.
    [[nodiscard]] const std::map<std::int64_t, Count>& counts() const { return counts_; }
    [[nodiscard]] bool has(std::int64_t id) const;

private:
    struct Entry {
        DiskRule rule;
        Rng rng;
        Nanos ends = 0;
        std::int64_t hits = 0;
        std::map<std::string, std::int64_t, std::less<>> of_file; ///< matching calls
    };
    bool hits(Entry& entry, const DiskCall& call);

    std::vector<Entry> entries_;
    std::map<std::int64_t, Count> counts_;
};

/// Draws from the spread; never below zero, nor above ten times the middle plus the jitter.
[[nodiscard]] Nanos drawn_delay(const DiskRule& rule, Rng& rng);

} // namespace faultlab::node
