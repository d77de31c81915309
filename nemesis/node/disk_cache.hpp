#pragma once

#include "core/rng.hpp"
#include "core/types.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// What files and directories hold that is not on the disk yet, and what becomes of it when the
/// power is cut. A model of Linux's page cache: pure, without a file or a clock; the caller reads
/// and writes the bytes. Not thread-safe.
namespace faultlab::node {

inline constexpr std::uint64_t disk_page = 4096;  ///< what is dirty or clean as a whole
inline constexpr std::uint64_t disk_sector = 512; ///< what a disk writes as a whole

/// The bytes of a page; empty: zeros, or beyond the end of the file.
using PageBytes = std::vector<std::byte>;

/// Which sectors of the last write reach the disk when it is torn.
enum class Tear : std::uint8_t { none, prefix, suffix, interleaved };

/// Which of `count` sectors reach the disk: at least one does and, of two or more, one does not.
/// Drawn from `rng`. Requires: count > 0.
[[nodiscard]] std::vector<bool> torn_sectors(Tear tear, std::uint64_t count, Rng& rng);

/// How a power cut goes.
struct CutRule {
    std::int64_t keep = 0;     ///< millionths: how likely an unsynced page was written back already
    Tear tear = Tear::none;    ///< of the last unsynced write of each file
    Nanos lies = 0;            ///< syncs of the last so many nanoseconds were lies, too
    bool names_strict = false; ///< see NameCache
};

/// What brings a file into the state after a cut.
struct Rollback {
    struct Page {
        std::uint64_t number = 0;
        PageBytes bytes;
        std::uint8_t sectors = 0xff; ///< a bit for each of its sectors that is to be written
    };
    std::vector<Page> pages;
    std::uint64_t size = 0; ///< of the file, to be set after the pages were written
    bool resized = false;   ///< it has another size than before
    std::uint64_t kept = 0; ///< pages that were not on the disk but stay
    [[nodiscard]] bool nothing() const { return pages.empty() && !resized; }
};

/// The contents of one file. Before a write, and before the file is made smaller, the caller saves
/// the pages that `unsaved` names; then it tells what it did.
class FileCache {
public:
    /// All of it is on the disk. Of syncs, the cache remembers what they replaced for `memory`.
    FileCache(std::uint64_t size, Nanos memory) : memory_(memory), size_(size) {
        current_.size = size;
    }

    /// Pages that the range touches and whose bytes, as they are now, have to be saved before they
    /// change.
    [[nodiscard]] std::vector<std::uint64_t> unsaved(std::uint64_t offset,
                                                     std::uint64_t length) const;
    void save(std::uint64_t page, PageBytes bytes);
    /// Requires: nothing of the range is unsaved.
    void wrote(std::uint64_t offset, std::uint64_t length, Nanos now);
    /// Requires: of a file that becomes smaller, nothing beyond its new end is unsaved.
    void resized(std::uint64_t size, Nanos now);

    void synced(Nanos now);
    /// Pages that should have been written are clean now, as Linux has it, and not on the disk: no
    /// later sync covers them, unless they are written once more.
    void sync_failed();

    /// The power is cut: afterwards, all that is in the file is on the disk.
    [[nodiscard]] Rollback cut(const CutRule& rule, Nanos now, Rng& rng);
    /// The pages that a failed sync had lost leave the cache: the disk shows through.
    [[nodiscard]] Rollback drop_lost();

    /// What the page held before it was last changed; null when that is not remembered.
    [[nodiscard]] const PageBytes* older(std::uint64_t page) const;

    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::uint64_t dirty_pages() const { return current_.before.size(); }
    [[nodiscard]] std::uint64_t lost_pages() const { return lost_.size(); }
    /// Since when something is not on the disk; nothing: `none_dirty`.
    static constexpr Nanos none_dirty = -1;
    [[nodiscard]] Nanos dirty_since() const { return dirty_since_; }
    /// Neither unsynced, nor lost, nor remembered.
    [[nodiscard]] bool clean() const;
    /// Forgets what syncs replaced longer ago than its memory.
    void forget(Nanos now);
    /// Of saved pages.
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

private:
    using Pages = std::map<std::uint64_t, PageBytes>;
    /// What was changed between two syncs.
    struct Epoch {
        std::uint64_t size = 0; ///< of the file when it began
        Pages before;           ///< of the pages changed, as they were when it began
        Nanos synced = 0;       ///< when it ended
    };
    struct Extent {
        std::uint64_t offset = 0;
        std::uint64_t length = 0;
    };

    [[nodiscard]] std::map<std::uint64_t, std::uint8_t> kept_sectors(Tear tear, Rng& rng) const;
    void note_dirty(Nanos now);
    void forget_beyond_end();

    Nanos memory_;
    std::uint64_t size_; ///< as programs see it
    Epoch current_;
    std::deque<Epoch> past_; ///< synced, oldest first
    Pages lost_;             ///< what the disk has where a sync failed
    Extent last_write_;      ///< since the last sync
    Nanos dirty_since_ = none_dirty;
    std::uint64_t bytes_ = 0;
};

/// One change of names, and what undoes it.
struct NameChange {
    enum class Kind : std::uint8_t { made, removed, moved };
    Kind kind = Kind::made;
    std::uint64_t directory = 0;
    std::string name;
    std::uint64_t other_directory = 0; ///< moved: to there
    std::string other_name;
    /// Where the file lies that was removed, or whose name was taken by a move; empty: none.
    std::string grave;
};

/// The names in directories. By POSIX they are on the disk when their directory was synced
/// ("strict"); on journaling file systems as ext4 and xfs every sync, of whatever file, also
/// commits all changes of names before it.
class NameCache {
public:
    explicit NameCache(Nanos memory) : memory_(memory) {}

    void changed(NameChange change, Nanos now);
    /// Of a directory or a file: `directory` is 0 for a file.
    void synced(std::uint64_t directory, Nanos now);

    /// The changes to undo, in this order. Afterwards all names are on the disk. `settled` are
    /// those that stay: their graves can go.
    struct Cut {
        std::vector<NameChange> undo;
        std::vector<NameChange> settled;
    };
    [[nodiscard]] Cut cut(const CutRule& rule, Nanos now, Rng& rng);
    /// The changes that no cut can undo any more: synced both ways longer ago than the memory, or
    /// made before `written_back`.
    [[nodiscard]] std::vector<NameChange> settle(Nanos now, Nanos written_back);

    [[nodiscard]] bool refers(std::uint64_t directory) const;
    [[nodiscard]] std::size_t pending() const { return changes_.size(); }

private:
    static constexpr Nanos never = -1;
    struct Entry {
        NameChange change;
        Nanos made = 0;
        Nanos any_sync = never;
        Nanos own_sync = never; ///< of its directory
    };
    Nanos memory_;
    std::deque<Entry> changes_; ///< oldest first
};

} // namespace faultlab::node
