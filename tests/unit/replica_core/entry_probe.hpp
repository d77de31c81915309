#pragma once

#include "replica/core/core.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/trips.hpp"
#include "tests/unit/replica_core/bench.hpp"

#include <functional>

namespace faultlab::replica {

/// What the functions of the core require where they begin: each is called once when it is not so,
/// on a backup with three entries of which one is executed.
struct EntryProbe {
    using Core = Replica::Core;
    using Then = Core::Then;
    using Case = Breach<Core>;

    static Header own(const Core& core) {
        Header header;
        header.replica = core.config_.self;
        return header;
    }
    static void lead(Core& core) { core.view_ = core.log_view_ = View::of(0, 1); }
    /// Starts again from a superblock that differs so from the one on the disk.
    static void start_from(Core& core, const std::function<void(Superblock&)>& differs) {
        Superblock found = core.durable();
        differs(found);
        found.checksum = checksum_of(found);
        std::vector<std::byte> zone(superblock_copies * superblock_bytes);
        lay_out(found, zone);
        core.boot_ = Core::BootStage::Superblock;
        core.superblock_.wanted_ticket_ = 0;
        core.on_superblock_read(IoDone{.id = 1, .bytes = zone});
    }
    /// A snapshot of the first entry in memory, of which only this is there.
    static void snapshot(Core& core, const Membership& decided, std::uint32_t release) {
        SnapshotWriter out(core.snapshots_.begin_image());
        out.put(decided);
        out.put(release);
        ManifestHead head;
        head.entry = *core.journal_.header(1);
        head.bytes = out.size();
        core.snapshots_.write(head, 1, core.next_io_, *core.effects_);
    }
    /// From a snapshot of the state as it is, with another digest.
    static void restore(Core& core, const Checksum& digest) {
        SnapshotWriter out(core.snapshots_.begin_image());
        out.put(core.decided_.membership);
        out.put(core.decided_.release);
        core.save_sessions(out);
        core.state_.save(out);
        ManifestHead head;
        head.entry = *core.journal_.header(1);
        head.bytes = out.size();
        head.digest = digest;
        core.snapshots_.write(head, 1, core.next_io_, *core.effects_);
        core.wanted_.checkpoint_op = 1;
        core.wanted_.checkpoint_id = core.snapshots_.id();
        (void)core.restore_state();
    }
    static Message reading() {
        static const std::vector<std::byte> body =
            encode({.code = OpCode::Read, .key = std::int64_t{1}});
        return Message{.header = {}, .body = body};
    }
    static Core::Install wanted(const Core& core, Op op) {
        Core::Install wanted;
        wanted.view = core.view_;
        wanted.op = op;
        return wanted;
    }

    // --- entry_assertions_test.cpp
    static std::vector<Case> of_start();
    static std::vector<Case> of_boot();
    static std::vector<Case> of_resuming();
    static std::vector<Case> of_steps();
    static std::vector<Case> of_clients();
    static std::vector<Case> of_installs();
    static std::vector<Case> of_work();
    static std::vector<Case> of_repair();

    // --- checkpoint_assertions_test.cpp
    static std::vector<Case> of_snapshots();
    static std::vector<Case> of_taking();
    static std::vector<Case> of_checkpoints();

    /// A backup with three entries of which one is executed, as its core.
    class Backup {
    public:
        Backup() {
            bench_.receive_three();
            bench_.replica->core_->effects_ = &bench_;
        }
        operator Core&() { return *bench_.replica->core_; }

    private:
        Bench bench_{2};
    };

    static void each(const std::vector<Case>& cases) {
        check_breaches([] { return Backup(); }, cases);
    }
};

} // namespace faultlab::replica
