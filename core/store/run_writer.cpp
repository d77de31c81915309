#include "core/store/run_writer.hpp"

#include "core/store/op_queue.hpp"
#include "core/store/run_rows.hpp"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t queue_memory = std::size_t{48} << 20; ///< of the 64 MiB of all queues
constexpr std::size_t side_rows_max = 16'384; ///< samples, events, …: under 1 KiB each

// A commit after 1,000 rows, or when the oldest row of the transaction is this old: with the time
// that the writer sleeps, well within 100 ms of the row's arrival.
constexpr std::int64_t commit_rows = 1'000;
constexpr auto commit_age = milliseconds(50);
// While the writer is behind, one round makes one larger transaction.
constexpr int round_rows = 8'192;
constexpr auto round_time = milliseconds(20);
constexpr int rows_between_looks = 128; ///< at the clock
// The writer polls: a wake-up at each row would cost the workers more than the row itself.
constexpr auto sleep_when_idle = milliseconds(5);
constexpr auto sleep_at_gap = std::chrono::microseconds(500);

class Lane final : public OpLane {
public:
    Lane(OpQueue& queue, std::int32_t client) : queue_(queue), client_(client) {}

    Index invoke(const InvokeRow& row, const Clock& clock) override {
        OpRow out{.kind = OpRowKind::invoke,
                  .process = row.process,
                  .client = client_,
                  .node = row.node,
                  .first = row.t_due,
                  .text = row.op.f,
                  .key = to_cell(row.op.key, key_scratch_),
                  .value = to_cell(row.op.arg, value_scratch_)};
        queue_.wait_for_room();
        auto reserved = queue_.reserve(out);
        out.t = clock.now();
        return queue_.push(out, std::move(reserved));
    }

    Index complete(Index invoked,
                   const Completion& completion,
                   NodeId asked,
                   const Clock& clock) override {
        // The time first: it is what latency is measured by, and storing it may take a while.
        OpRow out{.node = asked, .first = invoked, .t = clock.now()};
        if (const auto* done = std::get_if<Done>(&completion)) {
            out.kind = OpRowKind::ok;
            out.value = to_cell(done->ret, value_scratch_);
        } else if (const auto* failed = std::get_if<Failed>(&completion)) {
            out.kind = OpRowKind::fail;
            out.text = failed->why;
        } else {
            out.kind = OpRowKind::info;
            out.text = std::get<Unknown>(completion).why;
        }
        return queue_.push(out, queue_.reserve(out));
    }

private:
    OpQueue& queue_;
    std::int32_t client_;
    std::string key_scratch_, value_scratch_;
};

class Writer final : public RunWriter {
public:
    explicit Writer(RunRows rows)
        : rows_(std::move(rows)), queue_(queue_memory), thread_([this] { run(); }) {}
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    ~Writer() override { stop(std::nullopt); }

    OpLane& open_lane(std::int32_t client) override {
        const std::lock_guard lock(mutex_);
        return *lanes_.emplace_back(std::make_unique<Lane>(queue_, client));
    }

    Result<void> fault_intended(const Fault& fault, Nanos t_planned) override {
        std::promise<Result<void>> stored;
        auto outcome = stored.get_future();
        if (!put({FaultIntended{fault, t_planned}, &stored})) {
            return lab_error("a fault cannot be stored: the run's store is closed");
        }
        return outcome.get();
    }
    void fault_changed(FaultId fault, FaultState state, Nanos t) override {
        put({FaultChanged{fault, state, t}});
    }
    void evidence(FaultId fault, const Evidence& evidence) override {
        put({FaultEvidence{fault, evidence}});
    }
    void sample(const Sample& sample) override { put({sample}); }
    void event(const Event& event) override { put({event}); }
    void incarnation_started(NodeId node, std::int32_t incarnation, Nanos t) override {
        put({IncarnationStarted{node, incarnation, t}});
    }
    void incarnation_ended(NodeId node,
                           std::int32_t incarnation,
                           Nanos t,
                           std::string_view by) override {
        put({IncarnationEnded{node, incarnation, t, std::string(by)}});
    }
    void log_file(const LogFile& file) override { put({file}); }
    void meta(std::string_view name, const Value& value) override {
        put({MetaEntry{std::string(name), value}});
    }

    [[nodiscard]] std::optional<Error> failure() const override {
        if (!failed_.load(std::memory_order_acquire)) return std::nullopt;
        const std::lock_guard lock(failure_mutex_);
        return failure_;
    }

    Result<void> finish(std::string_view ended) override {
        stop(std::string(ended));
        if (const auto error = failure()) return *error;
        return {};
    }

private:
    /// A row, and who waits until it is on the disk.
    struct Side {
        SideRow row;
        std::promise<Result<void>>* durable = nullptr;
    };

    bool put(Side side);
    void stop(std::optional<std::string> ended);
    void run();
    void round();
    void write_side(std::vector<Side>& rows);
    bool write_ops();
    void commit_if_due(bool now);
    void idle();
    void end();
    template <class Write>
    void attempt(Write write);
    void fail(Error error);
    [[nodiscard]] bool failed() const { return failed_.load(std::memory_order_relaxed); }

    // The writer thread's own, but for the queue.
    RunRows rows_;
    OpQueue queue_;
    Steady::time_point oldest_; ///< when the open transaction began
    std::int64_t uncommitted_ = 0;

    std::mutex mutex_; ///< protects what follows
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::vector<Side> side_;
    bool urgent_ = false;   ///< somebody waits for the writer
    bool stopping_ = false; ///< nothing is put any more
    std::optional<std::string> ended_;
    std::condition_variable wake_, side_room_;

    std::atomic<bool> failed_ = false;
    mutable std::mutex failure_mutex_;
    std::optional<Error> failure_;

    std::jthread thread_; ///< last: it is joined before anything that it uses is destroyed
};

/// False when the store is closed already.
bool Writer::put(Side side) {
    std::unique_lock lock(mutex_);
    side_room_.wait(lock, [this] { return side_.size() < side_rows_max || stopping_; });
    if (stopping_) return false;
    urgent_ = urgent_ || side.durable != nullptr || side_.size() + 1 == side_rows_max;
    side_.push_back(std::move(side));
    if (urgent_) wake_.notify_one();
    return true;
}

void Writer::stop(std::optional<std::string> ended) {
    {
        const std::lock_guard lock(mutex_);
        if (!stopping_) ended_ = std::move(ended);
        stopping_ = true;
        urgent_ = true;
    }
    wake_.notify_one();
    side_room_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Writer::run() {
    for (bool more = true; more;) {
        round();
        const std::lock_guard lock(mutex_);
        more = !stopping_ || !side_.empty() || queue_.front() != nullptr;
    }
    end();
}

void Writer::round() {
    std::vector<Side> rows;
    {
        const std::lock_guard lock(mutex_);
        rows.swap(side_);
    }
    if (rows.size() >= side_rows_max) side_room_.notify_all();
    write_side(rows);
    const bool busy = write_ops();
    commit_if_due(false);
    if (!busy && rows.empty()) idle();
}

void Writer::write_side(std::vector<Side>& rows) {
    for (Side& side : rows) {
        if (side.durable != nullptr) {
            attempt([&] { return rows_.commit_durable(side.row); });
            uncommitted_ = 0;
            const auto error = failure();
            side.durable->set_value(error ? Result<void>(*error) : Result<void>());
            continue;
        }
        if (!rows_.in_transaction()) oldest_ = Steady::now();
        attempt([&] { return rows_.write(side.row); });
        ++uncommitted_;
    }
}

/// True when there may be more at once. After a failure the rows are taken and dropped, so that no
/// worker is left waiting.
bool Writer::write_ops() {
    const Steady::time_point start = Steady::now();
    for (int n = 0; n < round_rows; ++n) {
        const OpRow* row = queue_.front();
        if (row == nullptr) {
            queue_.release();
            return false;
        }
        if (!rows_.in_transaction() && !failed()) oldest_ = Steady::now();
        attempt([&] { return rows_.write(queue_.front_index(), *row); });
        ++uncommitted_;
        queue_.pop();
        if (n % rows_between_looks == 0 && Steady::now() - start > round_time) break;
    }
    return true;
}

void Writer::commit_if_due(bool now) {
    if (!rows_.in_transaction()) return;
    if (!now && uncommitted_ < commit_rows && Steady::now() - oldest_ < commit_age) return;
    attempt([&] { return rows_.commit(); });
    uncommitted_ = 0;
}

void Writer::idle() {
    const bool gap = queue_.claimed() > queue_.front_index();
    std::unique_lock lock(mutex_);
    const auto urgent = [this] { return urgent_; };
    if (gap) {
        wake_.wait_for(lock, sleep_at_gap, urgent);
    } else {
        wake_.wait_for(lock, sleep_when_idle, urgent);
    }
    urgent_ = false;
}

void Writer::end() {
    std::optional<std::string> ended;
    {
        const std::lock_guard lock(mutex_);
        ended = ended_;
    }
    commit_if_due(true);
    if (ended) attempt([&] { return rows_.finish(*ended); });
}

/// Does nothing after a failure. Whatever goes wrong is kept: somebody may wait for the answer.
template <class Write>
void Writer::attempt(Write write) {
    if (failed()) return;
    try {
        if (const Result<void> outcome = write(); !outcome) fail(outcome.error());
    } catch (const std::exception& e) {
        fail(lab_error(fmt::format("the thread that writes the run's store: {}", e.what())));
    }
}

/// The first failure counts; those after it are its consequences.
void Writer::fail(Error error) {
    if (failed()) return;
    rows_.abandon();
    error.message +=
        fmt::format(" ({} rows of operations were committed before)", rows_.committed_rows());
    {
        const std::lock_guard lock(failure_mutex_);
        failure_ = std::move(error);
    }
    failed_.store(true, std::memory_order_release);
}

} // namespace

Result<std::unique_ptr<RunWriter>> RunWriter::create(const std::filesystem::path& run_db,
                                                     const RunHeader& header) {
    if (std::error_code error; std::filesystem::exists(run_db, error)) {
        return lab_error(fmt::format("{} exists already", run_db.string()),
                         "every run has a directory of its own");
    }
    if (run_db.has_parent_path()) {
        std::error_code error;
        std::filesystem::create_directories(run_db.parent_path(), error);
        if (error) {
            return environment_error(fmt::format("cannot make the directory {}: {}",
                                                 run_db.parent_path().string(),
                                                 error.message()),
                                     "choose a lab directory that you may write to");
        }
    }
    FAULTLAB_TRY(RunRows rows, RunRows::create(run_db, header));
    return std::unique_ptr<RunWriter>(std::make_unique<Writer>(std::move(rows)));
}

} // namespace faultlab
