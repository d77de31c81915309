#include "reports/roles.hpp"
#include "reports/scale.hpp"
#include "reports/series.hpp"
#include "reports/tally.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/record_builder.hpp"

#include <algorithm>
#include <numeric>

using namespace faultlab;

TEST_CASE("a series counts every operation once, where it was completed") {
    test::RecordBuilder builder;
    for (int i = 0; i < 100; ++i)
        builder.op({1, 0, "write", "k", i, {}, i * 100.0, i * 100.0 + 2.0 + (i % 10)});
    builder.op({2, 0, "write", "k", 7, {}, 9'950, -1, OpStatus::open});
    const Record record = builder.build();
    const Series series = make_series(record, tally(record).end);
    const double slice = static_cast<double>(series.slice) / 1e9;
    const auto sum = [slice](const std::vector<double>& values) {
        return std::accumulate(values.begin(), values.end() - 1, 0.0) * slice;
    };
    CHECK(sum(series.ok) + series.ok.back() * slice == Approx(100).margin(1));
    CHECK(sum(series.failed) == 0);
    CHECK(series.ok.size() <= 121);
    for (const auto& latency : series.latency) {
        CHECK(latency[0] <= latency[1]);
        CHECK(latency[1] <= latency[2]);
        CHECK(latency[2] <= latency[3]);
        CHECK(latency[3] <= 11 * millisecond);
    }
}

TEST_CASE("latency counts from the intended start") {
    test::RecordBuilder builder;
    builder.op({1, 0, "read", "k", {}, 1, 500, 510});
    Record record = builder.build();
    HistoryBuilder late;
    Op op = record.history.op(0);
    op.t_due = 100 * millisecond;
    late.add(op);
    record.history = late.build();
    const Series series = make_series(record, second);
    const auto found =
        std::ranges::find_if(series.latency, [](const auto& latency) { return latency[0] >= 0; });
    REQUIRE(found != series.latency.end());
    CHECK((*found)[0] == 410 * millisecond);
}

TEST_CASE("a scale keeps order, its ends, and folds what is far from every moment") {
    const std::vector<Nanos> moments = {10 * second, 10 * second + 5 * millisecond, 40 * second};
    const TimeScale scale = TimeScale::around(moments, 10 * millisecond, 100, 1000);
    double before = scale.left();
    for (Nanos t = 9 * second; t < 41 * second; t += millisecond) {
        CHECK(scale.x(t) >= before);
        before = scale.x(t);
    }
    CHECK(scale.x(0) == 100);
    CHECK(scale.x(50 * second) == Approx(1000));
    CHECK(scale.pieces().size() == 3);
    CHECK(scale.shows(40 * second, 40 * second));
    CHECK_FALSE(scale.shows(20 * second, 30 * second));
    CHECK(scale.x(10 * second + 5 * millisecond) - scale.x(10 * second) > 50);
}

TEST_CASE("ticks do not touch each other") {
    for (const Nanos end : {40 * millisecond, 7 * second, 61 * second, 3600 * second}) {
        const auto ticks = TimeScale(0, end, 112, 1050).ticks(86);
        CHECK(ticks.size() >= 4);
        for (std::size_t i = 1; i < ticks.size(); ++i)
            CHECK(ticks[i].x - ticks[i - 1].x >= 60);
    }
}

TEST_CASE("roles become bands that end where the node falls silent") {
    test::RecordBuilder builder;
    for (int t = 0; t < 1'000; t += 100)
        builder.sample(t, 0, "role", 0);
    for (int t = 1'000; t < 2'000; t += 100)
        builder.sample(t, 0, "role", 2).sample(t, 0, "term", 4);
    builder.sample(9'000, 0, "role", 2).sample(9'000, 0, "term", 4);
    const auto bands = role_bands(builder.build());
    REQUIRE(bands.size() == 3);
    CHECK(bands[0].role == 0);
    CHECK(bands[0].to == 1'000 * millisecond);
    CHECK(bands[1].role == 2);
    CHECK(bands[1].term == 4);
    CHECK(bands[1].to == 1'900 * millisecond);
    CHECK(bands[2].from == 9'000 * millisecond);
}
