// One replica that lies: its messages are changed after it has sent them, and every checksum fits.

#include "replica/core/records.hpp"
#include "simulator/scenarios/families.hpp"
#include "simulator/scenarios/liar.hpp"

#include <array>
#include <initializer_list>

namespace faultlab::simulator {
namespace {

using replica::Mutation;
using replica::MutationRule;
using replica::Mutator;
using Rules = std::vector<MutationRule>;

Rules all(std::initializer_list<Command> commands, const std::vector<Mutation>& mutations) {
    Rules rules;
    for (const Command command : commands)
        rules.push_back({.command = command, .mutations = mutations});
    return rules;
}

std::int64_t one_of(Rng& rng, std::initializer_list<std::int64_t> values) {
    return values.begin()[rng.below(values.size())];
}

constexpr Claim refused(std::string_view rule) {
    return {.rule = rule};
}
constexpr Claim stops{.rule = "halt"};
constexpr Claim outside(std::string_view rule, std::string_view why) {
    return {.rule = rule, .kind = Claim::Kind::Outside, .why = why};
}

// --- SC07: other entries in a suffix

constexpr std::array conflicts = {
    Story{.name = "votes",
          .draw =
              [](Rng& rng) {
                  return all({Command::DoViewChange},
                             {{.mutator = Mutator::ConflictTail, .amount = 0, .seed = rng.next()}});
              },
          .occasion = Occasion::NewView},
    Story{.name = "views_over_committed",
          .draw =
              [](Rng& rng) {
                  return all({Command::StartView, Command::Log},
                             {{.mutator = Mutator::ConflictTail, .amount = 1, .seed = rng.next()}});
              },
          .occasion = Occasion::Succession,
          .when = "executed-there"}};

void play_conflicts(Stage& stage) {
    stage.keep<Liar>().tell(conflicts);
}

constexpr std::array conflict_proofs = {
    Proof{"told.votes", 12, "a replica hears a vote with entries that nobody has"},
    Proof{"told.views_over_committed",
          3,
          "a replica hears a StartView with another entry in place of one that it has executed"},
    Proof{"contained.halt", 5, "a replica that cannot know which of two logs is true stops"}};
constexpr std::array conflict_claims = {refused("A6"), stops};

// --- SC08, SC09: commit numbers that cannot be

constexpr std::array desyncs = {
    Story{.name = "short_and_high",
          .draw =
              [](Rng& rng) {
                  return all({Command::StartView, Command::DoViewChange},
                             {{.mutator = Mutator::TruncateTail, .amount = rng.between(1, 8)},
                              {.mutator = Mutator::InflateCommit, .amount = 500}});
              },
          .occasion = Occasion::NewView,
          .refused_by = "A8"}};

void play_desyncs(Stage& stage) {
    stage.keep<Liar>().tell(desyncs);
}

constexpr std::array inflations = {
    Story{.name = "heartbeats",
          .draw =
              [](Rng& rng) {
                  return all(
                      {Command::Commit, Command::Prepare},
                      {{.mutator = Mutator::InflateCommit, .amount = rng.between(500, 1000)}});
              },
          .refused_by = "A8"},
    Story{.name = "views",
          .draw =
              [](Rng& rng) {
                  return all({Command::DoViewChange, Command::StartView, Command::Commit},
                             {{.mutator = Mutator::Creep, .amount = rng.between(300, 1000)}});
              },
          .occasion = Occasion::NewView,
          .refused_by = "A8"}};

void play_inflations(Stage& stage) {
    stage.keep<Liar>().tell(inflations);
}

constexpr std::array desync_proofs = {
    Proof{"told.short_and_high", 100, "a replica hears of a short log with a high commit number"},
    Proof{"refused.range", 100, "and refuses it"}};
constexpr std::array inflation_proofs = {
    Proof{"told.heartbeats", 100, "a replica hears of commits beyond the log, from its primary"},
    Proof{"told.views", 100, "likewise in a view change"},
    Proof{"refused.range", 200, "and refuses it"}};
constexpr std::array range_claims = {refused("A8")};

// --- SC10: entries that are not what their message says

constexpr std::array metadata = {
    Story{.name = "prepares",
          .draw =
              [](Rng& rng) {
                  return all(
                      {Command::Prepare},
                      {{.mutator = Mutator::ShiftOp, .amount = one_of(rng, {-10, -1, 1, 10})}});
              }},
    Story{.name = "logs",
          .draw =
              [](Rng& rng) {
                  return all(
                      {Command::Log},
                      {{.mutator = Mutator::ShiftOp, .amount = one_of(rng, {-2, -1, 1, 2})}});
              },
          .occasion = Occasion::Gap,
          .refused_by = "A3"},
    Story{.name = "entries",
          .draw =
              [](Rng&) {
                  return all({Command::Log}, {{.mutator = Mutator::ShiftEntry, .amount = 1000}});
              },
          .occasion = Occasion::Gap,
          .refused_by = "A3"},
    Story{.name = "views_of_others",
          .draw =
              [](Rng& rng) {
                  return all(
                      {Command::StartView},
                      {{.mutator = Mutator::LowerView, .amount = one_of(rng, {-2, -1, 1, 2})}});
              },
          .occasion = Occasion::NewView,
          .refused_by = "S9"}};

void play_metadata(Stage& stage) {
    stage.keep<Liar>().tell(metadata);
}

constexpr std::array metadata_proofs = {
    Proof{"told.prepares", 100, "a replica hears a Prepare of another op than its entry's"},
    Proof{"told.logs", 5, "a replica that repairs is sent an entry as if it were another"},
    Proof{"told.entries", 5, "or one of a view that its log does not know"},
    Proof{"refused.entry", 10, "and refuses it"},
    Proof{"told.views_of_others", 10, "a replica hears a StartView from who does not lead"},
    Proof{"refused.range", 40, "an op that no pipeline reaches is refused"}};
constexpr std::array metadata_claims = {
    refused("A6"),
    refused("A8"),
    outside("O6",
            "who misses the entry before cannot know that there is none of the op it hears of")};

// --- SC11: votes that hide entries

constexpr std::array hidden = {
    Story{.name = "shorter_votes",
          .draw =
              [](Rng& rng) {
                  return all({Command::DoViewChange},
                             {{.mutator = Mutator::TruncateTail, .amount = rng.between(1, 8)}});
              },
          .occasion = Occasion::GapThenView,
          .when = "longer-than-there"}};

void play_hidden(Stage& stage) {
    stage.keep<Liar>().tell(hidden);
}

constexpr std::array hidden_proofs = {
    Proof{"told.shorter_votes",
          30,
          "a longer log than the new primary's is offered as a shorter one"},
    Proof{counter::views, 100, "views begin all the same"}};
constexpr std::array hidden_claims = {outside(
    "S4", "a vote that hides what its sender acknowledged is like one of who never had it")};

// --- SC18: suffixes that do not fit

constexpr std::array misfits = {
    Story{.name = "lengths",
          .draw =
              [](Rng& rng) {
                  return all({Command::DoViewChange, Command::StartView},
                             {{.mutator = Mutator::TailLength,
                               .amount = one_of(rng, {-3, -2, -1, 1, 2, 3})}});
              },
          .occasion = Occasion::GapThenView,
          .refused_by = "A5"},
    Story{.name = "counts",
          .draw =
              [](Rng& rng) {
                  return all(
                      {Command::DoViewChange, Command::StartView},
                      {{.mutator = Mutator::TailCount, .amount = one_of(rng, {-1, 1, 1000})}});
              },
          .occasion = Occasion::NewView,
          .refused_by = "A5"},
    Story{.name = "orders",
          .draw =
              [](Rng& rng) {
                  return all({Command::DoViewChange, Command::StartView},
                             {{.mutator = Mutator::ShuffleTail, .seed = rng.next()}});
              },
          .occasion = Occasion::GapThenView,
          .refused_by = "A5"}};

void play_misfits(Stage& stage) {
    stage.keep<Liar>().tell(misfits);
}

constexpr std::array misfit_proofs = {
    Proof{"told.lengths", 50, "a replica hears of a suffix that does not end where its log does"},
    Proof{"told.counts", 50, "of one with more or fewer records than it says"},
    Proof{"told.orders", 20, "of one in another order"},
    Proof{"refused.tail length", 100, "wrong lengths are refused"},
    Proof{"refused.tail order", 20, "and wrong orders"},
    Proof{"votes_without_effect", 80, "who refuses a vote is as it was before"}};
constexpr std::array misfit_claims = {refused("A5"), refused("A8")};

// --- SC19: two logs of one view

constexpr std::array forks = {
    Story{.name = "forked_votes",
          .draw =
              [](Rng& rng) {
                  return all({Command::DoViewChange, Command::Log},
                             {{.mutator = Mutator::ConflictTail, .amount = 1, .seed = rng.next()}});
              },
          .occasion = Occasion::NewView,
          .when = "same-log-there"}};

void play_forks(Stage& stage) {
    stage.keep<Liar>().tell(forks);
}

constexpr std::array fork_proofs = {
    Proof{"told.forked_votes", 50, "a new primary hears of another log as long as its own"},
    Proof{"refused.fork", 20, "it sees that they differ"},
    Proof{"contained.halt", 20, "and stops, as nobody can tell which of them is true"}};
constexpr std::array fork_claims = {refused("A6"), stops};

// --- SC20: suffixes without end

constexpr std::array oversized = {
    Story{.name = "long_suffixes",
          .draw =
              [](Rng& rng) {
                  return all({Command::DoViewChange, Command::StartView},
                             {{.mutator = Mutator::LongTail, .amount = rng.between(10, 12)}});
              },
          .occasion = Occasion::GapThenView,
          .refused_by = "A5"},
    Story{.name = "endless_suffixes",
          .draw =
              [](Rng& rng) {
                  Rules rules = all(
                      {Command::DoViewChange, Command::StartView},
                      {{.mutator = Mutator::LongTail, .amount = one_of(rng, {10'001, 50'000})}});
                  for (MutationRule& rule : rules)
                      rule.permille = 300;
                  return rules;
              },
          .occasion = Occasion::NewView,
          .refused_by = "A7"},
    Story{.name = "wrong_sizes",
          .draw =
              [](Rng& rng) {
                  Rules rules{{.permille = 200,
                               .mutations = {{.mutator = Mutator::Size,
                                              .amount = one_of(rng, {-1, 1, 16 << 20})}}}};
                  return rules;
              },
          .refused_by = "A7"}};

void play_oversized(Stage& stage) {
    stage.keep<Liar>().tell(oversized);
}

constexpr std::array oversized_proofs = {
    Proof{"told.long_suffixes", 50, "a replica hears of a suffix longer than a pipeline"},
    Proof{"told.endless_suffixes", 5, "of one that no message may hold"},
    Proof{"told.wrong_sizes", 100, "of a message that is not as large as it says"},
    Proof{"refused.tail length", 50, "what is too long is refused"},
    Proof{"refused.size", 100, "and what is too large"}};
constexpr std::array oversized_claims = {refused("A5"), refused("A7")};

constexpr std::array scenarios = {
    Scenario{.id = "SC07",
             .name = "conflicting-suffixes",
             .summary = "one replica's votes and views hold other entries than its log",
             .prepare = only_its_own_faults,
             .play = play_conflicts,
             .proofs = conflict_proofs,
             .claims = conflict_claims},
    Scenario{.id = "SC08",
             .name = "commit-desync",
             .summary = "one replica's views have short logs and high commit numbers",
             .prepare = only_its_own_faults,
             .play = play_desyncs,
             .proofs = desync_proofs,
             .claims = range_claims},
    Scenario{.id = "SC09",
             .name = "inflated-commit",
             .summary = "one replica claims that more is committed than there is",
             .prepare = only_its_own_faults,
             .play = play_inflations,
             .proofs = inflation_proofs,
             .claims = range_claims},
    Scenario{
        .id = "SC10",
        .name = "wrong-metadata",
        .summary =
            "entries of one replica are of another op or view than it says, and so are its views",
        .prepare = only_its_own_faults,
        .play = play_metadata,
        .proofs = metadata_proofs,
        .claims = metadata_claims},
    Scenario{.id = "SC11",
             .name = "hidden-log",
             .summary = "a replica with more than the new primary votes with a shorter log",
             .prepare = only_its_own_faults,
             .play = play_hidden,
             .proofs = hidden_proofs,
             .claims = hidden_claims},
    Scenario{.id = "SC18",
             .name = "misfit-suffixes",
             .summary = "one replica's suffixes are too short, too long or in another order",
             .prepare = only_its_own_faults,
             .play = play_misfits,
             .proofs = misfit_proofs,
             .claims = misfit_claims},
    Scenario{.id = "SC19",
             .name = "forked-votes",
             .summary = "one replica votes with a log as long as another's, and different",
             .prepare = only_its_own_faults,
             .play = play_forks,
             .proofs = fork_proofs,
             .claims = fork_claims},
    Scenario{.id = "SC20",
             .name = "oversized-suffixes",
             .summary = "one replica's suffixes are longer than they may be, or than a message",
             .prepare = only_its_own_faults,
             .play = play_oversized,
             .proofs = oversized_proofs,
             .claims = oversized_claims}};

} // namespace

std::span<const Scenario> lie_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
