#include "tests/support/trips.hpp"
#include "tests/unit/replica_disk/store_double.hpp"

// A store with a snapshot of three chunks, on the disk and in memory, is broken from inside.
namespace faultlab::replica {

struct SnapshotProbe {
    using Store = SnapshotStore;
    using Chunk = Store::Chunk;
    using Io = Store::Io;
    using Phase = Store::Phase;
    using Breaches = std::vector<Breach<StoreDouble>>;

    static std::function<void(StoreDouble&)> in(std::function<void(Store&)> by) {
        return [by = std::move(by)](StoreDouble& here) { by(*here.store); };
    }
    static void pump(StoreDouble& here) { here.store->pump(here.next_io, here.disk); }
    static void write_manifest(StoreDouble& here) {
        here.store->write_manifest(here.next_io, here.disk);
    }
    static void occupy(StoreDouble& here, Io what) { here.store->occupy(what, 0, here.next_io); }
    static void done(StoreDouble& here, Io what) {
        here.store->on_done({77, what, 0}, {}, here.next_io, here.disk);
    }

    static Breaches of_pieces() {
        return {
            {"snapshot.limits",
             [](StoreDouble& here) {
                 here.limits.slots = 3;
                 const Store store(here.limits, here.bugs);
             }},
            {"snapshot.manifest-chunks", in([](Store& store) {
                 store.chunks_ = store.states_.size() + 1;
                 (void)store.manifest();
             })},
            {"snapshot.image-bytes", in([](Store& store) {
                 ManifestHead head = store.head();
                 head.bytes = store.image_.size() + 1;
                 std::memcpy(store.manifest_.data(), &head, sizeof head);
                 (void)store.image();
             })},
            {"snapshot.memory-chunk", in([](Store& store) { (void)store.memory(3); })},
            {"snapshot.offset-chunk", in([](Store& store) { (void)store.offset(3); })},
            {"snapshot.chunk-bytes", in([](Store& store) { (void)store.size(3); })},
            {"snapshot.good-chunk", in([](Store& store) { (void)store.good(3, {}); })},
            {"snapshot.begin-chunks", in([](Store& store) {
                 store.chunks_ = store.states_.size() + 1;
                 store.begin(Phase::Loading, 0);
             })},
            {"snapshot.begin-free", in([](Store& store) {
                 store.places_[0] = {77, Io::Sync, 0};
                 store.begin(Phase::Loading, 0);
             })},
            {"snapshot.begin-something", in([](Store& store) { store.begin(Phase::Idle, 0); })},
            {"snapshot.begin-over", in([](Store& store) {
                 store.phase_ = Phase::Writing;
                 store.begin(Phase::Loading, 0);
             })},
            {"snapshot.entry",
             [](StoreDouble& here) {
                 ManifestHead head = here.store->head();
                 ++head.entry.op;
                 here.store->write(head, 0, here.next_io, here.disk);
             }},
            {"snapshot.adopt-phase", in([](Store& store) {
                 store.phase_ = Phase::Writing;
                 store.adopt(store.manifest(), store.id());
             })},
            {"snapshot.missing-counted", in([](Store& store) {
                 store.states_[1] = Chunk::Missing;
                 (void)store.missing(0);
             })},
            {"snapshot.manifest-first", in([](Store& store) { store.on_manifest({}); })},
            {"snapshot.piece", in([](Store& store) { (void)store.piece(4); })},
        };
    }

    static Breaches of_states() {
        return {
            {"snapshot.set-chunk", in([](Store& store) { store.set(3, Chunk::Missing); })},
            {"snapshot.set-counted", in([](Store& store) {
                 store.counts_ = {};
                 store.set(0, Chunk::Missing);
             })},
            {"snapshot.pump-phase", [](StoreDouble& here) { pump(here); }},
            {"snapshot.pump-counts",
             [](StoreDouble& here) {
                 here.store->phase_ = Phase::Writing;
                 ++here.store->counts_[0];
                 pump(here);
             }},
            {"snapshot.pump-cursor",
             [](StoreDouble& here) {
                 here.store->phase_ = Phase::Writing;
                 here.store->cursor_ = 4;
                 pump(here);
             }},
            {"snapshot.manifest-last",
             [](StoreDouble& here) {
                 here.store->manifest_written_ = false;
                 here.store->set(2, Chunk::Writing);
                 write_manifest(here);
             }},
            {"snapshot.manifest-once", [](StoreDouble& here) { write_manifest(here); }},
            {"snapshot.manifest-phase",
             [](StoreDouble& here) {
                 here.store->manifest_written_ = false;
                 write_manifest(here);
             }},
            {"snapshot.manifest-named",
             [](StoreDouble& here) {
                 here.store->manifest_written_ = false;
                 here.store->phase_ = Phase::Writing;
                 ++here.store->id_.low;
                 write_manifest(here);
             }},
        };
    }

    static Breaches of_disk() {
        return {
            {"snapshot.occupy-io",
             [](StoreDouble& here) {
                 here.next_io = 0;
                 occupy(here, Io::Sync);
             }},
            {"snapshot.occupy-what", [](StoreDouble& here) { occupy(here, Io::None); }},
            {"snapshot.occupy-chunk",
             [](StoreDouble& here) { here.store->occupy(Io::ReadChunk, 4, here.next_io); }},
            {"snapshot.synced-chunks",
             [](StoreDouble& here) {
                 here.store->phase_ = Phase::Writing;
                 here.store->set(1, Chunk::Missing);
                 done(here, Io::Sync);
             }},
            {"snapshot.occupy-place",
             [](StoreDouble& here) {
                 here.store->places_.fill({77, Io::Sync, 0});
                 occupy(here, Io::Sync);
             }},
            {"snapshot.io-under-way",
             [](StoreDouble& here) {
                 here.store->places_[0] = {77, Io::Sync, 0};
                 here.store->on_io(IoDone{77}, here.next_io, here.disk);
             }},
            {"snapshot.io-places",
             [](StoreDouble& here) {
                 here.store->places_[0] = {77, Io::Sync, 0};
                 here.store->under_way_ = here.store->places_.size() + 1;
                 here.store->on_io(IoDone{77}, here.next_io, here.disk);
             }},
            {"snapshot.written-chunk",
             [](StoreDouble& here) {
                 here.store->phase_ = Phase::Writing;
                 done(here, Io::WriteChunk);
             }},
            {"snapshot.synced-manifest",
             [](StoreDouble& here) {
                 here.store->phase_ = Phase::Writing;
                 here.store->manifest_written_ = false;
                 done(here, Io::Sync);
             }},
            {"snapshot.read-chunk", in([](Store& store) { store.on_chunk(0, {}); })},
            {"snapshot.read-bytes",
             [](StoreDouble& here) {
                 here.store->set(0, Chunk::Reading);
                 here.store->on_chunk(0, std::vector<std::byte>(chunk_bytes(here.limits) + 1));
             }},
        };
    }
    static Breaches of_scrubbing() {
        return {
            {"snapshot.scrub-whole",
             [](StoreDouble& here) {
                 here.store->whole_ = false;
                 here.store->scrub(here.next_io, here.disk);
             }},
            {"snapshot.scrub-next",
             [](StoreDouble& here) {
                 here.store->scrub_next_ = 4;
                 here.store->scrub(here.next_io, here.disk);
             }},
            {"snapshot.books-failed",
             [](StoreDouble& here) {
                 here.store->failed_ = true;
                 here.store->scrub(here.next_io, here.disk);
             }},
            {"snapshot.books-places",
             [](StoreDouble& here) {
                 here.store->places_[0].what = Io::Sync;
                 here.store->scrub(here.next_io, here.disk);
             }},
            {"snapshot.books-cursor",
             [](StoreDouble& here) {
                 here.store->cursor_ = 2;
                 here.store->scrub(here.next_io, here.disk);
             }},
            {"snapshot.books-chunks",
             [](StoreDouble& here) {
                 here.store->chunks_ = here.store->cursor_ = 2;
                 here.store->scrub(here.next_io, here.disk);
             }},
            {"snapshot.scrub-manifest",
             [](StoreDouble& here) {
                 here.store->scrub_next_ = 3;
                 ++here.store->id_.low;
                 here.store->scrub(here.next_io, here.disk);
             }},
            {"snapshot.scrub-state",
             [](StoreDouble& here) {
                 here.store->states_[0] = Chunk::Missing;
                 here.store->scrub(here.next_io, here.disk);
             }},
            {"snapshot.scrub-chunk",
             [](StoreDouble& here) {
                 here.store->image_.data()[5] ^= std::byte{1};
                 here.store->scrub(here.next_io, here.disk);
             }},
            {"snapshot.scrub-written",
             [](StoreDouble& here) {
                 here.store->set(1, Chunk::Missing);
                 here.store->on_scrubbed(0, {}, here.next_io, here.disk);
             }},
        };
    }
};

namespace {

StoreDouble three_chunks() {
    return StoreDouble(9000);
}

} // namespace

TEST_CASE("assertions of the snapshot store about pieces trip", "[replica_disk]") {
    check_breaches(three_chunks, SnapshotProbe::of_pieces());
}

TEST_CASE("assertions of the snapshot store about states of chunks trip", "[replica_disk]") {
    check_breaches(three_chunks, SnapshotProbe::of_states());
}

TEST_CASE("assertions of the snapshot store about the disk trip", "[replica_disk]") {
    check_breaches(three_chunks, SnapshotProbe::of_disk());
    check_breaches(three_chunks, SnapshotProbe::of_scrubbing());
}

} // namespace faultlab::replica
