#include "reports/sentence.hpp"

#include "reports/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace faultlab {
namespace {

bool is_read(const Op& op) {
    return op.f.starts_with("read");
}

bool is_cas(const Op& op) {
    return op.f.starts_with("cas");
}

// Expected and new content of a compare-and-set, or null.
const Value::List* cas_pair(const Op& op) {
    const Value::List* pair = op.arg.list();
    return is_cas(op) && pair != nullptr && pair->size() == 2 ? pair : nullptr;
}

bool by_version(const Op& op) {
    return op.f.find("version") != std::string::npos;
}

bool comparison_failed(const Op& op) {
    return is_cas(op) && op.ret.boolean() != nullptr && !*op.ret.boolean();
}

bool changes(const Op& op) {
    return op.status != OpStatus::fail && !is_read(op) && !comparison_failed(op);
}

std::string on_key(const Value& key) {
    return key.is_absent() ? std::string() : " on key " + key_text(key);
}

std::string of_key(const Value& key) {
    return key.is_absent() ? std::string() : " of " + key_text(key);
}

// The object of the history, where a sentence needs a name for it.
std::string the_object(const Value& key) {
    return key.is_absent() ? std::string("the object") : key_text(key);
}

std::string what_it_set(const Op& op, std::size_t limit) {
    if (const Value::List* pair = cas_pair(op)) {
        const std::string expected = value_text((*pair)[0], limit);
        return fmt::format("{}{} to {}",
                           by_version(op) ? "version " : "",
                           expected,
                           value_text((*pair)[1], limit));
    }
    return value_text(op.arg, limit);
}

// "the write of 7 by client 5"
std::string noun_of(const Op& op) {
    if (is_read(op)) return fmt::format("the read{} by client {}", of_key(op.key), op.client);
    if (cas_pair(op) != nullptr) {
        return fmt::format(
            "the compare-and-set from {} by client {}", what_it_set(op, 60), op.client);
    }
    return fmt::format(
        "the {} of {} by client {}", visible(op.f, 40), what_it_set(op, 60), op.client);
}

std::string capitalised(std::string text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
        text[0] = static_cast<char>(text[0] - 'a' + 'A');
    return text;
}

std::string answer_of(const Op& op) {
    if (op.ret.is_absent() && is_read(op)) return "nothing (the key was absent)";
    if (comparison_failed(op)) return "that the comparison failed";
    if (is_cas(op) && op.ret.boolean() != nullptr) return "that it succeeded";
    return value_text(op.ret);
}

std::string read_returned(const Op& op) {
    return fmt::format("Read{} by client {} returned {}", of_key(op.key), op.client, answer_of(op));
}

std::string stale_sentence(const Op& read, const std::optional<Op>& missed) {
    if (!missed || !is_read(read)) return {};
    return fmt::format("{} although {} had already been acknowledged {} earlier.",
                       read_returned(read),
                       noun_of(*missed),
                       duration_text(std::max<Nanos>(0, read.t_inv - missed->t_ret)));
}

std::string lost_sentence(const Op& last, const std::optional<Op>& missed) {
    if (missed && is_read(last)) {
        return fmt::format("{}: {}, acknowledged {} earlier, was lost.",
                           read_returned(last),
                           noun_of(*missed),
                           duration_text(std::max<Nanos>(0, last.t_inv - missed->t_ret)));
    }
    if (missed) {
        return fmt::format("{} succeeded, which it could not if {}, acknowledged before, had not "
                           "been lost.",
                           capitalised(noun_of(last)),
                           noun_of(*missed));
    }
    if (is_read(last)) return read_returned(last) + ": an acknowledged change was lost.";
    return capitalised(noun_of(last)) + " shows that an acknowledged change was lost.";
}

std::string duplicate_sentence(const std::vector<Op>& ops) {
    for (std::size_t i = 0; i < ops.size(); ++i) {
        for (std::size_t j = i + 1; j < ops.size(); ++j) {
            const Value::List* first = cas_pair(ops[i]);
            const Value::List* second = cas_pair(ops[j]);
            const bool both = first != nullptr && second != nullptr &&
                              ops[i].status == OpStatus::ok && ops[j].status == OpStatus::ok &&
                              !comparison_failed(ops[i]) && !comparison_failed(ops[j]);
            if (!both || !((*first)[0] == (*second)[0]) || by_version(ops[i]) != by_version(ops[j]))
                continue;
            return fmt::format("Clients {} and {} were both told that their compare-and-set of {} "
                               "from {}{} succeeded (to {} and to {}); only one of them can have "
                               "found it so.",
                               ops[i].client,
                               ops[j].client,
                               the_object(ops[i].key),
                               by_version(ops[i]) ? "version " : "",
                               value_text((*first)[0]),
                               value_text((*first)[1]),
                               value_text((*second)[1]));
        }
    }
    return {};
}

std::string general_sentence(const Finding& finding, const std::optional<Op>& last) {
    std::string text =
        finding.ops.empty()
            ? fmt::format("No order of the operations{} explains every answer", on_key(finding.key))
            : fmt::format("No order of these {}{} explains every answer",
                          count_text(static_cast<std::int64_t>(finding.ops.size()), "operation"),
                          on_key(finding.key));
    if (!last) return text + ".";
    if (last->status != OpStatus::ok) {
        return text + ": " + noun_of(*last) + " is the first that does not fit.";
    }
    return fmt::format("{}: {}, which returned {}, is the first that does not fit.",
                       text,
                       noun_of(*last),
                       answer_of(*last));
}

std::string by_class(const History& history, const Finding& finding, const Op& last) {
    const std::string name = class_of(finding);
    const std::optional<Op> missed = missed_change(history, finding);
    if (name == "stale_read") return stale_sentence(last, missed);
    if (name == "lost_update") return lost_sentence(last, missed);
    if (name == "duplicate_cas") return duplicate_sentence(counterexample(history, finding));
    if (name == "value_never_written" && is_read(last)) {
        return fmt::format("{}, a value that no client had tried to write to {} by then.",
                           read_returned(last),
                           the_object(last.key));
    }
    if (name == "value_never_written") {
        return fmt::format("{} succeeded, but no client had tried to write the value that it "
                           "found.",
                           capitalised(noun_of(last)));
    }
    if (name == "impossible_version") {
        return fmt::format("{} returned {}: {} cannot have had that version then.",
                           capitalised(noun_of(last)),
                           answer_of(last),
                           the_object(last.key));
    }
    return {};
}

} // namespace

std::string as_sentence(const std::string& reason) {
    std::string text = capitalised(visible(reason, 400));
    if (!text.empty() && text.back() != '.') text += '.';
    return text;
}

Value written_value(const Op& op) {
    if (is_read(op)) return {};
    if (const Value::List* pair = cas_pair(op)) return (*pair)[1];
    return op.arg;
}

std::string action_text(const Op& op) {
    const std::string key = op.key.is_absent() ? std::string() : " " + key_text(op.key);
    if (is_read(op)) {
        const std::string action = visible(op.f, 40) + key;
        return op.status == OpStatus::ok ? action + " → " + value_text(op.ret) : action;
    }
    if (cas_pair(op) != nullptr) {
        return fmt::format("compare-and-set{} from {}{}",
                           key,
                           what_it_set(op, 60),
                           comparison_failed(op) ? " → comparison failed" : "");
    }
    if (op.f == "write") return fmt::format("write{} := {}", key, value_text(op.arg));
    std::string text = visible(op.f, 40) + key;
    if (!op.arg.is_absent()) text += " " + value_text(op.arg);
    if (op.status == OpStatus::ok && !op.ret.is_absent()) text += " → " + value_text(op.ret);
    return text;
}

std::string action_label(const Op& op, std::size_t limit) {
    const std::size_t each = limit / 2;
    if (is_read(op))
        return op.status == OpStatus::ok ? "read → " + value_text(op.ret, each) : "read";
    if (const Value::List* pair = cas_pair(op)) {
        return fmt::format("cas {}→{}{}",
                           value_text((*pair)[0], each / 2),
                           value_text((*pair)[1], each / 2),
                           comparison_failed(op) ? " no" : "");
    }
    return visible(op.f, each) + (op.arg.is_absent() ? "" : " " + value_text(op.arg, each));
}

std::string outcome_text(const Op& op) {
    const std::string error = op.error.empty() ? "" : ": " + visible(op.error, 80);
    switch (op.status) {
        case OpStatus::ok: return "ok at " + moment_text(op.t_ret);
        case OpStatus::fail: return "failed at " + moment_text(op.t_ret) + error;
        case OpStatus::info: return "outcome unknown" + error;
        case OpStatus::open: break;
    }
    return "no answer until the record ends";
}

std::vector<Op> counterexample(const History& history, const Finding& finding) {
    std::vector<OpId> ids = finding.ops;
    ids.push_back(finding.divergence);
    std::ranges::sort(ids);
    const auto repeated = std::ranges::unique(ids);
    ids.erase(repeated.begin(), repeated.end());
    std::vector<Op> ops;
    for (const OpId id : ids) {
        if (id >= 0 && static_cast<std::size_t>(id) < history.size()) ops.push_back(history.op(id));
    }
    return ops;
}

std::optional<Op> divergence(const History& history, const Finding& finding) {
    const OpId id = finding.divergence;
    if (id < 0 || static_cast<std::size_t>(id) >= history.size()) return std::nullopt;
    return history.op(id);
}

std::optional<Op> missed_change(const History& history, const Finding& finding) {
    const std::optional<Op> last = divergence(history, finding);
    if (!last) return std::nullopt;
    const auto fits = [&last](const Op& op) {
        return op.status == OpStatus::ok && changes(op) && op.ret_index < last->inv_index;
    };
    if (const auto detail = finding.details.find("missed_write");
        detail != finding.details.end() && detail->second.integer() != nullptr) {
        const OpId id = *detail->second.integer();
        if (id >= 0 && static_cast<std::size_t>(id) < history.size()) {
            Op op = history.op(id);
            if (fits(op)) return op;
        }
    }
    std::optional<Op> missed;
    for (Op& op : counterexample(history, finding)) {
        const bool newer = !missed || op.ret_index > missed->ret_index;
        if (op.id != last->id && fits(op) && newer && !(written_value(op) == last->ret))
            missed = std::move(op);
    }
    return missed;
}

std::string detail_text(const Finding& finding, const char* name) {
    const auto detail = finding.details.find(name);
    if (detail == finding.details.end()) return {};
    if (const std::string* text = detail->second.text()) return visible(*text, 300);
    return value_text(detail->second, 120);
}

std::string class_of(const Finding& finding) {
    std::string name = detail_text(finding, "class");
    return name.empty() ? visible(finding.anomaly, 60) : name;
}

std::string headline_of(const std::string& workload, const Finding& finding) {
    const std::string subject = workload.empty() ? "the history" : visible(workload, 60);
    if (finding.anomaly == "nonlinearizable")
        return subject + " is not linearizable" + on_key(finding.key);
    std::string anomaly = visible(finding.anomaly, 80);
    std::ranges::replace(anomaly, '_', ' ');
    return subject + ": " + (anomaly.empty() ? "violation" : anomaly) + on_key(finding.key);
}

std::string sentence_of(const History& history, const Finding& finding, const std::string& reason) {
    const std::optional<Op> last = divergence(history, finding);
    std::string text = last ? by_class(history, finding, *last) : std::string();
    if (!text.empty()) return text;
    if (finding.anomaly == "nonlinearizable") return general_sentence(finding, last);
    return as_sentence(reason.empty() ? "the checker gave no reason" : reason);
}

} // namespace faultlab
