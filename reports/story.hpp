#pragma once

#include "core/checker.hpp"
#include "core/record.hpp"
#include "reports/tally.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// What the first screen says, whatever it is drawn on. All texts in it are `visible`.
enum class Outcome : std::uint8_t {
    valid,
    unknown,
    error, ///< the lab failed; never mixed with the product's verdict
    invalid,
};
[[nodiscard]] std::string_view word_of(Outcome outcome);  ///< "INVALID"
[[nodiscard]] std::string_view glyph_of(Outcome outcome); ///< "✖": never colour alone

/// What a report must know beside the record.
struct StoryContext {
    std::string run;            ///< the run as a user names it on the command line
    std::string replay_command; ///< "faultlab replay runs/9f3c"
    std::string lab_error;      ///< why the lab failed; empty: see the record's meta 'ended'
};

/// One line of "what happened".
struct StoryStep {
    enum class Kind : std::uint8_t { operation, fault, event };
    Kind kind = Kind::operation;
    std::int64_t id = 0;    ///< OpId, FaultId, or position in Record::events
    Nanos t = 0;            ///< its start
    std::string actor;      ///< "client 3 → n1", "FAULT", "n2"
    std::string action;     ///< "write k17 := 4"
    std::string outcome;    ///< "ok at 12.122"
    std::string remark;     ///< "after this, 4 must never be read"; may be empty
    bool divergent = false; ///< the operation that no order explains
};

/// One labelled line below it: "FAULTS ACTIVE", "EVIDENCE", …
struct StoryFact {
    std::string label;
    std::vector<std::string> lines;
    bool command = false; ///< the lines are to be typed
};

/// The model of the first screen.
struct Story {
    Outcome outcome = Outcome::unknown;
    std::string headline; ///< "register is not linearizable on key k17"
    std::string run_line; ///< "etcd 3.4.23 · run 9f3c · 61 s"
    std::string sentence; ///< why, in one or two sentences
    std::string caption;  ///< "3 of 48,930 operations and 2 events; …"; empty without steps
    std::vector<StoryStep> steps;
    std::vector<StoryFact> facts;
    std::vector<std::string> notes; ///< footnotes and cautions

    std::string checker;             ///< whose verdict the headline is
    std::string reason;              ///< that checker's, or the lab's
    std::string class_name;          ///< "stale read"; empty when there is none
    std::string class_rule;          ///< by which rule it was named so
    std::optional<Finding> finding;  ///< the one that is told
    std::optional<Finding> first;    ///< whose divergence is the first; nothing: it is not known
    std::int64_t other_findings = 0; ///< of all checkers
    Tally tally;
};

/// Pure: the same input gives the same story.
[[nodiscard]] Story
make_story(const Record& record, std::span<const CheckResult> results, const StoryContext& context);

} // namespace faultlab
