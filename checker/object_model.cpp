#include "checker/object_model.hpp"

#include "checker/misfits.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace faultlab {
namespace {

bool is_distinct(const Value::List& list) {
    std::vector<const Value*> sorted;
    for (const Value& value : list)
        sorted.push_back(&value);
    std::ranges::sort(sorted, [](const Value* a, const Value* b) { return *a < *b; });
    return std::ranges::adjacent_find(
               sorted, [](const Value* a, const Value* b) { return *a == *b; }) == sorted.end();
}

bool is_transaction(const Value& value) {
    return value.transaction() != nullptr &&
           std::ranges::all_of(*value.transaction(),
                               [](const MicroOp& step) { return step.f == "r" || step.f == "w"; });
}

/// The steps of `arg`, with values for its reads.
bool answers(const Value& value, const Value& arg) {
    return std::ranges::equal(
        *value.transaction(), *arg.transaction(), [](const MicroOp& told, const MicroOp& asked) {
            return told.f == asked.f && told.key == asked.key &&
                   (asked.f == "r" || told.value == asked.value);
        });
}

bool fits(ValueShape shape, const Value& value, const Value& arg) {
    switch (shape) {
        case ValueShape::nothing: return value.is_absent();
        case ValueShape::value: return !value.is_absent();
        case ValueShape::anything: return true;
        case ValueShape::integer: return value.integer() != nullptr;
        case ValueShape::boolean: return value.boolean() != nullptr;
        case ValueShape::distinct_list:
            return value.list() != nullptr && is_distinct(*value.list());
        case ValueShape::transaction: return is_transaction(value) && answers(value, arg);
        case ValueShape::acknowledgement: return value.is_absent() || value == arg;
    }
    return false;
}

std::string describe(const OperationSpec& spec) {
    return fmt::format("{}{}{} → {}",
                       spec.f,
                       spec.argument == ValueShape::nothing ? "" : " ",
                       spec.argument == ValueShape::nothing ? "" : to_string(spec.argument),
                       to_string(spec.result));
}

/// The position of the model's operation of this name, looked up once a name.
class OperationNumbers {
public:
    OperationNumbers(const History& history, std::span<const OperationSpec> specs)
        : history_(history), specs_(specs) {}

    /// As many as there are operations when the model does not know it.
    std::uint32_t of(Symbol f) {
        if (f >= numbers_.size()) numbers_.resize(f + std::size_t{1}, unknown);
        if (numbers_[f] == unknown) {
            const auto spec = std::ranges::find(specs_, history_.text(f), &OperationSpec::f);
            numbers_[f] = static_cast<std::uint32_t>(spec - specs_.begin());
        }
        return numbers_[f];
    }

private:
    static constexpr std::uint32_t unknown = UINT32_MAX;
    const History& history_;
    std::span<const OperationSpec> specs_;
    std::vector<std::uint32_t> numbers_;
};

} // namespace

std::string_view to_string(ValueShape shape) {
    switch (shape) {
        case ValueShape::nothing: return "nothing";
        case ValueShape::value: return "a value";
        case ValueShape::anything: return "a value or null";
        case ValueShape::integer: return "an integer";
        case ValueShape::boolean: return "true or false";
        case ValueShape::distinct_list: return "a list of distinct elements";
        case ValueShape::transaction: return "a transaction of reads and writes";
        case ValueShape::acknowledgement: return "null or the argument";
    }
    return "nothing";
}

std::vector<std::vector<ObjectOp>> ObjectModel::partitions(const History&,
                                                           std::vector<ObjectOp> ops) const {
    std::vector<std::vector<ObjectOp>> all;
    all.push_back(std::move(ops));
    return all;
}

void ObjectModel::rename(const ObjectPartition&, Certificate&) const {}

bool ObjectModel::keeps_more(const ObjectPartition&) const {
    return false;
}

Result<std::vector<ObjectOp>>
read_object_ops(const History& history, std::span<const OpId> ids, const ObjectModel& model) {
    const auto specs = model.operations();
    OperationNumbers numbers(history, specs);
    std::vector<ObjectOp> ops;
    ops.reserve(ids.size());
    for (const OpId id : ids) {
        const auto i = static_cast<std::size_t>(id);
        if (history.status()[i] == OpStatus::fail) continue;
        const std::uint32_t f = numbers.of(history.f()[i]);
        if (f == specs.size()) {
            std::vector<std::string> known;
            for (const OperationSpec& spec : specs)
                known.push_back(describe(spec));
            return model_misfit(
                history.op(id), model.name(), fmt::format("{}", fmt::join(known, ", ")));
        }
        const bool definite = history.status()[i] == OpStatus::ok;
        const Value& arg = history.value(history.arg()[i]);
        if (!fits(specs[f].argument, arg, arg) ||
            (definite && !fits(specs[f].result, history.value(history.ret()[i]), arg)))
            return model_misfit(history.op(id), model.name(), describe(specs[f]));
        if (!model.per_key() && history.key()[i] != 0)
            return model_misfit(history.op(id), model.name(), "no key");
        const bool tells = definite && specs[f].result != ValueShape::acknowledgement;
        ops.push_back({.id = id,
                       .inv = history.inv_index()[i],
                       .ret = history.ret_index()[i],
                       .f = f,
                       .arg = history.arg()[i],
                       .result = tells ? history.ret()[i] : no_result});
    }
    return ops;
}

} // namespace faultlab
