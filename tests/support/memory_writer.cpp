#include "tests/support/memory_writer.hpp"

#include <deque>
#include <unordered_map>

namespace faultlab {
namespace {

class MemoryWriter;

class MemoryLane : public OpLane {
public:
    MemoryLane(MemoryWriter& writer, std::int32_t client) : writer_(writer), client_(client) {}
    Index invoke(const InvokeRow& row, const Clock& clock) override;
    Index complete(Index invoked,
                   const Completion& completion,
                   NodeId asked,
                   const Clock& clock) override;

private:
    MemoryWriter& writer_;
    std::int32_t client_;
};

class MemoryWriter : public RunWriter {
public:
    explicit MemoryWriter(std::shared_ptr<MemoryRun> run) : run_(std::move(run)) {}

    OpLane& open_lane(std::int32_t client) override {
        const std::scoped_lock lock(mutex_);
        return lanes_.emplace_back(*this, client);
    }
    Result<void> fault_intended(const Fault& fault, Nanos t_planned) override {
        const std::scoped_lock lock(mutex_);
        if (failed()) return error();
        run_->faults[fault.id] = {.fault = fault, .t_planned = t_planned};
        return {};
    }
    void fault_changed(FaultId fault, FaultState state, Nanos t) override {
        const std::scoped_lock lock(mutex_);
        FaultRecord& record = run_->faults[fault];
        record.state = state;
        if (state == FaultState::active) record.t_started = t;
        if (state == FaultState::healed || state == FaultState::failed) record.t_ended = t;
    }
    void evidence(FaultId fault, const Evidence& evidence) override {
        const std::scoped_lock lock(mutex_);
        run_->faults[fault].evidence.push_back(evidence);
    }
    void sample(const Sample& sample) override {
        const std::scoped_lock lock(mutex_);
        run_->samples.push_back(sample);
    }
    void event(const Event& event) override {
        const std::scoped_lock lock(mutex_);
        run_->events.push_back(event);
    }
    void incarnation_started(NodeId node, std::int32_t incarnation, Nanos) override {
        const std::scoped_lock lock(mutex_);
        run_->lives.push_back({.node = node, .incarnation = incarnation});
    }
    void
    incarnation_ended(NodeId node, std::int32_t incarnation, Nanos, std::string_view by) override {
        const std::scoped_lock lock(mutex_);
        for (MemoryRun::Life& life : run_->lives) {
            if (life.node == node && life.incarnation == incarnation) life.ended_by = by;
        }
    }
    void log_file(const LogFile& file) override {
        const std::scoped_lock lock(mutex_);
        run_->logs.push_back(file);
    }
    void meta(std::string_view name, const Value& value) override {
        const std::scoped_lock lock(mutex_);
        run_->meta[std::string(name)] = value;
    }
    [[nodiscard]] std::optional<Error> failure() const override {
        const std::scoped_lock lock(mutex_);
        if (!failed()) return std::nullopt;
        return error();
    }
    Result<void> finish(std::string_view ended) override {
        const std::scoped_lock lock(mutex_);
        run_->ended = ended;
        if (failed()) return error();
        return {};
    }

    Index add_invoke(const InvokeRow& row, std::int32_t client, const Clock& clock) {
        const std::scoped_lock lock(mutex_);
        const Index index = next_++;
        position_[index] = run_->ops.size();
        run_->ops.push_back({.id = static_cast<OpId>(run_->ops.size()),
                             .process = row.process,
                             .client = client,
                             .node = row.node,
                             .f = row.op.f,
                             .key = row.op.key,
                             .arg = row.op.arg,
                             .inv_index = index,
                             .t_due = row.t_due,
                             .t_inv = clock.now()});
        return index;
    }

    Index
    add_complete(Index invoked, const Completion& completion, NodeId asked, const Clock& clock) {
        const std::scoped_lock lock(mutex_);
        const Index index = next_++;
        Op& op = run_->ops[position_.at(invoked)];
        op.t_ret = clock.now();
        if (asked != no_node) op.node = asked;
        if (const auto* done = std::get_if<Done>(&completion)) {
            op.status = OpStatus::ok;
            op.ret = done->ret;
        } else if (const auto* failed = std::get_if<Failed>(&completion)) {
            op.status = OpStatus::fail;
            op.error = failed->why;
        } else {
            op.status = OpStatus::info;
            op.error = std::get<Unknown>(completion).why;
        }
        if (op.status != OpStatus::info) op.ret_index = index;
        return index;
    }

private:
    [[nodiscard]] bool failed() const {
        return run_->fails_after &&
               static_cast<std::int64_t>(run_->ops.size()) >= *run_->fails_after;
    }
    static Error error() { return lab_error("the store cannot be written: disk full"); }

    mutable std::mutex mutex_;
    std::shared_ptr<MemoryRun> run_;
    std::deque<MemoryLane> lanes_;
    std::unordered_map<Index, std::size_t> position_;
    Index next_ = 0;
};

Index MemoryLane::invoke(const InvokeRow& row, const Clock& clock) {
    return writer_.add_invoke(row, client_, clock);
}

Index MemoryLane::complete(Index invoked,
                           const Completion& completion,
                           NodeId asked,
                           const Clock& clock) {
    return writer_.add_complete(invoked, completion, asked, clock);
}

std::string text_of(const Params& params) {
    std::string text;
    for (const auto& [name, value] : params)
        text += name + "=" + to_json(value) + " ";
    return text;
}

} // namespace

std::function<Result<std::unique_ptr<RunWriter>>(const std::filesystem::path&, const RunHeader&)>
write_into(std::shared_ptr<MemoryRun> run) {
    return [run](const std::filesystem::path&,
                 const RunHeader& header) -> Result<std::unique_ptr<RunWriter>> {
        run->header = header;
        return std::unique_ptr<RunWriter>(std::make_unique<MemoryWriter>(run));
    };
}

Record MemoryRun::record() const {
    HistoryBuilder history;
    for (const Op& op : ops)
        history.add(op);
    Record record{.run_id = header.run_id,
                  .plan = header.plan,
                  .meta = meta,
                  .cluster = header.cluster,
                  .history = history.build(),
                  .events = events,
                  .samples = samples,
                  .logs = logs};
    for (const auto& [id, fault] : faults)
        record.faults.push_back(fault);
    return record;
}

std::vector<Event> MemoryRun::events_of(const std::string& kind) const {
    std::vector<Event> found;
    for (const Event& event : events) {
        if (event.kind == kind) found.push_back(event);
    }
    return found;
}

std::string MemoryRun::dump() const {
    std::string text = to_json(header.plan) + text_of(meta) + ended + "\n";
    for (const Op& op : ops) {
        for (const std::int64_t number : {std::int64_t{op.process},
                                          std::int64_t{op.client},
                                          std::int64_t{op.node},
                                          op.inv_index,
                                          op.ret_index,
                                          op.t_due,
                                          op.t_inv,
                                          op.t_ret})
            text += std::to_string(number) + " ";
        text += std::string(to_string(op.status)) + " " + op.f + " " + to_json(op.key) + " " +
                to_json(op.arg) + " " + to_json(op.ret) + " " + op.error + "\n";
    }
    for (const auto& [id, record] : faults) {
        text += std::to_string(id) + " " + record.fault.summary + " " +
                std::to_string(record.t_started) + " " + std::to_string(record.t_ended) + "\n";
        for (const Evidence& evidence : record.evidence)
            text += evidence.name + " " + to_json(evidence.value) + "\n";
    }
    for (const Event& event : events)
        text += std::to_string(event.t) + " " + event.kind + " " + text_of(event.fields) + "\n";
    for (const Sample& sample : samples)
        text += std::to_string(sample.t) + " " + sample.metric + " " +
                std::to_string(sample.value) + "\n";
    return text;
}

} // namespace faultlab
