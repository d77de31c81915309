#include "replica/core/bugs.hpp"
#include "simulator/knobs.hpp"
#include "tests/support/catch.hpp"

#include <set>
#include <string>

using namespace faultlab;
using namespace faultlab::simulator;

TEST_CASE("Knobs are drawn within their ranges, and every value of a small one comes up",
          "[simulator]") {
    std::set<std::int64_t> voters;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        const Knobs knobs = Knobs::draw(Rng(seed));
        for (const KnobEntry& entry : knob_table()) {
            CAPTURE(seed, std::string(entry.name));
            CHECK(knobs[entry.knob] >= entry.least);
            CHECK(knobs[entry.knob] <= entry.most);
        }
        CHECK(knobs.any_fault());
        voters.insert(knobs[Knob::Voters]);
    }
    CHECK(voters == std::set<std::int64_t>{1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("No knob names a bug, and no two have one name", "[simulator]") {
    std::set<std::string_view> names;
    for (const KnobEntry& entry : knob_table()) {
        CHECK(names.insert(entry.name).second);
        for (const replica::BugEntry& bug : replica::bugs()) {
            CHECK(entry.name != bug.id);
            CHECK(entry.name != bug.mechanism);
        }
    }
}

TEST_CASE("A knob is set by its name, within its range", "[simulator]") {
    CHECK(parse_override("voters=5").value() == Override{Knob::Voters, 5});
    CHECK(parse_override("fault.rot=0").value() == Override{knob_of(Trouble::Rot), 0});
    CHECK(parse_override("voters=8").error().message == "knob voters cannot be '8'");
    CHECK(parse_override("voters").error().message == "knob voters cannot be ''");
    CHECK(parse_override("voter=3").error().text().find("voters") != std::string::npos);
}

TEST_CASE("Calm knobs break nothing", "[simulator]") {
    Knobs knobs = Knobs::draw(Rng(1));
    knobs.calm();
    CHECK_FALSE(knobs.any_fault());
    CHECK(knobs[Knob::LossPermille] == 0);
}
