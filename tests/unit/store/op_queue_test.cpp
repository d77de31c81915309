#include "core/store/op_queue.hpp"
#include "tests/support/catch.hpp"

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace faultlab {
namespace {

constexpr std::size_t smallest = std::size_t{256} << 10;

/// Puts rows into the queue, each with its producer and its number; some with long texts.
void produce(OpQueue& queue, std::int32_t producer, std::int64_t rows) {
    const std::string long_text(40'000, 'x');
    Index last = -1;
    for (std::int64_t i = 0; i < rows; ++i) {
        OpRow row{.client = producer, .first = i};
        row.text = i % 100 == 0 ? std::string_view(long_text) : "write";
        row.value = {.type = CellType::integer, .integer = i};
        if (i % 2 == 0) queue.wait_for_room();
        const Index index = queue.push(row, queue.reserve(row));
        if (index <= last) std::terminate();
        last = index;
    }
}

TEST_CASE("the consumer sees every producer's rows in the order of the indexes", "[store]") {
    constexpr std::int32_t producers = 8;
    constexpr std::int64_t rows = 5'000;
    OpQueue queue(smallest);
    std::vector<std::jthread> threads;
    for (std::int32_t producer = 0; producer < producers; ++producer)
        threads.emplace_back([&queue, producer] { produce(queue, producer, rows); });

    std::vector<std::int64_t> next(producers, 0);
    std::int64_t wrong = 0;
    Index highest_backlog = 0;
    for (Index index = 0; index < producers * rows;) {
        highest_backlog = std::max(highest_backlog, queue.claimed() - index);
        const OpRow* row = queue.front();
        if (row == nullptr) {
            queue.release();
            std::this_thread::yield();
            continue;
        }
        const auto producer = static_cast<std::size_t>(row->client);
        const bool is_long = row->first % 100 == 0;
        wrong += row->first != next[producer]++ || row->value.integer != row->first ||
                 row->text.size() != (is_long ? 40'000U : 5U) || queue.front_index() != index;
        queue.pop();
        ++index;
    }
    CHECK(wrong == 0);
    CHECK(queue.claimed() == producers * rows);
    // Bounded: the ring, and one claimed index for each producer that waits.
    CHECK(highest_backlog <= static_cast<Index>(smallest / 2 / 128) + producers);
}

TEST_CASE("a row larger than the queue goes through when it is alone", "[store]") {
    OpQueue queue(smallest);
    const std::string text(2 * smallest, 'x');
    const std::jthread producer([&] {
        for (int i = 0; i < 3; ++i) {
            const OpRow row{.text = text};
            queue.push(row, queue.reserve(row));
        }
    });
    for (int taken = 0; taken < 3;) {
        const OpRow* row = queue.front();
        if (row == nullptr) {
            queue.release();
            std::this_thread::yield();
            continue;
        }
        CHECK(row->text == text);
        CHECK(queue.claimed() == queue.front_index() + 1);
        queue.pop();
        ++taken;
    }
}

TEST_CASE("rows that nobody takes are freed with the queue", "[store]") {
    OpQueue queue(smallest);
    const std::string text(1000, 'x');
    const OpRow row{.text = text};
    CHECK(queue.push(row, queue.reserve(row)) == 0);
    CHECK(queue.push(row, queue.reserve(row)) == 1);
}

} // namespace
} // namespace faultlab
