#include "checker/models.hpp"

#include "checker/kv_model.hpp"
#include "checker/object_catalogue.hpp"
#include "core/catalogue.hpp"

#include <algorithm>

namespace faultlab {
namespace {

/// Reads return [value, version], or nothing where nothing is; and something did return a version,
/// or there is no difference to a register.
bool has_versions(const History& history) {
    bool any = false;
    for (std::size_t i = 0; i < history.size(); ++i) {
        if (history.status()[i] != OpStatus::ok) continue;
        const Value& answer = history.value(history.ret()[i]);
        const Value::List* pair = answer.list();
        const bool versioned =
            pair != nullptr && pair->size() == 2 && pair->back().integer() != nullptr;
        any = any || versioned;
        const bool reads = history.text(history.f()[i]) == "read";
        if (reads && !versioned && !answer.is_absent()) return false;
    }
    return any;
}

/// Every operation says on which key it is, or on which keys.
bool has_keys(const History& history) {
    for (std::size_t i = 0; i < history.size(); ++i) {
        const bool keyless = history.key()[i] == 0;
        if (keyless && !spans_keys(history.text(history.f()[i]))) return false;
    }
    return true;
}

/// A map: its appends are to texts.
bool is_of_map(const History& history) {
    return has_keys(history) && !appends_to_lists(history);
}

/// Every operation has the form that the object asks for.
bool is_of_object(const History& history, const ObjectModel& object) {
    for (std::size_t k = 0; k < history.keys().size(); ++k) {
        if (!object.per_key() && history.keys()[k] != 0) return false;
        if (!read_object_ops(history, history.ops_of_key(k), object)) return false;
    }
    return true;
}

ModelEntry entry_of(const ObjectModel& object) {
    ModelEntry entry{.name = object.name(), .checker = "linearizability"};
    for (const OperationSpec& spec : object.operations())
        entry.operations.push_back(spec.f);
    entry.fits = [&object](const History& history) { return is_of_object(history, object); };
    return entry;
}

std::vector<ModelEntry> make_entries() {
    std::vector<ModelEntry> table = {
        {.name = "register", .checker = "linearizability", .operations = {"read", "write"}},
        {.name = "cas-register",
         .checker = "linearizability",
         .operations = {"read", "write", "cas"},
         .extends = "register"},
        {.name = "versioned-register",
         .checker = "linearizability",
         .operations = {"read", "write", "cas"},
         .fits = has_versions},
        {.name = kv_model,
         .checker = "linearizability",
         .operations = {"read", "write", "cas", "add", "append", "swap", "delete", "scan", "txn"},
         .extends = "cas-register",
         .fits = is_of_map},
    };
    for (const ObjectModel* object : object_models())
        table.push_back(entry_of(*object));
    return table;
}

const std::vector<ModelEntry>& entries() {
    static const std::vector<ModelEntry> table = make_entries();
    return table;
}

/// Whether `model` extends one of the others, directly or not.
bool is_extension(const ModelEntry& model, const std::vector<const ModelEntry*>& others) {
    const std::span<const ModelEntry> catalogue = model_catalogue();
    for (std::string_view base = model.extends; !base.empty();) {
        if (std::ranges::find(others, base, &ModelEntry::name) != others.end()) return true;
        const auto entry = std::ranges::find(catalogue, base, &ModelEntry::name);
        base = entry != catalogue.end() ? entry->extends : std::string_view{};
    }
    return false;
}

std::vector<const ModelEntry*> knowing_all(const History& history) {
    const std::vector<std::string> used = operations_of(history);
    std::vector<const ModelEntry*> models;
    for (const ModelEntry& model : model_catalogue()) {
        const bool has_all = std::ranges::all_of(used, [&](const std::string& f) {
            return std::ranges::find(model.operations, f) != model.operations.end();
        });
        if (has_all) models.push_back(&model);
    }
    return models;
}

std::vector<const ModelEntry*> smallest(const std::vector<const ModelEntry*>& models) {
    std::vector<const ModelEntry*> smallest;
    for (const ModelEntry* model : models) {
        if (!is_extension(*model, models)) smallest.push_back(model);
    }
    return smallest;
}

} // namespace

std::span<const ModelEntry> model_catalogue() {
    return entries();
}

Result<const ModelEntry*> find_model(std::string_view name) {
    return find_entry(model_catalogue(), "model", name);
}

std::vector<std::string> operations_of(const History& history) {
    std::vector<Symbol> seen;
    std::vector<std::string> names;
    for (const Symbol f : history.f()) {
        if (std::ranges::find(seen, f) != seen.end()) continue;
        seen.push_back(f);
        names.push_back(history.text(f));
    }
    return names;
}

std::vector<const ModelEntry*> models_for(const History& history) {
    std::vector<const ModelEntry*> models = knowing_all(history);
    std::erase_if(models, [&](const ModelEntry* model) {
        return model->fits != nullptr && !model->fits(history);
    });
    return smallest(models);
}

bool appends_to_lists(const History& history) {
    bool appends = false;
    bool of_list = false;
    for (const Symbol symbol : history.arg()) {
        const Value::Transaction* steps = history.value(symbol).transaction();
        if (steps == nullptr) continue;
        for (const MicroOp& step : *steps) {
            if (step.f != "append") continue;
            appends = true;
            of_list = of_list || step.value.text() == nullptr;
        }
    }
    for (const Symbol symbol : history.ret()) {
        const Value::Transaction* steps = appends ? history.value(symbol).transaction() : nullptr;
        if (steps == nullptr || of_list) continue;
        of_list = std::ranges::any_of(*steps, [](const MicroOp& step) {
            return step.f == "r" && step.value.list() != nullptr;
        });
    }
    return of_list;
}

std::vector<const ModelEntry*> models_by_operations(const History& history) {
    return smallest(knowing_all(history));
}

} // namespace faultlab
