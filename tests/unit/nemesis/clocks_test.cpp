// Faults of clocks, as far as they are decided without a clock: parameters, what hosts are asked,
// and what is made of their answers.
#include "nemesis/catalogue.hpp"
#include "nemesis/clocks.hpp"
#include "nemesis/parameters.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/sim_host.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

using namespace faultlab;

namespace {

/// "clock-bump:n2:offset=2s" as a user writes it.
Result<Fault> resolve(const std::string& text, Nanos duration = 5 * second) {
    const auto colon = text.find(':');
    FaultSpec spec{.id = 7, .nemesis = text.substr(0, colon), .duration = duration, .seed = 42};
    const auto nemesis = (*find_nemesis(spec.nemesis))->make();
    FAULTLAB_DO(read_detail(text.substr(colon + 1), nemesis->options(), spec.nemesis, spec));
    Rng rng(42);
    nemesis->draw(rng, 5, spec);
    return nemesis->resolve(spec, SimTarget(5).view());
}

std::string refusal(const std::string& text) {
    const auto fault = resolve(text);
    if (fault) return "it was not refused";
    CHECK(fault.error().kind == ErrorKind::usage);
    return fault.error().text();
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

/// The answer of clock-read about one process.
std::string measured(std::int64_t realtime, std::int64_t monotonic, double ppm) {
    const auto course = [ppm](std::int64_t offset) {
        return fmt::format(
            R"({{"offset": {0}, "error": 150, "least": {0}, "most": {0}, "ppm": {1}}})",
            offset,
            ppm);
    };
    return fmt::format(
        R"({{"pid": 10, "realtime": {}, "monotonic": {}}})", course(realtime), course(monotonic));
}

std::string reading(std::int64_t clean, const std::string& skewed) {
    return fmt::format(R"({{"clean": {}, "strange": 0, "skewed": [{}]}})", clean, skewed);
}

constexpr const char* stop = "faultlab-node ask --directory /faults/n2 --name fault-7 --or gone";

SimTarget target_with(const std::string& answer) {
    SimTarget target(5);
    target.host("n2").answer(stop, {.out = "gone\n"});
    target.host("n2").answer("faultlab-node clock-read", {.out = answer});
    return target;
}

std::string params_text(const Params& params) {
    std::string text;
    for (const auto& [name, value] : params)
        text += fmt::format("    {}: {}\n", name, to_json(value));
    return text;
}

std::string evidence_text(const std::vector<Evidence>& evidence) {
    std::string text;
    for (const Evidence& item : evidence) {
        text += fmt::format("n{}: {} = {}{}\n",
                            item.node + 1,
                            item.name,
                            to_json(item.value),
                            item.proves ? ", which proves it" : "");
    }
    return text;
}

bool any_proves(const std::vector<Evidence>& evidence) {
    return std::ranges::any_of(evidence, &Evidence::proves);
}

void check_golden(const std::string& name, const std::string& asked, const std::string& answer) {
    SimTarget target = target_with(answer);
    const auto fault = resolve(asked);
    if (!fault) FAIL(fault.error().text());
    const auto nemesis = (*find_nemesis(fault->nemesis))->make();
    std::string text = fmt::format("# {}\nparams\n{}undo\n{}\n# inject\n",
                                   fault->summary,
                                   params_text(fault->params),
                                   params_text(fault->undo));
    CHECK(nemesis->inject(*fault, target).ok());
    text += target.take_transcript() + "\n# probe during\n";
    const auto during = nemesis->probe(*fault, target, EvidencePhase::during);
    text += target.take_transcript() + evidence_text(during) + "\n# heal\n";
    CHECK(nemesis->heal(*fault, target).ok());
    text += target.take_transcript() + "\n# probe after\n";
    target.host("n2").answer("faultlab-node clock-read", {.out = reading(1, "")});
    const auto after = nemesis->probe(*fault, target, EvidencePhase::after);
    test::check_golden("nemesis/" + name + ".txt",
                       text + target.take_transcript() + evidence_text(after));
}

std::vector<Evidence> probed(const std::string& asked, const std::string& answer) {
    SimTarget target = target_with(answer);
    const Fault fault = resolve(asked).value();
    return (*find_nemesis(fault.nemesis))->make()->probe(fault, target, EvidencePhase::during);
}

} // namespace

TEST_CASE("clock faults do to the hosts what their golden files say") {
    check_golden(
        "clock-bump", "clock-bump:n2:offset=-90s", reading(0, measured(-90 * second, 0, 0)));
    check_golden("clock-bump-both",
                 "clock-bump:n2:offset=250ms:clock=both",
                 reading(0, measured(250 * millisecond, 250 * millisecond, 0)));
    check_golden("clock-strobe",
                 "clock-strobe:n2:delta=200ms:period=20ms",
                 reading(0,
                         R"({"pid": 10, "monotonic": {"offset": 0, "error": 100, "least": 0,
                             "most": 0, "ppm": 0}, "realtime": {"offset": 200000000, "error": 100,
                             "least": 0, "most": 200000100, "ppm": 0}})"));
    check_golden("clock-drift",
                 "clock-drift:n2:rate=-2%:clock=monotonic",
                 reading(0, measured(0, -6 * millisecond, -20'001.5)));
}

TEST_CASE("offsets are lengths of time with a sign") {
    const auto offset = [](const char* text) {
        return offset_parameter({{"offset", text}}, "offset").value();
    };
    CHECK(offset("2s") == 2 * second);
    CHECK(offset("+1m") == 60 * second);
    CHECK(offset("-250ms") == -250 * millisecond);
    for (const char* wrong : {"0", "-0s", "", "--2s", "2parsecs", "-", "8000d", "-8000h"}) {
        INFO(wrong);
        CHECK_FALSE(offset_parameter({{"offset", wrong}}, "offset").ok());
    }
}

TEST_CASE("rates are parts per million or hundred with a sign") {
    const auto ppm = [](const char* text) {
        return ppm_parameter({{"rate", text}}, "rate").value();
    };
    CHECK(ppm("500ppm") == 500);
    CHECK(ppm("+500") == 500);
    CHECK(ppm("-2%") == -20'000);
    CHECK(ppm("0.01%") == 100);
    CHECK(ppm("-50%") == -500'000);
    for (const char* wrong :
         {"0", "51%", "-51%", "", "nan", "+-2%", "2permille", "0.1ppm", "inf"}) {
        INFO(wrong);
        CHECK_FALSE(ppm_parameter({{"rate", wrong}}, "rate").ok());
    }
}

TEST_CASE("a clock fault that cannot be is refused with what could be") {
    CHECK(contains(refusal("clock-bump:n2:offset=soon"), "offset cannot be 'soon'"));
    CHECK(contains(refusal("clock-bump:n2:clock=sundial"), "realtime"));
    CHECK(contains(refusal("clock-bump:n2:offset=-1s:clock=monotonic"), "cannot go back"));
    CHECK(contains(refusal("clock-bump:n2:offset=1m:clock=both"), "could not be healed in time"));
    CHECK(contains(refusal("clock-strobe:n2:delta=1s:period=10us"), "at least 1ms"));
    CHECK(contains(refusal("clock-drift:n2:rate=2"), "it was not refused"));
    CHECK(contains(refusal("clock-drift:n2:rate=60%"), "rate cannot be '60%'"));
    // Two percent of an hour are more than may be made good by going slow.
    CHECK_FALSE(resolve("clock-drift:n2:rate=2%:clock=monotonic", 3600 * second).ok());
    CHECK(resolve("clock-drift:n2:rate=-2%:clock=monotonic", 3600 * second).ok());
    CHECK(resolve("clock-drift:n2:rate=2%", 3600 * second).ok());
}

TEST_CASE("what is drawn covers the orders of magnitude, and both signs") {
    std::set<bool> ahead;
    Nanos least = 1000 * second;
    Nanos most = 0;
    std::set<std::string> periods;
    std::set<std::string> rates;
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        Rng rng(seed);
        const auto draw = [&](const char* name) {
            FaultSpec spec{.nemesis = name};
            const auto nemesis = (*find_nemesis(name))->make();
            REQUIRE(read_detail("n2", nemesis->options(), name, spec).ok());
            nemesis->draw(rng, 3, spec);
            return spec.params;
        };
        const Nanos offset = offset_parameter(draw("clock-bump"), "offset").value();
        ahead.insert(offset > 0);
        least = std::min(least, std::abs(offset));
        most = std::max(most, std::abs(offset));
        periods.insert(text_of(draw("clock-strobe"), "period"));
        rates.insert(text_of(draw("clock-drift"), "rate"));
    }
    CHECK(ahead.size() == 2);
    CHECK(least >= 11 * millisecond);
    CHECK(least < 30 * millisecond);
    CHECK(most > 100 * second);
    CHECK(most <= 288 * second);
    CHECK(periods.size() == 11);
    CHECK(rates.size() == 22);
}

TEST_CASE("a clock that is not as wrong as it should be proves nothing") {
    const std::string bump = "clock-bump:n2:offset=5s";
    CHECK(any_proves(probed(bump, reading(0, measured(5 * second, 0, 0)))));
    CHECK_FALSE(any_proves(probed(bump, reading(0, measured(5 * second + millisecond, 0, 0)))));
    CHECK_FALSE(any_proves(probed(bump, reading(3, ""))));
    CHECK_FALSE(any_proves(probed(bump, "gibberish")));
    // Of two processes one is not.
    CHECK_FALSE(any_proves(
        probed(bump, reading(0, measured(5 * second, 0, 0) + "," + measured(4 * second, 0, 0)))));

    const std::string drift = "clock-drift:n2:rate=1000ppm";
    CHECK(any_proves(probed(drift, reading(0, measured(millisecond, 0, 1015)))));
    CHECK_FALSE(any_proves(probed(drift, reading(0, measured(millisecond, 0, 1025)))));

    const std::string strobe = "clock-strobe:n2:delta=-1s:period=5ms";
    CHECK_FALSE(any_proves(probed(strobe, reading(0, measured(-second, 0, 0)))));
    CHECK_FALSE(any_proves(probed(strobe, reading(0, measured(0, 0, 0)))));
}

TEST_CASE("what is still wrong after the heal is no proof that it is gone") {
    SimTarget target = target_with(reading(0, measured(5 * second, 0, 0)));
    const Fault fault = resolve("clock-bump:n2:offset=5s").value();
    const auto nemesis = (*find_nemesis("clock-bump"))->make();
    CHECK_FALSE(any_proves(nemesis->probe(fault, target, EvidencePhase::after)));
    target.host("n2").answer("faultlab-node clock-read",
                             {.out = R"({"clean": 0, "strange": 1, "skewed": []})"});
    CHECK_FALSE(any_proves(nemesis->probe(fault, target, EvidencePhase::after)));
}

TEST_CASE("a heal that a tool refuses is an error that says so") {
    SimTarget target = target_with("");
    const Fault fault = resolve("clock-bump:n2:offset=5s").value();
    const auto nemesis = (*find_nemesis("clock-bump"))->make();
    target.host("n2").answer("faultlab-node clock-undo",
                             {.exit_status = 70, .err = "the process is traced\n"});
    const auto healed = nemesis->heal(fault, target);
    REQUIRE_FALSE(healed.ok());
    CHECK(contains(healed.error().text(), "the process is traced"));
}
