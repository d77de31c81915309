#include "simulator/client.hpp"

#include "core/check.hpp"
#include "replica/client/lab_words.hpp"

#include <algorithm>
#include <utility>

namespace faultlab::simulator {
namespace {

bool only_reads(const std::string& f) {
    return f == "read" || f == "scan";
}

/// What an operator asks for; a script does, too.
Operation upgrade_op(const Value& release) {
    const std::int64_t* const number = release.integer();
    return {.code = OpCode::Upgrade,
            .release = number == nullptr ? newest_release : static_cast<std::uint32_t>(*number)};
}

/// Nothing when a stream cannot ask for it.
std::optional<Operation> asked_for(const Invocation& op) {
    if (op.f == replica::name(OpCode::Upgrade)) return upgrade_op(op.arg);
    return replica::operation_of(op);
}

/// What the lab calls it; the history of an operation that was submitted has nothing else.
Invocation invocation_of(const Operation& operation) {
    return {.f = replica::name(operation.code),
            .key = operation.key,
            .arg = operation.code == OpCode::Cas
                       ? Value(Value::List{operation.expected, operation.value})
                       : operation.value};
}

} // namespace

Client::Client(Endpoint endpoint, const ClientOptions& options, ClientHost& host, Rng rng)
    : endpoint_(endpoint), options_(options), host_(&host), rng_(std::move(rng)),
      process_(static_cast<std::int32_t>(endpoint - client_base)) {}

void Client::set_targets(std::vector<ReplicaId> targets) {
    targets_ = std::move(targets);
    target_ = turn_ = 0;
}

void Client::ask(ReplicaId target) {
    const auto found = std::ranges::find(targets_, target);
    if (found == targets_.end()) targets_.push_back(target);
    target_ = static_cast<std::size_t>(std::ranges::find(targets_, target) - targets_.begin());
}

void Client::submit(Operation operation) {
    queue_.push_back(std::move(operation));
    if (!current_ && queue_.size() == 1) start_next();
}

void Client::set_workload(Workload workload) {
    workload_ = std::move(workload);
    if (!current_ && queue_.empty()) start_next();
}

void Client::follow(GeneratorPtr stream) {
    stream_ = std::move(stream);
    if (!current_ && queue_.empty()) start_next();
}

void Client::start_next() {
    if (queue_.empty()) {
        // Also after the last one: a workload may end later by the wake that is under way.
        if (workload_ || stream_ != nullptr) wait(rng_.between(0, options_.think_max), false);
        return;
    }
    Operation next = std::move(queue_.front());
    queue_.pop_front();
    Invocation invocation = invocation_of(next);
    of_stream_ = false;
    invoke(std::move(next), std::move(invocation), host_->now());
}

bool Client::can_ask(const Invocation& op) {
    return op.f == session_only || asked_for(op).has_value();
}

void Client::next_of_stream() {
    Step step = stream_->next({.now = host_->now(), .process = process_});
    if (auto* const emit = std::get_if<Emit>(&step)) {
        if (emit->op.f == session_only) return open_session();
        std::optional<Operation> operation = asked_for(emit->op);
        FAULTLAB_CHECK(operation.has_value());
        of_stream_ = true;
        invoke(*std::move(operation), std::move(emit->op), emit->due);
    } else if (const auto* const until = std::get_if<WaitUntil>(&step)) {
        wait(std::max<Nanos>(until->t - host_->now(), 1), false);
    } else {
        FAULTLAB_CHECK(std::holds_alternative<End>(step));
        stream_.reset();
    }
}

void Client::invoke(Operation operation, Invocation invocation, Nanos due) {
    faultlab::Op op;
    op.process = process_;
    op.client = static_cast<std::int32_t>(endpoint_ - client_base);
    op.node = options_.node;
    op.f = invocation.f;
    op.key = invocation.key;
    op.arg = invocation.arg;
    op.inv_index = host_->next_index();
    op.t_due = due;
    op.t_inv = host_->now();
    history_.push_back(std::move(op));
    asked_.push_back(targets_.at(target_));
    exchanges_.emplace_back();
    invocation_ = std::move(invocation);
    invoked_at_ = host_->now();
    current_ = std::move(operation);
    if (session_ == 0) {
        begin_session();
    } else {
        ++request_;
        undecided_ = 0;
        body_ = encode(*current_);
    }
    transmit();
}

bool Client::restart() {
    if (current_ && given_up_ >= options_.give_up_most) return false;
    ++restarts_;
    if (options_.keeps_session) {
        request_ = 0;
    } else {
        session_ = 0;
    }
    if (current_) give_up("crashed");
    if (std::exchange(opening_, false)) start_next();
    return true;
}

bool Client::asks(OpCode code) const {
    return (current_ && current_->code == code) ||
           std::ranges::find(queue_, code, &Operation::code) != queue_.end();
}

void Client::give_up(const char* error) {
    if (++given_up_ >= options_.give_up_most) be_patient();
    finish(OpStatus::info, {}, error);
}

void Client::begin_session() {
    id_ = rng_.next() | 1U; // 0 means none
    session_ = 0;
    request_ = 0;
    body_ = encode({.code = OpCode::Register});
}

void Client::open_session() {
    if (session_ != 0) return start_next();
    opening_ = true;
    begin_session();
    transmit();
}

void Client::transmit() {
    Packet packet{.from = endpoint_, .to = targets_.at(target_), .body = body_};
    packet.header.cluster = options_.cluster;
    packet.header.protocol = replica::protocol_version;
    packet.header.release = options_.release;
    packet.header.command = Command::Request;
    packet.header.client = id_;
    packet.header.session = session_;
    packet.header.request = request_;
    replica::seal(packet.header, packet.body);
    if (request_ > 0) exchanges_.back().asked = packet.header.body_checksum;
    host_->send(std::move(packet));
    ++undecided_;
    wait(options_.retry, true);
}

void Client::wait(Nanos delay, bool rotate) {
    rotate_ = rotate;
    host_->wake(endpoint_, ++generation_, delay);
}

void Client::on_wake(std::uint64_t generation) {
    if (generation != generation_) return;
    if (current_ || opening_) {
        if (current_ && options_.patience > 0 && host_->now() - invoked_at_ > options_.patience) {
            session_ = 0; // what was sent may still take effect: never reuse its number
            give_up("timeout");
            return;
        }
        if (rotate_) {
            turn_ = (turn_ + 1) % targets_.size();
            if (turn_ == target_) turn_ = (turn_ + 1) % targets_.size(); // just asked, by a hint
            target_ = turn_;
        }
        transmit();
        return;
    }
    if (stream_ != nullptr) return next_of_stream();
    if (!workload_) return;
    if (std::optional<Operation> next = workload_(rng_)) {
        Invocation invocation = invocation_of(*next);
        of_stream_ = false;
        invoke(*std::move(next), std::move(invocation), host_->now());
    } else {
        workload_ = {};
    }
}

void Client::on_packet(const Packet& packet) {
    const Header& header = packet.header;
    if ((!current_ && !opening_) || header.client != id_ || header.request != request_) return;
    switch (header.command) {
        case Command::Reply: on_reply(packet); return;
        case Command::Busy: on_busy(header); return;
        case Command::Redirect:
            not_taken();
            if (header.from != 0 && header.from != targets_[target_]) {
                ask(static_cast<ReplicaId>(header.from));
                wait(rng_.between(0, 2'000'000), false);
            }
            return;
        case Command::Evicted:
            if (session_ == 0) return;
            ++evicted_;
            session_ = 0;
            finish(OpStatus::info, {}, "evicted");
            return;
        default: return;
    }
}

/// One sending of the request will not be executed.
void Client::not_taken() {
    undecided_ -= undecided_ > 0 ? 1 : 0; // what says so may come twice
}

void Client::on_busy(const Header& header) {
    ++busy_;
    not_taken();
    if (options_.busy_is_fail && request_ > 0 && undecided_ > 0) {
        ++fired_busy_is_fail_;
        session_ = 0; // what it takes for free is not, and that would be another bug
        finish(OpStatus::fail, {}, "busy");
        return;
    }
    wait(std::max<Nanos>(static_cast<Nanos>(header.nonce), 1'000'000), false);
}

void Client::on_reply(const Packet& packet) {
    ask(static_cast<ReplicaId>(packet.from));
    if (session_ == 0) {
        session_ = packet.header.session;
        if (std::exchange(opening_, false)) return start_next();
        request_ = 1;
        undecided_ = 0;
        body_ = encode(*current_);
        transmit();
        return;
    }
    if (packet.header.session != session_) return;
    result_ = decode_result(packet.body, current_->code);
    if (!result_) {
        host_->bad_reply(packet);
        return;
    }
    exchanges_.back().answer = packet.body;
    switch (result_->outcome) {
        case replica::Outcome::Ok:
            finish(OpStatus::ok,
                   current_->code == OpCode::Cas
                       ? Value(true)
                       : replica::in_space(result_->value, current_->code, current_->space),
                   "");
            return;
        case replica::Outcome::CompareFailed: finish(OpStatus::ok, Value(false), ""); return;
        default: finish(OpStatus::fail, {}, name(result_->outcome)); return;
    }
}

void Client::finish(OpStatus status, Value ret, const char* error) {
    // A read changes nothing: without an answer it may be left out.
    if (status == OpStatus::info && of_stream_ && only_reads(invocation_.f))
        status = OpStatus::fail;
    faultlab::Op& op = history_.back();
    op.status = status;
    op.ret = std::move(ret);
    op.error = error;
    op.t_ret = host_->now();
    op.node = static_cast<NodeId>(targets_[target_]) - 1;
    if (status != OpStatus::info) op.ret_index = host_->next_index();
    current_.reset();
    ++completed_;
    if (of_stream_ && stream_ != nullptr) {
        Completion completion = faultlab::Done{op.ret};
        if (status == OpStatus::fail) completion = faultlab::Failed{op.error};
        if (status == OpStatus::info) completion = faultlab::Unknown{op.error};
        stream_->observe(invocation_, completion);
    }
    if (status == OpStatus::info) process_ += options_.clients;
    start_next();
}

Operation read_op(Value key) {
    return {.code = OpCode::Read, .key = std::move(key)};
}

Operation write_op(Value key, Value value) {
    return {.code = OpCode::Write, .key = std::move(key), .value = std::move(value)};
}

Operation cas_op(Value key, Value expected, Value value) {
    return {.code = OpCode::Cas,
            .key = std::move(key),
            .value = std::move(value),
            .expected = std::move(expected)};
}

Client::Workload registers(std::uint32_t keys, std::uint32_t client) {
    // Values name their client, so that none is written twice.
    return [keys, next = std::int64_t{client} << 32U, last = Value()](
               Rng& rng) mutable -> std::optional<Operation> {
        const Value key(static_cast<std::int64_t>(rng.below(keys)));
        switch (rng.below(4)) {
            case 0: return read_op(key);
            case 1: return cas_op(key, last, Value(++next));
            default: last = Value(++next); return write_op(key, last);
        }
    };
}

} // namespace faultlab::simulator
