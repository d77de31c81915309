#pragma once

#include "core/nemesis.hpp"

#include <string>
#include <vector>

namespace faultlab::disk {

/// A fault that cuts the power of some nodes at one moment: replicas die, and their disks lose what
/// was not synced.
class PowerNemesis : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override { return {"fuse", "process"}; }
    Result<void> prepare(Host& host) const override;
    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override;
    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override;
    [[nodiscard]] FaultSpec exact(const Fault& fault, const FaultSpec& spec) const override;
    Result<void> inject(const Fault& fault, FaultTarget& target) const override;
    Result<void> heal(const Fault& fault, FaultTarget& target) const override;
    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override;

protected:
    /// The options that its order is made of; all of them, or some.
    [[nodiscard]] static std::vector<OptionSpec> cut_options(const std::string& tear);
};

} // namespace faultlab::disk
