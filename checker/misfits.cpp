#include "checker/misfits.hpp"

#include "checker/kv_model.hpp"
#include "checker/linearizability_rules.hpp"
#include "checker/object_catalogue.hpp"
#include "checker/register_model.hpp"
#include "core/check.hpp"

#include <fmt/format.h>

#include <utility>

namespace faultlab {
namespace {

std::optional<std::string> misfit_of_map(const History& history) {
    const auto groups = read_kv_groups(history, LinearizabilityRules{});
    if (!groups) return groups.error().hint;
    for (const KvGroup& group : *groups) {
        if (group.misfit) return group.misfit->hint;
    }
    return std::nullopt;
}

/// What was expected of some operation; nothing when all fit.
std::optional<std::string> misfit_of(const History& history, std::string_view model) {
    if (model == kv_model) return misfit_of_map(history);
    const ObjectModel* const object = find_object_model(model);
    const auto registers = register_model(model);
    FAULTLAB_CHECK(object != nullptr || registers.has_value());
    const LinearizabilityRules rules;
    KeyReader reader(history, registers.value_or(RegisterModel::plain), rules);
    for (std::size_t k = 0; k < history.keys().size(); ++k) {
        const auto ids = history.ops_of_key(k);
        if (object != nullptr) {
            if (auto ops = read_object_ops(history, ids, *object); !ops) return ops.error().hint;
        } else if (auto ops = reader.read(ids); !ops) {
            return ops.error().hint;
        }
    }
    return std::nullopt;
}

/// What was asked, and nothing that was answered.
Op unanswered(Op op) {
    op.status = OpStatus::open;
    op.ret_index = never;
    op.ret = {};
    return op;
}

/// Those that failed, which nobody judges, as if they could have taken effect.
History failed_operations(const History& history) {
    HistoryBuilder builder;
    for (std::size_t i = 0; i < history.size(); ++i) {
        if (history.status()[i] == OpStatus::fail)
            builder.add(unanswered(history.op(static_cast<OpId>(i))));
    }
    return builder.build();
}

/// The same of one operation alone: whether it fits, none of the others has to do with.
std::optional<std::string> misfit_of(const Op& op, std::string_view model) {
    HistoryBuilder builder;
    builder.add(op);
    return misfit_of(builder.build(), model);
}

} // namespace

Error model_misfit(const Op& op, std::string_view model, std::string_view expected) {
    return usage_error(fmt::format("operation {} ({} {} → {}) does not fit model {}: expected {}",
                                   op.id,
                                   op.f,
                                   to_text(op.arg, 40),
                                   to_text(op.ret, 40),
                                   model,
                                   expected),
                       fmt::format("expected {}", expected));
}

std::optional<Misfit> first_misfit(const History& history, std::string_view model) {
    if (!misfit_of(history, model) && !misfit_of(failed_operations(history), model))
        return std::nullopt;
    for (OpId id = 0;; ++id) {
        FAULTLAB_CHECK(static_cast<std::size_t>(id) < history.size());
        const Op op = history.op(id);
        const Op asked = unanswered(op);
        auto expected = misfit_of(op.status == OpStatus::fail ? asked : op, model);
        if (!expected) continue;
        return Misfit{.op = id,
                      .asked = misfit_of(asked, model).has_value(),
                      .expected = *std::move(expected)};
    }
}

} // namespace faultlab
