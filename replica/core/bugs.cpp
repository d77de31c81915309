#include "replica/core/bugs.hpp"

#include "replica/core/assert.hpp"

namespace faultlab::replica {

namespace {

// Sources. Kimberlite: its change log, its sources and what its authors wrote about them. VRR: the
// paper, and models of it in TLA+. TigerBeetle: rules that it documents, negated.
constexpr const char* kimberlite = "Kimberlite";
constexpr const char* kimberlite_fix = "Kimberlite, a fix that was a mistake";
constexpr const char* kimberlite_tla = "Kimberlite, found by its model checker";
constexpr const char* vrr = "VR Revisited";
constexpr const char* vrr_tla = "VR Revisited, found by models in TLA+";
constexpr const char* tigerbeetle = "a rule of TigerBeetle";
constexpr const char* field = "classic";

constexpr std::array<BugEntry, bug_count> table{{
    // clang-format off
    {Bug::K1, "K1", "merge_over_committed",
     "a view's suffix replaces entries that are committed",
     "a mutated or stale StartView", "S1 S3", kimberlite},
    {Bug::K2, "K2", "commit_past_gap",
     "the commit number is taken although execution stopped at a missing entry",
     "lost Prepares and a short StartView", "S6 S12", kimberlite},
    {Bug::K3, "K3", "trust_commit_claim",
     "commit numbers of others count even above the log that they come with",
     "an inflated commit number", "S6", kimberlite},
    {Bug::K4, "K4", "entry_unchecked",
     "an entry's op and view are not compared with the message around it",
     "an entry with another op", "S2 S3", kimberlite},
    {Bug::K5, "K5", "best_log_by_op",
     "a new primary takes the longest log, whatever view it is of",
     "a partition and two view changes", "S1 S4", kimberlite},
    {Bug::K6, "K6", "start_view_from_anyone",
     "a StartView is taken from a replica that does not lead its view",
     "a forged or replayed StartView", "S9", kimberlite},
    {Bug::K3_1, "K3.1", "tail_length_unchecked",
     "a suffix need not be as long as its message says",
     "a suffix cut or extended", "A5 S4", kimberlite},
    {Bug::K3_2, "K3.2", "error_stalls",
     "a command that fails is not counted as executed, and stalls the replica",
     "a command that fails", "L1 L4", kimberlite},
    {Bug::K3_3, "K3.3", "random_tie",
     "of two logs that are equally new one is drawn by chance",
     "a fork", "A6 S1", kimberlite},
    {Bug::K3_4, "K3.4", "tail_uncapped",
     "a suffix may be longer than a pipeline",
     "an oversized suffix", "A7 R1", kimberlite},
    {Bug::K3_5, "K3.5", "range_unchecked",
     "a repair request's range may be empty, reversed or endless",
     "a mutated range", "A8", kimberlite},
    {Bug::KM1, "KM1", "nack_bad_slot",
     "a damaged slot is reported as one that never held anything",
     "rot in the log, then a view change", "S4 S14", kimberlite},
    {Bug::KM2, "KM2", "wrong_pipeline_constant",
     "a bound on what can be uncommitted is another number than the pipeline",
     "a full pipeline, then a view change", "S4", kimberlite},
    {Bug::KM3, "KM3", "repair_before_checksum",
     "a message causes repair before its checksum is looked at",
     "corrupted messages over a gap", "O6", kimberlite},
    {Bug::KM4, "KM4", "last_vote_wins",
     "a repeated DoViewChange replaces a better one of the same replica",
     "duplicates and reordering", "S4", kimberlite},
    {Bug::KM5, "KM5", "tail_order_unchecked",
     "the entries of a suffix may come in any order",
     "a shuffled suffix", "S2", kimberlite},
    {Bug::KM6, "KM6", "snapshot_of_one",
     "a checkpoint is fetched because one replica says that it is one",
     "a forged snapshot or a donor with rot", "S12 S17", kimberlite},
    {Bug::KM7, "KM7", "view_may_fall",
     "a StartView of a lower view is taken",
     "replayed messages", "S10", kimberlite},
    {Bug::KM8, "KM8", "recover_while_normal",
     "a replica in normal operation lets recovery replace its log",
     "a crash and replayed responses", "S14", kimberlite},
    {Bug::KM9, "KM9", "empty_repair_loop",
     "repair asks for nothing, again and again",
     "a lagging replica", "L5", kimberlite},
    {Bug::KM10, "KM10", "op_from_claim",
     "the op of a repaired entry is taken from the message, not from the entry",
     "an inflated op", "S6 S11", kimberlite},
    {Bug::KM11, "KM11", "start_view_uncapped",
     "a StartView's suffix has no bound",
     "an oversized StartView", "A7 R1", kimberlite},
    {Bug::KM12, "KM12", "commit_gap",
     "ops are executed although one before them was not",
     "lost Prepares", "S6 S12", kimberlite},
    {Bug::KM13, "KM13", "backup_prepares",
     "a replica that does not lead proposes entries",
     "requests at a backup, a partition", "S9", kimberlite},
    {Bug::T1, "T1", "mixed_sources",
     "log and commit number of a new view come from different replicas, the log by op alone",
     "two view changes", "S1 S4", kimberlite_tla},
    {Bug::T2, "T2", "reinstall_current",
     "a StartView of the current view is installed again in normal operation",
     "a delayed StartView", "S1 S3", kimberlite_tla},
    {Bug::V1, "V1", "eager_truncate",
     "a replica behind drops its log and claims the new view before it has the new log",
     "three views and delayed repair", "S1 S4 S14 H1", vrr_tla},
    {Bug::V2, "V2", "svc_increment",
     "each message of a view change makes its receiver want one view more",
     "slow links", "L2", vrr_tla},
    {Bug::V3, "V3", "recover_any",
     "recovery needs no answer from the primary of the highest view",
     "a lost disk during a view change", "S1 S10 S14", vrr},
    {Bug::V4, "V4", "nonce_const",
     "answers to an earlier recovery count for a later one",
     "replayed recovery responses", "S14", vrr},
    {Bug::V5, "V5", "amnesia",
     "a replica that lost its log goes on as if it had none",
     "kill without sync", "S1 S14", vrr},
    {Bug::V6, "V6", "async_log",
     "the log is not durable, and all who forgot wait for each other",
     "all crash", "L5", vrr_tla},
    {Bug::V7, "V7", "no_register",
     "a client that restarts goes on with its old session and begins its numbers anew",
     "a client crash", "S15", vrr},
    {Bug::V8, "V8", "table_at_prepare",
     "the client table learns a request when it is prepared, not when it is committed",
     "a view change that drops it", "L1 S16", vrr},
    {Bug::V9, "V9", "reply_cache_1",
     "a repeated request is executed again when its reply made room for another client's",
     "retries", "S15", field},
    {Bug::V10, "V10", "evict_local",
     "each replica evicts another session",
     "a full client table", "S12", kimberlite},
    {Bug::V11, "V11", "local_read",
     "a primary answers reads from its state although no quorum promised anything",
     "a partition of the primary", "H1", vrr},
    {Bug::V12, "V12", "lease_no_eps",
     "a lease is taken to be as long as promised, on whatever clock",
     "clocks of different rates, a partition", "H1 S22", field},
    {Bug::F1, "F1", "commit_tail_on_vc",
     "a new primary takes the whole suffix for committed before a quorum of its view has it",
     "five replicas, two view changes", "H1 S1 S4", kimberlite_fix},
    {Bug::F2, "F2", "poison_dvc",
     "one bad DoViewChange discards the good ones",
     "a bad suffix, again and again", "A5", kimberlite_fix},
    {Bug::F3, "F3", "sm_error_halts",
     "a command that fails halts the replica",
     "a command that fails", "L1", kimberlite_fix},
    {Bug::F4, "F4", "silent_tiebreak",
     "a fork between logs of one view is settled in silence",
     "a fork", "A6", kimberlite_fix},
    {Bug::F5, "F5", "head_over_hole",
     "the head rises over entries that are missing",
     "a suffix beyond the own log", "S4 S6 S11", kimberlite_fix},
    {Bug::F6a, "F6a", "keep_stale_suffix",
     "entries beyond a new view's log stay",
     "a partitioned primary that comes back", "A6 S1 S8 S9 H1", kimberlite_fix},
    {Bug::F6b, "F6b", "blind_reack",
     "an entry is acknowledged because its op is there, whatever its content",
     "a partitioned primary that comes back", "A6 S1 S8 S9 H1", kimberlite_fix},
    {Bug::F7, "F7", "sv_dedup_only",
     "a repeated StartView is only known by a filter that a restart forgets",
     "a restart and a replayed StartView", "S1 S4", kimberlite_fix},
    {Bug::B1, "B1", "ack_before_fsync",
     "entries are acknowledged before they are durable",
     "a power cut", "S14", tigerbeetle},
    {Bug::B2, "B2", "vc_no_persist",
     "view messages are sent before the view is durable",
     "a crash in a view change", "S1 S10", tigerbeetle},
    {Bug::B3, "B3", "sb_one_copy",
     "one valid copy of the superblock suffices",
     "a misdirected or torn write", "S10", tigerbeetle},
    {Bug::B4, "B4", "wrap_early",
     "slots are reused before a checkpoint covers them",
     "slow checkpoints, a crash", "S14", tigerbeetle},
    {Bug::B5, "B5", "nack_faulty",
     "a damaged slot counts as proof that its entry was never acknowledged",
     "rot in the log, then a view change", "S4", tigerbeetle},
    {Bug::B6, "B6", "trust_prepare_only",
     "recovery reads entries without comparing them with the ring of headers",
     "torn or misdirected writes", "S11 S13", tigerbeetle},
    {Bug::B7, "B7", "repair_by_op",
     "a missing entry is filled by any of its op",
     "old entries of an earlier view", "S2", tigerbeetle},
    {Bug::B8, "B8", "no_forfeit",
     "a primary that lags by more than a checkpoint does not give up",
     "a lagging primary", "L2", tigerbeetle},
    {Bug::B9, "B9", "no_abdicate",
     "a primary that nobody answers keeps its heartbeat",
     "a cut in one direction", "L1 L3", tigerbeetle},
    {Bug::B10, "B10", "solo_viewchange",
     "one replica alone changes the view",
     "a cut in one direction", "L2 O1", tigerbeetle},
    {Bug::B11, "B11", "quorum_off_by_one",
     "quorums are one smaller",
     "a partition", "S1 S5", tigerbeetle},
    {Bug::B12, "B12", "sync_nondurable",
     "a checkpoint is named, and handed out, before it is durable",
     "a slow disk, a power cut", "S14 S17", tigerbeetle},
    {Bug::B13, "B13", "reply_corrupt_ok",
     "a damaged reply is sent",
     "rot in a snapshot, a restart", "S12b S16", tigerbeetle},
    {Bug::B14, "B14", "ts_wall",
     "timestamps follow the wall clock, also backwards",
     "a clock that jumps back", "S22", tigerbeetle},
    {Bug::B15, "B15", "upgrade_anytime",
     "an upgrade is not tied to a checkpoint",
     "requests of a newer release, an upgrade, a crash", "S12", tigerbeetle},
    {Bug::B16, "B16", "snap_no_sessions",
     "snapshots leave out the client table",
     "a restart from a snapshot, a retry", "S15", tigerbeetle},
    {Bug::B17, "B17", "snap_fuzzy",
     "a snapshot holds the effect of ops after it",
     "load during a checkpoint", "S12", tigerbeetle},
    {Bug::B18, "B18", "compact_all",
     "a checkpoint drops the whole log, also what others lack",
     "a slow follower", "L5", tigerbeetle},
    {Bug::B19, "B19", "reconfig_simple",
     "a reconfiguration is committed by one membership's quorum alone",
     "a partition, a view change", "S1 S18", vrr},
    {Bug::B20, "B20", "ghost_vote",
     "acknowledgements of replicas that are no voters count",
     "delayed messages", "S5", vrr},
    {Bug::B21, "B21", "join_votes_early",
     "a replica becomes a voter before it has caught up",
     "a slow joiner", "L8 S4", vrr},
    {Bug::B22, "B22", "reject_after_op",
     "an overloaded primary says Busy to a request that it logs all the same",
     "overload", "R1 S15", field},
    {Bug::B23, "B23", "busy_is_fail",
     "a client takes Busy for a proof that none of its sendings was executed",
     "overload", "H1", field},
    {Bug::B24, "B24", "nondet_sm",
     "scans give entries in the order of memory",
     "none", "H1 S12", field},
    {Bug::B25, "B25", "fsync_retry",
     "a failed sync is tried again on the same file",
     "one failed fsync, a crash", "S14", tigerbeetle},
    // clang-format on
}};

constexpr bool in_order() {
    for (std::size_t index = 0; index < table.size(); ++index) {
        if (static_cast<std::size_t>(table[index].bug) != index) {
            return false;
        }
    }
    return true;
}
static_assert(in_order(), "one row a bug, in the order of the enumeration");

/// Sets the bugs that `id` names; false when it names none.
bool set(std::string_view id, BugSet& bugs) {
    bool known = false;
    for (const BugEntry& entry : table) {
        if (id == entry.id || (id == "F6" && (entry.bug == Bug::F6a || entry.bug == Bug::F6b))) {
            bugs.set(entry.bug);
            known = true;
        }
    }
    return known;
}

} // namespace

std::span<const BugEntry> bugs() {
#ifdef FAULTLAB_WITHOUT_BUGS
    return {};
#else
    return table;
#endif
}

const BugEntry& entry(Bug bug) {
    REPLICA_ASSERT("bug-known", static_cast<std::size_t>(bug) < table.size());
    return table[static_cast<std::size_t>(bug)];
}

ParsedBugs parse_bugs(std::string_view list) {
    ParsedBugs parsed;
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        const std::string_view id = list.substr(0, comma);
        if (!set(id, parsed.bugs)) {
            parsed.unknown = std::string(id);
            return parsed;
        }
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
        if (comma != std::string_view::npos && list.empty()) {
            parsed.unknown.emplace(); // a comma with nothing after it
        }
    }
    return parsed;
}

} // namespace faultlab::replica
