#include "replica/daemon/network.hpp"
#include "replica/wire/key.hpp"
#include "tests/support/catch.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <sys/socket.h>

#include <chrono>
#include <deque>
#include <string>

using namespace faultlab;
using namespace faultlab::replica;

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr Nanos second = 1'000'000'000;
constexpr std::uint32_t message_bytes = 8192;

/// A port of the loopback interface that nobody else gets while this lives: bound and not listened
/// on, which lets a listener with SO_REUSEADDR take it.
class ReservedPort {
public:
    explicit ReservedPort(asio::io_context& io) : acceptor_(io, tcp::v4()) {
        acceptor_.set_option(tcp::acceptor::reuse_address(true));
        acceptor_.bind({asio::ip::address_v4::loopback(), 0});
    }
    [[nodiscard]] Endpoint endpoint() const {
        return {"127.0.0.1", acceptor_.local_endpoint().port()};
    }

private:
    tcp::acceptor acceptor_;
};

struct Heard : Network::Receiver {
    struct Item {
        Header header;
        std::vector<std::byte> body;
        ReplicaId from;
        std::uint64_t client_link;
    };
    std::deque<Item> messages;
    std::vector<std::uint64_t> closed;
    std::vector<std::string> lines;
    void received(const Message& message, ReplicaId from, std::uint64_t link) override {
        messages.push_back(
            {message.header, {message.body.begin(), message.body.end()}, from, link});
    }
    void link_closed(std::uint64_t link) override { closed.push_back(link); }
    void refused(const std::string& line) override { lines.push_back(line); }
};

struct Node {
    Heard heard;
    std::unique_ptr<Network> network;
};

/// Nodes 1 to n on one io_context, whose time moves when the test says so.
struct Net {
    asio::io_context io{1};
    Key key = Key::generate();
    Nanos client_silence = 600 * second;
    std::map<ReplicaId, std::unique_ptr<ReservedPort>> ports;
    std::map<ReplicaId, Endpoint> endpoints;
    std::map<ReplicaId, Node> nodes;

    explicit Net(ReplicaId count) {
        for (ReplicaId id = 1; id <= count; ++id) {
            ports[id] = std::make_unique<ReservedPort>(io);
            endpoints[id] = ports[id]->endpoint();
        }
        for (ReplicaId id = 1; id <= count; ++id)
            start(id, key);
    }
    void start(ReplicaId id, const Key& with, std::uint64_t cluster = 5) {
        Node& node = nodes[id];
        node.network.reset();
        io.restart(); // it ends when there is nothing to wait for
        io.poll();
        io.restart();
        std::map<ReplicaId, Endpoint> peers = endpoints;
        peers.erase(id);
        node.network =
            std::make_unique<Network>(io,
                                      Network::Settings{.self = id,
                                                        .cluster = cluster,
                                                        .message_bytes = message_bytes,
                                                        .peers = std::move(peers),
                                                        .silence = second,
                                                        .client_silence = client_silence},
                                      with,
                                      node.heard);
        const auto listening = node.network->listen(endpoints[id]);
        REQUIRE(listening);
    }
    /// Lets things happen until `reached`, at most for ten seconds.
    template <typename Reached>
    bool until(Reached reached) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!reached()) {
            if (std::chrono::steady_clock::now() > end) return false;
            for (auto& [id, node] : nodes) {
                if (!node.network) continue;
                node.network->tick(std::chrono::steady_clock::now().time_since_epoch().count());
                node.network->flush();
            }
            io.run_one_for(std::chrono::milliseconds(20));
            io.poll();
        }
        return true;
    }
    void send(ReplicaId from, ReplicaId to, Op op, std::size_t body_bytes = 10) {
        Header header;
        header.command = Command::Prepare;
        header.replica = from;
        header.op = op;
        const std::vector<std::byte> body(body_bytes, std::byte(op));
        seal(header, body);
        nodes[from].network->send(to, header, body);
        nodes[from].network->flush();
    }
    /// Sends until one arrives: a link may lose messages before it is there.
    bool heard(ReplicaId from, ReplicaId to, Op op) {
        return until([&] {
            send(from, to, op);
            for (const Heard::Item& item : nodes[to].heard.messages) {
                if (item.from == from && item.header.op == op) return true;
            }
            return false;
        });
    }
};

} // namespace

TEST_CASE("each replica hears each other, in order", "[replica_daemon]") {
    Net net(3);
    for (ReplicaId from = 1; from <= 3; ++from) {
        for (ReplicaId to = 1; to <= 3; ++to) {
            if (from != to) REQUIRE(net.heard(from, to, from));
        }
    }
    net.nodes[2].heard.messages.clear();
    for (Op op = 100; op < 150; ++op)
        net.send(1, 2, op, 4000);
    REQUIRE(net.until([&] {
        return !net.nodes[2].heard.messages.empty() &&
               net.nodes[2].heard.messages.back().header.op == 149;
    }));
    Op last = 0;
    for (const Heard::Item& item : net.nodes[2].heard.messages) {
        if (item.header.op < 100) continue;
        CHECK(item.header.op > last);
        CHECK(item.body == std::vector<std::byte>(4000, std::byte(item.header.op)));
        last = item.header.op;
    }
}

TEST_CASE("a replica that restarts is connected again", "[replica_daemon]") {
    Net net(2);
    REQUIRE(net.heard(1, 2, 1));
    for (const ReplicaId id : {ReplicaId{1}, ReplicaId{2}}) {
        net.start(id, net.key);
        CHECK(net.heard(1, 2, 10U + id));
        CHECK(net.heard(2, 1, 20U + id));
    }
}

TEST_CASE("a peer that is silent loses its connection and gets another", "[replica_daemon]") {
    Net net(2);
    REQUIRE(net.heard(1, 2, 1));
    REQUIRE(net.heard(2, 1, 2));
    const std::uint64_t dials = net.nodes[2].network->counters().dials;
    // Nobody says anything, as if packets were swallowed.
    REQUIRE(net.until([&] { return net.nodes[2].network->counters().dials > dials; }));
    CHECK(net.nodes[1].network->counters().silent + net.nodes[2].network->counters().silent >= 1);
    CHECK(net.heard(1, 2, 3));
}

TEST_CASE("who has another key is not let in", "[replica_daemon]") {
    Net net(2);
    net.start(2, Key::generate());
    const auto refused = [&](ReplicaId id) {
        return net.nodes[id].network->counters().rejects[static_cast<std::size_t>(
            AuthReject::WrongKey)];
    };
    REQUIRE(net.until([&] { return refused(1) > 0 && refused(2) > 0; }));
    net.send(1, 2, 1);
    net.send(2, 1, 1);
    net.io.poll();
    CHECK(net.nodes[1].heard.messages.empty());
    CHECK(net.nodes[2].heard.messages.empty());
    CHECK(net.nodes[1].network->counters().dropped == 1);
    // Each says so once, however often they meet.
    REQUIRE(net.until([&] { return refused(2) > 5; }));
    CHECK(net.nodes[1].heard.lines ==
          std::vector<std::string>{"refused a connection from 127.0.0.1 that says it is replica 2: "
                                   "it has another key (WrongKey); give all of one cluster the "
                                   "same --key-file"});
    REQUIRE(net.nodes[2].heard.lines.size() == 1);
    CHECK(net.nodes[2].heard.lines[0].find("refused replica 1 at 127.0.0.1:") == 0);
}

TEST_CASE("who is of another cluster is not let in, and both say so", "[replica_daemon]") {
    Net net(2);
    net.start(2, net.key, 6);
    REQUIRE(net.until(
        [&] { return !net.nodes[1].heard.lines.empty() && !net.nodes[2].heard.lines.empty(); }));
    CHECK(net.nodes[1].heard.lines[0].find("it belongs to cluster 6, and we to 5 (Cluster)") !=
          std::string::npos);
    CHECK(net.nodes[2].heard.lines[0].find("it belongs to cluster 5, and we to 6 (Cluster)") !=
          std::string::npos);
}

TEST_CASE("what does not fit the queue is dropped, not kept", "[replica_daemon]") {
    Net net(2);
    REQUIRE(net.heard(1, 2, 1));
    // Nothing runs, so nothing is read: the sockets fill up, then the queue.
    const std::uint64_t dropped = net.nodes[1].network->counters().dropped;
    for (Op op = 2; op < 10'000 && net.nodes[1].network->counters().dropped == dropped; ++op)
        net.send(1, 2, op, message_bytes - sizeof(Header));
    CHECK(net.nodes[1].network->counters().dropped > dropped);
    CHECK(net.heard(1, 2, 20'000)); // and the link works on
}

TEST_CASE("a client is told from others, answered, and missed", "[replica_daemon]") {
    Net net(1);
    tcp::socket socket(net.io);
    socket.connect({asio::ip::address_v4::loopback(), net.endpoints[1].port});
    socket.non_blocking(true);
    Channel channel({.dialled = true, .peer = 1, .cluster = 5, .message_bytes = message_bytes},
                    net.key,
                    random_nonce());
    std::vector<Header> answers;
    const auto talk = [&] {
        const auto out = channel.take_handshake();
        if (!out.empty()) asio::write(socket, asio::buffer(out));
        boost::system::error_code problem;
        const auto space = channel.space();
        channel.received(socket.read_some(asio::buffer(space.data(), space.size()), problem));
        while (const auto message = channel.next())
            answers.push_back(message->header);
    };
    REQUIRE(net.until([&] {
        talk();
        return channel.established();
    }));
    talk(); // the proof may not have been sent yet
    Header request;
    request.command = Command::Request;
    request.client = 77;
    seal(request, {});
    std::vector<std::byte> frame;
    channel.seal(request, {}, frame);
    asio::write(socket, asio::buffer(frame));
    auto& heard = net.nodes[1].heard;
    REQUIRE(net.until([&] { return !heard.messages.empty(); }));
    CHECK(heard.messages[0].from == no_replica);
    CHECK(heard.messages[0].header.client == 77);
    const std::uint64_t link = heard.messages[0].client_link;
    CHECK(link != 0);
    Header answer;
    answer.command = Command::Reply;
    answer.client = 77;
    seal(answer, {});
    net.nodes[1].network->reply(link, answer, {});
    REQUIRE(net.until([&] {
        talk();
        return !answers.empty();
    }));
    CHECK(answers[0].client == 77);
    socket.close();
    REQUIRE(net.until([&] { return !heard.closed.empty(); }));
    CHECK(heard.closed == std::vector<std::uint64_t>{link});
    net.nodes[1].network->reply(link, answer, {});
    CHECK(net.nodes[1].network->counters().dropped == 1);
}

TEST_CASE("a client that says nothing for long loses its link", "[replica_daemon]") {
    Net net(1);
    net.client_silence = second;
    net.start(1, net.key);
    tcp::socket socket(net.io);
    socket.connect({asio::ip::address_v4::loopback(), net.endpoints[1].port});
    socket.non_blocking(true);
    Channel channel({.dialled = true, .peer = 1, .cluster = 5, .message_bytes = message_bytes},
                    net.key,
                    random_nonce());
    bool ended = false;
    const auto listen = [&] {
        const auto out = channel.take_handshake();
        if (!out.empty()) asio::write(socket, asio::buffer(out));
        boost::system::error_code problem;
        const auto space = channel.space();
        channel.received(socket.read_some(asio::buffer(space.data(), space.size()), problem));
        (void)channel.next();
        ended = ended || problem == asio::error::eof || problem == asio::error::connection_reset;
    };
    REQUIRE(net.until([&] {
        listen();
        return ended;
    }));
    CHECK(channel.established());
    CHECK(net.nodes[1].heard.closed == std::vector<std::uint64_t>{1});
    CHECK(net.nodes[1].network->counters().silent == 1);
}

TEST_CASE("a port that is taken is named", "[replica_daemon]") {
    Net net(1);
    Heard heard;
    Network second_one(net.io, {.self = 2}, net.key, heard);
    const auto listening = second_one.listen(net.endpoints[1]);
    REQUIRE_FALSE(listening);
    CHECK(listening.error().kind == ErrorKind::environment);
    CHECK(listening.error().message.find(std::to_string(net.endpoints[1].port)) !=
          std::string::npos);
}
