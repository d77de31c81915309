// Effect     Replicas are started anew one after the other, as when a new configuration is rolled
//            out: the cluster never lacks more than one for long, and every leader goes once.
// Mechanism  SIGTERM (or SIGKILL) to one replica, a start once it is gone, a pause, then the next,
//            in an order that is drawn.
// Undo       Those that do not run are started: the nodes are stored. Those whose turn has not come
//            are left alone.
// Needs      Processes that the lab has started.
#include "core/units.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/lives.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"

#include <fmt/format.h>

#include <span>

namespace faultlab {
namespace {

constexpr const char* order_name = "order";

/// The nodes in the order of their turns.
std::vector<NodeId> order_of(const Fault& fault) {
    std::vector<NodeId> order;
    for (const Value& node : *fault.params.at(order_name).list())
        order.push_back(static_cast<NodeId>(*node.integer()));
    return order;
}

class RollingRestart final : public LifeNemesis {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        std::vector<OptionSpec> options = ending_options("term");
        options.push_back({.name = "pause",
                           .fallback = "500ms",
                           .choices = {},
                           .help = "from the start of one to the end of the next"});
        return options;
    }

    void draw(Rng& /*rng*/, std::int32_t /*nodes*/, FaultSpec& spec) const override {
        if (spec.target.empty()) spec.target = "all";
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        FAULTLAB_TRY(const Ending ending, ending_parameter(spec.params));
        FAULTLAB_TRY(const Nanos pause, duration_parameter(spec.params, "pause"));
        FAULTLAB_TRY(Fault fault,
                     resolve_lives(spec,
                                   view,
                                   fmt::format("{} and started again one after the other",
                                               ending.asked ? "stopped" : "killed")));
        std::vector<NodeId> order = fault.targets;
        Rng(spec.seed).split(order_name).shuffle(std::span(order));
        fault.params[order_name] = Value::List(order.begin(), order.end());
        fault.params["pause_ns"] = pause;
        fault.params["seed"] = static_cast<std::int64_t>(spec.seed);
        store_ending(ending, fault);
        return fault;
    }

    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        FAULTLAB_DO(require_alive(fault.targets, target, "the restart"));
        return take_turn(fault, 0, target);
    }

    [[nodiscard]] std::optional<Nanos> turn_after(const Fault& fault,
                                                  std::int64_t turn) const override {
        if (turn >= static_cast<std::int64_t>(fault.targets.size())) return std::nullopt;
        return integer_of(fault.params, "pause_ns");
    }

    Result<void>
    take_turn(const Fault& fault, std::int64_t turn, FaultTarget& target) const override {
        const NodeId node = order_of(fault).at(static_cast<std::size_t>(turn));
        FAULTLAB_DO(begin_next_life({node}, stored_ending(fault), target));
        return await_node_state(target, node, ProcessState::running);
    }

    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        return probe_lives(fault, target, phase, 1);
    }
};

} // namespace

std::unique_ptr<Nemesis> make_rolling_restart() {
    return std::make_unique<RollingRestart>();
}

} // namespace faultlab
