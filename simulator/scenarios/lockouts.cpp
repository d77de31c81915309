// Requests that were prepared, and are of a view that is gone before they are committed.

#include "replica/core/records.hpp"
#include "simulator/scenarios/families.hpp"

#include <fmt/format.h>

#include <array>
#include <map>
#include <utility>

namespace faultlab::simulator {
namespace {

// --- SC40: a client that nobody answers any more

/// Lets a primary prepare requests that it cannot commit, and takes it away: before anybody else
/// has them, so that the next view drops them, or when some backup does, so that it goes on with
/// them. Clients reach nobody but the old primary until it leads once more, or they reach all.
/// Whoever leads then must answer who asks again.
class Lockout : public Stage::Program {
public:
    explicit Lockout(Stage& stage) : stage_(&stage) {
        stage.on_sent([this](const Packet& packet) { sent(packet); });
        stage.on_heard([this](ReplicaId id, const Packet& packet) { heard(id, packet); });
        stage.on(EventKind::Appended, [this](ReplicaId id, const Event& event) {
            if (act_ != Act::InVain || kept_by_nobody_ || id == old_ || event.a < first_) return;
            stage_->at_step_end([this] { cut(); });
        });
        stage.on(EventKind::Truncated, [this](ReplicaId id, const Event& event) {
            if (act_ == Act::Without && id == old_ && event.a <= last_) stage_->count("dropped");
        });
        stage.on(EventKind::Committed, [this](ReplicaId, const Event& event) {
            if (act_ == Act::Without && entries_.erase(event.checksum.low) > 0)
                stage_->count("taken_over");
        });
        stage.on(EventKind::ViewEntered, [this](ReplicaId id, const Event& event) {
            if (act_ == Act::Without && event.b != 0)
                stage_->at_step_end([this, id] { leads(id); });
        });
    }

    void wait() {
        act_ = Act::None;
        const auto commits = static_cast<Op>(stage_->rng().between(1, 12));
        stage_->after_commits(commits, [this] { begin(); });
    }

private:
    enum class Act : std::uint8_t {
        None,
        InVain,  ///< the primary prepares what it cannot commit
        Without, ///< it is cut off
    };

    void begin() {
        const auto primary = stage_->world().primary();
        if (!primary || *primary > stage_->voters()) return wait();
        old_ = *primary;
        act_ = Act::InVain;
        kept_by_nobody_ = stage_->rng().chance(1, 2);
        back_to_old_ = stage_->rng().chance(2, 3);
        leads_again_ = false;
        asked_.clear();
        entries_.clear();
        const Telemetry said = stage_->world().telemetry(old_);
        view_ = said.view;
        first_ = said.head + 1;
        last_ = 0;
        ++round_;
        lost_ = stage_->network().drop_if([this](const Packet& packet) {
            const bool to_old = packet.to == old_;
            if (packet.header.command == Command::Request)
                return !to_old && act_ != Act::None && back_to_old_;
            // Nothing that it prepares from now on is committed.
            if (act_ != Act::InVain || packet.header.op < first_) return false;
            return kept_by_nobody_
                       ? packet.header.command == Command::Prepare && packet.from == old_
                       : packet.header.command == Command::PrepareOk && to_old;
        });
        const Nanos enough = 16 * stage_->patience();
        stage_->later(enough, enough, [this, round = round_] {
            if (round == round_ && act_ != Act::None) end();
        });
    }

    void sent(const Packet& packet) {
        const Header& header = packet.header;
        if (header.command == Command::Reply && asked_.erase({header.client, header.request}) > 0 &&
            act_ != Act::InVain) {
            stage_->count(packet.from == old_ ? "old_answers" : "another_answers");
            return;
        }
        if (act_ == Act::None || packet.from != old_ || header.view != view_ ||
            header.command != Command::Prepare || header.op < first_)
            return;
        replica::BatchReader batch(packet.body);
        while (const auto request = batch.next())
            asked_.emplace(std::pair(request->record.client, request->record.request), false);
        entries_.emplace(header.checksum.low, header.op);
        last_ = std::max(last_, header.op);
        if (kept_by_nobody_ && act_ == Act::InVain) stage_->at_step_end([this] { cut(); });
    }

    /// Nobody hears the primary any more.
    void cut() {
        if (act_ != Act::InVain || entries_.empty()) return;
        act_ = Act::Without;
        stage_->count(kept_by_nobody_ ? "prepared_alone" : "prepared_by_some", asked_.size());
        isolate(old_);
    }

    /// Another leads: if clients are to reach the old primary only, that one is cut off in its
    /// turn, until it is the old one's again.
    void leads(ReplicaId id) {
        if (act_ != Act::Without) return;
        if (id != old_ && back_to_old_) return isolate(id);
        if (id == old_) {
            stage_->count("leads_again");
            leads_again_ = true;
        }
        // Long enough for who was not answered to ask again.
        stage_->later(2 * stage_->patience(), 5 * stage_->patience(), [this, round = round_] {
            if (round == round_ && act_ == Act::Without) end();
        });
    }

    void heard(ReplicaId id, const Packet& packet) {
        if (packet.header.command != Command::Request || act_ == Act::InVain) return;
        const auto found = asked_.find({packet.header.client, packet.header.request});
        if (found == asked_.end() || found->second || id != old_ || !leads_again_) return;
        found->second = true;
        stage_->count("asked_old_again");
    }

    /// It alone.
    void isolate(ReplicaId id) {
        if (isolated_ == id) return;
        rejoin();
        isolated_ = id;
        fault_ = stage_->isolate(id, Stage::Cut::BothWays);
    }

    void rejoin() {
        const ReplicaId id = std::exchange(isolated_, no_replica);
        if (id != no_replica) stage_->rejoin(id, fault_);
    }

    void end() {
        rejoin();
        stage_->network().remove(lost_);
        wait();
    }

    Stage* stage_;
    Act act_ = Act::None;
    bool kept_by_nobody_ = false;
    bool back_to_old_ = false;
    bool leads_again_ = false;
    ReplicaId old_ = no_replica;
    ReplicaId isolated_ = no_replica;
    FaultId fault_ = 0;
    std::uint64_t round_ = 0;
    Network::RuleId lost_ = 0;
    View view_;
    Op first_ = 0; ///< that cannot be committed in this view
    Op last_ = 0;
    std::map<std::uint64_t, Op> entries_; ///< by checksum
    /// Requests in them that are not answered; whether the old primary was asked again, leading.
    std::map<std::pair<ClientId, RequestNumber>, bool> asked_;
};

void who_wait(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::PatienceMillis, 0);
}

constexpr std::array proofs = {
    Proof{"prepared_alone", 40, "requests are prepared by a primary that nobody hears"},
    Proof{"prepared_by_some", 50, "or by one that does not hear that others have them, too"},
    Proof{"dropped", 25, "a later view drops them"},
    Proof{"taken_over", 40, "or goes on with them"},
    Proof{"leads_again", 40, "the old primary leads once more"},
    Proof{"asked_old_again", 65, "and is asked for the same"},
    Proof{"old_answers", 65, "it answers then"},
    Proof{"another_answers", 40, "or another that leads in its place"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC40",
             .name = "lockout",
             .summary = "a primary prepares requests and is replaced before they are committed; "
                        "they are dropped or taken over, and asked for again",
             .prepare = who_wait,
             .play = play<Lockout>,
             .proofs = proofs}};

} // namespace

std::span<const Scenario> lockout_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
