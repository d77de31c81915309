#pragma once

#include "core/cluster_view.hpp"
#include "core/fault.hpp"
#include "core/host.hpp"
#include "core/nemesis.hpp"
#include "core/options.hpp"
#include "core/result.hpp"
#include "core/rng.hpp"
#include "core/types.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// What the faults of disks have in common: a file system of the lab over the data directory of
/// each replica, from before its first start until its host ends, which goes wrong as it is told
/// (nemesis/node/disk.cpp).
namespace faultlab::disk {

/// The helper of that file system, on each host.
inline constexpr const char* helper = "disk";
/// Of the nodes that a fault hits, in `undo`.
inline constexpr const char* undo_nodes = "nodes";

/// Mounts it, unless it is there. `track`: it remembers what is unsynced, from now on.
Result<void> prepare(Host& host, bool track);

/// Gives an order, {"order":…}. An error when there is no disk, or it does not obey.
Result<void> order(Host& host, const Params& words);
/// The same, as text.
Result<void> say(Host& host, const std::string& words);
/// An order with a rule in it, as `rule_text` has it.
Result<void> add_rule(Host& host, const std::string& rule);

/// What a disk says of itself.
struct Report {
    struct Rule {
        bool active = false;
        std::int64_t hit = 0;   ///< calls
        std::int64_t delay = 0; ///< nanoseconds in sum
    };
    std::string power;          ///< "on", "cut", "off"
    std::int64_t lost = 0;      ///< pages that failed syncs have left behind
    std::int64_t cut_pages = 0; ///< that the last cut has taken
    std::int64_t cut_names = 0; ///< changes of names that it has undone
    std::int64_t now = 0;       ///< the host's clock
    std::map<std::int64_t, Rule> rules;
};
Result<Report> report(Host& host);

/// A moment soon, by the clock of the first of the nodes, so that a fault can begin on all of them
/// at once; 0, which is at once, for one node.
Result<Nanos> common_moment(const std::vector<NodeId>& nodes, FaultTarget& target);

/// Kills what runs on a disk that cannot be talked to, and mounts it anew. No error and nothing
/// done where it can.
Result<void> mend(NodeId node, FaultTarget& target, bool track);

// --- pure ----------------------------------------------------------------------------------------

/// How much a cluster can bear of a fault, which decides whom it hits when nobody says.
enum class Bearable : std::uint8_t {
    everywhere, ///< correct systems wait, or stop, and lose nothing
    crash,      ///< as a crash of all: hits all of them mostly, since anything less hides mistakes
    minority,   ///< lies of a disk: whoever keeps data on a majority bears them in a minority
};
void draw_target(Bearable bearable, Rng& rng, std::int32_t nodes, FaultSpec& spec);

/// The seed of a fault, as a number that every reader of JSON takes.
[[nodiscard]] std::int64_t json_seed(const FaultSpec& spec);
/// {"id":7,…} of the fields, on one line.
[[nodiscard]] std::string rule_text(const Params& fields);

/// The options `path` and, with `chance`, `chance`, `nth` and `times`.
[[nodiscard]] std::vector<OptionSpec> where_options(bool chance, std::string fallback_chance = {});
/// The option `restart`, of faults that only a replica notices that reads what it keeps: with "on"
/// it is killed and started as the fault begins.
[[nodiscard]] OptionSpec restart_option();
/// Reads them into fields of a rule.
Result<void> read_where(const FaultSpec& spec, Params& rule);
/// "read,write" as a list of texts. A word that is not among the choices is a usage error.
Result<Value::List> read_ops(const FaultSpec& spec, const std::vector<std::string>& choices);
/// " of *.wal" for summaries; nothing when all files are meant.
[[nodiscard]] std::string where_text(const FaultSpec& spec);

/// The nodes of the spec, whether they run or not; `what` makes the summary, "n1 n3: {what}
/// (leader)". Pure.
Result<Fault> resolve(const FaultSpec& spec, const ClusterView& view, const std::string& what);

/// A fault that is one rule on the disks of its nodes.
class RuleNemesis : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override { return {"fuse"}; }
    Result<void> prepare(Host& host) const override { return disk::prepare(host, tracks()); }
    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override;
    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override;
    [[nodiscard]] FaultSpec exact(const Fault& fault, const FaultSpec& spec) const override;
    Result<void> inject(const Fault& fault, FaultTarget& target) const override;
    Result<void> heal(const Fault& fault, FaultTarget& target) const override;
    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override;

protected:
    /// What the rule does, and how it is told to people: "disk writes 50 ms slower".
    struct How {
        Params rule;
        std::string what;
    };
    [[nodiscard]] virtual Result<How> how(const FaultSpec& spec) const = 0;
    [[nodiscard]] virtual Bearable bearable() const = 0;
    /// It needs to know what is unsynced, or what was there before.
    [[nodiscard]] virtual bool tracks() const { return false; }
    /// Before the rule is taken away.
    virtual Result<void> before_heal(const std::vector<NodeId>& /*nodes*/,
                                     FaultTarget& /*target*/) const {
        return {};
    }
};

} // namespace faultlab::disk
