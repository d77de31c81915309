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
    CheckerEntry{.name = "invariants",
                 .summary = "the rules of a replicated log hold, as far as replicas show it",
                 .options = invariants_options,
                 .make = make_invariants},
    CheckerEntry{.name = "set",
                 .summary = "every acknowledged element is in the final read, and no other "
                            "than was tried",
                 .options = set_options,
                 .make = make_set},
    CheckerEntry{.name = "set-full",
                 .summary = "what became of every element of a set that is read all the "
                            "time: lost, stale, twice",
                 .options = set_full_options,
                 .make = make_set_full},
    CheckerEntry{.name = "total-queue",
                 .summary = "what went into a queue came out of it, and nothing else",
                 .options = total_queue_options,
                 .make = make_total_queue},
    CheckerEntry{.name = "queue",
                 .summary = "every value that was dequeued had been enqueued before, in "
                            "whatever order",
                 .options = queue_options,
                 .make = make_queue},
    CheckerEntry{.name = "unique-ids",
                 .summary = "no two generated ids are the same",
                 .options = unique_ids_options,
                 .make = make_unique_ids},
    CheckerEntry{.name = "counter",
                 .summary = "every read of a growing counter lies between what surely and "
                            "what perhaps was added",
                 .options = counter_options,
                 .make = make_counter},
    CheckerEntry{.name = "bank",
                 .summary = "every read of all accounts holds the same total, and no debt",
                 .options = bank_options,
                 .make = make_bank},
    CheckerEntry{.name = "long-fork",
                 .summary = "no two reads saw two writes in opposite orders",
                 .options = long_fork_options,
                 .make = make_long_fork},
    CheckerEntry{.name = "causal",
                 .summary = "each step of a process is explained by the steps that it saw",
                 .options = causal_options,
                 .make = make_causal},
    CheckerEntry{.name = "causal-reverse",
                 .summary = "who sees a write sees all that were acknowledged before it began",
                 .options = causal_reverse_options,
                 .make = make_causal_reverse},
    CheckerEntry{.name = "adya-g2",
                 .summary = "of the inserts that exclude each other at most one succeeds",
                 .options = adya_g2_options,
                 .make = make_adya_g2},
    CheckerEntry{.name = "kafka",
                 .summary = "a partitioned log keeps what it acknowledged, in one order, "
                            "without gaps or cycles",
                 .options = kafka_options,
                 .make = make_kafka},
    CheckerEntry{.name = "watch",
                 .summary = "a watch delivers exactly the changes that it was asked for, "
                            "once and in order",
                 .options = watch_options,
                 .make = make_watch},
    CheckerEntry{.name = "log-patterns",
                 .summary = "no line of the collected logs matches a pattern that must not "
                            "appear",
                 .options = log_patterns_options,
                 .make = make_log_patterns},
    CheckerEntry{.name = "availability",
                 .summary = "the share of ok operations over time, by node and f, under "
                            "faults and after them",
                 .options = availability_options,
                 .make = make_availability},
};

} // namespace

std::span<const CheckerEntry> checker_catalogue() {
    return entries;
}

Result<const CheckerEntry*> find_checker(std::string_view name) {
    return find_entry(checker_catalogue(), "checker", name);
}

} // namespace faultlab
