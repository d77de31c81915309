#include "replica/wire/admin.hpp"
#include "tests/support/catch.hpp"

using namespace faultlab::replica;

TEST_CASE("requests of the admin protocol come back from their lines") {
    using What = AdminRequest::What;
    for (const AdminRequest& request : {AdminRequest{What::Status},
                                        AdminRequest{What::Bugs},
                                        AdminRequest{What::Events, 0},
                                        AdminRequest{What::Events, 18446744073709551615U}}) {
        const std::string line = to_line(request);
        CHECK(line.size() < admin_line_bytes);
        CHECK(parse_admin_request(line) == request);
        CHECK(parse_admin_request(line + "\r") == request);
    }
    for (const char* line : {"",
                             "Status",
                             "status ",
                             "events",
                             "events ",
                             "events -1",
                             "events 1 ",
                             "events 18446744073709551616",
                             "bugs\n"}) {
        CAPTURE(line);
        CHECK_FALSE(parse_admin_request(line));
    }
}

TEST_CASE("an error of the admin protocol is one line, whatever it quotes") {
    CHECK(admin_error("a \"b\"\n") == R"({"error":"a \"b\"\n"})");
}
