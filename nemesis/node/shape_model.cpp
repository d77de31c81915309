#include "nemesis/node/shape_model.hpp"

#include <algorithm>
#include <cmath>

namespace faultlab::node {
namespace {

constexpr auto parts = static_cast<std::uint64_t>(whole);

bool happens(std::int64_t share, Rng& rng) {
    if (share <= 0) return false;
    return rng.chance(static_cast<std::uint64_t>(share), parts);
}

/// About normal, by the sum of twelve uniform numbers, which has variance 1.
Nanos normal_offset(Nanos jitter, Rng& rng) {
    constexpr std::int64_t unit = 1 << 16;
    std::int64_t sum = -6 * unit;
    for (int i = 0; i < 12; ++i)
        sum += rng.between(0, unit);
    return static_cast<Nanos>(static_cast<double>(jitter) * static_cast<double>(sum) / unit);
}

/// Pareto with the exponent 3, moved to begin at 0 and scaled to the mean `jitter`.
Nanos pareto_offset(Nanos jitter, Rng& rng) {
    const double u = static_cast<double>(1 + rng.below(parts)) / static_cast<double>(whole);
    return static_cast<Nanos>(static_cast<double>(jitter) * 2 * (1 / std::cbrt(u) - 1));
}

} // namespace

bool CorrelatedChance::draw() {
    if (share_ <= 0) return false;
    if (!last_ || !happens(correlation_, rng_)) last_ = happens(share_, rng_);
    return *last_;
}

LinkModel::LinkModel(const PacketEffects& effects, const Rng& rng)
    : effects_(effects), loss_(effects.loss, effects.loss_correlation, rng.split("loss")),
      duplicate_(effects.duplicate, effects.duplicate_correlation, rng.split("duplicate")),
      reorder_(effects.reorder, effects.reorder_correlation, rng.split("reorder")),
      corrupt_(effects.corrupt, effects.corrupt_correlation, rng.split("corrupt")),
      burst_(rng.split("burst")), bits_(rng.split("bits")), delays_(rng.split("delay")) {}

bool LinkModel::lost() {
    if (happens(bad_ ? effects_.burst_stop : effects_.burst_start, burst_)) bad_ = !bad_;
    return bad_ ? happens(effects_.burst_loss, burst_) : loss_.draw();
}

Nanos LinkModel::draw_offset() {
    if (effects_.jitter == 0) return 0;
    switch (effects_.spread) {
        case Spread::uniform: return delays_.between(-effects_.jitter, effects_.jitter);
        case Spread::normal: return normal_offset(effects_.jitter, delays_);
        case Spread::pareto: return pareto_offset(effects_.jitter, delays_);
    }
    return 0;
}

Nanos LinkModel::draw_delay() {
    if (!last_delay_ || !happens(effects_.delay_correlation, delays_))
        last_delay_ = std::max<Nanos>(0, effects_.delay + draw_offset());
    return *last_delay_;
}

Nanos LinkModel::in_order(Nanos deliver) {
    if (!effects_.keeps_order) return deliver;
    last_delivery_ = std::max(last_delivery_, deliver);
    return last_delivery_;
}

Fate LinkModel::next(Nanos now, std::int64_t bytes) {
    Fate fate;
    if (lost()) {
        fate.loss = Loss::lost;
        return fate;
    }
    const bool twice = duplicate_.draw();
    Nanos sent = now;
    if (effects_.rate > 0) {
        const Nanos turn = std::max(now, free_at_);
        fate.waited = turn - now;
        if (fate.waited > effects_.queue) {
            fate.loss = Loss::overflowed;
            return fate;
        }
        const std::int64_t bits = bytes * 8 * (twice ? 2 : 1);
        sent = turn + static_cast<Nanos>(static_cast<double>(bits) * second /
                                         static_cast<double>(effects_.rate));
        free_at_ = sent;
    }
    fate.corrupt = corrupt_.draw();
    if (fate.corrupt) fate.corrupt_at = bits_.next();
    fate.held_back = reorder_.draw();
    fate.deliver = sent + draw_delay();
    fate.deliver = fate.held_back ? fate.deliver + effects_.reorder_by : in_order(fate.deliver);
    if (twice) fate.copy = in_order(sent + draw_delay());
    return fate;
}

} // namespace faultlab::node
