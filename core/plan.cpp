#include "core/plan.hpp"

#include "core/value.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace faultlab {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* schema = "faultlab.plan/1";

// Seeds are text in hexadecimal: JSON readers that keep numbers as doubles would lose bits.
std::string seed_text(std::uint64_t seed) {
    return fmt::format("{:#x}", seed);
}
std::uint64_t seed_from(const Json& json) {
    return std::stoull(json.get<std::string>(), nullptr, 0);
}

Json params_tree(const Params& params) {
    Json tree = Json::object();
    for (const auto& [name, value] : params)
        tree[name] = Json::parse(to_json(value));
    return tree;
}

Params params_from(const Json& tree) {
    Params params;
    for (const auto& [name, json] : tree.items()) {
        params[name] = value_from_json(json.dump()).value();
    }
    return params;
}

Json fault_tree(const FaultSpec& spec) {
    return {{"id", spec.id},
            {"nemesis", spec.nemesis},
            {"t_start", spec.t_start},
            {"duration", spec.duration},
            {"target", spec.target},
            {"params", params_tree(spec.params)},
            {"seed", seed_text(spec.seed)}};
}

FaultSpec fault_from(const Json& tree) {
    return {.id = tree.at("id").get<FaultId>(),
            .nemesis = tree.at("nemesis").get<std::string>(),
            .t_start = tree.at("t_start").get<Nanos>(),
            .duration = tree.at("duration").get<Nanos>(),
            .target = tree.at("target").get<std::string>(),
            .params = params_from(tree.at("params")),
            .seed = seed_from(tree.at("seed"))};
}

Json floor_tree(const EvidenceFloor& floor) {
    return {{"ok_ops", floor.ok_ops},
            {"ok_ops_each_f", floor.ok_ops_each_f},
            {"ok_percent", floor.ok_percent},
            {"final_read_percent", floor.final_read_percent},
            {"every_fault_effective", floor.every_fault_effective}};
}

EvidenceFloor floor_from(const Json& tree) {
    return {.ok_ops = tree.at("ok_ops").get<std::int64_t>(),
            .ok_ops_each_f = tree.at("ok_ops_each_f").get<std::int64_t>(),
            .ok_percent = tree.at("ok_percent").get<std::int64_t>(),
            .final_read_percent = tree.at("final_read_percent").get<std::int64_t>(),
            .every_fault_effective = tree.at("every_fault_effective").get<bool>()};
}

Plan plan_from(const Json& tree) {
    Plan plan;
    plan.seed = seed_from(tree.at("seed"));
    plan.system = tree.at("system").get<std::string>();
    plan.workload = tree.at("workload").get<std::string>();
    plan.options = tree.at("options").get<Options>();
    plan.nemeses = tree.at("nemeses").get<std::vector<std::string>>();
    plan.nodes = tree.at("nodes").get<std::int32_t>();
    plan.workers_per_node = tree.at("workers_per_node").get<std::int32_t>();
    plan.rate = tree.at("rate").get<std::int64_t>();
    plan.duration = tree.at("duration").get<Nanos>();
    plan.op_timeout = tree.at("op_timeout").get<Nanos>();
    plan.recovery_limit = tree.at("recovery_limit").get<Nanos>();
    plan.settle = tree.at("settle").get<Nanos>();
    plan.floor = floor_from(tree.at("floor"));
    for (const Json& seed : tree.at("stream_seeds"))
        plan.stream_seeds.push_back(seed_from(seed));
    for (const Json& fault : tree.at("faults"))
        plan.faults.push_back(fault_from(fault));
    return plan;
}

} // namespace

std::string to_json(const Plan& plan) {
    Json seeds = Json::array();
    for (const std::uint64_t seed : plan.stream_seeds)
        seeds.push_back(seed_text(seed));
    Json faults = Json::array();
    for (const FaultSpec& fault : plan.faults)
        faults.push_back(fault_tree(fault));
    const Json tree = {{"schema", schema},
                       {"seed", seed_text(plan.seed)},
                       {"system", plan.system},
                       {"workload", plan.workload},
                       {"options", plan.options},
                       {"nemeses", plan.nemeses},
                       {"nodes", plan.nodes},
                       {"workers_per_node", plan.workers_per_node},
                       {"rate", plan.rate},
                       {"duration", plan.duration},
                       {"op_timeout", plan.op_timeout},
                       {"recovery_limit", plan.recovery_limit},
                       {"settle", plan.settle},
                       {"floor", floor_tree(plan.floor)},
                       {"stream_seeds", std::move(seeds)},
                       {"faults", std::move(faults)}};
    return tree.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Plan> plan_from_json(std::string_view json) {
    try {
        const Json tree = Json::parse(json);
        if (tree.at("schema") != schema) {
            return usage_error(
                fmt::format("not a plan of faultlab: its schema is {}", tree.at("schema").dump()),
                fmt::format("this lab reads {}", schema));
        }
        return plan_from(tree);
    } catch (const std::exception& e) {
        return usage_error(fmt::format("not a plan of faultlab: {}", e.what()));
    }
}

} // namespace faultlab
