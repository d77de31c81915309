#include "replica/core/core.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/trips.hpp"
#include "tests/unit/replica_core/bench.hpp"

#include <functional>

// What must be so in the midst of a change of view or epoch, an installation, a recovery or a
// synchronisation: it is broken from inside, on a backup with three entries, one of them executed.
namespace faultlab::replica {

struct ViewProbe {
    using Core = Replica::Core;
    using Then = Core::Then;
    using Case = Breach<Core>;

    static void on_disk(Core& core, View view) { core.superblock_.durable_.view = view; }
    /// Between views; it is to lead the next one.
    static void change(Core& core) {
        core.status_ = Status::ViewChange;
        core.view_ = View::of(0, 1);
        on_disk(core, core.view_);
    }
    static Header vote(const Core& core) {
        Header vote;
        vote.view = core.view_;
        vote.replica = 1;
        return vote;
    }
    static Core::Vote& voted(Core& core, std::size_t index = 0) {
        core.votes_[index].valid = true;
        core.votes_[index].header = vote(core);
        return core.votes_[index];
    }
    static Core::Install wanted(const Core& core, Op op) {
        Core::Install wanted;
        wanted.view = core.view_;
        wanted.op = op;
        return wanted;
    }
    /// What finish_install() is to find.
    static void install_all(Core& core) {
        core.install_ = wanted(core, 3);
        core.install_.active = true;
        core.install_.checksum = core.journal_.head_checksum();
        core.journal_.pages_dirty_ = 0;
    }

    static std::vector<Case> of_recoveries() {
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

    static void lead(Core& core) { core.view_ = core.log_view_ = View::of(0, 1); }
    static void execute_second(Core& core, const Operation& operation) {
        Header entry;
        entry.op = core.commit_min_ + 1;
        (void)core.execute_reconfiguration(entry, encode(operation), core.result_);
    }
    static std::vector<Case> of_members() {
        return {
            {"enter-leads", [](Core& c) { (void)c.may_enter(c.membership_); }},
            {"enter-members",
             [](Core& c) {
                 lead(c);
                 (void)c.may_enter(Membership{});
             }},
            {"enter-settled",
             [](Core& c) {
                 lead(c);
                 c.decided_.membership.epoch = 1;
                 (void)c.may_enter(c.membership_);
             }},
            {"flags-leads",
             [](Core& c) {
                 const std::array operation{std::byte{1}};
                 (void)c.reconfiguration_flags(operation);
             }},
            {"waits-next", [](Core& c) { (void)c.upgrade_waits(9, {}); }},
            {"reconfigure-flags",
             [](Core& c) {
                 Header entry;
                 entry.op = 2;
                 entry.flags = flag_primary;
                 (void)c.execute_reconfiguration(entry, {}, c.result_);
             }},
            {"bare-room",
             [](Core& c) {
                 Header entry;
                 entry.op = 2;
                 (void)c.execute_reconfiguration(entry, {}, {});
             }},
            {"reconfigure-rises",
             [](Core& c) {
                 execute_second(c, {.code = OpCode::Reconfigure, .membership = c.membership_});
             }},
            {"upgrade-rises",
             [](Core& c) {
                 c.decided_.release = 2;
                 execute_second(c, {.code = OpCode::Upgrade, .release = 1});
             }},
            {"epoch-known",
             [](Core& c) {
                 c.decided_.membership = c.membership_;
                 c.decided_.membership.epoch = 1;
                 c.decided_.membership.began_at = 1;
                 c.journal_.slots_[1] = {};
                 c.journal_.slots_[2].known = false;
                 c.settle_membership();
             }},
            {"epoch-view",
             [](Core& c) {
                 c.decided_.membership = c.membership_;
                 c.decided_.membership.epoch = 1;
                 c.decided_.membership.began_at = 1;
                 c.view_ = View::of(3, 0);
                 c.settle_membership();
             }},
            {"tell-known",
             [](Core& c) {
                 c.membership_ = {};
                 c.tell_epoch(1);
             }},
            {"upgrade-leads", [](Core& c) { (void)c.may_upgrade(2); }},
            {"flags-operation", [](Core& c) { (void)c.reconfiguration_flags({}); }},
            {"reconfigure-next",
             [](Core& c) { (void)c.execute_reconfiguration(Header{}, {}, c.result_); }},
        };
    }
    static std::vector<Case> of_epochs() {
        return {
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

    static std::vector<Case> of_choices() {
        return {
            {"newest-older",
             [](Core& c) {
                 change(c);
                 voted(c).header.log_view = c.view_;
                 (void)c.newest_vote();
             }},
            {"newest-view",
             [](Core& c) {
                 change(c);
                 voted(c).header.view = View::of(0, 4);
                 (void)c.newest_vote();
             }},
            {"tell-best", [](Core& c) { (void)c.enough_tell(Core::Vote{}); }},
            {"choose-changes",
             [](Core& c) {
                 c.view_ = c.log_view_ = View::of(0, 1);
                 (void)c.choose_vote();
             }},
            {"holding-voters",
             [](Core& c) {
                 voted(c, 0);
                 voted(c, 1);
                 c.membership_.voter_count = 1;
                 (void)c.holding(5, nullptr, View{});
             }},
            {"fill-room",
             [](Core& c) {
                 Core::Vote best;
                 best.slots.resize(most_suffix(c.config_.limits) + 1);
                 best.header.op = best.slots.size();
                 c.fill_suffix(best);
             }},
            {"fill-head",
             [](Core& c) {
                 Core::Vote best;
                 best.slots.resize(1);
                 best.slots[0].header = *c.journal_.header(1);
                 best.header.op = 1;
                 c.fill_suffix(best);
             }},
            {"form-view",
             [](Core& c) {
                 change(c);
                 on_disk(c, View::of(0, 2));
                 c.try_form_view();
             }},
            {"cut-base",
             [](Core& c) {
                 Core::Install install = wanted(c, 1);
                 (void)c.cut_what_nobody_has(install, 5);
             }},
            {"cut-suffix",
             [](Core& c) {
                 Core::Install install = wanted(c, 1);
                 (void)c.cut_what_nobody_has(install, 0);
             }},
        };
    }
    static std::vector<Case> of_votes() {
        return {
            {"silent-past",
             [](Core& c) {
                 c.heard_primary_ = c.now_ + 1;
                 c.on_primary_silent();
             }},
            {"leave-syncing",
             [](Core& c) {
                 c.sync_.active = true;
                 c.leave_normal();
             }},
            {"learn-who", [](Core& c) { c.learn_view(View::of(0, 1), no_replica); }},
            {"wish-may",
             [](Core& c) {
                 c.status_ = Status::Recovering;
                 c.send_start_view_change();
             }},
            {"vote-executed",
             [](Core& c) {
                 c.status_ = Status::ViewChange;
                 c.commit_min_ = c.commit_max_ = 9;
                 c.send_do_view_change();
             }},
            {"vote-older",
             [](Core& c) {
                 c.status_ = Status::ViewChange;
                 c.send_do_view_change();
             }},
            {"vote-room",
             [](Core& c) {
                 change(c);
                 c.scratch_.resize(sizeof(SlotRecord));
                 c.send_do_view_change();
             }},
            {"keep-leads", [](Core& c) { c.keep_do_view_change(vote(c), {}, 1); }},
            {"keep-older",
             [](Core& c) {
                 change(c);
                 Header header = vote(c);
                 header.log_view = c.view_;
                 c.keep_do_view_change(header, {}, 1);
             }},
            {"keep-room",
             [](Core& c) {
                 change(c);
                 Header header = vote(c);
                 header.count = 100;
                 c.keep_do_view_change(header, {}, 1);
             }},
        };
    }
    static std::vector<Case> of_starts() {
        return {
            {"begin-installed",
             [](Core& c) {
                 c.install_.active = true;
                 c.begin_view();
             }},
            {"begin-whole",
             [](Core& c) {
                 c.journal_.durable_ = 1;
                 c.begin_view();
             }},
            {"lay-out-members",
             [](Core& c) {
                 Header header;
                 c.membership_ = {};
                 (void)c.lay_out_view(header);
             }},
            {"lay-out-room",
             [](Core& c) {
                 Header header;
                 c.scratch_.resize(sizeof(Membership) + sizeof(Header));
                 (void)c.lay_out_view(header);
             }},
            {"install-view-room",
             [](Core& c) {
                 Message message;
                 message.header.count = 100;
                 c.install_view(message, c.membership_);
             }},
            {"install-view-falls",
             [](Core& c) {
                 on_disk(c, View::of(0, 5));
                 c.install_view(Message{}, c.membership_);
             }},
        };
    }
    static std::vector<Case> of_installs() {
        return {
            {"sure-head",
             [](Core& c) {
                 c.journal_.checkpoint_ = 4;
                 (void)c.sure_head();
             }},
            {"install-normal", [](Core& c) { c.start_install(wanted(c, 3)); }},
            {"install-syncing",
             [](Core& c) {
                 c.status_ = Status::ViewChange;
                 c.sync_.active = true;
                 c.start_install(wanted(c, 3));
             }},
            {"install-suffix",
             [](Core& c) {
                 c.status_ = Status::ViewChange;
                 c.suffix_ = {*c.journal_.header(2)};
                 c.start_install(wanted(c, 3));
             }},
            {"truncate-normal", [](Core& c) { c.truncate(2); }},
            {"truncate-storing",
             [](Core& c) {
                 c.status_ = Status::ViewChange;
                 c.install_.storing = true;
                 c.truncate(2);
             }},
            {"drop-executed",
             [](Core& c) {
                 c.install_.active = true;
                 (void)c.may_drop_above(0, true);
             }},
            {"unnamed-next",
             [](Core& c) {
                 c.journal_.slots_[2].state = SlotState::Faulty;
                 c.install_.next = 3;
                 (void)c.take_for_unnamed(*c.journal_.header(2), {});
             }},
            {"advance-here",
             [](Core& c) {
                 c.install_.active = true;
                 c.install_.next = 9;
                 c.advance_install();
             }},
            {"finish-durable",
             [](Core& c) {
                 install_all(c);
                 c.journal_.durable_ = 1;
                 c.finish_install();
             }},
            {"finish-clean",
             [](Core& c) {
                 install_all(c);
                 c.journal_.pages_dirty_ = 1;
                 c.finish_install();
             }},
            {"finish-commit",
             [](Core& c) {
                 install_all(c);
                 c.install_.commit = 3;
                 c.finish_install();
             }},
        };
    }
    static std::vector<Case> of_recovery() {
        return {
            {"recover-nothing",
             [](Core& c) {
                 c.boot_ = Core::BootStage::Off;
                 c.start_recovery();
             }},
            {"recover-unstored",
             [](Core& c) {
                 c.boot_ = Core::BootStage::Off;
                 c.commit_max_ = c.journal_.head_ = 0;
                 c.start_recovery();
             }},
            {"recover-syncing",
             [](Core& c) {
                 c.wanted_.recovering = 1;
                 c.sync_.active = true;
                 c.ask_to_recover();
             }},
            {"recover-storing",
             [](Core& c) {
                 c.wanted_.recovering = 1;
                 c.install_.storing = true;
                 c.ask_to_recover();
             }},
            {"recover-nonce",
             [](Core& c) {
                 c.status_ = Status::Recovering;
                 c.send_recovery();
             }},
            {"recovers", [](Core& c) { c.try_recover(); }},
            {"life-begins", [](Core& c) { c.begin_life(); }},
        };
    }
    static std::vector<Case> of_syncs() {
        return {
            {"certified-op", [](Core& c) { (void)c.certified({}); }},
            {"target-sync", [](Core& c) { (void)c.choose_target(); }},
            {"target-free",
             [](Core& c) {
                 c.sync_.active = c.sync_.gathering = true;
                 (void)c.choose_target();
             }},
            {"donor-after", [](Core& c) { (void)c.donor_after(2); }},
            {"sync-storing",
             [](Core& c) {
                 c.install_.storing = true;
                 c.start_sync();
             }},
            {"sync-remembers",
             [](Core& c) {
                 c.status_ = Status::Retired;
                 c.start_sync();
             }},
            {"sync-stays-stored",
             [](Core& c) {
                 c.sync_.active = c.sync_.storing = true;
                 c.settle_sync();
             }},
            {"give-durable",
             [](Core& c) {
                 c.offered_ = {12, {1, 2}};
                 c.snapshots_.whole_ = true;
                 c.snapshots_.id_ = c.offered_.id;
                 Header asked;
                 asked.checkpoint_op = 12;
                 asked.checkpoint_id = c.offered_.id;
                 c.on_get_snapshot(asked, 1);
             }},
            {"ask-target", [](Core& c) { c.ask_snapshot(); }},
            {"ask-donor",
             [](Core& c) {
                 c.sync_.target.op = 12;
                 c.ask_snapshot();
             }},
            {"donor-failed-who",
             [](Core& c) {
                 c.sync_.active = true;
                 c.donor_failed();
             }},
            {"store-synced-target",
             [](Core& c) {
                 c.snapshots_.stored_ = true;
                 c.sync_.target.id = {1, 2};
                 c.store_synced();
             }},
            {"store-synced-forward",
             [](Core& c) {
                 c.snapshots_.stored_ = true;
                 c.sync_.target.op = 1;
                 c.store_synced();
             }},
            {"finish-sync-view",
             [](Core& c) {
                 c.sync_.storing = true;
                 c.view_ = View::of(0, 3);
                 c.finish_sync();
             }},
        };
    }

    static void each(const std::vector<Case>& cases) {
        for (const Case& of : cases) {
            Bench bench(2);
            bench.receive_three();
            Core& core = *bench.replica->core_;
            core.effects_ = &bench;
            INFO(of.id);
            CHECK(tripped_by([&] { of.by(core); }) == of.id);
        }
    }
};

TEST_CASE("What must be so between views is noticed when it is not", "[replica_core]") {
    ViewProbe::each(ViewProbe::of_views());
    ViewProbe::each(ViewProbe::of_choices());
    ViewProbe::each(ViewProbe::of_votes());
    ViewProbe::each(ViewProbe::of_starts());
}

TEST_CASE("What must be so between epochs is noticed when it is not", "[replica_core]") {
    ViewProbe::each(ViewProbe::of_members());
    ViewProbe::each(ViewProbe::of_epochs());
}

TEST_CASE("What must be so of a log that is installed is noticed when it is not",
          "[replica_core]") {
    ViewProbe::each(ViewProbe::of_installs());
}

TEST_CASE("What must be so while others are asked is noticed when it is not", "[replica_core]") {
    ViewProbe::each(ViewProbe::of_recovery());
    ViewProbe::each(ViewProbe::of_recoveries());
    ViewProbe::each(ViewProbe::of_syncs());
}

} // namespace faultlab::replica
