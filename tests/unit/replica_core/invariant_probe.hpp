#pragma once

#include "replica/core/core.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/trips.hpp"
#include "tests/unit/replica_core/bench.hpp"

#include <functional>

namespace faultlab::replica {

/// What holds between steps (core_invariants.cpp): each of it is broken once, from inside.
struct InvariantProbe {
    using Core = Replica::Core;
    using Then = Core::Then;
    using Case = Breach<Core>;

    static Core& core(Bench& bench) { return *bench.replica->core_; }

    /// What the disk is said to hold.
    static void on_disk(Core& core, const std::function<void(Superblock&)>& change) {
        change(core.superblock_.durable_);
    }
    static void install(Core& core, Op op) {
        core.status_ = Status::ViewChange;
        core.view_ = View::of(0, 1);
        core.install_ = {};
        core.install_.active = true;
        core.install_.view = core.view_;
        core.install_.log_view = core.view_;
        core.install_.op = op;
        core.install_.next = op;
        core.install_.donor = 1;
        core.install_.membership = core.membership_;
    }
    /// A vote for view 1 of replica 1, which claims its log up to op 2.
    static Core::Vote& vote(Core& core) {
        core.status_ = Status::ViewChange;
        core.view_ = View::of(0, 1); // replica 2 leads it
        Core::Vote& vote = core.votes_[0];
        vote.valid = true;
        vote.header.replica = 1;
        vote.header.view = core.view_;
        vote.header.op = 2;
        vote.header.commit = 1;
        vote.header.count = 1;
        vote.slots.resize(1);
        return vote;
    }
    static void rot(Core& core, Op op) {
        core.journal_.slots_[op].state = SlotState::Faulty;
        core.journal_.newest_faulty_ = op;
    }
    /// As if the first entry had asked for another epoch.
    static void decide_first(Core& core) {
        core.decided_.membership = core.membership_;
        core.decided_.membership.epoch = 1;
        core.decided_.membership.began_at = 1;
    }
    /// On its way to the disk is a checkpoint after op 12.
    static void write_checkpoint(Core& core) {
        core.commit_min_ = core.commit_max_ = core.checkpointing_ = 12;
        ManifestHead head;
        head.entry.op = 12;
        std::memcpy(core.snapshots_.manifest_.data(), &head, sizeof head);
        core.snapshots_.whole_ = true;
    }
    static void lead(Core& core) {
        core.view_ = core.log_view_ = View::of(0, 1);
        core.peers_[core.config_.self].acknowledged = core.told_;
    }

    // --- invariants_test.cpp
    static std::vector<Case> of_views();
    static std::vector<Case> of_log();
    static std::vector<Case> of_status();
    static std::vector<Case> of_votes();
    static std::vector<Case> of_installs();
    static std::vector<Case> of_members();
    static void between_steps();

    // --- disk_invariants_test.cpp
    static std::vector<Case> of_peers();
    static std::vector<Case> of_disk();
    static std::vector<Case> of_snapshots();
    static std::vector<Case> of_syncs();
    static std::vector<Case> of_timers();
    static void around_it();

    using Check = void (*)(const Core&);
    /// A backup with three durable entries, of which one is executed.
    static void each(const std::vector<Case>& cases, Check check) {
        for (const Case& of : cases) {
            Bench bench(2);
            bench.receive_three();
            INFO(of.id);
            Core& broken = core(bench);
            check(broken); // and before, nothing is wrong
            of.by(broken);
            CHECK(tripped_by([&] { check(broken); }) == of.id);
        }
    }
};

} // namespace faultlab::replica
