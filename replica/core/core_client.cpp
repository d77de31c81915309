#include "replica/core/core.hpp"
#include "replica/core/operations.hpp"

#include <algorithm>

// Requests of clients, and what they are answered.
namespace faultlab::replica {

void Replica::Core::on_request(const Message& message, std::uint64_t link) {
    const Header& header = message.header;
    if ((!is_normal_primary() || abdicated_) &&
        !bugs_.changes(Bug::KM13, [&] { return proposes() && !abdicated_; })) {
        redirect(link, header);
        return;
    }
    if (RequestQueue::Taken* taken = queue_.find(header.client)) {
        if (taken->request == header.request) {
            taken->link = link; // it asked again, perhaps over another connection
        }
        return;
    }
    if (commit_min_ < view_began_at_) {
        // What older views have committed is not executed yet, registrations among it: a session
        // that seems unknown may be one of those.
        reply_to(link, Command::Busy, header, config_.timeouts.heartbeat);
        return;
    }
    const auto cached = clients_.find(header.client, bugs_);
    if (header.request == 0) {
        if (!cached) {
            admit(message, link);
        } else if (cached->request == 0) {
            reply_cached(link, header, *cached);
        }
        return;
    }
    switch (clients_.classify(header.client, header.session, header.request, bugs_)) {
        case ClientTable::Answer::New:
        case ClientTable::Answer::Gap: // left by reads that were served under a lease
            admit(message, link);
            return;
        case ClientTable::Answer::Repeated: reply_cached(link, header, *cached); return;
        case ClientTable::Answer::Old: return;
        case ClientTable::Answer::Unknown: reply_to(link, Command::Evicted, header); return;
    }
}

void Replica::Core::admit(const Message& message, std::uint64_t link) {
    if (serve_read(message, link)) {
        return;
    }
    const bool has_token = tokens_.take(now_);
    if (has_token && !queue_.full()) {
        queue_.push(message.header, message.body, link);
        return;
    }
    ++(has_token ? figures_.busy_queue : figures_.busy_rate);
    const Nanos pause = has_token ? config_.timeouts.heartbeat : tokens_.retry_after(now_);
    reply_to(link, Command::Busy, message.header, pause);
    if (bugs_.changes(Bug::B22, [&] { return !queue_.full(); })) {
        queue_.push(message.header, message.body, link);
    }
}

void Replica::Core::reply_to(std::uint64_t link,
                             Command command,
                             const Header& request,
                             Nanos retry_after) {
    REPLICA_ASSERT("reply-to-client", request.client != 0);
    REPLICA_ASSERT("reply-command", command >= Command::Reply && command <= Command::Redirect);
    Header header = outgoing(command);
    header.client = request.client;
    header.session = request.session;
    header.request = request.request;
    header.nonce = static_cast<std::uint64_t>(retry_after);
    send_reply(link, header, {});
}

void Replica::Core::send_reply(std::uint64_t link, Header& header, Bytes body) {
    if (link == 0) {
        return;
    }
    seal(header, body);
    ++figures_.messages_out;
    effects_->reply(link, header, body);
    if (header.command == Command::Reply) {
        fact(Fact{Fact::Kind::Replied, header.client, header.request}, cause_);
    }
}

void Replica::Core::redirect(std::uint64_t link, const Header& request) {
    REPLICA_ASSERT("redirect-client", request.client != 0);
    Header header = outgoing(Command::Redirect);
    header.client = request.client;
    header.session = request.session;
    header.request = request.request;
    // Who is retired names a member of the epoch that goes on without it, who knows better.
    const bool knows = status_ == Status::Normal || status_ == Status::Retired;
    const bool elsewhere = knows && !leads();
    header.from = elsewhere ? primary() : no_replica;
    send_reply(link, header, {});
}

void Replica::Core::reply_cached(std::uint64_t link,
                                 const Header& request,
                                 const ClientTable::Cached& cached) {
    REPLICA_ASSERT("cached-session", cached.session != 0);
    if (cached.corrupt) {
        return; // that its reply is lost does not mean that there was none
    }
    Header header = outgoing(Command::Reply);
    header.client = request.client;
    header.session = cached.session;
    header.request = cached.request;
    header.op = cached.op;
    send_reply(link, header, cached.reply);
}

/// A view's requests end with it: who is not answered asks again.
void Replica::Core::drop_requests() {
    if (bugs_.changes(Bug::V8, [&] { return queue_.in_pipeline() > 0; })) {
        queue_.clear_waiting();
    } else {
        queue_.clear();
    }
}

void Replica::Core::close_link(std::uint64_t link) {
    queue_.close(link);
}

} // namespace faultlab::replica
