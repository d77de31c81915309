// Answers that nobody has heard, on disks that rot.

#include "replica/core/layout.hpp"
#include "replica/core/superblock.hpp"
#include "simulator/scenarios/families.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace faultlab::simulator {
namespace {

// --- SC102: an answer rots that is asked for once more

/// One client hears no answer from some moment on, and asks again and again. When a checkpoint has
/// what it is to be told, the machine of a replica whose disk may be bad is off for a while, and
/// there that answer rots. Then this replica is made to lead, and is asked.
class RottenReplies : public Stage::Program {
public:
    explicit RottenReplies(Stage& stage) : stage_(&stage) {
        stage.on_sent([this](const Packet& packet) { sent(packet); });
        stage.on(EventKind::ViewEntered, [this](ReplicaId id, const Event& event) {
            if (act_ == Act::Seating && event.b != 0)
                stage_->at_step_end([this, id] { leads(id); });
        });
    }

    void wait() {
        act_ = Act::None;
        const auto commits = static_cast<Op>(stage_->rng().between(3, 15));
        stage_->after_commits(commits, [this] { act_ = Act::Choosing; });
    }

private:
    enum class Act : std::uint8_t {
        None,
        Choosing, ///< the next answer that is long enough is not heard
        Unheard,  ///< until a checkpoint has it, and it has rotten
        Seating,  ///< until the replica with the bad disk leads
        Asked,    ///< until it has been asked
    };
    /// Shorter ones say only that all went well, as many do.
    static constexpr std::size_t shortest = 9;

    void sent(const Packet& packet) {
        const Header& header = packet.header;
        if (header.command != Command::Reply || header.request == 0) return;
        if (act_ == Act::Asked && packet.to == client_ && packet.from == victim_)
            stage_->count("answers");
        if (act_ != Act::Choosing || packet.body.size() < shortest) return;
        if (!stage_->rng().chance(1, 3)) return;
        act_ = Act::Unheard;
        client_ = packet.to;
        id_ = header.client;
        answer_ = packet.body;
        op_ = header.op;
        // Rules that are older than this one have let it pass: it decides about this packet, too.
        Network& network = stage_->network();
        unheard_ = network.drop_if(is(Command::Reply) && to(client_));
        fault_ =
            stage_->begin({.kind = "unheard-answers",
                           .summary = fmt::format("c{} hears no answer", client_ - client_base + 1),
                           .gauge_name = "packets",
                           .gauge = [&network, rule = unheard_] { return network.hits(rule); }});
        stage_->count("unheard");
        victim_ = stage_->nemesis().damage_any();
        until_checkpoint();
    }

    void until_checkpoint() {
        stage_->after_commits(1, [this] {
            if (!stage_->world().running(victim_)) return end();
            if (stage_->world().telemetry(victim_).checkpoint < op_) return until_checkpoint();
            rot();
        });
    }

    void rot() {
        World& world = stage_->world();
        const FaultId fault = stage_->begin(
            {.kind = "rot",
             .summary = fmt::format("n{} loses its power, and an answer rots meanwhile", victim_),
             .targets = {victim_}});
        world.power_cut(victim_);
        if (const auto place = place_of_answer()) {
            world.disk(victim_).rot(Zone::Snapshot, *place, answer_.size());
            stage_->count("rotten");
        }
        stage_->later(1, stage_->patience(), [this, fault] {
            stage_->end(fault);
            stage_->reboot(victim_);
            stage_->later(2 * stage_->patience(), 4 * stage_->patience(), [this] { seat(); });
        });
    }

    /// Where the snapshot that the superblock names has the answer, behind the client's name.
    [[nodiscard]] std::optional<std::uint64_t> place_of_answer() const {
        const Disk& disk = stage_->world().disk(victim_);
        replica::BugSet none;
        const auto superblock = replica::open_superblock(disk.content(Zone::Superblock), none);
        if (!superblock || superblock->checkpoint_op < op_) return std::nullopt;
        const std::uint64_t bytes = replica::area_bytes(stage_->world().limits());
        const std::uint64_t area = superblock->checkpoint_area * bytes;
        const Bytes image = disk.content(Zone::Snapshot).subspan(area, bytes);
        const Bytes name = std::as_bytes(std::span(&id_, 1));
        constexpr std::ptrdiff_t most = 128; // between the two
        const auto named = std::ranges::search(image, name);
        if (named.empty()) return std::nullopt;
        const auto end = image.end() - named.end() > most ? named.end() + most : image.end();
        const auto found = std::search(named.end(), end, answer_.begin(), answer_.end());
        if (found == end) return std::nullopt;
        return area + static_cast<std::uint64_t>(found - image.begin());
    }

    /// Whoever leads is cut off, one after the other, until it is the turn of that replica.
    void seat() {
        act_ = Act::Seating;
        const Nanos enough = 30 * stage_->patience();
        stage_->later(enough, enough, [this, round = ++round_] {
            if (round == round_ && act_ != Act::None) end();
        });
        if (const auto primary = stage_->world().primary()) leads(*primary);
    }

    void leads(ReplicaId id) {
        if (act_ != Act::Seating) return;
        rejoin();
        if (id != victim_) {
            isolated_ = id;
            cut_ = stage_->isolate(id, Stage::Cut::BothWays);
            return;
        }
        act_ = Act::Asked;
        stage_->count("leads");
        stage_->later(2 * stage_->patience(), 5 * stage_->patience(), [this, round = round_] {
            if (round == round_ && act_ == Act::Asked) end();
        });
    }

    void rejoin() {
        const ReplicaId id = std::exchange(isolated_, no_replica);
        if (id != no_replica) stage_->rejoin(id, cut_);
    }

    void end() {
        ++round_;
        rejoin();
        stage_->end(fault_);
        stage_->network().remove(unheard_);
        wait();
    }

    Stage* stage_;
    Act act_ = Act::None;
    std::uint64_t round_ = 0;
    Endpoint client_ = 0;
    ClientId id_ = 0;
    std::vector<std::byte> answer_;
    Op op_ = 0;
    Network::RuleId unheard_ = 0;
    FaultId fault_ = 0;
    ReplicaId victim_ = no_replica;
    ReplicaId isolated_ = no_replica;
    FaultId cut_ = 0;
};

/// Nobody forgets the client, and nothing is answered that is not in the log.
void who_ask_for_ever(Knobs& knobs) {
    short_logs(knobs);
    knobs.set(Knob::ClientsPerNode, 1);
    knobs.set(Knob::PatienceMillis, 0);
    knobs.set(Knob::RetryMillis, 20);
    knobs.set(Knob::Sessions, 32);
    knobs.set(Knob::LeaseReads, 0);
    knobs.set(Knob::TimeoutPercent, 100);
}

constexpr std::array proofs = {Proof{"unheard", 80, "a client hears no answer any more"},
                               Proof{"rotten", 60, "what it is to be told rots in a checkpoint"},
                               Proof{"leads", 25, "the replica that has this checkpoint leads"},
                               Proof{"answers", 35, "and tells the client, who asks again"}};

constexpr std::array scenarios = {Scenario{
    .id = "SC102",
    .name = "rotten-replies",
    .summary = "an answer that was not heard rots in the checkpoint of a replica, which is "
               "asked for it once more",
    .prepare = who_ask_for_ever,
    .play = play<RottenReplies>,
    .proofs = proofs}};

} // namespace

std::span<const Scenario> reply_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
