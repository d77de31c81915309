#include "checker/queue_order.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace faultlab {
namespace {

constexpr std::string_view overtaken = "out_of_order";
constexpr std::string_view overtaken_rule =
    "one value was added before another, and taken after it";

Judgement legal() {
    return {.verdict = Verdict::valid, .method = "patterns of a queue"};
}

Judgement illegal(Certificate certificate) {
    return {.verdict = Verdict::invalid,
            .method = "patterns of a queue",
            .certificate = std::move(certificate)};
}

class QueueJudge {
public:
    QueueJudge(ItemLives lives, const QueueRules& rules)
        : lives_(std::move(lives)), rules_(rules) {}

    std::optional<Judgement> run() {
        if (lives_.violation) return illegal(*lives_.violation);
        const bool lost = std::ranges::any_of(lives_.items, is_lost);
        if (!lost || lives_.open_takes.empty()) return decide();
        if (rules_.both_searched && !lives_.empties.empty()) return bound();
        serve_lost();
        if (unserved_) return illegal(*unserved_);
        return decide();
    }

private:
    static bool is_lost(const ItemLife& item) { return item.taken < 0; }

    [[nodiscard]] Judgement decide() const {
        if (rules_.order) {
            if (auto found = find_disorder()) return illegal(std::move(*found));
        }
        if (rules_.items.empties) {
            if (auto found = find_false_empty(lives_)) return illegal(std::move(*found));
        }
        return legal();
    }

    /// Legal as if no take of unknown outcome happened, or as if they took the values that need it:
    /// legal. Illegal even without the values that they can have taken: illegal, because a legal
    /// order stays legal without these values.
    std::optional<Judgement> bound() {
        if (Judgement none = decide(); none.verdict == Verdict::valid) return none;
        QueueJudge served(*this);
        served.serve_lost();
        if (!served.unserved_) {
            if (Judgement some = served.decide(); some.verdict == Verdict::valid) return some;
        }
        std::erase_if(lives_.items, is_lost);
        Judgement most = decide();
        if (most.verdict == Verdict::invalid) return most;
        return std::nullopt;
    }

    [[nodiscard]] std::vector<std::uint32_t> by_add_return() const {
        std::vector<Index> returns;
        returns.reserve(lives_.items.size());
        for (const ItemLife& item : lives_.items)
            returns.push_back(rules_.real_time ? item.add_ret : item.add_inv);
        return order_of(returns);
    }

    /// Values a and b: a was enqueued before b, and b was dequeued before a.
    [[nodiscard]] std::optional<Certificate> find_disorder() const {
        const auto& items = lives_.items;
        const auto returned = by_add_return();
        std::size_t next = 0;
        const ItemLife* last = nullptr; // of those before, the one that is dequeued last
        for (const ItemLife& b : items) {
            for (; next < returned.size(); ++next) {
                const ItemLife& a = items[returned[next]];
                if ((rules_.real_time ? a.add_ret : a.add_inv) >= b.add_inv) break;
                if (last == nullptr || a.take_inv > last->take_inv) last = &a;
            }
            if (last != nullptr && b.take_ret < last->take_inv) return disorder(*last, b);
        }
        return std::nullopt;
    }

    [[nodiscard]] static Certificate disorder(const ItemLife& a, const ItemLife& b) {
        const bool lost = a.taken < 0;
        const ItemLife both[] = {a, b};
        return {.ops = operations_on(both),
                .anomaly = lost ? "lost_value" : overtaken,
                .rule = lost ? "a value was not taken, although one that was added after it was"
                             : overtaken_rule,
                .observer = b.taken,
                .other = a.added};
    }

    /// Gives lost values to takes of unknown outcome.
    void serve_lost() {
        auto& items = lives_.items;
        std::vector<const ItemLife*> first_taken(items.size() + 1, nullptr); // of a suffix
        for (std::size_t i = items.size(); i-- > 0;) {
            first_taken[i] = first_taken[i + 1];
            if (first_taken[i] == nullptr || items[i].take_ret < first_taken[i]->take_ret)
                first_taken[i] = &items[i];
        }
        struct Need {
            Index limit = never;
            std::size_t item = 0;
            const ItemLife* later = nullptr;
        };
        std::vector<Need> needs;
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (!is_lost(items[i])) continue;
            const auto after =
                std::ranges::upper_bound(items, items[i].add_ret, {}, &ItemLife::add_inv);
            const ItemLife* later = first_taken[static_cast<std::size_t>(after - items.begin())];
            if (later != nullptr && later->take_ret != never)
                needs.push_back({.limit = later->take_ret, .item = i, .later = later});
        }
        std::ranges::sort(
            needs, {}, [](const Need& need) { return std::pair(need.limit, need.item); });
        std::vector<ItemLife> served;
        for (std::size_t i = 0; i < needs.size(); ++i) {
            ItemLife& item = items[needs[i].item];
            served.push_back(item);
            served.push_back(*needs[i].later);
            const bool taker = i < lives_.open_takes.size();
            if (!taker && rules_.takers) {
                unserved_ = unserved(served, needs[i].limit, item);
                return;
            }
            item.take_inv = taker ? std::max(lives_.open_takes[i].inv, item.add_inv) : item.add_inv;
        }
    }

    [[nodiscard]] Certificate
    unserved(const std::vector<ItemLife>& served, Index limit, const ItemLife& lost) const {
        Certificate found{.ops = operations_on(served),
                          .anomaly = "lost_value",
                          .rule = "values were not taken, although values that were added after "
                                  "them were, and too few operations can have taken them unseen",
                          .observer = served.back().taken,
                          .other = lost.added};
        for (const ItemLook& taker : lives_.open_takes) {
            if (taker.inv < limit) found.ops.push_back(taker.id);
        }
        std::ranges::sort(found.ops);
        const auto repeated = std::ranges::unique(found.ops);
        found.ops.erase(repeated.begin(), repeated.end());
        return found;
    }

    ItemLives lives_;
    const QueueRules& rules_;
    std::optional<Certificate> unserved_;
};

} // namespace

std::optional<Judgement> judge_queue(const ObjectPartition& partition, const QueueRules& rules) {
    auto lives = read_item_lives(partition, rules.items);
    if (!lives) return std::nullopt;
    return judge_queue_lives(std::move(*lives), rules);
}

std::optional<Judgement> judge_queue_lives(ItemLives lives, const QueueRules& rules) {
    return QueueJudge(std::move(lives), rules).run();
}

void rename_late(const ObjectPartition& whole, Certificate& certificate) {
    if (certificate.anomaly != "lost_value") return;
    const auto added = std::ranges::find(whole.ops, certificate.other, &ObjectOp::id);
    if (added == whole.ops.end()) return;
    const bool late = std::ranges::any_of(
        whole.ops, [&](const ObjectOp& op) { return op.f != added->f && op.result == added->arg; });
    if (!late) return;
    certificate.anomaly = overtaken;
    certificate.rule = overtaken_rule;
}

} // namespace faultlab
