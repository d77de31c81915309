// Effect     Every process of some replicas dies at once, as in a crash of the program: no shutdown
//            code runs, what it had written to files stays with the kernel.
// Mechanism  SIGKILL to the process groups of the replica, then its host says that they are gone.
// Undo       The replica is started again on the data it has: the nodes are stored.
// Needs      Processes that the lab has started.
#include "core/host.hpp"
#include "core/nemesis.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/processes.hpp"

namespace faultlab {
namespace {

constexpr const char* undo_name = "start";

bool proves(EvidencePhase phase, ProcessState state) {
    switch (phase) {
        case EvidencePhase::before: return false;
        case EvidencePhase::during: return state == ProcessState::gone;
        case EvidencePhase::after: return state == ProcessState::running;
    }
    return false;
}

class Kill final : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override { return {"process"}; }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        draw_process_target(rng, nodes, spec);
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        return resolve_processes(spec, view, "killed", undo_name);
    }

    [[nodiscard]] FaultSpec exact(const Fault& fault, const FaultSpec& spec) const override {
        return exact_processes(fault, spec);
    }

    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        FAULTLAB_DO(require_alive(fault.targets, target, "the kill"));
        for (const NodeId node : fault.targets)
            FAULTLAB_DO(target.kill_node(node));
        for (const NodeId node : fault.targets)
            FAULTLAB_DO(await_node_state(target, node, ProcessState::gone));
        return {};
    }

    Result<void> heal(const Fault& fault, FaultTarget& target) const override {
        return on_all(stored_nodes(fault, undo_name),
                      [&](NodeId node) { return target.start_node(node); });
    }

    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        return probe_processes(fault.targets, target, phase, proves);
    }
};

} // namespace

std::unique_ptr<Nemesis> make_kill() {
    return std::make_unique<Kill>();
}

} // namespace faultlab
