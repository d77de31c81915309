// One replica that lies once, when everything depends on what it says.

#include "replica/core/layout.hpp"
#include "replica/core/snapshot_manifest.hpp"
#include "replica/wire/mutators.hpp"
#include "simulator/scenarios/families.hpp"
#include "simulator/scenarios/few_witnesses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace faultlab::simulator {
namespace {

/// A fault of the liar's that is effective once a lie was heard.
FaultId begin_lies(Stage& stage, std::string_view what) {
    return stage.begin({.kind = "lies",
                        .summary = fmt::format("n{} lies: {}", stage.liar(), what),
                        .targets = {stage.liar()},
                        .gauge_name = "lies_delivered",
                        .gauge = [&stage] { return stage.lies_heard(); }});
}

// --- SC94: a vote that is taken back

/// Lets few commit, among them the liar; has it vote truly for a view of those who know nothing of
/// it, and once that was heard say that it has less. The last vote that is needed comes after.
class TakenBack : public Stage::Program {
public:
    explicit TakenBack(Stage& stage) : stage_(&stage), few_(stage) {
        stage.lie_of(stage.any_voter());
        stage.on_heard([this](ReplicaId id, const Packet& packet) {
            if (!waits_ || packet.header.command != Command::DoViewChange) return;
            if (packet.from != stage_->liar()) return;
            if (packet.lie) {
                waits_ = false;
                stage_->count("told.taken_back");
                stage_->later(0, stage_->patience() / 4, [this] { let_go(); });
            } else if (packet.header.count > 0 && packet.header.view == heard_.value_or(view_)) {
                heard_ = packet.header.view;
                stage_->at_step_end([this, id, packet] { take_back(id, packet); });
            }
        });
    }

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(2, 10));
        stage_->after_commits(commits, [this] { begin(); });
    }

private:
    void begin() {
        const auto primary = stage_->world().primary();
        if (!primary || !few_.leave_behind(stage_->liar())) return wait();
        const Telemetry now = stage_->world().telemetry(*primary);
        view_ = now.view.next();
        next_ = now.membership.primary(view_);
        const auto commits = static_cast<Op>(stage_->rng().between(1, 4));
        stage_->after_commits(commits, [this] { turn(); });
    }

    void turn() {
        held_ = stage_->network().hold_if([this](const Packet& packet) {
            return packet.header.command == Command::DoViewChange && packet.to == next_ &&
                   packet.from != stage_->liar() && packet.header.view == view_;
        });
        fault_ = begin_lies(*stage_, "it votes, and says then that it has less");
        heard_.reset();
        waits_ = true;
        few_.turn();
        stage_->later(3 * stage_->patience(), 4 * stage_->patience(), [this] {
            if (waits_) let_go();
            waits_ = false;
            stage_->end(fault_);
            wait();
        });
    }

    void take_back(ReplicaId to, const Packet& vote) {
        const replica::Mutated told = replica::mutate(
            {.mutations = {{.mutator = replica::Mutator::TruncateTail,
                            .amount = static_cast<std::int64_t>(vote.header.count)}}},
            {vote.header, vote.body},
            {.to = to});
        if (!told.changed) return;
        stage_->network().send(stage_->world().now(),
                               {.from = vote.from,
                                .to = vote.to,
                                .header = told.messages.front().header,
                                .body = told.messages.front().body,
                                .lie = true});
    }

    void let_go() { stage_->network().release(held_); }

    Stage* stage_;
    FewWitnesses few_;
    View view_; ///< the next one, and who leads it
    ReplicaId next_ = no_replica;
    std::optional<View> heard_; ///< its true vote for this one was
    bool waits_ = false;        ///< for the vote, and for the lie
    Network::RuleId held_ = 0;
    FaultId fault_ = 0;
};

void five(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::Voters, 5);
}

void play_taken_back(Stage& stage) {
    stage.keep<TakenBack>().wait();
}

constexpr std::array taken_back_proofs = {
    Proof{"told.taken_back", 50, "a new primary hears that a vote which it has was longer"},
    Proof{counter::views, 100, "views begin all the same"}};

// --- SC95: a checkpoint that nobody made

/// A checkpoint as its owner hands it out, and one of the same op with another state, whose
/// checksums fit.
struct Forgery {
    Op op = 0;
    Checksum true_id;
    Checksum false_id;
    std::vector<std::byte> true_manifest;
    std::vector<std::byte> false_manifest;
    std::vector<std::byte> true_chunk; ///< the last
    std::vector<std::byte> false_chunk;
};

/// Of the newest checkpoint on its disk; nothing when there is none. The last byte of an image is
/// the end of a value.
std::optional<Forgery> forge(const World& world, ReplicaId owner) {
    const Limits& limits = world.limits();
    const Telemetry shown = world.telemetry(owner);
    const Bytes zone = world.disk(owner).content(Zone::Snapshot);
    for (std::uint32_t area = 0; area < 2; ++area) {
        const Bytes at = zone.subspan(area * replica::area_bytes(limits));
        replica::ManifestHead head;
        std::memcpy(&head, at.data(), sizeof head);
        const std::uint64_t chunk = replica::chunk_bytes(limits);
        if (head.entry.op != shown.checkpoint || head.bytes == 0 ||
            head.bytes > replica::snapshot_bytes(limits))
            continue;
        const std::uint64_t last = (head.bytes - 1) / chunk;
        Forgery forgery{.op = head.entry.op, .true_id = shown.checkpoint_id};
        const Bytes manifest = at.first(sizeof head + (last + 1) * sizeof(Checksum));
        forgery.true_manifest.assign(manifest.begin(), manifest.end());
        if (checksum(forgery.true_manifest) != forgery.true_id) continue;
        const Bytes image = at.subspan(replica::manifest_bytes(limits), head.bytes);
        const Bytes end = image.subspan(last * chunk);
        forgery.true_chunk.assign(end.begin(), end.end());
        forgery.false_chunk = forgery.true_chunk;
        forgery.false_chunk.back() ^= std::byte{1};
        forgery.false_manifest = forgery.true_manifest;
        const Checksum of_chunk = checksum(forgery.false_chunk);
        std::memcpy(forgery.false_manifest.data() + manifest.size() - sizeof of_chunk,
                    &of_chunk,
                    sizeof of_chunk);
        forgery.false_id = checksum(forgery.false_manifest);
        return forgery;
    }
    return std::nullopt;
}

/// Keeps a replica away until it needs a checkpoint, and has the liar say, to it alone, that its
/// own is another one than it is, and hand that out.
class ForgedCheckpoints : public Stage::Program {
public:
    explicit ForgedCheckpoints(Stage& stage) : stage_(&stage) {
        stage.lie_of(stage.any_voter());
        stage.on(EventKind::Checkpointed, [this](ReplicaId id, const Event&) {
            if (fault_ && id == stage_->liar()) stage_->at_step_end([this] { forge_newest(); });
        });
        stage.on_heard([this](ReplicaId id, const Packet& packet) {
            if (!packet.lie || id != away_) return;
            if (stage_->world().status(id) == Status::Syncing) stage_->count("told.while_it_syncs");
        });
    }

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(2, 10));
        stage_->after_commits(commits, [this] { leave(); });
    }

private:
    void leave() {
        const std::vector<ReplicaId> others = stage_->others(stage_->liar());
        away_ = others[stage_->rng().below(others.size())];
        if (!stage_->world().running(away_)) return wait();
        const FaultId fault = stage_->begin({.kind = "power-cut",
                                             .summary = fmt::format("n{} loses its power", away_),
                                             .targets = {away_}});
        stage_->world().power_cut(away_);
        const Limits& limits = stage_->world().limits();
        stage_->after_commits(limits.slots + limits.pipeline, [this, fault] {
            stage_->end(fault);
            come_back();
        });
    }

    void come_back() {
        fault_ = begin_lies(*stage_, "its checkpoint is another than it is");
        forge_newest();
        stage_->reboot(away_);
        stage_->later(2 * stage_->patience(), 6 * stage_->patience(), [this] {
            tell_truth();
            stage_->end(*std::exchange(fault_, std::nullopt));
            wait();
        });
    }

    void forge_newest() {
        tell_truth();
        const auto forgery = forge(stage_->world(), stage_->liar());
        if (!forgery) return;
        stage_->count("forgeries");
        Network& network = stage_->network();
        rules_.push_back(network.mutate_if(
            [this, op = forgery->op](const Packet& packet) {
                return packet.from == stage_->liar() && packet.to == away_ &&
                       packet.header.checkpoint_op == op &&
                       packet.header.command != Command::Prepare;
            },
            [made = *forgery](Packet& packet) {
                packet.header.checkpoint_id = made.false_id;
                if (packet.body == made.true_manifest) packet.body = made.false_manifest;
                if (packet.body == made.true_chunk) packet.body = made.false_chunk;
                packet.lie = true;
                reseal(packet);
            }));
        // It asks for what it was told of.
        rules_.push_back(network.mutate_if(
            [this, id = forgery->false_id](const Packet& packet) {
                return packet.from == away_ && packet.to == stage_->liar() &&
                       packet.header.command == Command::GetSnapshot &&
                       packet.header.checkpoint_id == id;
            },
            [id = forgery->true_id](Packet& packet) {
                packet.header.checkpoint_id = id;
                reseal(packet);
            }));
    }

    void tell_truth() {
        for (const Network::RuleId rule : std::exchange(rules_, {}))
            stage_->network().remove(rule);
    }

    Stage* stage_;
    ReplicaId away_ = no_replica;
    std::optional<FaultId> fault_; ///< while it lies
    std::vector<Network::RuleId> rules_;
};

void short_logs(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::Slots, 32);
    knobs.set(Knob::CheckpointEvery, 12);
}

void play_forged_checkpoints(Stage& stage) {
    stage.keep<ForgedCheckpoints>().wait();
}

constexpr std::array forged_checkpoint_proofs = {
    Proof{"forgeries", 100, "a checkpoint is forged"},
    Proof{"told.while_it_syncs", 100, "a replica that needs one hears of it"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC94",
             .name = "votes-taken-back",
             .summary = "one replica votes truly, and then says that it has less",
             .prepare = five,
             .play = play_taken_back,
             .proofs = taken_back_proofs},
    Scenario{.id = "SC95",
             .name = "forged-checkpoints",
             .summary = "one replica hands a checkpoint out that nobody made",
             .prepare = short_logs,
             .play = play_forged_checkpoints,
             .proofs = forged_checkpoint_proofs}};

} // namespace

std::span<const Scenario> false_witness_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
