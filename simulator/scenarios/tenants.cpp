// Keys of several namespaces.

#include "simulator/scenarios/families.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>
#include <utility>

namespace faultlab::simulator {
namespace {

// --- SC04: tenants

constexpr std::size_t tenants = 3;
constexpr std::array kinds = {OpCode::Read,
                              OpCode::Write,
                              OpCode::Cas,
                              OpCode::Add,
                              OpCode::Append,
                              OpCode::Delete,
                              OpCode::Scan,
                              OpCode::Transaction};

/// Random faults of all kinds, on a store in which the same names are keys of several tenants.
/// Looks at what is asked and answered once a replica is back from the dead.
class Tenants : public Stage::Program {
public:
    explicit Tenants(Stage& stage) : stage_(&stage) {
        stage.on(EventKind::StatusChanged, [this](ReplicaId id, const Event& event) {
            const bool works = event.a == static_cast<std::uint64_t>(Status::Normal);
            if (!works || stage_->world().machine(id).life <= last_life_.at(id)) return;
            const bool first =
                std::exchange(last_life_.at(id), stage_->world().machine(id).life) == 0;
            if (first) return;
            recovered_ = true;
            stage_->count("recoveries");
        });
        stage.on_heard([this](ReplicaId, const Packet& packet) { heard(packet); });
        stage.on_sent([this](const Packet& packet) { sent(packet); });
    }

private:
    struct Asked {
        std::uint32_t tenant = 0;
        OpCode code = OpCode::Read;
        friend auto operator<=>(const Asked&, const Asked&) = default;
    };

    void heard(const Packet& packet) {
        const Header& header = packet.header;
        if (!recovered_ || header.command != Command::Request || header.request == 0) return;
        const auto operation = replica::decode_operation(packet.body);
        if (!operation || operation->space == 0) return;
        asked_[{header.client, header.request}] = {operation->space, operation->code};
        if (operation->key.is_absent()) return;
        std::set<std::uint32_t>& of_name = names_[operation->key];
        if (of_name.insert(operation->space).second && of_name.size() == tenants)
            stage_->count("shared_names");
    }

    void sent(const Packet& packet) {
        const Header& header = packet.header;
        if (header.command != Command::Reply) return;
        const auto found = asked_.find({header.client, header.request});
        if (found == asked_.end()) return;
        stage_->count("answered");
        const bool another = answered_.insert(found->second).second;
        asked_.erase(found);
        if (another && answered_.size() == tenants * kinds.size()) stage_->count("of_every_kind");
    }

    Stage* stage_;
    bool recovered_ = false;
    std::array<std::uint64_t, max_replica_id + 1> last_life_{}; ///< in which it was Normal
    std::map<std::pair<ClientId, RequestNumber>, Asked> asked_;
    std::set<Asked> answered_;
    std::map<Value, std::set<std::uint32_t>> names_; ///< in which namespaces one was asked for
};

/// The swarm, with operations of all kinds, and with crashes and power cuts in any case.
void of_tenants(Knobs& knobs) {
    knobs.set(Knob::Namespaces, tenants);
    knobs.set(Knob::Keys, 24);
    for (const Knob share : {Knob::ReadShare,
                             Knob::WriteShare,
                             Knob::CasShare,
                             Knob::AddShare,
                             Knob::AppendShare,
                             Knob::DeleteShare,
                             Knob::ScanShare,
                             Knob::TxnShare})
        knobs.set(share, 10);
    for (const Trouble trouble : {Trouble::Crash, Trouble::PowerCut})
        knobs.set(knob_of(trouble), std::max<std::int64_t>(knobs[knob_of(trouble)], 30));
}

void play_tenants(Stage& stage) {
    stage.keep<Tenants>();
    stage.nemesis().run_until(std::numeric_limits<Nanos>::max());
}

constexpr std::array proofs = {
    Proof{"recoveries", 200, "replicas come back from a crash"},
    Proof{"answered", 7'000, "operations on keys of tenants are answered after that"},
    Proof{"shared_names", 400, "a name is a key of every tenant"},
    Proof{"of_every_kind", 15, "every tenant has operations of all kinds answered in one run"},
    Proof{counter::faults, 700, "faults take effect"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC04",
             .name = "tenants",
             .summary = "three tenants use the same names of keys, each in a namespace of its own, "
                        "under random faults",
             .prepare = of_tenants,
             .play = play_tenants,
             .proofs = proofs}};

} // namespace

std::span<const Scenario> tenant_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
