// Replicas that die at the worst point of what they are doing.

#include "simulator/scenarios/families.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

namespace faultlab::simulator {
namespace {

// --- SC27: crash during commit

/// Lets a replica die right after it has executed an op, before it says so to anybody; or while its
/// checkpoint is being written; or as soon as the checkpoint holds.
class CrashDuringCommit : public Stage::Program {
public:
    explicit CrashDuringCommit(Stage& stage) : stage_(&stage) {
        stage.on(EventKind::Committed, [this](ReplicaId id, const Event&) { executed(id); });
        stage.on(EventKind::Checkpointed, [this](ReplicaId id, const Event&) {
            if (point_ == Point::CheckpointHolds) die(id, "died_after_checkpoint");
        });
        stage.on_sent([this](const Packet& packet) { sent(packet); });
    }

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(1, 12));
        stage_->after_commits(commits, [this] {
            constexpr std::array points = {Point::PrimaryExecuted,
                                           Point::BackupExecuted,
                                           Point::CheckpointWritten,
                                           Point::CheckpointHolds};
            point_ = points.at(stage_->rng().below(points.size()));
        });
    }

private:
    enum class Point : std::uint8_t {
        None,
        PrimaryExecuted,
        BackupExecuted,
        CheckpointWritten,
        CheckpointHolds
    };

    void executed(ReplicaId id) {
        if (id > stage_->voters()) return;
        if (point_ == Point::CheckpointWritten) {
            // The snapshot is begun later in this step, when this op is that of a checkpoint.
            stage_->at_step_end([this, id] {
                const bool writes = stage_->world().disk(id).volatile_writes(Zone::Snapshot) > 0;
                if (point_ == Point::CheckpointWritten && writes) die(id, "died_in_checkpoint");
            });
            return;
        }
        const bool leads = stage_->world().primary() == id;
        if (point_ == Point::BackupExecuted && !leads) die(id, "died_after_execution");
    }

    void die(ReplicaId id, std::string_view counter) {
        point_ = Point::None;
        dying_ = id;
        stage_->count(counter);
        stage_->die_here(id, 0, 2 * stage_->patience());
        stage_->at_step_end([this] {
            dying_ = no_replica;
            wait();
        });
    }

    /// What it executed and did not answer must be answered, later or by another.
    void sent(const Packet& packet) {
        const Header& header = packet.header;
        if (header.command != Command::Reply) return;
        const bool first = header.op > newest_answered_; // and no answer from memory
        newest_answered_ = std::max(newest_answered_, header.op);
        if (point_ == Point::PrimaryExecuted && first)
            die(static_cast<ReplicaId>(packet.from), "died_before_reply");
        const std::pair answer{header.client, header.request};
        if (packet.from == dying_) {
            unanswered_.insert(answer);
        } else if (unanswered_.erase(answer) > 0) {
            stage_->count("answered_after_all");
        }
    }

    Stage* stage_;
    Point point_ = Point::None;
    ReplicaId dying_ = no_replica;
    Op newest_answered_ = 0;
    std::set<std::pair<ClientId, RequestNumber>> unanswered_;
};

constexpr std::array commit_proofs = {
    Proof{"died_before_reply", 80, "a primary dies between an op's execution and its answer"},
    Proof{"died_after_execution", 80, "a backup dies right after it has executed an op"},
    Proof{"died_in_checkpoint", 50, "a replica dies while its checkpoint is being written"},
    Proof{"died_after_checkpoint", 50, "a replica dies as soon as its checkpoint holds"},
    Proof{"answered_after_all", 30, "what died with its answer is answered later"}};

// --- SC28: crash during a view change

/// Takes the primary away, and lets whoever gets to the drawn point of the change die there.
class CrashDuringViewChange : public Stage::Program {
public:
    explicit CrashDuringViewChange(Stage& stage) : stage_(&stage) {
        stage.on_sent([this](const Packet& packet) { sent(packet); });
        stage.on(EventKind::ViewInstalled, [this](ReplicaId id, const Event&) {
            if (point_ == Point::BackupInstalled && stage_->world().telemetry(id).role == backup)
                die(id);
        });
    }

    void wait() {
        point_ = Point::None;
        const auto commits = static_cast<Op>(stage_->rng().between(1, 6));
        stage_->after_commits(commits, [this] { begin(); });
    }

private:
    enum class Point : std::uint8_t {
        None,
        WishSent,        ///< the others may leave the view, and it has not
        VoteNotSent,     ///< the view is on its disk, its vote is not under way
        VoteSent,        ///< its vote counts, and it is gone
        VotesReceived,   ///< the new primary knows enough to choose the log
        StartNotSent,    ///< the new log is on its disk, nobody else has it
        StartSentToOne,  ///< one other has it
        BackupInstalled, ///< a backup has just taken the log over
    };
    static constexpr std::array names = {"none",
                                         "died_after_wish",
                                         "died_before_vote",
                                         "died_after_vote",
                                         "died_with_votes",
                                         "died_before_start",
                                         "died_amid_start",
                                         "died_after_install"};
    static constexpr Role backup = Role::Backup;

    void begin() {
        const auto gone = stage_->unseat(2 * stage_->patience(), 10 * stage_->patience());
        if (!gone) return wait();
        point_ = static_cast<Point>(stage_->rng().between(1, names.size() - 1));
        voters_.clear();
        started_ = no_replica;
        ++round_;
        // Whatever becomes of it, it ends.
        const Nanos enough = 12 * stage_->patience();
        stage_->later(enough, enough, [this, round = round_] {
            if (round == round_ && point_ != Point::None) wait();
        });
    }

    void sent(const Packet& packet) {
        const auto id = static_cast<ReplicaId>(packet.from);
        switch (packet.header.command) {
            case Command::StartViewChange:
                if (point_ == Point::WishSent) after_this(id);
                break;
            case Command::DoViewChange:
                if (point_ == Point::VoteNotSent) die(id);
                if (point_ == Point::VoteSent) after_this(id);
                if (point_ == Point::VotesReceived) voted(packet);
                break;
            case Command::StartView:
                if (point_ == Point::StartNotSent) die(id);
                if (point_ == Point::StartSentToOne) {
                    if (started_ == id) die(id);
                    started_ = id;
                }
                break;
            default: break;
        }
    }

    /// It dies when the step that sends this has ended.
    void after_this(ReplicaId id) {
        stage_->at_step_end([this, id] { die(id); });
    }

    /// A while after enough votes went to the new primary.
    void voted(const Packet& packet) {
        if (view_ != packet.header.view) voters_.clear();
        view_ = packet.header.view;
        voters_.insert(packet.from);
        const std::size_t others = replica::Quorums::of(stage_->voters()).view_change - 1U;
        if (voters_.size() != others) return;
        const auto id = static_cast<ReplicaId>(packet.to);
        const NetworkOptions& network = stage_->network().options();
        stage_->later(network.delay_min, 2 * network.delay_max, [this, id, view = view_] {
            const Telemetry said = stage_->world().telemetry(id);
            const bool chooses = said.status == Status::ViewChange && said.view == view;
            if (chooses && point_ == Point::VotesReceived) die(id);
        });
    }

    void die(ReplicaId id) {
        if (point_ == Point::None || !stage_->world().running(id)) return;
        stage_->count(names.at(static_cast<std::size_t>(point_)));
        point_ = Point::None;
        stage_->die_here(id, 0, 3 * stage_->patience());
        stage_->later(0, 6 * stage_->patience(), [this] { wait(); });
    }

    Stage* stage_;
    Point point_ = Point::None;
    std::uint64_t round_ = 0;
    View view_;
    std::set<Endpoint> voters_;
    ReplicaId started_ = no_replica;
};

constexpr std::array view_change_proofs = {
    Proof{"died_after_wish", 12, "a replica dies after it has asked for another view"},
    Proof{"died_before_vote", 12, "with the view on its disk, before its vote is sent"},
    Proof{"died_after_vote", 12, "as soon as its vote is sent"},
    Proof{"died_with_votes", 6, "the new primary dies with the votes in its hand"},
    Proof{"died_before_start", 12, "with the new log on its disk, before anybody else has it"},
    Proof{"died_amid_start", 6, "when one other has it"},
    Proof{"died_after_install", 12, "a backup dies as it takes the new log over"},
    Proof{counter::views, 200, "views are installed nevertheless"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC27",
             .name = "crash-during-commit",
             .summary =
                 "replicas die between execution and answer, and in the midst of checkpoints",
             .prepare = only_its_own_faults,
             .play = play<CrashDuringCommit>,
             .proofs = commit_proofs},
    Scenario{.id = "SC28",
             .name = "crash-during-view-change",
             .summary = "the primary is cut off, and a replica dies at one of seven points of the "
                        "view change",
             .prepare = only_its_own_faults,
             .play = play<CrashDuringViewChange>,
             .proofs = view_change_proofs}};

} // namespace

std::span<const Scenario> crash_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
