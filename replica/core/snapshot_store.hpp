#pragma once

#include "replica/core/bugs.hpp"
#include "replica/core/config.hpp"
#include "replica/core/effects.hpp"
#include "replica/core/snapshot_manifest.hpp"
#include "replica/core/zeroed_bytes.hpp"

#include <array>
#include <vector>

namespace faultlab::replica {

/// One snapshot in memory, and its way to and from the snapshot zone. The zone has two areas: the
/// one that the superblock names is never written; the other takes the next checkpoint, or one that
/// is fetched from others. An area is a manifest, then chunks of chunk_bytes. Several operations
/// on the disk are under way at a time, never more than a few.
class SnapshotStore {
public:
    /// Requires: complaint(limits) is null.
    SnapshotStore(const Limits& limits, BugSet& bugs);

    enum class Phase : std::uint8_t {
        Idle,
        Loading,  ///< reads an area
        Writing,  ///< writes what is whole in memory to an area
        Fetching, ///< gathers the chunks of a manifest: from memory, from the area, from others
    };
    [[nodiscard]] Phase phase() const { return phase_; }
    /// Nothing is under way, so that something else may begin.
    [[nodiscard]] bool idle() const { return phase_ == Phase::Idle && under_way_ == 0; }

    // --- the snapshot in memory
    /// Every chunk is here, and as the manifest says.
    [[nodiscard]] bool whole() const { return whole_; }
    /// It is also on the disk, synced, in area().
    [[nodiscard]] bool stored() const { return stored_; }
    [[nodiscard]] std::uint32_t area() const { return area_; }
    [[nodiscard]] ManifestHead head() const;
    [[nodiscard]] const Checksum& id() const { return id_; }
    [[nodiscard]] Bytes image() const; ///< all chunks
    [[nodiscard]] Bytes manifest() const;
    [[nodiscard]] std::size_t chunks() const { return chunks_; }
    [[nodiscard]] Bytes chunk(std::size_t index) const;
    /// Of a snapshot that is being fetched: chunks that are in memory.
    [[nodiscard]] std::size_t chunks_here() const;

    // --- a checkpoint of this replica
    /// The memory into which a new snapshot is serialised; what was there is gone. Requires: idle.
    [[nodiscard]] std::span<std::byte> begin_image();
    /// Names what `begin_image` was filled with and writes it to the area. `stored` tells the end.
    /// Requires: head.entry is sealed.
    void write(const ManifestHead& head, std::uint32_t area, IoId& next_io, Effects& effects);

    // --- at start
    /// Reads the checkpoint `id` from the area. When it is idle again, `whole` tells whether all
    /// was good.
    void load(const Checksum& id, std::uint32_t area, IoId& next_io, Effects& effects);

    // --- from others
    /// Begins to gather the snapshot of this manifest, to be written to the area; chunks that are
    /// in memory or, from an attempt before, in the area already are not asked for. False when it
    /// is not the manifest of `id`, or makes no sense. Requires: idle.
    [[nodiscard]] bool fetch(Bytes manifest,
                             Op op,
                             const Checksum& id,
                             std::uint32_t area,
                             IoId& next_io,
                             Effects& effects);
    /// The first chunk from `from` on that only others have; chunks() when there is none.
    [[nodiscard]] std::size_t missing(std::size_t from) const;
    /// Whether the area is being searched for chunks still.
    [[nodiscard]] bool searching() const;
    /// A chunk from somebody; false when it is not what the manifest says.
    [[nodiscard]] bool take(std::size_t index, Bytes bytes, IoId& next_io, Effects& effects);
    /// Gives up what is being fetched; idle once nothing is under way.
    void abandon();

    // --- the scrubber
    /// Reads a piece of the area, if nothing else is under way, and writes it again if it is bad
    /// there. Requires: stored.
    void scrub(IoId& next_io, Effects& effects);
    [[nodiscard]] std::uint64_t scrub_found() const { return scrub_found_; }
    [[nodiscard]] std::uint64_t scrub_tours() const { return scrub_tours_; }

    /// Whether this IoDone was its own.
    bool on_io(const IoDone& done, IoId& next_io, Effects& effects);
    /// A write or sync failed: the replica must halt, for what the disk holds is unknown (B25).
    [[nodiscard]] bool failed() const { return failed_; }

private:
    friend struct SnapshotProbe; ///< tests break invariants from inside
    friend struct InvariantProbe;
    friend struct EntryProbe;
    friend struct ViewProbe;
    enum class Chunk : std::uint8_t {
        Unread,    ///< may be in the area
        Reading,   ///< being looked for there
        Missing,   ///< not there, or bad
        Unwritten, ///< in memory, not in the area
        Writing,   ///< on its way there
        Stored,    ///< both
    };
    enum class Io : std::uint8_t {
        None,
        ReadChunk,
        WriteChunk,
        Manifest,
        Sync,
        Scrub,
        Rewrite,
        Resync
    };
    struct UnderWay {
        IoId id = 0;
        Io what = Io::None;
        std::size_t chunk = 0;
    };

    [[nodiscard]] std::size_t count(Chunk state) const {
        return counts_[static_cast<std::size_t>(state)];
    }
    [[nodiscard]] std::size_t counted() const;
    void begin(Phase phase, std::uint32_t area);
    void set(std::size_t index, Chunk state);
    /// Takes the bytes for the manifest if they are the one of that id.
    bool adopt(Bytes manifest, const Checksum& id);
    [[nodiscard]] bool good(std::size_t index, Bytes bytes) const;
    [[nodiscard]] std::uint64_t offset(std::size_t index) const;
    [[nodiscard]] std::size_t size(std::size_t index) const;
    [[nodiscard]] std::size_t written_size(std::size_t index) const;
    [[nodiscard]] std::span<std::byte> memory(std::size_t index);
    IoId occupy(Io what, std::size_t chunk, IoId& next_io);
    void pump(IoId& next_io, Effects& effects);
    void write_manifest(IoId& next_io, Effects& effects);
    void on_done(const UnderWay& what, Bytes bytes, IoId& next_io, Effects& effects);
    void on_manifest(Bytes bytes);
    void on_chunk(std::size_t index, Bytes bytes);
    /// What lies in the area: its chunks and, after the last, the manifest.
    struct Piece {
        std::uint64_t offset = 0;
        Bytes bytes;
    };
    [[nodiscard]] Piece piece(std::size_t index) const;
    [[nodiscard]] bool free_but_for_scrubbing() const;
    [[nodiscard]] bool idle_but_for_scrubbing() const;
    /// Asserts that what is kept about a snapshot that is stored agrees.
    void check_books() const;
    void on_scrubbed(std::size_t index, Bytes bytes, IoId& next_io, Effects& effects);

    Limits limits_;
    BugSet& bugs_;
    Phase phase_ = Phase::Idle;
    std::uint32_t area_ = 0;
    Checksum id_;
    bool whole_ = false;
    bool stored_ = false;
    bool failed_ = false;
    std::size_t chunks_ = 0;
    ZeroedBytes image_;
    std::vector<std::byte> manifest_; ///< in whole pages
    std::vector<Chunk> states_;
    std::array<std::size_t, 6> counts_{};
    std::size_t cursor_ = 0; ///< no chunk before it has to be read or written
    bool manifest_written_ = false;
    std::array<UnderWay, 10> places_{}; ///< chunks take at most eight, so that one is free
    std::size_t under_way_ = 0;
    std::size_t scrub_next_ = 0;
    std::uint64_t scrub_found_ = 0;
    std::uint64_t scrub_tours_ = 0;
};

} // namespace faultlab::replica
