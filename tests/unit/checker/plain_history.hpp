#pragma once

#include "core/op.hpp"
#include "core/rng.hpp"
#include "core/verdict.hpp"
#include "tests/unit/checker/story.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// How random histories of one kind of object are made.
struct PlainObject {
    std::function<Op(Rng&)> invoke;        ///< f, key and arg of the next operation
    std::function<void(Rng&, Op&)> apply;  ///< takes effect, and sets ret
    std::function<void(Rng&, Op&)> damage; ///< changes an ok operation, so that it may be illegal
    std::int64_t max_ops = 12;
    std::int64_t processes = 3;
    std::uint64_t info_percent = 12;
    std::uint64_t fail_percent = 8;
    std::uint64_t damage_percent = 50; ///< of histories
};

/// Operations overlap, take effect at a moment between invocation and return (indeterminate ones
/// perhaps never), and some histories are then damaged. Times grow with the indexes, by 0 to 3 ms.
std::vector<Op> random_plain(Rng& rng, const PlainObject& object);

/// What a reference says: its statistics must be among those of the checker.
struct Expected {
    Verdict verdict = Verdict::valid;
    Params statistics;
};

/// An invocation or a completion, in the order of time.
struct PlainEvent {
    const Op* op = nullptr;
    bool completion = false;
};
std::vector<PlainEvent> events_of(const std::vector<Op>& ops);

std::string print_plain(const std::vector<Op>& ops);

/// Lets the checker and the reference judge 10,000 random histories of the object that `make`
/// gives, which must hold enough of every verdict that is asked for.
struct Agreement {
    std::string_view checker;
    Options options;
    std::function<PlainObject(Rng&)> make;
    std::function<Expected(const std::vector<Op>&)> reference;
    bool expects_unknown = true;
};
void expect_agreement(const Agreement& agreement);

/// Lets the checker judge 10,000 random histories of the object that `make` gives, which works:
/// nothing is damaged. None may be accused.
void expect_no_accusation(std::string_view checker,
                          const Options& options,
                          const std::function<PlainObject(Rng&)>& make);

/// The steps that a checker counted, of a history that it could judge.
std::int64_t steps_of(std::string_view checker, const std::vector<Op>& ops, const Options& o = {});

/// An ok operation of a long history: client, invocation and return as given.
Op long_op(std::int32_t process, std::string_view f, Value arg, Value ret, Index inv, Index end);

inline Value list_of(const std::vector<Value>& values) {
    return Value(Value::List(values.begin(), values.end()));
}

} // namespace faultlab
