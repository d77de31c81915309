#include "replica/core/core.hpp"
#include "replica/core/word_hash.hpp"

// What tells two states of a replica apart. Each class is taken apart by a structured binding, so
// that a member more does not compile until somebody has said here whether it matters. What does
// not: names that are only compared for being the same (of disk operations, tickets, generations of
// timers, nonces), scratch space, figures, and the sequence of superblocks.
namespace faultlab::replica {
namespace {

template <typename Plain>
void add_bytes(WordHash& hash, const Plain& plain) {
    static_assert(std::has_unique_object_representations_v<Plain>);
    hash.add(checksum(std::as_bytes(std::span(&plain, 1))));
}

void add_content(WordHash& hash, Superblock superblock) {
    superblock.checksum = {};
    superblock.parent = {};
    superblock.sequence = 0;
    add_bytes(hash, superblock);
}

template <typename Enum>
constexpr std::uint64_t number(Enum value) {
    return static_cast<std::uint64_t>(value);
}

} // namespace

// Lists of members are packed.
// clang-format off

void Journal::fingerprint(WordHash& hash) const {
    const auto& [limits, entry_most, bugs, head, tail, checkpoint, durable, newest_faulty,
                 checkpoint_parent, failed, slots, headers, entries, ring, waiting, batch,
                 batch_first, batch_sync, page_dirty, pages_dirty, headers_first, headers_sync,
                 recovery, scrub] = *this;
    hash.add(head, tail, checkpoint, durable, newest_faulty, checkpoint_parent, failed);
    hash.add(recovery.ceiling, recovery.done);
    for (std::size_t i = 0; i < slots.size(); ++i) {
        const auto& [op, state, known, queued, is_durable] = slots[i];
        hash.add(op, number(state), known, queued, is_durable);
        if (known) hash.add(headers[i].checksum); // and so the entry
    }
    for (const Header& header : ring)
        hash.add(header.checksum);
    for (const Op op : waiting)
        hash.add(op);
    for (const bool dirty : page_dirty)
        hash.add(dirty);
}

void RequestQueue::fingerprint(WordHash& hash) const {
    const auto& [taken, slots, operations, request_bytes, places, first, count] = *this;
    for (const auto& [client, request, link] : taken)
        hash.add(client, request, link);
    for (std::size_t i = 0; i < count; ++i)
        hash.add(slots[(first + i) % places].header.checksum);
}

void SuperblockFile::fingerprint(WordHash& hash) const {
    const auto& [bugs, durable, writing, wanted, wanted_ticket, writing_ticket, done, write,
                 sync, second_half, failed, zone] = *this;
    add_content(hash, durable);
    add_content(hash, wanted);
    hash.add(failed);
}

struct Replica::Core::Fingerprint {
    WordHash hash;
    Nanos now = 0;

    /// Only how long ago it was matters.
    void add_age(Nanos t) { hash.add(t == 0 ? ~std::uint64_t{0} : number(now - t)); }

    void add(const Peer& peer) {
        const auto& [incarnation, view, log_view, checkpoint_op, checkpoint_id, release,
                     acknowledged, answered, echoed, wants, wanted_at, asked_at, latency, heard,
                     told_view, recovery_view, recovery_life, recovering] = peer;
        hash.add(incarnation, view, log_view, checkpoint_op, checkpoint_id, release, acknowledged);
        hash.add(wants, number(latency), recovery_view, recovery_life, recovering);
        for (const Nanos t : {answered, echoed, wanted_at, asked_at, heard, told_view})
            add_age(t);
    }
    void add(const Vote& vote) {
        const auto& [valid, left_out, header, slots] = vote;
        hash.add(valid);
        if (!valid) return;
        hash.add(left_out);
        add_bytes(hash, header);
        for (const SlotRecord& slot : slots)
            hash.add(number(slot.state), slot.header.checksum);
    }
    void add(const Install& install, const std::vector<Header>& suffix) {
        const auto& [active, as_primary, view, log_view, op, checksum, commit, next, kept,
                     storing, lowered_at, donor, membership, began] = install;
        hash.add(active);
        if (!active) return;
        hash.add(as_primary, view, log_view, op, checksum, commit, next, kept, storing, donor);
        add_bytes(hash, membership);
        add_age(began);
        for (const Header& header : suffix)
            hash.add(header.op, header.checksum);
    }
    void add(const Sync& sync) {
        const auto& [active, began, target, donor, view, gathering, asked_to, asked, progress,
                     fetched, storing, ticket] = sync;
        hash.add(active);
        if (!active) return;
        hash.add(target.op, target.id, donor, view, gathering, asked_to, asked, progress, storing);
        add_age(began);
    }
};

Checksum Replica::Core::fingerprint(Nanos now) const {
    const auto& [config, bugs, reported, journal, clients, state, superblock, snapshots, queue,
                 tokens, next_io, effects, step_now, step_wall, rng, status, membership, decided,
                 wanted, view, log_view, commit_min, commit_max, then, then_ticket, boot,
                 boot_read, peers, generation, armed, scratch, result, appended_at,
                 last_timestamp, view_began_at, told, heard_head, heard_primary, heartbeat_sent,
                 abdicated, promised_until, candidate, vote_waits, installed_view, stale_above,
                 claimed_head, votes, suffix, install, asked_to, asked_peer, turn,
                 repair_failures, checkpointing, checkpoint_storing, checkpoint_ticket,
                 late_snapshot, state_damaged, offered, sync, stated, recovery_nonce,
                 others_recover, recovery_progress, recovery_header, recovery_body, cause,
                 appended_by, figures] = *this;
    Fingerprint all{.now = now};
    WordHash& hash = all.hash;
    journal.fingerprint(hash);
    queue.fingerprint(hash);
    superblock.fingerprint(hash);
    hash.add(state_digest(), tokens.tokens(now));
    hash.add(number(snapshots.phase()), snapshots.area(), snapshots.id());
    add_bytes(hash, membership);
    add_bytes(hash, decided.membership);
    add_content(hash, wanted);
    hash.add(decided.release, number(status), number(then), number(boot), armed);
    hash.add(view, log_view, commit_min, commit_max, last_timestamp, view_began_at, told);
    hash.add(heard_head, abdicated, candidate, vote_waits, installed_view, stale_above);
    hash.add(claimed_head, asked_to, asked_peer, turn, repair_failures, checkpointing);
    hash.add(checkpoint_storing, late_snapshot, state_damaged, offered.op, offered.id);
    hash.add(recovery_nonce, others_recover, recovery_progress, recovery_header.checksum);
    for (const Nanos t : {heard_primary, heartbeat_sent, promised_until})
        all.add_age(t);
    for (const Peer& peer : peers)
        all.add(peer);
    for (const auto& of_peer : stated)
        for (const Stated& one : of_peer)
            hash.add(one.op, one.id);
    for (const Vote& vote : votes)
        all.add(vote);
    all.add(install, suffix);
    all.add(sync);
    return hash.value();
}

// clang-format on

} // namespace faultlab::replica
