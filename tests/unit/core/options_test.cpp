#include "core/options.hpp"
#include "tests/support/catch.hpp"

using namespace faultlab;

namespace {

const std::vector<OptionSpec> specs = {
    {.name = "reads", .fallback = "log", .choices = {"log", "lease"}, .help = "how"},
    {.name = "bug",
     .fallback = "",
     .choices = {"V1", "V2", "K3.1"},
     .help = "what",
     .several = true}};

} // namespace

TEST_CASE("an option with several choices takes any number of them in their order", "[core]") {
    for (const char* given : {"", "V2", "K3.1,V1", "V1,V1"}) {
        const auto options = complete_options({{"bug", given}}, specs, "it");
        REQUIRE(options.ok());
        CHECK(options->at("bug") == given);
        CHECK(options->at("reads") == "log");
    }
}

TEST_CASE("each of several choices is checked, and the nearest are named", "[core]") {
    const auto options = complete_options({{"bug", "V1,K31"}}, specs, "it");
    REQUIRE_FALSE(options.ok());
    CHECK(options.error().text().find("'K31'") != std::string::npos);
    CHECK(options.error().text().find("nearest: K3.1") != std::string::npos);
    CHECK_FALSE(complete_options({{"reads", "log,lease"}}, specs, "it").ok());
}
