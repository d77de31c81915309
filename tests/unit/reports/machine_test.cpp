#include "reports/machine.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/golden.hpp"
#include "tests/unit/reports/samples.hpp"

#include <nlohmann/json.hpp>

using namespace faultlab;
using Json = nlohmann::json;

namespace {

Json report_of(const test::Judged& run) {
    return Json::parse(render_json(run.record, run.results, run.context));
}

} // namespace

TEST_CASE("report.json of a stale read is as the golden file says") {
    const test::Judged run = test::stale_read();
    test::check_golden("reports/stale_read.json",
                       render_json(run.record, run.results, run.context));
}

TEST_CASE("report.json names the verdict in every case") {
    CHECK(report_of(test::valid_run())["verdict"]["status"] == "valid");
    CHECK(report_of(test::unknown_floor())["verdict"]["status"] == "unknown");
    CHECK(report_of(test::failed_lab())["verdict"]["status"] == "error");
    CHECK(report_of(test::stale_read())["verdict"]["status"] == "invalid");
    CHECK(report_of(test::valid_run())["counterexample"].is_null());
    CHECK(report_of(test::Judged{})["schema"] == "faultlab.report/1");
}

TEST_CASE("report.json is valid JSON and small whatever the values are") {
    const test::Judged bytes = test::hostile("\xff\xed\xa0\x80\"\\\n");
    CHECK(report_of(bytes)["verdict"]["scope"]["key"] == "\\xff\\xed\\xa0\\x80\"\\\\n");
    const test::Judged large = test::hostile(std::string(1 << 20, 'x'));
    CHECK(render_json(large.record, large.results, large.context).size() < 200'000);
}
