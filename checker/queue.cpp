// Checker `queue`.
// Judges: every value that was dequeued had been enqueued before, and no oftener, as in a queue
// without an order. Every enqueue is taken to have worked from its invocation on, a dequeue to have
// worked at its return when it was ok. The first dequeue that does not fit is told; the fold of
// that queue ends there. Operations: `enqueue` v; `dequeue` (ok: v, or null: it was empty). Each
// key is a queue of its own. Unknown: no dequeue was ok. Cost: n log n. Cannot see: lost values and
// the order (total-queue, linearizability), values of failed enqueues.

#include "checker/catalogue_entries.hpp"
#include "checker/judgement.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace faultlab {
namespace {

class QueueCheck {
public:
    QueueCheck(const Record& record, const Budget& budget)
        : history_(record.history), judgement_("queue", record, budget) {}

    CheckResult run() {
        if (!judgement_.only({"enqueue", "dequeue"})) return judgement_.finish();
        for (const char* name : {"enqueue_count", "dequeue_count", "final_count"})
            judgement_.count(name, 0);
        for (std::size_t k = 0; k < history_.keys().size() && !judgement_.stopped(); ++k)
            fold(history_.value(history_.keys()[k]), history_.ops_of_key(k));
        if (dequeues_ == 0) judgement_.doubt("no dequeue was ok");
        return judgement_.finish();
    }

private:
    void fold(const Value& key, std::span<const OpId> ops) {
        std::unordered_map<Symbol, std::int64_t> waiting;
        std::int64_t size = 0;
        for (const Moment& moment : moments_of(history_, ops)) {
            if (!judgement_.step()) return;
            const std::size_t op = at(moment.op);
            if (history_.text(history_.f()[op]) == "enqueue") {
                if (moment.returns) continue;
                judgement_.count("enqueue_count");
                ++waiting[history_.arg()[op]];
                ++size;
                continue;
            }
            if (!moment.returns || history_.status()[op] != OpStatus::ok) continue;
            const Symbol value = history_.ret()[op];
            if (history_.value(value).is_absent()) continue;
            judgement_.count("dequeue_count");
            ++dequeues_;
            std::int64_t& left = waiting[value];
            if (left == 0) {
                accuse(key, moment.op, ops);
                break;
            }
            --left;
            --size;
        }
        judgement_.count("final_count", size);
    }

    void accuse(const Value& key, OpId op, std::span<const OpId> ops) {
        const Symbol value = history_.ret()[at(op)];
        std::vector<OpId> cited = {op};
        std::int64_t before = 0;
        for (const OpId other : ops) {
            const bool enqueue = history_.text(history_.f()[at(other)]) == "enqueue";
            const bool took = !enqueue && other != op && history_.ret()[at(other)] == value &&
                              history_.status()[at(other)] == OpStatus::ok &&
                              history_.ret_index()[at(other)] < history_.ret_index()[at(op)];
            if (took) ++before;
            if (took || (enqueue && history_.arg()[at(other)] == value)) cited.push_back(other);
        }
        const std::string text = to_text(history_.value(value), 60);
        judgement_.accuse(
            {.anomaly = before > 0 ? "dequeued_again" : "dequeued_before_enqueue",
             .what = before > 0
                         ? fmt::format("{} took {}, which had been taken as often as anybody had "
                                       "tried to enqueue it",
                                       client_of(history_, op),
                                       text)
                         : fmt::format("{} took {}, which nobody had tried to enqueue by then",
                                       client_of(history_, op),
                                       text),
             .key = key,
             .ops = std::move(cited),
             .divergence = op,
             .remark = "there was no " + text + " to take",
             .details = {{"value", history_.value(value)}}});
    }

    const History& history_;
    Judgement judgement_;
    std::int64_t dequeues_ = 0;
};

class Queue : public Checker {
public:
    [[nodiscard]] CheckResult check(const Record& record, const Budget& budget) const override {
        return QueueCheck(record, budget).run();
    }
};

} // namespace

std::vector<OptionSpec> queue_options() {
    return {};
}

Result<std::unique_ptr<Checker>> make_queue(const Options& options) {
    FAULTLAB_DO(complete_options(options, queue_options(), "checker queue"));
    return std::unique_ptr<Checker>(std::make_unique<Queue>());
}

} // namespace faultlab
