#pragma once

#include "core/record.hpp"
#include "core/types.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace faultlab {

/// The evidence of a run, counted.
struct Tally {
    std::int64_t ok = 0;
    std::int64_t indeterminate = 0; ///< info, and open at the end of the record
    std::int64_t failed = 0;
    std::int64_t ok_reads = 0;
    std::int64_t keys = 0;
    std::int64_t keys_changed = 0;           ///< keys with an ok operation that is no read
    std::int64_t keys_changed_then_read = 0; ///< those of them that were read after the last heal
    Nanos last_heal = -1;                    ///< -1: nothing was healed
    Nanos end = 0;                           ///< of the last thing in the record
    bool foreign = false; ///< no run of a lab left the record: what it ran on, under which faults
                          ///< and (with end = 0) how long, is not known

    struct Faults {
        std::int64_t injected = 0;
        std::int64_t effective = 0;
    };
    std::map<std::string, Faults> faults; ///< by nemesis; those that were asked for are there
    std::string frequent_error;           ///< of operations that were not ok; may be empty
    std::int64_t frequent_error_count = 0;

    [[nodiscard]] std::int64_t operations() const { return ok + indeterminate + failed; }
};

/// One scan over the record.
[[nodiscard]] Tally tally(const Record& record);

/// "46,815 ok / 1,911 indeterminate / 204 failed · 6 partitions and 4 kills took effect · …"
[[nodiscard]] std::string evidence_text(const Tally& tally);

/// "6 partitions and 4 kills took effect (1 kill did not)", or that there was none.
[[nodiscard]] std::string faults_text(const Tally& tally);

} // namespace faultlab
