#pragma once

#include "core/rng.hpp"
#include "replica/core/admission.hpp"
#include "replica/core/assert.hpp"
#include "replica/core/client_table.hpp"
#include "replica/core/journal.hpp"
#include "replica/core/records.hpp"
#include "replica/core/replica.hpp"
#include "replica/core/request_queue.hpp"
#include "replica/core/snapshot_store.hpp"
#include "replica/core/state_machine.hpp"
#include "replica/core/superblock.hpp"

#include <vector>

namespace faultlab::replica {

/// All state of a replica, and its rules, one topic a file: core_boot.cpp, core_normal.cpp,
/// core_client.cpp, core_view_change.cpp, core_install.cpp, core_repair.cpp, core_recovery.cpp,
/// core_checkpoint.cpp, core_sync.cpp, core_membership.cpp, core_lease.cpp, core_messages.cpp,
/// core_invariants.cpp, core_telemetry.cpp.
class Replica::Core {
public:
    Core(const Config& config, const BugSet& bugs);

    void step(const Input& input, Effects& effects);
    [[nodiscard]] Telemetry telemetry(Nanos now) const;
    [[nodiscard]] Standing standing() const;
    [[nodiscard]] const BugSet& bugs() const { return bugs_; }
    [[nodiscard]] const Header* log(Op op) const { return journal_.header(op); }
    [[nodiscard]] Checksum fingerprint(Nanos now) const;

private:
    friend struct CoreProbe;
    friend struct InvariantProbe;
    friend struct EntryProbe;
    friend struct ViewProbe;
    // --- core_boot.cpp: inputs, timers, what changed
    void dispatch(const Input& input);
    void on_boot(const Boot& boot);
    void on_superblock_read(const IoDone& done);
    /// The checkpoint's state is loaded (or there is none): goes on with the log.
    void on_state_loaded();
    void on_log_recovered();
    /// The superblock says that this incarnation has begun: takes up its place.
    void enter_after_boot();
    void resume();
    void on_io(const IoDone& done);
    void on_timer(Timer timer);
    /// Does what the state allows now: called once at the end of every step.
    void settle();
    void run_continuation();
    void arm(Timer timer, Nanos delay);
    void disarm(Timer timer);
    [[nodiscard]] bool armed(Timer timer) const {
        return (armed_ >> static_cast<unsigned>(timer) & 1U) != 0;
    }
    /// delay plus up to half of it.
    [[nodiscard]] Nanos with_jitter(Nanos delay);
    [[nodiscard]] std::uint64_t fresh_nonce();
    void halt(std::string_view reason);
    void set_status(Status status);
    void event(EventKind kind, std::uint64_t a, std::uint64_t b, const Checksum& checksum = {});
    void reject(Reject reason, ReplicaId sender);
    /// Tells a fact that follows from `parent`.
    void fact(const Fact& fact, const Fact& parent);
    void report_bugs();

    // --- core_messages.cpp: the way in, and the way out
    void on_message(const Received& received);
    void harmed_by(const Header& header, Reject why);
    void on_peer_message(const Message& message, ReplicaId from);
    /// The only origin of headers: who sends, what its disk says about views and checkpoint.
    [[nodiscard]] Header outgoing(Command command) const;
    [[nodiscard]] View spoken_view() const;
    void send(ReplicaId to, Header header, Bytes body = {});
    /// To all voters and standbys but itself; to every id while the membership is unknown.
    void broadcast(const Header& header, Bytes body = {});
    void broadcast_to_voters(const Header& header, Bytes body = {});
    void broadcast_to_all(const Header& header);
    /// As it is: for entries, which keep the header with which they were prepared.
    void send_sealed(ReplicaId to, const Header& header, Bytes body);

    // --- who is who
    [[nodiscard]] bool membership_known() const { return membership_.voter_count > 0; }
    [[nodiscard]] bool is_voter() const { return membership_.votes(config_.self); }
    [[nodiscard]] ReplicaId primary() const {
        return membership_known() ? membership_.primary(view_) : no_replica;
    }
    [[nodiscard]] bool leads() const { return primary() == config_.self; }
    [[nodiscard]] bool is_normal_primary() const { return status_ == Status::Normal && leads(); }
    [[nodiscard]] Quorums quorums() const;
    void set_membership(const Membership& membership);

    // --- the superblock
    /// What the superblock is to say next: wanted_, with the commit number of now. Returns the
    /// ticket.
    std::uint64_t store_superblock();
    [[nodiscard]] const Superblock& durable() const { return superblock_.durable(); }
    /// What waits for the newest superblock that matters to the view.
    enum class Then : std::uint8_t { Nothing, EnterAfterBoot, Recover, DoViewChange, BeginView };
    void store_then(Then then);

    // --- core_client.cpp: requests and replies
    void on_request(const Message& message, std::uint64_t link);
    void admit(const Message& message, std::uint64_t link);
    void
    reply_to(std::uint64_t link, Command command, const Header& request, Nanos retry_after = 0);
    void send_reply(std::uint64_t link, Header& header, Bytes body);
    void redirect(std::uint64_t link, const Header& request);
    void reply_cached(std::uint64_t link, const Header& request, const ClientTable::Cached& cached);
    void drop_requests();
    void close_link(std::uint64_t link);

    // --- core_normal.cpp
    void start_normal();
    void append(const Header& entry, Bytes body);
    void on_prepare_again(const Message& message);
    [[nodiscard]] bool may_jump(const Header& header, ReplicaId from) const;
    void jump_to_view(const Header& header);
    [[nodiscard]] Op acknowledgeable() const;
    void propose();
    [[nodiscard]] bool proposes() const;
    [[nodiscard]] bool may_propose() const;
    [[nodiscard]] std::size_t fill_batch(Header& entry);
    void append_and_send(Header& entry, Bytes body);
    void on_prepare(const Message& message, ReplicaId from);
    void on_prepare_ok(const Header& header, ReplicaId from);
    void on_commit(const Header& header, ReplicaId from);
    void on_ping(const Header& header, ReplicaId from);
    void acknowledge(std::uint64_t nonce);
    void acknowledge_progress();
    void tell_durable(Op sound);
    void advance_commit();
    /// The newest op that a replication quorum of these voters has acknowledged in this view.
    [[nodiscard]] Op replicated(const Membership& membership);
    void learn_commit(Op claimed);
    void heard_primary();
    void send_heartbeat();
    void resend_prepares();
    void send_ping();
    void abdicate_or_return();
    [[nodiscard]] bool quorum_answers() const;

    // --- core_execute.cpp
    void execute();
    void execute_entry(Op op);
    /// False when it has to be tried again, and all after it (planted bug K3.2).
    bool execute_request(const Header& entry, const BatchedRequest& request);
    std::size_t execute_operation(const Header& entry, Bytes operation);
    [[nodiscard]] bool is_next(const RequestRecord& record);
    void publish_digest(Op op);
    [[nodiscard]] Checksum state_digest() const;

    // --- core_view_change.cpp
    void want_view(View view);
    void on_primary_silent();
    void on_view_change_timer();
    void on_view_change_message_timer();
    void send_start_view_change();
    void on_start_view_change(const Header& header, ReplicaId from);
    void count_votes(View view);
    [[nodiscard]] bool may_vote() const;
    /// Between two views.
    [[nodiscard]] bool changes_view() const;
    void enter_view(View view);
    void leave_normal();
    void send_do_view_change();
    void on_do_view_change(const Message& message, ReplicaId from);
    void keep_do_view_change(const Header& header, Bytes body, ReplicaId from);
    [[nodiscard]] std::size_t voter_index(ReplicaId id) const;
    void begin_view();
    void send_start_view(ReplicaId to);
    std::size_t lay_out_view(Header& header);
    void on_start_view(const Message& message, ReplicaId from);
    [[nodiscard]] bool reinstalls(const Header& header);
    void install_view(const Message& message, const Membership& membership);
    void on_get_view(const Header& header, ReplicaId from);
    void learn_view(View view, ReplicaId from);
    [[nodiscard]] bool needs_view() const;
    void ask_for_view();

    // --- core_choice.cpp: the new primary chooses the log
    struct Vote {
        bool valid = false;
        bool left_out = false; ///< of the choice of the log: it tells nothing about it
        Header header;
        std::vector<SlotRecord> slots; ///< of ops commit + 1, …, op
    };
    /// What the votes say about one entry.
    struct Holding {
        bool held = false;
        std::size_t nacks = 0;  ///< voters that surely never acknowledged it
        std::size_t faulty = 0; ///< voters that cannot tell
    };
    struct Install;
    void drop_forgotten_votes();
    void try_form_view();
    [[nodiscard]] const Vote* choose_vote();
    [[nodiscard]] bool enough_tell(const Vote& best) const;
    [[nodiscard]] const Vote* newest_vote();
    [[nodiscard]] const Vote* best_vote();
    void fill_suffix(const Vote& best);
    [[nodiscard]] Holding holding(Op op, const Checksum* checksum, View log_view) const;
    bool cut_what_nobody_has(Install& wanted, Op base);
    [[nodiscard]] bool gives_up(const Vote& best);
    [[nodiscard]] bool holds_on();

    // --- core_install.cpp
    /// One log that replaces, or completes, this replica's: of a StartView, of a new primary, of a
    /// recovery, of an epoch. Entries are taken into the journal as they come; what this replica
    /// claims in the meantime is its old log up to `kept`.
    struct Install {
        bool active = false;
        bool as_primary = false;
        View view;         ///< to begin when it is whole
        View log_view;     ///< whose log it is
        Op op = 0;         ///< its head
        Checksum checksum; ///< of its head
        Op commit = 0;
        Op next = 0;                  ///< everything below is in the journal
        Op kept = 0;                  ///< newest op that is of the old log too
        bool storing = false;         ///< whole and durable: the superblock is being written
        std::uint64_t lowered_at = 0; ///< ticket after which old entries may be overwritten
        ReplicaId donor = no_replica;
        Membership membership;
        Nanos began = 0;
    };
    void start_install(const Install& wanted);
    [[nodiscard]] Op common_op(const Install& wanted);
    [[nodiscard]] bool drops_committed() const;
    [[nodiscard]] bool rises_over_hole() const;
    /// The checksum that the wanted log has at `op`, where the suffix tells; else null.
    [[nodiscard]] const Checksum* wanted_checksum(const Install& wanted, Op op) const;
    void abandon_install();
    void give_up_install();
    /// Takes what fits, asks for what is missing, ends when all is durable.
    void advance_install();
    /// Whether the entry is now in the journal.
    bool take_into_install(const Header& entry, Bytes body);
    [[nodiscard]] bool may_drop_above(Op op, bool differs);
    bool take_for_unnamed(const Header& entry, Bytes body);
    void truncate(Op last);
    void finish_install();
    /// Head of the log that log_view names: what this replica may claim.
    [[nodiscard]] Op own_head() const;
    [[nodiscard]] Op ceiling() const;
    [[nodiscard]] Op sure_head() const;
    /// Whether it cannot tell where its log ends.
    [[nodiscard]] bool head_uncertain() const { return ceiling() > sure_head(); }

    // --- core_repair.cpp
    void on_get_log(const Header& header, ReplicaId from);
    void on_get_prepare(const Header& header, ReplicaId from);
    void on_log(const Message& message, ReplicaId from);
    void send_log(ReplicaId to, Op op);
    /// Fills a faulty slot if the entry is exactly the one that was there.
    bool repair_slot(const Header& entry, Bytes body);
    /// Ops [from, to] of the log of log_view; from 0: none.
    struct Missing {
        View log_view;
        Op from = 0;
        Op to = 0;
    };
    [[nodiscard]] Missing missing() const;
    void repair();
    void repair_reset();
    void ask_log(const Missing& range);
    void ask_for_faulty();
    [[nodiscard]] Op oldest_faulty() const;
    void forget_donor();
    [[nodiscard]] bool nobody_seems_to_have_it() const;
    [[nodiscard]] bool others_have_checkpoint(Op op) const;
    [[nodiscard]] ReplicaId choose_donor(View log_view) const;
    [[nodiscard]] ReplicaId next_peer();
    void answered(ReplicaId from);

    // --- core_recovery.cpp
    void start_recovery();
    void ask_to_recover();
    void send_recovery();
    void on_recovery_timer();
    void on_recovery(const Header& header, ReplicaId from);
    void answer_recoveries();
    void answer_recovery(ReplicaId to, std::uint64_t nonce);
    void on_recovery_response(const Message& message, ReplicaId from);
    void try_recover();
    void begin_life();
    [[nodiscard]] bool recovers_again(const Header& header) const;

    // --- core_lease.cpp
    [[nodiscard]] bool lease_holds() const;
    [[nodiscard]] Nanos lease_until(Nanos lease) const;
    [[nodiscard]] Nanos quorum_heard() const;
    [[nodiscard]] bool promised() const;
    void promise();
    bool serve_read(const Message& message, std::uint64_t link);

    // --- core_checkpoint.cpp
    /// Loads the state that the superblock names; calls on_state_loaded() when done, perhaps at
    /// once.
    void load_checkpoint();
    /// The state, and what belongs to it, becomes that of the snapshot in memory.
    [[nodiscard]] bool restore_state();
    /// What the snapshot in memory says that committed ops had decided.
    struct Decided;
    [[nodiscard]] Decided snapshot_decided() const;
    /// Begins a checkpoint of the state after commit_min_.
    void checkpoint();
    void take_snapshot(Op op);
    void save_sessions(SnapshotWriter& out);
    /// While true nothing more is executed.
    [[nodiscard]] bool checkpoint_blocks();
    [[nodiscard]] bool checkpoint_under_way() const;
    /// Whether this IoDone was of the snapshot zone.
    bool on_snapshot_io(const IoDone& done);
    void settle_checkpoint();
    void want_checkpoint();
    void on_scrub_timer();

    // --- core_sync.cpp
    /// A checkpoint by name, as somebody states it in his headers: durable there, or B12.
    struct Stated {
        Op op = 0;
        Checksum id;
        friend bool operator==(const Stated&, const Stated&) = default;
    };
    /// A snapshot that is being fetched.
    struct Sync {
        bool active = false;
        Nanos began = 0;
        Stated target; ///< op 0: none yet
        ReplicaId donor = no_replica;
        View view;                 ///< highest that donors of the target were in
        bool gathering = false;    ///< its manifest is here
        std::size_t asked_to = 0;  ///< end of the last request for chunks
        bool asked = false;        ///< and it is not answered whole
        bool progress = false;     ///< since the timer was armed
        std::uint64_t fetched = 0; ///< chunks that came from donors
        bool storing = false;      ///< all is on the disk: the superblock is being written
        std::uint64_t ticket = 0;
    };
    /// The log that it needs is gone elsewhere, or its snapshot is damaged: fetches one.
    void start_sync();
    void settle_sync();
    void on_sync_timer();
    void give_up_sync();
    void on_get_snapshot(const Header& header, ReplicaId from);
    void on_snapshot(const Message& message, ReplicaId from);
    void note_checkpoint(const Header& header, ReplicaId from);
    [[nodiscard]] bool certified(const Stated& checkpoint);
    [[nodiscard]] bool has_stated(ReplicaId id, const Stated& checkpoint) const;
    [[nodiscard]] bool choose_target();
    [[nodiscard]] ReplicaId donor_after(ReplicaId last) const;
    void ask_snapshot();
    void donor_failed();
    [[nodiscard]] bool newer_target();
    void store_synced();
    void finish_sync();

    // --- core_membership.cpp
    /// Header::flags of an entry with this Reconfigure or Upgrade: whether it is refused.
    [[nodiscard]] std::uint32_t reconfiguration_flags(Bytes operation);
    /// Whether it is an Upgrade that has to wait for a later op than this one.
    [[nodiscard]] bool upgrade_waits(Op op, Bytes operation);
    /// Lets nothing follow a Reconfigure until its epoch has begun.
    [[nodiscard]] bool reconfiguration_blocks() const;
    /// Of what the voters have acknowledged, what counts as committed: a Reconfigure, and all
    /// after it, needs the coming epoch's voters too.
    [[nodiscard]] Op reconfiguration_limit(Op commit);
    /// Executes a committed Reconfigure or Upgrade; returns the size of the encoded result.
    std::size_t
    execute_reconfiguration(const Header& entry, Bytes operation, std::span<std::byte> result);
    /// Enters the epoch that an executed Reconfigure has decided, once the log up to it is durable.
    void settle_membership();
    /// Says to a replica of an older epoch how this one began.
    void tell_epoch(ReplicaId to);
    /// A later epoch goes on without it.
    void retire(const Membership& membership);
    [[nodiscard]] bool may_enter(const Membership& wanted);
    [[nodiscard]] bool may_upgrade(std::uint32_t release) const;
    [[nodiscard]] bool later_epoch_heard() const;
    /// As `replicated`, but whoever acknowledges counts (planted bug B20).
    [[nodiscard]] Op replicated_by_anyone() const;
    [[nodiscard]] Op pending_reconfiguration(Op first, Op last) const;

    // --- core_invariants.cpp
    /// Asserts what holds between steps; not after inputs that come all the time.
    void check_after(const Input& input) const;
    void check_views() const;
    void check_log() const;
    void check_status() const;
    void check_view_change() const;
    void check_install() const;
    void check_members() const;
    void check_peers() const;
    void check_disk() const;
    void check_snapshots() const;
    void check_timers() const;

    // --- core_telemetry.cpp
    [[nodiscard]] std::uint32_t repair_pending() const;

    struct Fingerprint; // core_fingerprint.cpp

    // --- fixed for life
    const Config config_;
    BugSet bugs_;
    BugSet reported_; ///< bugs whose firing has been told

    // --- the parts
    Journal journal_;
    ClientTable clients_;
    StateMachine state_;
    SuperblockFile superblock_;
    SnapshotStore snapshots_;
    RequestQueue queue_;
    TokenBucket tokens_;
    IoId next_io_ = 1;

    // --- this step
    Effects* effects_ = nullptr;
    Nanos now_ = 0;
    std::uint64_t wall_ = 0;

    // --- who and where
    Rng rng_{0};
    Status status_ = Status::Booting;
    Membership membership_;
    /// What executed Reconfigures and Upgrades have decided: part of the replicated state, and so
    /// of checkpoints; the superblock's release_active is that of its checkpoint.
    struct Decided {
        Membership
            membership; ///< zero until the first Reconfigure, so that it follows from the log
        std::uint32_t release = oldest_release;
    };
    Decided decided_;
    Superblock wanted_; ///< what the next superblock says
    View view_;
    View log_view_;
    Op commit_min_ = 0; ///< executed
    Op commit_max_ = 0; ///< known to be committed; never above own_head()
    Then then_ = Then::Nothing;
    std::uint64_t then_ticket_ = 0;
    enum class BootStage : std::uint8_t {
        Off,
        Superblock,
        State,
        Log,
        Incarnation,
        Done,
    };
    BootStage boot_ = BootStage::Off;
    IoId boot_read_ = 0;

    struct Peer {
        std::uint64_t incarnation = 0;
        View view;     ///< that its disk knows
        View log_view; ///< likewise
        Op checkpoint_op = 0;
        Checksum checkpoint_id;
        std::uint32_t release = 0;
        Op acknowledged = 0; ///< in this view
        Nanos answered = 0;  ///< as primary: last acknowledgement or echo in this view
        Nanos echoed = 0;    ///< newest heartbeat, by when it was sent, that it answered
        View wants;          ///< newest StartViewChange
        Nanos wanted_at = 0; ///< when it came
        Nanos asked_at = 0;  ///< repair: 0 when nothing is outstanding
        Nanos latency = 0;   ///< moving average of answers to repair
        Nanos heard = 0;     ///< last message from it
        Nanos told_view = 0; ///< when it was last sent a StartView
        View recovery_view;  ///< of its answer to this replica's Recovery
        std::uint64_t recovery_life = 0; ///< incarnation that answered; 0: none
        std::uint64_t recovering = 0;    ///< nonce of its Recovery that waits for an answer
    };
    std::array<Peer, max_replica_id + 1> peers_{};

    // --- timers
    std::array<std::uint32_t, timer_count> generation_{};
    std::uint32_t armed_ = 0; ///< bits by Timer

    // --- normal operation
    std::vector<std::byte> scratch_; ///< one message
    std::vector<std::byte> result_;  ///< one result
    std::vector<Nanos> appended_at_; ///< by slot: for the latency of quorums
    std::uint64_t last_timestamp_ = 0;
    Op view_began_at_ = 0; ///< head when this view was installed
    Op told_ = 0;          ///< newest op acknowledged in this view
    Op heard_head_ = 0;    ///< newest op that is said to be in the log of log_view
    Nanos heard_primary_ = 0;
    Nanos heartbeat_sent_ = 0;
    bool abdicated_ = false;
    Nanos promised_until_ = 0;

    // --- view change
    View candidate_;          ///< wants to leave for it; 0: for none
    bool vote_waits_ = false; ///< until the log that it claims is written
    View installed_view_;     ///< of the newest StartView taken in this life (planted bug F7)
    Op stale_above_ = 0;      ///< entries above it are not of this view's log (F6a); 0: all are
    Op claimed_head_ = 0;     ///< acknowledged although it may not be here (F5)
    std::array<Vote, max_voters> votes_; ///< as the voters are in the membership
    std::vector<Header> suffix_; ///< newest headers of the log that is chosen or installed; op 0:
                                 ///< only the checksum is known, if it is not zero
    Install install_;

    // --- repair
    Op asked_to_ = 0;                   ///< end of the last request, 0: none
    ReplicaId asked_peer_ = no_replica; ///< to whom it went
    ReplicaId turn_ = no_replica;       ///< whom faulty slots were asked from last
    std::uint32_t repair_failures_ = 0; ///< requests without an answer since the last progress

    // --- checkpoints
    Op checkpointing_ = 0;            ///< on its way to the disk; 0: none
    bool checkpoint_storing_ = false; ///< it is there: the superblock is being written
    std::uint64_t checkpoint_ticket_ = 0;
    Op late_snapshot_ = 0;       ///< B17: to be taken when the state has gone on
    bool state_damaged_ = false; ///< the snapshot that the superblock names is not whole
    Stated offered_;             ///< what headers state
    Sync sync_;
    /// The last checkpoints that each replica stated: what it stated stays true, and two replicas
    /// seldom have the same at the same moment.
    std::array<std::array<Stated, 8>, max_replica_id + 1> stated_{};

    // --- recovery of a lost disk
    std::uint64_t recovery_nonce_ = 0;
    bool others_recover_ = false; ///< some Peer::recovering waits
    Op recovery_progress_ = 0;    ///< of the installation, when the timer was armed
    Header recovery_header_;      ///< of the primary's answer
    std::vector<std::byte> recovery_body_;

    // --- figures
    Fact cause_;                    ///< what this step began with
    std::vector<Fact> appended_by_; ///< by slot
    Telemetry figures_;             ///< counters; gauges are filled in when asked
};

} // namespace faultlab::replica
