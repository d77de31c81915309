#include "simulator/simulation.hpp"
#include "simulator/store_audit.hpp"
#include "tests/support/catch.hpp"

#include <functional>

using namespace faultlab;
using namespace faultlab::simulator;

namespace {

Record recorded() {
    return simulate({.seed = 3, .scenario = find_scenario("combined").value(), .events = 1'000})
        .record;
}

/// The same with some operations changed.
History changed(const History& history,
                const std::function<void(std::vector<faultlab::Op>&)>& change) {
    std::vector<faultlab::Op> ops;
    for (std::size_t i = 0; i < history.size(); ++i)
        ops.push_back(history.op(static_cast<OpId>(i)));
    change(ops);
    HistoryBuilder builder;
    for (const faultlab::Op& op : ops)
        builder.add(op);
    return builder.build();
}

bool catches(const Record& record, const Record& stored) {
    Audits audits;
    audit_store(record, stored, audits);
    CHECK(audits.judged(Audit::StoreOrder) > 0);
    return !audits.mistakes().empty();
}

} // namespace

TEST_CASE("A run is stored as it was recorded, or an audit says so", "[simulator]") {
    const Record record = recorded();
    Record stored = record;
    CHECK_FALSE(catches(record, stored));

    SECTION("numbered anew") {
        stored.history = changed(record.history, [](auto& ops) {
            for (faultlab::Op& op : ops) {
                op.inv_index *= 2;
                if (op.ret_index != never) op.ret_index *= 2;
            }
        });
        CHECK_FALSE(catches(record, stored));
    }
    SECTION("an operation that is missing") {
        stored.history = changed(record.history, [](auto& ops) { ops.pop_back(); });
        CHECK(catches(record, stored));
    }
    SECTION("another result") {
        stored.history = changed(record.history, [](auto& ops) { ops[5].ret = Value(-1); });
        CHECK(catches(record, stored));
    }
    SECTION("a return that comes later") {
        stored.history = changed(record.history, [](auto& ops) {
            ops.front().ret_index = ops.back().inv_index + 1'000'000;
        });
        CHECK(catches(record, stored));
    }
    SECTION("an event that is missing") {
        stored.events.pop_back();
        CHECK(catches(record, stored));
    }
    SECTION("a fault of another time") {
        REQUIRE_FALSE(stored.faults.empty());
        ++stored.faults.front().t_started;
        CHECK(catches(record, stored));
    }
}
