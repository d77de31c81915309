// Register: reads, unique writes and compare-and-set on many independent keys.
//
// Finds: stale reads, lost and reordered writes, writes that happened although they failed, and
//   compare-and-set that is not atomic, each as a violation of linearizability.
// How: a window of keys is in use at any moment, and every worker uses all of it, so that an
//   operation on one replica can be caught by one on another. A key is in use for longer than a
//   fault lasts, and for few enough operations that its check is cheap. On every node one worker
//   only reads: where writes block behind a fault, a reader still sees what the replica says.
// Values: every written value is written once, so that a read tells which write it saw. The first
//   value of some keys is 0, which a system must not confuse with a key that is absent.

#include "workloads/catalogue.hpp"
#include "workloads/generators.hpp"
#include "workloads/keyed.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace faultlab {
namespace {

constexpr std::string_view versioned_model = "versioned-register";

/// What the streams of one worker on its keys have in common.
struct WorkerState {
    Rng rng;
    UniqueValues values;
    bool versioned = false;
    bool reads_only = false;
};

/// One worker's operations on one key.
class RegisterKey : public Generator {
public:
    RegisterKey(std::shared_ptr<WorkerState> worker, std::int64_t key, bool starts_with_zero)
        : worker_(std::move(worker)), key_("k" + std::to_string(key)),
          write_zero_(starts_with_zero) {}

    Step next(const Moment& moment) override { return Emit{.op = draw(), .due = moment.now}; }

    void observe(const Invocation& op, const Completion& completion) override {
        const Done* done = std::get_if<Done>(&completion);
        if (done == nullptr) return;
        const bool compared_false = done->ret.boolean() != nullptr && !*done->ret.boolean();
        if (op.f == "cas" && compared_false) return;
        if (worker_->versioned) {
            observe_version(done->ret);
        } else if (op.f == "read") {
            seen_ = done->ret;
        } else if (op.f == "write") {
            seen_ = op.arg;
        } else {
            seen_ = op.arg.list()->back();
        }
    }

private:
    Invocation draw() {
        if (worker_->reads_only) return {.f = "read", .key = key_};
        const std::uint64_t kind = worker_->rng.below(4);
        // What was never seen cannot be compared: look first.
        if (kind < 2 || (kind == 2 && !seen_)) return {.f = "read", .key = key_};
        if (kind == 2) return {.f = "cas", .key = key_, .arg = Value::List{from(), to_write()}};
        return {.f = "write", .key = key_, .arg = to_write()};
    }

    Value to_write() {
        if (std::exchange(write_zero_, false)) return 0;
        return worker_->values.draw();
    }

    /// What this worker last saw; once in ten times something else, so that a system that does
    /// not compare is found out.
    Value from() {
        if (!worker_->rng.chance(1, 10)) return *seen_;
        if (worker_->versioned) return *seen_->integer() + 1;
        if (!seen_->is_absent() && worker_->rng.chance(1, 2)) return {};
        return worker_->values.draw();
    }

    /// Reads, writes and compare-and-sets of this model all return [value, version].
    void observe_version(const Value& ret) {
        const Value::List* list = ret.list();
        if (list == nullptr || list->size() != 2 || list->back().integer() == nullptr) return;
        seen_ = list->back();
    }

    // Shared by the streams of one worker on all its keys, used by its thread only.
    std::shared_ptr<WorkerState> worker_;
    Value key_;
    bool write_zero_;
    std::optional<Value> seen_; ///< the value, or in the versioned model the version
};

/// The stream of one worker. `writers` is how many workers write, `writer` the rank among them.
GeneratorPtr
make_stream(const Plan& plan, const StreamContext& context, std::int32_t writers, bool reads_only) {
    const Rng rng(context.seed);
    const auto state = std::make_shared<WorkerState>(
        WorkerState{.rng = rng.split("operations"),
                    .values = {.next = context.worker + 1, .stride = writers},
                    .versioned = plan.options.at("model") == versioned_model,
                    .reads_only = reads_only});
    return independent_keys(
        key_turnover(plan), rng.split("slots"), [state, context, writers](std::int64_t key) {
            // Of every third key, one worker writes 0 before anything else.
            const bool zero = key % 3 == 0 && key / 3 % writers == context.worker;
            return std::make_unique<RegisterKey>(state, key, zero);
        });
}

class RegisterWorkload : public Workload {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        std::vector<OptionSpec> specs = {{.name = "model",
                                          .fallback = "cas-register",
                                          .choices = {"cas-register", std::string(versioned_model)},
                                          .help = "compare-and-set compares values, or versions"}};
        for (OptionSpec& spec : key_options())
            specs.push_back(std::move(spec));
        return specs;
    }

    [[nodiscard]] std::vector<std::string> operations(const Options&) const override {
        return {"read", "write", "cas"};
    }

    [[nodiscard]] GeneratorPtr body(const Plan& plan, const StreamContext& context) const override {
        return readers_and_writers(
            plan,
            context,
            [&plan](const StreamContext& range, std::int32_t writers, bool reads_only) {
                return make_stream(plan, range, writers, reads_only);
            });
    }

    [[nodiscard]] GeneratorPtr final_reads(const Plan&,
                                           const StreamContext& context,
                                           std::span<const Value> keys) const override {
        return final_key_reads(context, keys);
    }

    [[nodiscard]] std::vector<CheckerRequest> checkers(const Options& options) const override {
        return {{.name = "linearizability", .options = {{"model", options.at("model")}}}};
    }
};

} // namespace

std::unique_ptr<Workload> make_register_workload() {
    return std::make_unique<RegisterWorkload>();
}

} // namespace faultlab
