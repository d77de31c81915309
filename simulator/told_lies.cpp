#include "simulator/told_lies.hpp"

#include <algorithm>
#include <compare>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

namespace faultlab::simulator {
namespace {

using Said = Lies::Said;

/// Messages of one kind on one link.
struct Sort {
    ReplicaId to = no_replica;
    Command command = Command::None;
    friend auto operator<=>(const Sort&, const Sort&) = default;
};
Sort sort_of(const Said& said) {
    return {said.to, said.command};
}

template <class Item>
void insert(std::vector<Item>& sorted, const Item& item) {
    const auto place = std::ranges::lower_bound(sorted, item);
    if (place == sorted.end() || *place != item) sorted.insert(place, item);
}

void add_sort(Strike& strike, Endpoint liar, const Sort& sort) {
    insert(strike.links, {liar, sort.to});
    insert(strike.messages, sort.command);
}

/// What it does depends on how many messages it has changed before.
bool counts_messages(const Strike& strike) {
    return std::ranges::any_of(strike.changes, [](const replica::Mutation& change) {
        return change.mutator == replica::Mutator::Creep;
    });
}

/// Makes one of two that differ in nothing but this.
template <class Items>
bool unite(Strike& one, const Strike& other, Items Strike::*items) {
    Strike same = other;
    same.*items = one.*items;
    if (same != one) return false;
    for (const auto& item : other.*items)
        insert(one.*items, item);
    return true;
}

class Teller {
public:
    explicit Teller(const Lies& lies) : lies_(lies), told_(lies.all().size()) {
        for (std::size_t i = 0; i < lies.said().size(); ++i) {
            const Said& said = lies.said()[i];
            if (said.changed) told_[*said.lie].push_back(i);
            of_sort_[sort_of(said)].push_back(i);
        }
    }

    std::vector<Strike> tell() {
        for (Lies::Id lie = 0; lie < told_.size(); ++lie) {
            if (told_[lie].empty()) continue;
            if (auto strike = whole(lie)) {
                strikes_.push_back(*std::move(strike));
            } else {
                add_rows(lie);
            }
        }
        return std::move(strikes_);
    }

private:
    [[nodiscard]] Strike strike_of(Lies::Id lie) const {
        const Lie& told = lies_.all()[lie];
        return {.deed = Deed::Lie,
                .at = told.at,
                .until = told.until,
                .changes = told.changes,
                .when = std::string(told.when),
                .refused_by = std::string(told.refused_by),
                .truth_first = told.truth_first};
    }

    /// As one strike that lasts as long as the lie. Nothing where it spared some of such messages;
    /// or where one of a sort is all, and so the time of no matter.
    [[nodiscard]] std::optional<Strike> whole(Lies::Id lie) const {
        Strike strike = strike_of(lie);
        std::map<Sort, int> counts;
        for (const std::size_t i : told_[lie]) {
            const Sort sort = sort_of(lies_.said()[i]);
            add_sort(strike, lies_.liar(), sort);
            ++counts[sort];
        }
        const bool once =
            std::ranges::all_of(counts, [](const auto& of) { return of.second == 1; });
        if (once && !counts_messages(strike)) return std::nullopt;
        // It may have begun in the middle of a step.
        for (const Nanos later : {0, 1}) {
            strike.at = lies_.all()[lie].at + later;
            if (is_all(lie, strike)) return strike;
        }
        return std::nullopt;
    }

    /// Whether what the lie changed is what the strike is about.
    [[nodiscard]] bool is_all(Lies::Id lie, const Strike& strike) const {
        std::size_t changed = 0;
        const auto& all = lies_.said();
        auto said = std::ranges::lower_bound(all, strike.at, {}, &Said::at);
        for (; said != all.end() && said->at < strike.until; ++said) {
            const bool meant =
                std::ranges::binary_search(strike.links, Link{lies_.liar(), said->to}) &&
                std::ranges::binary_search(strike.messages, said->command);
            if (!meant) continue;
            if (said->lie != lie) return false;
            changed += said->changed ? 1 : 0;
        }
        return changed == told_[lie].size();
    }

    void add_rows(Lies::Id lie) {
        std::vector<Strike> rows;
        std::map<Sort, bool> done;
        for (const std::size_t i : told_[lie]) {
            const Sort sort = sort_of(lies_.said()[i]);
            if (!std::exchange(done[sort], true)) add_rows_of(lie, sort, rows);
        }
        // Several links, then several kinds, of which it changed as many from the same time on.
        unite_all(rows, &Strike::links);
        unite_all(rows, &Strike::messages);
        std::ranges::stable_sort(rows, {}, &Strike::at);
        std::ranges::move(rows, std::back_inserter(strikes_));
    }

    template <class Items>
    static void unite_all(std::vector<Strike>& rows, Items Strike::*items) {
        std::vector<Strike> united;
        for (const Strike& row : rows) {
            const bool in_other = std::ranges::any_of(
                united, [&](Strike& other) { return unite(other, row, items); });
            if (!in_other) united.push_back(row);
        }
        rows = std::move(united);
    }

    /// A strike for each row of messages of this sort that it changed without sparing one.
    void add_rows_of(Lies::Id lie, const Sort& sort, std::vector<Strike>& rows) const {
        const std::vector<std::size_t>& indexes = of_sort_.at(sort);
        for (std::size_t k = 0; k < indexes.size(); ++k) {
            if (!changed_by(lie, indexes[k])) continue;
            Strike strike = strike_of(lie);
            strike.until = Strike::to_the_end;
            begin_at(strike, indexes, k);
            for (; k < indexes.size() && lies_.said()[indexes[k]].lie == lie; ++k)
                strike.amount += changed_by(lie, indexes[k]) ? 1 : 0;
            add_sort(strike, lies_.liar(), sort);
            rows.push_back(std::move(strike));
        }
    }

    [[nodiscard]] bool changed_by(Lies::Id lie, std::size_t index) const {
        const Said& said = lies_.said()[index];
        return said.changed && said.lie == lie;
    }

    /// As early as no other such message comes in between: with other delays it may come earlier.
    void begin_at(Strike& strike, const std::vector<std::size_t>& indexes, std::size_t k) const {
        const Nanos at = lies_.said()[indexes[k]].at;
        strike.at = std::min(strike.at, at);
        if (k == 0) return;
        strike.at = std::min(at, std::max(strike.at, lies_.said()[indexes[k - 1]].at + 1));
        // Those of the same moment which other lies change are not there for this one.
        for (std::size_t before = k; before-- > 0;) {
            const Said& said = lies_.said()[indexes[before]];
            if (said.at != at) break;
            strike.skip += said.changed ? 0 : 1;
        }
    }

    const Lies& lies_;
    std::vector<std::vector<std::size_t>> told_; ///< by lie: what it changed
    std::map<Sort, std::vector<std::size_t>> of_sort_;
    std::vector<Strike> strikes_;
};

} // namespace

std::vector<Strike> strikes_of(const Lies& lies) {
    return Teller(lies).tell();
}

} // namespace faultlab::simulator
