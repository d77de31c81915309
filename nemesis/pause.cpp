// Effect     Some replicas do nothing for a while and do not know it, as in a long garbage
//            collection or a stopped virtual machine: connections stay open, leases run out.
// Mechanism  SIGSTOP to the process groups of the replica, then its host says that they stopped.
// Undo       SIGCONT: the nodes are stored.
// Needs      Processes that the lab has started.
#include "core/nemesis.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/processes.hpp"

#include <csignal>

namespace faultlab {
namespace {

constexpr const char* undo_name = "resume";

bool proves(EvidencePhase phase, ProcessState state) {
    switch (phase) {
        case EvidencePhase::before: return false;
        case EvidencePhase::during: return state == ProcessState::stopped;
        // A replica that died of its pause is not paused any more; its death is recorded elsewhere.
        case EvidencePhase::after: return state != ProcessState::stopped;
    }
    return false;
}

class Pause final : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override { return {"process"}; }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        draw_process_target(rng, nodes, spec);
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        return resolve_processes(spec, view, "paused", undo_name);
    }

    [[nodiscard]] FaultSpec exact(const Fault& fault, const FaultSpec& spec) const override {
        return exact_processes(fault, spec);
    }

    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        for (const NodeId node : fault.targets)
            FAULTLAB_DO(target.signal_node(node, SIGSTOP));
        for (const NodeId node : fault.targets)
            FAULTLAB_DO(await_node_state(target, node, ProcessState::stopped));
        return {};
    }

    Result<void> heal(const Fault& fault, FaultTarget& target) const override {
        return on_all(stored_nodes(fault, undo_name),
                      [&](NodeId node) { return resume_node(target, node); });
    }

    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        return probe_processes(fault.targets, target, phase, proves);
    }
};

} // namespace

std::unique_ptr<Nemesis> make_pause() {
    return std::make_unique<Pause>();
}

} // namespace faultlab
