#include "controller/engine/conductor.hpp"
#include "controller/engine/virtual_time.hpp"
#include "nemesis/schedule.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/memory_writer.hpp"
#include "tests/support/toy_systems.hpp"

using namespace faultlab;

namespace {

/// A nemesis that does what the test says.
class Scripted : public Nemesis {
public:
    bool resolves = true;
    bool injects = true;
    mutable int heals_that_fail = 0;
    std::int64_t turns = 0; ///< one every 300 ms
    bool takes_turns = true;
    mutable int denials = 0; ///< so many measurements after the heal still see the fault
    mutable std::vector<std::string> calls;
    std::shared_ptr<MemoryRun> memory;

    [[nodiscard]] std::vector<std::string> needs() const override { return {}; }
    void draw(Rng&, std::int32_t, FaultSpec&) const override {}
    [[nodiscard]] FaultSpec exact(const Fault&, const FaultSpec& spec) const override {
        return spec;
    }
    Result<Fault> resolve(const FaultSpec& spec, const ClusterView&) const override {
        calls.emplace_back("resolve");
        if (!resolves) return usage_error("no leader is known");
        std::vector<NodeId> targets = {0};
        if (spec.target == "n2 n3") targets = {1, 2};
        if (spec.target == "some") targets = {static_cast<NodeId>(spec.seed % 3)};
        return Fault{.nemesis = "scripted", .summary = "n1 hurt", .targets = targets};
    }
    Result<void> inject(const Fault& fault, FaultTarget&) const override {
        calls.emplace_back(memory->faults.contains(fault.id) ? "inject" : "inject unstored");
        if (!injects) return lab_error("no rights");
        return {};
    }
    Result<void> remember(Fault& fault, FaultTarget&) const override {
        fault.params["before"] = "whole";
        return {};
    }
    [[nodiscard]] std::optional<Nanos> turn_after(const Fault&, std::int64_t turn) const override {
        return turn <= turns ? std::optional(300 * millisecond) : std::nullopt;
    }
    Result<void> take_turn(const Fault&, std::int64_t turn, FaultTarget&) const override {
        calls.emplace_back("turn " + std::to_string(turn));
        return takes_turns ? Result<void>() : lab_error("no time");
    }
    Result<void> heal(const Fault&, FaultTarget&) const override {
        calls.emplace_back("heal");
        if (heals_that_fail-- > 0) return lab_error("host is gone");
        return {};
    }
    std::vector<Evidence> probe(const Fault&, FaultTarget&, EvidencePhase phase) const override {
        const bool denies = phase == EvidencePhase::after && denials-- > 0;
        calls.emplace_back(std::string("probe ") + std::string(to_string(phase)));
        return {{.phase = phase, .node = 0, .name = "seen", .proves = !denies}};
    }
};

struct Stage {
    VirtualTime time;
    ToyRegister toy{time, 3, 1, {}};
    std::shared_ptr<MemoryRun> memory = std::make_shared<MemoryRun>();
    std::unique_ptr<RunWriter> writer = write_into(memory)({}, {}).value();
    Scripted nemesis;
    std::vector<FaultSpec> faults{
        {.id = 5, .nemesis = "scripted", .t_start = second, .duration = 2 * second}};

    Stage() { nemesis.memory = memory; }

    FaultConductor conductor() {
        return {{.find_nemesis = [this](std::string_view name) -> const Nemesis* {
                     return name == "scripted" ? &nemesis : nullptr;
                 },
                 .target = &toy,
                 .writer = writer.get(),
                 .clock = &time,
                 .view = [this] { return toy.view(); }},
                faults,
                10 * second};
    }
    void run_until(FaultConductor& conductor, Nanos t) {
        while (conductor.next_time().value_or(t) < t) {
            time.pass_until(*conductor.next_time());
            conductor.perform_next();
        }
        time.pass_until(t);
    }
};

} // namespace

TEST_CASE("a fault is resolved, stored, measured, injected, measured, healed, measured",
          "[engine]") {
    Stage stage;
    FaultConductor conductor = stage.conductor();
    CHECK(conductor.next_time() == 11 * second);
    stage.run_until(conductor, 12 * second);
    CHECK(conductor.active() == std::vector<std::string>{"n1 hurt"});
    stage.run_until(conductor, 60 * second);
    CHECK(conductor.active().empty());
    CHECK(stage.nemesis.calls == std::vector<std::string>{"resolve",
                                                          "probe before",
                                                          "inject",
                                                          "probe during",
                                                          "probe during",
                                                          "heal",
                                                          "probe after"});
    const FaultRecord& record = stage.memory->faults.at(5);
    CHECK(record.t_planned == 11 * second);
    CHECK(record.t_started == 11 * second);
    CHECK(record.t_ended == 13 * second);
    CHECK(record.state == FaultState::healed);
    CHECK(record.effective());
    CHECK(record.healed());
}

TEST_CASE("what a fault remembers of before is stored with it", "[engine]") {
    Stage stage;
    FaultConductor conductor = stage.conductor();
    stage.run_until(conductor, 60 * second);
    CHECK(stage.memory->faults.at(5).fault.params.at("before") == Value{"whole"});
}

TEST_CASE("a fault has its turns until it is healed", "[engine]") {
    Stage stage;
    stage.nemesis.turns = 100;
    FaultConductor conductor = stage.conductor();
    stage.run_until(conductor, 60 * second);
    const auto is_turn = [](const std::string& call) { return call.starts_with("turn"); };
    CHECK(std::ranges::count_if(stage.nemesis.calls, is_turn) == 6); // of 2 s
    CHECK(stage.nemesis.calls.back() == "probe after");
    CHECK(std::ranges::find(stage.nemesis.calls, "turn 6") <
          std::ranges::find(stage.nemesis.calls, "heal"));
    CHECK(stage.memory->events_of("fault_turn_failed").empty());
}

TEST_CASE("a fault has no turns while its heal is tried again", "[engine]") {
    Stage stage;
    stage.nemesis.turns = 100;
    stage.nemesis.heals_that_fail = 3;
    FaultConductor conductor = stage.conductor();
    stage.run_until(conductor, 60 * second);
    const auto first = std::ranges::find(stage.nemesis.calls, "heal");
    CHECK(std::find(first, stage.nemesis.calls.end(), "turn 7") == stage.nemesis.calls.end());
    CHECK(std::count(first, stage.nemesis.calls.end(), "heal") == 4);
}

TEST_CASE("a turn that fails is an event, and the next one comes", "[engine]") {
    Stage stage;
    stage.nemesis.turns = 2;
    stage.nemesis.takes_turns = false;
    FaultConductor conductor = stage.conductor();
    stage.run_until(conductor, 60 * second);
    CHECK(stage.memory->events_of("fault_turn_failed").size() == 2);
    CHECK(stage.memory->faults.at(5).state == FaultState::healed);
}

TEST_CASE("who stops everything stops the turns", "[engine]") {
    Stage stage;
    stage.nemesis.turns = 100;
    FaultConductor conductor = stage.conductor();
    stage.run_until(conductor, 11 * second + 500 * millisecond);
    conductor.heal_all();
    stage.run_until(conductor, 60 * second);
    const auto is_turn = [](const std::string& call) { return call.starts_with("turn"); };
    CHECK(std::ranges::count_if(stage.nemesis.calls, is_turn) == 1);
}

TEST_CASE("a fault that cannot be resolved is an event with the reason", "[engine]") {
    Stage stage;
    stage.nemesis.resolves = false;
    FaultConductor conductor = stage.conductor();
    stage.run_until(conductor, 60 * second);
    CHECK(stage.memory->faults.empty());
    const auto skipped = stage.memory->events_of("fault_skipped");
    REQUIRE(skipped.size() == 1);
    CHECK(skipped[0].fields.at("reason") == Value{"no leader is known"});
    CHECK(skipped[0].fields.at("fault") == Value{5});
}

TEST_CASE("a fault that cannot be stored is not injected", "[engine]") {
    Stage stage;
    stage.memory->fails_after = 0;
    FaultConductor conductor = stage.conductor();
    stage.run_until(conductor, 60 * second);
    CHECK(stage.nemesis.calls == std::vector<std::string>{"resolve"});
}

TEST_CASE("a fault whose injection failed is healed and counted as failed", "[engine]") {
    Stage stage;
    stage.nemesis.injects = false;
    FaultConductor conductor = stage.conductor();
    stage.run_until(conductor, 60 * second);
    CHECK(stage.memory->events_of("fault_failed").size() == 1);
    CHECK(stage.memory->faults.at(5).state == FaultState::failed);
    CHECK(stage.memory->faults.at(5).t_started == -1);
    CHECK(std::ranges::count(stage.nemesis.calls, "heal") == 1);
}

TEST_CASE("a heal that fails is tried again", "[engine]") {
    Stage stage;
    stage.nemesis.heals_that_fail = 2;
    FaultConductor conductor = stage.conductor();
    stage.run_until(conductor, 60 * second);
    CHECK(std::ranges::count(stage.nemesis.calls, "heal") == 3);
    CHECK(stage.memory->events_of("heal_failed").size() == 2);
    CHECK(stage.memory->faults.at(5).state == FaultState::healed);
}

TEST_CASE("evidence of healing is the last measurement, given time", "[engine]") {
    Stage stage;
    stage.nemesis.denials = 3;
    FaultConductor conductor = stage.conductor();
    stage.run_until(conductor, 60 * second);
    CHECK(std::ranges::count(stage.nemesis.calls, "probe after") == 4);
    CHECK(stage.memory->faults.at(5).healed());

    Stage stubborn;
    stubborn.nemesis.denials = 1000;
    FaultConductor second_conductor = stubborn.conductor();
    stubborn.run_until(second_conductor, 60 * second);
    CHECK(!stubborn.memory->faults.at(5).healed());
    CHECK(!second_conductor.next_time());
}

TEST_CASE("healing all stops the schedule and heals what is on", "[engine]") {
    Stage stage;
    stage.faults.push_back(
        {.id = 6, .nemesis = "scripted", .t_start = 30 * second, .duration = second});
    FaultConductor conductor = stage.conductor();
    stage.run_until(conductor, 12 * second);
    conductor.heal_all();
    CHECK(stage.memory->faults.at(5).state == FaultState::healed);
    conductor.heal_all();
    stage.run_until(conductor, 60 * second);
    CHECK(stage.memory->faults.size() == 1);
    CHECK(stage.memory->faults.at(5).healed());
    CHECK(std::ranges::count(stage.nemesis.calls, "heal") == 1);
}

TEST_CASE("a conductor that goes away heals", "[engine]") {
    Stage stage;
    {
        FaultConductor conductor = stage.conductor();
        stage.run_until(conductor, 12 * second);
    }
    CHECK(stage.memory->faults.at(5).state == FaultState::healed);
}

namespace {

/// Two faults of two seconds, the second one begins half a second after the first.
struct Overlap : Stage {
    Overlap(const std::string& first, const std::string& second_target, bool budget) {
        faults[0].target = first;
        faults.push_back({.id = 6,
                          .nemesis = "scripted",
                          .t_start = second + 500 * millisecond,
                          .duration = 2 * second,
                          .target = second_target,
                          .seed = 1});
        for (FaultSpec& fault : faults) {
            if (budget) fault.params[budget_parameter] = 1;
        }
    }
    [[nodiscard]] Nanos began(FaultId fault) const { return memory->faults.at(fault).t_started; }
};

} // namespace

TEST_CASE("a fault that would hurt too many with another waits for it", "[engine]") {
    Overlap stage("n1", "n2 n3", true);
    FaultConductor conductor = stage.conductor();
    stage.run_until(conductor, 60 * second);
    CHECK(stage.began(5) == 11 * second);
    CHECK(stage.began(6) > 13 * second); // the first is healed
    CHECK(stage.began(6) <= 13 * second + 200 * millisecond);
    CHECK(stage.memory->events_of("fault_skipped").empty());
}

TEST_CASE("alone a fault may hurt more than the budget", "[engine]") {
    Overlap stage("n2 n3", "n1", true);
    FaultConductor conductor = stage.conductor();
    stage.run_until(conductor, 60 * second);
    CHECK(stage.began(5) == 11 * second);
    CHECK(stage.began(6) > 13 * second);
}

TEST_CASE("without a budget faults overlap, whomever they hurt", "[engine]") {
    Overlap stage("n1", "n2 n3", false);
    FaultConductor conductor = stage.conductor();
    stage.run_until(conductor, 60 * second);
    CHECK(stage.began(6) == 11 * second + 500 * millisecond);
}

TEST_CASE("a fault with a choice takes who is hurt already", "[engine]") {
    Overlap stage("n1", "some", true);
    FaultConductor conductor = stage.conductor();
    stage.run_until(conductor, 60 * second);
    CHECK(stage.began(6) == 11 * second + 500 * millisecond);
    CHECK(stage.memory->faults.at(6).fault.targets == std::vector<NodeId>{0});
}

TEST_CASE("a fault for which there is no room in all its time is skipped", "[engine]") {
    Overlap stage("n1", "n2 n3", true);
    stage.faults[1].duration = second;
    FaultConductor conductor = stage.conductor();
    stage.run_until(conductor, 60 * second);
    const auto skipped = stage.memory->events_of("fault_skipped");
    REQUIRE(skipped.size() == 1);
    CHECK(skipped[0].fields.at("reason") == Value{"with others it would have hurt too many nodes"});
    CHECK_FALSE(stage.memory->faults.contains(6));
}
