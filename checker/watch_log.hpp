#pragma once

#include "checker/judgement.hpp"
#include "core/history.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace faultlab {

// A history of a map with revisions and of those who watch it, for the files of the checker watch
// only. A change without a value is a deletion.

struct WatchEvent {
    std::int64_t revision = 0;
    ValueIds::Id key = 0;
    Value value;
    std::optional<bool> creates;
    std::optional<Value> previous; ///< what it says was there: an absent value: nothing
};

struct WatchResponse {
    bool progress = false; ///< everything up to `revision` was sent; else events
    std::int64_t revision = 0;
    std::vector<WatchEvent> events;
};

/// What one watch asked for and was sent.
struct Watch {
    OpId op = -1;
    Value from;
    Value to;               ///< absent: only `from`
    std::int64_t start = 0; ///< 0: from then on
    std::vector<WatchResponse> responses;

    [[nodiscard]] bool covers(const Value& key) const {
        return to.is_absent() ? key == from : key >= from && key < to;
    }
};

/// One change that is known to have been made.
struct WatchChange {
    std::int64_t revision = 0;
    ValueIds::Id key = 0;
    Value value;
    OpId source = -1; ///< the write that was told the revision, or the first watch that was sent it
};

/// Events that contradict what is known.
struct WatchLie {
    OpId watch = -1;
    OpId source = -1; ///< who is contradicted; -1: nobody made such a change
    std::string what;
};

struct WatchLog {
    ValueIds keys;
    std::vector<Watch> watches;
    std::vector<WatchChange> changes; ///< by revision and key
    std::vector<std::vector<std::size_t>> changes_of_key;
    std::vector<std::int64_t> acknowledged;   ///< revisions that a write was told, sorted
    std::vector<std::int64_t> unknown_of_key; ///< indeterminate writes of which nobody saw anything
    std::vector<WatchLie> lies;

    [[nodiscard]] const WatchChange* find(std::int64_t revision, ValueIds::Id key) const;
};

/// What does not fit is told to the judgement, which then is over.
[[nodiscard]] WatchLog read_watch_log(const History& history, Judgement& judgement);

} // namespace faultlab
