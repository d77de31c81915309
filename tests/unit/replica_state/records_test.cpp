#include "replica/core/records.hpp"
#include "tests/support/trips.hpp"

#include <vector>

using namespace faultlab::replica;

namespace {

std::vector<std::byte> text(std::string_view characters) {
    const Bytes bytes = std::as_bytes(std::span(characters));
    return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> two_requests() {
    std::vector<std::byte> buffer(256);
    std::size_t used =
        append_request(buffer, 0, {.client = 7, .session = 3, .request = 1}, text("hello"));
    used = append_request(
        buffer, used, {.client = 8, .session = 4, .request = 9, .trace = 5}, text("12345678"));
    buffer.resize(used);
    return buffer;
}

} // namespace

TEST_CASE("A batch gives back what was put in", "[replica_state]") {
    const std::vector<std::byte> body = two_requests();
    CHECK(body.size() == batch_bytes(5) + batch_bytes(8));
    BatchReader reader(body);
    const auto first = reader.next();
    REQUIRE(first);
    CHECK(first->record.client == 7);
    CHECK(std::ranges::equal(first->operation, text("hello")));
    const auto second = reader.next();
    REQUIRE(second);
    CHECK(second->record.trace == 5);
    CHECK(std::ranges::equal(second->operation, text("12345678")));
    CHECK_FALSE(reader.next());
    CHECK_FALSE(reader.malformed());
}

TEST_CASE("A batch that is cut or filled with something is malformed", "[replica_state]") {
    const std::vector<std::byte> body = two_requests();
    for (std::size_t size = 1; size < body.size(); ++size) {
        BatchReader reader(Bytes(body).first(size));
        while (reader.next()) {
        }
        CHECK(reader.malformed() == (size != batch_bytes(5)));
    }
    std::vector<std::byte> filled = body;
    filled[sizeof(RequestRecord) + 5] = std::byte{1};
    BatchReader reader(filled);
    CHECK_FALSE(reader.next());
    CHECK(reader.malformed());
}

TEST_CASE("A batch takes no operation that does not fit", "[replica_state]") {
    std::vector<std::byte> buffer(64);
    CHECK_TRIPS("batch-fits", append_request(buffer, 0, {}, std::vector<std::byte>(25)));
    CHECK(append_request(buffer, 0, {}, std::vector<std::byte>(24)) == 64);
}
