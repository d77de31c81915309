#pragma once

#include "core/result.hpp"
#include "nemesis/node/disk_cache.hpp"
#include "nemesis/node/disk_rules.hpp"
#include "nemesis/node/disk_tree.hpp"

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// A disk that can go wrong: a directory, rules, and what is not durable yet. What is written goes
/// to the files of the directory at once; what a power cut would take away is kept in memory
/// (files) or aside (names), so that the directory is whole whenever the helper ends, however it
/// ends.
namespace faultlab::node {

/// Counts of one kind of call since the mount.
struct DiskTally {
    std::atomic<std::int64_t> calls = 0;
    std::atomic<std::int64_t> failed = 0;
    std::atomic<std::int64_t> time = 0; ///< nanoseconds in sum, delays and stalls included
};

/// What a cut took.
struct CutCount {
    std::int64_t files = 0; ///< that changed
    std::int64_t pages = 0; ///< that went back
    std::int64_t kept = 0;  ///< that could have, but stayed
    std::int64_t names = 0; ///< changes of names that were undone
};

/// Thread-safe.
class DiskDevice {
public:
    enum class Power : std::uint8_t {
        on,
        cut, ///< nobody is answered: whoever waits is about to be killed
        off, ///< everything fails
    };
    /// Tells the kernel that what it remembers is no longer so. Null: there is none yet.
    struct Forget {
        std::function<void(DiskNode& node)> contents;
        std::function<void(DiskNode& parent, const std::string& name)> name;
    };

    /// `graves` is where removed files wait, on the same file system.
    DiskDevice(Descriptor data, const std::filesystem::path& graves);
    ~DiskDevice();
    DiskDevice(const DiskDevice&) = delete;
    DiskDevice& operator=(const DiskDevice&) = delete;

    [[nodiscard]] DiskTree& tree() { return tree_; }
    void begin(Forget forget);

    /// One call under way. The disk's power is not cut while it lives, unless it has an error.
    class Passage {
    public:
        Passage(DiskDevice& device, DiskOp op);
        Passage(const Passage&) = delete;
        Passage& operator=(const Passage&) = delete;
        ~Passage();
        DiskFate fate = {};
        int error = 0; ///< it fails with it, before anything is done

    private:
        friend class DiskDevice;
        DiskDevice& device_;
        DiskOp op_;
        Nanos start_;
        std::shared_lock<std::shared_mutex> power_;
    };
    /// What a call touches, for rules.
    struct Asked {
        DiskOp op = DiskOp::look;
        std::string_view name = {}; ///< below the node; empty: the node itself
        pid_t caller = 0;           ///< who waits; 0: the kernel
        std::uint64_t offset = 0;
        std::uint64_t length = 0; ///< of a write
    };
    /// Lets the call wait as long as rules want it to, and decides its fate.
    void enter(Passage& passage, DiskNode& node, const Asked& asked);

    // What calls do. Each needs a passage without error. They return 0 or more, or -errno.
    int open(DiskNode& node);
    void release(DiskNode& node);
    ssize_t read(DiskNode& node, std::uint64_t offset, std::span<std::byte> bytes, DiskFate& fate);
    /// The descriptor to read from when nothing is wrong with reading.
    int plain_descriptor(DiskNode& node);
    /// `copy` writes the bytes to a descriptor at an offset.
    using Copy = std::function<ssize_t(int descriptor, std::uint64_t offset)>;
    ssize_t write(DiskNode& node,
                  std::uint64_t offset,
                  std::uint64_t length,
                  const DiskFate& fate,
                  const Copy& copy);
    /// Writes only the sectors that a torn write leaves.
    ssize_t write_torn(DiskNode& node,
                       std::uint64_t offset,
                       std::span<const std::byte> bytes,
                       const DiskFate& fate);
    int resize(DiskNode& node, std::uint64_t size);
    int allocate(DiskNode& node, int mode, std::uint64_t offset, std::uint64_t length);
    int sync(DiskNode& node, bool data_only, const DiskFate& fate);
    void made(DiskNode& parent, const char* name);
    void forget_node(DiskNode& node, std::uint64_t lookups);
    int remove(DiskNode& parent, const char* name, bool directory);
    int
    rename(DiskNode& from, const char* name, DiskNode& to, const char* new_name, unsigned flags);

    // Orders.
    void track();
    [[nodiscard]] bool tracks() const { return tracking_; }
    void add(DiskRule rule);
    void remove(std::int64_t rule);
    /// Waits until the rule has hit something, at most so long; says whether it has.
    bool await_hit(std::int64_t rule, Nanos limit);
    /// At this moment of the wall clock what is unsynced is lost; nobody is answered from then on.
    void cut_at(const CutRule& rule, std::uint64_t seed, Nanos moment);
    /// Waits until that has happened.
    CutCount await_cut();
    void power_off() { power_ = Power::off; }
    /// Also ends a cut that has not happened yet.
    void power_on();
    /// What failed syncs have lost leaves the page cache. Returns the pages.
    std::int64_t drop_lost();
    /// Whether ENOSPC is what writers get.
    [[nodiscard]] bool full();

    [[nodiscard]] static Nanos wall_now();
    [[nodiscard]] CutCount last_cut();
    [[nodiscard]] Power power() const { return power_; }
    [[nodiscard]] const DiskTally& tally(DiskOp op) const {
        return tallies_[static_cast<std::size_t>(op)];
    }
    struct RuleCount {
        std::int64_t id = 0;
        bool active = false;
        RuleBook::Count count;
    };
    [[nodiscard]] std::vector<RuleCount> rule_counts();
    /// Pages that are dirty, and pages that are lost.
    [[nodiscard]] std::pair<std::int64_t, std::int64_t> volatile_pages();

private:
    static Nanos now();
    CutCount cut(const CutRule& rule, std::uint64_t seed);
    bool wait_for_power(Passage& passage, pid_t caller);
    void wait_out(Passage& passage, const DiskCall& call, pid_t caller);
    [[nodiscard]] bool needs_room(DiskNode& node, const Asked& asked);
    int open_data(DiskNode& node);
    FileCache* cache_of(DiskNode& node);
    int save(DiskNode& node, std::uint64_t offset, std::uint64_t length);
    void restore(DiskNode& node, const Rollback& rollback);
    void undo(const NameChange& change);
    std::string bury(DiskNode& parent, const char* name);
    void close_graves(const std::vector<NameChange>& changes);
    void tell_later(DiskNode& node);
    [[nodiscard]] bool must_stay(DiskNode& node);
    void write_back(Nanos older_than);
    [[nodiscard]] std::uint64_t saved_bytes();
    void forget_reads();
    void keep_house(const std::stop_token& stop);

    DiskTree tree_;
    Descriptor graves_;
    std::atomic<std::uint64_t> next_grave_ = 1;
    Forget forget_;
    std::atomic<bool> tracking_ = false;

    std::shared_mutex gate_; ///< shared by calls, whole for a cut
    std::atomic<Power> power_ = Power::on;

    std::mutex book_mutex_;
    RuleBook book_;                   ///< guarded
    std::atomic<bool> rules_ = false; ///< there are some
    std::atomic<bool> full_ = false;
    std::atomic<bool> cold_ = false; ///< rules want to see reads

    std::mutex names_mutex_;
    NameCache names_; ///< guarded

    std::mutex stale_mutex_;
    std::set<std::uint64_t> stale_;         ///< guarded: nodes of which the kernel knows too much
    std::atomic<bool> forget_soon_ = false; ///< it knows too much of all

    std::array<DiskTally, disk_ops> tallies_{};
    CutCount last_cut_; ///< guarded by book_mutex_
    // Last: they use all of the above.
    std::jthread cut_;
    std::jthread house_;
};

} // namespace faultlab::node
