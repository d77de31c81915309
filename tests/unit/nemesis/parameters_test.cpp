#include "nemesis/parameters.hpp"
#include "tests/support/catch.hpp"

using namespace faultlab;

namespace {

const std::vector<OptionSpec> options = {
    {.name = "delay", .fallback = "50ms", .help = "how much later"},
    {.name = "shape", .fallback = "normal", .choices = {"normal", "uniform"}, .help = "of it"},
};

Result<FaultSpec> read(std::string_view detail) {
    FaultSpec spec;
    FAULTLAB_DO(read_detail(detail, options, "delay", spec));
    return spec;
}

template <class T>
void refused(const Result<T>& result, std::string_view part) {
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().kind == ErrorKind::usage);
    CHECK(result.error().text().find(part) != std::string::npos);
}

} // namespace

TEST_CASE("what follows the name of a fault is its target and its parameters") {
    const auto nothing = read("");
    REQUIRE(nothing.ok());
    CHECK(nothing->target.empty());
    CHECK(nothing->params == Params{{"delay", "50ms"}, {"shape", "normal"}});

    const auto both = read("leader:delay=1s:shape=uniform");
    REQUIRE(both.ok());
    CHECK(both->target == "leader");
    CHECK(both->params == Params{{"delay", "1s"}, {"shape", "uniform"}});

    const auto parameters = read("shape=uniform");
    REQUIRE(parameters.ok());
    CHECK(parameters->target.empty());
    CHECK(parameters->params.at("shape") == Value("uniform"));
}

TEST_CASE("a detail that a fault cannot have is refused with what it could have") {
    refused(read("leader:all"), "'all' is no PARAMETER=VALUE");
    refused(read("leader:deley=1s"), "delay");
    refused(read("shape=square"), "normal");
}

TEST_CASE("a fault without parameters takes the whole detail for its target") {
    FaultSpec spec;
    REQUIRE(read_detail("n1|n2,n3", {}, "partition", spec).ok());
    CHECK(spec.target == "n1|n2,n3");
    CHECK(spec.params.empty());
}

TEST_CASE("parameters are read in their units") {
    const Params params = {{"time", "100us"},
                           {"none", "0"},
                           {"share", "0.1%"},
                           {"half", "50"},
                           {"size", "128KiB"},
                           {"bytes", "7"},
                           {"rate", "1.5mbit"},
                           {"number", "-3"}};
    CHECK(*duration_parameter(params, "time") == 100 * microsecond);
    CHECK(*duration_parameter(params, "none") == 0);
    CHECK(*share_parameter(params, "share") == 1000);
    CHECK(*share_parameter(params, "half") == 500'000);
    CHECK(*bytes_parameter(params, "size") == 131'072);
    CHECK(*bytes_parameter(params, "bytes") == 7);
    CHECK(*rate_parameter(params, "rate") == 1'500'000);
    CHECK(*integer_parameter(params, "number", -5, 5) == -3);
    CHECK(share_text(1000) == "0.1 %");
}

TEST_CASE("parameters that mean nothing are refused by their names") {
    const Params params = {{"time", "fast"},
                           {"share", "101%"},
                           {"size", "0"},
                           {"rate", "10bit"},
                           {"number", "6"},
                           {"endless", "nan%"}};
    refused(duration_parameter(params, "time"), "time cannot be 'fast'");
    refused(share_parameter(params, "share"), "share cannot be '101%'");
    refused(share_parameter(params, "endless"), "endless");
    refused(bytes_parameter(params, "size"), "size cannot be '0'");
    refused(rate_parameter(params, "rate"), "rate cannot be '10bit'");
    refused(integer_parameter(params, "number", -5, 5), "from -5 to 5");
    refused(integer_parameter(params, "missing", 0, 1), "missing cannot be ''");
}
