#include "tests/unit/replica_core/view_probe.hpp"

// Of logs and states that come from others.
namespace faultlab::replica {

std::vector<ViewProbe::Case> ViewProbe::of_installs() {
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
        {"install-epoch",
         [](Core& c) {
             c.status_ = Status::ViewChange;
             Core::Install next = wanted(c, 3);
             next.membership.epoch = 1;
             c.start_install(next);
         }},
        {"install-begin",
         [](Core& c) {
             c.status_ = Status::ViewChange;
             c.then_ = Then::BeginView;
             c.start_install(wanted(c, 3));
         }},
        {"give-up-stored",
         [](Core& c) {
             c.install_.active = c.install_.storing = true;
             c.give_up_install();
         }},
        {"install-suffix",
         [](Core& c) {
             c.status_ = Status::ViewChange;
             c.suffix_ = {*c.journal_.header(2)};
             c.start_install(wanted(c, 3));
         }},
    };
}

std::vector<ViewProbe::Case> ViewProbe::of_drops() {
    return {
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
        {"drop-storing",
         [](Core& c) {
             c.install_.active = c.install_.storing = true;
             (void)c.may_drop_above(1, true);
         }},
        {"drop-next",
         [](Core& c) {
             c.install_.active = true;
             c.install_.next = 3;
             (void)c.may_drop_above(1, true);
         }},
        {"unnamed-known",
         [](Core& c) {
             c.journal_.slots_[2].state = SlotState::Faulty;
             c.install_.next = 2;
             (void)c.take_for_unnamed(*c.journal_.header(2), {});
         }},
        {"unnamed-next",
         [](Core& c) {
             c.journal_.slots_[2].state = SlotState::Faulty;
             c.install_.next = 3;
             (void)c.take_for_unnamed(*c.journal_.header(2), {});
         }},
    };
}

std::vector<ViewProbe::Case> ViewProbe::of_ends() {
    return {
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
        {"finish-members",
         [](Core& c) {
             install_all(c);
             c.finish_install();
         }},
    };
}

std::vector<ViewProbe::Case> ViewProbe::of_recovery() {
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

std::vector<ViewProbe::Case> ViewProbe::of_recoveries() {
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

std::vector<ViewProbe::Case> ViewProbe::of_syncs() {
    return {
        {"certified-op", [](Core& c) { (void)c.certified({}); }},
        {"certified-sync", [](Core& c) { (void)c.certified({.op = 12}); }},
        {"sync-booted",
         [](Core& c) {
             c.boot_ = Core::BootStage::Log;
             c.start_sync();
         }},
        {"sync-donor-target",
         [](Core& c) {
             c.sync_.active = true;
             c.sync_.donor = 1;
             c.settle_sync();
         }},
        {"sync-gathers-target",
         [](Core& c) {
             c.sync_.active = c.sync_.gathering = true;
             c.sync_.target = {12, {1, 2}};
             c.settle_sync();
         }},
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
        {"give-up-sync-active", [](Core& c) { c.give_up_sync(); }},
        {"give-up-sync-fetching",
         [](Core& c) {
             c.sync_.active = c.sync_.gathering = true;
             c.give_up_sync();
         }},
        {"give-up-sync-state",
         [](Core& c) {
             c.sync_.active = c.state_damaged_ = true;
             c.give_up_sync();
         }},
        {"sync-stays-stored",
         [](Core& c) {
             c.sync_.active = c.sync_.storing = true;
             c.settle_sync();
         }},
    };
}

std::vector<ViewProbe::Case> ViewProbe::of_donors() {
    return {
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
        {"give-op",
         [](Core& c) {
             c.offered_ = {12, {1, 2}};
             c.snapshots_.whole_ = true;
             c.snapshots_.id_ = c.superblock_.durable_.checkpoint_id = c.offered_.id;
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
        {"ask-active",
         [](Core& c) {
             c.sync_.target.op = 12;
             c.sync_.donor = 1;
             c.ask_snapshot();
         }},
        {"donor-failed-target",
         [](Core& c) {
             c.sync_.active = true;
             c.sync_.donor = 1;
             c.donor_failed();
         }},
        {"donor-failed-late",
         [](Core& c) {
             c.sync_.active = c.sync_.storing = true;
             c.sync_.target.op = 12;
             c.sync_.donor = 1;
             c.donor_failed();
         }},
        {"gathering-fetches",
         [](Core& c) {
             c.sync_.active = c.sync_.gathering = true;
             c.sync_.donor = 1;
             c.on_snapshot(Message{}, 1);
         }},
        {"donor-failed-who",
         [](Core& c) {
             c.sync_.active = true;
             c.donor_failed();
         }},
    };
}

std::vector<ViewProbe::Case> ViewProbe::of_taking_up() {
    return {
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
        {"store-synced-alone",
         [](Core& c) {
             c.snapshots_.stored_ = true;
             c.sync_.target.op = c.checkpointing_ = 12;
             c.store_synced();
         }},
        {"finish-sync-id",
         [](Core& c) {
             c.sync_.storing = true;
             c.sync_.target.id = {1, 2};
             c.finish_sync();
         }},
        {"finish-sync-view",
         [](Core& c) {
             c.sync_.storing = true;
             c.view_ = View::of(0, 3);
             c.finish_sync();
         }},
    };
}

TEST_CASE("What must be so of a log that is installed is noticed when it is not",
          "[replica_core]") {
    ViewProbe::each(ViewProbe::of_installs());
    ViewProbe::each(ViewProbe::of_drops());
    ViewProbe::each(ViewProbe::of_ends());
}

TEST_CASE("What must be so while others are asked is noticed when it is not", "[replica_core]") {
    ViewProbe::each(ViewProbe::of_recovery());
    ViewProbe::each(ViewProbe::of_recoveries());
    ViewProbe::each(ViewProbe::of_syncs());
    ViewProbe::each(ViewProbe::of_donors());
    ViewProbe::each(ViewProbe::of_taking_up());
}

} // namespace faultlab::replica
