// Memberships that are contested, decided by nobody yet, or begun without the one who asked.

#include "simulator/scenarios/families.hpp"
#include "simulator/scenarios/members.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace faultlab::simulator {
namespace {

bool is_in(const std::vector<ReplicaId>& ids, ReplicaId id) {
    return std::ranges::find(ids, id) != ids.end();
}

/// A program that acts when the membership that it has asked for is proposed.
class Proposed : public Members {
public:
    explicit Proposed(Stage& stage) : Members(stage) {
        stage.on_sent([this](const Packet& packet) {
            const auto entry = config_entry(packet);
            if (entry && entry->code == OpCode::Reconfigure)
                proposed(static_cast<ReplicaId>(packet.from), *entry);
        });
    }

protected:
    /// Before each Prepare of a membership is sent to somebody.
    virtual void proposed(ReplicaId by, const ConfigEntry& entry) = 0;

    [[nodiscard]] bool is_wanted(const ConfigEntry& entry) const {
        return asking() && !entry.refused && entry.wanted.epoch == wanted().epoch;
    }
};

// --- SC59: two memberships at once

/// Two operators ask for different memberships of the same epoch: of one primary at one moment, or
/// the second of whoever replaces the primary that has proposed the first.
class Rivals : public Proposed {
public:
    explicit Rivals(Stage& stage) : Proposed(stage) {
        stage.on(EventKind::ViewEntered, [this](ReplicaId, const Event& event) {
            if (event.b != 0 && divided_ && asking())
                this->stage().at_step_end([this] { rival(); });
        });
    }

private:
    void trouble(ReplicaId primary) override {
        // Their order decides who leads: another order is another membership.
        do {
            rival_ = draw(primary);
        } while (rival_ == wanted());
        divided_ = stage().rng().chance(1, 3);
        first_ = second_ = false;
        stage().count(divided_ ? "asked_in_two_views" : "asked_at_once");
    }

    void submit() override {
        Members::submit();
        if (!divided_) rival();
    }

    void rival() {
        stage().world().client(1).submit({.code = OpCode::Reconfigure, .membership = rival_});
    }

    void proposed(ReplicaId by, const ConfigEntry& entry) override {
        if (entry.refused && entry.wanted.epoch <= begun_ && entry.op > refused_) {
            refused_ = entry.op;
            stage().count("refused_as_late");
        }
        if (!is_wanted(entry)) return;
        const bool both = first_ && second_;
        const bool anew = !first_ && !second_;
        (entry.wanted == rival_ ? second_ : first_) = true;
        if (first_ && second_ && !both) stage().count("both_proposed");
        if (divided_ && anew) stage().at_step_end([this, by] { isolate(by); });
    }

    void begun(ReplicaId first) override {
        begun_ = wanted().epoch;
        const Membership is = stage().world().telemetry(first).membership;
        stage().count(is.voters == rival_.voters ? "second_won" : "first_won");
        recover();
    }

    Membership rival_;
    bool divided_ = false;
    bool first_ = false;  ///< it was proposed
    bool second_ = false; ///< likewise
    std::uint32_t begun_ = 0;
    Op refused_ = 0;
};

constexpr std::array rival_proofs = {
    Proof{"asked_at_once", 130, "two memberships of one epoch are asked for at one moment"},
    Proof{"asked_in_two_views", 65, "or one of each of two primaries"},
    Proof{"both_proposed", 15, "both get into somebody's log"},
    Proof{"first_won", 100, "the epoch begins with the first"},
    Proof{"second_won", 75, "or with the second"},
    Proof{"refused_as_late", 190, "the other is refused once it has begun"}};

// --- SC60: neither quorum alone decides

/// Two voters and two standbys change places. As soon as that is proposed, a partition leaves the
/// primary with a quorum of the old voters and none of the new ones, or the other way round.
class BetweenQuorums : public Proposed {
public:
    explicit BetweenQuorums(Stage& stage) : Proposed(stage) {
        stage.on(EventKind::EpochEntered, [this](ReplicaId id, const Event&) {
            if (!parted_ || std::ranges::find(side_, id) == side_.end()) return;
            this->stage().world().violate(
                "members", id, "begins an epoch that voters of one membership alone have decided");
        });
    }

private:
    Membership draw(ReplicaId) override {
        Ids voters = any_of(voters_of(now()), max_replica_id);
        Ids standbys = any_of(standbys_of(now()), max_replica_id);
        const std::size_t places = std::min(standbys.size(), voters.size() - 1);
        for (std::size_t i = 0; i < places; ++i)
            std::swap(voters.at(i), standbys.at(i));
        return next(voters, standbys);
    }

    void trouble(ReplicaId) override { waits_ = !parted_; }

    void proposed(ReplicaId by, const ConfigEntry& entry) override {
        if (!is_wanted(entry) || !std::exchange(waits_, false)) return;
        stage().at_step_end([this, by] { part(by); });
    }

    void part(ReplicaId primary) {
        const bool old = stage().rng().chance(1, 2);
        stage().count(old ? "with_old_quorum" : "with_new_quorum");
        side_ = side_of(primary, old);
        std::vector<Endpoint> rest;
        for (ReplicaId id = 1; id <= stage().world().size(); ++id) {
            if (std::ranges::find(side_, id) == side_.end()) rest.push_back(id);
        }
        Network& network = stage().network();
        const FaultId fault = stage().begin(
            {.kind = "partition",
             .summary = fmt::format(
                 "n{} has a quorum of the {} voters only", primary, old ? "old" : "new"),
             .targets = {primary},
             .gauge_name = "packets_cut",
             .gauge = [&network] { return network.counts().cut; }});
        network.cut(side_, rest);
        parted_ = true;
        stage().later(2 * stage().patience(), 6 * stage().patience(), [this, fault, rest] {
            parted_ = false;
            if (asking()) stage().count("undecided");
            stage().end(fault);
            for (const Endpoint one : side_) {
                for (const Endpoint other : rest)
                    stage().network().heal(one, other);
            }
        });
    }

    /// The primary, and as few others as make a quorum of the old or of the new voters: first those
    /// that are not among the others.
    [[nodiscard]] std::vector<Endpoint> side_of(ReplicaId primary, bool old) {
        const Ids is = any_of(voters_of(old ? now() : wanted()), max_replica_id);
        const Ids others = voters_of(old ? wanted() : now());
        const std::size_t quorum = replica::Quorums::of(is.size()).replication;
        std::vector<Endpoint> side{primary};
        std::size_t count = is_in(is, primary) ? 1 : 0;
        for (const bool both : {false, true}) {
            for (const ReplicaId id : is) {
                if (count == quorum || id == primary || is_in(others, id) != both) continue;
                side.push_back(id);
                ++count;
            }
        }
        return side;
    }

    bool waits_ = false; ///< for the proposal
    bool parted_ = false;
    std::vector<Endpoint> side_; ///< of the primary
};

constexpr std::array between_proofs = {
    Proof{"with_old_quorum", 35, "a primary has a quorum of the old voters only"},
    Proof{"with_new_quorum", 35, "or of the new voters only"},
    Proof{"undecided", 50, "until that is over, no epoch begins"},
    Proof{"swapped", 40, "then it does"}};

// --- SC66: a standby in the place of a primary that is lost

/// A standby becomes a voter in the place of the primary, which loses its power before it is asked
/// for that, or when it has just proposed it. Then so many others are cut off that nothing is
/// decided without the new voter. Now and then it is asked for while the standby is cut off, and
/// has not caught up.
class Promotion : public Proposed {
public:
    explicit Promotion(Stage& stage) : Proposed(stage) {
        stage.on(EventKind::ViewEntered, [this](ReplicaId id, const Event& event) {
            if (event.b != 0 && id > this->stage().voters()) this->stage().count("leads");
        });
        stage.count_while(lonely_, EventKind::Committed, "executed_by_few");
    }

private:
    Membership draw(ReplicaId primary) override {
        Ids voters = any_of(voters_of(now()), max_replica_id);
        Ids standbys = any_of(standbys_of(now()), max_replica_id);
        promoted_ = standbys.front();
        std::swap(*std::ranges::find(voters, primary), standbys.front());
        return next(voters, standbys);
    }

    void trouble(ReplicaId primary) override {
        behind_ = stage().rng().chance(1, 4);
        waits_ = !behind_ && stage().rng().chance(1, 2);
        if (behind_) {
            isolate(promoted_);
        } else if (!waits_) {
            lose(primary, "lost_before");
        }
    }

    void submit() override {
        if (!std::exchange(behind_, false)) return Members::submit();
        const Op commits = 2 * stage().world().limits().pipeline + 2;
        stage().after_commits(commits, [this, epoch = wanted().epoch] {
            if (!asking() || epoch != wanted().epoch) return;
            stage().count("asked_too_early");
            Members::submit();
        });
    }

    void proposed(ReplicaId by, const ConfigEntry& entry) override {
        if (entry.refused && entry.op > refused_) {
            refused_ = entry.op;
            stage().count("refused");
        }
        if (!is_wanted(entry) || !std::exchange(waits_, false)) return;
        stage().at_step_end([this, by] { lose(by, "lost_with_proposal"); });
    }

    void lose(ReplicaId id, std::string_view counter) {
        if (!stage().world().running(id)) return;
        stage().count(counter);
        lost_ = id;
        fault_ = stage().begin({.kind = "power-cut",
                                .summary = fmt::format("n{} loses its power", id),
                                .targets = {id}});
        stage().world().power_cut(id);
        // Whatever becomes of it, it ends.
        const Nanos enough = 30 * stage().patience();
        stage().later(enough, enough, [this, fault = fault_] {
            if (fault == fault_) come_back();
        });
    }

    void come_back() {
        const ReplicaId id = std::exchange(lost_, no_replica);
        if (id == no_replica) return;
        stage().end(fault_);
        stage().reboot(id);
    }

    void begun(ReplicaId) override {
        if (lost_ == no_replica) return recover();
        stage().count("promoted");
        Ids others = voters_of(wanted());
        std::erase(others, promoted_);
        for (const ReplicaId id : any_of(others, (wanted().voter_count - 1U) / 2))
            isolate(id);
        lonely_ = true;
        const auto commits = static_cast<Op>(stage().rng().between(2, 6));
        stage().after_commits(commits, [this] {
            stage().count("decides");
            end();
        });
        const Nanos enough = 12 * stage().patience();
        stage().later(enough, enough, [this, epoch = wanted().epoch] {
            if (epoch == wanted().epoch) end();
        });
    }

    void end() {
        if (!std::exchange(lonely_, false)) return;
        come_back();
        recover();
    }

    ReplicaId promoted_ = no_replica;
    ReplicaId lost_ = no_replica; ///< until it comes back
    FaultId fault_ = 0;
    Op refused_ = 0;
    bool behind_ = false; ///< the standby is cut off, and nobody has asked yet
    bool waits_ = false;  ///< for the proposal
    bool lonely_ = false;
};

constexpr std::array promotion_proofs = {
    Proof{"lost_before", 35, "a primary loses its power before it is to be replaced"},
    Proof{"lost_with_proposal", 25, "or with the proposal that replaces it"},
    Proof{"promoted", 60, "the epoch begins without it"},
    Proof{"decides", 60, "what is decided then, the new voter has helped to decide"},
    Proof{"leads", 28, "one that was a standby leads"},
    Proof{"asked_too_early", 20, "a standby that is cut off is to become a voter"},
    Proof{"refused", 45, "and is refused"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC59",
             .name = "rival-members",
             .summary = "two memberships of one epoch are asked for, of one primary or of two",
             .prepare = with_standbys,
             .play = play<Rivals>,
             .proofs = rival_proofs},
    Scenario{.id = "SC60",
             .name = "between-quorums",
             .summary = "a partition leaves the primary with a quorum of the old voters and none "
                        "of the new, or the other way round, as a change is proposed",
             .prepare = with_standbys,
             .play = play<BetweenQuorums>,
             .proofs = between_proofs},
    Scenario{.id = "SC66",
             .name = "promotions",
             .summary = "a standby becomes a voter in the place of a primary that is lost, and "
                        "must decide at once",
             .prepare = with_standbys,
             .play = play<Promotion>,
             .proofs = promotion_proofs}};

} // namespace

std::span<const Scenario> epoch_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
