#include "checker/item_lives.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace faultlab {
namespace {

enum F : std::uint32_t { add, take };
constexpr std::uint32_t none = UINT32_MAX;

/// Positions of items by symbol: an array where the symbols are dense, which is common.
class ItemNumbers {
public:
    explicit ItemNumbers(std::span<const ObjectOp> ops) {
        Symbol last = 0;
        for (const ObjectOp& op : ops) {
            if (op.f != add) continue;
            first_ = std::min(first_, op.arg);
            last = std::max(last, op.arg);
        }
        if (first_ <= last && last - first_ <= 1024 + 8 * ops.size())
            dense_.assign(last - first_ + std::size_t{1}, none);
    }

    /// False when the symbol has a number already.
    bool put(Symbol symbol, std::uint32_t number) {
        if (dense_.empty()) return sparse_.try_emplace(symbol, number).second;
        return std::exchange(dense_[symbol - first_], number) == none;
    }
    [[nodiscard]] std::uint32_t find(Symbol symbol) const {
        if (!dense_.empty()) {
            const std::size_t at = symbol - first_;
            return symbol < first_ || at >= dense_.size() ? none : dense_[at];
        }
        const auto found = sparse_.find(symbol);
        return found == sparse_.end() ? none : found->second;
    }

private:
    Symbol first_ = UINT32_MAX;
    std::vector<std::uint32_t> dense_;
    std::unordered_map<Symbol, std::uint32_t> sparse_;
};

class LifeReader {
public:
    LifeReader(const ObjectPartition& partition, const ItemRules& rules)
        : ops_(partition.ops), rules_(rules), numbers_(partition.ops) {}

    std::optional<ItemLives> run() {
        lives_.items.reserve(ops_.size());
        for (const ObjectOp& op : ops_) {
            if (op.f != add) continue;
            if (!numbers_.put(op.arg, static_cast<std::uint32_t>(lives_.items.size())))
                return std::nullopt;
            lives_.items.push_back({.added = op.id, .add_inv = op.inv, .add_ret = op.ret});
        }
        for (const ObjectOp& op : ops_) {
            if (op.f == take) note_take(op);
        }
        std::erase_if(lives_.items,
                      [](const ItemLife& item) { return item.add_ret == never && item.taken < 0; });
        return std::move(lives_);
    }

private:
    void note_take(const ObjectOp& op) {
        const ItemLook look{.id = op.id, .inv = op.inv, .ret = op.ret};
        if (op.result == no_result) {
            lives_.open_takes.push_back(look);
        } else if (op.result == 0) {
            lives_.empties.push_back(look);
        } else if (const std::uint32_t item = numbers_.find(op.result); item != none) {
            note_taken(lives_.items[item], op);
        } else if (rules_.from_somewhere) {
            accuse({.ops = {op.id},
                    .anomaly = "value_from_nowhere",
                    .rule = "a value was taken that nothing had added",
                    .observer = op.id});
        }
    }

    void note_taken(ItemLife& item, const ObjectOp& op) {
        if (item.taken >= 0) {
            if (!rules_.once) return;
            accuse({.ops = {item.added, item.taken, op.id},
                    .anomaly = "taken_twice",
                    .rule = "one value, added once, was taken by two operations",
                    .observer = op.id,
                    .other = item.taken});
            return;
        }
        item.taken = op.id;
        item.take_inv = op.inv;
        item.take_ret = op.ret;
        if (op.ret > item.add_inv || !rules_.afterwards) return;
        accuse({.ops = {item.added, op.id},
                .anomaly = "value_from_nowhere",
                .rule = "a value was taken before the operation that added it was invoked",
                .observer = op.id,
                .other = item.added});
    }

    void accuse(Certificate certificate) {
        if (lives_.violation) return;
        std::ranges::sort(certificate.ops);
        lives_.violation = std::move(certificate);
    }

    std::span<const ObjectOp> ops_;
    const ItemRules& rules_;
    ItemNumbers numbers_;
    ItemLives lives_;
};

struct Block {
    Index from = 0;
    Index to = 0;
};

/// Those that are surely there at some time, by the return of their addition.
std::vector<const ItemLife*> critical_lives(const ItemLives& lives) {
    std::vector<Index> returns;
    for (const ItemLife& item : lives.items)
        returns.push_back(item.critical() ? item.add_ret : never);
    std::vector<const ItemLife*> critical;
    for (const std::uint32_t i : order_of(returns)) {
        if (returns[i] != never) critical.push_back(&lives.items[i]);
    }
    return critical;
}

/// A chain of lives without a gap over all of the look.
std::vector<ItemLife> cover_of(const ItemLook& look, std::span<const ItemLife* const> critical) {
    std::vector<ItemLife> cover;
    Index covered = look.inv;
    for (const ItemLife* item : critical) {
        if (item->add_ret > covered || covered > look.ret) break;
        if (item->take_inv <= covered) continue;
        cover.push_back(*item);
        covered = item->take_inv;
    }
    return cover;
}

} // namespace

std::optional<ItemLives> read_item_lives(const ObjectPartition& partition, const ItemRules& rules) {
    return LifeReader(partition, rules).run();
}

std::vector<std::uint32_t> order_of(std::span<const Index> times) {
    std::vector<std::uint32_t> order;
    order.reserve(times.size());
    Index first = never;
    Index last = -1;
    for (const Index time : times) {
        if (time == never) continue;
        first = std::min(first, time);
        last = std::max(last, time);
    }
    const auto size = static_cast<Index>(times.size());
    if (last >= first && last - first <= 1024 + 8 * size) {
        std::vector<std::uint32_t> at(static_cast<std::size_t>(last - first) + 1, none);
        for (std::uint32_t i = 0; i < times.size(); ++i) {
            if (times[i] != never) at[static_cast<std::size_t>(times[i] - first)] = i;
        }
        std::ranges::copy_if(at, std::back_inserter(order), [](auto i) { return i != none; });
    } else {
        for (std::uint32_t i = 0; i < times.size(); ++i) {
            if (times[i] != never) order.push_back(i);
        }
        std::ranges::sort(order, {}, [&](std::uint32_t i) { return times[i]; });
    }
    for (std::uint32_t i = 0; i < times.size(); ++i) {
        if (times[i] == never) order.push_back(i);
    }
    return order;
}

std::optional<Certificate> find_false_empty(const ItemLives& lives) {
    if (lives.empties.empty()) return std::nullopt;
    const std::vector<const ItemLife*> critical = critical_lives(lives);
    std::vector<Block> blocks; // the times when some value is surely there
    for (const ItemLife* item : critical) {
        if (blocks.empty() || blocks.back().to < item->add_ret)
            blocks.push_back({.from = item->add_ret, .to = item->take_inv});
        else
            blocks.back().to = std::max(blocks.back().to, item->take_inv);
    }
    for (const ItemLook& look : lives.empties) {
        const auto after = std::ranges::upper_bound(blocks, look.inv, {}, &Block::from);
        if (after == blocks.begin() || std::prev(after)->to <= look.ret) continue;
        const std::vector<ItemLife> cover = cover_of(look, critical);
        Certificate found{.ops = operations_on(cover),
                          .anomaly = "false_empty",
                          .rule = "nothing was found, although at every moment of the operation "
                                  "some value was there",
                          .observer = look.id,
                          .other = cover.front().added};
        found.ops.push_back(look.id);
        std::ranges::sort(found.ops);
        return found;
    }
    return std::nullopt;
}

std::vector<OpId> operations_on(std::span<const ItemLife> items) {
    std::vector<OpId> ids;
    for (const ItemLife& item : items) {
        ids.push_back(item.added);
        if (item.taken >= 0) ids.push_back(item.taken);
    }
    std::ranges::sort(ids);
    return ids;
}

void support_items(const ObjectPartition& all, std::vector<bool>& kept) {
    const auto value_of = [](const ObjectOp& op) { return op.f == add ? op.arg : op.result; };
    std::unordered_set<Symbol> broken;
    for (std::size_t i = 0; i < all.ops.size(); ++i) {
        const Symbol value = value_of(all.ops[i]);
        if (value == no_result)
            kept[i] = true;
        else if (!kept[i] && value != 0)
            broken.insert(value);
    }
    for (std::size_t i = 0; i < all.ops.size(); ++i) {
        if (broken.contains(value_of(all.ops[i]))) kept[i] = false;
    }
}

void prune_items(std::vector<ObjectOp>& ops) {
    std::unordered_set<Symbol> taken;
    for (const ObjectOp& op : ops) {
        if (op.f == take) taken.insert(op.result);
    }
    std::erase_if(ops, [&](const ObjectOp& op) {
        return op.f == add && !op.definite() && !taken.contains(op.arg);
    });
}

} // namespace faultlab
