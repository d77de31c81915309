#include "checker/counter_intervals.hpp"
#include "checker/mutex_pairs.hpp"
#include "checker/object_catalogue.hpp"
#include "checker/queue_order.hpp"
#include "checker/queue_renaming.hpp"
#include "checker/set_intervals.hpp"
#include "checker/stack_order.hpp"
#include "checker/transaction_projection.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/object_agreement.hpp"

#include <algorithm>
#include <functional>
#include <string>

// Fast ways to a verdict with one rule missing, against brute force on the same random histories:
// each must be noticed. With all rules there is no disagreement, and each decides something.

using namespace faultlab;

namespace {

using Judge = std::function<std::optional<Judgement>(const ObjectPartition&)>;

struct Noticed {
    int decided = 0;
    int wrong = 0;
};

/// As SequentialModel does before it asks the fast way.
std::vector<ObjectOp> without_open_looks(std::vector<ObjectOp> ops, std::string_view model) {
    std::erase_if(ops, [&](const ObjectOp& op) {
        if (op.definite()) return false;
        return (model == "counter" && op.f == 1) || (model == "set" && op.f >= 2);
    });
    return ops;
}

Noticed run(std::string_view model, const Judge& judge, int histories = 400) {
    Noticed noticed;
    const Rng root(17);
    int number = 0;
    for (const RandomObjectOptions& options : object_histories(model)) {
        Rng rng = root.split(std::to_string(number++));
        for (int i = 0; i < histories; ++i) {
            const std::vector<Op> ops = random_object_operations(rng, options);
            const History history = to_history(ops);
            const ObjectModel& object = *find_object_model(model);
            const auto read = read_object_ops(history, history.ops_of_key(0), object);
            std::optional<Verdict> verdict = Verdict::valid;
            for (const auto& part : object.partitions(history, without_open_looks(*read, model))) {
                const auto decided = judge({.history = history, .ops = part});
                if (!decided) verdict.reset();
                if (verdict) verdict = worst(*verdict, decided->verdict);
            }
            if (!verdict) continue;
            ++noticed.decided;
            const bool legal = brute_force_object(ops, model);
            noticed.wrong += *verdict == (legal ? Verdict::valid : Verdict::invalid) ? 0 : 1;
        }
    }
    return noticed;
}

template <class Rules, class Function>
void expect_right(std::string_view model, Function judge) {
    const Noticed noticed = run(model, [&](const ObjectPartition& p) { return judge(p, Rules{}); });
    CHECK(noticed.decided > 100);
    CHECK(noticed.wrong == 0);
}

/// One rule is switched off by `change`.
template <class Rules, class Function, class Change>
void expect_noticed(std::string_view model, Function judge, Change change) {
    Rules wrong;
    change(wrong);
    const Noticed noticed = run(model, [&](const ObjectPartition& p) { return judge(p, wrong); });
    CHECK(noticed.wrong > 0);
}

void expect_noticed_queue(const std::function<void(QueueRules&)>& change) {
    expect_noticed<QueueRules>("queue", judge_queue, change);
}
void expect_noticed_names(const std::function<void(RenamingRules&)>& change) {
    expect_noticed<RenamingRules>("queue", judge_repeated_queue, change);
}
void expect_noticed_stack(const std::function<void(StackRules&)>& change) {
    expect_noticed<StackRules>("stack", judge_stack, change);
}
void expect_noticed_counter(const std::function<void(CounterRules&)>& change) {
    expect_noticed<CounterRules>("counter", refute_counter, change);
}
void expect_noticed_mutex(const std::function<void(MutexRules&)>& change) {
    expect_noticed<MutexRules>("mutex", judge_mutex, change);
}
std::optional<Judgement> refute_quickly(const ObjectPartition& p, const ProjectionRules& rules) {
    return refute_by_registers(p, Budget{}, true, rules);
}
std::optional<Judgement> refute_slowly(const ObjectPartition& p, const ProjectionRules& rules) {
    return refute_by_registers(p, Budget{}, false, rules);
}
void expect_noticed_registers(const std::function<void(ProjectionRules&)>& change) {
    expect_noticed<ProjectionRules>("multi-register", refute_quickly, change);
}
void expect_noticed_element(const std::function<void(SetRules&)>& change) {
    expect_noticed<SetRules>("set", judge_element, change);
}
void expect_noticed_growing(const std::function<void(SetRules&)>& change) {
    expect_noticed<SetRules>("set", judge_growing_set, change);
}

} // namespace

TEST_CASE("the fast ways are right where they decide") {
    expect_right<QueueRules>("queue", judge_queue);
    expect_right<RenamingRules>("queue", judge_repeated_queue);
    expect_right<StackRules>("stack", judge_stack);
    expect_right<CounterRules>("counter", refute_counter);
    expect_right<MutexRules>("mutex", judge_mutex);
    expect_right<ProjectionRules>("multi-register", refute_quickly);
    expect_right<ProjectionRules>("multi-register", refute_slowly);
    expect_right<SetRules>("set", judge_element);
    expect_right<SetRules>("set", judge_growing_set);
}

TEST_CASE("planted mistake in a queue: values come from nowhere") {
    expect_noticed_queue([](QueueRules& rules) { rules.items.from_somewhere = false; });
}
TEST_CASE("planted mistake in a queue: values are taken twice") {
    expect_noticed_queue([](QueueRules& rules) { rules.items.once = false; });
}
TEST_CASE("planted mistake in a queue: values are taken before they are added") {
    expect_noticed_queue([](QueueRules& rules) { rules.items.afterwards = false; });
}
TEST_CASE("planted mistake in a queue: it is empty at will") {
    expect_noticed_queue([](QueueRules& rules) { rules.items.empties = false; });
}
TEST_CASE("planted mistake in a queue: it has no order") {
    expect_noticed_queue([](QueueRules& rules) { rules.order = false; });
}
TEST_CASE("planted mistake in a queue: the order of overlapping additions is fixed") {
    expect_noticed_queue([](QueueRules& rules) { rules.real_time = false; });
}
TEST_CASE("planted mistake in a queue: lost values need nobody who took them") {
    expect_noticed_queue([](QueueRules& rules) { rules.takers = false; });
}
TEST_CASE("planted mistake in a queue: unknown takes beside empty ones need no search") {
    expect_noticed_queue([](QueueRules& rules) { rules.both_searched = false; });
}

TEST_CASE("planted mistake in names: what is taken was added before") {
    expect_noticed_names([](RenamingRules& rules) { rules.invoked = false; });
}
TEST_CASE("planted mistake in names: what was guessed is so") {
    expect_noticed_names([](RenamingRules& rules) { rules.judged = false; });
}

TEST_CASE("planted mistake in a stack: values come from nowhere") {
    expect_noticed_stack([](StackRules& rules) { rules.items.from_somewhere = false; });
}
TEST_CASE("planted mistake in a stack: values are taken twice") {
    expect_noticed_stack([](StackRules& rules) { rules.items.once = false; });
}
TEST_CASE("planted mistake in a stack: values are taken before they are added") {
    expect_noticed_stack([](StackRules& rules) { rules.items.afterwards = false; });
}
TEST_CASE("planted mistake in a stack: it is empty at will") {
    expect_noticed_stack([](StackRules& rules) { rules.items.empties = false; });
}
TEST_CASE("planted mistake in a stack: the bottom need not come first") {
    expect_noticed_stack([](StackRules& rules) { rules.below = false; });
}
TEST_CASE("planted mistake in a stack: the bottom need not go last") {
    expect_noticed_stack([](StackRules& rules) { rules.above = false; });
}
TEST_CASE("planted mistake in a stack: lost values need nobody who took them") {
    // Seldom: another unknown pop must be there, and too late.
    StackRules wrong;
    wrong.takers = false;
    const auto judge = [&](const ObjectPartition& p) { return judge_stack(p, wrong); };
    CHECK(run("stack", judge, 6'000).wrong > 0);
}
TEST_CASE("planted mistake in a stack: unknown pops took nothing") {
    expect_noticed_stack([](StackRules& rules) { rules.open_searched = false; });
}

TEST_CASE("planted mistake in a counter: what was only asked for is certain") {
    expect_noticed_counter([](CounterRules& rules) { rules.certain = false; });
}
TEST_CASE("planted mistake in a counter: what comes during a read is not seen") {
    expect_noticed_counter([](CounterRules& rules) { rules.until_return = false; });
}
TEST_CASE("planted mistake in a counter: negative additions do not lower a sum") {
    expect_noticed_counter([](CounterRules& rules) { rules.signs = false; });
}
TEST_CASE("planted mistake in a counter: sums grow in spite of negative additions") {
    expect_noticed_counter([](CounterRules& rules) { rules.growing = false; });
}

TEST_CASE("planted mistake in a mutex: two may hold it") {
    expect_noticed_mutex([](MutexRules& rules) { rules.exclusive = false; });
}
TEST_CASE("planted mistake in a mutex: it is free though never released") {
    expect_noticed_mutex([](MutexRules& rules) { rules.forever = false; });
}
TEST_CASE("planted mistake in a mutex: acquire and release need no turns") {
    expect_noticed_mutex([](MutexRules& rules) { rules.paired = false; });
}
TEST_CASE("planted mistake in a mutex: overlapping operations of an owner are in order") {
    expect_noticed_mutex([](MutexRules& rules) { rules.sequential = false; });
}

TEST_CASE("planted mistake in registers: transactions do not see their own writes") {
    expect_noticed_registers([](ProjectionRules& rules) { rules.own_writes = false; });
}
TEST_CASE("planted mistake in registers: the first write of a transaction stays") {
    expect_noticed_registers([](ProjectionRules& rules) { rules.last_write = false; });
}
TEST_CASE("planted mistake in registers: indeterminate transactions read what they ask for") {
    expect_noticed_registers([](ProjectionRules& rules) { rules.open_reads = false; });
}

TEST_CASE("planted mistake in an element: it comes from nowhere") {
    expect_noticed_element([](SetRules& rules) { rules.absent_at_first = false; });
}
TEST_CASE("planted mistake in an element: it is lost after its addition") {
    expect_noticed_element([](SetRules& rules) { rules.lasting = false; });
}
TEST_CASE("planted mistake in an element: it is lost after it was seen") {
    expect_noticed_element([](SetRules& rules) { rules.seen = false; });
}
TEST_CASE("planted mistake in an element: it may be added again") {
    expect_noticed_element([](SetRules& rules) { rules.once = false; });
}
TEST_CASE("planted mistake in a growing set: elements come from nowhere") {
    expect_noticed_growing([](SetRules& rules) { rules.absent_at_first = false; });
}
TEST_CASE("planted mistake in a growing set: additions are lost") {
    expect_noticed_growing([](SetRules& rules) { rules.lasting = false; });
}
TEST_CASE("planted mistake in a growing set: elements may be added again") {
    expect_noticed_growing([](SetRules& rules) { rules.once = false; });
}
TEST_CASE("planted mistake in a growing set: reads need be no chain") {
    expect_noticed_growing([](SetRules& rules) { rules.chain = false; });
}
TEST_CASE("planted mistake in a growing set: larger reads may come before") {
    expect_noticed_growing([](SetRules& rules) { rules.in_time = false; });
}
