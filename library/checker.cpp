#include "checker/catalogue.hpp"
#include "checker/judge.hpp"
#include "checker/models.hpp"
#include "core/history.hpp"
#include "core/record.hpp"
#include "core/transaction_form.hpp"
#include "reports/story.hpp"
#include "reports/terminal.hpp"

#include <faultlab/checker.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace faultlab {

namespace {

/// As a file has it: a transaction is written as the list of its steps.
Value as_written(std::string_view f, const Value& value) {
    const Value::List* const list = f == "txn" ? value.list() : nullptr;
    if (list == nullptr || are_messages(*list)) return value;
    auto transaction = transaction_from(*list);
    return transaction ? Value(std::move(*transaction)) : value;
}

} // namespace

struct Recorder::State {
    std::mutex mutex;
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
    std::vector<Op> ops;
    Index next_index = 0;

    /// Requires: the mutex is held, here and below.
    [[nodiscard]] Nanos now() const {
        return std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
    }

    Op& end(Call call, OpStatus status) {
        const auto i = static_cast<std::size_t>(call);
        FAULTLAB_CHECK(i < ops.size());
        Op& op = ops[i];
        FAULTLAB_CHECK(op.status == OpStatus::open);
        op.status = status;
        op.t_ret = now();
        if (status != OpStatus::info) op.ret_index = next_index++;
        return op;
    }
};

Recorder::Recorder() : state_(std::make_unique<State>()) {}
Recorder::~Recorder() = default;
Recorder::Recorder(Recorder&& other) noexcept = default;
Recorder& Recorder::operator=(Recorder&& other) noexcept = default;

Recorder::Call
Recorder::invoke(std::int32_t client, std::string_view f, const Value& key, const Value& argument) {
    Op op{.process = client,
          .client = client,
          .f = std::string(f),
          .key = key,
          .arg = as_written(f, argument)};
    const std::scoped_lock lock(state_->mutex);
    op.inv_index = state_->next_index++;
    op.t_due = op.t_inv = state_->now();
    state_->ops.push_back(std::move(op));
    return Call{state_->ops.size() - 1};
}

void Recorder::ok(Call call, const Value& result) {
    const std::scoped_lock lock(state_->mutex);
    Op& op = state_->end(call, OpStatus::ok);
    op.ret = as_written(op.f, result);
}

void Recorder::fail(Call call, std::string_view why) {
    const std::scoped_lock lock(state_->mutex);
    state_->end(call, OpStatus::fail).error = why;
}

void Recorder::unknown(Call call, std::string_view why) {
    const std::scoped_lock lock(state_->mutex);
    state_->end(call, OpStatus::info).error = why;
}

std::size_t Recorder::size() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->ops.size();
}

namespace {

/// Sets a flag when the time is over, for checkers, which have no clock.
class Deadline {
public:
    explicit Deadline(std::chrono::milliseconds timeout)
        : thread_([this, timeout](const std::stop_token& stop) {
              std::unique_lock lock(mutex_);
              // A clock cannot count as far as a duration can say.
              const auto longest = std::chrono::milliseconds(std::chrono::hours(24 * 365));
              wake_.wait_for(lock, stop, std::min(timeout, longest), [] { return false; });
              if (!stop.stop_requested()) expired_ = true;
          }) {}
    [[nodiscard]] const std::atomic<bool>& expired() const { return expired_; }

private:
    std::atomic<bool> expired_ = false;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_;
};

} // namespace

/// Reads a recorder, as its friend.
class RecorderAccess {
public:
    static Record record_of(const Recorder& recorder) {
        const std::scoped_lock lock(recorder.state_->mutex);
        HistoryBuilder builder;
        builder.reserve(recorder.state_->ops.size());
        for (const Op& op : recorder.state_->ops)
            builder.add(op);
        Record record;
        record.history = builder.build();
        record.meta["ended"] = "complete";
        return record;
    }

    static Result<std::string> model_of(const Record& record, const CheckOptions& options) {
        if (!options.model.empty()) return options.model;
        const auto models = models_for(record.history);
        if (models.size() == 1) return std::string(models.front()->name);
        std::vector<std::string_view> names;
        for (const ModelEntry* model : models)
            names.push_back(model->name);
        return usage_error(fmt::format("the operations ({}) do not tell the model",
                                       fmt::join(operations_of(record.history), ", ")),
                           names.empty() ? "no model has them all"
                                         : fmt::format("one of: {}", fmt::join(names, ", ")));
    }
};

Result<CheckReport> check(const Recorder& recorder, const CheckOptions& options) {
    Record record = RecorderAccess::record_of(recorder);
    FAULTLAB_TRY(const std::string model, RecorderAccess::model_of(record, options));
    const auto known = find_model(model);
    const std::string checker(known ? (*known)->checker : "linearizability");
    FAULTLAB_TRY(const CheckerEntry* const entry, find_checker(checker));
    const Options checker_options = {{"model", model}};
    FAULTLAB_DO(
        complete_options(checker_options, entry->options(), fmt::format("checker {}", checker)));
    record.plan.workload = model;
    record.plan.options = checker_options;
    const Deadline deadline(options.timeout);
    const Budget budget{.expired = &deadline.expired(), .memory_bytes = options.memory_bytes};
    const std::vector<CheckResult> results = {judge_with(*entry, checker_options, record, budget)};
    CheckReport report{
        .verdict = overall(results), .model = model, .reason = results.front().reason};
    report.text = render_text(make_story(record, results, {}), {});
    return report;
}

} // namespace faultlab
