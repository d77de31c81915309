#include "tests/support/catch.hpp"
#include "tests/unit/checker/plain_history.hpp"

#include <algorithm>
#include <map>
#include <string>

using namespace faultlab;

namespace {

PlainObject random_calls(Rng&) {
    PlainObject object;
    object.invoke = [](Rng& r) {
        return Op{.node = static_cast<NodeId>(r.below(3)), .f = r.chance(1, 2) ? "read" : "write"};
    };
    object.apply = [](Rng&, Op&) {};
    object.damage = [](Rng&, Op&) {};
    object.info_percent = 25;
    object.fail_percent = 25;
    return object;
}

struct Share {
    std::int64_t ok = 0, all = 0;
    void add(const Op& op) {
        ok += op.status == OpStatus::ok ? 1 : 0;
        ++all;
    }
};

FaultRecord fault_of(FaultId id, Nanos from, Nanos to) {
    FaultRecord record;
    record.fault.id = id;
    record.fault.nemesis = "pause";
    record.t_started = from;
    record.t_ended = to;
    return record;
}

Record record_under_faults(Rng& rng, const std::vector<Op>& ops) {
    Record record = record_of(ops);
    Nanos t = 0;
    for (FaultId id = 0; id < 3; ++id) {
        t += rng.between(0, 15) * millisecond;
        const bool healed = !rng.chance(1, 8);
        record.faults.push_back(
            fault_of(id, t, healed ? t + rng.between(0, 12) * millisecond : -1));
    }
    return record;
}

bool during(const Op& op, const FaultRecord& fault) {
    return op.t_inv >= fault.t_started && (fault.t_ended < 0 || op.t_inv < fault.t_ended);
}

struct Reference {
    Share all, clear, after;
    std::map<std::string, Share> groups;
    Value::List by_fault;
    bool healed = true;
};

Reference reference_of(const Record& record, const std::vector<Op>& ops) {
    Reference result;
    Nanos last = 0;
    for (const FaultRecord& fault : record.faults) {
        Share share;
        for (const Op& op : ops)
            if (during(op, fault)) share.add(op);
        result.by_fault.emplace_back(Value::List{fault.fault.id, "pause", share.ok, share.all});
        result.healed = result.healed && fault.t_ended >= 0;
        last = std::max(last, fault.t_ended);
    }
    for (const Op& op : ops) {
        result.all.add(op);
        result.groups["f." + op.f].add(op);
        result.groups["node.n" + std::to_string(op.node + 1)].add(op);
        const bool faulty = std::ranges::any_of(
            record.faults, [&](const FaultRecord& fault) { return during(op, fault); });
        if (!faulty) result.clear.add(op);
        if (op.t_inv >= last) result.after.add(op);
    }
    return result;
}

void expect_share(const CheckResult& result, const std::string& name, const Share& share) {
    INFO(name);
    REQUIRE(result.statistics.at(name + ".ok") == Value(share.ok));
    REQUIRE(result.statistics.at(name + ".count") == Value(share.all));
}

} // namespace

TEST_CASE("10,000 random histories: availability agrees with counting") {
    Rng rng(4);
    int seen[3] = {};
    for (int i = 0; i < 10'000; ++i) {
        const std::vector<Op> ops = random_plain(rng, random_calls(rng));
        const Record record = record_under_faults(rng, ops);
        const Reference expected = reference_of(record, ops);
        const CheckResult result =
            check_with(record, "availability", {{"least", "40"}, {"least_after_heal", "50"}});
        expect_share(result, "all", expected.all);
        expect_share(result, "under_no_fault", expected.clear);
        for (const auto& [name, share] : expected.groups)
            expect_share(result, name, share);
        REQUIRE(result.statistics.at("by_fault") == Value(expected.by_fault));
        const bool after = expected.healed && expected.after.all > 0;
        const bool low = expected.all.ok * 100 < 40 * expected.all.all ||
                         (after && expected.after.ok * 100 < 50 * expected.after.all);
        const Verdict verdict = low ? Verdict::invalid : after ? Verdict::valid : Verdict::unknown;
        REQUIRE(result.verdict == verdict);
        ++seen[static_cast<int>(verdict)];
    }
    for (const int count : seen)
        CHECK(count > 500);
}

TEST_CASE("availability judges nothing that it was not asked for") {
    const Record record = record_of({failed("read", {}, 0, 1)});
    CHECK(check_with(record, "availability").verdict == Verdict::valid);
    CHECK(check_with(record, "availability", {{"least", "1"}}).reason ==
          "0 of 1 (0.0 %) of the operations were ok, and 1 % are asked for");
    CHECK(check_with(record_of({}), "availability").verdict == Verdict::unknown);
}

TEST_CASE("availability over time is told in windows") {
    std::vector<Op> ops;
    for (Index i = 0; i < 10; ++i)
        ops.push_back(i < 5 ? ok("read", {}, {}, 500 * i, 500 * i + 1)
                            : failed("read", {}, 500 * i, 500 * i + 1));
    const CheckResult result = check_with(record_of(ops), "availability");
    CHECK(result.statistics.at("f.read.over_time") == Value(Value::List{Value::List{0, 2, 2},
                                                                        Value::List{1000, 2, 2},
                                                                        Value::List{2000, 1, 2},
                                                                        Value::List{3000, 0, 2},
                                                                        Value::List{4000, 0, 2}}));
}

TEST_CASE("availability takes few steps for every operation") {
    std::vector<Op> ops;
    for (Index i = 0; i < 20'000; ++i)
        ops.push_back(long_op(0, "read", {}, {}, 2 * i, 2 * i + 1));
    CHECK(steps_of("availability", ops) <= 20'000);
}
