// One replica that lies once, when everything depends on what it says.

#include "simulator/false_checkpoint.hpp"
#include "simulator/lies.hpp"
#include "simulator/scenarios/families.hpp"
#include "simulator/scenarios/few_witnesses.hpp"

#include <fmt/format.h>

#include <array>
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
/// it, and then say that it has less. The last vote that is needed comes after.
class TakenBack : public Stage::Program {
public:
    explicit TakenBack(Stage& stage)
        : stage_(&stage), few_(stage), lies_(&stage.lie_of(stage.any_voter())) {
        stage.on_heard([this](ReplicaId, const Packet& packet) {
            if (!lie_ || !packet.lie) return;
            stage_->count("told.taken_back");
            tell_truth();
            stage_->later(0, stage_->patience() / 4, [this] { let_go(); });
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
            return is_vote(packet) && packet.from != stage_->liar() && packet.to == next_;
        });
        fault_ = begin_lies(*stage_, "it votes, and says then that it has less");
        lie();
        few_.turn();
        stage_->later(3 * stage_->patience(), 4 * stage_->patience(), [this] {
            if (lie_) let_go();
            tell_truth();
            stage_->end(fault_);
            wait();
        });
    }

    void lie() {
        // Of all that it has: no suffix is as long.
        const auto all = static_cast<std::int64_t>(stage_->world().limits().slots);
        lie_ =
            lies_->begin({.at = stage_->world().now(),
                          .changes = {{.mutator = replica::Mutator::TruncateTail, .amount = all}},
                          .truth_first = true});
        rule_ = stage_->network().replace_if(
            [this](const Packet& packet) {
                if (!is_vote(packet) || packet.from != stage_->liar()) return false;
                auto told = lies_->tell(*lie_, packet);
                if (!told) return false;
                instead_ = *std::move(told);
                return true;
            },
            [this](const Packet&) { return std::move(instead_); });
    }

    void tell_truth() {
        if (!lie_) return;
        lies_->end(*std::exchange(lie_, std::nullopt));
        stage_->network().remove(rule_);
    }

    [[nodiscard]] bool is_vote(const Packet& packet) const {
        return packet.header.command == Command::DoViewChange && packet.header.view == view_;
    }

    void let_go() { stage_->network().release(held_); }

    Stage* stage_;
    FewWitnesses few_;
    Lies* lies_;
    View view_; ///< the next one, and who leads it
    ReplicaId next_ = no_replica;
    std::optional<Lies::Id> lie_; ///< until it is heard
    std::vector<Packet> instead_; ///< of the vote that is sent now
    Network::RuleId rule_ = 0;
    Network::RuleId held_ = 0;
    FaultId fault_ = 0;
};

void five(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::Voters, 5);
}

constexpr std::array taken_back_proofs = {
    Proof{"told.taken_back", 50, "a new primary hears that a vote which it has was longer"},
    Proof{counter::views, 100, "views begin all the same"}};

// --- SC95: a checkpoint that nobody made

/// Keeps a replica away until it needs a checkpoint, and has the liar say, to it alone, that its
/// own is another one than it is, and hand that out.
class ForgedCheckpoints : public Stage::Program {
public:
    explicit ForgedCheckpoints(Stage& stage)
        : stage_(&stage), checkpoint_(stage, stage.lie_of(stage.any_voter())) {
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
        checkpoint_.tell({away_});
        stage_->reboot(away_);
        stage_->later(2 * stage_->patience(), 6 * stage_->patience(), [this] {
            checkpoint_.tell({});
            stage_->end(fault_);
            wait();
        });
    }

    Stage* stage_;
    FalseCheckpoint checkpoint_;
    ReplicaId away_ = no_replica;
    FaultId fault_ = 0;
};

constexpr std::array forged_checkpoint_proofs = {
    Proof{"forgeries", 100, "a checkpoint is forged"},
    Proof{"told.while_it_syncs", 100, "a replica that needs one hears of it"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC94",
             .name = "votes-taken-back",
             .summary = "one replica votes truly, and then says that it has less",
             .prepare = five,
             .play = play<TakenBack>,
             .proofs = taken_back_proofs},
    Scenario{.id = "SC95",
             .name = "forged-checkpoints",
             .summary = "one replica hands a checkpoint out that nobody made",
             .prepare = short_logs,
             .play = play<ForgedCheckpoints>,
             .proofs = forged_checkpoint_proofs}};

} // namespace

std::span<const Scenario> false_witness_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
