// Messages of one replica that are damaged on their way, and its disk: some checksum does not fit.

#include "simulator/scenarios/families.hpp"
#include "simulator/scenarios/liar.hpp"

#include <array>

namespace faultlab::simulator {
namespace {

using replica::Level;
using replica::Mutation;
using replica::MutationRule;
using replica::Mutator;
using replica::MutatorEntry;
using Rules = std::vector<MutationRule>;

Rules some(std::uint32_t permille, const Mutation& mutation) {
    return {{.permille = permille, .mutations = {mutation}}};
}

Rules wrong_checksum(std::uint32_t permille, Rng& rng) {
    const std::int64_t which = rng.between(0, 2);
    return some(permille,
                {.mutator = Mutator::CorruptChecksum, .amount = which, .seed = rng.next()});
}

Rules flipped(std::uint32_t permille, Rng& rng) {
    const std::int64_t bits = rng.between(1, 8);
    return some(permille, {.mutator = Mutator::FlipBits, .amount = bits, .seed = rng.next()});
}

/// Any lie, but it leaves the checksums as they were.
Rules unsealed(Rng& rng) {
    std::vector<Mutator> breaking;
    for (const MutatorEntry& entry : replica::mutators()) {
        if (entry.level == Level::Either) breaking.push_back(entry.mutator);
    }
    return some(300,
                {.mutator = breaking[rng.below(breaking.size())],
                 .amount = rng.between(1, 3),
                 .seed = rng.next(),
                 .seals = false});
}

// --- SC14

constexpr std::array seldom_wrong = {
    Story{.name = "checksums",
          .draw = [](Rng& rng) { return wrong_checksum(100, rng); },
          .occasion = Occasion::Gap,
          .each_anew = true,
          .refused_by = "A4"},
    Story{.name = "checksums_in_view_changes",
          .draw = [](Rng& rng) { return wrong_checksum(100, rng); },
          .occasion = Occasion::GapThenView,
          .each_anew = true,
          .refused_by = "A4"}};

void play_seldom_wrong(Stage& stage) {
    stage.keep<Liar>().tell(seldom_wrong, true);
}

constexpr std::array seldom_wrong_proofs = {
    Proof{"told.checksums", 100, "a replica hears a message with a wrong checksum"},
    Proof{"told.checksums_in_view_changes", 100, "likewise while the view changes"},
    Proof{"refused.header checksum", 50, "and refuses it for its header's"},
    Proof{"refused.body checksum", 50, "its body's"},
    Proof{"refused.entry", 5, "or that of an entry inside"},
    Proof{"rotten", 15, "entries rot on the disk of the same replica"}};

// --- SC23

constexpr std::array flips = {Story{.name = "flipped_bits",
                                    .draw = [](Rng& rng) { return flipped(150, rng); },
                                    .occasion = Occasion::Gap,
                                    .each_anew = true,
                                    .refused_by = "A4"},
                              Story{.name = "flipped_bits_in_view_changes",
                                    .draw = [](Rng& rng) { return flipped(300, rng); },
                                    .occasion = Occasion::GapThenView,
                                    .each_anew = true,
                                    .refused_by = "A4"}};

void play_flips(Stage& stage) {
    stage.keep<Liar>().tell(flips, true);
}

constexpr std::array flip_proofs = {
    Proof{"told.flipped_bits", 200, "a replica hears a message with flipped bits"},
    Proof{"told.flipped_bits_in_view_changes", 200, "likewise while the view changes"},
    Proof{"refused.header checksum", 200, "and refuses it"},
    Proof{"rotten", 15, "entries rot on the disk of the same replica"}};

// --- SC24

constexpr std::array checksum_fields = {
    Story{.name = "wrong_checksums",
          .draw = [](Rng& rng) { return wrong_checksum(1000, rng); },
          .occasion = Occasion::NewView,
          .each_anew = true,
          .refused_by = "A4"},
    Story{.name = "unsealed_lies",
          .draw = unsealed,
          .occasion = Occasion::GapThenView,
          .each_anew = true,
          .refused_by = "A4"}};

void play_checksum_fields(Stage& stage) {
    stage.keep<Liar>().tell(checksum_fields);
}

constexpr std::array checksum_field_proofs = {
    Proof{"told.wrong_checksums", 200, "every checksum of a replica is wrong for a while"},
    Proof{"told.unsealed_lies", 200, "it lies in any way, and the checksums tell"},
    Proof{"refused.header checksum", 200, "messages are refused for their header's checksum"},
    Proof{"refused.body checksum", 50, "for their body's"},
    Proof{"refused.entry", 10, "or for that of an entry inside"}};

/// A wrong length shows before any checksum is looked at.
constexpr std::array detected = {Claim{.rule = "A4"}, Claim{.rule = "A7"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC14",
             .name = "corrupt-checksums",
             .summary = "one message in ten of one replica has a wrong checksum, and its log rots",
             .prepare = only_its_own_faults,
             .play = play_seldom_wrong,
             .proofs = seldom_wrong_proofs,
             .claims = detected},
    Scenario{.id = "SC23",
             .name = "flipped-bits",
             .summary = "up to eight bits of one replica's messages flip, and its log rots",
             .prepare = only_its_own_faults,
             .play = play_flips,
             .proofs = flip_proofs,
             .claims = detected},
    Scenario{.id = "SC24",
             .name = "checksum-fields",
             .summary = "one replica's messages have wrong checksums, or lie under the old ones",
             .prepare = only_its_own_faults,
             .play = play_checksum_fields,
             .proofs = checksum_field_proofs,
             .claims = detected}};

} // namespace

std::span<const Scenario> damage_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
