// Effect     Syncs fail with EIO. As Linux has it, the pages that they should have written are
//            clean afterwards, though the disk does not have them: no later sync covers them, and
//            when they leave the page cache they are gone (Rebello et al., "Can Applications
//            Recover from fsync Failures?", 2020). Then, unless it is not wanted, the replicas
//            crash.
// Mechanism  The file system over the data directory fails the calls and remembers what the disk
//            has. Once a sync has failed on each disk, the replicas are killed, and the pages leave
//            the cache.
// Undo       The rule is taken away, pages that are still lost leave the cache with a restart, and
//            replicas that do not run are started.
// Needs      FUSE; processes that the lab has started.
#include "nemesis/catalogue.hpp"
#include "nemesis/disk.hpp"
#include "nemesis/parameters.hpp"

#include <fmt/format.h>

#include <csignal>

namespace faultlab {
namespace {

class FsyncError final : public disk::RuleNemesis {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {
            {.name = "nth",
             .fallback = "0",
             .help = "the sync of a file that fails; 0: the next of any file"},
            {.name = "times",
             .fallback = "12",
             .help = "how many syncs fail on each disk, one after the other; 0: all"},
            {.name = "lost",
             .fallback = "later",
             .choices = {"later", "now", "never"},
             .help =
                 "when the pages leave the cache: with a restart, at once (as btrfs has it), or "
                 "never: they were written"},
            {.name = "crash",
             .fallback = "on",
             .choices = {"on", "off"},
             .help = "on: once a sync has failed on each disk, the replicas are killed; off: those "
                     "that still run go on until the end of the fault"},
            {.name = "path",
             .fallback = "",
             .help = "files it hits, below the data directory, as in *wal*; empty: all"},
        };
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        FAULTLAB_TRY(Fault fault, RuleNemesis::resolve(spec, view));
        fault.params["crash"] = text_of(spec.params, "crash");
        return fault;
    }

    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        FAULTLAB_DO(RuleNemesis::inject(fault, target));
        if (text_of(fault.params, "crash") != "on") return {};
        for (const NodeId node : fault.targets) {
            FAULTLAB_DO(
                disk::order(target.node_host(node),
                            {{"order", "await-hit"}, {"id", fault.id}, {"limit", longest_wait}}));
        }
        return crash(fault.targets, target);
    }

protected:
    [[nodiscard]] Result<How> how(const FaultSpec& spec) const override {
        How how{.rule = {{"fault", "sync-fails"}, {"ops", Value::List{"sync"}}}, .what = {}};
        FAULTLAB_DO(disk::read_where(spec, how.rule));
        const std::string lost = text_of(spec.params, "lost");
        how.rule["lost"] = lost;
        how.what = fmt::format("fsync{} fails, what it covers is {}",
                               disk::where_text(spec),
                               lost == "never" ? "kept" : "lost");
        return how;
    }
    [[nodiscard]] disk::Bearable bearable() const override { return disk::Bearable::crash; }
    [[nodiscard]] bool tracks() const override { return true; }

    Result<void> before_heal(const std::vector<NodeId>& nodes, FaultTarget& target) const override {
        // All at once: a replica that lives could give another back what it has lost.
        std::vector<NodeId> losers;
        for (const NodeId node : nodes) {
            FAULTLAB_TRY(const disk::Report disk, disk::report(target.node_host(node)));
            if (disk.lost > 0) losers.push_back(node);
        }
        return crash(losers, target);
    }

private:
    /// A replica that finds no reason to sync is killed all the same.
    static constexpr Nanos longest_wait = 2 * second;

    static Result<void> crash(const std::vector<NodeId>& nodes, FaultTarget& target) {
        for (const NodeId node : nodes)
            FAULTLAB_DO(target.signal_node(node, SIGKILL));
        for (const NodeId node : nodes)
            FAULTLAB_DO(target.kill_node(node));
        for (const NodeId node : nodes)
            FAULTLAB_DO(disk::order(target.node_host(node), {{"order", "drop"}}));
        return {};
    }
};

} // namespace

std::unique_ptr<Nemesis> make_fsync_error() {
    return std::make_unique<FsyncError>();
}

} // namespace faultlab
