#include "checker/catalogue.hpp"

#include "checker/catalogue_entries.hpp"
#include "core/catalogue.hpp"

#include <array>

namespace faultlab {
namespace {

constexpr std::array entries = {
    CheckerEntry{.name = "linearizability",
                 .summary =
                     "every key behaves as one register, queue, lock or other object, or all "
                     "as one map: each operation at one instant between its invocation and "
                     "its return",
                 .options = linearizability_options,
                 .make = make_linearizability},
    CheckerEntry{.name = "stats",
                 .summary = "counts and latencies of every operation kind; unknown when a kind "
                            "never succeeded",
                 .options = stats_options,
                 .make = make_stats},
    CheckerEntry{.name = "evidence-floor",
                 .summary = "whether the run saw enough for a pass to mean something",
                 .options = evidence_floor_options,
                 .make = make_evidence_floor},
    CheckerEntry{.name = "digest-agreement",
                 .summary = "replicas that applied the same operations have the same state",
                 .options = digest_agreement_options,
                 .make = make_digest_agreement},
    CheckerEntry{.name = "convergence",
                 .summary = "after the last heal every replica comes to what the others know",
                 .options = convergence_options,
                 .make = make_convergence},
};

} // namespace

std::span<const CheckerEntry> checker_catalogue() {
    return entries;
}

Result<const CheckerEntry*> find_checker(std::string_view name) {
    return find_entry(checker_catalogue(), "checker", name);
}

} // namespace faultlab
