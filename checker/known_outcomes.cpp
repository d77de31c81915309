#include "checker/known_outcomes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

namespace faultlab {
namespace {

using Executed = LoggedOutcomes::Executed;

/// The value of one operation in a column.
template <typename Column>
const auto& of(const Column& column, OpId op) {
    return column[static_cast<std::size_t>(op)];
}

bool is_unknown(OpStatus status) {
    return status == OpStatus::info || status == OpStatus::open;
}

std::string describe(const History& history, OpId op) {
    return fmt::format("operation {} ({})", op, history.text(of(history.f(), op)));
}

/// Why an absent update must have happened all the same: somebody read a value that it alone wrote.
std::optional<std::string> reads_what_is_absent(const History& history,
                                                const LoggedOutcomes& logged) {
    constexpr std::size_t whole = std::size_t{1} << 20; // of a value's text
    const auto written = [&](OpId op) {
        const Value& arg = history.value(of(history.arg(), op));
        const bool cas = history.text(of(history.f(), op)) == "cas";
        const Value::List* const pair = cas ? arg.list() : nullptr;
        return pair != nullptr && pair->size() == 2 ? pair->back() : arg;
    };
    std::map<std::pair<Symbol, std::string>, OpId> absent; // by key and value
    for (const OpId op : logged.absent)
        absent.emplace(std::pair(of(history.key(), op), to_text(written(op), whole)), op);
    std::vector<OpId> readers;
    for (OpId op = 0; op < std::ssize(history.f()); ++op) {
        const std::string& f = history.text(of(history.f(), op));
        if (f == "read" && of(history.status(), op) == OpStatus::ok) readers.push_back(op);
        if ((f == "write" || f == "cas") && !std::ranges::binary_search(logged.absent, op))
            absent.erase({of(history.key(), op), to_text(written(op), whole)});
    }
    for (const OpId reader : readers) {
        const Value& value = history.value(of(history.ret(), reader));
        const auto found = absent.find({of(history.key(), reader), to_text(value, whole)});
        if (found != absent.end()) {
            return fmt::format("{} read what only {} wrote, which is in no log",
                               describe(history, reader),
                               describe(history, found->second));
        }
    }
    return std::nullopt;
}

/// Why the log cannot be the one that these clients were answered from.
std::string contradiction(const History& history, const LoggedOutcomes& logged) {
    const auto status = history.status();
    for (const OpId op : logged.absent) {
        if (of(status, op) == OpStatus::ok) {
            return fmt::format("{} was seen done, and is in no log", describe(history, op));
        }
    }
    if (const auto reader = reads_what_is_absent(history, logged)) return *reader;
    // Who is later in the log must not have returned before an earlier one was invoked.
    std::optional<OpId> newest; // the latest invocation so far
    for (const Executed& one : logged.executed) {
        const OpStatus seen = of(status, one.op);
        if ((seen == OpStatus::ok && !one.done) || (seen == OpStatus::fail && one.done)) {
            return fmt::format("{} {} for its client, and {} in the log",
                               describe(history, one.op),
                               one.done ? "failed" : "was done",
                               one.done ? "was done" : "refused");
        }
        if (seen == OpStatus::ok && one.ret != history.value(of(history.ret(), one.op))) {
            return fmt::format("{} has another result in the log than its client saw",
                               describe(history, one.op));
        }
        if (newest && of(history.ret_index(), one.op) < of(history.inv_index(), *newest)) {
            return fmt::format("{} returned before {} was invoked, and comes after it in the log",
                               describe(history, one.op),
                               describe(history, *newest));
        }
        if (!newest || of(history.inv_index(), *newest) < of(history.inv_index(), one.op))
            newest = one.op;
    }
    return {};
}

/// By op: after which operation's return it has returned at the latest; `none`: not known.
constexpr OpId none = -1;

std::vector<OpId> bounds(const History& history, const std::vector<Executed>& executed) {
    std::vector<OpId> by_op(history.size(), none);
    OpId first = none; // to return, of those that come later in the log
    for (auto one = executed.rbegin(); one != executed.rend(); ++one) {
        const OpId op = one->op;
        if (of(history.status(), op) == OpStatus::ok) {
            if (first == none || of(history.ret_index(), op) < of(history.ret_index(), first))
                first = op;
        } else if (is_unknown(of(history.status(), op)) && one->done) {
            by_op[static_cast<std::size_t>(op)] = first;
        }
    }
    return by_op;
}

struct Moment {
    Index at = 0;      ///< in the old indexes; of a bounded one, of the return that bounds it
    bool real = false; ///< after those that were put before it
    OpId op = 0;
    bool returns = false;
};

/// All invocations and returns in their new order.
std::vector<Moment> moments(const History& history, const std::vector<OpId>& bound_by) {
    std::vector<Moment> all;
    all.reserve(history.size() * 2);
    for (OpId op = 0; op < std::ssize(history.f()); ++op) {
        all.push_back({of(history.inv_index(), op), true, op, false});
        if (const OpId bound = of(bound_by, op); bound != none) {
            all.push_back({of(history.ret_index(), bound), false, op, true});
        } else if (const Index returned = of(history.ret_index(), op); returned != never) {
            all.push_back({returned, true, op, true});
        }
    }
    std::ranges::sort(all, [](const Moment& a, const Moment& b) {
        return std::tuple(a.at, a.real, a.op) < std::tuple(b.at, b.real, b.op);
    });
    return all;
}

History amended(const History& history,
                const std::vector<OpId>& bound_by,
                const KnownOutcomes& known,
                const LoggedOutcomes& logged) {
    std::vector<Op> ops;
    ops.reserve(history.size());
    for (OpId op = 0; op < std::ssize(history.f()); ++op)
        ops.push_back(history.op(op));
    const auto at = [&](OpId op) -> Op& { return ops[static_cast<std::size_t>(op)]; };
    Index index = 0;
    for (const Moment& moment : moments(history, bound_by)) {
        (moment.returns ? at(moment.op).ret_index : at(moment.op).inv_index) = index++;
    }
    for (const OpId op : known.bounded) {
        at(op).status = OpStatus::ok;
        at(op).t_ret = at(of(bound_by, op)).t_ret;
    }
    for (const Executed& one : logged.executed) {
        if (of(bound_by, one.op) != none) at(one.op).ret = one.ret;
    }
    for (const OpId op : known.without_effect) {
        at(op).status = OpStatus::fail;
        at(op).ret_index = index++;
    }
    HistoryBuilder builder;
    builder.reserve(ops.size());
    for (const Op& op : ops)
        builder.add(op);
    return builder.build();
}

} // namespace

Result<KnownOutcomes> with_logged_outcomes(const History& history, const LoggedOutcomes& logged) {
    if (const std::string why = contradiction(history, logged); !why.empty()) return lab_error(why);
    KnownOutcomes known;
    known.unknown = static_cast<std::size_t>(std::ranges::count_if(history.status(), is_unknown));
    const std::vector<OpId> bound_by = bounds(history, logged.executed);
    for (OpId op = 0; op < std::ssize(bound_by); ++op) {
        if (of(bound_by, op) != none) known.bounded.push_back(op);
    }
    known.without_effect = logged.absent;
    for (const Executed& one : logged.executed) {
        if (!one.done) known.without_effect.push_back(one.op);
    }
    std::erase_if(known.without_effect,
                  [&](OpId op) { return !is_unknown(of(history.status(), op)); });
    std::ranges::sort(known.without_effect);
    known.history = amended(history, bound_by, known, logged);
    return known;
}

} // namespace faultlab
