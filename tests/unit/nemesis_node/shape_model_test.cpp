// The fates of packets, without any: shares, bursts, correlations, spreads and order, over many
// packets of fixed seeds. The tolerances are five standard deviations or more.
#include "nemesis/node/shape_model.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

using namespace faultlab;
using namespace faultlab::node;

namespace {

constexpr int many = 100'000;
constexpr std::int64_t bytes = 1000;

std::vector<Fate> fates(const PacketEffects& effects,
                        int count = many,
                        Nanos apart = millisecond,
                        std::uint64_t seed = 7) {
    LinkModel link(effects, Rng(seed));
    std::vector<Fate> result;
    for (int i = 0; i < count; ++i)
        result.push_back(link.next(i * apart, bytes));
    return result;
}

std::vector<bool> losses(const PacketEffects& effects) {
    std::vector<bool> lost;
    for (const Fate& fate : fates(effects))
        lost.push_back(fate.loss == Loss::lost);
    return lost;
}

double share(const std::vector<bool>& events) {
    return static_cast<double>(std::count(events.begin(), events.end(), true)) /
           static_cast<double>(events.size());
}

/// Correlation of each with the next.
template <class Number>
double correlation(const std::vector<Number>& values) {
    double mean = 0;
    for (const auto value : values)
        mean += static_cast<double>(value) / static_cast<double>(values.size());
    double together = 0;
    double alone = 0;
    for (std::size_t i = 0; i + 1 < values.size(); ++i) {
        const double here = static_cast<double>(values[i]) - mean;
        together += here * (static_cast<double>(values[i + 1]) - mean);
        alone += here * here;
    }
    return together / alone;
}

/// Mean length of the rows of losses.
double mean_burst(const std::vector<bool>& lost) {
    int bursts = 0;
    for (std::size_t i = 0; i < lost.size(); ++i) {
        if (lost[i] && (i == 0 || !lost[i - 1])) ++bursts;
    }
    return share(lost) * static_cast<double>(lost.size()) / bursts;
}

std::vector<double> delays_ms(const PacketEffects& effects) {
    std::vector<double> delays;
    Nanos now = 0;
    for (const Fate& fate : fates(effects)) {
        delays.push_back(static_cast<double>(fate.deliver - now) / millisecond);
        now += millisecond;
    }
    return delays;
}

double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double deviation(const std::vector<double>& values) {
    const double middle = mean(values);
    double sum = 0;
    for (const double value : values)
        sum += (value - middle) * (value - middle);
    return std::sqrt(sum / static_cast<double>(values.size()));
}

double percentile(std::vector<double> values, double part) {
    std::ranges::sort(values);
    return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

bool near(double value, double wanted, double tolerance) {
    UNSCOPED_INFO(value << " should be near " << wanted);
    return std::abs(value - wanted) < tolerance;
}

} // namespace

TEST_CASE("without effects every packet is delivered at once, and once") {
    Nanos now = 0;
    for (const Fate& fate : fates({})) {
        REQUIRE(fate.loss == Loss::none);
        REQUIRE(fate.deliver == now);
        REQUIRE_FALSE(fate.copy.has_value());
        REQUIRE_FALSE(fate.corrupt);
        now += millisecond;
    }
}

TEST_CASE("the same seed gives the same fates, another seed others") {
    const PacketEffects effects{.delay = millisecond, .jitter = millisecond, .loss = whole / 2};
    const auto first = fates(effects, 1000);
    const auto same = fates(effects, 1000);
    const auto other = fates(effects, 1000, millisecond, 8);
    const auto equal = [](const Fate& a, const Fate& b) {
        return a.loss == b.loss && a.deliver == b.deliver;
    };
    CHECK(std::ranges::equal(first, same, equal));
    CHECK_FALSE(std::ranges::equal(first, other, equal));
}

TEST_CASE("packets are lost in the share asked for, whatever the correlation") {
    for (const std::int64_t asked : {whole / 100, whole / 5, whole * 9 / 10}) {
        for (const std::int64_t correlated : {std::int64_t{0}, whole / 2}) {
            const auto lost = losses({.loss = asked, .loss_correlation = correlated});
            CHECK(near(share(lost), static_cast<double>(asked) / whole, 0.015));
            CHECK(near(correlation(lost), static_cast<double>(correlated) / whole, 0.06));
        }
    }
    CHECK(share(losses({.loss = whole})) == 1);
    CHECK(share(losses({.loss = 0})) == 0);
}

TEST_CASE("bursts of losses have the lengths of Gilbert and Elliott") {
    const PacketEffects bursts{.burst_start = whole / 100, .burst_stop = whole / 4};
    const auto lost = losses(bursts);
    // In the bad state for start / (start + stop) of the packets, each time for 1 / stop of them.
    CHECK(near(share(lost), 1.0 / 26, 0.006));
    CHECK(near(mean_burst(lost), 4, 0.5));
    PacketEffects partly = bursts;
    partly.burst_loss = whole / 2;
    CHECK(near(share(losses(partly)), 0.5 / 26, 0.004));
    PacketEffects both = bursts;
    both.loss = whole / 10;
    CHECK(near(share(losses(both)), 0.1 * 25 / 26 + 1.0 / 26, 0.008));
}

TEST_CASE("delays spread as asked for") {
    PacketEffects effects{
        .delay = 100 * millisecond, .jitter = 10 * millisecond, .keeps_order = false};

    effects.spread = Spread::uniform;
    auto delays = delays_ms(effects);
    CHECK(near(mean(delays), 100, 0.1));
    CHECK(near(deviation(delays), 10 / std::sqrt(3), 0.1));
    CHECK(percentile(delays, 0) >= 90);
    CHECK(percentile(delays, 1) <= 110);

    effects.spread = Spread::normal;
    delays = delays_ms(effects);
    CHECK(near(mean(delays), 100, 0.2));
    CHECK(near(deviation(delays), 10, 0.2));
    CHECK(near(percentile(delays, 0.8413), 110, 0.3));
    CHECK(near(percentile(delays, 0.9772), 120, 0.6));

    effects.spread = Spread::pareto;
    delays = delays_ms(effects);
    CHECK(percentile(delays, 0) >= 100);
    CHECK(near(mean(delays), 110, 0.6));
    CHECK(near(percentile(delays, 0.5), 100 + 20 * (std::cbrt(2) - 1), 0.2));
    CHECK(near(percentile(delays, 0.99), 100 + 20 * (std::cbrt(100) - 1), 4));
}

TEST_CASE("successive delays correlate as asked for") {
    for (const std::int64_t correlated : {std::int64_t{0}, whole / 4, whole * 9 / 10}) {
        const auto delays = delays_ms({.delay = 100 * millisecond,
                                       .jitter = 10 * millisecond,
                                       .delay_correlation = correlated,
                                       .keeps_order = false});
        CHECK(near(correlation(delays), static_cast<double>(correlated) / whole, 0.05));
        CHECK(near(deviation(delays), 10, 0.6));
    }
}

TEST_CASE("jitter keeps the order, unless it need not") {
    PacketEffects effects{.delay = 5 * millisecond, .jitter = 5 * millisecond};
    const auto in_order = [&] {
        const auto all = fates(effects, 10'000, 100 * microsecond);
        return std::ranges::is_sorted(all, {}, &Fate::deliver);
    };
    CHECK(in_order());
    effects.keeps_order = false;
    CHECK_FALSE(in_order());
}

TEST_CASE("no delay is negative") {
    const auto delays =
        delays_ms({.delay = millisecond, .jitter = 50 * millisecond, .keeps_order = false});
    CHECK(percentile(delays, 0) == 0);
}

TEST_CASE("a packet comes twice in the share asked for, the second time after the first") {
    int twice = 0;
    for (const Fate& fate : fates({.delay = millisecond, .duplicate = whole / 5})) {
        if (!fate.copy) continue;
        ++twice;
        REQUIRE(*fate.copy >= fate.deliver);
    }
    CHECK(near(static_cast<double>(twice) / many, 0.2, 0.008));
}

TEST_CASE("packets that are held back are overtaken, and hold up no others") {
    const auto all =
        fates({.delay = millisecond, .reorder = whole / 10, .reorder_by = 10 * millisecond});
    int held = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const Nanos now = static_cast<Nanos>(i) * millisecond;
        held += all[i].held_back ? 1 : 0;
        REQUIRE(all[i].deliver == now + (all[i].held_back ? 11 : 1) * millisecond);
    }
    CHECK(near(static_cast<double>(held) / many, 0.1, 0.006));
}

TEST_CASE("bits are flipped in the share asked for, at places all over") {
    int corrupt = 0;
    std::vector<int> places(8);
    for (const Fate& fate : fates({.corrupt = whole / 5})) {
        if (!fate.corrupt) continue;
        ++corrupt;
        ++places[fate.corrupt_at % places.size()];
    }
    CHECK(near(static_cast<double>(corrupt) / many, 0.2, 0.008));
    CHECK(std::ranges::min(places) > corrupt / 10);
}

TEST_CASE("a link carries the bits a second that it may, and drops what would wait too long") {
    constexpr std::int64_t rate = 1'000'000;
    constexpr Nanos of_one = bytes * 8 * second / rate; // 8 ms
    const Nanos queue = 100 * millisecond;
    const auto double_load = fates({.rate = rate, .queue = queue}, 10'000, of_one / 2);
    int delivered = 0;
    Nanos last = 0;
    for (std::size_t i = 0; i < double_load.size(); ++i) {
        const Fate& fate = double_load[i];
        if (fate.loss == Loss::overflowed) continue;
        ++delivered;
        REQUIRE(fate.deliver - last >= of_one);
        REQUIRE(fate.deliver - static_cast<Nanos>(i) * of_one / 2 <= queue + of_one);
        last = fate.deliver;
    }
    CHECK(near(delivered, 5'000, 50));
    const auto half_load = fates({.rate = rate, .queue = queue}, 1000, of_one * 2);
    for (std::size_t i = 0; i < half_load.size(); ++i) {
        REQUIRE(half_load[i].waited == 0);
        REQUIRE(half_load[i].deliver == static_cast<Nanos>(i) * of_one * 2 + of_one);
    }
}

TEST_CASE("one effect more changes nothing about the losses of another") {
    const PacketEffects few{.delay = 10 * millisecond, .jitter = millisecond, .loss = whole / 5};
    PacketEffects more = few;
    more.duplicate = whole / 2;
    more.corrupt = whole / 2;
    more.reorder = whole / 2;
    const auto a = fates(few, 10'000);
    const auto b = fates(more, 10'000);
    for (std::size_t i = 0; i < a.size(); ++i)
        REQUIRE(a[i].loss == b[i].loss);
}

TEST_CASE("effects say what they need of a queue") {
    CHECK_FALSE(PacketEffects{.delay = 1, .jitter = 1}.counts_packets());
    CHECK(PacketEffects{.loss = 1}.counts_packets());
    CHECK(PacketEffects{.burst_start = 1}.counts_packets());
    CHECK(PacketEffects{.rate = 1}.counts_packets());
    CHECK(PacketEffects{.duplicate = 1}.needs_content());
    CHECK(PacketEffects{.corrupt = 1}.needs_content());
    CHECK_FALSE(PacketEffects{.loss = 1, .reorder = 1}.needs_content());
}
