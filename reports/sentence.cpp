#include "reports/sentence.hpp"

#include "reports/object_sentence.hpp"
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

bool comparison_failed(const Op& op) {
    return is_cas(op) && op.ret.boolean() != nullptr && !*op.ret.boolean();
}

bool is_scan(const Op& op) {
    return op.f == "scan" && op.arg.list() != nullptr && op.arg.list()->size() == 2;
}

bool is_transaction(const Op& op) {
    return op.f == "txn" && op.arg.transaction() != nullptr;
}

bool changes(const Op& op) {
    return op.status != OpStatus::fail && !is_read(op) && !is_scan(op) && !comparison_failed(op);
}

std::string on_key(const Value& key) {
    return key.is_absent() ? std::string() : " on key " + key_text(key);
}

// A finding of several keys names them in its details.
std::string on_keys(const Finding& finding) {
    const auto keys = finding.details.find("keys");
    if (keys == finding.details.end() || keys->second.list() == nullptr) return on_key(finding.key);
    std::vector<std::string> names;
    for (const Value& key : *keys->second.list())
        names.push_back(key_text(key));
    return " on keys " + list_text(names);
}

std::string of_key(const Value& key) {
    return key.is_absent() ? std::string() : " of " + key_text(key);
}

// The object of the history, where a sentence needs a name for it.
std::string the_object(const Value& key) {
    return key.is_absent() ? std::string("the object") : key_text(key);
}

std::optional<Op> op_if_there(const History& history, OpId id) {
    if (id < 0 || static_cast<std::size_t>(id) >= history.size()) return std::nullopt;
    return history.op(id);
}

// An operation that the details of a finding name.
std::optional<Op> cited_op(const History& history, const Finding& finding, const char* name) {
    const auto detail = finding.details.find(name);
    if (detail == finding.details.end() || detail->second.integer() == nullptr) return std::nullopt;
    return op_if_there(history, *detail->second.integer());
}

// What an operation leaves behind when it succeeds; absent for a read and a delete.
Value written_value(const Op& op) {
    if (is_read(op) || op.f == "delete") return {};
    if (op.f == "add" || op.f == "append") return op.ret;
    if (const Value::List* pair = cas_pair(op)) return (*pair)[1];
    return op.arg;
}

std::string what_it_set(const Op& op, const Wording& wording, std::size_t limit) {
    if (const Value::List* pair = cas_pair(op)) {
        return fmt::format("{}{} to {}",
                           wording.versioned ? "version " : "",
                           value_text((*pair)[0], limit),
                           value_text((*pair)[1], limit));
    }
    return value_text(op.arg, limit);
}

// [4, 3] as "4 (version 3)", where answers carry a version.
std::string answer_value(const Op& op, const Wording& wording, std::size_t limit) {
    const Value::List* pair = op.ret.list();
    if (!wording.versioned || pair == nullptr || pair->size() != 2)
        return value_text(op.ret, limit);
    return fmt::format(
        "{} (version {})", value_text((*pair)[0], limit), value_text((*pair)[1], limit));
}

// "a to c": the keys of a scan, the last one exclusive.
std::string range_text(const Op& op) {
    const Value::List& range = *op.arg.list();
    return fmt::format("{} to {}", key_text(range[0]), key_text(range[1]));
}

// "read a → 4, write b := 7, append "x" to c"
std::string steps_text(const Op& op, std::size_t limit) {
    const bool answered = op.status == OpStatus::ok && op.ret.transaction() != nullptr;
    std::string text;
    for (const MicroOp& step : answered ? *op.ret.transaction() : *op.arg.transaction()) {
        if (!text.empty()) text += ", ";
        const std::string key = key_text(step.key);
        if (step.f == "r") {
            text += "read " + key + (answered ? " → " + value_text(step.value, limit) : "");
        } else if (step.f == "append") {
            text += fmt::format("append {} to {}", value_text(step.value, limit), key);
        } else {
            text += fmt::format("write {} := {}", key, value_text(step.value, limit));
        }
    }
    return text;
}

// "the write of 7 by client 5"
std::string noun_of(const Op& op, const Wording& wording) {
    if (is_read(op)) return fmt::format("the read{} by client {}", of_key(op.key), op.client);
    if (is_scan(op)) return fmt::format("the scan from {} by client {}", range_text(op), op.client);
    if (is_transaction(op))
        return fmt::format("the transaction ({}) by client {}", steps_text(op, 30), op.client);
    if (op.f == "delete")
        return fmt::format("the delete{} by client {}", of_key(op.key), op.client);
    if (op.f == "add" || op.f == "append") {
        return fmt::format("the {} of {} to {} by client {}",
                           op.f == "add" ? "addition" : "append",
                           value_text(op.arg, 60),
                           the_object(op.key),
                           op.client);
    }
    if (cas_pair(op) != nullptr) {
        return fmt::format(
            "the compare-and-set from {} by client {}", what_it_set(op, wording, 60), op.client);
    }
    return fmt::format(
        "the {} of {} by client {}", visible(op.f, 40), what_it_set(op, wording, 60), op.client);
}

std::string capitalised(std::string text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
        text[0] = static_cast<char>(text[0] - 'a' + 'A');
    return text;
}

std::string answer_of(const Op& op, const Wording& wording) {
    if (is_scan(op) && op.ret.list() != nullptr && op.ret.list()->empty()) return "no key";
    if (is_transaction(op)) return "its reads as given";
    if (op.ret.is_absent() && is_read(op)) return "nothing (the key was absent)";
    if (comparison_failed(op)) return "that the comparison failed";
    if (is_cas(op) && op.ret.boolean() != nullptr) return "that it succeeded";
    return answer_value(op, wording, 60);
}

// "Read of k by client 1 returned 4", "The scan from a to c by client 2 returned …"
std::string read_returned(const Op& op, const Wording& wording) {
    if (is_scan(op))
        return capitalised(noun_of(op, wording)) + " returned " + answer_of(op, wording);
    if (is_transaction(op)) return capitalised(noun_of(op, wording)) + " succeeded";
    return fmt::format(
        "Read{} by client {} returned {}", of_key(op.key), op.client, answer_of(op, wording));
}

// "the write of 7 by client 5 had already been acknowledged 38 ms earlier"
std::string certain_before(const Missed& missed, const Op& op, const Wording& wording) {
    const std::string how = missed.seen_by
                                ? fmt::format("been seen by client {}", missed.seen_by->client)
                                : std::string("been acknowledged");
    return fmt::format("{} had already {} {} earlier",
                       noun_of(missed.change, wording),
                       how,
                       duration_text(std::max<Nanos>(0, op.t_inv - missed.since())));
}

std::string
stale_sentence(const Op& op, const std::optional<Missed>& missed, const Wording& wording) {
    if (!missed || !missed->before) return {};
    if (!is_read(op) && !is_scan(op) && !is_transaction(op)) return {};
    return fmt::format(
        "{} although {}.", read_returned(op, wording), certain_before(*missed, op, wording));
}

std::string
lost_sentence(const Op& op, const std::optional<Missed>& missed, const Wording& wording) {
    if (missed && missed->before) {
        const std::string saw = is_read(op) ? read_returned(op, wording)
                                            : capitalised(noun_of(op, wording)) + " succeeded";
        return fmt::format(
            "{} although {}: that update was lost.", saw, certain_before(*missed, op, wording));
    }
    if (missed && !wording.versioned) {
        return fmt::format("{} and {} were both made on the same value: one replaced the other "
                           "unseen.",
                           capitalised(noun_of(op, wording)),
                           noun_of(missed->change, wording));
    }
    if (missed) {
        return fmt::format("{} and {} were both acknowledged as the same version{}: one replaced "
                           "the other unseen.",
                           capitalised(noun_of(op, wording)),
                           noun_of(missed->change, wording),
                           of_key(op.key));
    }
    if (is_read(op)) return read_returned(op, wording) + ": an acknowledged change was lost.";
    return capitalised(noun_of(op, wording)) + " shows that an acknowledged change was lost.";
}

// The pair that the checker names, else the first two of the counterexample that fit.
std::string duplicate_sentence(const std::vector<Op>& ops, const Wording& wording) {
    for (std::size_t i = 0; i < ops.size(); ++i) {
        for (std::size_t j = i + 1; j < ops.size(); ++j) {
            const Value::List* first = cas_pair(ops[i]);
            const Value::List* second = cas_pair(ops[j]);
            if (first == nullptr || second == nullptr || !((*first)[0] == (*second)[0])) continue;
            if (comparison_failed(ops[i]) || comparison_failed(ops[j])) continue;
            return fmt::format("Clients {} and {} were both told that their compare-and-set of {} "
                               "from {}{} succeeded (to {} and to {}); only one of them can have "
                               "found it so.",
                               ops[i].client,
                               ops[j].client,
                               the_object(ops[i].key),
                               wording.versioned ? "version " : "",
                               value_text((*first)[0]),
                               value_text((*first)[1]),
                               value_text((*second)[1]));
        }
    }
    return {};
}

std::string
general_sentence(const Finding& finding, const std::optional<Op>& last, const Wording& wording) {
    const auto cited = static_cast<std::int64_t>(finding.ops.size());
    std::string these =
        cited > 1 ? "these " + count_text(cited, "operation") : std::string("the operations");
    const auto besides = finding.details.find("besides");
    if (besides != finding.details.end()) {
        const std::int64_t others =
            besides->second.integer() != nullptr ? *besides->second.integer() : 0;
        these = fmt::format("the {} up to here, of which {} shown,",
                            count_text(cited + others, "operation"),
                            cited == 1 ? std::string("1 is") : count_text(cited) + " are");
    }
    std::string text =
        fmt::format("No order of {}{} explains every answer", these, on_keys(finding));
    if (!last) return text + ".";
    if (is_about_object(finding))
        return text + ": " + object_noun(*last) + " is the first that does not fit.";
    if (last->status != OpStatus::ok)
        return text + ": " + noun_of(*last, wording) + " is the first that does not fit.";
    return fmt::format("{}: {}, which returned {}, is the first that does not fit.",
                       text,
                       noun_of(*last, wording),
                       answer_of(*last, wording));
}

std::string never_written_sentence(const History& history,
                                   const Finding& finding,
                                   const Op& op,
                                   const Wording& wording) {
    std::string text =
        is_scan(op) || is_transaction(op)
            ? read_returned(op, wording) + ", with a value that no client had written by then"
        : is_read(op) ? fmt::format("{}, a value that no client had written to {} by then",
                                    read_returned(op, wording),
                                    the_object(op.key))
                      : capitalised(noun_of(op, wording)) +
                            " succeeded, but nothing had written the value that it found";
    const std::optional<Op> refused = cited_op(history, finding, "failed_writer");
    if (!refused) return text + ".";
    // Of what no client was told the end, somebody else said that it did not happen.
    const bool told = refused->status == OpStatus::fail;
    return fmt::format("{}: {} was {}, but it was done.",
                       text,
                       noun_of(*refused, wording),
                       told ? "reported as failed"
                            : "shown by the replicas' logs not to have happened");
}

// Classes that only maps have.
std::string map_sentence(const std::string& name,
                         const Op& op,
                         const std::optional<Missed>& missed,
                         const Wording& wording) {
    if (name == "half_visible_transaction" && missed) {
        return fmt::format("{}: a part of {} was seen without the rest.",
                           read_returned(op, wording),
                           noun_of(missed->change, wording));
    }
    if (name == "resurrected_key" && missed && missed->before) {
        const std::string saw = changes(op) ? capitalised(noun_of(op, wording)) +
                                                  " succeeded with " + answer_of(op, wording)
                                            : read_returned(op, wording);
        return fmt::format(
            "{} although {}: the key came back.", saw, certain_before(*missed, op, wording));
    }
    if (name != "impossible_answer") return {};
    return fmt::format("{} returned {}: no state of the map gives such an answer.",
                       capitalised(noun_of(op, wording)),
                       answer_of(op, wording));
}

std::string
by_class(const History& history, const Finding& finding, const Op& op, const Wording& wording) {
    if (is_about_object(finding)) return object_sentence(history, finding, op);
    const std::string name = class_of(finding);
    const std::optional<Missed> missed = missed_change(history, finding, wording);
    if (name == "stale_read") return stale_sentence(op, missed, wording);
    if (name == "lost_update") return lost_sentence(op, missed, wording);
    if (name == "duplicate_cas") {
        if (const std::optional<Op> other = cited_op(history, finding, "missed_write"))
            return duplicate_sentence({op, *other}, wording);
        return duplicate_sentence(counterexample(history, finding), wording);
    }
    if (name == "value_never_written") return never_written_sentence(history, finding, op, wording);
    if (name != "impossible_version") return map_sentence(name, op, missed, wording);
    return fmt::format("{} returned {}: {} cannot have had that version then.",
                       capitalised(noun_of(op, wording)),
                       answer_of(op, wording),
                       the_object(op.key));
}

} // namespace

std::string as_sentence(const std::string& reason) {
    std::string text = capitalised(visible(reason, 400));
    if (!text.empty() && text.back() != '.') text += '.';
    return text;
}

Wording wording_of(const Record& record) {
    const auto model = record.plan.options.find("model");
    const bool given = model != record.plan.options.end();
    return {.versioned = given && model->second == "versioned-register"};
}

Value read_value(const Op& op, const Wording& wording) {
    const Value::List* pair = op.ret.list();
    return wording.versioned && pair != nullptr && pair->size() == 2 ? (*pair)[0] : op.ret;
}

std::string action_text(const Op& op, const Wording& wording) {
    const std::string key = op.key.is_absent() ? std::string() : " " + key_text(op.key);
    const bool answered = op.status == OpStatus::ok;
    if (is_read(op)) {
        const std::string action = visible(op.f, 40) + key;
        return answered ? action + " → " + answer_value(op, wording, 60) : action;
    }
    const Value::List* told = answered && wording.versioned ? op.ret.list() : nullptr;
    const std::string version = told != nullptr && told->size() == 2
                                    ? fmt::format(" (version {})", value_text((*told)[1]))
                                    : std::string();
    if (cas_pair(op) != nullptr) {
        return fmt::format("compare-and-set{} from {}{}{}",
                           key,
                           what_it_set(op, wording, 60),
                           version,
                           comparison_failed(op) ? " → comparison failed" : "");
    }
    if (op.f == "write") return fmt::format("write{} := {}{}", key, value_text(op.arg), version);
    if (op.f == "delete") return "delete" + key;
    if (is_transaction(op)) return "transaction: " + steps_text(op, 60);
    if (is_scan(op))
        return "scan " + range_text(op) + (answered ? " → " + value_text(op.ret, 120) : "");
    if (op.f == "add" || op.f == "append") {
        const std::string result = answered ? " → " + value_text(op.ret) : std::string();
        const std::string target = key.empty() ? key : " to" + key;
        return fmt::format("{} {}{}{}", op.f, value_text(op.arg), target, result);
    }
    std::string text = visible(op.f, 40) + key;
    if (!op.arg.is_absent()) text += " " + value_text(op.arg);
    if (answered && !op.ret.is_absent()) text += " → " + value_text(op.ret);
    return text;
}

std::string action_label(const Op& op, const Wording& wording, std::size_t limit) {
    const std::size_t each = limit / 2;
    if (is_read(op))
        return op.status == OpStatus::ok ? "read → " + answer_value(op, wording, each) : "read";
    if (const Value::List* pair = cas_pair(op)) {
        return fmt::format("cas {}{}→{}{}",
                           wording.versioned ? "v" : "",
                           value_text((*pair)[0], each / 2),
                           value_text((*pair)[1], each / 2),
                           comparison_failed(op) ? " no" : "");
    }
    if (is_transaction(op)) return visible("txn " + steps_text(op, each / 2), limit);
    if (is_scan(op))
        return op.status == OpStatus::ok ? "scan → " + value_text(op.ret, limit) : "scan";
    if (op.status == OpStatus::ok && (op.f == "add" || op.f == "append")) {
        return fmt::format(
            "{} {} → {}", op.f, value_text(op.arg, each / 2), value_text(op.ret, each / 2));
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
    return op_if_there(history, finding.divergence);
}

std::optional<Op> subject(const History& history, const Finding& finding) {
    if (std::optional<Op> observer = cited_op(history, finding, "observer")) return observer;
    return divergence(history, finding);
}

std::optional<Missed>
missed_change(const History& history, const Finding& finding, const Wording& wording) {
    const std::optional<Op> op = subject(history, finding);
    if (!op || is_about_object(finding)) return std::nullopt;
    const auto in_time = [&op](const Op& other) {
        return other.status == OpStatus::ok && other.ret_index < op->inv_index;
    };
    if (const std::optional<Op> named = cited_op(history, finding, "missed_write")) {
        Missed missed{.change = *named, .seen_by = cited_op(history, finding, "seen_by")};
        if (missed.seen_by && !in_time(*missed.seen_by)) missed.seen_by.reset();
        missed.before = missed.seen_by.has_value() || in_time(missed.change);
        return missed;
    }
    std::optional<Missed> missed;
    for (const Op& other : counterexample(history, finding)) {
        const bool newer = !missed || other.ret_index > missed->change.ret_index;
        const bool fits = other.id != op->id && in_time(other) && changes(other) &&
                          !(written_value(other) == read_value(*op, wording));
        if (fits && newer) missed = Missed{.change = other, .before = true};
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

bool is_doubt(const Finding& finding) {
    return finding.anomaly == "budget_spent" || finding.anomaly == "below_floor";
}

std::string headline_of(const std::string& workload, const Finding& finding) {
    const std::string subject = workload.empty() ? "the history" : visible(workload, 60);
    if (finding.anomaly == "nonlinearizable")
        return subject + " is not linearizable" + on_keys(finding);
    std::string anomaly = visible(finding.anomaly, 80);
    std::ranges::replace(anomaly, '_', ' ');
    return subject + ": " + (anomaly.empty() ? "violation" : anomaly) + on_key(finding.key);
}

std::string sentence_of(const Record& record, const Finding& finding, const std::string& reason) {
    const Wording wording = wording_of(record);
    const std::optional<Op> op = subject(record.history, finding);
    std::string text = op ? by_class(record.history, finding, *op, wording) : std::string();
    if (!text.empty()) return text;
    if (finding.anomaly == "nonlinearizable")
        return general_sentence(finding, divergence(record.history, finding), wording);
    // Checkers that fold over a history tell each finding in words of their own.
    if (const std::string what = detail_text(finding, "what"); !what.empty())
        return as_sentence(what);
    return as_sentence(reason.empty() ? "the checker gave no reason" : reason);
}

} // namespace faultlab
