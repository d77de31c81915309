// Checker `causal`.
// Judges: what one process does with a register, step by step, is explained by those steps in the
// order of their causes: each names the position of the last one it saw (its link), writes count up
// from 1, and a read returns what was written last. The first step of a key that does not fit is
// told; the fold of that key ends there.
// Operations, on each key by one process: `read-init`, `read` [null, link]; `write` [v, link]; ok:
// [v, position]. A link is "init" or a position. The value that a read returned may be null.
// Unknown: nothing was ok. Cost: n log n. Cannot see: what other processes saw.

#include "checker/catalogue_entries.hpp"
#include "checker/judgement.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace faultlab {
namespace {

/// The register as its steps left it.
struct Register {
    Value value = 0;
    std::int64_t writes = 0;
    Value last_position;
    OpId last = -1;
    OpId last_write = -1;
};

class CausalCheck {
public:
    CausalCheck(const Record& record, const Budget& budget)
        : history_(record.history), judgement_("causal", record, budget) {}

    CheckResult run() {
        if (!judgement_.only({"read-init", "read", "write"})) return judgement_.finish();
        for (std::size_t k = 0; k < history_.keys().size() && !judgement_.stopped(); ++k)
            fold(history_.value(history_.keys()[k]), history_.ops_of_key(k));
        judgement_.tell("step_count", steps_);
        if (steps_ == 0) judgement_.doubt("no operation was ok");
        return judgement_.finish();
    }

private:
    void fold(const Value& key, std::span<const OpId> ops) {
        std::vector<OpId> done;
        for (const OpId op : ops) {
            if (history_.process()[at(op)] != history_.process()[at(ops.front())])
                return judgement_.misfit(op, "one process on each key");
            if (history_.status()[at(op)] == OpStatus::ok) done.push_back(op);
        }
        std::ranges::sort(done, {}, [&](OpId op) { return history_.ret_index()[at(op)]; });
        Register state;
        for (const OpId op : done) {
            if (!judgement_.step()) return;
            const Value& asked = history_.value(history_.arg()[at(op)]);
            // An answer that repeats the argument may have been left out.
            const Value& told = history_.value(history_.ret()[at(op)]);
            const Value::List* link = pair_in(asked);
            const Value::List* answer = told.is_absent() ? link : pair_in(told);
            if (link == nullptr || answer == nullptr)
                return judgement_.misfit(op, "[value, link], and [value, position] as its answer");
            ++steps_;
            const std::string wrong = advance(state, op, (*link)[1], (*answer)[0]);
            if (!wrong.empty()) return accuse(key, state, op, wrong);
            state.last_position = (*answer)[1];
            state.last = op;
        }
    }

    /// What does not fit, or nothing.
    std::string advance(Register& state, OpId op, const Value& link, const Value& value) const {
        const std::string& f = history_.text(history_.f()[at(op)]);
        if (link != Value("init") && (link.is_absent() || link != state.last_position)) {
            return fmt::format("is linked to the position {}, and the last one seen was {}",
                               to_text(link, 60),
                               to_text(state.last_position, 60));
        }
        if (f == "write") {
            if (value != Value(state.writes + 1)) {
                return fmt::format(
                    "wrote {} where {} was next", to_text(value, 60), state.writes + 1);
            }
            ++state.writes;
            state.value = value;
            state.last_write = op;
            return {};
        }
        const bool first = f == "read-init" && state.writes == 0;
        if (first ? value == Value(0) : value.is_absent() || value == state.value) return {};
        return fmt::format(
            "returned {} where {} was the value", to_text(value, 60), to_text(state.value, 60));
    }

    void accuse(const Value& key, const Register& state, OpId op, const std::string& wrong) {
        std::vector<OpId> ops = {op};
        for (const OpId other : {state.last, state.last_write})
            if (other >= 0) ops.push_back(other);
        const std::string& f = history_.text(history_.f()[at(op)]);
        judgement_.accuse(
            {.anomaly = "not_causal",
             .what = fmt::format("the {} of {} by {} {}",
                                 f,
                                 key.is_absent() ? std::string("the register") : to_text(key, 60),
                                 client_of(history_, op),
                                 wrong),
             .key = key,
             .ops = std::move(ops),
             .divergence = op,
             .remark = wrong});
    }

    const History& history_;
    Judgement judgement_;
    std::int64_t steps_ = 0;
};

class Causal : public Checker {
public:
    [[nodiscard]] CheckResult check(const Record& record, const Budget& budget) const override {
        return CausalCheck(record, budget).run();
    }
};

} // namespace

std::vector<OptionSpec> causal_options() {
    return {};
}

Result<std::unique_ptr<Checker>> make_causal(const Options& options) {
    FAULTLAB_DO(complete_options(options, causal_options(), "checker causal"));
    return std::unique_ptr<Checker>(std::make_unique<Causal>());
}

} // namespace faultlab
