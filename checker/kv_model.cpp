#include "checker/kv_model.hpp"

#include "checker/misfits.hpp"
#include "core/op.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <span>
#include <utility>

namespace faultlab {
namespace {

/// What is read of one row before its keys have their groups.
struct Row {
    std::size_t i = 0;
    bool definite = false;
    std::vector<std::uint32_t> keys; ///< positions in the sorted keys of the history
};

struct PointedLess {
    bool operator()(const Value* a, const Value* b) const { return *a < *b; }
};

class Forest {
public:
    explicit Forest(std::size_t size) : parent_(size) {
        std::iota(parent_.begin(), parent_.end(), 0U);
    }
    std::uint32_t root(std::uint32_t at) {
        while (parent_[at] != at)
            at = parent_[at] = parent_[parent_[at]];
        return at;
    }
    void join(std::uint32_t a, std::uint32_t b) { parent_[root(a)] = root(b); }

private:
    std::vector<std::uint32_t> parent_;
};

bool is_plain_key(const Value& value) {
    return value.integer() != nullptr || value.text() != nullptr;
}

/// A key, or the list [namespace, key].
bool is_key(const Value& value) {
    const Value::List* parts = value.list();
    if (parts == nullptr) return is_plain_key(value);
    return parts->size() == 2 && std::ranges::all_of(*parts, is_plain_key);
}

constexpr std::string_view only_done = "no result, or true, or its argument again";
constexpr std::string_view own_steps =
    "its own steps as the result: what was read, and the rest as it was";

/// An argument [lo, hi) of two keys; null when it is none.
const Value::List* range_of(const Value& arg) {
    const Value::List* range = arg.list();
    const bool fits =
        range != nullptr && range->size() == 2 && is_key((*range)[0]) && is_key((*range)[1]);
    return fits ? range : nullptr;
}

/// The pairs [key, value] that a scan returned; null when it returned something else.
const Value::List* pairs_of(const Value& ret) {
    const Value::List* pairs = ret.list();
    if (pairs == nullptr) return nullptr;
    const bool fit = std::ranges::all_of(*pairs, [](const Value& pair) {
        return pair.list() != nullptr && pair.list()->size() == 2 && is_key(pair.list()->front());
    });
    return fit ? pairs : nullptr;
}

/// That an update was done is all that its answer says: Jepsen repeats the argument.
bool only_acknowledges(const Value& arg, const Value& ret) {
    const bool* const done = ret.boolean();
    return ret.is_absent() || ret == arg || (done != nullptr && *done);
}

/// The steps that were asked for, each read with what it found.
bool answers(const Value& ret, const Value::Transaction& asked) {
    const Value::Transaction* told = ret.transaction();
    return told != nullptr &&
           std::ranges::equal(*told, asked, [](const MicroOp& one, const MicroOp& other) {
               return one.f == other.f && one.key == other.key &&
                      (other.f == "r" || one.value == other.value);
           });
}

class Reader {
public:
    Reader(const History& history, const LinearizabilityRules& rules)
        : history_(history), rules_(rules) {}

    Result<std::vector<KvGroup>> run() {
        FAULTLAB_DO(collect_rows());
        number_keys();
        form_groups();
        for (const Row& row : rows_)
            add(row);
        return std::move(groups_);
    }

private:
    [[nodiscard]] const std::string& f(std::size_t i) const {
        return history_.text(history_.f()[i]);
    }
    [[nodiscard]] const Value& arg(std::size_t i) const {
        return history_.value(history_.arg()[i]);
    }
    [[nodiscard]] const Value& ret(std::size_t i) const {
        return history_.value(history_.ret()[i]);
    }
    /// The value itself, so that a pointer to it stays valid.
    [[nodiscard]] const Value& key(std::size_t i) const {
        return history_.value(history_.key()[i]);
    }

    [[nodiscard]] Error misfit(std::size_t i, std::string_view expected) const {
        return model_misfit(history_.op(static_cast<OpId>(i)), kv_model, expected);
    }

    // Which rows say anything, and which keys there are.

    Result<void> collect_rows() {
        for (std::size_t i = 0; i < history_.size(); ++i) {
            const auto fate = rules_.fate(history_.status()[i]);
            if (fate == LinearizabilityRules::Fate::dropped) continue;
            rows_.push_back({.i = i, .definite = fate == LinearizabilityRules::Fate::definite});
            FAULTLAB_DO(note_keys(rows_.back()));
        }
        return {};
    }

    void note_key(const Value& key) { key_numbers_.try_emplace(&rules_.identity(key), 0); }

    Result<void> note_keys(const Row& row) {
        const std::size_t i = row.i;
        if (spans_keys(f(i)) && !key(i).is_absent()) return misfit(i, "no key");
        if (f(i) == "scan") {
            if (range_of(arg(i)) == nullptr) return misfit(i, "an argument [key, key]");
            if (!row.definite) return {};
            const Value::List* pairs = pairs_of(ret(i));
            if (pairs == nullptr) return misfit(i, "a result [[key, value], …]");
            for (const Value& pair : *pairs)
                note_key(pair.list()->front());
            return {};
        }
        if (f(i) == "txn") {
            const Value::Transaction* txn = arg(i).transaction();
            if (txn == nullptr) return misfit(i, "a transaction");
            for (const MicroOp& step : *txn) {
                if (!is_key(step.key)) return misfit(i, "steps that name a key");
                note_key(step.key);
            }
            // One without steps is of no group that could be spoilt.
            if (row.definite && txn->empty() && !answers(ret(i), *txn)) return misfit(i, own_steps);
            return {};
        }
        if (key(i).is_absent()) return misfit(i, "a key");
        note_key(key(i));
        return {};
    }

    void number_keys() {
        std::uint32_t next = 0;
        for (auto& [key, number] : key_numbers_) {
            number = next++;
            keys_.push_back(key);
        }
    }

    // Groups.

    [[nodiscard]] std::uint32_t number_of(const Value& key) const {
        return key_numbers_.find(&rules_.identity(key))->second;
    }

    [[nodiscard]] std::vector<std::uint32_t> keys_of(const Row& row) const {
        std::vector<std::uint32_t> keys;
        const std::size_t i = row.i;
        if (f(i) == "scan") {
            if (!row.definite) return {};
            const Value::List& range = *arg(i).list();
            const auto less = [](const Value* a, const Value& b) { return *a < b; };
            const auto first = std::lower_bound(keys_.begin(), keys_.end(), range[0], less);
            const auto last = std::lower_bound(keys_.begin(), keys_.end(), range[1], less);
            for (auto it = first; it < last; ++it)
                keys.push_back(static_cast<std::uint32_t>(it - keys_.begin()));
            for (const Value& pair : *ret(i).list())
                keys.push_back(number_of(pair.list()->front()));
        } else if (f(i) == "txn") {
            for (const MicroOp& step : *arg(i).transaction()) {
                // What an open transaction read says nothing.
                if (row.definite || step.f != "r") keys.push_back(number_of(step.key));
            }
        } else {
            keys.push_back(number_of(key(i)));
        }
        std::ranges::sort(keys);
        const auto repeated = std::ranges::unique(keys);
        keys.erase(repeated.begin(), repeated.end());
        return keys;
    }

    void form_groups() {
        Forest forest(keys_.size());
        for (Row& row : rows_) {
            row.keys = keys_of(row);
            for (std::size_t k = 1; k < row.keys.size(); ++k)
                forest.join(row.keys[0], row.keys[k]);
        }
        group_of_.assign(keys_.size(), 0);
        std::map<std::uint32_t, std::size_t> numbers;
        for (const Row& row : rows_) {
            for (const std::uint32_t key : row.keys) {
                if (numbers.try_emplace(forest.root(key), groups_.size()).second)
                    groups_.emplace_back();
            }
        }
        id_in_group_.assign(keys_.size(), 0);
        for (std::uint32_t key = 0; key < keys_.size(); ++key) {
            const auto group = numbers.find(forest.root(key));
            if (group == numbers.end()) continue; // only failed, or read by what did not return
            group_of_[key] = group->second;
            id_in_group_[key] = groups_[group->second].places.add_key(*keys_[key]);
        }
    }

    // Steps.

    void add(const Row& row) {
        if (row.keys.empty()) return;
        const std::size_t i = row.i;
        KvGroup& group = groups_[group_of_[row.keys[0]]];
        ++group.considered;
        KvOp op;
        op.id = static_cast<OpId>(i);
        op.inv = rules_.invoked(history_.inv_index()[i]);
        op.ret = row.definite ? rules_.returned(op.inv, history_.ret_index()[i]) : never;
        group_ = &group;
        expected_ = {};
        if (f(i) == "scan") {
            add_scan(row, op);
        } else if (f(i) == "txn") {
            add_transaction(row, op);
        } else {
            add_single(row, op);
        }
        if (!expected_.empty()) {
            if (!group.misfit) group.misfit = misfit(i, expected_);
            return;
        }
        if (op.definite() ? op.steps.empty() : op.preserves_state()) return;
        group.ops.push_back(std::move(op));
    }

    PlaceId place(KeyId key, const Value& value) const {
        return group_->places.number(key, rules_.identity(value));
    }

    void add_single(const Row& row, KvOp& op) {
        const std::size_t i = row.i;
        const KeyId key = id_in_group_[row.keys[0]];
        const std::string& name = f(i);
        if (name == "read" || name == "delete") {
            if (!arg(i).is_absent()) expected_ = "no argument";
        }
        if (name == "read") {
            if (row.definite) op.steps.push_back({.key = key, .place = place(key, ret(i))});
        } else if (name == "write" || name == "delete") {
            if (row.definite && !only_acknowledges(arg(i), ret(i))) expected_ = only_done;
            const bool writes = name == "write";
            const PlaceId left = writes ? place(key, arg(i)) : group_->places.absent(key);
            op.steps.push_back({KvAction::write, false, key, left});
        } else if (name == "swap") {
            if (row.definite) op.steps.push_back({.key = key, .place = place(key, ret(i))});
            op.steps.push_back({KvAction::write, false, key, place(key, arg(i))});
        } else if (name == "cas") {
            add_cas(row, key, op);
        } else if (name == "add") {
            add_sum(row, key, op);
        } else if (name == "append") {
            add_suffix(row, key, op);
        } else {
            expected_ = "read, write, cas, add, append, swap, delete, scan or txn";
        }
    }

    void add_cas(const Row& row, KeyId key, KvOp& op) {
        const Value::List* pair = arg(row.i).list();
        if (pair == nullptr || pair->size() != 2) {
            expected_ = "an argument [from, to]";
            return;
        }
        const PlaceId from = place(key, (*pair)[0]);
        const PlaceId to = place(key, (*pair)[1]);
        const bool* compared = ret(row.i).boolean();
        if (row.definite && compared != nullptr && !*compared) {
            op.steps.push_back({KvAction::differ, false, key, from});
            op.asked = {{KvAction::compare, false, key, from}, {KvAction::write, false, key, to}};
        } else if (row.definite && !only_acknowledges(arg(row.i), ret(row.i))) {
            expected_ = "no result, or true or false, or its argument again";
        } else if (from == to) {
            if (row.definite) op.steps.push_back({KvAction::observe, false, key, from});
        } else {
            op.steps.push_back({KvAction::compare, false, key, from});
            op.steps.push_back({KvAction::write, false, key, to});
        }
    }

    void add_sum(const Row& row, KeyId key, KvOp& op) {
        const std::int64_t* delta = arg(row.i).integer();
        const std::int64_t* sum = ret(row.i).integer();
        if (delta == nullptr) {
            expected_ = "an integer to add";
        } else if (!row.definite) {
            op.steps.push_back({.action = KvAction::add,
                                .key = key,
                                .operand = group_->places.number_operand(arg(row.i))});
        } else if (sum == nullptr) {
            expected_ = "the sum as its result";
        } else {
            std::int64_t base = 0;
            const bool possible = !__builtin_sub_overflow(*sum, *delta, &base);
            add_known(KvAction::add, key, row.i, possible, Value(base), base == 0, op);
        }
    }

    void add_suffix(const Row& row, KeyId key, KvOp& op) {
        const std::string* suffix = arg(row.i).text();
        const std::string* whole = ret(row.i).text();
        if (suffix == nullptr) {
            expected_ = "a text to append";
        } else if (!row.definite) {
            op.steps.push_back({.action = KvAction::append,
                                .key = key,
                                .operand = group_->places.number_operand(arg(row.i))});
        } else if (whole == nullptr) {
            expected_ = "the new text as its result";
        } else {
            const bool possible = whole->ends_with(*suffix);
            const std::size_t kept = possible ? whole->size() - suffix->size() : 0;
            add_known(KvAction::append,
                      key,
                      row.i,
                      possible,
                      Value(whole->substr(0, kept)),
                      kept == 0,
                      op);
        }
    }

    void add_known(KvAction action,
                   KeyId key,
                   std::size_t i,
                   bool possible,
                   const Value& base,
                   bool or_absent,
                   KvOp& op) {
        const std::uint32_t operand = group_->places.number_operand(arg(i));
        if (!possible) {
            op.steps.push_back({.action = KvAction::impossible, .key = key});
            op.asked = {{.action = action, .key = key, .operand = operand}};
            return;
        }
        op.steps.push_back({.action = action,
                            .or_absent = or_absent,
                            .key = key,
                            .place = place(key, ret(i)),
                            .base = place(key, base),
                            .operand = operand});
    }

    void add_scan(const Row& row, KvOp& op) {
        const Value::List& range = *arg(row.i).list();
        std::map<std::uint32_t, const Value*> seen;
        const Value* before = nullptr;
        for (const Value& entry : *ret(row.i).list()) {
            const Value::List& pair = *entry.list();
            const bool in_order = before == nullptr || *before < pair[0];
            const bool possible =
                in_order && !(pair[0] < range[0]) && pair[0] < range[1] && !pair[1].is_absent();
            before = &pair[0];
            if (possible) {
                seen.emplace(number_of(pair[0]), &pair[1]);
            } else {
                op.steps.push_back(
                    {.action = KvAction::impossible, .key = id_in_group_[number_of(pair[0])]});
            }
        }
        for (const std::uint32_t number : row.keys) {
            if (*keys_[number] < range[0] || !(*keys_[number] < range[1])) continue;
            const KeyId key = id_in_group_[number];
            const auto found = seen.find(number);
            const PlaceId at =
                found == seen.end() ? group_->places.absent(key) : place(key, *found->second);
            op.steps.push_back({KvAction::observe, false, key, at});
        }
    }

    void add_transaction(const Row& row, KvOp& op) {
        const Value::Transaction& asked = *arg(row.i).transaction();
        if (row.definite && !answers(ret(row.i), asked)) {
            expected_ = own_steps;
            return;
        }
        for (std::size_t s = 0; s < asked.size(); ++s) {
            const MicroOp& step = asked[s];
            if (step.f == "r") {
                if (!row.definite) continue;
                const Value& found = (*ret(row.i).transaction())[s].value;
                add_read_step(id_in_group_[number_of(step.key)], found, op);
            } else if (step.f == "w") {
                const KeyId key = id_in_group_[number_of(step.key)];
                op.steps.push_back({KvAction::write, false, key, place(key, step.value)});
            } else if (step.f == "append" && step.value.text() != nullptr) {
                op.steps.push_back({.action = KvAction::append,
                                    .key = id_in_group_[number_of(step.key)],
                                    .operand = group_->places.number_operand(step.value)});
            } else {
                expected_ = "steps r, w, or append of a text";
            }
        }
    }

    /// A read after an append of the same transaction tells what that made.
    void add_read_step(KeyId key, const Value& value, KvOp& op) const {
        const auto last = std::find_if(
            op.steps.rbegin(), op.steps.rend(), [key](const KvStep& s) { return s.key == key; });
        if (last == op.steps.rend() || last->action != KvAction::append || !last->vague()) {
            op.steps.push_back({KvAction::observe, false, key, place(key, value)});
            return;
        }
        const std::string& suffix = *group_->places.operand(last->operand).text();
        if (value.text() == nullptr || !value.text()->ends_with(suffix)) {
            op.steps.push_back({.action = KvAction::impossible, .key = key});
            return;
        }
        const std::string base = value.text()->substr(0, value.text()->size() - suffix.size());
        last->place = place(key, value);
        last->base = place(key, base);
        last->or_absent = base.empty();
    }

    const History& history_;
    const LinearizabilityRules& rules_;
    std::vector<Row> rows_;
    std::map<const Value*, std::uint32_t, PointedLess> key_numbers_;
    std::vector<const Value*> keys_; ///< sorted
    std::vector<std::size_t> group_of_;
    std::vector<KeyId> id_in_group_;
    std::vector<KvGroup> groups_;
    KvGroup* group_ = nullptr;  ///< of the row being added
    std::string_view expected_; ///< why that row does not fit; empty: it does
};

} // namespace

Result<std::vector<KvGroup>> read_kv_groups(const History& history,
                                            const LinearizabilityRules& rules) {
    return Reader(history, rules).run();
}

std::optional<KvOp> opened(const KvOp& op) {
    KvOp open = op;
    open.ret = never;
    if (!op.asked.empty()) open.steps = std::exchange(open.asked, {});
    std::erase_if(open.steps, [](const KvStep& step) {
        return step.action == KvAction::observe || step.action == KvAction::differ ||
               step.action == KvAction::impossible;
    });
    for (KvStep& step : open.steps) {
        if (step.action != KvAction::add && step.action != KvAction::append) continue;
        step.place = no_place;
        step.base = no_place;
        step.or_absent = false;
    }
    if (!open.updates()) return std::nullopt;
    return open;
}

} // namespace faultlab
