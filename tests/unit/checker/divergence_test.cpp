// The first divergence against brute force: of every prefix of a small history that ends with a
// return it is tried whether it has an order, with what had not returned by then left open.

#include "core/rng.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/brute_force.hpp"
#include "tests/unit/checker/kv_reference.hpp"
#include "tests/unit/checker/object_agreement.hpp"
#include "tests/unit/checker/object_reference.hpp"
#include "tests/unit/checker/story.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

using namespace faultlab;

namespace {

using Legal = std::function<bool(const std::vector<Op>&)>;

/// What was known when this index was drawn. A failed operation is none from the beginning.
std::vector<Op> known_at(const std::vector<Op>& ops, Index end) {
    std::vector<Op> known;
    for (Op op : ops) {
        if (op.inv_index > end || op.status == OpStatus::fail) continue;
        if (op.ret_index > end) {
            op.status = OpStatus::open;
            op.ret = {};
            op.ret_index = never;
        }
        known.push_back(std::move(op));
    }
    return known;
}

/// The operation by whose return the history is illegal; -1: it is legal.
OpId first_divergence(const std::vector<Op>& ops, const Legal& legal) {
    std::vector<const Op*> returns;
    for (const Op& op : ops) {
        if (op.status == OpStatus::ok) returns.push_back(&op);
    }
    std::ranges::sort(returns, {}, &Op::ret_index);
    for (const Op* op : returns) {
        if (!legal(known_at(ops, op->ret_index))) return op->id;
    }
    return -1;
}

/// Counts the illegal histories among those that `draw` gives.
void expect_first_divergence(std::string_view model,
                             int histories,
                             const std::function<std::vector<Op>()>& draw,
                             const Legal& legal) {
    int illegal = 0;
    for (int i = 0; i < histories; ++i) {
        const std::vector<Op> ops = draw();
        const OpId expected = first_divergence(ops, legal);
        const CheckResult result = linearizable(ops, model);
        INFO(model << print_ops(ops) << "\n" << result.reason);
        REQUIRE(result.verdict == (expected < 0 ? Verdict::valid : Verdict::invalid));
        if (expected < 0) continue;
        ++illegal;
        REQUIRE(result.findings.front().divergence == expected);
        REQUIRE_FALSE(result.findings.front().details.contains("first_divergence_unknown"));
    }
    CHECK(illegal > histories / 10);
}

/// The operations of two keys, whose indexes alternate.
std::vector<Op> on_two_keys(std::vector<Op> first, const std::vector<Op>& second) {
    std::vector<Op> all;
    const auto add = [&all](const std::vector<Op>& ops, std::int64_t key) {
        for (Op op : ops) {
            op.key = key;
            op.process += static_cast<std::int32_t>(10 * key);
            op.inv_index = 2 * op.inv_index + key;
            if (op.ret_index != never) op.ret_index = 2 * op.ret_index + key;
            all.push_back(std::move(op));
        }
    };
    add(first, 0);
    add(second, 1);
    std::ranges::sort(all, {}, &Op::inv_index);
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i].id = static_cast<OpId>(i);
    return all;
}

/// Whether the operations of each key are legal.
Legal by_key(const Legal& legal) {
    return [legal](const std::vector<Op>& ops) {
        return std::ranges::all_of(std::vector<std::int64_t>{0, 1}, [&](std::int64_t key) {
            std::vector<Op> own;
            std::ranges::copy_if(
                ops, std::back_inserter(own), [&](const Op& op) { return op.key == Value(key); });
            return legal(own);
        });
    };
}

} // namespace

TEST_CASE("the first divergence of a register is the first return without an order") {
    for (const char* model : {"register", "cas-register", "versioned-register"}) {
        const Legal legal = [model](const auto& ops) {
            return brute_force_linearizable(ops, model);
        };
        for (const bool unique : {false, true}) {
            Rng rng(3);
            const RandomHistoryOptions options{.model = model, .unique = unique};
            const auto draw = [&] { return random_operations(rng, options); };
            expect_first_divergence(model, 4'000, draw, legal);
            const auto draw_two = [&] { return on_two_keys(draw(), draw()); };
            expect_first_divergence(model, 2'000, draw_two, by_key(legal));
        }
    }
}

TEST_CASE("the first divergence of a map is the first return without an order") {
    for (const std::uint64_t joined : {0U, 35U}) {
        Rng rng(4);
        const RandomKvOptions options{.max_ops = 7, .joined_percent = joined};
        expect_first_divergence(
            "kv", 5'000, [&] { return random_kv_operations(rng, options); }, brute_force_kv);
    }
}

TEST_CASE("the first divergence of an object is the first return without an order") {
    for (const ObjectModel* model : object_models()) {
        const Legal legal = [model](const auto& ops) {
            return brute_force_object(ops, model->name());
        };
        int illegal = 0;
        Rng rng(5);
        for (const RandomObjectOptions& options : object_histories(model->name())) {
            for (int i = 0; i < 400; ++i) {
                const std::vector<Op> ops = random_object_operations(rng, options);
                const OpId expected = first_divergence(ops, legal);
                if (expected < 0) continue;
                ++illegal;
                const CheckResult result = linearizable(ops, model->name());
                INFO(model->name() << print_ops(ops) << "\n" << result.reason);
                REQUIRE(result.verdict == Verdict::invalid);
                REQUIRE(result.findings.front().divergence == expected);
            }
        }
        CHECK(illegal > 500);
    }
}
