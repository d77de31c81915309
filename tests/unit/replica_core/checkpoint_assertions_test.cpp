#include "tests/unit/replica_core/entry_probe.hpp"

// Of snapshots: taken, named, restored.
namespace faultlab::replica {

std::vector<EntryProbe::Case> EntryProbe::of_snapshots() {
    return {
        {"load-executed",
         [](Core& c) {
             c.boot_ = Core::BootStage::State;
             c.load_checkpoint();
         }},
        {"decided-members",
         [](Core& c) {
             snapshot(c, Membership{.epoch = 1}, 1);
             (void)c.snapshot_decided();
         }},
        {"decided-at",
         [](Core& c) {
             Membership later = c.membership_;
             later.epoch = 1;
             later.began_at = 2;
             snapshot(c, later, 1);
             (void)c.snapshot_decided();
         }},
        {"restored-epoch",
         [](Core& c) {
             c.decided_.membership.epoch = 1;
             snapshot(c, Membership{}, 1);
             (void)c.restore_state();
         }},
        {"decided-release",
         [](Core& c) {
             snapshot(c, Membership{}, 0);
             (void)c.snapshot_decided();
         }},
        {"restored-op",
         [](Core& c) {
             snapshot(c, Membership{}, 1);
             (void)c.restore_state();
         }},
        {"restored-id",
         [](Core& c) {
             snapshot(c, Membership{}, 1);
             c.wanted_.checkpoint_op = 1;
             (void)c.restore_state();
         }},
        {"restored-forward",
         [](Core& c) {
             snapshot(c, Membership{}, 1);
             c.wanted_.checkpoint_op = 1;
             c.wanted_.checkpoint_id = c.snapshots_.id();
             c.commit_min_ = 2;
             (void)c.restore_state();
         }},
        {"restored-digest",
         [](Core& c) {
             restore(c, {1, 2});
         }},
        {"snapshot-digest",
         [](Core& c) {
             Header entry = *c.journal_.header(3);
             c.journal_.slots_[12] = {12, SlotState::Present, true, false, true};
             entry.op = c.commit_min_ = c.figures_.digest_op = 12;
             c.journal_.headers_[12] = entry;
             c.take_snapshot(12);
         }},
    };
}

std::vector<EntryProbe::Case> EntryProbe::of_taking() {
    return {
        {"checkpoint-rises",
         [](Core& c) {
             c.commit_min_ = 0;
             c.checkpoint();
         }},
        {"snapshot-due", [](Core& c) { c.take_snapshot(1); }},
        {"snapshot-rises", [](Core& c) { c.take_snapshot(0); }},
        {"snapshot-apart",
         [](Core& c) {
             c.commit_min_ = 12;
             c.sync_.active = true;
             c.take_snapshot(12);
         }},
        {"snapshot-decided",
         [](Core& c) {
             c.commit_min_ = 12;
             c.decided_.membership.began_at = 13;
             c.take_snapshot(12);
         }},
        {"checkpoint-id",
         [](Core& c) {
             c.checkpointing_ = c.superblock_.durable_.checkpoint_op = 12;
             c.superblock_.durable_.checkpoint_id = {1, 2};
             c.checkpoint_storing_ = true;
             c.settle_checkpoint();
         }},
        {"want-checkpoint-op",
         [](Core& c) {
             c.checkpointing_ = 12;
             c.want_checkpoint();
         }},
        {"checkpoint-named",
         [](Core& c) {
             c.checkpointing_ = 12;
             c.checkpoint_storing_ = true;
             c.settle_checkpoint();
         }},
        {"want-checkpoint-whole", [](Core& c) { c.want_checkpoint(); }},
        {"want-checkpoint-area",
         [](Core& c) {
             c.snapshots_.whole_ = true;
             c.want_checkpoint();
         }},
    };
}

std::vector<EntryProbe::Case> EntryProbe::of_checkpoints() {
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

TEST_CASE("What functions of the core require of snapshots is noticed", "[replica_core]") {
    EntryProbe::each(EntryProbe::of_snapshots());
    EntryProbe::each(EntryProbe::of_taking());
    EntryProbe::each(EntryProbe::of_checkpoints());
}

} // namespace faultlab::replica
