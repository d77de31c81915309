#include "replica/client/lab_words.hpp"
#include "simulator/namespaces.hpp"
#include "simulator/scenario.hpp"
#include "simulator/simulation.hpp"
#include "tests/support/catch.hpp"

#include <memory>
#include <set>
#include <vector>

using namespace faultlab;
using namespace faultlab::simulator;

namespace {

/// Emits these and ends; keeps what it is told.
class Scripted : public Generator {
public:
    Scripted(std::vector<Invocation> ops, std::vector<Invocation>& told)
        : ops_(std::move(ops)), told_(&told) {}

    Step next(const Moment& moment) override {
        if (at_ == ops_.size()) return End{};
        return Emit{.op = ops_[at_++], .due = moment.now};
    }
    void observe(const Invocation& op, const Completion&) override { told_->push_back(op); }

private:
    std::vector<Invocation> ops_;
    std::vector<Invocation>* told_;
    std::size_t at_ = 0;
};

Value in(std::int64_t space, const char* key) {
    return Value::List{space, key};
}

} // namespace

TEST_CASE("Streams in namespaces ask for keys of their own, and do not know it", "[simulator]") {
    const Value::Transaction steps = {{.f = "w", .key = "b", .value = 1}};
    const std::vector<Invocation> ops = {{.f = "read", .key = "a"},
                                         {.f = "scan", .arg = Value::List{"a", "c"}},
                                         {.f = "txn", .arg = steps}};
    std::vector<Invocation> told;
    std::vector<GeneratorPtr> streams;
    streams.push_back(std::make_unique<Scripted>(ops, told));
    streams.push_back(std::make_unique<Scripted>(ops, told));
    const GeneratorPtr both = in_namespaces(std::move(streams), Rng(1));
    std::vector<Invocation> asked;
    while (true) {
        Step step = both->next({});
        auto* const emit = std::get_if<Emit>(&step);
        if (emit == nullptr) break;
        asked.push_back(emit->op);
        both->observe(emit->op, Done{});
    }
    CHECK(told.size() == 2 * ops.size());
    for (const Invocation& op : told)
        CHECK(std::ranges::find(ops, op) != ops.end());
    for (const std::int64_t space : {1, 2}) {
        const Value::Transaction there = {{.f = "w", .key = in(space, "b"), .value = 1}};
        for (const Invocation& op :
             {Invocation{.f = "read", .key = in(space, "a")},
              Invocation{.f = "scan", .arg = Value::List{in(space, "a"), in(space, "c")}},
              Invocation{.f = "txn", .arg = there}})
            CHECK(std::ranges::count(asked, op) == 1);
    }
}

TEST_CASE("A simulation has as many namespaces as its knob says", "[simulator]") {
    Simulation simulation{.seed = 1, .scenario = find_scenario("baseline").value()};
    simulation.overrides = {{Knob::Namespaces, 3}, {Knob::Keys, 24}};
    const Outcome outcome = simulate(simulation);
    CHECK(outcome.verdict == Verdict::valid);
    std::set<std::int64_t> spaces;
    std::set<std::string> names;
    const History& history = outcome.record.history;
    for (const auto key : history.key()) {
        const Value& value = history.value(key);
        if (value.is_absent()) continue;
        REQUIRE(value.list() != nullptr);
        spaces.insert(*value.list()->front().integer());
        if (*value.list()->front().integer() == 1) names.insert(*value.list()->back().text());
    }
    CHECK(spaces == std::set<std::int64_t>{1, 2, 3});
    bool shared = false;
    for (const auto key : history.key()) {
        const Value& value = history.value(key);
        if (value.is_absent() || *value.list()->front().integer() == 1) continue;
        shared = shared || names.contains(*value.list()->back().text());
    }
    CHECK(shared);
    simulation.overrides[0].second = 1;
    CHECK(simulate(simulation).chain != outcome.chain);
}
