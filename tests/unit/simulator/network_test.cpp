#include "simulator/event_queue.hpp"
#include "simulator/network.hpp"
#include "tests/support/catch.hpp"

#include <set>

using namespace faultlab;
using namespace faultlab::replica;
using namespace faultlab::simulator;

namespace {

/// A network whose deliveries land in a queue.
struct Links {
    EventQueue<Packet> queue{Rng(1)};
    Network network;

    explicit Links(const NetworkOptions& options)
        : network(options, Rng(2), [this](Nanos delay, Packet&& packet) {
              queue.after(delay, std::move(packet));
          }) {}

    void send(Endpoint from, Endpoint to, Op op, Command command = Command::Prepare) {
        Packet packet{.from = from, .to = to};
        packet.header.op = op;
        packet.header.command = command;
        network.send(queue.now(), std::move(packet));
    }
    std::vector<Op> arrivals() {
        std::vector<Op> ops;
        while (queue.next()) {
            queue.take([&](const Packet& packet) { ops.push_back(packet.header.op); });
        }
        return ops;
    }
};

} // namespace

TEST_CASE("Events come in the order of time, and those of one moment in any", "[simulator]") {
    std::set<std::vector<int>> orders;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        EventQueue<int> queue{Rng(seed)};
        queue.after(5, 9);
        for (const int i : {1, 2, 3}) {
            queue.after(1, i);
        }
        std::vector<int> order;
        while (queue.next()) {
            queue.take([&](int i) { order.push_back(i); });
        }
        CHECK(order.back() == 9);
        CHECK(queue.now() == 5);
        orders.insert(order);
    }
    CHECK(orders.size() == 6);
}

TEST_CASE("A link is first in, first out unless it may reorder", "[simulator]") {
    const std::vector<Op> in_order{1, 2, 3, 4, 5, 6, 7, 8};
    for (const bool reorder : {false, true}) {
        Links links({.reorder = reorder});
        for (const Op op : in_order) {
            links.send(1, 2, op);
        }
        const std::vector<Op> arrived = links.arrivals();
        CHECK(arrived.size() == in_order.size());
        CHECK((arrived == in_order) == !reorder);
    }
}

TEST_CASE("A cut one way leaves the other way", "[simulator]") {
    Links links({});
    links.network.cut_one_way(1, 2);
    links.send(1, 2, 1);
    links.send(2, 1, 2);
    CHECK(links.arrivals() == std::vector<Op>{2});
    CHECK_FALSE(links.network.connected(1, 2));
    links.network.heal(1, 2);
    CHECK(links.network.connected(1, 2));
}

TEST_CASE("Loss and duplication are as likely as they should be", "[simulator]") {
    Links links({.loss_permille = 500});
    for (Op op = 0; op < 1000; ++op) {
        links.send(1, 2, op);
    }
    CHECK(links.arrivals().size() > 400);
    links.network.options() = {.duplicate_permille = 1000};
    links.send(1, 2, 7);
    CHECK(links.arrivals() == std::vector<Op>{7, 7});
}

TEST_CASE("Rules hold, drop, copy and change single messages", "[simulator]") {
    Links links({});
    const auto held = links.network.hold_if(is(Command::StartView) && to(2));
    const auto dropped = links.network.drop_if(is(Command::Commit));
    const auto copied = links.network.copy_if(is(Command::Ping));
    links.network.mutate_if(is(Command::PrepareOk), [](Packet& packet) {
        packet.header.op = 100;
        reseal(packet);
        CHECK(packet.header.checksum == checksum_of(packet.header));
    });
    links.send(1, 2, 1, Command::StartView);
    links.send(1, 3, 2, Command::StartView);
    links.send(1, 2, 3, Command::Commit);
    links.send(1, 4, 4, Command::Ping);
    links.send(1, 5, 5, Command::PrepareOk);
    std::vector<Op> arrived = links.arrivals();
    std::ranges::sort(arrived);
    CHECK(arrived == std::vector<Op>{2, 4, 100});
    CHECK(links.network.hits(dropped) == 1);
    CHECK(links.network.kept(held).size() == 1);
    links.network.replay(copied);
    links.network.replay(copied);
    CHECK(links.arrivals() == std::vector<Op>{4, 4});
    links.network.release(held);
    CHECK(links.arrivals() == std::vector<Op>{1});
}

TEST_CASE("A rule sends other packets in the place of one, and others are left alone",
          "[simulator]") {
    Links links({});
    const auto rule = links.network.replace_if(is(Command::Commit), [](const Packet& packet) {
        std::vector<Packet> packets(packet.header.op, packet);
        for (Packet& each : packets)
            each.lie = true;
        return packets;
    });
    links.send(1, 2, 3, Command::Commit);
    links.send(1, 2, 0, Command::Commit);
    links.send(1, 2, 1, Command::Ping);
    CHECK(links.arrivals() == std::vector<Op>{3, 3, 3, 1});
    CHECK(links.network.hits(rule) == 2);
    links.network.remove(rule);
    links.send(1, 2, 3, Command::Commit);
    CHECK(links.arrivals() == std::vector<Op>{3});
}

TEST_CASE("What arrives passes the gate, also when all is healed", "[simulator]") {
    Links links({});
    links.network.guard([](const Packet& packet) { return packet.header.op % 2 == 0; });
    links.network.heal({});
    Packet packet{.from = 1, .to = 2};
    CHECK(links.network.arrives(packet));
    packet.header.op = 1;
    CHECK_FALSE(links.network.arrives(packet));
    CHECK(links.network.counts().cut == 0);
}
