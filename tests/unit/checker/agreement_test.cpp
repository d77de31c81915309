#include "checker/frontier_search.hpp"
#include "checker/linearizability_rules.hpp"
#include "checker/register_model.hpp"
#include "core/history.hpp"
#include "core/rng.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/brute_force.hpp"
#include "tests/unit/checker/random_history.hpp"

#include <cstdint>
#include <string>
#include <vector>

// The checker against a brute-force reference on random histories, and wrong checkers against the
// same histories: a reference that would not notice a mistake is worth nothing.

using namespace faultlab;

namespace {

constexpr int histories_each = 10'000;

Verdict
judge_with(const std::vector<Op>& ops, std::string_view model, const LinearizabilityRules& rules) {
    const History history = to_history(ops);
    const auto key = read_key_ops(history, history.ops_of_key(0), *register_model(model), rules);
    if (!key) return Verdict::unknown;
    return search_order(key->ops, rules, Budget{}).verdict;
}

/// Corner counts of one comparison.
struct Agreement {
    int valid = 0;
    int invalid = 0;
    int disagreements = 0;
    std::string first; ///< the first history they disagree on, for people
};

Agreement compare(const RandomHistoryOptions& options, const LinearizabilityRules& rules) {
    Agreement result;
    Rng rng(20240611);
    for (int i = 0; i < histories_each; ++i) {
        const std::vector<Op> ops = random_operations(rng, options);
        const bool expected = brute_force_linearizable(ops, options.model);
        const Verdict verdict = judge_with(ops, options.model, rules);
        ++(expected ? result.valid : result.invalid);
        if (verdict == (expected ? Verdict::valid : Verdict::invalid)) continue;
        if (result.disagreements++ == 0) {
            result.first = (expected ? "legal" : "illegal") + describe(ops);
        }
    }
    return result;
}

void expect_agreement(const RandomHistoryOptions& options) {
    const Agreement result = compare(options, LinearizabilityRules{});
    INFO("first disagreement: " << result.first);
    CHECK(result.disagreements == 0);
    CHECK(result.valid >= histories_each / 5);
    CHECK(result.invalid >= histories_each / 5);
}

/// Histories in which failed comparisons and unread writes are frequent.
RandomHistoryOptions many_indeterminate() {
    return {.max_ops = 8, .values = 2, .info_percent = 40, .corrupt_percent = 95};
}

struct InfoAsOkAtOnce : LinearizabilityRules {
    Fate fate(OpStatus s) const override {
        return s == OpStatus::info ? Fate::definite : LinearizabilityRules::fate(s);
    }
    Index returned(Index invoked, Index index) const override {
        return index == never ? invoked : index;
    }
};
struct InfoMustHappen : InfoAsOkAtOnce {
    Index returned(Index, Index index) const override { return index == never ? never - 1 : index; }
};
struct InfoDropped : LinearizabilityRules {
    Fate fate(OpStatus s) const override {
        return s == OpStatus::info ? Fate::dropped : LinearizabilityRules::fate(s);
    }
};
struct FailedAsOk : LinearizabilityRules {
    Fate fate(OpStatus s) const override {
        return s == OpStatus::fail ? Fate::definite : LinearizabilityRules::fate(s);
    }
};
struct RealTimeIgnored : LinearizabilityRules {
    Index invoked(Index) const override { return 0; }
    Index returned(Index, Index) const override { return never - 1; }
};
struct AbsentIsZero : LinearizabilityRules {
    const Value& identity(const Value& value) const override {
        return value.is_absent() ? zero : value;
    }
    Value zero = 0;
};
struct FailedCasIgnored : LinearizabilityRules {
    bool fits(const RegisterOp& op, const RegisterState& state) const override {
        return op.action == RegisterAction::failed_cas || LinearizabilityRules::fits(op, state);
    }
};
struct CasAsWrite : LinearizabilityRules {
    bool fits(const RegisterOp& op, const RegisterState& state) const override {
        return op.action == RegisterAction::cas || LinearizabilityRules::fits(op, state);
    }
};
struct UnequalSymmetric : LinearizabilityRules {
    Signature signature(const RegisterOp& op) const override {
        return {static_cast<std::uint64_t>(op.action)};
    }
};
struct DeadDespiteFailedCas : LinearizabilityRules {
    bool dead_updates_vanish(bool) const override { return true; }
};
struct MemoryWithoutState : LinearizabilityRules {
    RegisterState memory(const RegisterState&) const override { return {}; }
};
struct VersionNotCompared : LinearizabilityRules {
    bool fits(const RegisterOp& op, const RegisterState& state) const override {
        RegisterOp blind = op;
        blind.version = any_version;
        return LinearizabilityRules::fits(blind, state);
    }
};

void expect_caught(const LinearizabilityRules& wrong, const RandomHistoryOptions& options) {
    CHECK(compare(options, wrong).disagreements > 0);
}

} // namespace

TEST_CASE("10,000 random histories: register agrees with brute force") {
    expect_agreement({.model = "register"});
}
TEST_CASE("10,000 random histories: cas-register agrees with brute force") {
    expect_agreement({.model = "cas-register"});
}
TEST_CASE("10,000 random histories: versioned-register agrees with brute force") {
    expect_agreement({.model = "versioned-register"});
}
TEST_CASE("10,000 random histories: many indeterminate operations agree with brute force") {
    expect_agreement(many_indeterminate());
}

TEST_CASE("pruning changes no verdict on histories too long for brute force") {
    struct Unpruned : LinearizabilityRules {
        bool merges_unobserved_values() const override { return false; }
        bool dead_updates_vanish(bool) const override { return false; }
        bool looks_ahead() const override { return false; }
    };
    Rng rng(3);
    int invalid = 0;
    for (int i = 0; i < 4'000; ++i) {
        const std::string_view model = i % 2 == 0 ? "cas-register" : "versioned-register";
        const std::vector<Op> ops = random_operations(rng,
                                                      {.model = model,
                                                       .max_ops = 24,
                                                       .processes = 5,
                                                       .values = 5,
                                                       .info_percent = 10,
                                                       .corrupt_percent = 30});
        const Verdict verdict = judge_with(ops, model, LinearizabilityRules{});
        INFO(describe(ops));
        REQUIRE(verdict == judge_with(ops, model, Unpruned{}));
        invalid += verdict == Verdict::invalid ? 1 : 0;
    }
    CHECK(invalid > 500);
}

TEST_CASE("planted mistake: info counts as done at its invocation") {
    expect_caught(InfoAsOkAtOnce{}, {});
}
TEST_CASE("planted mistake: info must happen") {
    expect_caught(InfoMustHappen{}, {});
}
TEST_CASE("planted mistake: info is dropped") {
    expect_caught(InfoDropped{}, {});
}
TEST_CASE("planted mistake: a failed operation counts as ok") {
    expect_caught(FailedAsOk{}, {});
}
TEST_CASE("planted mistake: real-time order is ignored") {
    expect_caught(RealTimeIgnored{}, {});
}
TEST_CASE("planted mistake: absent equals zero") {
    expect_caught(AbsentIsZero{}, {});
}
TEST_CASE("planted mistake: a failed cas says nothing") {
    expect_caught(FailedCasIgnored{}, {});
}
TEST_CASE("planted mistake: cas is a write") {
    expect_caught(CasAsWrite{}, {});
}
TEST_CASE("planted mistake: symmetry over unequal operations") {
    expect_caught(UnequalSymmetric{}, {});
}
TEST_CASE("planted mistake: dead writes vanish beside a failed cas") {
    expect_caught(DeadDespiteFailedCas{}, {});
}
TEST_CASE("planted mistake: visited configurations are remembered without their state") {
    expect_caught(MemoryWithoutState{}, {});
}
TEST_CASE("planted mistake: versions are not compared") {
    expect_caught(VersionNotCompared{}, {.model = "versioned-register"});
}
