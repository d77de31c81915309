// One replica that asks for what cannot be, and commands that cannot be carried out.

#include "simulator/scenarios/families.hpp"
#include "simulator/scenarios/liar.hpp"

#include <array>
#include <cstdint>
#include <limits>

namespace faultlab::simulator {
namespace {

using replica::MutationRule;
using replica::Mutator;

// --- SC21: ranges that end before they begin

std::vector<MutationRule> bad_ranges(Rng& rng) {
    constexpr std::array<std::int64_t, 3> kinds{0, -1, 100'000};
    const std::int64_t amount = kinds.at(rng.below(kinds.size()));
    std::vector<MutationRule> rules;
    for (const Command command : {Command::GetLog, Command::GetSnapshot}) {
        // Of a snapshot all that there is may be asked for.
        if (amount > 0 && command == Command::GetSnapshot) continue;
        rules.push_back(
            {.command = command, .mutations = {{.mutator = Mutator::Range, .amount = amount}}});
    }
    return rules;
}

constexpr std::array range_stories = {
    Story{.name = "ranges", .draw = bad_ranges, .occasion = Occasion::OwnGap, .refused_by = "A8"},
    Story{.name = "ranges_from_afar",
          .draw = bad_ranges,
          .occasion = Occasion::OwnAbsence,
          .refused_by = "A8"}};

/// A range without entries must not be answered. No rule of the protocol sees it: what is sent is
/// true.
class Unanswered : public Stage::Program {
public:
    explicit Unanswered(Stage& stage) : stage_(&stage) {
        stage.on_heard([this](ReplicaId id, const Packet& packet) {
            const Header& header = packet.header;
            if (header.command != Command::GetLog || header.from <= header.to) return;
            asked_ = id;
            stage_->count("empty_ranges");
            stage_->at_step_end([this] { asked_ = no_replica; });
        });
        stage.on_sent([this](const Packet& packet) {
            if (asked_ == no_replica || packet.from != asked_) return;
            if (packet.header.command != Command::Log) return;
            stage_->world().violate("A8", asked_, "answers a range that ends before it begins");
        });
    }

private:
    Stage* stage_;
    ReplicaId asked_ = no_replica;
};

void play_bad_ranges(Stage& stage) {
    stage.keep<Unanswered>();
    stage.keep<Liar>().tell(range_stories);
}

constexpr std::array range_proofs = {
    Proof{"empty_ranges", 25, "a replica is asked for a range that ends before it begins"},
    Proof{"told.ranges", 50, "or for one that cannot be"},
    Proof{"told.ranges_from_afar", 20, "likewise by one that was away for long"},
    Proof{"refused.range", 100, "and refuses it"}};
constexpr std::array range_claims = {Claim{.rule = "A8"}};

// --- SC22: commands that fail

/// Clients ask for what fails on every replica in the same way.
class FailingCommands : public Stage::Program {
public:
    explicit FailingCommands(Stage& stage) : stage_(&stage) {}

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(1, 6));
        stage_->after_commits(commits, [this] { ask(); });
    }

private:
    void ask() {
        World& world = stage_->world();
        const std::size_t index = stage_->rng().below(world.client_count());
        Client& client = world.client(index);
        if (client.result() && client.result()->outcome == replica::Outcome::WrongType)
            stage_->count("failed_commands");
        const Value key("no number");
        client.submit(write_op(key, "text"));
        client.submit({.code = OpCode::Add, .key = key, .value = Value(1)});
        wait();
    }

    Stage* stage_;
};

constexpr std::array rewritings = {
    Story{.name = "other_commands",
          .draw =
              [](Rng& rng) {
                  return std::vector<MutationRule>{
                      {.command = Command::Prepare,
                       .mutations = {{.mutator = Mutator::RewriteBody, .seed = rng.next()}}}};
              }},
    Story{.name = "other_entries",
          .draw =
              [](Rng& rng) {
                  return std::vector<MutationRule>{
                      {.command = Command::Log,
                       .mutations = {{.mutator = Mutator::ConflictTail, .seed = rng.next()}}}};
              },
          .occasion = Occasion::Gap}};

void play_failing_commands(Stage& stage) {
    stage.keep<FailingCommands>().wait();
    stage.after_commits(40, [&stage] { stage.keep<Liar>().tell(rewritings); });
}

constexpr std::array failing_proofs = {
    Proof{"failed_commands", 100, "a command fails, and its client is told so"},
    Proof{"told.other_commands", 10, "a replica is sent another command than the others"},
    Proof{"told.other_entries", 10, "or another entry, when it asks for one"}};
constexpr std::string_view both_whole =
    "two entries of one op, each whole and in its place, cannot be told from a true one and a lie";
constexpr std::array failing_claims = {
    Claim{.rule = "A6"},
    Claim{.rule = "S9", .kind = Claim::Kind::Outside, .why = both_whole},
    Claim{.rule = "S1", .kind = Claim::Kind::Outside, .why = both_whole}};

constexpr std::array scenarios = {
    Scenario{.id = "SC21",
             .name = "bad-ranges",
             .summary = "one replica asks for ranges that end before they begin, or are endless",
             .prepare = only_its_own_faults,
             .play = play_bad_ranges,
             .proofs = range_proofs,
             .claims = range_claims},
    Scenario{.id = "SC22",
             .name = "failing-commands",
             .summary = "commands fail everywhere, and one replica sends others than it logs",
             .prepare = only_its_own_faults,
             .play = play_failing_commands,
             .proofs = failing_proofs,
             .claims = failing_claims}};

} // namespace

std::span<const Scenario> bad_request_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
