#include "replica/core/request_queue.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/trips.hpp"

#include <algorithm>
#include <string>

using namespace faultlab::replica;

namespace faultlab::replica {

struct RequestQueueProbe {
    static void set_first(RequestQueue& queue, std::size_t first) { queue.first_ = first; }
    static void set_count(RequestQueue& queue, std::size_t count) { queue.count_ = count; }
    static void set_front_bytes(RequestQueue& queue, std::uint32_t size) {
        queue.slots_[queue.first_].size = size;
    }
    static void lose_taken(RequestQueue& queue) {
        queue.taken_ = std::vector<RequestQueue::Taken>();
    }
    static void reverse(RequestQueue& queue) { std::ranges::reverse(queue.taken_); }
};

} // namespace faultlab::replica

namespace {

Header request(ClientId client, RequestNumber number) {
    Header header;
    header.client = client;
    header.request = number;
    return header;
}

} // namespace

TEST_CASE("Requests leave the queue in their order, and are known until they are answered",
          "[replica_core]") {
    RequestQueue queue(Limits{.request_bytes = 8, .batch = 2, .pipeline = 2, .queue = 3});
    const std::array operation{std::byte{1}, std::byte{2}};
    for (int round = 0; round < 5; ++round) {
        queue.push(request(30, 1), operation, 7);
        queue.push(request(10, 4), Bytes(operation).first(1), 8);
        CHECK(queue.waiting() == 2);
        CHECK(queue.front().header.client == 30);
        CHECK(queue.front().operation.size() == 2);
        queue.pop();
        CHECK(queue.front().operation.size() == 1);
        queue.pop();
        REQUIRE(queue.find(30) != nullptr);
        queue.close(8);
        CHECK(queue.find(10)->link == 0);
        CHECK(queue.finish(30, 2) == 0); // not the one
        CHECK(queue.finish(30, 1) == 7);
        CHECK(queue.find(30) == nullptr);
        CHECK(queue.finish(10, 4) == 0);
    }
    queue.push(request(1, 1), operation, 1);
    queue.clear();
    CHECK(queue.waiting() == 0);
    CHECK(queue.find(1) == nullptr);
}

TEST_CASE("A request that is finished while it waits leaves no count below nothing",
          "[replica_core]") {
    RequestQueue queue(Limits{.request_bytes = 8, .batch = 2, .pipeline = 2, .queue = 3});
    const std::array operation{std::byte{1}};
    queue.push(request(30, 1), operation, 7);
    CHECK(queue.finish(30, 1) == 7); // an entry of an earlier primary answered it
    CHECK(queue.waiting() == 1);
    CHECK(queue.in_pipeline() == 0);
}

TEST_CASE("A queue that never runs empty goes round in its memory", "[replica_core]") {
    RequestQueue queue(Limits{.request_bytes = 8, .batch = 2, .pipeline = 2, .queue = 3});
    const auto push = [&](ClientId client) {
        queue.push(request(client, 1), std::array{static_cast<std::byte>(client)}, client);
    };
    push(1);
    push(2);
    for (ClientId client = 1; client < 10; ++client) {
        push(client + 2);
        CHECK(queue.full());
        CHECK(queue.front().header.client == client);
        CHECK(queue.front().operation[0] == static_cast<std::byte>(client));
        queue.pop();
        CHECK(queue.finish(client, 1) == client);
    }
}

TEST_CASE("The queue holds what it was made for", "[replica_core]") {
    RequestQueue queue(Limits{.request_bytes = 2, .batch = 1, .pipeline = 1, .queue = 2});
    const std::array operation{std::byte{1}, std::byte{2}, std::byte{3}};
    const Bytes two = Bytes(operation).first(2);
    CHECK(tripped_by([&] { queue.pop(); }) == "queue-pop");
    CHECK(tripped_by([&] { queue.push(request(1, 1), operation, 0); }) == "queue-request-size");
    queue.push(request(1, 1), two, 0);
    queue.push(request(2, 1), two, 0);
    CHECK(queue.full());
    CHECK(tripped_by([&] { queue.push(request(3, 1), two, 0); }) == "queue-room");
}

TEST_CASE("The queue is made for something", "[replica_core]") {
    CHECK(tripped_by([] { const RequestQueue queue(Limits{.queue = 0}); }) == "queue-some");
    CHECK(tripped_by([] { const RequestQueue queue(Limits{.request_bytes = 0}); }) ==
          "queue-request-some");
}

TEST_CASE("The queue asserts its own order", "[replica_core]") {
    const std::array operation{std::byte{1}};
    RequestQueue queue(Limits{.request_bytes = 2, .batch = 1, .pipeline = 1, .queue = 2});
    queue.push(request(1, 1), operation, 0);
    queue.push(request(2, 1), operation, 0);
    queue.check();
    RequestQueueProbe::reverse(queue);
    CHECK(tripped_by([&] { queue.close(1); }) == "queue-ascends");
    RequestQueueProbe::set_front_bytes(queue, 3);
    CHECK(tripped_by([&] { queue.check(); }) == "queue-is-front");
    RequestQueueProbe::set_first(queue, 1);
    RequestQueueProbe::set_count(queue, 0);
    CHECK(tripped_by([&] { queue.close(1); }) == "queue-is-anew");
    RequestQueueProbe::set_count(queue, 3);
    CHECK(tripped_by([&] { queue.check(); }) == "queue-is-count");
    RequestQueueProbe::set_first(queue, 2);
    CHECK(tripped_by([&] { queue.clear_waiting(); }) == "queue-is-first");
    RequestQueueProbe::set_first(queue, 0);
    RequestQueueProbe::set_count(queue, 2);
    RequestQueueProbe::lose_taken(queue);
    CHECK(tripped_by([&] { queue.check(); }) == "queue-is-taken");
    CHECK(tripped_by([&] { queue.clear(); }) == "queue-memory");
}
