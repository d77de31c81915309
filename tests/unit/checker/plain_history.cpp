#include "tests/unit/checker/plain_history.hpp"

#include "tests/support/catch.hpp"

#include <algorithm>
#include <utility>

namespace faultlab {
namespace {

struct Slot {
    std::int64_t op = -1;
    bool applied = false;
};

class Simulation {
public:
    Simulation(Rng& rng, const PlainObject& object)
        : rng_(rng), object_(object),
          wanted_(rng.below(static_cast<std::uint64_t>(object.max_ops)) + 1) {}

    std::vector<Op> run() {
        std::vector<Slot> slots(static_cast<std::size_t>(object_.processes));
        std::size_t open = 0;
        while (ops_.size() < wanted_ || open > 0) {
            const std::size_t p = rng_.below(slots.size());
            Slot& slot = slots[p];
            t_ += rng_.between(0, 3) * millisecond;
            if (slot.op < 0) {
                if (ops_.size() == wanted_) continue;
                invoke(static_cast<std::int32_t>(p));
                slot = {.op = static_cast<std::int64_t>(ops_.size()) - 1, .applied = false};
                ++open;
                continue;
            }
            Op& op = ops_[static_cast<std::size_t>(slot.op)];
            if (!slot.applied) {
                const bool never = op.status == OpStatus::fail ||
                                   (op.status == OpStatus::info && rng_.chance(1, 2));
                if (!never) object_.apply(rng_, op);
                slot.applied = true;
                continue;
            }
            finish(op);
            if (op.status == OpStatus::info)
                renumbered_[p] += static_cast<std::int32_t>(slots.size());
            slot.op = -1;
            --open;
        }
        if (rng_.chance(object_.damage_percent, 100)) damage();
        return std::move(ops_);
    }

private:
    void invoke(std::int32_t p) {
        renumbered_.resize(static_cast<std::size_t>(object_.processes));
        Op op = object_.invoke(rng_);
        op.id = static_cast<OpId>(ops_.size());
        op.process = op.client = p + renumbered_[static_cast<std::size_t>(p)];
        op.inv_index = index_++;
        op.t_inv = op.t_due = t_;
        op.status = OpStatus::ok;
        if (rng_.chance(object_.fail_percent, 100)) op.status = OpStatus::fail;
        if (rng_.chance(object_.info_percent, 100)) op.status = OpStatus::info;
        ops_.push_back(std::move(op));
    }

    void finish(Op& op) {
        const Index index = index_++;
        op.t_ret = t_;
        if (op.status != OpStatus::info) op.ret_index = index;
        if (op.status != OpStatus::ok) op.ret = {};
    }

    void damage() {
        for (std::int64_t i = rng_.between(1, 3); i > 0; --i) {
            Op& op = ops_[rng_.below(ops_.size())];
            if (op.status == OpStatus::ok) object_.damage(rng_, op);
        }
    }

    Rng& rng_;
    const PlainObject& object_;
    std::size_t wanted_;
    std::vector<Op> ops_;
    std::vector<std::int32_t> renumbered_;
    Index index_ = 0;
    Nanos t_ = 0;
};

} // namespace

std::vector<Op> random_plain(Rng& rng, const PlainObject& object) {
    return Simulation(rng, object).run();
}

std::vector<PlainEvent> events_of(const std::vector<Op>& ops) {
    std::vector<std::pair<Index, PlainEvent>> timed;
    for (const Op& op : ops) {
        timed.push_back({op.inv_index, {&op, false}});
        if (op.ret_index != never) timed.push_back({op.ret_index, {&op, true}});
    }
    std::ranges::sort(timed, {}, [](const auto& event) { return event.first; });
    std::vector<PlainEvent> events;
    for (const auto& [index, event] : timed)
        events.push_back(event);
    return events;
}

std::string print_plain(const std::vector<Op>& ops) {
    std::string text;
    for (const Op& op : ops) {
        text += "\n" + std::to_string(op.process) + " [" + std::to_string(op.inv_index) + ", " +
                (op.ret_index == never ? "never" : std::to_string(op.ret_index)) + "] " + op.f +
                " " + to_text(op.key) + " " + to_text(op.arg, 400) + " -> " + to_text(op.ret, 400) +
                " " + std::string(to_string(op.status));
    }
    return text;
}

void expect_agreement(const Agreement& agreement) {
    constexpr int histories = 10'000;
    Rng rng(20260712);
    int seen[3] = {};
    for (int i = 0; i < histories; ++i) {
        const std::vector<Op> ops = random_plain(rng, agreement.make(rng));
        const Expected expected = agreement.reference(ops);
        const CheckResult result = check_with(record_of(ops), agreement.checker, agreement.options);
        INFO("history " << i << print_plain(ops) << "\nreason: " << result.reason);
        REQUIRE(to_string(result.verdict) == to_string(expected.verdict));
        REQUIRE(result.reason.empty() == (result.verdict == Verdict::valid));
        REQUIRE(result.findings.empty() == (result.verdict != Verdict::invalid));
        for (const auto& [name, value] : expected.statistics) {
            INFO(name);
            const auto found = result.statistics.find(name);
            REQUIRE(found != result.statistics.end());
            REQUIRE(to_text(found->second, 2000) == to_text(value, 2000));
        }
        ++seen[static_cast<int>(expected.verdict)];
    }
    CHECK(seen[static_cast<int>(Verdict::valid)] > histories / 20);
    CHECK(seen[static_cast<int>(Verdict::invalid)] > histories / 20);
    if (agreement.expects_unknown)
        CHECK(seen[static_cast<int>(Verdict::unknown)] > histories / 100);
}

void expect_no_accusation(std::string_view checker,
                          const Options& options,
                          const std::function<PlainObject(Rng&)>& make) {
    constexpr int histories = 10'000;
    Rng rng(20260713);
    int valid = 0;
    for (int i = 0; i < histories; ++i) {
        PlainObject object = make(rng);
        object.damage_percent = 0;
        const std::vector<Op> ops = random_plain(rng, object);
        const CheckResult result = check_with(record_of(ops), checker, options);
        INFO("history " << i << print_plain(ops) << "\nreason: " << result.reason);
        REQUIRE(result.verdict != Verdict::invalid);
        valid += result.verdict == Verdict::valid ? 1 : 0;
    }
    CHECK(valid > histories / 10);
}

std::int64_t steps_of(std::string_view checker, const std::vector<Op>& ops, const Options& o) {
    const CheckResult result = check_with(record_of(ops), checker, o);
    INFO(result.reason);
    const std::atomic<bool> expired = true;
    const CheckResult spent = check_with(record_of(ops), checker, o, {.expired = &expired});
    CHECK(spent.verdict == Verdict::unknown);
    CHECK(spent.reason == "out of time: the budget of the check was spent");
    CHECK(spent.findings.empty());
    return *result.statistics.at("steps").integer();
}

Op long_op(std::int32_t process, std::string_view f, Value arg, Value ret, Index inv, Index end) {
    Op op = ok(f, std::move(arg), std::move(ret), inv, end);
    op.key = {};
    op.process = op.client = process;
    return op;
}

} // namespace faultlab
