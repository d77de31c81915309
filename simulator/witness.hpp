#pragma once

#include "simulator/script.hpp"
#include "simulator/stage.hpp"
#include "simulator/world.hpp"
#include "simulator/wrongs.hpp"

#include <array>
#include <map>
#include <set>
#include <vector>

namespace faultlab::simulator {

/// Watches what is done to a world, whoever does it, and writes it down as a script that does the
/// same. It looks at the world after everything that happens, and compares: nobody who breaks
/// something has to tell, but for who lies. Draws nothing. Owned by one thread.
class Witness {
public:
    /// After everything that happened.
    void look(const World& world, const Stage& stage);
    /// What was done until now, what was told (null: no lies), and what clients asked for.
    [[nodiscard]] Script script(const World& world, const Lies* lies) const;

private:
    struct Node {
        World::Machine machine;
        std::uint64_t power_cuts = 0;
        std::uint64_t wipes = 0;
        std::size_t rotten = 0;
        std::optional<Strike> down; ///< since when, and how
    };

    void look_at_rules(const World& world);
    void look_at_process(const World& world, const Stage& stage, ReplicaId id);
    void look_at_rot(const World& world, ReplicaId id);
    void compare(Nanos now);
    void add(const Wrong& wrong, Nanos at, Nanos until);

    Nanos at_ = 0;   ///< when what is seen now was done
    Checksum chain_; ///< of the world, when it was looked at last
    std::set<Wrong> now_;
    std::map<Wrong, Nanos> since_;
    std::map<Network::RuleId, Strike> rules_;
    std::array<Node, max_replica_id + 1> nodes_{};
    std::vector<std::uint64_t> restarts_; ///< of clients
    std::size_t deaths_ = 0;              ///< of the stage, that were seen
    std::vector<Strike> strikes_;         ///< that are over
};

} // namespace faultlab::simulator
