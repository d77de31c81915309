// Checker `set-full`.
// Judges: what became of every element that was added to a set that is read all the time. An
// element is known from the first completion that shows it: its ok add, or an ok read that holds
// it. The last read that lacks it and the last that holds it, by their invocations, decide: stable
// when the last one holds it; lost when that one lacks it and began after the element was known;
// else never read. Stale is a stable one that a read lacked a millisecond or more after it was
// known. Invalid: an element was lost, or a read held one twice; with linearizable=yes also a
// stable element that a read lacked which began after it was known, by whatever time. Unknown:
// nothing was stable.
// Operations: `add` e, each e once; `read` (ok: a list). Each key is a set of its own.
// Reads that returned before an element's add was invoked say nothing of it.
// Gives: counts and elements of each fate, the eight worst stale ones, and the quantiles of the
// latencies (whole ms from when it was known until it was stable, or last seen).
// Cost: n log n in operations and in the elements of distinct reads: equal reads are treated as
// one, and what a read lacks is never enumerated. Beside it, for every add the reads open at that
// moment. Cannot see: elements that nobody added, removals.

#include "checker/catalogue_entries.hpp"
#include "checker/judgement.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

constexpr std::size_t worst_shown = 8;
constexpr OpId none = -1;

/// The reads that returned one list.
struct Group {
    std::vector<ValueIds::Id> ids; ///< distinct
    std::vector<OpId> reads;       ///< by return
    std::vector<OpId> latest_from; ///< of reads[i…] the one invoked last
};

struct Element {
    OpId add = none;
    OpId known = none; ///< whose completion made it known
    OpId last_present = none;
    OpId last_absent = none;
    std::vector<std::uint32_t> groups; ///< that hold it, by rank
};

struct Stale {
    Value element;
    std::int64_t latency_ms = 0;
};

class SetFullCheck {
public:
    SetFullCheck(const Record& record, const Budget& budget, bool linearizable)
        : history_(record.history), judgement_("set-full", record, budget),
          linearizable_(linearizable) {}

    CheckResult run() {
        if (!judgement_.only({"add", "read"})) return judgement_.finish();
        for (std::size_t k = 0; k < history_.keys().size() && !judgement_.stopped(); ++k)
            judge(history_.value(history_.keys()[k]), history_.ops_of_key(k));
        tell_results();
        return judgement_.finish();
    }

private:
    [[nodiscard]] Index inv(OpId op) const { return history_.inv_index()[at(op)]; }
    [[nodiscard]] Index ret(OpId op) const { return history_.ret_index()[at(op)]; }
    [[nodiscard]] bool ok(OpId op) const { return history_.status()[at(op)] == OpStatus::ok; }
    [[nodiscard]] bool is_add(OpId op) const {
        return history_.text(history_.f()[at(op)]) == "add";
    }

    void judge(const Value& key, std::span<const OpId> ops) {
        key_ = key;
        ids_ = {};
        elements_.clear();
        groups_.clear();
        rank_of_list_.clear();
        if (!collect(ops)) return;
        rank_groups();
        if (!place_present() || !place_absent(ops)) return;
        bool stable = false;
        for (ValueIds::Id id = 0; id < elements_.size(); ++id)
            if (elements_[id].add != none) stable = settle(id) || stable;
        if (!stable) judgement_.doubt("no element was read stably" + of_key());
    }

    bool collect(std::span<const OpId> ops) {
        for (const OpId op : ops) {
            if (!judgement_.step()) return false;
            if (!is_add(op)) {
                if (ok(op) && !collect_read(op)) return false;
                continue;
            }
            Element& element = element_of(history_.value(history_.arg()[at(op)]));
            if (element.add != none) {
                judgement_.misfit(op, "an add of an element that no other add has");
                return false;
            }
            element.add = op;
            if (ok(op)) element.known = op;
        }
        return true;
    }

    ValueIds::Id id_of(const Value& value) {
        const ValueIds::Id id = ids_.intern(value);
        if (id == elements_.size()) elements_.emplace_back();
        return id;
    }

    Element& element_of(const Value& value) { return elements_[id_of(value)]; }

    bool collect_read(OpId op) {
        const Symbol list = history_.ret()[at(op)];
        const auto [known, fresh] = rank_of_list_.try_emplace(list, groups_.size());
        if (fresh) {
            groups_.emplace_back();
            if (!read_list(op, groups_.back())) return false;
        }
        groups_[known->second].reads.push_back(op);
        return true;
    }

    bool read_list(OpId op, Group& group) {
        const Value::List* list = history_.value(history_.ret()[at(op)]).list();
        if (list == nullptr) {
            judgement_.misfit(op, "a read that returned a list");
            return false;
        }
        std::vector<ValueIds::Id> ids;
        for (const Value& value : *list) {
            if (!judgement_.step()) return false;
            ids.push_back(id_of(value));
        }
        std::ranges::sort(ids);
        for (std::size_t i = 0; i < ids.size();) {
            std::size_t end = i;
            while (end < ids.size() && ids[end] == ids[i])
                ++end;
            if (end - i > 1) accuse_duplicate(op, ids[i], static_cast<std::int64_t>(end - i));
            group.ids.push_back(ids[i]);
            i = end;
        }
        return true;
    }

    /// The group with the latest read first; reads by return.
    void rank_groups() {
        for (Group& group : groups_) {
            std::ranges::sort(group.reads, {}, [&](OpId op) { return ret(op); });
            group.latest_from = group.reads;
            for (std::size_t i = group.reads.size() - 1; i > 0; --i) {
                OpId& before = group.latest_from[i - 1];
                if (inv(group.latest_from[i]) > inv(before)) before = group.latest_from[i];
            }
        }
        std::ranges::sort(groups_, std::ranges::greater{}, [&](const Group& group) {
            return inv(group.latest_from.front());
        });
        for (std::size_t rank = 0; rank < groups_.size(); ++rank)
            rank_of_list_[history_.ret()[at(groups_[rank].reads.front())]] = rank;
    }

    bool place_present() {
        for (std::size_t rank = 0; rank < groups_.size(); ++rank) {
            const Group& group = groups_[rank];
            for (const ValueIds::Id id : group.ids) {
                if (!judgement_.step()) return false;
                Element& element = elements_[id];
                if (element.add == none) continue;
                element.groups.push_back(static_cast<std::uint32_t>(rank));
                const auto first = std::ranges::upper_bound(
                    group.reads, inv(element.add), {}, [&](OpId op) { return ret(op); });
                if (first == group.reads.end()) continue;
                if (element.known == none || ret(*first) < ret(element.known))
                    element.known = *first;
                const OpId last =
                    group.latest_from[static_cast<std::size_t>(first - group.reads.begin())];
                if (element.last_present == none || inv(last) > inv(element.last_present))
                    element.last_present = last;
            }
        }
        return true;
    }

    /// Goes with the time, so that at each add the reads are at hand that were open then.
    bool place_absent(std::span<const OpId> ops) {
        std::map<Index, OpId, std::greater<>> open; ///< ok reads, the latest first
        for (const Moment& moment : moments_of(history_, ops)) {
            if (!judgement_.step()) return false;
            if (!is_add(moment.op)) {
                if (!ok(moment.op)) continue;
                if (moment.returns)
                    open.erase(inv(moment.op));
                else
                    open.emplace(inv(moment.op), moment.op);
                continue;
            }
            if (moment.returns) continue;
            Element& element = element_of(history_.value(history_.arg()[at(moment.op)]));
            if (!place_absent_of(element, open)) return false;
        }
        return true;
    }

    bool place_absent_of(Element& element, const std::map<Index, OpId, std::greater<>>& open) {
        // The first rank that is not among the element's own is the latest group without it.
        std::size_t rank = 0;
        while (rank < element.groups.size() && element.groups[rank] == rank)
            ++rank;
        if (!judgement_.step(static_cast<std::int64_t>(rank + 1))) return false;
        if (rank < groups_.size()) {
            const OpId last = groups_[rank].latest_from.front();
            if (inv(last) > inv(element.add)) {
                element.last_absent = last;
                return true;
            }
        }
        for (const auto& [invoked, read] : open) {
            if (!judgement_.step()) return false;
            const auto holder =
                static_cast<std::uint32_t>(rank_of_list_.at(history_.ret()[at(read)]));
            if (std::ranges::binary_search(element.groups, holder)) continue;
            element.last_absent = read;
            return true;
        }
        return true;
    }

    /// Whether it is stable.
    bool settle(ValueIds::Id id) {
        const Element& element = elements_[id];
        const Value& value = ids_.value(id);
        ++attempts_;
        const Index present = element.last_present == none ? -1 : inv(element.last_present);
        const Index absent = element.last_absent == none ? -1 : inv(element.last_absent);
        if (element.last_present != none && absent < present) {
            const std::int64_t ms = latency_ms(element, element.last_absent);
            stable_ms_.push_back(ms);
            stable_.push_back(value);
            if (ms > 0) stale_.push_back({value, ms});
            // Not by the clock: the order of the indexes is that of real time.
            if (linearizable_ && ret(element.known) < absent) accuse_stale(element, value, ms);
            return true;
        }
        const bool missed = element.known != none && element.last_absent != none;
        if (missed && present < absent && ret(element.known) < absent) {
            lost_ms_.push_back(latency_ms(element, element.last_present));
            lost_.push_back(value);
            accuse_lost(element, value);
            return false;
        }
        never_read_.push_back(value);
        return false;
    }

    /// From when it was known until just after that read was invoked; 0 without one.
    [[nodiscard]] std::int64_t latency_ms(const Element& element, OpId read) const {
        const Nanos until = read == none ? 0 : history_.t_inv()[at(read)] + 1;
        return std::max<Nanos>(0, until - history_.t_ret()[at(element.known)]) / millisecond;
    }

    void accuse_stale(const Element& element, const Value& value, std::int64_t ms) {
        judgement_.accuse({.anomaly = "stale_element",
                           .what = fmt::format("{}{} was known, and a read by {} that began {}"
                                               "later did not hold it",
                                               to_text(value, 60),
                                               of_key(),
                                               client_of(history_, element.last_absent),
                                               ms > 0 ? fmt::format("{} ms ", ms) : ""),
                           .key = key_,
                           .ops = {element.add, element.known, element.last_absent},
                           .divergence = element.last_absent,
                           .remark = to_text(value, 60) + " is missing",
                           .details = {{"element", value}, {"latency_ms", ms}}});
    }

    void accuse_lost(const Element& element, const Value& value) {
        std::vector<OpId> ops = {element.add, element.known, element.last_absent};
        if (element.last_present != none) ops.push_back(element.last_present);
        judgement_.accuse(
            {.anomaly = "lost_element",
             .what = fmt::format("{}{} {}, but the last read by {} does not hold it",
                                 to_text(value, 60),
                                 of_key(),
                                 element.known == element.add ? "was acknowledged" : "was read",
                                 client_of(history_, element.last_absent)),
             .key = key_,
             .ops = std::move(ops),
             .divergence = element.last_absent,
             .remark = to_text(value, 60) + " is missing",
             .details = {{"element", value}}});
    }

    void accuse_duplicate(OpId read, ValueIds::Id id, std::int64_t times) {
        const Value& value = ids_.value(id);
        std::int64_t& most = duplicates_[{key_, value}];
        most = std::max(most, times);
        judgement_.accuse({.anomaly = "duplicate_element",
                           .what = fmt::format("a read by {} returned {}{} {} times",
                                               client_of(history_, read),
                                               to_text(value, 60),
                                               of_key(),
                                               times),
                           .key = key_,
                           .ops = {read},
                           .divergence = read,
                           .remark = fmt::format("{} is there {} times", to_text(value, 60), times),
                           .details = {{"element", value}, {"times", times}}});
    }

    [[nodiscard]] std::string of_key() const {
        return key_.is_absent() ? std::string() : " of " + to_text(key_, 60);
    }

    void tell_list(const std::string& name, const std::vector<Value>& values) {
        judgement_.tell(name + "_count", static_cast<std::int64_t>(values.size()));
        judgement_.tell(name, intervals_text(values));
    }

    void tell_results() {
        judgement_.tell("attempt_count", attempts_);
        tell_list("stable", stable_);
        tell_list("lost", lost_);
        tell_list("never_read", never_read_);
        std::vector<Value> stale;
        for (const Stale& one : stale_)
            stale.push_back(one.element);
        tell_list("stale", stale);
        std::ranges::stable_sort(stale_, std::ranges::greater{}, &Stale::latency_ms);
        Value::List worst;
        for (std::size_t i = 0; i < std::min(stale_.size(), worst_shown); ++i)
            worst.emplace_back(Value::List{stale_[i].element, stale_[i].latency_ms});
        judgement_.tell("worst_stale", std::move(worst));
        judgement_.tell("stable_latencies_ms", quantile_list(stable_ms_));
        judgement_.tell("lost_latencies_ms", quantile_list(lost_ms_));
        judgement_.tell("duplicated_count", static_cast<std::int64_t>(duplicates_.size()));
        Value::List duplicated;
        for (const auto& [element, times] : duplicates_) {
            if (duplicated.size() == worst_shown) break;
            duplicated.emplace_back(Value::List{element.second, times});
        }
        judgement_.tell("duplicated", std::move(duplicated));
    }

    const History& history_;
    Judgement judgement_;
    bool linearizable_;

    Value key_; ///< of the set that is judged
    ValueIds ids_;
    std::vector<Element> elements_; ///< by id; without an add: only read
    std::vector<Group> groups_;     ///< by rank, once they are ranked
    std::map<Symbol, std::size_t> rank_of_list_;

    std::int64_t attempts_ = 0;
    std::vector<Value> stable_, lost_, never_read_;
    std::vector<std::int64_t> stable_ms_, lost_ms_;
    std::vector<Stale> stale_;
    std::map<std::pair<Value, Value>, std::int64_t> duplicates_; ///< by key and element
};

class SetFull : public Checker {
public:
    explicit SetFull(bool linearizable) : linearizable_(linearizable) {}

    [[nodiscard]] CheckResult check(const Record& record, const Budget& budget) const override {
        return SetFullCheck(record, budget, linearizable_).run();
    }

private:
    bool linearizable_;
};

} // namespace

std::vector<OptionSpec> set_full_options() {
    return {{.name = "linearizable",
             .fallback = "no",
             .choices = {"no", "yes"},
             .help = "yes: what is known must be in every read that begins later"}};
}

Result<std::unique_ptr<Checker>> make_set_full(const Options& options) {
    FAULTLAB_TRY(const Options complete,
                 complete_options(options, set_full_options(), "checker set-full"));
    return std::unique_ptr<Checker>(
        std::make_unique<SetFull>(complete.at("linearizable") == "yes"));
}

} // namespace faultlab
