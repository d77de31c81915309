#pragma once

#include "replica/wire/mutators.hpp"
#include "simulator/stage.hpp"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace faultlab::simulator {

/// What is done so that a liar has something to say.
enum class Occasion : std::uint8_t {
    None,
    NewView,     ///< the primary is cut off, or becomes mute
    Succession,  ///< likewise, until the liar replaces one that is mute
    Gap,         ///< another replica misses entries
    OwnGap,      ///< the liar itself misses some
    OwnAbsence,  ///< the liar is away, so long that it may need a snapshot
    GapThenView, ///< another one misses entries, and then the primary is cut off
};

/// Something that is told for a while.
struct Story {
    std::string_view name; ///< counter "told.NAME": how often a replica heard it
    /// How messages are changed this time; `from` and `to` are the program's.
    std::vector<replica::MutationRule> (*draw)(Rng& rng);
    Occasion occasion = Occasion::None;
    bool each_anew = false; ///< it is drawn for each message
    /// The rule by which every receiver that listens can know that it is a lie: then one that does
    /// not refuse it at once, or asks for more because of it, breaks that rule. Empty: it may be
    /// believed.
    std::string_view refused_by = {};
    /// More that has to hold for a message to be changed; null: nothing.
    bool (*when)(const World& world, const Packet& packet) = nullptr;
};

/// Changes what one replica sends, always the same one and without its knowledge, now and then and
/// each time by one of some stories. Whoever has halted is started again.
class Liar : public Stage::Program {
public:
    explicit Liar(Stage& stage);

    /// The stories live as long as the stage. `bad_disk`: the liar is one whose disk may be bad,
    /// and entries of its log rot as well.
    void tell(std::span<const Story> stories, bool bad_disk = false);

private:
    void wait();
    void begin();
    void end();
    void heard(ReplicaId id, const Packet& packet);
    void provoke(Occasion occasion);
    void miss_entries(ReplicaId id, Nanos least, Nanos most);
    void leave_behind(ReplicaId id);
    void replace_primary(bool mute);
    void succeed();
    [[nodiscard]] bool concerns(const Packet& packet);
    [[nodiscard]] std::vector<Packet> instead(const Packet& packet);
    [[nodiscard]] std::vector<Header> own_log() const;

    Stage* stage_;
    std::span<const Story> stories_;
    bool bad_disk_ = false;
    ReplicaId liar_ = no_replica;
    const Story* story_ = nullptr; ///< null: it tells the truth
    std::vector<replica::MutationRule> rules_;
    const replica::MutationRule* applies_ = nullptr; ///< to the packet that is matched now
    Network::RuleId rule_ = 0;
    FaultId fault_ = 0;
    std::uint64_t told_ = 0;
    std::uint64_t refused_ = 0;       ///< messages of the liar
    ReplicaId refusing_ = no_replica; ///< who should refuse the message of this step
    std::optional<replica::OwnedMessage> earlier_;
    struct Mute {
        ReplicaId id = no_replica;
        FaultId fault = 0;
    };
    std::optional<Mute> mute_; ///< the primary that was replaced
};

} // namespace faultlab::simulator
