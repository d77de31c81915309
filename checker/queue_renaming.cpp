#include "checker/queue_renaming.hpp"

#include "checker/item_lives.hpp"
#include "checker/queue_order.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <unordered_map>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

enum F : std::uint32_t { enqueue, dequeue };

/// The operations on equal values.
struct Equals {
    std::vector<const ObjectOp*> added; ///< definite ones first
    std::vector<const ObjectOp*> taken;
    std::size_t definite = 0;        ///< of those that added
    std::vector<std::size_t> places; ///< their lives, in the order guessed
};

/// Twice the middle of an operation; of an open one, its beginning.
Index middle(const ObjectOp* op) {
    return op->definite() ? op->inv + op->ret : 2 * op->inv;
}

class Renaming {
public:
    Renaming(const ObjectPartition& partition, const RenamingRules& rules)
        : partition_(partition), rules_(rules) {}

    std::optional<Judgement> run() {
        collect();
        if (auto found = find_excess()) {
            return Judgement{.verdict = Verdict::invalid,
                             .method = "names for equal values",
                             .certificate = std::move(found)};
        }
        guess();
        if (rules_.judged && !put_in_order()) return std::nullopt;
        if (!rules_.judged) return Judgement{.method = "names for equal values"};
        auto judgement = judge_queue_lives(lives_);
        if (!judgement || judgement->verdict != Verdict::valid) return std::nullopt;
        judgement->method = "names for equal values";
        return judgement;
    }

private:
    static constexpr std::size_t none = SIZE_MAX;

    /// Where two lives are out of order, the later one first in order of enqueues.
    struct Disorder {
        std::size_t at = none; ///< the second value; none: there is no disorder
        std::size_t before = none;
    };

    void collect() {
        for (const ObjectOp& op : partition_.ops) {
            const ItemLook look{.id = op.id, .inv = op.inv, .ret = op.ret};
            if (op.f == enqueue)
                equals_of(op.arg).added.push_back(&op);
            else if (op.result == no_result)
                lives_.open_takes.push_back(look);
            else if (op.result == 0)
                lives_.empties.push_back(look);
            else
                equals_of(op.result).taken.push_back(&op);
        }
        for (Equals& equals : equals_) {
            const auto open = std::ranges::stable_partition(equals.added, &ObjectOp::definite);
            equals.definite = static_cast<std::size_t>(open.begin() - equals.added.begin());
        }
    }

    Equals& equals_of(Symbol value) {
        const auto [at, added] = numbers_.try_emplace(value, equals_.size());
        if (added) equals_.emplace_back();
        return equals_[at->second];
    }

    /// The k-th dequeue of a value that returns needs k enqueues of it that were invoked by then.
    [[nodiscard]] std::optional<Certificate> find_excess() {
        for (Equals& equals : equals_) {
            std::vector<const ObjectOp*> taken = equals.taken;
            std::ranges::sort(taken, {}, &ObjectOp::ret);
            std::vector<Index> asked;
            for (const ObjectOp* op : equals.added)
                asked.push_back(rules_.invoked || !op->definite() ? op->inv : op->ret);
            std::ranges::sort(asked);
            for (std::size_t k = 0; k < taken.size(); ++k) {
                if (k < asked.size() && asked[k] < taken[k]->ret) continue;
                return excess(equals, taken, k);
            }
        }
        return std::nullopt;
    }

    static Certificate
    excess(const Equals& equals, const std::vector<const ObjectOp*>& taken, std::size_t last) {
        Certificate found{.ops = {},
                          .anomaly = equals.added.empty() ? "value_from_nowhere" : "taken_twice",
                          .rule = "a value was taken more often than it had been added by then",
                          .observer = taken[last]->id};
        for (std::size_t k = 0; k <= last; ++k)
            found.ops.push_back(taken[k]->id);
        for (const ObjectOp* op : equals.added) {
            if (op->inv < taken[last]->ret) found.ops.push_back(op->id);
        }
        std::ranges::sort(found.ops);
        return found;
    }

    /// The first of equal values that is added is the first that is taken, by the middles. Open
    /// additions are used where the others do not suffice.
    void guess() {
        struct Life {
            ItemLife life;
            std::size_t equals = 0;
        };
        std::vector<Life> all;
        for (std::size_t e = 0; e < equals_.size(); ++e) {
            Equals& equals = equals_[e];
            std::ranges::sort(equals.taken, {}, middle);
            equals.added.resize(std::max(equals.definite, equals.taken.size()));
            std::ranges::stable_sort(equals.added, {}, middle);
            for (std::size_t i = 0; i < equals.added.size(); ++i) {
                const ObjectOp& op = *equals.added[i];
                ItemLife life{.added = op.id, .add_inv = op.inv, .add_ret = op.ret};
                if (i < equals.taken.size()) {
                    life.taken = equals.taken[i]->id;
                    life.take_inv = equals.taken[i]->inv;
                    life.take_ret = equals.taken[i]->ret;
                }
                all.push_back({.life = life, .equals = e});
            }
        }
        std::vector<std::size_t> order(all.size());
        for (std::size_t i = 0; i < order.size(); ++i)
            order[i] = i;
        std::ranges::sort(order, {}, [&](std::size_t i) { return all[i].life.add_inv; });
        std::vector<std::size_t> place(all.size());
        for (std::size_t i = 0; i < order.size(); ++i)
            place[order[i]] = i;
        equals_at_.resize(all.size());
        rank_at_.resize(all.size());
        for (std::size_t i = 0; i < all.size(); ++i) {
            std::vector<std::size_t>& places = equals_[all[i].equals].places;
            equals_at_[place[i]] = all[i].equals;
            rank_at_[place[i]] = places.size();
            places.push_back(place[i]);
        }
        for (const std::size_t i : order)
            lives_.items.push_back(all[i].life);
        std::vector<Index> returns;
        for (const ItemLife& item : lives_.items)
            returns.push_back(item.add_ret);
        by_return_ = order_of(returns);
    }

    /// The first value that was taken before it was added, or before one that was added before it.
    [[nodiscard]] Disorder first_disorder() const {
        const auto& items = lives_.items;
        std::size_t next = 0;
        std::size_t last = none; // of those before, the one that is taken last
        for (std::size_t b = 0; b < items.size(); ++b) {
            for (; next < by_return_.size(); ++next) {
                const ItemLife& a = items[by_return_[next]];
                if (a.add_ret >= items[b].add_inv) break;
                const bool lost = a.taken < 0 && !lives_.open_takes.empty(); // perhaps not
                if (lost) continue;
                if (last == none || a.take_inv > items[last].take_inv) last = by_return_[next];
            }
            if (items[b].take_ret < items[b].add_inv) return {.at = b, .before = b};
            if (last != none && items[b].take_ret < items[last].take_inv)
                return {.at = b, .before = last};
        }
        return {};
    }

    void swap_takes(std::size_t a, std::size_t b) {
        ItemLife& x = lives_.items[a];
        ItemLife& y = lives_.items[b];
        std::swap(x.taken, y.taken);
        std::swap(x.take_inv, y.take_inv);
        std::swap(x.take_ret, y.take_ret);
    }

    bool put_in_order() {
        constexpr std::size_t work_at_most = 100'000'000;
        std::size_t sweeps = 1 + work_at_most / (lives_.items.size() + 1);
        for (Disorder disorder = first_disorder(); disorder.at != none;) {
            Disorder best = disorder;
            std::pair<std::size_t, std::size_t> swapped = {none, none};
            for (const std::size_t moved : {disorder.before, disorder.at}) {
                for (const std::size_t other : neighbours(moved)) {
                    if (sweeps-- == 0) return false;
                    swap_takes(moved, other);
                    const Disorder next = first_disorder();
                    swap_takes(moved, other);
                    if (best.at == none || next.at <= best.at) continue;
                    best = next;
                    swapped = {moved, other};
                }
            }
            if (swapped.first == none) return false;
            swap_takes(swapped.first, swapped.second);
            disorder = best;
        }
        return true;
    }

    /// Equal values that were added shortly before or after it.
    [[nodiscard]] std::vector<std::size_t> neighbours(std::size_t item) const {
        constexpr std::size_t near = 3;
        const auto& places = equals_[equals_at_[item]].places;
        const std::size_t rank = rank_at_[item];
        std::vector<std::size_t> found;
        for (std::size_t distance = 1; distance <= near; ++distance) {
            if (rank >= distance) found.push_back(places[rank - distance]);
            if (rank + distance < places.size()) found.push_back(places[rank + distance]);
        }
        return found;
    }

    const ObjectPartition& partition_;
    const RenamingRules& rules_;
    std::unordered_map<Symbol, std::size_t> numbers_; ///< of values
    std::vector<Equals> equals_;
    ItemLives lives_;
    std::vector<std::size_t> equals_at_; ///< by life
    std::vector<std::size_t> rank_at_;   ///< by life: its position among its equals
    std::vector<std::uint32_t> by_return_;
};

} // namespace

std::optional<Judgement> judge_repeated_queue(const ObjectPartition& partition,
                                              const RenamingRules& rules) {
    return Renaming(partition, rules).run();
}

} // namespace faultlab
