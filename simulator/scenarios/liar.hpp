#pragma once

#include "replica/wire/mutators.hpp"
#include "simulator/lies.hpp"
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
    /// How messages are changed this time; `from` and `to` are the program's, and the original
    /// never goes too.
    std::vector<replica::MutationRule> (*draw)(Rng& rng);
    Occasion occasion = Occasion::None;
    bool each_anew = false;           ///< it is drawn for each message
    std::string_view refused_by = {}; ///< as of Lie
    std::string_view when = {};       ///< likewise
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
    void draw_lies();
    void end_lies();
    void provoke(Occasion occasion);
    void miss_entries(ReplicaId id, Nanos least, Nanos most);
    void leave_behind(ReplicaId id);
    void replace_primary(bool mute);
    void succeed();
    [[nodiscard]] bool changes(const Packet& packet);

    /// A rule of the story, and the lie by which it changes messages.
    struct Telling {
        replica::MutationRule rule;
        Lies::Id lie = 0;
    };

    Stage* stage_;
    std::span<const Story> stories_;
    bool bad_disk_ = false;
    ReplicaId liar_ = no_replica;
    Lies* lies_ = nullptr;         ///< once it is known who lies
    const Story* story_ = nullptr; ///< null: it tells the truth
    std::vector<Telling> tellings_;
    std::vector<Packet> instead_; ///< of the packet that is matched now
    Network::RuleId rule_ = 0;
    FaultId fault_ = 0;
    struct Mute {
        ReplicaId id = no_replica;
        FaultId fault = 0;
    };
    std::optional<Mute> mute_; ///< the primary that was replaced
};

} // namespace faultlab::simulator
