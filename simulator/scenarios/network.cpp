// Links and machines that are bad for a while.

#include "simulator/scenarios/families.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <vector>

namespace faultlab::simulator {
namespace {

// --- SC02: FoundationDB's swizzle-clogging

/// Clogs a random subset of the replicas one after the other, and lets go of them in another order.
class Swizzle : public Stage::Program {
public:
    explicit Swizzle(Stage& stage) : stage_(&stage) {
        stage.on(EventKind::ViewInstalled, [this](ReplicaId, const Event&) {
            if (!clogged_.empty()) stage_->count("views_while_clogged");
        });
    }

    void round() {
        std::vector<ReplicaId> victims;
        for (ReplicaId id = 1; id <= stage_->voters(); ++id) {
            if (stage_->rng().chance(1, 2)) victims.push_back(id);
        }
        if (victims.empty()) victims.push_back(stage_->any_voter());
        stage_->rng().shuffle(std::span(victims));
        clog_next(victims, 0);
    }

private:
    struct Clog {
        Network::RuleId rule = 0;
        FaultId fault = 0;
    };

    void clog_next(const std::vector<ReplicaId>& victims, std::size_t at) {
        if (at == victims.size()) {
            std::vector<ReplicaId> order = victims;
            stage_->rng().shuffle(std::span(order));
            stage_->later(0, stage_->patience(), [this, order] { unclog_next(order, 0); });
            return;
        }
        clog(victims[at]);
        stage_->later(
            0, stage_->patience() / 2, [this, victims, at] { clog_next(victims, at + 1); });
    }

    void clog(ReplicaId id) {
        Network& network = stage_->network();
        const auto rule = network.hold_if(from(id) || to(id));
        const FaultId fault =
            stage_->begin({.kind = "clog",
                           .summary = fmt::format("all links of n{} are clogged", id),
                           .targets = {id},
                           .gauge_name = "packets_held",
                           .gauge = [&network, rule] { return network.hits(rule); }});
        clogs_[id] = {.rule = rule, .fault = fault};
        clogged_.insert(id);
        stage_->count("clogs");
    }

    void unclog_next(const std::vector<ReplicaId>& order, std::size_t at) {
        if (at == order.size()) {
            stage_->later(0, 2 * stage_->patience(), [this] { round(); });
            return;
        }
        const ReplicaId id = order[at];
        stage_->end(clogs_[id].fault);
        stage_->network().release(clogs_[id].rule);
        clogged_.erase(id);
        stage_->later(0, stage_->patience() / 2, [this, order, at] { unclog_next(order, at + 1); });
    }

    Stage* stage_;
    std::array<Clog, max_replica_id + 1> clogs_{};
    std::set<ReplicaId> clogged_;
};

void play_swizzle(Stage& stage) {
    auto& swizzle = stage.keep<Swizzle>();
    stage.after_commits(3, [&swizzle] { swizzle.round(); });
}

constexpr std::array swizzle_proofs = {
    Proof{"clogs", 200, "replicas are clogged"},
    Proof{"views_while_clogged", 20, "a view changes while somebody is clogged"}};

// --- SC03: gray failures

/// Each replica goes through its own moods: well, slow, silent for a while, half cut off, unable to
/// write.
class Moods : public Stage::Program {
public:
    explicit Moods(Stage& stage) : stage_(&stage) {
        stage.on(EventKind::ViewEntered, [this](ReplicaId id, const Event& event) {
            if (event.b != 0 && slow_[id]) stage_->count("slow_primaries");
        });
    }

    void begin() {
        for (ReplicaId id = 1; id <= stage_->voters(); ++id)
            wait(id);
    }

private:
    enum class Mood : std::uint8_t { SlowDisk, SlowLinks, Silent, HalfCutOff, CannotWrite };

    void wait(ReplicaId id) {
        stage_->later(0, 6 * stage_->patience(), [this, id] { turn(id); });
    }

    void turn(ReplicaId id) {
        const auto mood = static_cast<Mood>(stage_->rng().below(5));
        FaultId fault = 0;
        switch (mood) {
            case Mood::SlowDisk: {
                const auto factor = static_cast<std::uint32_t>(stage_->rng().between(3, 30));
                slow_[id] = true;
                fault = stage_->slow_disk(id, factor);
                break;
            }
            case Mood::SlowLinks:
                slow_[id] = true;
                fault = stage_->slow_links(
                    id, links_of(id), stage_->rng().between(1, stage_->patience() / 3));
                break;
            case Mood::Silent:
                fault =
                    stage_->begin({.kind = "silence",
                                   .summary = fmt::format("n{} does nothing for a while", id),
                                   .targets = {id},
                                   .gauge_name = "inputs_held_back",
                                   .gauge = [this, id] { return stage_->world().held_back(id); }});
                stage_->world().pause(id);
                break;
            case Mood::HalfCutOff:
                fault = stage_->isolate(
                    id, stage_->rng().chance(1, 2) ? Stage::Cut::Deaf : Stage::Cut::Mute);
                break;
            case Mood::CannotWrite: {
                Disk& disk = stage_->world().disk(id);
                fault = stage_->begin({.kind = "read-only-disk",
                                       .summary = fmt::format("n{} cannot write", id),
                                       .targets = {id},
                                       .gauge_name = "refusals",
                                       .gauge = [&disk] { return disk.refusals(); }});
                disk.set_full(true);
                break;
            }
        }
        stage_->count("moods");
        if (slow_[id] && stage_->world().primary() == id) stage_->count("slow_primaries");
        stage_->later(stage_->patience() / 4, 2 * stage_->patience(), [this, id, mood, fault] {
            recover(id, mood, fault);
            wait(id);
        });
    }

    /// To and from it.
    [[nodiscard]] Stage::Links links_of(ReplicaId id) const {
        Stage::Links links;
        for (const ReplicaId other : stage_->others(id)) {
            links.emplace_back(id, other);
            links.emplace_back(other, id);
        }
        return links;
    }

    void recover(ReplicaId id, Mood mood, FaultId fault) {
        World& world = stage_->world();
        stage_->end(fault);
        slow_[id] = false;
        switch (mood) {
            case Mood::SlowDisk: world.disk(id).set_slowness(1); break;
            case Mood::SlowLinks: stage_->quicken(links_of(id), fault); break;
            case Mood::Silent: world.resume(id); break;
            case Mood::HalfCutOff: stage_->rejoin(id, fault); break;
            case Mood::CannotWrite:
                world.disk(id).set_full(false);
                stage_->reboot(id);
                break;
        }
    }

    Stage* stage_;
    std::array<bool, max_replica_id + 1> slow_{};
};

void play_moods(Stage& stage) {
    stage.keep<Moods>().begin();
}

constexpr std::array mood_proofs = {
    Proof{"moods", 200, "replicas become slow, silent, half cut off or unable to write"},
    Proof{"slow_primaries", 20, "a replica is slow while it leads"}};

// --- SC32: an intermittent network

/// Loses a share of all messages, or of those of some links in one direction.
class Flakes : public Stage::Program {
public:
    explicit Flakes(Stage& stage) : stage_(&stage) {}

    void worse() {
        constexpr std::array<std::uint32_t, 4> losses = {10, 100, 400, 700};
        const std::uint32_t loss = losses[stage_->rng().below(losses.size())];
        const bool all = stage_->rng().chance(1, 2);
        for (ReplicaId a = 1; a <= stage_->voters(); ++a) {
            for (const ReplicaId b : stage_->others(a)) {
                if (all || stage_->rng().chance(1, 3))
                    stage_->network().trouble(a, b, {.loss_permille = loss});
            }
        }
        const std::uint64_t before = stage_->network().counts().lost;
        const FaultId fault = stage_->begin(
            {.kind = "loss",
             .summary =
                 fmt::format("{} links lose {} of a thousand messages", all ? "all" : "some", loss),
             .gauge_name = "packets_lost",
             .gauge = [this] { return stage_->network().counts().lost; }});
        const std::string counter = fmt::format("lost_at_{}_permille", loss);
        stage_->later(
            stage_->patience() / 4, 2 * stage_->patience(), [this, before, fault, counter] {
                stage_->count(counter, stage_->network().counts().lost - before);
                stage_->end(fault);
                stage_->network().heal_links();
                stage_->later(0, stage_->patience(), [this] { worse(); });
            });
    }

private:
    Stage* stage_;
};

void intermittent(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::Reordering, 1);
    knobs.set(Knob::DuplicatePermille, 50);
}

void play_flakes(Stage& stage) {
    auto& flakes = stage.keep<Flakes>();
    stage.after_commits(3, [&flakes] { flakes.worse(); });
}

constexpr std::array flake_proofs = {
    Proof{"lost_at_10_permille", 10, "messages are lost now and then"},
    Proof{"lost_at_100_permille", 100, "one of ten is lost"},
    Proof{"lost_at_400_permille", 200, "two of five are lost"},
    Proof{"lost_at_700_permille", 200, "most are lost"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC02",
             .name = "swizzle-clogging",
             .summary = "random replicas are clogged one by one, and unclogged in another order",
             .prepare = only_its_own_faults,
             .play = play_swizzle,
             .proofs = swizzle_proofs},
    Scenario{.id = "SC03",
             .name = "gray-failures",
             .summary =
                 "each replica is now and then slow, silent, half cut off or unable to write",
             .prepare = only_its_own_faults,
             .play = play_moods,
             .proofs = mood_proofs},
    Scenario{.id = "SC32",
             .name = "intermittent-network",
             .summary = "links lose 1, 10, 40 or 70 % of their messages, some in one direction, "
                        "and reorder and repeat others",
             .prepare = intermittent,
             .play = play_flakes,
             .proofs = flake_proofs}};

} // namespace

std::span<const Scenario> network_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
