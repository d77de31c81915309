// Replicas that die around an entry that changes the configuration of the store.

#include "simulator/scenarios/families.hpp"
#include "simulator/scenarios/members.hpp"

#include <array>
#include <utility>

namespace faultlab::simulator {
namespace {

// --- SC30: crashes around a change of the configuration

/// Asks for memberships, and in every other simulation first for what only a newer release can do;
/// each time somebody dies at one point of the life of the entry that says so.
class ConfigDeaths : public Members {
public:
    explicit ConfigDeaths(Stage& stage) : Members(stage) {
        stage.on_sent([this](const Packet& packet) { sent(packet); });
        stage.on(EventKind::Committed,
                 [this](ReplicaId id, const Event& event) { executed(id, event.a); });
        stage.on(EventKind::Checkpointed, [this](ReplicaId id, const Event& event) {
            if (point_ == Point::CheckpointHolds && op_ != 0 && event.a >= op_) die(id);
        });
        stage.on(EventKind::FeatureActive, [this](ReplicaId, const Event&) {
            if (!std::exchange(active_, true)) this->stage().count("activated");
        });
    }

    void start() {
        if (stage().rng().chance(1, 2)) return wait();
        stage().after_commits(2, [this] { renew(1); });
    }

private:
    enum class Point : std::uint8_t {
        None,
        NotLogged,         ///< nobody else has the entry, perhaps not even its own disk
        SentToOne,         ///< one other has it
        Acknowledging,     ///< a backup has it on its disk, and tells nobody
        PrimaryExecutes,   ///< it is committed, and only the primary knows
        BackupExecutes,    ///< a backup has just heard of it
        CheckpointWritten, ///< the first checkpoint that holds it is on its way to the disk
        CheckpointHolds,   ///< and there
    };
    static constexpr std::array names = {"none",
                                         "died_before_logging",
                                         "died_amid_prepare",
                                         "died_acknowledging",
                                         "died_executing_first",
                                         "died_executing",
                                         "died_in_checkpoint",
                                         "died_after_checkpoint"};

    // --- the release

    /// One replica after the other runs the newer one.
    void renew(ReplicaId id) {
        if (id > stage().world().size()) return ask_for_release();
        stage().world().crash(id);
        stage().world().start(id, newest_release);
        stage().later(stage().patience() / 8, stage().patience() / 2, [this, id] {
            renew(static_cast<ReplicaId>(id + 1));
        });
    }

    void ask_for_release() {
        if (active_) return wait();
        aim();
        stage().world().client(0).submit({.code = OpCode::Upgrade, .release = newest_release});
        stage().later(
            4 * stage().patience(), 8 * stage().patience(), [this] { ask_for_release(); });
    }

    // --- the entry

    void trouble(ReplicaId) override { aim(); }

    void aim() {
        point_ = static_cast<Point>(stage().rng().between(1, names.size() - 1));
        op_ = 0;
        sent_by_ = no_replica;
    }

    /// Its checkpoint may still be to come.
    void begun(ReplicaId) override {
        if (died_early_) stage().count("begun_after_all");
        died_early_ = false;
        if (point_ == Point::None) return recover();
        const Nanos enough = 10 * stage().patience();
        stage().later(0, enough, [this] { recover(); });
    }

    void sent(const Packet& packet) {
        if (point_ == Point::None) return;
        const auto id = static_cast<ReplicaId>(packet.from);
        if (point_ == Point::Acknowledging && packet.header.command == Command::PrepareOk &&
            op_ != 0 && packet.header.op >= op_)
            return die(id);
        const auto entry = config_entry(packet);
        if (!entry || entry->refused) return;
        op_ = entry->op;
        if (point_ == Point::NotLogged) return die(id);
        if (point_ != Point::SentToOne) return;
        if (sent_by_ == id) return die(id);
        sent_by_ = id;
    }

    void executed(ReplicaId id, Op op) {
        if (op_ == 0 || op < op_) return;
        const bool leads = stage().world().telemetry(id).role == Role::Primary;
        if (op == op_ && point_ == (leads ? Point::PrimaryExecutes : Point::BackupExecutes))
            return die(id);
        if (point_ != Point::CheckpointWritten) return;
        if (op % stage().world().limits().checkpoint_every != 0) return;
        // The snapshot is begun later in this step.
        stage().at_step_end([this, id] {
            const bool writes = stage().world().disk(id).volatile_writes(Zone::Snapshot) > 0;
            if (point_ == Point::CheckpointWritten && writes) die(id);
        });
    }

    void die(ReplicaId id) {
        if (!stage().world().running(id)) return;
        stage().count(names.at(static_cast<std::size_t>(point_)));
        died_early_ = died_early_ || point_ < Point::PrimaryExecutes;
        point_ = Point::None;
        stage().die_here(id, 0, 4 * stage().patience());
    }

    Point point_ = Point::None;
    Op op_ = 0; ///< of the newest such entry; 0: there is none yet
    ReplicaId sent_by_ = no_replica;
    bool died_early_ = false;
    bool active_ = false;
};

void before_an_activation(Knobs& knobs) {
    with_standbys(knobs);
    knobs.set(Knob::ClientsPerNode, 1);
    knobs.set(Knob::ThinkMicros, 5'000);
    knobs.set(Knob::Release, oldest_release);
    knobs.set(Knob::Slots, 32);
    knobs.set(Knob::CheckpointEvery, 12);
}

void play_config_deaths(Stage& stage) {
    stage.keep<ConfigDeaths>().start();
}

constexpr std::array proofs = {
    Proof{"died_before_logging", 9, "a primary dies before anybody else has the entry"},
    Proof{"died_amid_prepare", 9, "or when one other has it"},
    Proof{"died_acknowledging", 8, "a backup dies with it, before it has said so"},
    Proof{"died_executing_first", 9, "a primary dies between its commit and all that follows"},
    Proof{"died_executing", 9, "likewise a backup"},
    Proof{"died_in_checkpoint", 8, "somebody dies while the first checkpoint with it is written"},
    Proof{"died_after_checkpoint", 8, "or as soon as that holds"},
    Proof{"begun_after_all", 20, "an epoch begins although somebody died before its commit"},
    Proof{"activated", 18, "what only the newer release can do begins"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC30",
             .name = "config-deaths",
             .summary = "replicas die around the entry of a new membership or release: before it "
                        "is logged, as it is executed, and around the checkpoint that holds it",
             .prepare = before_an_activation,
             .play = play_config_deaths,
             .proofs = proofs}};

} // namespace

std::span<const Scenario> configuration_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
