// Somebody between the replicas who has not the key: the frames are those of real connections.

#include "simulator/scenarios/families.hpp"
#include "simulator/sealed_links.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

namespace faultlab::simulator {
namespace {

using replica::AuthReject;
using replica::Forgery;
using replica::ForgeryEntry;

const ForgeryEntry& entry(Forgery forgery) {
    return replica::forgeries()[static_cast<std::size_t>(forgery)];
}

/// Puts authenticated connections under all messages, and now and then forges those of one replica;
/// or gives it another key for a while.
class Stranger : public Stage::Program {
public:
    explicit Stranger(Stage& stage)
        : stage_(&stage),
          links_(stage.world().limits().message_bytes, Rng(stage.rng().next()).split("links")) {
        stage.network().guard([this](const Packet& packet) { return passes(packet); });
    }

    void forge(Forgery forgery) {
        forgery_ = forgery;
        wait();
    }

    void heal() override {
        if (victim_ != no_replica) links_.set_wrong_key(now(), victim_, false);
        victim_ = no_replica;
    }

private:
    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(1, 8));
        stage_->after_commits(commits, [this] { begin(); });
    }

    void begin() {
        const ForgeryEntry& what = entry(forgery_);
        victim_ = stage_->any_voter();
        permille_ = static_cast<std::uint64_t>(stage_->rng().between(5, 500));
        const FaultId fault =
            stage_->begin({.kind = what.name,
                           .summary = fmt::format("n{}: {}", victim_, what.summary),
                           .targets = {victim_},
                           .gauge_name = "frames_refused",
                           .gauge = [this] { return links_.refused(entry(forgery_).refused_as); }});
        const std::uint64_t before = links_.refused(what.refused_as);
        const bool leads = stage_->world().primary() == victim_;
        if (forgery_ == Forgery::WrongKey) links_.set_wrong_key(now(), victim_, true);
        stage_->later(stage_->patience() / 2, 4 * stage_->patience(), [this, fault, before, leads] {
            const ForgeryEntry& done = entry(forgery_);
            heal();
            stage_->end(fault);
            const std::uint64_t refused = links_.refused(done.refused_as) - before;
            stage_->count(fmt::format("refused.{}", done.name), refused);
            if (leads) stage_->count("refused.of_primary", refused);
            wait();
        });
    }

    [[nodiscard]] Nanos now() const { return stage_->world().now(); }

    bool passes(const Packet& packet) {
        const bool frame = packet.from == victim_ && forgery_ != Forgery::WrongKey &&
                           stage_->rng().chance(permille_, 1000);
        const bool came =
            links_.carry(now(), packet, frame ? std::optional(forgery_) : std::nullopt);
        if (came && frame)
            stage_->world().violate(
                "A9", static_cast<ReplicaId>(packet.to), "takes a forged message");
        return came;
    }

    Stage* stage_;
    SealedLinks links_;
    Forgery forgery_ = Forgery::Forged;
    ReplicaId victim_ = no_replica; ///< no_replica: nobody is in the way
    std::uint64_t permille_ = 0;
};

template <Forgery forgery>
void play_forgery(Stage& stage) {
    stage.keep<Stranger>().forge(forgery);
}

constexpr std::array forged_proofs = {
    Proof{"refused.forged", 200, "frames with other content are refused as forged"},
    Proof{"refused.of_primary", 20, "also those of a primary"}};
constexpr std::array tampered_proofs = {
    Proof{"refused.tampered", 200, "frames with a flipped bit are refused as tampered with"},
    Proof{"refused.of_primary", 20, "also those of a primary"}};
constexpr std::array unsigned_proofs = {
    Proof{"refused.unsigned", 200, "frames without an authenticator are refused as unsigned"},
    Proof{"refused.of_primary", 20, "also those of a primary"}};
constexpr std::array wrong_key_proofs = {
    Proof{"refused.wrong-key", 200, "connections of one with another key are refused"},
    Proof{"refused.of_primary", 20, "also those of a primary"},
    Proof{counter::views, 50, "which the others replace"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC72",
             .name = "forged-frames",
             .summary = "what one replica sends is replaced by who has not the key",
             .prepare = only_its_own_faults,
             .play = play_forgery<Forgery::Forged>,
             .proofs = forged_proofs},
    Scenario{.id = "SC73",
             .name = "tampered-frames",
             .summary = "bits of what one replica sends flip under its authenticator",
             .prepare = only_its_own_faults,
             .play = play_forgery<Forgery::Tampered>,
             .proofs = tampered_proofs},
    Scenario{.id = "SC74",
             .name = "unsigned-frames",
             .summary = "what one replica sends comes without an authenticator",
             .prepare = only_its_own_faults,
             .play = play_forgery<Forgery::Unsigned>,
             .proofs = unsigned_proofs},
    Scenario{.id = "SC75",
             .name = "wrong-key",
             .summary = "one replica has another key for a while",
             .prepare = only_its_own_faults,
             .play = play_forgery<Forgery::WrongKey>,
             .proofs = wrong_key_proofs}};

} // namespace

std::span<const Scenario> stranger_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
