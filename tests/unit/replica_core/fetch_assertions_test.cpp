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
