#pragma once

#include "core/checker.hpp"
#include "core/record.hpp"
#include "reports/story.hpp"

#include <string>
#include <vector>

/// Runs made by hand, one for each thing that a report can have to say.
namespace faultlab::test {

struct Judged {
    Record record;
    std::vector<CheckResult> results;
    StoryContext context{.run = "runs/9f3c", .replay_command = "faultlab replay runs/9f3c"};

    [[nodiscard]] Story story() const { return make_story(record, results, context); }
};

[[nodiscard]] Judged stale_read();
[[nodiscard]] Judged lost_update();
[[nodiscard]] Judged lost_version();
[[nodiscard]] Judged stale_read_of_unknown_write();
[[nodiscard]] Judged duplicate_cas();
[[nodiscard]] Judged value_never_written();
[[nodiscard]] Judged impossible_version();
[[nodiscard]] Judged nonlinearizable();
[[nodiscard]] Judged stale_scan();
[[nodiscard]] Judged lost_addition();
[[nodiscard]] Judged resurrected_key();
[[nodiscard]] Judged half_visible_transaction(); ///< on two keys
[[nodiscard]] Judged impossible_answer();
[[nodiscard]] Judged valid_run();
[[nodiscard]] Judged unknown_floor();              ///< clients that reach nothing
[[nodiscard]] Judged unknown_budget();             ///< the check ran out of time
[[nodiscard]] Judged failed_lab();                 ///< the lab's disk was full
[[nodiscard]] Judged invalid_by_other();           ///< a checker without a template
[[nodiscard]] Judged hostile(std::string payload); ///< the payload wherever text can be
/// `seconds` of steady load with telemetry and faults of three kinds, and a stale read at 12.4 s.
[[nodiscard]] Judged busy_run(int seconds, int operations_a_second);

} // namespace faultlab::test
