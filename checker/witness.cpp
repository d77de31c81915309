#include "checker/witness.hpp"

#include "checker/certificate.hpp"
#include "checker/depth_first_search.hpp"
#include "checker/kv_witness.hpp"
#include "checker/linearizability_rules.hpp"
#include "checker/object_catalogue.hpp"
#include "checker/object_explanation.hpp"
#include "checker/register_blocks.hpp"
#include "checker/register_proof.hpp"
#include "checker/register_versions.hpp"
#include "core/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

/// Positions in a legal order, by whatever finds one.
std::optional<std::vector<std::uint32_t>> register_order(std::span<const RegisterOp> ops,
                                                         const Budget& budget) {
    RegisterBlocks blocks;
    if (blocks.judge(ops) == RegisterBlocks::Answer::legal) return blocks.witness();
    RegisterVersions versions;
    if (versions.judge(ops) == RegisterVersions::Answer::legal) return versions.witness();
    constexpr std::int64_t steps_an_op = 1'000;
    constexpr std::int64_t steps_anyway = 1'000'000;
    const auto size = static_cast<std::int64_t>(ops.size());
    return find_order(ops, steps_anyway + steps_an_op * size, budget).order;
}

Witness of_registers(const History& history, RegisterModel model, const Budget& budget) {
    Witness witness;
    const LinearizabilityRules rules;
    KeyReader reader(history, model, rules);
    for (std::size_t k = 0; k < history.keys().size(); ++k) {
        const auto ops = reader.read(history.ops_of_key(k));
        if (!ops) return {.order = {}, .missing = ops.error().message};
        const auto order = register_order(ops->ops, budget);
        if (!order) {
            return {.order = {},
                    .missing = fmt::format("no order was found for key {} within the budget",
                                           to_text(history.value(history.keys()[k]), 40))};
        }
        FAULTLAB_CHECK(witness_is_legal(ops->ops, *order));
        for (const std::uint32_t position : *order)
            witness.order.push_back(ops->ops[position].id);
    }
    return witness;
}

Witness of_objects(const History& history, const ObjectModel& model, const Budget& budget) {
    Witness witness;
    for (std::size_t k = 0; k < history.keys().size(); ++k) {
        auto ops = read_object_ops(history, history.ops_of_key(k), model);
        if (!ops) return {.order = {}, .missing = ops.error().message};
        for (const auto& part : model.partitions(history, std::move(*ops))) {
            const ObjectPartition partition{.history = history, .ops = part};
            const Judgement judgement = model.judge(partition, budget, {.witness = true});
            const bool found =
                judgement.verdict == Verdict::valid &&
                (!judgement.order.empty() || object_order_is_legal(model, partition, {}));
            if (!found) {
                return {.order = {},
                        .missing = fmt::format("no order was found within the budget{}{}",
                                               judgement.why.empty() ? "" : ": ",
                                               judgement.why)};
            }
            FAULTLAB_CHECK(object_order_is_legal(model, partition, judgement.order));
            witness.order.insert(
                witness.order.end(), judgement.order.begin(), judgement.order.end());
        }
    }
    return witness;
}

Witness of_map(const History& history, const Budget& budget) {
    auto groups = read_kv_groups(history, LinearizabilityRules{});
    if (!groups) return {.order = {}, .missing = groups.error().message};
    Witness witness;
    std::vector<bool> ordered(history.size());
    for (KvGroup& group : *groups) {
        if (group.misfit) return {.order = {}, .missing = group.misfit->message};
        const auto order = find_kv_order(group, budget);
        if (!order) {
            return {.order = {},
                    .missing = fmt::format("no order was found for the group of key {} within the "
                                           "budget",
                                           to_text(group.places.key(0), 40))};
        }
        FAULTLAB_CHECK(kv_order_is_legal(history, *order));
        for (const OpId id : *order) {
            witness.order.push_back(id);
            ordered[static_cast<std::size_t>(id)] = true;
        }
    }
    // What had to do with no key, such as a scan where there is none, can be anywhere.
    for (std::size_t i = 0; i < history.size(); ++i) {
        if (history.status()[i] == OpStatus::ok && !ordered[i])
            witness.order.push_back(static_cast<OpId>(i));
    }
    return witness;
}

} // namespace

Witness find_witness(const History& history, std::string_view model, const Budget& budget) {
    if (const ObjectModel* object = find_object_model(model))
        return of_objects(history, *object, budget);
    if (model == kv_model) return of_map(history, budget);
    const auto registers = register_model(model);
    FAULTLAB_CHECK(registers.has_value());
    return of_registers(history, *registers, budget);
}

History one_after_another(const History& history, std::span<const OpId> order) {
    HistoryBuilder builder;
    builder.reserve(order.size());
    Index index = 0;
    std::int32_t process = 0;
    for (const OpId id : order) {
        Op op = history.op(id);
        op.process = op.client = process++;
        op.inv_index = index++;
        if (op.status == OpStatus::ok) op.ret_index = index;
        if (op.status == OpStatus::open) op.status = OpStatus::info;
        op.t_ret = std::max(op.t_ret, op.t_inv); // one that never returned has no time
        ++index;
        builder.add(op);
    }
    return builder.build();
}

} // namespace faultlab
