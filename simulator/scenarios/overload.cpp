// Primaries that refuse requests.

#include "replica/core/records.hpp"
#include "simulator/scenarios/families.hpp"

#include <fmt/format.h>

#include <array>
#include <map>
#include <utility>

namespace faultlab::simulator {
namespace {

// --- SC100: a request is refused, and another sending of it is not

/// Clients ask for more than a primary admits. Meanwhile requests are late, so that they come when
/// their repetition is refused; or a primary is cut off when it has prepared some, and the next is
/// slow to hear that it may execute them: until then it refuses everybody. Who is refused knows
/// nothing of what became of his other sendings.
class RefusedAgain : public Stage::Program {
public:
    explicit RefusedAgain(Stage& stage) : stage_(&stage) {
        stage.on_sent([this](const Packet& packet) { sent(packet); });
        stage.on(EventKind::ViewEntered, [this](ReplicaId id, const Event& event) {
            if (event.b != 0 && std::exchange(awaits_leader_, false))
                stage_->at_step_end([this, id] { hear_late(id); });
        });
    }

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(1, 8));
        stage_->after_commits(commits, [this] {
            if (stage_->rng().chance(2, 3)) return hold_requests();
            replace_primary();
        });
    }

private:
    using Request = std::pair<ClientId, RequestNumber>;
    struct Sendings {
        std::uint32_t undecided = 0; ///< of which nobody said that they are not taken
        bool prepared = false;       ///< one is in an entry
        bool refused = false;        ///< one was, while another was undecided
    };

    void sent(const Packet& packet) {
        const Header& header = packet.header;
        if (header.command == Command::Prepare) return prepared(packet);
        if (header.request == 0) return; // it begins a session
        const Request request{header.client, header.request};
        switch (header.command) {
            case Command::Request: ++sendings_[request].undecided; return;
            case Command::Busy:
            case Command::Redirect: {
                Sendings& of = sendings_[request];
                of.undecided -= of.undecided > 0 ? 1 : 0;
                if (header.command == Command::Redirect || of.undecided == 0) return;
                of.refused = true;
                stage_->count(of.prepared ? "refused_though_prepared" : "refused_again");
                return;
            }
            case Command::Reply: sendings_.erase(request); return;
            default: return;
        }
    }

    void prepared(const Packet& packet) {
        replica::BatchReader batch(packet.body);
        while (const auto request = batch.next()) {
            const auto found = sendings_.find({request->record.client, request->record.request});
            if (found == sendings_.end()) continue;
            Sendings& of = found->second;
            if (!of.prepared && of.refused) stage_->count("taken_after_all");
            of.prepared = true;
        }
    }

    /// Half of the requests that are sent for the first time now come after their repetitions.
    void hold_requests() {
        Network& network = stage_->network();
        const auto rule =
            network.hold_if([this, salt = stage_->rng().next()](const Packet& packet) {
                const Header& header = packet.header;
                if (header.command != Command::Request || header.request == 0) return false;
                const auto found = sendings_.find({header.client, header.request});
                const bool first = found != sendings_.end() && found->second.undecided == 1;
                return first && ((header.checksum.low ^ salt) & 1U) == 0;
            });
        const FaultId fault =
            stage_->begin({.kind = "late-requests",
                           .summary = "requests come after their repetition",
                           .gauge_name = "packets",
                           .gauge = [&network, rule] { return network.hits(rule); }});
        const Nanos retry = stage_->knobs()[Knob::RetryMillis] * 1'000'000;
        stage_->later(retry, 3 * retry, [this, rule, fault] {
            stage_->end(fault);
            stage_->count("came_late", stage_->network().kept(rule).size());
            stage_->network().release(rule);
            wait();
        });
    }

    void replace_primary() {
        awaits_leader_ = stage_->unseat(2 * stage_->patience(), 4 * stage_->patience()).has_value();
        if (awaits_leader_) stage_->count("replaced");
        stage_->later(5 * stage_->patience(), 6 * stage_->patience(), [this] {
            awaits_leader_ = false;
            wait();
        });
    }

    void hear_late(ReplicaId id) {
        Stage::Links links;
        for (const ReplicaId other : stage_->others(id))
            links.emplace_back(other, id);
        const Nanos more = stage_->rng().between(stage_->patience() / 8, stage_->patience() / 3);
        const FaultId fault = stage_->slow_links(id, links, more);
        stage_->later(stage_->patience(), 2 * stage_->patience(), [this, links, fault] {
            stage_->quicken(links, fault);
        });
    }

    Stage* stage_;
    std::map<Request, Sendings> sendings_; ///< that are not answered
    bool awaits_leader_ = false;
};

void overloaded(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::ClientsPerNode, 2);
    knobs.set(Knob::ThinkMicros, 500);
    knobs.set(Knob::PatienceMillis, 0);
    knobs.set(Knob::RetryMillis, 20);
    knobs.set(Knob::AdmissionRate, 50);
    knobs.set(Knob::TimeoutPercent, 100);
}

constexpr std::array proofs = {
    Proof{"came_late", 500, "requests come after their repetition"},
    Proof{"refused_again", 500, "one is refused of which another sending is on its way"},
    Proof{"taken_after_all", 300, "and it is taken later"},
    Proof{"replaced", 100, "a primary is cut off"},
    Proof{"refused_though_prepared", 10, "and the next refuses what the log has"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC100",
             .name = "refused-again",
             .summary = "primaries refuse most of what they are asked for, while other sendings of "
                        "the same requests are late, or in the log",
             .prepare = overloaded,
             .play = play<RefusedAgain>,
             .proofs = proofs}};

} // namespace

std::span<const Scenario> overload_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
