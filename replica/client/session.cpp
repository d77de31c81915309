#include "replica/client/session.hpp"

#include "replica/client/connection.hpp"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

namespace faultlab::replica {

namespace {

using Clock = Session::Clock;

constexpr const char* busy = "busy";
constexpr const char* evicted = "session evicted";
constexpr const char* not_primary = "not the primary";
constexpr const char* no_answer = "no answer in time";
constexpr const char* lost = "connection lost";
constexpr const char* too_large = "operation too large";
constexpr const char* malformed = "malformed result";
/// After a tour of replicas none of which could help.
constexpr std::chrono::milliseconds pause{20};
/// However long a replica asks for.
constexpr std::chrono::nanoseconds most_busy_pause{1'000'000'000};

} // namespace

class Session::Impl {
public:
    explicit Impl(Settings settings) : settings_(std::move(settings)) {
        FAULTLAB_CHECK(!settings_.nodes.empty());
        go_to(settings_.first);
        turn_ = node_;
    }
    Execution execute(const Operation& operation, Clock::time_point deadline);

    ReplicaId last_asked = no_replica; ///< since `execute` was called
    std::uint64_t fired_no_register = 0;
    std::uint64_t fired_busy_is_fail = 0;

private:
    struct Request {
        Header header;
        std::vector<std::byte> body;
        std::uint32_t sendings = 0;
        /// Sendings but for those whose answer says that they were not taken and never will be.
        std::uint32_t open = 0;
    };
    struct Answer {
        enum class Kind : std::uint8_t {
            Replied,
            NotTaken, ///< by no sending, surely
            Open,     ///< some sending may have been taken
        };
        Kind kind = Kind::Open;
        std::string why;
        Op op = 0;                   ///< Replied
        std::vector<std::byte> body; ///< Replied
    };

    bool go_to(ReplicaId id);
    void go_on();
    bool connect(Clock::time_point deadline);
    void settle();
    std::optional<Failed> open_session(Clock::time_point deadline);
    [[nodiscard]] Request make(RequestNumber number, const Operation& operation) const;
    Answer ask(Request& request, Clock::time_point deadline);
    std::optional<Answer> listen(Request& request, Clock::time_point until);
    std::optional<Answer> judge(const Message& message, Request& request, Clock::time_point& until);
    std::optional<Answer> redirected(ReplicaId to, const Request& request);

    Settings settings_;
    ClientId client_ = 0;
    SessionId session_ = 0; ///< 0: none is open
    RequestNumber next_ = 1;
    std::optional<Request> unresolved_; ///< its number names it until its fate is known
    std::size_t node_ = 0;              ///< index in settings_.nodes
    std::optional<Connection> connection_;
    std::size_t turn_ = 0;    ///< likewise, of the replica whose turn it was before any hint
    std::size_t useless_ = 0; ///< replicas in a row that could not help
    std::string why_;         ///< the last thing that went wrong
};

bool Session::Impl::go_to(ReplicaId id) {
    const auto found = std::ranges::find(settings_.nodes, id, &Node::id);
    if (found == settings_.nodes.end()) return false;
    node_ = static_cast<std::size_t>(found - settings_.nodes.begin());
    return true;
}

/// This connection cannot help: the next one is to another replica, where that is allowed.
void Session::Impl::go_on() {
    connection_.reset();
    ++useless_;
    if (!settings_.follow) return;
    // In turn, wherever hints have led in between: two replicas, one that is silent and one that
    // takes it for the primary, would else be asked for ever.
    turn_ = (turn_ + 1) % settings_.nodes.size();
    if (turn_ == node_) turn_ = (turn_ + 1) % settings_.nodes.size(); // just asked, by a hint
    node_ = turn_;
}

bool Session::Impl::connect(Clock::time_point deadline) {
    if (connection_) return true;
    const Node& node = settings_.nodes[node_];
    auto opened = Connection::open(node.address,
                                   node.port,
                                   {.dialled = true,
                                    .peer = node.id,
                                    .cluster = settings_.cluster,
                                    .message_bytes = settings_.message_bytes},
                                   settings_.key,
                                   std::min(deadline, Clock::now() + settings_.connect));
    if (opened) {
        connection_.emplace(std::move(opened).value());
    } else {
        why_ = "no connection: " + opened.error().message;
        go_on();
    }
    return connection_.has_value();
}

Session::Impl::Request Session::Impl::make(RequestNumber number, const Operation& operation) const {
    Request request{.body = encode(operation)};
    Header& header = request.header;
    header.command = Command::Request;
    header.protocol = protocol_version;
    header.release = settings_.release;
    header.cluster = settings_.cluster;
    header.client = client_;
    header.session = session_;
    header.request = number;
    seal(header, request.body);
    return request;
}

/// Sends the request, again where that may help, until its fate is known or time is up.
Session::Impl::Answer Session::Impl::ask(Request& request, Clock::time_point deadline) {
    why_ = no_answer;
    useless_ = 0;
    while (Clock::now() < deadline) {
        if (useless_ >= (settings_.follow ? settings_.nodes.size() : 1)) {
            if (request.sendings == 0) break; // nobody is there: say so at once
            useless_ = 0;
            std::this_thread::sleep_until(std::min(deadline, Clock::now() + pause));
        }
        if (!connect(deadline)) continue;
        if (!connection_->send(request.header, request.body, deadline)) {
            why_ = lost;
            go_on();
            continue;
        }
        last_asked = settings_.nodes[node_].id;
        ++request.sendings;
        ++request.open;
        why_ = no_answer;
        auto answer = listen(request, std::min(deadline, Clock::now() + settings_.resend));
        if (answer) return *std::move(answer);
        // A replica that is paused or cut off takes requests and says nothing.
        if (settings_.follow && connection_ && why_ == no_answer) go_on();
    }
    return {.kind = request.open == 0 ? Answer::Kind::NotTaken : Answer::Kind::Open, .why = why_};
}

/// Waits for what decides the request; nothing when it has to be sent again.
std::optional<Session::Impl::Answer> Session::Impl::listen(Request& request,
                                                           Clock::time_point until) {
    while (connection_) {
        const Connection::Received received = connection_->receive(until);
        if (received.io == Socket::Io::Late) return std::nullopt;
        if (received.io == Socket::Io::Closed) {
            why_ = lost;
            go_on();
            return std::nullopt;
        }
        if (auto answer = judge(received.message, request, until)) return answer;
    }
    return std::nullopt;
}

std::optional<Session::Impl::Answer>
Session::Impl::judge(const Message& message, Request& request, Clock::time_point& until) {
    const Header& header = message.header;
    const bool ours = header.cluster == settings_.cluster &&
                      header.client == request.header.client &&
                      header.request == request.header.request;
    if (!ours || request.open == 0) return std::nullopt;
    switch (header.command) {
        case Command::Reply:
            return Answer{.kind = Answer::Kind::Replied,
                          .op = header.op,
                          .body = {message.body.begin(), message.body.end()}};
        case Command::Busy:
            --request.open;
            why_ = busy;
            if (settings_.bugs.busy_is_fail && request.open > 0) {
                ++fired_busy_is_fail;
                session_ = 0; // what it takes for free is not, and that would be another bug
                return Answer{.kind = Answer::Kind::NotTaken, .why = busy};
            }
            until = Clock::now() + std::chrono::nanoseconds(std::min<std::uint64_t>(
                                       header.nonce, most_busy_pause.count()));
            return std::nullopt;
        case Command::Evicted:
            --request.open;
            why_ = evicted;
            session_ = 0;
            if (request.open > 0) return std::nullopt;
            return Answer{.kind = Answer::Kind::NotTaken, .why = evicted};
        case Command::Redirect:
            --request.open;
            return redirected(header.from <= max_replica_id ? static_cast<ReplicaId>(header.from)
                                                            : no_replica,
                              request);
        default: return std::nullopt;
    }
}

std::optional<Session::Impl::Answer> Session::Impl::redirected(ReplicaId to,
                                                               const Request& request) {
    why_ = not_primary;
    if (!settings_.follow) {
        if (request.open > 0) return std::nullopt; // it led before, and may still answer
        return Answer{.kind = Answer::Kind::NotTaken, .why = not_primary};
    }
    if (to == settings_.nodes[node_].id || !go_to(to)) {
        go_on();
    } else {
        connection_.reset();
        ++useless_;
    }
    return std::nullopt;
}

/// Before another operation: the number of the last one is free only if its fate is known by now.
void Session::Impl::settle() {
    if (!unresolved_) return;
    Request request = *std::exchange(unresolved_, std::nullopt);
    const auto answer = listen(request, Clock::now());
    if (answer && answer->kind == Answer::Kind::Replied) {
        next_ = request.header.request + 1;
    } else if (!answer && settings_.bugs.no_register) {
        ++fired_no_register; // the number goes to another operation
    } else if (!answer) {
        session_ = 0;
    }
}

std::optional<Failed> Session::Impl::open_session(Clock::time_point deadline) {
    client_ = random_id();
    Request request = make(0, Operation{.code = OpCode::Register});
    const Answer answer = ask(request, deadline);
    if (answer.kind != Answer::Kind::Replied) return Failed{answer.why};
    session_ = answer.op;
    next_ = 1;
    return std::nullopt;
}

Execution Session::Impl::execute(const Operation& operation, Clock::time_point deadline) {
    settle();
    last_asked = no_replica;
    if (encode(operation).size() > settings_.request_bytes) return Failed{too_large};
    if (session_ == 0) {
        if (auto failed = open_session(deadline)) return *std::move(failed);
    }
    Request request = make(next_, operation);
    Answer answer = ask(request, deadline);
    switch (answer.kind) {
        case Answer::Kind::NotTaken: return Failed{std::move(answer.why)};
        case Answer::Kind::Open:
            unresolved_ = std::move(request);
            return Unknown{std::move(answer.why)};
        case Answer::Kind::Replied: break;
    }
    ++next_;
    auto result = decode_result(answer.body, operation.code);
    if (!result) return Unknown{malformed};
    return Done{*std::move(result), answer.op};
}

Session::Session(Settings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

Execution Session::execute(const Operation& operation, Clock::time_point deadline) {
    return impl_->execute(operation, deadline);
}
ReplicaId Session::asked() const {
    return impl_->last_asked;
}
std::uint64_t Session::fired_no_register() const {
    return impl_->fired_no_register;
}
std::uint64_t Session::fired_busy_is_fail() const {
    return impl_->fired_busy_is_fail;
}

} // namespace faultlab::replica
