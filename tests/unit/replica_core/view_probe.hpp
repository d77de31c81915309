#pragma once

#include "replica/core/core.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/trips.hpp"
#include "tests/unit/replica_core/bench.hpp"
#include "tests/unit/replica_core/entry_probe.hpp"

#include <functional>

namespace faultlab::replica {

/// What must be so in the midst of a change of view or epoch, an installation, a recovery or a
/// synchronisation: it is broken from inside, on a backup with three entries, one of them executed.
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

    static void lead(Core& core) { core.view_ = core.log_view_ = View::of(0, 1); }
    static void execute_second(Core& core, const Operation& operation) {
        Header entry;
        entry.op = core.commit_min_ + 1;
        (void)core.execute_reconfiguration(entry, encode(operation), core.result_);
    }

    // --- view_assertions_test.cpp
    static std::vector<Case> of_views();
    static std::vector<Case> of_choices();
    static std::vector<Case> of_votes();
    static std::vector<Case> of_starts();
    static std::vector<Case> of_layouts();
    static std::vector<Case> of_members();
    static std::vector<Case> of_decisions();
    static std::vector<Case> of_epochs();

    // --- fetch_assertions_test.cpp
    static std::vector<Case> of_installs();
    static std::vector<Case> of_drops();
    static std::vector<Case> of_ends();
    static std::vector<Case> of_recovery();
    static std::vector<Case> of_recoveries();
    static std::vector<Case> of_syncs();
    static std::vector<Case> of_donors();
    static std::vector<Case> of_taking_up();

    static void each(const std::vector<Case>& cases) { EntryProbe::each(cases); }
};

} // namespace faultlab::replica
