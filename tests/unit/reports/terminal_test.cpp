#include "reports/terminal.hpp"
#include "reports/text.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/golden.hpp"
#include "tests/unit/reports/samples.hpp"

#include <sstream>
#include <utility>

using namespace faultlab;
using test::check_golden;

TEST_CASE("the first screen of every verdict and anomaly class is as the golden file says") {
    const std::pair<const char*, test::Judged> runs[] = {
        {"stale_read", test::stale_read()},
        {"stale_read_of_unknown_write", test::stale_read_of_unknown_write()},
        {"lost_update", test::lost_update()},
        {"lost_version", test::lost_version()},
        {"duplicate_cas", test::duplicate_cas()},
        {"value_never_written", test::value_never_written()},
        {"impossible_version", test::impossible_version()},
        {"nonlinearizable", test::nonlinearizable()},
        {"invalid_by_other", test::invalid_by_other()},
        {"valid", test::valid_run()},
        {"unknown_floor", test::unknown_floor()},
        {"unknown_budget", test::unknown_budget()},
        {"error", test::failed_lab()}};
    for (const auto& [name, run] : runs) {
        const std::string text = render_text(run.story(), {.width = 110});
        check_golden(std::string("reports/") + name + ".txt", text);
    }
}

TEST_CASE("a narrow terminal gets lines that fit, but for what must be copied") {
    const std::string text = render_text(test::stale_read().story(), {.width = 60});
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        INFO(line);
        CHECK(width_of(line) <= 60);
    }
}

TEST_CASE("without unicode every byte is ASCII and no word is lost") {
    const std::string text =
        render_text(test::stale_read().story(), {.width = 110, .unicode = false});
    for (const char c : text)
        CHECK(static_cast<unsigned char>(c) < 0x80U);
    CHECK(text.starts_with("x INVALID"));
    CHECK(text.find("client 7 -> n1") != std::string::npos);
}

TEST_CASE("colour adds escapes and changes no word") {
    const Story story = test::stale_read().story();
    std::string colored = render_text(story, {.width = 110, .color = true});
    CHECK(colored.find("\x1b[1;31m✖ INVALID\x1b[0m") != std::string::npos);
    for (std::size_t at; (at = colored.find('\x1b')) != std::string::npos;)
        colored.erase(at, colored.find('m', at) - at + 1);
    CHECK(colored == render_text(story, {.width = 110}));
}

TEST_CASE("escape sequences from the system under test do not reach the terminal") {
    const std::string text = render_text(
        test::hostile("\x1b[2J\x1b]0;owned\x07\r\n\xff\xe2\x80\xae").story(), {.width = 110});
    for (const char c : text) {
        const bool control = static_cast<unsigned char>(c) < 0x20U && c != '\n';
        CHECK_FALSE(control);
    }
    CHECK(text.find("\\u001b[2J") != std::string::npos);
    CHECK(text.find("\xe2\x80\xae") == std::string::npos);
}
