#include "replica/core/core.hpp"
#include "replica/core/operations.hpp"

#include <algorithm>
#include <utility>

// Committed ops, in their order.
namespace faultlab::replica {

void Replica::Core::execute() {
    while (commit_min_ < commit_max_ && !checkpoint_blocks()) {
        const Op op = commit_min_ + 1;
        if (journal_.state(op) != SlotState::Present) {
            if (bugs_.changes(Bug::KM12, [&] { return op < commit_max_; })) {
                commit_min_ = op;
                continue;
            }
            return; // repair fetches it
        }
        execute_entry(op);
        if (status_ == Status::Halted || commit_min_ < op) {
            return;
        }
    }
}

void Replica::Core::execute_entry(Op op) {
    const Message entry = journal_.entry(op);
    const Fact committed{Fact::Kind::Committed, op, entry.header.checksum.low};
    const Fact cause = std::exchange(cause_, committed);
    fact(committed, cause);
    REPLICA_ASSERT("execute-op", entry.header.op == op && op == commit_min_ + 1);
    BatchReader batch(entry.body);
    while (const auto request = batch.next()) {
        if (!execute_request(entry.header, *request)) {
            return;
        }
    }
    REPLICA_ASSERT("execute-batch", !batch.malformed());
    commit_min_ = op;
    event(EventKind::Committed, op, entry.header.view.value, entry.header.checksum);
    if (op % config_.limits.digest_every == 0) {
        publish_digest(op);
    }
    if (op % config_.limits.checkpoint_every == 0) {
        checkpoint();
    }
    cause_ = cause;
}

std::size_t Replica::Core::execute_operation(const Header& entry, Bytes operation) {
    const auto code = static_cast<OpCode>(operation.front());
    if (code == OpCode::Reconfigure || code == OpCode::Upgrade) {
        return execute_reconfiguration(entry, operation, result_);
    }
    return state_.apply(operation, decided_.release, result_, bugs_);
}

bool Replica::Core::execute_request(const Header& entry, const BatchedRequest& request) {
    const RequestRecord& record = request.record;
    Header reply = outgoing(Command::Reply);
    reply.client = record.client;
    reply.session = record.session;
    reply.request = record.request;
    reply.op = entry.op;
    std::size_t size = 0;
    const std::uint64_t link = queue_.finish(record.client, record.request);
    if (record.request == 0) {
        const ClientId evicted = clients_.open(record.client, entry.op, bugs_);
        if (evicted != 0) {
            event(EventKind::SessionEvicted, evicted, entry.op);
        }
        reply.session = entry.op;
    } else if (is_next(record)) {
        size = execute_operation(entry, request.operation);
        if (status_ == Status::Halted) {
            return false; // not executed: nothing may tell of a state after it
        }
        // A command that fails is an executed op: its error is the result, here as everywhere.
        const auto outcome = static_cast<Outcome>(result_.front());
        const auto failed = [&] { return outcome > Outcome::CompareFailed; };
        if (bugs_.changes(Bug::F3, failed)) {
            halt("a command failed");
            return false;
        }
        if (bugs_.changes(Bug::K3_2, [&] { return failed() && !leads(); })) {
            return false;
        }
        clients_.record(record.client, record.request, entry.op, Bytes(result_).first(size));
    } else {
        reply.command = Command::Evicted; // between its prepare and its turn
        reply.op = 0;
    }
    if (is_normal_primary()) {
        send_reply(link, reply, Bytes(result_).first(size));
    }
    return true;
}

/// Whether it is the session's next request; numbers may be left out (on_request).
bool Replica::Core::is_next(const RequestRecord& record) {
    const auto answer = clients_.classify(record.client, record.session, record.request, bugs_);
    return answer == ClientTable::Answer::New || answer == ClientTable::Answer::Gap;
}

Checksum Replica::Core::state_digest() const {
    const Checksum of_state = state_.digest();
    const Checksum of_clients = clients_.digest();
    return {of_state.low + of_clients.low, of_state.high + of_clients.high};
}

void Replica::Core::publish_digest(Op op) {
    REPLICA_ASSERT("digest-rises", op >= figures_.digest_op);
    figures_.digest_op = op;
    figures_.digest = state_digest();
    event(EventKind::Digest, op, 0, figures_.digest);
}

} // namespace faultlab::replica
