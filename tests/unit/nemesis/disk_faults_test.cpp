// Faults of disks: what each tells which host (tests/golden/nemesis/disk-*), and which parameters
// it refuses.
#include "nemesis/catalogue.hpp"
#include "nemesis/disk.hpp"
#include "nemesis/parameters.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/sim_host.hpp"

#include <fmt/format.h>

using namespace faultlab;

namespace {

constexpr const char* disk_report =
    R"({"power":"on","tracks":true,"dirty":0,"lost":3,"now":1000000000,)"
    R"("cut":{"files":1,"pages":4,"kept":0,"names":2},"ops":{},)"
    R"("rules":{"7":{"active":true,"matched":9,"hit":5,"delay":250000000}}})";

/// Hosts whose disks answer.
void give_disks(SimTarget& target) {
    for (int i = 1; i <= 5; ++i) {
        SimHost& host = target.host(fmt::format("n{}", i));
        const std::string ask =
            fmt::format("faultlab-node ask --directory /faults/n{} --name disk ", i);
        host.answer(ask, {.out = "{\"ok\":true}\n"});
        host.answer(ask + "report", {.out = std::string(disk_report) + "\n"});
        host.answer(ask + "--or no runs", {.out = "4711\n"});
    }
}

FaultSpec spec_of(const std::string& name, const std::string& detail) {
    FaultSpec spec{.id = 7, .nemesis = name, .duration = 5 * second, .seed = 42};
    const auto nemesis = (*find_nemesis(name))->make();
    const auto options = nemesis->options();
    const auto read = read_detail(detail, options, name, spec);
    if (!read) FAIL(read.error().text());
    Rng rng(1);
    nemesis->draw(rng, 5, spec);
    return spec;
}

Result<Fault> resolved(const std::string& name, const std::string& detail) {
    return (*find_nemesis(name))->make()->resolve(spec_of(name, detail), SimTarget(5).view());
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

std::string transcript(const std::string& name, const std::string& detail) {
    SimTarget target(5);
    give_disks(target);
    const auto nemesis = (*find_nemesis(name))->make();
    const auto fault = nemesis->resolve(spec_of(name, detail), target.view());
    if (!fault) FAIL(fault.error().text());
    std::string text = fmt::format("# {}\n\n# prepare n1\n", fault->summary);
    target.host("n1").answer("faultlab-node ask --directory /faults/n1 --name disk --or no runs",
                             {.out = "no\n"});
    CHECK(nemesis->prepare(target.node_host(0)).ok());
    give_disks(target);
    text += target.take_transcript() + "\n# inject\n";
    CHECK(nemesis->inject(*fault, target).ok());
    text += target.take_transcript() + "\n# probe during\n";
    const auto during = nemesis->probe(*fault, target, EvidencePhase::during);
    text += target.take_transcript() + evidence_text(during) + "\n# heal\n";
    CHECK(nemesis->heal(*fault, target).ok());
    return text + target.take_transcript();
}

void check(const std::string& file, const std::string& name, const std::string& detail) {
    test::check_golden("nemesis/" + file + ".txt", transcript(name, detail));
}

std::string complaint(const std::string& name, const std::string& detail) {
    const auto fault = resolved(name, detail);
    return fault ? "" : fault.error().text();
}

} // namespace

TEST_CASE("faults of disks do to the hosts what their golden files say") {
    check("disk-delay-one", "disk-delay", "n2:delay=50ms:jitter=5ms:spread=normal:path=*wal*");
    check("disk-delay-two", "disk-delay", "n2+n3:op=read");
    check("disk-stall", "disk-stall", "n2");
    check("disk-error", "disk-error", "n2:op=sync:error=EROFS:nth=3:times=1:chance=50%");
    check("disk-full", "disk-full", "n2");
    check("disk-full-overwrites", "disk-full", "n2:overwrites=fail");
    check("fsync-error", "fsync-error", "n2+n5");
    check("fsync-lies", "fsync-lies", "n2");
    check("power-cut", "power-cut", "n1+n2:keep=10%:tear=prefix:lies=1s:names=strict");
    check("torn-write-cut", "torn-write", "n2:tear=suffix");
    check("torn-write-any", "torn-write", "n2:when=write:tear=interleaved:times=1");
    check("misdirected-write", "misdirected-write", "n2");
    check("stale-read", "stale-read", "n2");
    check("bit-flip", "bit-flip", "n2:restart=off");
}

TEST_CASE("faults of disks refuse parameters that cannot be") {
    CHECK(complaint("disk-delay", "n1:delay=fast").find("delay") != std::string::npos);
    CHECK(complaint("disk-delay", "n1:delay=0").find("delay") != std::string::npos);
    CHECK(complaint("disk-delay", "n1:op=think").find("op cannot be 'think'") != std::string::npos);
    CHECK(complaint("disk-stall", "n1:op=").find("op") != std::string::npos);
    CHECK(complaint("disk-error", "n1:chance=200%").find("chance") != std::string::npos);
    CHECK(complaint("disk-error", "n1:nth=-1").find("nth") != std::string::npos);
    CHECK(complaint("power-cut", "n1:lies=5s").find("lies") != std::string::npos);
    CHECK(complaint("power-cut", "n1:keep=x").find("keep") != std::string::npos);
    CHECK(complaint("fsync-error", "n1:times=x").find("times") != std::string::npos);
    CHECK(complaint("disk-full", "n9").find("n9") != std::string::npos);
}

TEST_CASE("a fault of disks is the same when it is exact") {
    for (const char* name : {"disk-delay", "power-cut", "torn-write", "bit-flip"}) {
        const auto nemesis = (*find_nemesis(name))->make();
        const FaultSpec spec = spec_of(name, "leader");
        ClusterView view = SimTarget(5).view();
        const auto fault = nemesis->resolve(spec, view);
        REQUIRE(fault.ok());
        view.nodes[0].leads = false;
        view.nodes[3].leads = true;
        const auto again = nemesis->resolve(nemesis->exact(*fault, spec), view);
        REQUIRE(again.ok());
        CHECK(again->targets == fault->targets);
        CHECK(again->undo == fault->undo);
        CHECK(text_of(again->params, "rule") == text_of(fault->params, "rule"));
        CHECK(text_of(again->params, "cut") == text_of(fault->params, "cut"));
    }
}

TEST_CASE("a disk that does not answer is mounted anew, and the replica started on it") {
    SimTarget target(5);
    give_disks(target);
    target.host("n2").answer("faultlab-node ask --directory /faults/n2 --name disk --or no runs",
                             {.out = "no\n"});
    const auto nemesis = (*find_nemesis("disk-delay"))->make();
    const auto fault = nemesis->resolve(spec_of("disk-delay", "n2"), target.view());
    REQUIRE(fault.ok());
    CHECK(nemesis->heal(*fault, target).ok());
    const std::string done = target.take_transcript();
    const auto killed = done.find("n2: kill the replica");
    const auto mounted = done.find("n2: run faultlab-node disk --directory");
    const auto started = done.find("n2: start the replica");
    REQUIRE(killed != std::string::npos);
    CHECK(killed < mounted);
    CHECK(mounted < started);
    CHECK(started != std::string::npos);
}
