// Checker `set`.
// Judges: every element whose add was acknowledged is in the final read, and the final read holds
// only elements that somebody tried to add.
// Operations: `add` e; `read` (ok: a list). Each key is a set of its own.
// Final is the read that returned last. An acknowledged add that had not returned when the final
// read began is missed by right: then the verdict is unknown, though the count of lost says it.
// Unknown: no read was ok. Cost: the sum of adds and of the final read.
// Cannot see: what vanished and came back before the final read (set-full does), duplicates.

#include "checker/catalogue_entries.hpp"
#include "checker/judgement.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

namespace faultlab {
namespace {

/// What is known of one element.
struct Element {
    OpId add = -1; ///< the first that was invoked
    OpId ack = -1; ///< the first that returned ok
    bool read = false;
};

class SetCheck {
public:
    SetCheck(const Record& record, const Budget& budget)
        : history_(record.history), judgement_("set", record, budget) {}

    CheckResult run() {
        if (!judgement_.only({"add", "read"})) return judgement_.finish();
        for (const char* name :
             {"attempt", "acknowledged", "ok", "lost", "unexpected", "recovered"})
            judgement_.count(std::string(name) + "_count", 0);
        for (std::size_t k = 0; k < history_.keys().size() && !judgement_.stopped(); ++k)
            judge(history_.value(history_.keys()[k]), history_.ops_of_key(k));
        return judgement_.finish();
    }

private:
    void judge(const Value& key, std::span<const OpId> ops) {
        ids_ = {};
        elements_.clear();
        OpId final = -1;
        for (const OpId op : ops) {
            if (!judgement_.step()) return;
            const bool ok = history_.status()[at(op)] == OpStatus::ok;
            if (history_.text(history_.f()[at(op)]) == "add") {
                note_add(op, ok);
            } else if (ok && (final < 0 || later(op, final))) {
                final = op;
            }
        }
        if (final < 0) return judgement_.doubt("no read was ok" + on(key));
        const Value::List* list = history_.value(history_.ret()[at(final)]).list();
        if (list == nullptr) return judgement_.misfit(final, "a read that returned a list");
        for (const Value& value : *list) {
            if (!judgement_.step()) return;
            element(value).read = true;
        }
        settle(key, final);
    }

    [[nodiscard]] bool later(OpId a, OpId b) const {
        return history_.ret_index()[at(a)] > history_.ret_index()[at(b)];
    }

    Element& element(const Value& value) {
        const ValueIds::Id id = ids_.intern(value);
        if (id == elements_.size()) elements_.emplace_back();
        return elements_[id];
    }

    void note_add(OpId op, bool ok) {
        Element& added = element(history_.value(history_.arg()[at(op)]));
        if (added.add < 0) added.add = op;
        if (ok && (added.ack < 0 || later(added.ack, op))) added.ack = op;
    }

    void settle(const Value& key, OpId final) {
        std::vector<Value> ok, lost, unexpected, recovered;
        std::int64_t attempted = 0;
        std::int64_t acknowledged = 0;
        for (ValueIds::Id id = 0; id < elements_.size(); ++id) {
            const Element& element = elements_[id];
            const Value& value = ids_.value(id);
            if (element.add >= 0) ++attempted;
            if (element.ack >= 0) ++acknowledged;
            if (element.read && element.add < 0) {
                unexpected.push_back(value);
                accuse_unexpected(key, value, final);
            } else if (element.read) {
                ok.push_back(value);
                if (element.ack < 0) recovered.push_back(value);
            } else if (element.ack >= 0) {
                lost.push_back(value);
                accuse_lost(key, value, element.ack, final);
            }
        }
        judgement_.count("attempt_count", attempted);
        judgement_.count("acknowledged_count", acknowledged);
        tell("ok", key, std::move(ok));
        tell("lost", key, std::move(lost));
        tell("unexpected", key, std::move(unexpected));
        tell("recovered", key, std::move(recovered));
    }

    void tell(const std::string& name, const Value& key, std::vector<Value> values) {
        judgement_.count(name + "_count", static_cast<std::int64_t>(values.size()));
        judgement_.tell_values(name, key, std::move(values));
    }

    void accuse_lost(const Value& key, const Value& value, OpId ack, OpId final) {
        if (history_.ret_index()[at(ack)] > history_.inv_index()[at(final)]) {
            return judgement_.doubt(fmt::format("the final read{} began before the add of {} "
                                                "returned, so its lack of it proves nothing",
                                                on(key),
                                                to_text(value, 60)));
        }
        judgement_.accuse({.anomaly = "lost_element",
                           .what = fmt::format("the add of {} by {} was acknowledged, but the "
                                               "final read{} does not hold it",
                                               to_text(value, 60),
                                               client_of(history_, ack),
                                               on(key)),
                           .key = key,
                           .ops = {ack, final},
                           .divergence = final,
                           .remark = to_text(value, 60) + " is missing",
                           .details = {{"element", value}}});
    }

    void accuse_unexpected(const Value& key, const Value& value, OpId final) {
        judgement_.accuse(
            {.anomaly = "unexpected_element",
             .what = fmt::format("the final read{} holds {}, which nobody tried to add",
                                 on(key),
                                 to_text(value, 60)),
             .key = key,
             .ops = {final},
             .divergence = final,
             .remark = "nobody tried to add " + to_text(value, 60),
             .details = {{"element", value}}});
    }

    static std::string on(const Value& key) {
        return key.is_absent() ? std::string() : " of " + to_text(key, 60);
    }

    const History& history_;
    Judgement judgement_;
    ValueIds ids_;
    std::vector<Element> elements_; ///< by id
};

class Set : public Checker {
public:
    [[nodiscard]] CheckResult check(const Record& record, const Budget& budget) const override {
        return SetCheck(record, budget).run();
    }
};

} // namespace

std::vector<OptionSpec> set_options() {
    return {};
}

Result<std::unique_ptr<Checker>> make_set(const Options& options) {
    FAULTLAB_DO(complete_options(options, set_options(), "checker set"));
    return std::unique_ptr<Checker>(std::make_unique<Set>());
}

} // namespace faultlab
