#include "core/transaction_form.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace faultlab {

std::optional<Value::Transaction> transaction_from(const Value::List& list) {
    Value::Transaction transaction;
    transaction.reserve(list.size());
    for (const Value& step : list) {
        const Value::List* parts = step.list();
        if (parts == nullptr || parts->size() != 3) return std::nullopt;
        const std::string* f = parts->front().text();
        if (f == nullptr || (*f != "r" && *f != "w" && *f != "append")) return std::nullopt;
        transaction.push_back({*f, (*parts)[1], (*parts)[2]});
    }
    return transaction;
}

bool are_messages(const Value::List& steps) {
    static constexpr std::array<std::string_view, 3> messages = {"send", "poll", "rebalance"};
    return std::ranges::all_of(steps, [](const Value& step) {
        const Value::List* parts = step.list();
        const std::string* name =
            parts == nullptr || parts->empty() ? nullptr : parts->front().text();
        return name != nullptr && std::ranges::find(messages, *name) != messages.end();
    });
}

} // namespace faultlab
