#include "replica/core/snapshot_store.hpp"

#include "replica/core/assert.hpp"
#include "replica/core/bytes.hpp"
#include "replica/core/layout.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace faultlab::replica {
namespace {

constexpr std::size_t chunk_places = 8; // of places_, for chunks

std::size_t in_sectors(std::size_t bytes) {
    return (bytes + sector_bytes - 1) / sector_bytes * sector_bytes;
}

} // namespace

SnapshotStore::SnapshotStore(const Limits& limits, BugSet& bugs)
    : limits_(limits), bugs_(bugs), image_(replica::chunks(limits) * chunk_bytes(limits)),
      manifest_(manifest_bytes(limits)), states_(replica::chunks(limits)) {
    REPLICA_ASSERT("snapshot.limits", complaint(limits) == nullptr);
}

// --- what is where

ManifestHead SnapshotStore::head() const {
    ManifestHead head;
    std::memcpy(&head, manifest_.data(), sizeof head);
    return head;
}

Bytes SnapshotStore::manifest() const {
    REPLICA_ASSERT("snapshot.manifest-chunks", chunks_ <= states_.size());
    return Bytes(manifest_).first(sizeof(ManifestHead) + chunks_ * sizeof(Checksum));
}

Bytes SnapshotStore::image() const {
    REPLICA_ASSERT("snapshot.image-bytes", head().bytes <= image_.size());
    return Bytes(image_).first(head().bytes);
}

Bytes SnapshotStore::chunk(std::size_t index) const {
    REPLICA_ASSERT("snapshot.chunk", index < chunks_);
    return Bytes(image_).subspan(index * chunk_bytes(limits_), size(index));
}

std::span<std::byte> SnapshotStore::memory(std::size_t index) {
    REPLICA_ASSERT("snapshot.memory-chunk", index < chunks_);
    return std::span(image_).subspan(index * chunk_bytes(limits_), chunk_bytes(limits_));
}

std::uint64_t SnapshotStore::offset(std::size_t index) const {
    REPLICA_ASSERT("snapshot.offset-chunk", index < chunks_);
    return area_ * area_bytes(limits_) + manifest_bytes(limits_) + index * chunk_bytes(limits_);
}

std::size_t SnapshotStore::size(std::size_t index) const {
    const std::size_t before = index * chunk_bytes(limits_);
    REPLICA_ASSERT("snapshot.chunk-bytes", before < head().bytes);
    return std::min<std::size_t>(chunk_bytes(limits_), head().bytes - before);
}

std::size_t SnapshotStore::written_size(std::size_t index) const {
    return in_sectors(size(index));
}

bool SnapshotStore::good(std::size_t index, Bytes bytes) const {
    REPLICA_ASSERT("snapshot.good-chunk", index < chunks_);
    if (bytes.size() < size(index)) {
        return false;
    }
    Checksum expected;
    std::memcpy(&expected,
                manifest_.data() + sizeof(ManifestHead) + index * sizeof expected,
                sizeof expected);
    return checksum(bytes.first(size(index))) == expected;
}

bool SnapshotStore::adopt(Bytes manifest, const Checksum& id) {
    REPLICA_ASSERT("snapshot.adopt-phase", phase_ == Phase::Idle || phase_ == Phase::Loading);
    if (manifest.size() < sizeof(ManifestHead)) {
        return false;
    }
    ManifestHead head;
    std::memcpy(&head, manifest.data(), sizeof head);
    if (head.bytes == 0 || head.bytes > image_.size() ||
        head.entry.checksum != checksum_of(head.entry)) {
        return false;
    }
    const std::size_t chunks = (head.bytes + chunk_bytes(limits_) - 1) / chunk_bytes(limits_);
    const std::size_t size = sizeof head + chunks * sizeof(Checksum);
    if (manifest.size() < size || checksum(manifest.first(size)) != id) {
        return false;
    }
    std::memcpy(manifest_.data(), manifest.data(), size);
    std::memset(manifest_.data() + size, 0, manifest_.size() - size);
    chunks_ = chunks;
    id_ = id;
    return true;
}

void SnapshotStore::begin(Phase phase, std::uint32_t area) {
    REPLICA_ASSERT("snapshot.area", area < 2);
    REPLICA_ASSERT("snapshot.begin-chunks", chunks_ <= states_.size());
    REPLICA_ASSERT("snapshot.begin-free", free_but_for_scrubbing()); // what ends is of this one
    REPLICA_ASSERT("snapshot.begin-something", phase != Phase::Idle);
    // What is loaded begins once more when its manifest is here.
    REPLICA_ASSERT("snapshot.begin-over",
                   phase_ == Phase::Idle || (phase_ == Phase::Loading && phase == Phase::Loading));
    phase_ = phase;
    area_ = area;
    whole_ = false;
    stored_ = false;
    manifest_written_ = false;
    cursor_ = 0;
    scrub_next_ = 0;
    counts_ = {};
    counts_[static_cast<std::size_t>(Chunk::Unread)] = chunks_;
    std::ranges::fill(states_, Chunk::Unread);
}

std::size_t SnapshotStore::counted() const {
    return std::accumulate(counts_.begin(), counts_.end(), std::size_t{0});
}

void SnapshotStore::set(std::size_t index, Chunk state) {
    REPLICA_ASSERT("snapshot.set-chunk", index < chunks_);
    REPLICA_ASSERT("snapshot.set-counted", count(states_[index]) > 0);
    --counts_[static_cast<std::size_t>(states_[index])];
    ++counts_[static_cast<std::size_t>(state)];
    states_[index] = state;
    if (state == Chunk::Unread || state == Chunk::Unwritten) {
        cursor_ = std::min(cursor_, index);
    }
}

// --- ways to a snapshot

std::span<std::byte> SnapshotStore::begin_image() {
    REPLICA_ASSERT("snapshot.image-idle", idle_but_for_scrubbing());
    whole_ = false;
    stored_ = false;
    return std::span(image_).first(snapshot_bytes(limits_));
}

void SnapshotStore::write(const ManifestHead& head,
                          std::uint32_t area,
                          IoId& next_io,
                          Effects& effects) {
    REPLICA_ASSERT("snapshot.write-idle", idle_but_for_scrubbing());
    REPLICA_ASSERT("snapshot.entry", head.entry.checksum == checksum_of(head.entry)); // see adopt
    REPLICA_ASSERT("snapshot.size", head.bytes > 0 && head.bytes <= snapshot_bytes(limits_));
    std::memset(manifest_.data(), 0, manifest_.size());
    std::memcpy(manifest_.data(), &head, sizeof head);
    chunks_ = (head.bytes + chunk_bytes(limits_) - 1) / chunk_bytes(limits_);
    begin(Phase::Writing, area);
    std::memset(image_.data() + head.bytes, 0, in_sectors(head.bytes) - head.bytes);
    for (std::size_t index = 0; index < chunks_; ++index) {
        const Checksum of_chunk = checksum(chunk(index));
        std::memcpy(
            manifest_.data() + sizeof head + index * sizeof of_chunk, &of_chunk, sizeof of_chunk);
        set(index, Chunk::Unwritten);
    }
    id_ = checksum(manifest());
    whole_ = true;
    pump(next_io, effects);
}

void SnapshotStore::load(const Checksum& id, std::uint32_t area, IoId& next_io, Effects& effects) {
    REPLICA_ASSERT("snapshot.load-idle", idle());
    chunks_ = 0;
    begin(Phase::Loading, area);
    id_ = id;
    effects.read(Zone::Snapshot,
                 area_ * area_bytes(limits_),
                 static_cast<std::uint32_t>(manifest_.size()),
                 occupy(Io::Manifest, 0, next_io));
}

bool SnapshotStore::fetch(Bytes manifest,
                          Op op,
                          const Checksum& id,
                          std::uint32_t area,
                          IoId& next_io,
                          Effects& effects) {
    REPLICA_ASSERT("snapshot.fetch-idle", idle());
    if (!adopt(manifest, id) || head().entry.op != op) {
        whole_ = false;
        stored_ = false;
        return false;
    }
    begin(Phase::Fetching, area);
    for (std::size_t index = 0; index < chunks_; ++index) {
        if (good(index, memory(index))) {
            set(index, Chunk::Unwritten);
        }
    }
    pump(next_io, effects);
    return true;
}

bool SnapshotStore::searching() const {
    return count(Chunk::Unread) + count(Chunk::Reading) > 0;
}

std::size_t SnapshotStore::chunks_here() const {
    return count(Chunk::Unwritten) + count(Chunk::Writing) + count(Chunk::Stored);
}

std::size_t SnapshotStore::missing(std::size_t from) const {
    while (from < chunks_ && states_[from] != Chunk::Missing) {
        ++from;
    }
    REPLICA_ASSERT("snapshot.missing-counted", from >= chunks_ || count(Chunk::Missing) > 0);
    return std::min(from, chunks_);
}

bool SnapshotStore::take(std::size_t index, Bytes bytes, IoId& next_io, Effects& effects) {
    if (phase_ != Phase::Fetching || index >= chunks_ || bytes.size() != size(index) ||
        !good(index, bytes)) {
        return false;
    }
    if (states_[index] == Chunk::Missing) {
        const std::span<std::byte> place = memory(index);
        copy_bytes(bytes, place);
        std::memset(place.data() + bytes.size(), 0, place.size() - bytes.size());
        set(index, Chunk::Unwritten);
        pump(next_io, effects);
    }
    return true;
}

void SnapshotStore::abandon() {
    REPLICA_ASSERT("snapshot.abandon", phase_ == Phase::Fetching || phase_ == Phase::Idle);
    phase_ = Phase::Idle;
}

// --- the disk

IoId SnapshotStore::occupy(Io what, std::size_t chunk, IoId& next_io) {
    REPLICA_ASSERT("snapshot.occupy-io", next_io != 0);
    REPLICA_ASSERT("snapshot.occupy-what", what != Io::None);  // its place would be free
    REPLICA_ASSERT("snapshot.occupy-chunk", chunk <= chunks_); // the last is the manifest
    const auto place = std::ranges::find(places_, Io::None, &UnderWay::what);
    REPLICA_ASSERT("snapshot.occupy-place", place != places_.end());
    *place = UnderWay{next_io++, what, chunk};
    ++under_way_;
    return place->id;
}

void SnapshotStore::pump(IoId& next_io, Effects& effects) {
    REPLICA_ASSERT("snapshot.pump-phase", phase_ != Phase::Idle);
    REPLICA_ASSERT("snapshot.pump-counts", counted() == chunks_); // every chunk is in one state
    REPLICA_ASSERT("snapshot.pump-cursor", cursor_ <= chunks_);
    for (; cursor_ < chunks_ && under_way_ < chunk_places; ++cursor_) {
        const std::size_t index = cursor_;
        if (states_[index] == Chunk::Unread) {
            set(index, Chunk::Reading);
            effects.read(Zone::Snapshot,
                         offset(index),
                         static_cast<std::uint32_t>(written_size(index)),
                         occupy(Io::ReadChunk, index, next_io));
        } else if (states_[index] == Chunk::Unwritten) {
            set(index, Chunk::Writing);
            effects.write(Zone::Snapshot,
                          offset(index),
                          memory(index).first(written_size(index)),
                          occupy(Io::WriteChunk, index, next_io));
        }
    }
    if (cursor_ < chunks_ || count(Chunk::Reading) + count(Chunk::Writing) > 0) {
        return;
    }
    if (phase_ == Phase::Loading) {
        whole_ = count(Chunk::Missing) == 0;
        stored_ = whole_;
        phase_ = Phase::Idle;
    } else if (count(Chunk::Missing) == 0 && !manifest_written_) {
        write_manifest(next_io, effects);
    }
}

void SnapshotStore::write_manifest(IoId& next_io, Effects& effects) {
    // A manifest on the disk says that all its chunks are there.
    REPLICA_ASSERT("snapshot.manifest-last", count(Chunk::Stored) == chunks_);
    REPLICA_ASSERT("snapshot.manifest-once", !manifest_written_);
    REPLICA_ASSERT("snapshot.manifest-phase",
                   phase_ == Phase::Writing || phase_ == Phase::Fetching);
    REPLICA_ASSERT("snapshot.manifest-named", checksum(manifest()) == id_);
    manifest_written_ = true;
    whole_ = true;
    effects.write(
        Zone::Snapshot, area_ * area_bytes(limits_), manifest_, occupy(Io::Manifest, 0, next_io));
    effects.sync(Zone::Snapshot, occupy(Io::Sync, 0, next_io));
}

bool SnapshotStore::on_io(const IoDone& done, IoId& next_io, Effects& effects) {
    const auto place = std::ranges::find_if(places_, [&](const UnderWay& under_way) {
        return under_way.what != Io::None && under_way.id == done.id;
    });
    if (place == places_.end()) {
        return false;
    }
    REPLICA_ASSERT("snapshot.io-under-way", under_way_ > 0);
    REPLICA_ASSERT("snapshot.io-places", under_way_ <= places_.size());
    const UnderWay what = *place;
    *place = UnderWay{};
    --under_way_;
    const bool reads = what.what == Io::ReadChunk || what.what == Io::Scrub ||
                       (what.what == Io::Manifest && !manifest_written_);
    if (done.status != IoStatus::Ok && !reads && !bugs_.changes(Bug::B25, [&] {
            return what.what == Io::Sync || what.what == Io::Resync;
        })) {
        failed_ = true;
        return true;
    }
    on_done(what, done.status == IoStatus::Ok ? done.bytes : Bytes{}, next_io, effects);
    return true;
}

void SnapshotStore::on_done(const UnderWay& what, Bytes bytes, IoId& next_io, Effects& effects) {
    if (what.what == Io::Scrub) {
        on_scrubbed(what.chunk, bytes, next_io, effects);
        return;
    }
    if (phase_ == Phase::Idle) {
        return; // of something that was given up, or of the scrubber's own writing
    }
    switch (what.what) {
        case Io::ReadChunk: on_chunk(what.chunk, bytes); break;
        case Io::WriteChunk:
            REPLICA_ASSERT("snapshot.written-chunk", states_[what.chunk] == Chunk::Writing);
            set(what.chunk, Chunk::Stored);
            break;
        case Io::Manifest:
            if (phase_ == Phase::Loading) {
                on_manifest(bytes);
            }
            break;
        case Io::Sync:
            REPLICA_ASSERT("snapshot.synced-manifest", manifest_written_);
            REPLICA_ASSERT("snapshot.synced-chunks", count(Chunk::Stored) == chunks_);
            stored_ = true;
            phase_ = Phase::Idle;
            return;
        case Io::Scrub:
        case Io::Rewrite:
        case Io::Resync:
        case Io::None: return;
    }
    if (phase_ != Phase::Idle) {
        pump(next_io, effects);
    }
}

void SnapshotStore::on_manifest(Bytes bytes) {
    REPLICA_ASSERT("snapshot.manifest-first", chunks_ == 0); // of what is loaded nothing is known
    if (!adopt(bytes, id_)) {
        phase_ = Phase::Idle; // not whole
        return;
    }
    begin(Phase::Loading, area_);
}

void SnapshotStore::on_chunk(std::size_t index, Bytes bytes) {
    REPLICA_ASSERT("snapshot.read-chunk", states_[index] == Chunk::Reading);
    REPLICA_ASSERT("snapshot.read-bytes", bytes.size() <= chunk_bytes(limits_));
    const bool is_good = good(index, bytes);
    const bool taken = is_good || (phase_ == Phase::Loading && !bytes.empty() &&
                                   bugs_.changes(Bug::B13, [] { return true; }));
    if (taken) {
        copy_bytes(bytes, memory(index));
    }
    set(index, taken ? Chunk::Stored : Chunk::Missing);
}

// --- the scrubber

bool SnapshotStore::free_but_for_scrubbing() const {
    return std::ranges::none_of(places_, [](const UnderWay& place) {
        return place.what != Io::None && place.what < Io::Scrub;
    });
}

bool SnapshotStore::idle_but_for_scrubbing() const {
    return phase_ == Phase::Idle && free_but_for_scrubbing();
}

SnapshotStore::Piece SnapshotStore::piece(std::size_t index) const {
    REPLICA_ASSERT("snapshot.piece", index <= chunks_); // the last is the manifest
    if (index == chunks_) {
        return {area_ * area_bytes(limits_), manifest_};
    }
    return {offset(index),
            Bytes(image_).subspan(index * chunk_bytes(limits_), written_size(index))};
}

void SnapshotStore::scrub(IoId& next_io, Effects& effects) {
    REPLICA_ASSERT("snapshot.scrub-stored", stored_);
    if (!idle()) {
        return;
    }
    REPLICA_ASSERT("snapshot.scrub-whole", whole_);
    REPLICA_ASSERT("snapshot.scrub-next", scrub_next_ <= chunks_);
    check_books();
    if (scrub_next_ == chunks_) {
        REPLICA_ASSERT("snapshot.scrub-manifest", checksum(manifest()) == id_);
    } else {
        REPLICA_ASSERT("snapshot.scrub-state", states_[scrub_next_] == Chunk::Stored);
        REPLICA_ASSERT("snapshot.scrub-chunk",
                       good(scrub_next_, chunk(scrub_next_)) || bugs_.on(Bug::B13));
    }
    const Piece next = piece(scrub_next_);
    effects.read(Zone::Snapshot,
                 next.offset,
                 static_cast<std::uint32_t>(next.bytes.size()),
                 occupy(Io::Scrub, scrub_next_, next_io));
}

void SnapshotStore::check_books() const {
    REPLICA_ASSERT("snapshot.books-failed", !failed_); // it halts
    const auto taken = std::ranges::count_if(
        places_, [](const UnderWay& place) { return place.what != Io::None; });
    REPLICA_ASSERT("snapshot.books-places", static_cast<std::size_t>(taken) == under_way_);
    REPLICA_ASSERT("snapshot.books-cursor", cursor_ == chunks_); // nothing is left to be done
    REPLICA_ASSERT("snapshot.books-chunks",
                   chunks_ == (head().bytes + chunk_bytes(limits_) - 1) / chunk_bytes(limits_));
}

void SnapshotStore::on_scrubbed(std::size_t index, Bytes bytes, IoId& next_io, Effects& effects) {
    if (phase_ != Phase::Idle || !stored_ || index != scrub_next_) {
        return; // another snapshot has taken its place
    }
    REPLICA_ASSERT("snapshot.scrub-written", count(Chunk::Stored) == chunks_);
    const Piece right = piece(index);
    if (!same_bytes(bytes, right.bytes)) {
        ++scrub_found_;
        effects.write(
            Zone::Snapshot, right.offset, right.bytes, occupy(Io::Rewrite, index, next_io));
        effects.sync(Zone::Snapshot, occupy(Io::Resync, index, next_io));
    }
    if (scrub_next_++ == chunks_) {
        scrub_next_ = 0;
        ++scrub_tours_;
    }
}

} // namespace faultlab::replica
