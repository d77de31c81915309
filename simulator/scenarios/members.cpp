// Memberships that change while something else goes wrong.

#include "simulator/scenarios/members.hpp"

#include "replica/core/records.hpp"
#include "simulator/scenarios/families.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

namespace faultlab::simulator {
namespace {

std::vector<ReplicaId> first_of(std::span<const ReplicaId> ids, std::size_t count) {
    const auto first = ids.first(count);
    return {first.begin(), first.end()};
}

} // namespace

std::optional<ConfigEntry> config_entry(const Packet& packet) {
    const Header& header = packet.header;
    if (header.command != Command::Prepare || header.count != 1) return std::nullopt;
    const auto request = replica::BatchReader(packet.body).next();
    if (!request) return std::nullopt;
    const auto code = static_cast<OpCode>(request->operation.front());
    if (code != OpCode::Reconfigure && code != OpCode::Upgrade) return std::nullopt;
    const auto operation = replica::decode_operation(request->operation);
    if (!operation) return std::nullopt;
    return ConfigEntry{.code = code,
                       .op = header.op,
                       .commit = header.commit,
                       .refused = header.flags == replica::flag_refused,
                       .wanted = operation->membership,
                       .checksum = header.checksum};
}

void with_standbys(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::Voters, std::max<std::int64_t>(knobs[Knob::Voters], 3));
    knobs.set(Knob::Standbys, 2);
    // Whoever asks for a membership must be answered in time.
    knobs.set(Knob::TimeoutPercent, 100);
}

Members::Members(Stage& stage) : stage_(&stage) {
    stage.on(EventKind::EpochEntered, [this](ReplicaId id, const Event& event) {
        if (!asking_ || event.a < wanted_.epoch) return;
        asking_ = false;
        stage_->count(grows() ? "grown" : shrinks() ? "shrunk" : "swapped");
        stage_->at_step_end([this, id] { begun(id); });
    });
    stage.on_sent([this](const Packet& packet) {
        const auto entry = config_entry(packet);
        if (entry && entry->code == OpCode::Reconfigure) judge(*entry);
    });
    // Clients go wherever the membership goes.
    Ids all;
    for (ReplicaId id = 1; id <= stage.world().size(); ++id)
        all.push_back(id);
    for (std::size_t i = 0; i < stage.world().client_count(); ++i)
        stage.world().client(i).set_targets(all);
}

void Members::wait() {
    const auto commits = static_cast<Op>(stage_->rng().between(2, 15));
    stage_->after_commits(commits, [this] { change(); });
}

void Members::begun(ReplicaId first) {
    (void)first;
    recover();
}

void Members::recover() {
    rejoin_all();
    wait();
}

void Members::isolate(ReplicaId id) {
    isolated_.emplace_back(id, stage_->isolate(id, Stage::Cut::BothWays));
}

void Members::rejoin_all() {
    for (auto& [id, fault] : std::exchange(isolated_, {}))
        stage_->rejoin(id, fault);
}

Members::Ids Members::any_of(Ids ids, std::size_t count) {
    stage_->rng().shuffle(std::span(ids));
    ids.resize(std::min(count, ids.size()));
    return ids;
}

Members::Ids Members::voters_of(const Membership& membership) {
    return first_of(membership.voters, membership.voter_count);
}

Members::Ids Members::standbys_of(const Membership& membership) {
    return first_of(membership.standbys, membership.standby_count);
}

Membership Members::next(const Ids& voters, const Ids& standbys) const {
    Membership wanted;
    wanted.epoch = now_.epoch + 1;
    wanted.voter_count = static_cast<std::uint8_t>(voters.size());
    wanted.standby_count = static_cast<std::uint8_t>(standbys.size());
    std::ranges::copy(voters, wanted.voters.begin());
    std::ranges::copy(standbys, wanted.standbys.begin());
    return wanted;
}

void Members::change() {
    const std::optional<ReplicaId> primary = stage_->world().primary();
    if (!primary) return wait();
    now_ = stage_->world().telemetry(*primary).membership;
    wanted_ = draw(*primary);
    trouble(*primary);
    asking_ = true;
    ask();
}

Membership Members::draw(ReplicaId) {
    Ids voters = any_of(voters_of(now_), max_replica_id);
    Ids standbys = any_of(standbys_of(now_), max_replica_id);
    if (standbys.empty()) {
        const auto gone = static_cast<std::size_t>(stage_->rng().between(1, 2));
        for (std::size_t i = 0; i < gone && voters.size() > 2; ++i) {
            standbys.push_back(voters.back());
            voters.pop_back();
        }
    } else if (stage_->rng().chance(1, 3)) {
        std::swap(voters.front(), standbys.front());
    } else {
        voters.insert(voters.end(), standbys.begin(), standbys.end());
        standbys.clear();
    }
    return next(voters, standbys);
}

/// What is durable at a replica is at least what it has acknowledged.
void Members::judge(const ConfigEntry& entry) {
    if (entry.refused || entry.op <= judged_) return;
    judged_ = entry.op;
    for (const ReplicaId id : voters_of(entry.wanted)) {
        if (now_.votes(id) || !stage_->world().running(id)) continue;
        const Op durable = stage_->world().telemetry(id).durable;
        if (durable + stage_->world().limits().pipeline < entry.commit) {
            stage_->world().violate(
                "members", id, "is to vote, and lacks more than a pipeline of what is committed");
        }
    }
}

/// Again and again: it is refused while somebody who is to vote has not caught up.
void Members::ask() {
    if (!asking_) return;
    if (++asked_ % 4 == 0) rejoin_all();
    stage_->count("asked");
    submit();
    stage_->later(2 * stage_->patience(), 4 * stage_->patience(), [this] { ask(); });
}

void Members::submit() {
    stage_->world().client(0).submit({.code = OpCode::Reconfigure, .membership = wanted_});
}

namespace {

// --- SC55: who joins is slow, dead, or cut off

class SlowJoiner : public Members {
public:
    using Members::Members;

private:
    void trouble(ReplicaId) override {
        const Ids joiners = any_of(standbys_of(now()), 1);
        if (joiners.empty()) return;
        stage().count("joiners_in_trouble");
        if (stage().rng().chance(1, 2)) return isolate(joiners.front());
        stage().power_cycle(joiners.front(), stage().patience(), 8 * stage().patience());
    }
};

// --- SC56: the primary dies as the epoch begins

class DyingPrimary : public Members {
public:
    using Members::Members;

private:
    void trouble(ReplicaId) override {}
    void begun(ReplicaId first) override {
        stage().count("died_as_it_began");
        stage().power_cycle(first, stage().patience(), 8 * stage().patience());
        recover();
    }
};

// --- SC57: a partition through old and new members

class PartedMembers : public Members {
public:
    using Members::Members;

private:
    /// As often as not so that the primary keeps a quorum of the old members, and of the new ones
    /// has none.
    void trouble(ReplicaId primary) override {
        const bool alone = stage().rng().chance(1, 4);
        Ids old = voters_of(now());
        std::erase(old, primary);
        const std::size_t kept = replica::Quorums::of(now().voter_count).replication - 1U;
        for (const ReplicaId id : any_of(old, old.size() - (alone ? 0 : kept)))
            isolate(id);
        for (const ReplicaId id : any_of(standbys_of(now()), stage().rng().below(3)))
            isolate(id);
        stage().count("parted");
    }
};

// --- SC58: a view change at the same time

class ContestedMembers : public Members {
public:
    using Members::Members;

private:
    void trouble(ReplicaId primary) override {
        stage().count("unseated");
        // It may still propose it, and be heard by whoever is not cut off yet.
        stage().later(0, stage().patience() / 8, [this, primary] { isolate(primary); });
    }
};

// --- SC65: standbys are all that a primary hears

/// A primary that is cut off from the voters, and not from the standbys, which follow it.
class OnlyStandbys : public Stage::Program {
public:
    explicit OnlyStandbys(Stage& stage) : stage_(&stage) {
        stage.on(EventKind::Acknowledged, [this](ReplicaId id, const Event&) {
            if (id > stage_->voters() && cut_) stage_->count("acknowledged_by_standbys");
        });
    }

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(2, 15));
        stage_->after_commits(commits, [this] { begin(); });
    }

private:
    void begin() {
        const std::optional<ReplicaId> primary = stage_->world().primary();
        if (!primary || *primary > stage_->voters()) return wait();
        cut_ = true;
        stage_->count("with_standbys_only");
        const FaultId fault =
            stage_->begin({.kind = "partition",
                           .summary = fmt::format("n{} cut off from all voters", *primary),
                           .targets = {*primary},
                           .gauge_name = "packets_cut",
                           .gauge = [this] { return stage_->network().counts().cut; }});
        for (const ReplicaId other : stage_->others(*primary))
            stage_->network().cut(*primary, other);
        stage_->later(stage_->patience(), 8 * stage_->patience(), [this, id = *primary, fault] {
            cut_ = false;
            stage_->rejoin(id, fault);
            wait();
        });
    }

    Stage* stage_;
    bool cut_ = false;
};

// --- the table

constexpr Proof grown{"grown", 25, "standbys become voters"};
constexpr Proof shrunk{"shrunk", 25, "voters become standbys"};
constexpr Proof swapped{"swapped", 25, "a voter and a standby change places"};

constexpr std::array joiner_proofs = {
    grown, shrunk, swapped, Proof{"joiners_in_trouble", 50, "who is to join is cut off or off"}};
constexpr std::array dying_proofs = {
    grown, shrunk, swapped, Proof{"died_as_it_began", 100, "who began the epoch loses its power"}};
constexpr std::array parted_proofs = {
    grown, shrunk, swapped, Proof{"parted", 100, "members are cut off as a change is asked for"}};
constexpr std::array contested_proofs = {
    grown, shrunk, swapped, Proof{"unseated", 100, "the primary is cut off as it is asked"}};
constexpr std::array standby_proofs = {
    Proof{"with_standbys_only", 100, "a primary is left with the standbys"},
    Proof{"acknowledged_by_standbys", 50, "they take what it proposes"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC55",
             .name = "slow-joiners",
             .summary = "members join, leave and swap while who joins is off or cut off",
             .prepare = with_standbys,
             .play = play<SlowJoiner>,
             .proofs = joiner_proofs},
    Scenario{.id = "SC56",
             .name = "epoch-deaths",
             .summary = "whoever begins a new membership loses its power at that moment",
             .prepare = with_standbys,
             .play = play<DyingPrimary>,
             .proofs = dying_proofs},
    Scenario{.id = "SC57",
             .name = "parted-members",
             .summary = "a membership is asked for while a partition goes through old and new",
             .prepare = with_standbys,
             .play = play<PartedMembers>,
             .proofs = parted_proofs},
    Scenario{.id = "SC58",
             .name = "contested-members",
             .summary = "the primary that is asked for a membership is cut off at that moment",
             .prepare = with_standbys,
             .play = play<ContestedMembers>,
             .proofs = contested_proofs},
    Scenario{.id = "SC65",
             .name = "only-standbys",
             .summary = "a primary is cut off from all voters and hears its standbys",
             .prepare = with_standbys,
             .play = play<OnlyStandbys>,
             .proofs = standby_proofs}};

} // namespace

std::span<const Scenario> member_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
