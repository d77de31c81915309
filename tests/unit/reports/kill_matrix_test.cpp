#include "reports/kill_matrix.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/golden.hpp"

using namespace faultlab;
using faultlab::test::check_golden;

namespace {

KillMatrix sample() {
    return {.columns = {"swarm, n = 3", "own scenario, n = 3"},
            .rows = {{.bug = "V9",
                      .what = "a reply is <evicted>",
                      .scenario = "client-crashes",
                      .cells = {{.trials = 30,
                                 .found = 30,
                                 .median = 31,
                                 .ninth_decile = 84,
                                 .median_events = 155'000,
                                 .tried = 0,
                                 .by = "S15"},
                                {.trials = 5, .found = 1, .tried = 2'000, .by = "S16"}}},
                     {.bug = "KM3", .what = "nothing yet", .cells = {{}, {}}}},
            .made_by = "faultlab sim matrix"};
}

} // namespace

TEST_CASE("A kill matrix in Markdown", "[reports]") {
    check_golden("reports/kill_matrix_page.txt", render_kill_matrix_markdown(sample()));
}

TEST_CASE("A kill matrix for terminals", "[reports]") {
    check_golden("reports/kill_matrix.txt", render_kill_matrix_text(sample()));
}

TEST_CASE("A kill matrix as a page escapes what it is told", "[reports]") {
    const std::string page = render_kill_matrix_html(sample());
    CHECK(page.find("&lt;evicted&gt;") != std::string::npos);
    CHECK(page.find("<evicted>") == std::string::npos);
    CHECK(page.find("> 2,000") == std::string::npos);
    CHECK(page.find("&gt; 2,000") != std::string::npos);
}
