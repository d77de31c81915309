#pragma once

#include "core/rng.hpp"
#include "simulator/names.hpp"
#include "simulator/simbugs.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string_view>
#include <vector>

namespace faultlab::simulator {

/// Who sends and receives: replicas are their id, clients are client_base + their index.
using Endpoint = std::uint32_t;
constexpr Endpoint client_base = 16;
constexpr Endpoint endpoints_most = 64;
[[nodiscard]] constexpr bool is_client(Endpoint endpoint) {
    return endpoint >= client_base;
}

/// A message on its way, with bytes of its own.
struct Packet {
    Endpoint from = 0;
    Endpoint to = 0;
    Header header;
    std::vector<std::byte> body;
    bool lie = false; ///< something else than its sender made
    /// Of a lie: the rule that who does not refuse it breaks; empty: it may be believed.
    std::string_view refused_by = {};
};

struct NetworkOptions {
    Nanos delay_min = 100'000;
    Nanos delay_max = 1'000'000;
    std::uint32_t loss_permille = 0;
    std::uint32_t duplicate_permille = 0;
    bool reorder = false; ///< false: first in, first out on each link
    friend bool operator==(const NetworkOptions&, const NetworkOptions&) = default;
};

/// What became of packets so far.
struct PacketCounts {
    std::uint64_t sent = 0;
    std::uint64_t cut = 0;  ///< lost to a cut
    std::uint64_t lost = 0; ///< lost by chance
    std::uint64_t duplicated = 0;
    std::uint64_t overtaking = 0;        ///< arrive before one that was sent earlier on their link
    std::uint64_t replayed = 0;          ///< sent again by a rule
    std::uint64_t offered = 0;           ///< to links that were whole
    std::uint64_t loss_due_permille = 0; ///< the chance of each to be lost, summed up
};

/// What is wrong with one link between replicas.
struct LinkTrouble {
    std::uint32_t loss_permille = 0;
    Nanos delay = 0; ///< more than otherwise
    friend bool operator==(const LinkTrouble&, const LinkTrouble&) = default;
};

/// Which packets a rule is about.
using Match = std::function<bool(const Packet&)>;
/// Changes a packet on its way.
using Mutator = std::function<void(Packet&)>;
/// What is sent in the place of a packet.
using Replacement = std::function<std::vector<Packet>(const Packet&)>;

/// Links between endpoints: delay, loss, cuts, and rules that tests set on single messages. Decides
/// what becomes of a packet; its owner schedules the deliveries.
class Network {
public:
    using RuleId = std::uint32_t;
    /// Schedules the arrival of a packet.
    using Deliver = std::function<void(Nanos delay, Packet&& packet)>;

    /// `planted` outlives it; null: no mistake is.
    Network(const NetworkOptions& options, Rng rng, Deliver deliver, Planted* planted = nullptr);

    /// What the replica or client asked for.
    void send(Nanos now, Packet&& packet);
    [[nodiscard]] bool connected(Endpoint from, Endpoint to) const {
        return (cut_[from] >> to & 1U) == 0;
    }
    /// Whether a packet that arrives now arrives at all: a cut also loses what is under way.
    bool arrives(const Packet& packet);
    /// Every packet that arrives passes `gate` first, which may lose it: what stands between the
    /// stream of bytes and the protocol. Stays when all is healed.
    void guard(Match gate) { gate_ = std::move(gate); }
    [[nodiscard]] const PacketCounts& counts() const { return counts_; }

    [[nodiscard]] NetworkOptions& options() { return options_; }
    [[nodiscard]] const NetworkOptions& options() const { return options_; }

    // --- cuts
    void cut_one_way(Endpoint from, Endpoint to) { cut_[from] |= std::uint64_t{1} << to; }
    void cut(Endpoint a, Endpoint b);
    /// Cuts between every member of one side and every one of the other.
    void cut(std::span<const Endpoint> side, std::span<const Endpoint> other);
    /// When all that is under way now has arrived.
    [[nodiscard]] Nanos busy_until() const;
    void heal_cuts() { cut_.fill(0); }
    void heal(Endpoint a, Endpoint b);

    // --- links between replicas that are bad
    void trouble(ReplicaId from, ReplicaId to, const LinkTrouble& trouble) {
        links_.at(from).at(to) = trouble;
    }
    [[nodiscard]] const LinkTrouble& trouble(ReplicaId from, ReplicaId to) const {
        return links_.at(from).at(to);
    }
    void heal_links() { links_ = {}; }

    /// Ends everything that is wrong: the network is as `calm` from now on.
    void heal(const NetworkOptions& calm);

    // --- rules: the first that matches decides
    RuleId drop_if(Match match) { return add(Action::Drop, std::move(match), {}); }
    /// Keeps matching packets instead of sending them.
    RuleId hold_if(Match match) { return add(Action::Hold, std::move(match), {}); }
    /// Keeps a copy of matching packets, which go on as if there were no rule.
    RuleId copy_if(Match match) { return add(Action::Copy, std::move(match), {}); }
    /// `mutator` changes matching packets before they go on; see `reseal`.
    RuleId mutate_if(Match match, Mutator mutator) {
        return add(Action::Mutate, std::move(match), std::move(mutator));
    }
    /// `replacement` says what is sent instead of matching packets.
    RuleId replace_if(Match match, Replacement replacement);
    /// What a rule kept so far.
    [[nodiscard]] std::vector<Packet>& kept(RuleId rule) { return rules_.at(rule).kept; }
    /// How many packets a rule decided about, also one that has ended.
    [[nodiscard]] std::uint64_t hits(RuleId rule) const { return hits_.at(rule); }
    /// Ends a rule and sends what it kept.
    void release(RuleId rule);
    /// Ends a rule and loses what it kept.
    void remove(RuleId rule) { rules_.erase(rule); }
    void remove_rules() { rules_.clear(); }
    /// Sends what a rule kept once more, and keeps it.
    void replay(RuleId rule);

    enum class Action : std::uint8_t { Drop, Hold, Copy, Mutate, Replace };
    /// What kind of packets a rule has decided about.
    struct Decided {
        Endpoint from = 0;
        Endpoint to = 0;
        Command command = Command::None;
        friend auto operator<=>(const Decided&, const Decided&) = default;
    };
    struct Rule {
        Action action = Action::Drop;
        Match match;
        Mutator mutator;
        Replacement replacement = {};
        std::vector<Packet> kept = {};
        std::map<Decided, std::uint64_t> decided = {}; ///< and how many of them
    };
    /// Those that are in force.
    [[nodiscard]] const std::map<RuleId, Rule>& rules() const { return rules_; }

private:
    RuleId add(Action action, Match match, Mutator mutator);
    void transmit(Nanos now, Packet&& packet);
    /// Whether a packet that leaves or arrives now gets through.
    [[nodiscard]] bool passes(const Packet& packet);
    /// Draws whether chance takes it.
    bool loses(std::uint32_t permille);
    void deliver(Nanos now, Packet&& packet, Nanos more);

    NetworkOptions options_;
    Rng rng_;
    Deliver deliver_;
    Planted* planted_;
    std::array<std::uint64_t, endpoints_most> cut_{}; ///< by sender: bits of whom it cannot reach
    std::array<std::array<Nanos, endpoints_most>, endpoints_most> last_arrival_{};
    std::array<std::array<LinkTrouble, client_base>, client_base> links_{};
    PacketCounts counts_;
    std::map<RuleId, Rule> rules_;
    std::vector<std::uint64_t> hits_; ///< by rule
    Match gate_;                      ///< empty: all pass
};

/// Makes the checksums of a changed packet fit its bytes again.
void reseal(Packet& packet);

// Predicates that tests put together.
[[nodiscard]] Match is(Command command);
[[nodiscard]] Match from(Endpoint endpoint);
[[nodiscard]] Match to(Endpoint endpoint);
[[nodiscard]] Match operator&&(Match a, Match b);
[[nodiscard]] Match operator||(Match a, Match b);

} // namespace faultlab::simulator
