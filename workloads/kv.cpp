// Kv: reads, writes, compare-and-set, additions, appends and deletes on many independent keys.
//
// Finds: what `register` finds, and operations that were done twice or in part: an addition or an
//   append shows in its result how often each of those before it happened. Deletes bring the absent
//   value back again and again, which no other workload does.
// How: keys and workers as in `register`. Even keys hold integers, odd ones texts, so that
//   additions and appends find what they can add to.
// Values: every written integer and every appended word is unique, so that a read tells what it
// saw.

#include "workloads/catalogue.hpp"
#include "workloads/generators.hpp"
#include "workloads/keyed.hpp"

#include <memory>
#include <optional>
#include <utility>

namespace faultlab {
namespace {

/// What the streams of one worker on its keys have in common.
struct WorkerState {
    Rng rng;
    UniqueValues values;
    bool reads_only = false;
};

/// One worker's operations on one key.
class KvKey : public Generator {
public:
    KvKey(std::shared_ptr<WorkerState> worker, std::int64_t key)
        : worker_(std::move(worker)), key_("k" + std::to_string(key)), counts_(key % 2 == 0) {}

    Step next(const Moment& moment) override { return Emit{.op = draw(), .due = moment.now}; }

    void observe(const Invocation& op, const Completion& completion) override {
        const Done* done = std::get_if<Done>(&completion);
        if (done == nullptr) return;
        if (op.f == "read" || op.f == "add" || op.f == "append") {
            seen_ = done->ret;
        } else if (op.f == "delete") {
            seen_ = Value();
        } else if (op.f == "write") {
            seen_ = op.arg;
        } else if (done->ret == Value(true)) {
            seen_ = op.arg.list()->back();
        }
    }

private:
    Invocation draw() {
        const std::uint64_t kind = worker_->reads_only ? 0 : worker_->rng.below(10);
        // What was never seen cannot be compared: look first.
        if (kind < 4 || (kind == 4 && !seen_)) return {.f = "read", .key = key_};
        if (kind == 4) return {.f = "cas", .key = key_, .arg = Value::List{*seen_, to_write()}};
        if (kind == 5) return {.f = "write", .key = key_, .arg = to_write()};
        if (kind == 6) return {.f = "delete", .key = key_};
        if (counts_) return {.f = "add", .key = key_, .arg = worker_->rng.between(1, 9)};
        return {.f = "append", .key = key_, .arg = word()};
    }

    Value to_write() {
        // Far apart, so that additions do not lead from one to another.
        constexpr std::int64_t apart = 1'000'000;
        if (counts_) return worker_->values.draw() * apart;
        return word();
    }

    Value word() { return " " + std::to_string(worker_->values.draw()); }

    // Shared by the streams of one worker on all its keys, used by its thread only.
    std::shared_ptr<WorkerState> worker_;
    Value key_;
    bool counts_; ///< holds integers
    std::optional<Value> seen_;
};

class KvWorkload : public Workload {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override { return key_options(); }

    [[nodiscard]] std::vector<std::string> operations(const Options&) const override {
        return {"read", "write", "cas", "add", "append", "delete"};
    }

    [[nodiscard]] GeneratorPtr body(const Plan& plan, const StreamContext& context) const override {
        return readers_and_writers(
            plan,
            context,
            [&plan](const StreamContext& range, std::int32_t writers, bool reads_only) {
                const Rng rng(range.seed);
                const auto state = std::make_shared<WorkerState>(
                    WorkerState{.rng = rng.split("operations"),
                                .values = {.next = range.worker + 1, .stride = writers},
                                .reads_only = reads_only});
                return independent_keys(
                    key_turnover(plan), rng.split("slots"), [state](std::int64_t key) {
                        return std::make_unique<KvKey>(state, key);
                    });
            });
    }

    [[nodiscard]] GeneratorPtr final_reads(const Plan&,
                                           const StreamContext& context,
                                           std::span<const Value> keys) const override {
        return final_key_reads(context, keys);
    }

    [[nodiscard]] std::vector<CheckerRequest> checkers(const Options&) const override {
        return {{.name = "linearizability", .options = {{"model", "kv"}}}};
    }
};

} // namespace

std::unique_ptr<Workload> make_kv_workload() {
    return std::make_unique<KvWorkload>();
}

} // namespace faultlab
