#pragma once

#include "core/checker.hpp"
#include "core/history.hpp"
#include "core/record.hpp"

#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace faultlab {

// What the checkers that fold over a history share; for files of checker/ only.

/// One violation as its checker sees it.
struct Accusation {
    std::string anomaly = {};
    std::string what = {}; ///< a clause for people: "the final read lacks 7, which …"
    Value key = {};
    std::vector<OpId> ops = {}; ///< what proves it
    OpId divergence = -1;       ///< the operation that shows it
    std::string remark = {};    ///< beside that operation: "7 is missing"
    Params details = {};
};

/// Collects what one check finds, and counts its steps, so that a test can hold the work against
/// the size of the input, and a spent budget ends it. A value for one check, in one thread.
class Judgement {
public:
    Judgement(std::string_view checker, const Record& record, const Budget& budget);

    /// Before every bounded piece of work. False: the check is over, and finish() says why.
    [[nodiscard]] bool step(std::int64_t steps = 1);
    [[nodiscard]] bool stopped() const { return spent_ || !misfit_.empty(); }

    /// Whether every operation is one of these; else the check is over.
    [[nodiscard]] bool only(std::initializer_list<std::string_view> names);
    /// An operation that the checker does not understand may excuse what looks wrong: the check is
    /// over, and nothing that was found counts.
    void misfit(OpId op, std::string_view expected);
    /// A reason not to trust a pass.
    void doubt(std::string reason);
    void accuse(Accusation accusation);
    /// Whether another accusation of this anomaly would be told, not only counted.
    [[nodiscard]] bool tells(const std::string& anomaly) const;

    /// A result by name.
    void tell(const std::string& name, Value value);
    void count(const std::string& name, std::int64_t n = 1);
    /// Adds these values of one object as intervals: "1..3 7"; of an object with a key "k: 1..3 7".
    void tell_values(const std::string& name, const Value& key, std::vector<Value> values);

    /// A spent budget and a misfit are unknown; then what was found is invalid, and a doubt
    /// unknown.
    [[nodiscard]] CheckResult finish();

private:
    const Record& record_;
    const Budget& budget_;
    CheckResult result_;
    std::map<std::string, std::int64_t> accused_; ///< how often, by anomaly
    std::int64_t steps_ = 0;
    std::int64_t next_look_ = 1; ///< at the budget
    bool spent_ = false;
    std::string misfit_;
    std::string doubt_;
};

/// An invocation or a return, as one point of the run.
struct Moment {
    Index index = 0;
    OpId op = 0;
    bool returns = false;
};

/// All invocations, and the returns of ok and fail, in the order of their indexes.
[[nodiscard]] std::vector<Moment> moments_of(const History& history, std::span<const OpId> ops);

/// 0 … history.size() - 1.
[[nodiscard]] std::vector<OpId> all_ops(const History& history);

/// Small numbers for values, in order of first use.
class ValueIds {
public:
    using Id = std::uint32_t;
    static constexpr Id none = UINT32_MAX;

    Id intern(const Value& value);
    [[nodiscard]] Id find(const Value& value) const;
    [[nodiscard]] const Value& value(Id id) const { return *values_[id]; }
    [[nodiscard]] std::size_t size() const { return values_.size(); }

private:
    std::unordered_map<Value, Id, ValueHash> ids_;
    std::vector<const Value*> values_; ///< the map's keys: they do not move
};

/// Sorted values with runs of integers as intervals, at most about `limit` bytes.
[[nodiscard]] std::string intervals_text(std::vector<Value> values, std::size_t limit = 2000);

/// The elements at 0, ½, .95, .99 and 1 of the sorted numbers (the one at floor(n·q), or the last);
/// absent when there is none.
[[nodiscard]] Value quantile_list(std::vector<std::int64_t> numbers);

/// The list of two that a value is, or null.
[[nodiscard]] const Value::List* pair_in(const Value& value);

/// "client 3"
[[nodiscard]] std::string client_of(const History& history, OpId op);

/// A position in a column of the history.
[[nodiscard]] constexpr std::size_t at(OpId op) {
    return static_cast<std::size_t>(op);
}

} // namespace faultlab
