// docs/reference/replica-frames.md says where each field lies: here it is held to it.

#include "replica/core/message.hpp"
#include "replica/wire/channel.hpp"
#include "tests/support/catch.hpp"

#include <cstddef>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

using namespace faultlab::replica;

namespace {

struct Place {
    std::size_t offset = 0;
    std::size_t bytes = 0;
    friend bool operator==(const Place&, const Place&) = default;
};

std::string page() {
    std::ifstream file(std::string(FAULTLAB_SOURCE_DIR) + "/docs/reference/replica-frames.md");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// The rows "| offset | bytes | field |…" between a heading and the next one.
std::map<std::string, Place> table_of(const std::string& heading) {
    std::map<std::string, Place> places;
    std::istringstream lines(page());
    bool inside = false;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("## ")) inside = line == "## " + heading;
        std::istringstream cells(line);
        char bar = '|';
        Place place;
        std::string field;
        if (inside && cells >> bar >> place.offset >> bar >> place.bytes >> bar >> field) {
            places[field] = place;
        }
    }
    return places;
}

} // namespace

TEST_CASE("the page's table of the header is the header") {
    std::map<std::string, Place> actual;
#define FIELD(name) actual[#name] = {offsetof(Header, name), sizeof(Header::name)}
    FIELD(checksum);
    FIELD(body_checksum);
    FIELD(parent);
    FIELD(cluster);
    FIELD(view);
    FIELD(op);
    FIELD(commit);
    FIELD(timestamp);
    FIELD(client);
    FIELD(session);
    FIELD(request);
    FIELD(log_view);
    FIELD(checkpoint_op);
    FIELD(checkpoint_id);
    FIELD(nonce);
    FIELD(from);
    FIELD(to);
    FIELD(incarnation);
    FIELD(size);
    FIELD(release);
    FIELD(count);
    FIELD(flags);
    FIELD(protocol);
    FIELD(command);
    FIELD(replica);
    FIELD(reserved_1);
    FIELD(lives);
    FIELD(trace);
    FIELD(reserved);
#undef FIELD
    const auto written = table_of("The message");
    CHECK(written.size() == actual.size());
    std::size_t covered = 0;
    for (const auto& [field, place] : actual) {
        CAPTURE(field);
        const auto found = written.find(field);
        REQUIRE(found != written.end());
        CHECK(found->second == place);
        covered += place.bytes;
    }
    CHECK(covered == sizeof(Header)); // no field is missing above
}

TEST_CASE("the page's hello is as long as the hello") {
    std::size_t end = 0;
    for (const auto& [field, place] : table_of("The connection")) {
        end = std::max(end, place.offset + place.bytes);
    }
    CHECK(end == hello_bytes);
}

TEST_CASE("the page explains every class of refused connections, and every command") {
    const std::string text = page();
    for (std::size_t i = 1; i < auth_reject_count; ++i) {
        const std::string row = std::string("\n| ") + name(static_cast<AuthReject>(i)) + " |";
        CAPTURE(row);
        CHECK(text.find(row) != std::string::npos);
    }
    for (std::uint8_t i = 1; i <= last_command; ++i) {
        const std::string row = std::string("\n| ") + name(static_cast<Command>(i)) + " |";
        CAPTURE(row);
        CHECK(text.find(row) != std::string::npos);
    }
}
