#include "checker/judgement.hpp"

#include "checker/linearizability_parts.hpp"
#include "core/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace faultlab {
namespace {

/// Nobody reads more of one kind, and each costs a row in the store.
constexpr std::int64_t most_findings = 8;
constexpr std::int64_t steps_between_looks = 4096;
constexpr std::size_t shown_value = 60;

} // namespace

Judgement::Judgement(std::string_view checker, const Record& record, const Budget& budget)
    : record_(record), budget_(budget) {
    result_.checker = std::string(checker);
}

bool Judgement::step(std::int64_t steps) {
    steps_ += steps;
    if (steps_ >= next_look_) {
        next_look_ = steps_ + steps_between_looks;
        spent_ = spent_ || budget_.out_of_time();
    }
    return !stopped();
}

bool Judgement::only(std::initializer_list<std::string_view> names) {
    const History& history = record_.history;
    std::vector<bool> known;
    for (std::size_t i = 0; i < history.size(); ++i) {
        const Symbol f = history.f()[i];
        if (f >= known.size()) known.resize(f + std::size_t{1});
        if (known[f]) continue;
        if (std::ranges::find(names, history.text(f)) == names.end()) {
            std::string list;
            for (const std::string_view name : names)
                list += (list.empty() ? "" : ", ") + std::string(name);
            misfit(static_cast<OpId>(i), list);
            return false;
        }
        known[f] = true;
    }
    if (history.size() == 0) doubt("the history has no operations");
    return true;
}

void Judgement::misfit(OpId op, std::string_view expected) {
    if (!misfit_.empty()) return;
    const Op row = record_.history.op(op);
    std::string shown = row.f;
    if (!row.arg.is_absent()) shown += " " + to_text(row.arg, shown_value);
    if (!row.ret.is_absent()) shown += " -> " + to_text(row.ret, shown_value);
    misfit_ = fmt::format(
        "operation {} ({}) is none of {}: expected {}", op, shown, result_.checker, expected);
}

void Judgement::doubt(std::string reason) {
    if (doubt_.empty()) doubt_ = std::move(reason);
}

void Judgement::accuse(Accusation accusation) {
    if (result_.reason.empty()) result_.reason = accusation.what;
    if (accused_[accusation.anomaly]++ >= most_findings) return;
    Finding finding{.checker = result_.checker,
                    .anomaly = std::move(accusation.anomaly),
                    .key = std::move(accusation.key),
                    .ops = std::move(accusation.ops),
                    .faults = {},
                    .divergence = accusation.divergence,
                    .details = std::move(accusation.details)};
    std::ranges::sort(finding.ops);
    const auto repeated = std::ranges::unique(finding.ops);
    finding.ops.erase(repeated.begin(), repeated.end());
    finding.faults = faults_during(record_, finding.ops);
    finding.details["what"] = Value(std::move(accusation.what));
    if (!accusation.remark.empty()) finding.details["remark"] = Value(std::move(accusation.remark));
    result_.findings.push_back(std::move(finding));
}

bool Judgement::tells(const std::string& anomaly) const {
    const auto found = accused_.find(anomaly);
    return found == accused_.end() || found->second < most_findings;
}

void Judgement::tell(const std::string& name, Value value) {
    result_.statistics[name] = std::move(value);
}

void Judgement::count(const std::string& name, std::int64_t n) {
    Value& value = result_.statistics[name];
    const std::int64_t* before = value.integer();
    value = Value((before == nullptr ? 0 : *before) + n);
}

void Judgement::tell_values(const std::string& name, const Value& key, std::vector<Value> values) {
    Value& told = result_.statistics[name];
    std::string text = told.text() == nullptr ? std::string() : *told.text();
    if (!values.empty()) {
        if (!text.empty()) text += "; ";
        if (!key.is_absent()) text += to_text(key, shown_value) + ": ";
        text += intervals_text(std::move(values));
    }
    told = Value(std::move(text));
}

CheckResult Judgement::finish() {
    result_.statistics["steps"] = steps_;
    std::int64_t all = 0;
    for (const auto& [anomaly, count] : accused_)
        all += count;
    if (stopped()) {
        result_.findings.clear();
        result_.verdict = Verdict::unknown;
        result_.reason = spent_ ? "out of time: the budget of the check was spent" : misfit_;
    } else if (all > 0) {
        result_.verdict = Verdict::invalid;
        if (all > 1) result_.reason += fmt::format(" ({} more)", all - 1);
    } else if (!doubt_.empty()) {
        result_.verdict = Verdict::unknown;
        result_.reason = std::move(doubt_);
    } else {
        result_.verdict = Verdict::valid;
    }
    return std::move(result_);
}

std::vector<Moment> moments_of(const History& history, std::span<const OpId> ops) {
    std::vector<Moment> moments;
    moments.reserve(2 * ops.size());
    for (const OpId op : ops) {
        moments.push_back({history.inv_index()[at(op)], op, false});
        const Index ret = history.ret_index()[at(op)];
        if (ret != never) moments.push_back({ret, op, true});
    }
    std::ranges::sort(moments, {}, &Moment::index);
    return moments;
}

std::vector<OpId> all_ops(const History& history) {
    std::vector<OpId> ops(history.size());
    std::iota(ops.begin(), ops.end(), OpId{0});
    return ops;
}

ValueIds::Id ValueIds::intern(const Value& value) {
    const auto [entry, fresh] = ids_.try_emplace(value, static_cast<Id>(values_.size()));
    if (fresh) values_.push_back(&entry->first);
    return entry->second;
}

ValueIds::Id ValueIds::find(const Value& value) const {
    const auto found = ids_.find(value);
    return found == ids_.end() ? none : found->second;
}

std::string intervals_text(std::vector<Value> values, std::size_t limit) {
    std::ranges::sort(values);
    std::string text;
    for (std::size_t i = 0; i < values.size();) {
        std::size_t end = i + 1;
        const auto follows = [&](std::size_t j) {
            const std::int64_t* before = values[j - 1].integer();
            const std::int64_t* number = values[j].integer();
            // Not the successor's sum: the greatest integer has none.
            return before != nullptr && number != nullptr && *number - 1 == *before;
        };
        while (end < values.size() && follows(end))
            ++end;
        if (!text.empty()) text += ' ';
        if (text.size() > limit) return text + fmt::format("… and {} more", values.size() - i);
        text += to_text(values[i], shown_value);
        if (end > i + 1) text += ".." + to_text(values[end - 1], shown_value);
        i = end;
    }
    return text;
}

Value quantile_list(std::vector<std::int64_t> numbers) {
    if (numbers.empty()) return {};
    std::ranges::sort(numbers);
    constexpr std::array<std::size_t, 5> percents = {0, 50, 95, 99, 100};
    Value::List list;
    for (const std::size_t percent : percents) {
        const std::size_t i = numbers.size() * percent / 100;
        list.emplace_back(numbers[std::min(i, numbers.size() - 1)]);
    }
    return list;
}

const Value::List* pair_in(const Value& value) {
    const Value::List* list = value.list();
    return list != nullptr && list->size() == 2 ? list : nullptr;
}

std::string client_of(const History& history, OpId op) {
    return fmt::format("client {}", history.client()[at(op)]);
}

} // namespace faultlab
