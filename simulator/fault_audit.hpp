#pragma once

#include "simulator/audits.hpp"
#include "simulator/wrongs.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace faultlab::simulator {

/// Holds who breaks something to what is written down: once a fault is said to be undone, what it
/// broke is whole again, unless another fault holds it broken (audit heals). It compares what is
/// wrong with the world before a fault, after it and after its end; nobody who breaks something has
/// to tell. Owned by one thread; outlives the world's events.
class FaultAudit {
public:
    explicit FaultAudit(World& world) : world_(&world) {}

    /// What breaks something may still be on its way within this step; likewise what heals it.
    void began(FaultId fault, const std::string& summary);
    void ended(FaultId fault);

private:
    struct Active {
        std::string summary;
        std::set<Wrong> before;
        std::set<Wrong> broke;
    };

    void look_later();
    void note_broken(const std::set<Wrong>& now);
    void look();
    [[nodiscard]] std::set<Wrong> wrong_now() const;

    World* world_;
    std::map<FaultId, Active> active_;
    std::vector<FaultId> began_; ///< in this step
    std::vector<FaultId> ended_; ///< likewise
    bool looks_ = false;         ///< at the end of it
};

} // namespace faultlab::simulator
