// Checker `total-queue`.
// Judges: what goes into a queue comes out of it: every acknowledged value was dequeued by the end,
// and nothing was dequeued that nobody had tried to enqueue. Counts as multisets. Values that came
// out too often are told, and allowed.
// Operations: `enqueue` v; `dequeue` (ok: v, or null: it was empty); `drain` (ok: a list of what it
// took until the queue was empty). Each key is a queue of its own.
// A value that never came out is lost only when nothing else explains it: a drain, or a dequeue
// that found the queue empty, was ok and began when more of the value had been acknowledged than
// ever came out; and there are more such values than dequeues whose outcome is unknown. Otherwise
// the verdict is unknown, as it is after a drain that crashed: what that took is not known.
// Cost: linear. Cannot see: the order.

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

/// How often a value was tried, acknowledged and taken.
struct Tally {
    std::int64_t attempts = 0;
    std::int64_t enqueued = 0;
    std::int64_t dequeued = 0;
    std::int64_t sought = 0; ///< acknowledged before the queue was last found empty
    OpId enqueue = -1;       ///< the ok one that returned first
    OpId dequeue = -1;       ///< the last that took it

    /// So many should have come out when the queue was last found empty, and never did.
    [[nodiscard]] std::int64_t missing() const {
        return std::max<std::int64_t>(0, sought - dequeued);
    }
};

class TotalQueueCheck {
public:
    TotalQueueCheck(const Record& record, const Budget& budget)
        : history_(record.history), judgement_("total-queue", record, budget) {}

    CheckResult run() {
        if (!judgement_.only({"enqueue", "dequeue", "drain"})) return judgement_.finish();
        for (std::size_t k = 0; k < history_.keys().size() && !judgement_.stopped(); ++k)
            judge(history_.value(history_.keys()[k]), history_.ops_of_key(k));
        return judgement_.finish();
    }

private:
    [[nodiscard]] const std::string& f(OpId op) const {
        return history_.text(history_.f()[at(op)]);
    }

    void judge(const Value& key, std::span<const OpId> ops) {
        key_ = key;
        ids_ = {};
        tallies_.clear();
        empty_ = -1;
        unknown_dequeues_ = 0;
        drain_crashed_ = false;
        for (const OpId op : ops)
            if (!judgement_.step() || !note(op)) return;
        if (empty_ >= 0 && !note_sought(ops)) return;
        settle();
    }

    Tally& tally(const Value& value) {
        const ValueIds::Id id = ids_.intern(value);
        if (id == tallies_.size()) tallies_.emplace_back();
        return tallies_[id];
    }

    bool note(OpId op) {
        const OpStatus status = history_.status()[at(op)];
        if (f(op) == "enqueue") {
            Tally& of = tally(history_.value(history_.arg()[at(op)]));
            ++of.attempts;
            ++attempts_;
            if (status != OpStatus::ok) return true;
            ++of.enqueued;
            const Index ret = history_.ret_index()[at(op)];
            if (of.enqueue < 0 || ret < history_.ret_index()[at(of.enqueue)]) of.enqueue = op;
            return true;
        }
        const bool unknown = status == OpStatus::info || status == OpStatus::open;
        if (f(op) == "drain") {
            if (unknown) judgement_.doubt("a drain crashed: what it took is not known");
            drain_crashed_ = drain_crashed_ || unknown;
            return status != OpStatus::ok || note_drain(op);
        }
        if (unknown) ++unknown_dequeues_;
        if (status != OpStatus::ok) return true;
        const Value& value = history_.value(history_.ret()[at(op)]);
        if (value.is_absent())
            note_empty(op);
        else
            take(value, op);
        return true;
    }

    bool note_drain(OpId op) {
        const Value::List* list = history_.value(history_.ret()[at(op)]).list();
        if (list == nullptr) {
            judgement_.misfit(op, "a drain that returned a list");
            return false;
        }
        for (const Value& value : *list) {
            if (!judgement_.step()) return false;
            take(value, op);
        }
        note_empty(op);
        return true;
    }

    bool note_sought(std::span<const OpId> ops) {
        const Index looked = history_.inv_index()[at(empty_)];
        for (const OpId op : ops) {
            if (!judgement_.step()) return false;
            const bool acknowledged =
                f(op) == "enqueue" && history_.status()[at(op)] == OpStatus::ok;
            if (acknowledged && history_.ret_index()[at(op)] < looked)
                ++tally(history_.value(history_.arg()[at(op)])).sought;
        }
        return true;
    }

    void note_empty(OpId op) {
        // Operations come in the order of their invocations.
        empty_ = op;
    }

    void take(const Value& value, OpId op) {
        Tally& of = tally(value);
        ++of.dequeued;
        of.dequeue = op;
    }

    void settle() {
        std::int64_t ok = 0, unexpected = 0, duplicated = 0, recovered = 0, lost = 0;
        std::vector<Value> unexpected_values, duplicated_values, recovered_values, lost_values;
        for (ValueIds::Id id = 0; id < tallies_.size(); ++id) {
            const Tally& of = tallies_[id];
            const Value& value = ids_.value(id);
            const auto add = [&](std::int64_t n, std::int64_t& sum, std::vector<Value>& values) {
                if (n <= 0) return false;
                sum += n;
                values.push_back(value);
                return true;
            };
            const std::int64_t fitting = std::min(of.dequeued, of.attempts);
            ok += fitting;
            if (of.attempts == 0) {
                if (add(of.dequeued, unexpected, unexpected_values))
                    accuse_unexpected(value, of.dequeue);
            } else {
                add(of.dequeued - of.attempts, duplicated, duplicated_values);
            }
            add(fitting - std::min(fitting, of.enqueued), recovered, recovered_values);
            add(of.enqueued - of.dequeued, lost, lost_values);
        }
        if (lost > 0 && !drain_crashed_) judge_missing(lost);
        judgement_.count("ok_count", ok);
        tell("unexpected", unexpected, std::move(unexpected_values));
        tell("duplicated", duplicated, std::move(duplicated_values));
        tell("recovered", recovered, std::move(recovered_values));
        tell("lost", lost, std::move(lost_values));
        tell_counts();
    }

    void tell(const std::string& name, std::int64_t count, std::vector<Value> values) {
        judgement_.count(name + "_count", count);
        judgement_.tell_values(name, key_, std::move(values));
    }

    void tell_counts() {
        std::int64_t acknowledged = 0;
        std::int64_t dequeued = 0;
        for (const Tally& of : tallies_) {
            acknowledged += of.enqueued;
            dequeued += of.dequeued;
        }
        judgement_.tell("attempt_count", attempts_);
        judgement_.count("acknowledged_count", acknowledged);
        judgement_.count("dequeue_count", dequeued);
    }

    void judge_missing(std::int64_t lost) {
        std::int64_t missing = 0;
        for (const Tally& of : tallies_)
            missing += of.missing();
        if (missing == 0) {
            judgement_.doubt(fmt::format("{} acknowledged values never came out, and nobody found "
                                         "the queue empty after they were enqueued",
                                         lost));
        } else if (missing <= unknown_dequeues_) {
            judgement_.doubt(fmt::format("{} acknowledged values never came out, and {} dequeues "
                                         "of unknown outcome may have taken them",
                                         missing,
                                         unknown_dequeues_));
        } else {
            for (ValueIds::Id id = 0; id < tallies_.size(); ++id)
                if (const Tally& of = tallies_[id]; of.missing() > 0)
                    accuse_lost(ids_.value(id), of.enqueue, of.missing());
        }
    }

    void accuse_lost(const Value& value, OpId enqueue, std::int64_t times) {
        judgement_.accuse(
            {.anomaly = "lost_value",
             .what = fmt::format("the enqueue of {} by {} was acknowledged, but it never came out, "
                                 "and {} found the queue empty afterwards",
                                 to_text(value, 60),
                                 client_of(history_, enqueue),
                                 client_of(history_, empty_)),
             .key = key_,
             .ops = {enqueue, empty_},
             .divergence = empty_,
             .remark = to_text(value, 60) + " should have come out by now",
             .details = {{"value", value}, {"times", times}}});
    }

    void accuse_unexpected(const Value& value, OpId dequeue) {
        judgement_.accuse({.anomaly = "unexpected_value",
                           .what = fmt::format("{} took {}, which nobody had tried to enqueue",
                                               client_of(history_, dequeue),
                                               to_text(value, 60)),
                           .key = key_,
                           .ops = {dequeue},
                           .divergence = dequeue,
                           .remark = "nobody tried to enqueue " + to_text(value, 60),
                           .details = {{"value", value}}});
    }

    const History& history_;
    Judgement judgement_;
    Value key_; ///< of the queue that is judged
    ValueIds ids_;
    std::vector<Tally> tallies_; ///< by id
    OpId empty_ = -1;            ///< the last that found the queue empty
    std::int64_t unknown_dequeues_ = 0;
    bool drain_crashed_ = false; ///< it may have taken anything
    std::int64_t attempts_ = 0;
};

class TotalQueue : public Checker {
public:
    [[nodiscard]] CheckResult check(const Record& record, const Budget& budget) const override {
        return TotalQueueCheck(record, budget).run();
    }
};

} // namespace

std::vector<OptionSpec> total_queue_options() {
    return {};
}

Result<std::unique_ptr<Checker>> make_total_queue(const Options& options) {
    FAULTLAB_DO(complete_options(options, total_queue_options(), "checker total-queue"));
    return std::unique_ptr<Checker>(std::make_unique<TotalQueue>());
}

} // namespace faultlab
