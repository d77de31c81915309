#pragma once

#include "core/generator.hpp"
#include "core/op.hpp"
#include "core/rng.hpp"
#include "simulator/names.hpp"
#include "simulator/network.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace faultlab::simulator {

/// What a client needs of the world around it.
class ClientHost {
public:
    virtual ~ClientHost() = default;
    [[nodiscard]] virtual Nanos now() const = 0;
    virtual void send(Packet&& packet) = 0;
    /// Calls Client::on_wake with this generation after the delay.
    virtual void wake(Endpoint client, std::uint64_t generation, Nanos delay) = 0;
    /// The run's one counter of invocations and returns (core/op.hpp).
    virtual Index next_index() = 0;
    /// A reply whose body is no result.
    virtual void bad_reply(const Packet& packet) = 0;
};

struct ClientOptions {
    std::uint64_t cluster = 0;
    std::uint32_t release = oldest_release;
    Nanos retry = 60'000'000; ///< then the same request goes to the next replica
    /// How long it waits for an answer before it calls the outcome unknown, and registers anew; 0:
    /// for ever.
    Nanos patience = 0;
    /// So often it gives up; then it waits for ever. Operations that are open to the end make an
    /// order of the others hard to find, and say little.
    std::uint32_t give_up_most = 1'000'000;
    Nanos think_max = 2'000'000; ///< pause before an operation that was not submitted
    std::int32_t clients = 1;    ///< in all: a client whose operation is open for ever goes on as
                                 ///< the process that is so many further
    NodeId node = no_node;       ///< that it begins with
    bool keeps_session = false;  ///< planted bug V7: when it starts again
    /// Planted bug B23: Busy for one sending is taken for a failure, although another is undecided.
    bool busy_is_fail = false;
};

/// What went over the wire for one operation.
struct Exchange {
    Checksum asked;                ///< of the request's body; 0: it was never sent
    std::vector<std::byte> answer; ///< the reply's body; empty: there was none
};

/// A session of the store: one request at a time, retried until it is answered. Records what it
/// invoked and what came of it, as clients of real runs do.
class Client {
public:
    using Workload = std::function<std::optional<Operation>(Rng&)>;

    Client(Endpoint endpoint, const ClientOptions& options, ClientHost& host, Rng rng);

    /// Whom to ask, in turn; the first is asked first.
    void set_targets(std::vector<ReplicaId> targets);
    /// Asks this one first from now on.
    void ask(ReplicaId target);
    /// Dies and starts again as another client of the store; an operation under way is open from
    /// then on. False, and nothing happens, when it has left enough of them open.
    bool restart();
    /// Queues an operation; it is invoked when those before it have ended.
    void submit(Operation operation);
    /// Makes operations whenever nothing is queued; an empty function, or nothing returned, ends
    /// it.
    void set_workload(Workload workload);
    /// Makes the operations of this stream until it ends, whenever nothing is queued.
    void follow(GeneratorPtr stream);
    /// What a stream emits instead of an operation: only the session is begun, where there is none.
    static constexpr std::string_view session_only = "session";
    /// Whether a stream may have it. Memberships are asked for by programs only (`submit`).
    [[nodiscard]] static bool can_ask(const Invocation& op);
    /// No operation of the stream is begun any more.
    void end_stream() { stream_.reset(); }
    /// From now on it waits for every answer, however long it takes.
    void be_patient() { options_.patience = 0; }

    [[nodiscard]] bool idle() const {
        return !current_ && !opening_ && queue_.empty() && !workload_ && stream_ == nullptr;
    }
    /// An operation of this kind is under way, or waits.
    [[nodiscard]] bool asks(OpCode code) const;
    /// An operation is under way.
    [[nodiscard]] bool busy_with_request() const { return current_.has_value(); }
    [[nodiscard]] std::size_t completed() const { return completed_; }
    /// Of the operation that was answered last.
    [[nodiscard]] const std::optional<OperationResult>& result() const { return result_; }
    [[nodiscard]] std::uint64_t busy() const { return busy_; }
    [[nodiscard]] std::uint64_t evicted() const { return evicted_; }
    /// How often planted bug B23 made it call an operation failed.
    [[nodiscard]] std::uint64_t fired_busy_is_fail() const { return fired_busy_is_fail_; }
    [[nodiscard]] ClientId id() const { return id_; }
    [[nodiscard]] SessionId session() const { return session_; }
    [[nodiscard]] RequestNumber request() const { return request_; }
    [[nodiscard]] const std::vector<faultlab::Op>& history() const { return history_; }
    /// Whom each of them was asked of first.
    [[nodiscard]] const std::vector<ReplicaId>& asked() const { return asked_; }
    /// By operation, likewise.
    [[nodiscard]] const std::vector<Exchange>& exchanges() const { return exchanges_; }
    [[nodiscard]] std::uint64_t restarts() const { return restarts_; }

    void on_packet(const Packet& packet);
    void on_wake(std::uint64_t generation);

private:
    void start_next();
    void next_of_stream();
    void invoke(Operation operation, Invocation invocation, Nanos due);
    void begin_session();
    void open_session();
    void give_up(const char* error);
    void transmit();
    /// `rotate`: the next sending goes to the next target.
    void wait(Nanos delay, bool rotate);
    void on_reply(const Packet& packet);
    void on_busy(const Header& header);
    void not_taken();
    void finish(OpStatus status, Value ret, const char* error);

    Endpoint endpoint_;
    ClientOptions options_;
    ClientHost* host_;
    Rng rng_;
    std::vector<ReplicaId> targets_;
    std::size_t target_ = 0;
    std::size_t turn_ = 0; ///< whose turn it was, wherever hints have led since
    bool rotate_ = false;
    std::uint32_t fired_busy_is_fail_ = 0;
    ClientId id_ = 0;
    SessionId session_ = 0;
    RequestNumber request_ = 0; ///< of the newest operation
    std::optional<Operation> current_;
    std::vector<std::byte> body_; ///< of the request that is sent now: current_, or a registration
    std::deque<Operation> queue_;
    Workload workload_;
    GeneratorPtr stream_;
    Invocation invocation_; ///< of `current_`
    bool of_stream_ = false;
    bool opening_ = false; ///< a session, and nothing is asked for yet
    std::int32_t process_;
    std::uint64_t generation_ = 0;
    Nanos invoked_at_ = 0;
    std::size_t completed_ = 0;
    std::uint32_t given_up_ = 0;
    std::uint32_t undecided_ = 0; ///< sendings of the request that nobody said were not taken
    std::uint64_t busy_ = 0;
    std::uint64_t evicted_ = 0;
    std::optional<OperationResult> result_;
    std::vector<faultlab::Op> history_;
    std::vector<ReplicaId> asked_;
    std::vector<Exchange> exchanges_;
    std::uint64_t restarts_ = 0;
};

[[nodiscard]] Operation read_op(Value key);
[[nodiscard]] Operation write_op(Value key, Value value);
[[nodiscard]] Operation cas_op(Value key, Value expected, Value value);
/// Reads, writes and compare-and-sets of a few keys; every value written is a new one.
[[nodiscard]] Client::Workload registers(std::uint32_t keys, std::uint32_t client);

} // namespace faultlab::simulator
