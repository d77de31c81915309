#include "nemesis/node/disk_rules.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <numbers>
#include <utility>

namespace faultlab::node {
namespace {

bool matches(const DiskRule& rule, const DiskCall& call) {
    if (!rule.ops[static_cast<std::size_t>(call.op)] || call.now < rule.starts) return false;
    if (rule.fault == DiskFault::full && !call.allocates) return false;
    if (rule.path.empty()) return true;
    return ::fnmatch(rule.path.c_str(), std::string(call.path).c_str(), 0) == 0;
}

/// In (0, 1].
double uniform(Rng& rng) {
    constexpr std::uint64_t steps = std::uint64_t{1} << 53U;
    return static_cast<double>(rng.below(steps) + 1) / static_cast<double>(steps);
}

/// Box and Muller 1958.
double normal(Rng& rng) {
    const double radius = std::sqrt(-2.0 * std::log(uniform(rng)));
    return radius * std::cos(2.0 * std::numbers::pi * uniform(rng));
}

void apply(const DiskRule& rule, Rng& rng, RuleBook::Count& count, DiskFate& fate) {
    switch (rule.fault) {
        case DiskFault::delay: {
            const Nanos delay = drawn_delay(rule, rng);
            fate.delay += delay;
            count.delay += delay;
            return;
        }
        case DiskFault::stall: fate.stalls = true; return;
        case DiskFault::error: fate.error = rule.error; return;
        case DiskFault::full: fate.error = ENOSPC; return;
        case DiskFault::sync_fails:
            fate.sync_fails = true;
            fate.lost = rule.lost;
            return;
        case DiskFault::sync_lies: fate.sync_lies = true; return;
        case DiskFault::torn: fate.tear = rule.tear; break;
        case DiskFault::misdirected: fate.misdirected = true; break;
        case DiskFault::stale: fate.stale = true; return;
        case DiskFault::bit_flip: fate.bit_flip = true; break;
    }
    fate.seed = rng.next();
}

} // namespace

Nanos drawn_delay(const DiskRule& rule, Rng& rng) {
    const auto middle = static_cast<double>(rule.delay);
    const auto jitter = static_cast<double>(rule.jitter);
    double drawn = middle;
    switch (rule.spread) {
        case Spread::fixed: return rule.delay;
        case Spread::uniform: drawn = middle + jitter * (2.0 * uniform(rng) - 1.0); break;
        case Spread::normal: drawn = middle + jitter * normal(rng); break;
        case Spread::exponential: drawn = -middle * std::log(uniform(rng)); break;
    }
    return static_cast<Nanos>(std::clamp(drawn, 0.0, 10.0 * middle + jitter));
}

void RuleBook::add(DiskRule rule, Nanos now) {
    remove(rule.id);
    Entry entry{.rule = std::move(rule), .rng = Rng(0)};
    entry.rng = Rng(entry.rule.seed);
    entry.ends = entry.rule.lasts == 0 ? 0 : now + entry.rule.lasts;
    counts_[entry.rule.id];
    entries_.push_back(std::move(entry));
}

void RuleBook::remove(std::int64_t id) {
    std::erase_if(entries_, [&](const Entry& entry) { return entry.rule.id == id; });
}

void RuleBook::expire(Nanos now) {
    std::erase_if(entries_,
                  [&](const Entry& entry) { return entry.ends != 0 && entry.ends <= now; });
}

bool RuleBook::any(DiskFault fault) const {
    return std::ranges::any_of(entries_,
                               [&](const Entry& entry) { return entry.rule.fault == fault; });
}

bool RuleBook::reads_matter() const {
    return std::ranges::any_of(entries_, [](const Entry& entry) {
        return entry.rule.ops[static_cast<std::size_t>(DiskOp::read)];
    });
}

bool RuleBook::has(std::int64_t id) const {
    return std::ranges::any_of(entries_, [&](const Entry& entry) { return entry.rule.id == id; });
}

bool RuleBook::hits(Entry& entry, const DiskCall& call) {
    const DiskRule& rule = entry.rule;
    if (!matches(rule, call)) return false;
    ++counts_[rule.id].matched;
    if (rule.nth > 0) {
        const auto found = entry.of_file.try_emplace(std::string(call.path), 0).first;
        if (++found->second < rule.nth) return false;
    }
    if (rule.times > 0 && entry.hits >= rule.times) return false;
    if (rule.chance < 1'000'000 &&
        !entry.rng.chance(static_cast<std::uint64_t>(rule.chance), 1'000'000)) {
        return false;
    }
    ++entry.hits;
    ++counts_[rule.id].hit;
    return true;
}

DiskFate RuleBook::decide(const DiskCall& call) {
    DiskFate fate;
    for (Entry& entry : entries_) {
        if (!hits(entry, call)) continue;
        apply(entry.rule, entry.rng, counts_[entry.rule.id], fate);
        fate.rules.push_back(entry.rule.id);
    }
    return fate;
}

bool RuleBook::stalls(const DiskCall& call) const {
    return std::ranges::any_of(entries_, [&](const Entry& entry) {
        return entry.rule.fault == DiskFault::stall && matches(entry.rule, call);
    });
}

} // namespace faultlab::node
