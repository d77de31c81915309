#include "nemesis/catalogue.hpp"
#include "nemesis/packet_effects.hpp"
#include "nemesis/parameters.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sim_host.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace faultlab;

namespace {

/// The parameters of "-f FAULT:DETAIL", those that are left open drawn.
Params read(const std::string& fault, const std::string& detail, std::uint64_t seed = 1) {
    FaultSpec spec;
    const auto options = packet_options(fault);
    const auto done = read_detail(detail, options, fault, spec);
    if (!done) FAIL(done.error().text());
    Rng rng(seed);
    draw_packet_effects(fault, 3, rng, spec.params);
    return spec.params;
}

PacketEffects effects(const std::string& fault, const std::string& detail) {
    const auto result = packet_effects(fault, read(fault, detail));
    if (!result) FAIL(result.error().text());
    return *result;
}

std::string arguments(const std::string& fault, const std::string& detail) {
    return fmt::format("{}", fmt::join(shape_arguments(effects(fault, detail)), " "));
}

std::string netem(const std::string& fault, const std::string& detail) {
    const auto text = netem_arguments(effects(fault, detail));
    return text ? *text : text.error().message;
}

void refused(const std::string& fault, const std::string& detail, const std::string& part) {
    const auto result = packet_effects(fault, read(fault, detail));
    INFO(fault << ":" << detail);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().kind == ErrorKind::usage);
    INFO(result.error().text());
    CHECK(result.error().text().find(part) != std::string::npos);
}

} // namespace

TEST_CASE("each packet fault reads the parameters of its own effect") {
    CHECK(arguments("delay", "delay=50ms") == "--delay-ns 50000000");
    CHECK(arguments("delay", "delay=1ms:jitter=100us:distribution=pareto:correlation=25%") ==
          "--delay-ns 1000000 --jitter-ns 100000 --spread pareto --delay-correlation-ppm 250000");
    CHECK(arguments("delay", "delay=1ms:jitter=1ms:order=free") ==
          "--delay-ns 1000000 --jitter-ns 1000000 --spread normal --any-order");
    CHECK(arguments("loss", "loss=20%:correlation=10%") ==
          "--loss-ppm 200000 --loss-correlation-ppm 100000");
    CHECK(arguments("loss", "burst-start=1%") ==
          "--burst-start-ppm 10000 --burst-stop-ppm 200000 --burst-loss-ppm 1000000");
    CHECK(arguments("duplicate", "duplicate=5%") == "--duplicate-ppm 50000");
    CHECK(arguments("reorder", "reorder=10%:by=20ms") ==
          "--reorder-ppm 100000 --reorder-by-ns 20000000");
    CHECK(arguments("corrupt", "corrupt=1%:checksum=fixed") ==
          "--corrupt-ppm 10000 --mend-checksums");
    CHECK(arguments("rate", "rate=1mbit:queue=100ms") == "--rate-bps 1000000 --queue-ns 100000000");
}

TEST_CASE("packets takes all parameters at once, by their full names") {
    CHECK(arguments("packets",
                    "delay=1ms:delay-correlation=5%:loss=1%:reorder=1%:reorder-by=2ms:"
                    "duplicate=2%:corrupt=3%:rate=1gbit") ==
          "--delay-ns 1000000 --delay-correlation-ppm 50000 --loss-ppm 10000 "
          "--duplicate-ppm 20000 --reorder-ppm 10000 --reorder-by-ns 2000000 --corrupt-ppm 30000 "
          "--rate-bps 1000000000 --queue-ns 200000000");
}

TEST_CASE("what a user asks packets for is all that happens") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const auto result = packet_effects("packets", read("packets", "loss=1%", seed));
        REQUIRE(result.ok());
        CHECK(shape_arguments(*result) == std::vector<std::string>{"--loss-ppm", "10000"});
    }
}

TEST_CASE("a delay that is given gets no jitter that is not") {
    for (std::uint64_t seed = 0; seed < 50; ++seed)
        CHECK(text_of(read("delay", "delay=7ms", seed), "jitter") == "0");
}

TEST_CASE("bursts that are asked for are all the loss there is") {
    CHECK(text_of(read("loss", "burst-start=1%"), "loss") == "0");
}

TEST_CASE("every effect is drawn by packets sooner or later, and never none") {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const auto result = packet_effects("packets", read("packets", "", seed));
        REQUIRE(result.ok());
        CHECK(result->any());
        for (const std::string& argument : shape_arguments(*result))
            seen.insert(argument);
    }
    for (const char* argument : {"--delay-ns",
                                 "--loss-ppm",
                                 "--duplicate-ppm",
                                 "--reorder-ppm",
                                 "--corrupt-ppm",
                                 "--rate-bps"})
        CHECK(seen.contains(argument));
}

TEST_CASE("parameters that mean nothing are refused by name") {
    refused("delay", "delay=0", "nothing would happen");
    refused("delay", "delay=2m", "longer than a minute");
    refused("delay", "delay=fast", "delay cannot be 'fast'");
    refused("delay", "delay=1ms:correlation=101%", "correlation cannot be '101%'");
    refused("loss", "loss=101%", "loss cannot be '101%'");
    refused("loss", "burst-start=1%:burst-stop=0", "burst-stop of 0 has no end");
    refused("reorder", "reorder=5%:by=0", "by of 0 reorders nothing");
    refused("packets", "reorder=5%:reorder-by=0", "reorder-by of 0 reorders nothing");
    refused("rate", "rate=10", "rate cannot be '10'");
    refused("rate", "rate=1mbit:queue=0", "queue of 0 lets no second packet in");
    refused(
        "packets", "loss=0:delay=0:duplicate=0:reorder=0:corrupt=0:rate=0", "nothing would happen");
}

TEST_CASE("effects read as a sentence") {
    CHECK(effects_text(effects("delay", "delay=50ms:jitter=500us:correlation=25%")) ==
          "50 ms ± 0.5 ms (normal) later (correlation 25 %)");
    CHECK(effects_text(effects("loss", "burst-start=1%:burst-stop=25%")) ==
          "0 % lost, 100 % in bursts (which begin at 1 %, end at 25 % of packets)");
    CHECK(effects_text(
              effects("packets", "loss=20%:duplicate=1%:reorder=2%:corrupt=3%:rate=1mbit")) ==
          "20 % lost, 1 % twice, 2 % held back 10 ms, 3 % corrupted, at 1 Mbit/s");
}

TEST_CASE("effects become arguments of netem, or netem lacks them") {
    CHECK(netem("delay", "delay=50ms") == "limit 100000 delay 50000us");
    CHECK(netem("delay", "delay=50ms:jitter=5ms:distribution=uniform:correlation=25%:order=free") ==
          "limit 100000 delay 50000us 5000us 25%");
    CHECK(netem("delay", "delay=50ms:jitter=5ms") ==
          "limit 100000 delay 50000us 5000us 0% distribution normal rate 100000000000bit");
    CHECK(netem("loss", "loss=20%:correlation=10%") == "limit 100000 loss random 20% 10%");
    CHECK(netem("loss", "burst-start=1%:burst-stop=25%") ==
          "limit 100000 loss gemodel 1% 25% 100% 0%");
    CHECK(netem("duplicate", "duplicate=5%") == "limit 100000 duplicate 5% 0%");
    CHECK(netem("reorder", "reorder=10%:by=20ms") == "limit 100000 delay 20000us reorder 90% 0%");
    CHECK(netem("corrupt", "corrupt=1%") == "limit 100000 corrupt 1% 0%");
    CHECK(netem("rate", "rate=12mbit:queue=100ms") == "limit 101 rate 12000000bit");
    CHECK(netem("corrupt", "corrupt=1%:checksum=fixed") ==
          "netem cannot corrupt packets and mend their checksums");
    CHECK(netem("packets", "delay=1ms:reorder=1%") ==
          "netem cannot hold back some packets and delay all others by another time");
}
