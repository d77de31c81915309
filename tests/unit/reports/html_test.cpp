#include "reports/html.hpp"
#include "reports/text.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/record_builder.hpp"
#include "tests/unit/reports/samples.hpp"

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace faultlab;

namespace {

std::string page_of(const test::Judged& run) {
    return render_html(run.record, run.results, run.context);
}

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + part.size()))
        ++found;
    return found;
}

// The names of all tags, in order, "/name" for closing ones; fails on text that is no markup.
std::vector<std::string> tags_of(std::string_view page) {
    std::vector<std::string> tags;
    for (std::size_t at = page.find('<'); at != std::string_view::npos; at = page.find('<', at)) {
        const std::size_t end = page.find('>', at);
        REQUIRE(end != std::string_view::npos);
        std::string_view tag = page.substr(at + 1, end - at - 1);
        const bool empty = tag.ends_with('/') || tag.starts_with('!');
        tag = tag.substr(0, std::min(tag.find_first_of(" \n/", 1), tag.size()));
        tags.emplace_back(tag);
        const std::string_view voids[] = {"meta", "br"};
        if (empty || std::ranges::find(voids, tag) != std::end(voids)) tags.pop_back();
        at = end;
    }
    return tags;
}

void check_balanced(std::string_view page) {
    std::vector<std::string> open;
    for (const std::string& tag : tags_of(page)) {
        if (!tag.starts_with('/')) {
            open.push_back(tag);
            continue;
        }
        REQUIRE_FALSE(open.empty());
        REQUIRE("/" + open.back() == tag);
        open.pop_back();
    }
    CHECK(open.empty());
}

// The page without its style sheet, tags and entities left as they are.
std::string first_screen(const std::string& page) {
    const std::size_t from = page.find("<header");
    const std::size_t to = page.find("</section>");
    REQUIRE(from != std::string::npos);
    REQUIRE(to != std::string::npos);
    return page.substr(from, to - from);
}

} // namespace

TEST_CASE("the first screen of the page is as the golden file says") {
    test::check_golden("reports/stale_read.first.html", first_screen(page_of(test::stale_read())));
    test::check_golden("reports/valid.first.html", first_screen(page_of(test::valid_run())));
}

TEST_CASE("the timeline of a small counterexample is as the golden file says") {
    const std::string page = page_of(test::stale_read());
    const std::size_t from = page.find("<svg viewBox");
    test::check_golden("reports/stale_read.timeline.svg",
                       page.substr(from, page.find("</svg>", from) + 7 - from));
}

TEST_CASE("every page is balanced markup without scripts and without addresses") {
    for (const test::Judged& run : {test::stale_read(),
                                    test::nonlinearizable(),
                                    test::valid_run(),
                                    test::unknown_floor(),
                                    test::failed_lab(),
                                    test::invalid_by_other(),
                                    test::busy_run(20, 200)}) {
        const std::string page = page_of(run);
        check_balanced(page);
        CHECK(count(page, "<script") == 0);
        CHECK(count(page, "http:") + count(page, "https:") == 0);
        CHECK(count(page, "src=") == 0);
        CHECK(count(page, "default-src 'none'") == 1);
    }
}

TEST_CASE("a hostile value adds no tag and no attribute to the page") {
    const std::vector<std::string> harmless = tags_of(page_of(test::hostile("harmless")));
    for (const char* payload : {"</script><script>alert(1)</script>",
                                "<img src=x onerror=alert(1)>",
                                "\" onmouseover=\"alert(1)",
                                "' onfocus='alert(1)",
                                "</title></style></svg></pre><svg onload=alert(1)>",
                                "]]><!--",
                                "{} {:d} {0}",
                                "&lt;b&gt;",
                                "\xe2\x80\xae\xe2\x81\xa6 right to left",
                                "\xff\xfe\x80 \xc0\xbc script",
                                "\x1b[31m\x08\x7f"}) {
        INFO(payload);
        const std::string page = page_of(test::hostile(payload));
        CHECK(tags_of(page) == harmless);
        CHECK(count(page, " onmouseover=\"") + count(page, " onfocus='") == 0);
        // Nothing that cannot be seen is left, line breaks of our own aside.
        std::istringstream lines(page);
        for (std::string line; std::getline(lines, line);)
            REQUIRE(visible(line) == line);
    }
}

TEST_CASE("a value of a megabyte is shortened wherever it stands and its size is said") {
    const std::string page = page_of(test::hostile(std::string(1 << 20, 'x')));
    CHECK(page.size() < 400'000);
    CHECK(page.find("(1,048,576 bytes)") != std::string::npos);
    CHECK(page.find(std::string(400, 'x')) == std::string::npos);
}

TEST_CASE("sections without data are one line") {
    const std::string page = page_of(test::nonlinearizable());
    CHECK(page.find("No fault was injected in this run.") != std::string::npos);
    CHECK(page.find("No node reported a term or a commit index") != std::string::npos);
    const test::Judged nothing{};
    CHECK(page_of(nothing).find("No operation was recorded") != std::string::npos);
    check_balanced(page_of(nothing));
}

TEST_CASE("the timeline draws all of the counterexample and says what it leaves out") {
    test::RecordBuilder builder;
    builder.op({90, 0, "write", "k", 1, {}, 10, 12}).op({91, 0, "write", "k", 2, {}, 20, 22});
    for (int client = 0; client < 40; ++client)
        for (int i = 0; i < 30; ++i)
            builder.op({client, 0, "read", "other", {}, 1, i + client * 0.01, i + 0.9});
    builder.op({92, 0, "read", "k", {}, 1, 26, 28});
    test::Judged run{.record = builder.build()};
    Finding finding{.anomaly = "nonlinearizable", .key = "k"};
    const History& history = run.record.history;
    for (std::size_t i = 0; i < history.size(); ++i)
        if (history.client()[i] >= 90) finding.ops.push_back(static_cast<OpId>(i));
    finding.divergence = finding.ops.back();
    run.results = {{.checker = "linearizability", .verdict = Verdict::invalid}};
    run.results[0].findings = {finding};
    const std::string page = page_of(run);
    const std::size_t from = page.find("Timeline of the counterexample</h2>");
    REQUIRE(from != std::string::npos);
    const std::string part = page.substr(from, page.find("<h2>", from) - from);
    CHECK(count(part, "class=\"told\"") == 3);
    CHECK(count(part, "✖") == 1);
    CHECK(count(part, "<rect") <= 310);
    CHECK(part.find(" operations in this stretch are drawn, those of") != std::string::npos);
    CHECK(part.find("29 more clients left out") != std::string::npos);
}

TEST_CASE("an anomaly at the end of a long run is drawn, and the page stays small") {
    test::Judged run = test::busy_run(1'500, 100);
    const History& history = run.record.history;
    const auto last = static_cast<OpId>(history.size()) - 1;
    Finding& finding = run.results[1].findings[0];
    finding.ops = {10, last};
    finding.divergence = last;
    const std::string page = page_of(run);
    CHECK(page.size() < 1'000'000);
    CHECK(count(page, "class=\"told\"") == 2);
    CHECK(page.find("operation #" + std::to_string(last)) != std::string::npos);
}
