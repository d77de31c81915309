#include "replica/core/core.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/replica_core/bench.hpp"

#include <functional>

// What the functions of the core require where they begin: each is called once when it is not so,
// on a backup with three entries of which one is executed.
namespace faultlab::replica {

struct EntryProbe {
    using Core = Replica::Core;
    using Then = Core::Then;
    struct Case {
        const char* id;
        std::function<void(Core&)> breaks;
    };

    static Header own(const Core& core) {
        Header header;
        header.replica = core.config_.self;
        return header;
    }
    static void lead(Core& core) { core.view_ = core.log_view_ = View::of(0, 1); }
    static Core::Install wanted(const Core& core, Op op) {
        Core::Install wanted;
        wanted.view = core.view_;
        wanted.op = op;
        return wanted;
    }

    static std::vector<Case> of_start() {
        return {
            {"boot-superblock-stage", [](Core& c) { c.on_superblock_read(IoDone{}); }},
            {"boot-log-stage", [](Core& c) { c.on_log_recovered(); }},
            {"boot-enter-stage",
             [](Core& c) {
                 c.boot_ = Core::BootStage::Off;
                 c.enter_after_boot();
             }},
            {"io-asked", [](Core& c) { c.on_io(IoDone{}); }},
            {"then-something", [](Core& c) { c.store_then(Then::Nothing); }},
            {"arm-timer", [](Core& c) { c.arm(static_cast<Timer>(timer_count), 1); }},
            {"disarm-timer", [](Core& c) { c.disarm(static_cast<Timer>(timer_count)); }},
            {"jitter-delay", [](Core& c) { (void)c.with_jitter(0); }},
            {"status-known", [](Core& c) { c.set_status(static_cast<Status>(99)); }},
            {"reject-reason", [](Core& c) { c.reject(Reject::None, 1); }},
            {"peer-other", [](Core& c) { c.on_peer_message(Message{}, 2); }},
            {"broadcast-own", [](Core& c) { c.broadcast(Header{}); }},
            {"broadcast-all-own", [](Core& c) { c.broadcast_to_all(Header{}); }},
            {"broadcast-voters-own", [](Core& c) { c.broadcast_to_voters(Header{}); }},
            {"outgoing-command", [](Core& c) { (void)c.outgoing(Command::None); }},
            {"quorum-members",
             [](Core& c) {
                 c.membership_ = {};
                 (void)c.quorums();
             }},
            {"timer-rang", [](Core& c) { c.on_timer(Timer::Ping); }},
        };
    }
    static std::vector<Case> of_checkpoints() {
        return {
            {"load-stage", [](Core& c) { c.load_checkpoint(); }},
            {"decided-whole", [](Core& c) { (void)c.snapshot_decided(); }},
            {"checkpoint-due", [](Core& c) { c.checkpoint(); }},
            {"snapshot-executed", [](Core& c) { c.take_snapshot(9); }},
            {"snapshot-one",
             [](Core& c) {
                 c.checkpointing_ = 12;
                 c.take_snapshot(1);
             }},
            {"want-checkpoint-rises",
             [](Core& c) {
                 c.wanted_.checkpoint_op = 5;
                 c.want_checkpoint();
             }},
            {"stated-id", [](Core& c) { (void)c.has_stated(max_replica_id + 1, {}); }},
            {"donor-failed-sync", [](Core& c) { c.donor_failed(); }},
            {"store-synced-once",
             [](Core& c) {
                 c.sync_.storing = true;
                 c.store_synced();
             }},
            {"store-synced-whole", [](Core& c) { c.store_synced(); }},
            {"finish-sync-storing", [](Core& c) { c.finish_sync(); }},
            {"finish-sync-target",
             [](Core& c) {
                 c.sync_.storing = true;
                 c.sync_.target.op = 5;
                 c.finish_sync();
             }},
        };
    }
    static std::vector<Case> of_clients() {
        return {
            {"admit-leads", [](Core& c) { c.admit(Message{}, 1); }},
            {"reply-to-client", [](Core& c) { c.reply_to(1, Command::Busy, Header{}, 0); }},
            {"reply-command",
             [](Core& c) {
                 Header header;
                 c.send_reply(1, header, {});
             }},
            {"redirect-client", [](Core& c) { c.redirect(1, Header{}); }},
            {"cached-session", [](Core& c) { c.reply_cached(1, Header{}, {}); }},
            {"read-leads",
             [](Core& c) {
                 const auto read = encode({.code = OpCode::Read, .space = 1, .key = "k"});
                 (void)c.serve_read(Message{Header{}, read}, 1);
             }},
            {"heard-members",
             [](Core& c) {
                 c.membership_ = {};
                 (void)c.quorum_heard();
             }},
            {"operation-bytes", [](Core& c) { (void)c.execute_operation(Header{}, {}); }},
            {"execute-client", [](Core& c) { (void)c.execute_request(Header{}, {}); }},
            {"digest-rises",
             [](Core& c) {
                 c.figures_.digest_op = 5;
                 c.publish_digest(0);
             }},
        };
    }
    static std::vector<Case> of_installs() {
        return {
            {"wanted-suffix",
             [](Core& c) {
                 c.suffix_.resize(5);
                 (void)c.wanted_checksum(wanted(c, 1), 1);
             }},
            {"install-replaced",
             [](Core& c) {
                 c.install_.active = c.install_.storing = true;
                 c.start_install(wanted(c, 3));
             }},
            {"install-of-view",
             [](Core& c) {
                 c.view_ = View::of(0, 5);
                 c.start_install(Core::Install{.view = View::of(0, 4), .op = 3});
             }},
            {"give-up-active", [](Core& c) { c.give_up_install(); }},
            {"truncate-checkpoint",
             [](Core& c) {
                 c.journal_.set_checkpoint(1);
                 c.truncate(0);
             }},
            {"drop-installing", [](Core& c) { (void)c.may_drop_above(1, true); }},
            {"unnamed-faulty",
             [](Core& c) {
                 Header entry;
                 entry.op = 1;
                 (void)c.take_for_unnamed(entry, {});
             }},
            {"finish-active", [](Core& c) { c.finish_install(); }},
        };
    }
    static std::vector<Case> of_members() {
        return {
            {"enter-leads", [](Core& c) { (void)c.may_enter(c.membership_); }},
            {"upgrade-leads", [](Core& c) { (void)c.may_upgrade(2); }},
            {"flags-operation", [](Core& c) { (void)c.reconfiguration_flags({}); }},
            {"reconfigure-next",
             [](Core& c) { (void)c.execute_reconfiguration(Header{}, {}, c.result_); }},
            {"epoch-executed",
             [](Core& c) {
                 c.decided_.membership = c.membership_;
                 c.decided_.membership.epoch = 1;
                 c.decided_.membership.began_at = 3;
                 c.settle_membership();
             }},
            {"tell-other", [](Core& c) { c.tell_epoch(2); }},
            {"retire-out", [](Core& c) { c.retire(c.membership_); }},
        };
    }
    static std::vector<Case> of_work() {
        return {
            {"normal-spoken",
             [](Core& c) {
                 lead(c);
                 c.start_normal();
             }},
            {"batch-fresh",
             [](Core& c) {
                 Header entry;
                 entry.count = 1;
                 (void)c.fill_batch(entry);
             }},
            {"batch-next",
             [](Core& c) {
                 Header entry;
                 (void)c.fill_batch(entry);
             }},
            {"append-leads",
             [](Core& c) {
                 Header entry = own(c);
                 c.append_and_send(entry, {});
             }},
            {"again-below-head",
             [](Core& c) {
                 Message message;
                 message.header.op = 9;
                 c.on_prepare_again(message);
             }},
            {"tell-sound", [](Core& c) { c.tell_durable(9); }},
            {"acknowledge-other",
             [](Core& c) {
                 c.membership_.voters = {2, 1, 3};
                 c.acknowledge(0);
             }},
            {"replicated-voters", [](Core& c) { (void)c.replicated(Membership{}); }},
            {"answers-leads", [](Core& c) { (void)c.quorum_answers(); }},
            {"log-present", [](Core& c) { c.send_log(1, 9); }},
            {"answered-other", [](Core& c) { c.answered(2); }},
            {"ask-range", [](Core& c) { c.ask_log({}); }},
            {"ask-faulty", [](Core& c) { c.ask_for_faulty(); }},
        };
    }
    static std::vector<Case> of_recovery() {
        return {
            {"recover-before-work", [](Core& c) { c.start_recovery(); }},
            {"recover-blank", [](Core& c) { c.ask_to_recover(); }},
            {"recover-asks", [](Core& c) { c.send_recovery(); }},
            {"recover-other", [](Core& c) { c.on_recovery(Header{}, 2); }},
            {"recover-answer-stored",
             [](Core& c) {
                 c.wanted_.lives.lost[3] = 1;
                 c.answer_recovery(1, 5);
             }},
            {"recover-answer-nonce", [](Core& c) { c.answer_recovery(1, 0); }},
            {"life-once",
             [](Core& c) {
                 c.superblock_.durable_.incarnation = Lives::next(1);
                 c.begin_life();
             }},
        };
    }
    static std::vector<Case> of_views() {
        return {
            {"wish-voter",
             [](Core& c) {
                 c.membership_.voters = {7, 8, 9};
                 c.send_start_view_change();
             }},
            {"count-voter",
             [](Core& c) {
                 c.membership_.voters = {7, 8, 9};
                 c.count_votes(View::of(0, 1));
             }},
            {"enter-voter",
             [](Core& c) {
                 c.membership_.voters = {7, 8, 9};
                 c.enter_view(View::of(0, 1));
             }},
            {"enter-epoch", [](Core& c) { c.enter_view(View::of(1, 0)); }},
            {"keep-view",
             [](Core& c) {
                 Header vote;
                 vote.view = View::of(0, 9);
                 c.keep_do_view_change(vote, {}, 1);
             }},
            {"lay-out-commit",
             [](Core& c) {
                 Header header;
                 c.commit_max_ = 9;
                 (void)c.lay_out_view(header);
             }},
            {"learn-other", [](Core& c) { c.learn_view(View::of(0, 1), 2); }},
            {"choose-leads", [](Core& c) { (void)c.choose_vote(); }},
            {"holding-op", [](Core& c) { (void)c.holding(0, nullptr, View{}); }},
            {"fill-suffix",
             [](Core& c) {
                 Core::Vote vote;
                 vote.header.op = 5;
                 c.fill_suffix(vote);
             }},
            {"cut-within",
             [](Core& c) {
                 Core::Install install = wanted(c, 1);
                 install.commit = 5;
                 (void)c.cut_what_nobody_has(install, 0);
             }},
            {"forget-leads", [](Core& c) { c.drop_forgotten_votes(); }},
        };
    }

    static std::string trip(Bench& bench, const Case& of) {
        Core& core = *bench.replica->core_;
        core.effects_ = &bench;
        try {
            of.breaks(core);
        } catch (const AssertionFailed& failure) {
            return failure.id();
        }
        return "";
    }

    static void each(const std::vector<Case>& cases) {
        for (const Case& of : cases) {
            Bench bench(2);
            for (const Letter& entry : bench.log(View{}, 3))
                bench.receive(1, entry);
            Header commit = bench.header(1, Command::Commit, View{});
            commit.op = 3;
            commit.commit = 1;
            bench.receive(1, Bench::sealed(commit));
            INFO(of.id);
            CHECK(trip(bench, of) == of.id);
        }
    }

    static void all() {
        each(of_start());
        each(of_checkpoints());
        each(of_clients());
        each(of_installs());
        each(of_members());
        each(of_work());
        each(of_recovery());
        each(of_views());
    }
};

TEST_CASE("What functions of the core require where they begin is noticed", "[replica_core]") {
    EntryProbe::all();
}

} // namespace faultlab::replica
