#include "checker/judge.hpp"
#include "core/record.hpp"
#include "replica/client/lab_words.hpp"
#include "simulator/kinds.hpp"
#include "simulator/simulation.hpp"
#include "tests/support/catch.hpp"

#include <map>
#include <string>

using namespace faultlab;
using namespace faultlab::simulator;

namespace {

/// An argument and a result with which the first operation of all makes sense.
std::pair<Value, Value> example(OpCode code) {
    switch (code) {
        case OpCode::Write: return {1, {}};
        case OpCode::Cas: return {Value::List{1, 2}, false};
        case OpCode::Add: return {2, 2};
        case OpCode::Append: return {"a", "a"};
        case OpCode::Scan: return {Value::List{"a", "b"}, Value::List{}};
        case OpCode::Transaction: {
            const Value::Transaction reads{{"r", "k", {}}};
            return {reads, reads};
        }
        case OpCode::Swap: return {1, {}};
        case OpCode::Read:
        case OpCode::Delete:
        case OpCode::Register:
        case OpCode::Reconfigure:
        case OpCode::Upgrade: break;
    }
    return {};
}

} // namespace

TEST_CASE("What clients can ask for, the lab can say and a checker can judge", "[simulator]") {
    int kinds = 0;
    for (int number = 0; number < 256; ++number) {
        const auto code = static_cast<OpCode>(number);
        const std::string f = replica::name(code);
        if (f == "?") continue; // the store has no such operation
        CAPTURE(f);
        ++kinds;
        CHECK(is_judged(f) == is_judged(code));
        const auto [arg, ret] = example(code);
        const Value key = spans_keys(f) ? Value() : Value("k");
        if (!is_judged(code)) {
            CHECK_FALSE(replica::operation_of({.f = f, .key = key, .arg = arg}).has_value());
            continue;
        }
        const auto operation = replica::operation_of({.f = f, .key = key, .arg = arg});
        REQUIRE(operation.has_value());
        CHECK(operation->code == code);
        HistoryBuilder history;
        history.add(faultlab::Op{.f = f,
                                 .key = key,
                                 .arg = arg,
                                 .ret = ret,
                                 .inv_index = 0,
                                 .ret_index = 1,
                                 .t_ret = 1,
                                 .status = OpStatus::ok});
        Record record;
        record.history = history.build();
        const CheckResult result = judge_one(record, checkers().front(), {});
        INFO(result.reason);
        CHECK(result.verdict == Verdict::valid);
    }
    CHECK(kinds == 12);
}
