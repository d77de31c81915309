#pragma once

#include "replica/wire/mutators.hpp"
#include "simulator/stage.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace faultlab::simulator {

/// One change that is made to messages for a while.
struct Lie {
    Nanos at = 0;
    Nanos until = std::numeric_limits<Nanos>::max();
    std::vector<replica::Mutation> changes; ///< one after the other
    /// A condition (lie_conditions.hpp) that has to hold for a message to be changed; empty: none.
    std::string_view when = {};
    /// The rule by which every receiver that listens can know that it is a lie: then one that does
    /// not refuse it at once, or asks for more because of it, or is another when it has refused a
    /// vote, breaks that rule. Empty: it may be believed. Outlives the world's events.
    std::string_view refused_by = {};
    bool truth_first = false; ///< the message goes as it is, and then changed
    std::uint64_t told = 0;   ///< messages that were changed
};

/// What one replica says in place of what it made, without its knowledge: changes its messages for
/// those who decide which, and holds whoever hears a lie to the rule by which it is one. Keeps all
/// that was said, so that it can be told again. Owned by its stage.
class Lies {
public:
    using Id = std::size_t;

    /// A message of the liar to a replica.
    struct Said {
        Nanos at = 0;
        ReplicaId to = no_replica;
        Command command = Command::None;
        std::optional<Id> lie; ///< that was tried last
        bool changed = false;  ///< by it
    };

    Lies(Stage& stage, ReplicaId liar);

    [[nodiscard]] ReplicaId liar() const { return liar_; }
    /// Requires: there is such a condition.
    Id begin(Lie lie);
    void end(Id lie);
    /// What is sent in the place of a message that the liar sends now; nothing where this lie finds
    /// nothing to change, or its condition does not hold. Requires: it is called while the network
    /// decides about that message.
    [[nodiscard]] std::optional<std::vector<Packet>> tell(Id lie, const Packet& packet);

    /// To whom a false checkpoint is handed out (false_checkpoint.hpp).
    void false_checkpoint_to(std::set<ReplicaId> receivers) { receivers_ = std::move(receivers); }
    [[nodiscard]] const std::set<ReplicaId>& false_checkpoint_to() const { return receivers_; }

    /// In the order in which they began.
    [[nodiscard]] const std::vector<Lie>& all() const { return all_; }
    /// In the order in which it was sent.
    [[nodiscard]] const std::vector<Said>& said() const { return said_; }

private:
    void sent(const Packet& packet);
    void heard(ReplicaId id, const Packet& packet);
    [[nodiscard]] std::vector<Header> own_log() const;

    Stage* stage_;
    ReplicaId liar_;
    std::vector<Lie> all_;
    std::vector<Said> said_;
    std::set<ReplicaId> receivers_; ///< of a false checkpoint
    // Messages of the liar with a body: the one that is sent now, and the last before it.
    std::optional<replica::OwnedMessage> last_;
    std::optional<replica::OwnedMessage> earlier_;
    std::uint64_t refused_ = 0;       ///< messages of the liar
    ReplicaId refusing_ = no_replica; ///< who should refuse the message of this step
    std::string_view rule_;           ///< and by which rule
};

} // namespace faultlab::simulator
