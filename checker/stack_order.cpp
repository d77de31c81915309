#include "checker/stack_order.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

namespace faultlab {
namespace {

constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

/// The least of a range of numbers, and where one below a limit is.
class LeastTree {
public:
    explicit LeastTree(std::span<const Index> values)
        : leaves_(std::bit_ceil(std::max<std::size_t>(values.size(), 1))),
          least_(2 * leaves_, never) {
        std::ranges::copy(values, least_.begin() + static_cast<std::ptrdiff_t>(leaves_));
        for (std::size_t i = leaves_; i-- > 1;)
            least_[i] = std::min(least_[2 * i], least_[2 * i + 1]);
    }

    /// Some position in [first, last] whose number is below the limit, or nowhere.
    [[nodiscard]] std::size_t find(std::size_t first, std::size_t last, Index limit) const {
        std::size_t left = first + leaves_;
        std::size_t right = last + leaves_ + 1;
        for (; left < right; left /= 2, right /= 2) {
            if (left % 2 == 1 && least_[left++] < limit) return descend(left - 1, limit);
            if (right % 2 == 1 && least_[--right] < limit) return descend(right, limit);
        }
        return nowhere;
    }
    void erase(std::size_t at) {
        at += leaves_;
        least_[at] = never;
        for (at /= 2; at > 0; at /= 2)
            least_[at] = std::min(least_[2 * at], least_[2 * at + 1]);
    }

private:
    [[nodiscard]] std::size_t descend(std::size_t node, Index limit) const {
        while (node < leaves_)
            node = least_[2 * node] < limit ? 2 * node : 2 * node + 1;
        return node - leaves_;
    }

    std::size_t leaves_;
    std::vector<Index> least_;
};

/// How many critical intervals cover each gap between two neighbouring ends of intervals.
class CoverTree {
public:
    explicit CoverTree(std::span<const std::int32_t> counts)
        : leaves_(std::bit_ceil(std::max<std::size_t>(counts.size(), 1))),
          least_(2 * leaves_, found), added_(leaves_, 0) {
        std::ranges::copy(counts, least_.begin() + static_cast<std::ptrdiff_t>(leaves_));
        for (std::size_t i = leaves_; i-- > 1;)
            least_[i] = std::min(least_[2 * i], least_[2 * i + 1]);
    }

    /// One less over [first, last).
    void uncover(std::size_t first, std::size_t last) {
        const std::size_t left = first + leaves_;
        const std::size_t right = last + leaves_;
        for (std::size_t l = left, r = right; l < r; l /= 2, r /= 2) {
            if (l % 2 == 1) lower(l++);
            if (r % 2 == 1) lower(--r);
        }
        renew(left);
        renew(right - 1);
    }

    /// Finds the first gap of [first, last) that nothing covers, and will not find it again.
    std::size_t next_bare(std::size_t first, std::size_t last) {
        const std::size_t at = search(1, 0, leaves_, first, last, 0);
        if (at == nowhere) return nowhere;
        least_[at + leaves_] = found;
        renew(at + leaves_);
        return at;
    }

private:
    static constexpr std::int32_t found = std::numeric_limits<std::int32_t>::max() / 2;

    void lower(std::size_t node) {
        --least_[node];
        if (node < leaves_) --added_[node];
    }
    void renew(std::size_t node) {
        for (node /= 2; node > 0; node /= 2)
            least_[node] = std::min(least_[2 * node], least_[2 * node + 1]) + added_[node];
    }
    /// `above`: what was added to nodes above this one.
    [[nodiscard]] std::size_t search(std::size_t node,
                                     std::size_t from,
                                     std::size_t to,
                                     std::size_t first,
                                     std::size_t last,
                                     std::int32_t above) const {
        if (to <= first || last <= from || least_[node] + above > 0) return nowhere;
        if (node >= leaves_) return from;
        const std::size_t middle = from + (to - from) / 2;
        const std::int32_t below = above + added_[node];
        const std::size_t at = search(2 * node, from, middle, first, last, below);
        return at != nowhere ? at : search(2 * node + 1, middle, to, first, last, below);
    }

    std::size_t leaves_;
    std::vector<std::int32_t> least_;
    std::vector<std::int32_t> added_;
};

/// The values with critical intervals, by the return of their push, and the ends of the intervals
/// as ranks: ends are numbered in order of time.
class Runs {
public:
    Runs(std::span<const ItemLife> items, const StackRules& rules) : rules_(rules) {
        std::vector<Index> returns;
        for (const ItemLife& item : items)
            returns.push_back(item.critical() ? item.add_ret : never);
        for (const std::uint32_t i : order_of(returns)) {
            if (returns[i] != never) items_.push_back(items[i]);
        }
        const std::size_t size = items_.size();
        std::vector<Index> ends;
        for (const ItemLife& item : items_)
            ends.push_back(item.add_ret);
        for (const ItemLife& item : items_)
            ends.push_back(item.take_inv);
        begin_.resize(size);
        end_.resize(size);
        std::vector<std::int32_t> covers(2 * size, 0);
        std::size_t rank = 0;
        std::size_t begun = 0;
        std::int32_t cover = 0;
        for (const std::uint32_t i : order_of(ends)) {
            const bool begins = i < size;
            (begins ? begin_[i] : end_[i - size]) = rank;
            cover += begins ? 1 : -1;
            begun += begins ? 1 : 0;
            begun_.push_back(begun);
            time_.push_back(ends[i]);
            covers[rank++] = cover;
        }
        covers_ = std::move(covers);
    }

    /// The values of a run without a bottom; empty when there is none.
    [[nodiscard]] std::vector<ItemLife> find_bottomless() const {
        std::vector<Index> pushes;
        std::vector<Index> pops; // negative: the latest is the least
        for (const ItemLife& item : items_) {
            pushes.push_back(item.add_inv);
            pops.push_back(-item.take_ret);
        }
        LeastTree push(pushes);
        LeastTree pop(pops);
        CoverTree cover(covers_);
        std::vector<std::uint8_t> fits(items_.size(), 0);
        std::vector<Run> runs;
        split({.first = 0, .last = time_.size()}, cover, runs);
        std::vector<std::size_t> bottoms;
        while (!runs.empty()) {
            const Run run = runs.back();
            runs.pop_back();
            const std::size_t first = begun_[run.first] - 1;
            const std::size_t last = begun_[run.last] - 1;
            bottoms.clear();
            const auto collect = [&](LeastTree& tree, Index limit) {
                for (;;) {
                    const std::size_t item = tree.find(first, last, limit);
                    if (item == nowhere) return;
                    tree.erase(item);
                    if (++fits[item] == 2) bottoms.push_back(item);
                }
            };
            collect(push, rules_.below ? time_[run.first] : never);
            // What is never popped is there longer than all that is: to the end of time.
            const Index longer = time_[run.last] == never ? 1 - never : -time_[run.last];
            collect(pop, rules_.above ? longer : never);
            if (bottoms.empty()) return left_of(first, last, fits);
            for (const std::size_t item : bottoms)
                cover.uncover(begin_[item], end_[item]);
            split(run, cover, runs);
        }
        return {};
    }

private:
    /// Ranks of its first and last end.
    struct Run {
        std::size_t first = 0;
        std::size_t last = 0;
    };

    /// The runs that the bare gaps leave of one run.
    static void split(const Run& run, CoverTree& cover, std::vector<Run>& runs) {
        std::size_t from = run.first;
        for (;;) {
            const std::size_t bare = cover.next_bare(from, run.last);
            const std::size_t to = bare == nowhere ? run.last : bare;
            if (to > from) runs.push_back({.first = from, .last = to});
            if (bare == nowhere) return;
            from = bare + 1;
        }
    }

    /// The values of a run that were not taken for a bottom.
    [[nodiscard]] std::vector<ItemLife>
    left_of(std::size_t first, std::size_t last, std::span<const std::uint8_t> fits) const {
        std::vector<ItemLife> found;
        for (std::size_t i = first; i <= last; ++i) {
            if (fits[i] < 2) found.push_back(items_[i]);
        }
        return found;
    }

    const StackRules& rules_;
    std::vector<ItemLife> items_;
    std::vector<std::size_t> begin_, end_; ///< by value: ranks
    std::vector<std::size_t> begun_;       ///< by rank: how many intervals began until then
    std::vector<Index> time_;              ///< by rank
    std::vector<std::int32_t> covers_;     ///< by rank: of the gap after it
};

Judgement decide(const ItemLives& lives, const StackRules& rules) {
    Judgement judgement{.verdict = Verdict::valid, .method = "runs of a stack"};
    const std::vector<ItemLife> bottomless = Runs(lives.items, rules).find_bottomless();
    if (!bottomless.empty()) {
        judgement.certificate = Certificate{
            .ops = operations_on(bottomless),
            .anomaly = "out_of_order",
            .rule = "some of these values are always there, and none of them can have been below "
                    "the others"};
    } else if (rules.items.empties) {
        judgement.certificate = find_false_empty(lives);
    }
    if (judgement.certificate) judgement.verdict = Verdict::invalid;
    return judgement;
}

/// The value among some whose pop returns first, of those whose pop begins after a moment: a tree
/// of prefixes (Fenwick, 1994) over the values by descending beginning.
class FirstPopped {
public:
    explicit FirstPopped(std::span<const ItemLife> items) : items_(items) {
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (items[i].taken >= 0) order_.push_back(i);
        }
        std::ranges::sort(order_, std::greater{}, [&](std::size_t i) { return items[i].take_inv; });
        first_.assign(order_.size() + 1, nowhere);
    }

    void insert(std::size_t item) {
        for (std::size_t at = begun_after(items_[item].take_inv - 1); at < first_.size();
             at += at & (~at + 1))
            keep(first_[at], item);
    }
    [[nodiscard]] std::size_t find_after(Index moment) const {
        std::size_t first = nowhere;
        for (std::size_t at = begun_after(moment); at > 0; at -= at & (~at + 1)) {
            if (first_[at] != nowhere) keep(first, first_[at]);
        }
        return first;
    }

private:
    [[nodiscard]] std::size_t begun_after(Index moment) const {
        const auto end = std::ranges::partition_point(
            order_, [&](std::size_t i) { return items_[i].take_inv > moment; });
        return static_cast<std::size_t>(end - order_.begin());
    }
    void keep(std::size_t& first, std::size_t item) const {
        if (first == nowhere || items_[item].take_ret < items_[first].take_ret) first = item;
    }

    std::span<const ItemLife> items_;
    std::vector<std::size_t> order_;
    std::vector<std::size_t> first_;
};

/// A lost value that must be taken before the pop of one below it returns.
struct Need {
    Index limit = never;
    std::size_t item = 0;
    std::size_t below = 0;
};

std::vector<Need> needs_of(std::span<const ItemLife> items) {
    FirstPopped first(items);
    std::vector<Index> pushed; // when values that are popped were surely there
    for (const ItemLife& item : items)
        pushed.push_back(item.taken >= 0 ? item.add_ret : never);
    const std::vector<std::uint32_t> order = order_of(pushed);
    std::vector<Need> needs;
    auto next = order.begin();
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (items[i].taken >= 0) continue;
        for (; next != order.end() && pushed[*next] < items[i].add_inv; ++next)
            first.insert(*next);
        const std::size_t below = first.find_after(items[i].add_ret);
        if (below != nowhere)
            needs.push_back({.limit = items[below].take_ret, .item = i, .below = below});
    }
    std::ranges::sort(needs, {}, [](const Need& need) { return std::pair(need.limit, need.item); });
    return needs;
}

/// Too few pops of unknown outcome for the first of the needs.
Certificate unserved(const ItemLives& lives, std::span<const Need> needs) {
    std::vector<ItemLife> values;
    for (const Need& need : needs) {
        values.push_back(lives.items[need.item]);
        values.push_back(lives.items[need.below]);
    }
    Certificate found{.ops = operations_on(values),
                      .anomaly = "out_of_order",
                      .rule = "values were not taken before others that lay below them, and too "
                              "few operations can have taken them unseen"};
    for (const ItemLook& taker : lives.open_takes) {
        if (taker.inv < needs.back().limit) found.ops.push_back(taker.id);
    }
    std::ranges::sort(found.ops);
    const auto repeated = std::ranges::unique(found.ops);
    found.ops.erase(repeated.begin(), repeated.end());
    return found;
}

/// Gives lost values that must have been taken to pops of unknown outcome.
std::optional<Certificate> serve_lost(ItemLives& lives, const StackRules& rules) {
    const std::vector<Need> needs = needs_of(lives.items);
    for (std::size_t i = 0; i < needs.size(); ++i) {
        const bool taker = i < lives.open_takes.size() && lives.open_takes[i].inv < needs[i].limit;
        if (!taker && rules.takers) return unserved(lives, std::span(needs).first(i + 1));
        ItemLife& item = lives.items[needs[i].item];
        item.take_inv = taker ? std::max(lives.open_takes[i].inv, item.add_inv) : item.add_inv;
    }
    return std::nullopt;
}

/// Where pops of unknown outcome can have taken lost values.
std::optional<Judgement> decide_open(ItemLives& lives, const StackRules& rules) {
    ItemLives served = lives;
    if (auto found = serve_lost(served, rules)) {
        return Judgement{.verdict = Verdict::invalid,
                         .method = "runs of a stack",
                         .certificate = std::move(found)};
    }
    if (Judgement judgement = decide(served, rules); judgement.verdict == Verdict::valid)
        return judgement;
    // Illegal even without the values that these pops can have taken: illegal, because a legal
    // order stays legal without these values.
    std::erase_if(lives.items, [](const ItemLife& item) { return item.taken < 0; });
    if (Judgement judgement = decide(lives, rules); judgement.verdict == Verdict::invalid)
        return judgement;
    return std::nullopt;
}

} // namespace

std::optional<Judgement> judge_stack(const ObjectPartition& partition, const StackRules& rules) {
    auto lives = read_item_lives(partition, rules.items);
    if (!lives) return std::nullopt;
    if (lives->violation) {
        return Judgement{.verdict = Verdict::invalid,
                         .method = "runs of a stack",
                         .certificate = lives->violation};
    }
    Judgement judgement = decide(*lives, rules);
    const auto is_lost = [](const ItemLife& item) { return item.taken < 0; };
    const bool open = !lives->open_takes.empty() && std::ranges::any_of(lives->items, is_lost);
    if (judgement.verdict == Verdict::valid || !open || !rules.open_searched) return judgement;
    return decide_open(*lives, rules);
}

} // namespace faultlab
