#include "checker/witness.hpp"
#include "core/store/import.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/kv_reference.hpp"
#include "tests/unit/checker/story.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

using namespace faultlab;

namespace {

Verdict verdict_of(History history, const std::string& model) {
    Record record;
    record.history = std::move(history);
    return check_with(record, "linearizability", {{"model", model}}).verdict;
}

/// Whether the order holds every operation that a client saw done, and none twice.
bool holds_all(const History& history, const std::vector<OpId>& order) {
    const std::set<OpId> held(order.begin(), order.end());
    if (held.size() != order.size()) return false;
    for (OpId id = 0; id < std::ssize(history.f()); ++id) {
        const bool ok = history.status()[static_cast<std::size_t>(id)] == OpStatus::ok;
        if (ok && !held.contains(id)) return false;
    }
    return true;
}

/// Nothing in it overlaps but what nobody saw return.
bool one_at_a_time(const History& history) {
    Index last = -1;
    for (std::size_t i = 0; i < history.size(); ++i) {
        if (history.inv_index()[i] < last) return false;
        if (history.ret_index()[i] != never) last = history.ret_index()[i];
    }
    return true;
}

void expect_witness(const History& history, const std::string& model) {
    const Witness witness = find_witness(history, model, {});
    CHECK(witness.missing.empty());
    CHECK(holds_all(history, witness.order));
    const History in_order = one_after_another(history, witness.order);
    CHECK(one_at_a_time(in_order));
    if (in_order.size() > 0) CHECK(verdict_of(in_order, model) == Verdict::valid);
}

} // namespace

TEST_CASE("every stored history that is valid has a witness") {
    const auto folder = std::filesystem::path(FAULTLAB_SOURCE_DIR) / "tests/histories/valid";
    std::set<std::string> models;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::string stem = entry.path().stem().string();
        const std::string model = stem.substr(stem.rfind('.') + 1);
        std::ifstream in(entry.path());
        const auto record = import_jsonl_record(
            in, stem, model == "kv" ? Namespaces::separate : Namespaces::ignored);
        INFO(stem);
        REQUIRE(record.ok());
        expect_witness(record->history, model);
        models.insert(model);
    }
    CHECK(models.size() >= 9);
}

TEST_CASE("random histories of registers that are valid have a witness") {
    for (const char* model : {"cas-register", "versioned-register"}) {
        for (const bool unique : {false, true}) {
            int found = 0;
            for (std::uint64_t seed = 0; seed < 500; ++seed) {
                Rng rng(seed);
                const History history = to_history(random_operations(
                    rng, {.model = model, .max_ops = 12, .unique = unique, .corrupt_percent = 10}));
                if (verdict_of(history, model) != Verdict::valid) continue;
                INFO(model << ", seed " << seed);
                expect_witness(history, model);
                ++found;
            }
            CHECK(found > 200);
        }
    }
}

TEST_CASE("random histories of a map that are valid have a witness") {
    for (const std::uint64_t joined : {0U, 35U}) {
        int found = 0;
        Rng rng(7);
        for (int i = 0; i < 2'000; ++i) {
            const std::vector<Op> ops = random_kv_operations(
                rng, {.max_ops = 10, .joined_percent = joined, .corrupt_percent = 10});
            if (!brute_force_kv(ops)) continue;
            INFO(describe(ops));
            expect_witness(to_history(ops), "kv");
            ++found;
        }
        CHECK(found > 1'000);
    }
}

TEST_CASE("an operation without a result stands in a witness where it took effect, or not at all") {
    const History history =
        to_history({info("write", 1, 0, 90), info("write", 2, 1, 91), ok("read", {}, 2, 2, 3)});
    for (const char* model : {"register", "kv"}) {
        const Witness witness = find_witness(history, model, {});
        REQUIRE(witness.order.size() >= 2);
        CHECK(witness.order.back() == 2);
        CHECK(witness.order[witness.order.size() - 2] == 1); // what was read
        const History in_order = one_after_another(history, witness.order);
        const std::size_t read = in_order.size() - 1;
        CHECK(in_order.status()[read - 1] == OpStatus::info);
        CHECK(in_order.inv_index()[read - 1] + 2 == in_order.inv_index()[read]);
    }
    const History lock = to_history({info("acquire", {}, 0, 1), info("acquire", {}, 2, 3)});
    const Witness none = find_witness(lock, "mutex", {});
    CHECK(none.missing.empty());
    CHECK(none.order.empty());
}

TEST_CASE("operations in another order than a witness's are found out") {
    const History history =
        to_history({ok("write", 1, {}, 0, 3), ok("write", 2, {}, 1, 4), ok("read", {}, 1, 2, 5)});
    const Witness witness = find_witness(history, "cas-register", {});
    REQUIRE(witness.order == std::vector<OpId>{1, 0, 2});
    CHECK(verdict_of(one_after_another(history, witness.order), "cas-register") == Verdict::valid);
    const std::vector<OpId> other = {0, 1, 2};
    CHECK(verdict_of(one_after_another(history, other), "cas-register") == Verdict::invalid);
}

TEST_CASE("where there is no order, none is given") {
    const History stale =
        to_history({ok("write", 1, {}, 0, 1), ok("write", 2, {}, 2, 3), ok("read", {}, 1, 4, 5)});
    const Witness none = find_witness(stale, "cas-register", {});
    CHECK(none.order.empty());
    CHECK(none.missing == "no order was found for key \"x\" within the budget");
    const History queue = to_history({ok("dequeue", {}, 1, 0, 1)});
    CHECK_FALSE(find_witness(queue, "queue", {}).missing.empty());
}
