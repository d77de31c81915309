#include "tests/support/toy_systems.hpp"

#include "core/check.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

namespace faultlab {

ToyCluster::ToyCluster(VirtualTime& time, std::int32_t nodes, std::uint64_t seed)
    : time_(time), rng_(seed), nodes_(static_cast<std::size_t>(nodes)) {}

void ToyCluster::invoke(NodeId node, const Invocation& op, Answer answer) {
    const Nanos there = rng_.between(100 * microsecond, 3 * millisecond);
    const Nanos back = rng_.between(100 * microsecond, 3 * millisecond);
    time_.after(there, [this, node, op, answer = std::move(answer), back] {
        const auto late = [this, back, answer](Completion completion) {
            time_.after(back, [answer, completion = std::move(completion)] { answer(completion); });
        };
        const Node& serving = this->node(node);
        if (!serving.running) return late(Failed{"connection refused"});
        serve(node, serving.cut, op, late);
    });
}

NodeId ToyCluster::leader() const {
    const auto leads = [](const Node& node) { return node.running && !node.cut; };
    return static_cast<NodeId>(std::ranges::find_if(nodes_, leads) - nodes_.begin());
}

NodeStatus ToyCluster::status(NodeId node) {
    return {.leads = leader() == node, .metrics = {{"role", leader() == node ? 2 : 0}}};
}

ClusterView ToyCluster::view() {
    ClusterView view;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const std::string number = std::to_string(i + 1);
        view.nodes.push_back({.name = "n" + number,
                              .address = "10.0.0." + number,
                              .running = nodes_[i].running,
                              .leads = leader() == static_cast<NodeId>(i)});
        view.clients.push_back(
            {.name = "c" + number, .address = "10.0.1." + number, .node = static_cast<NodeId>(i)});
    }
    return view;
}

Host& ToyCluster::node_host(NodeId) {
    fail_check("a toy has no hosts", __FILE__, __LINE__);
}

Host& ToyCluster::client_host(NodeId) {
    fail_check("a toy has no hosts", __FILE__, __LINE__);
}

Result<std::vector<std::string>> ToyCluster::apply_rules(const std::vector<HostRules>& rules) {
    for (const HostRules& rule : rules) {
        Node& target = node(std::stoi(rule.host.substr(1)) - 1);
        target.cut = rule.text == "cut";
        if (target.cut) on_cut(std::stoi(rule.host.substr(1)) - 1);
    }
    return std::vector<std::string>(rules.size());
}

Result<void> ToyCluster::signal_node(NodeId, int) {
    return lab_error("a toy cannot be signalled");
}

Result<void> ToyCluster::kill_node(NodeId node) {
    this->node(node).running = false;
    on_kill();
    return {};
}

Result<bool> ToyCluster::stop_node(NodeId node, Nanos) {
    this->node(node).running = false;
    return true;
}

Result<void> ToyCluster::start_node(NodeId node) {
    this->node(node).running = true;
    return {};
}

Result<ProcessState> ToyCluster::node_state(NodeId node) {
    return this->node(node).running ? ProcessState::running : ProcessState::gone;
}

ToyRegister::ToyRegister(VirtualTime& time,
                         std::int32_t nodes,
                         std::uint64_t seed,
                         const Nature& nature)
    : ToyCluster(time, nodes, seed), nature_(nature) {}

void ToyRegister::serve(NodeId node, bool cut, const Invocation& op, const Answer& answer) {
    if (!cut) return answer(apply(op));
    // The client's connection is whole: it waits in vain, unless the node answers alone.
    if (nature_.bug != ToyBug::stale_reads || op.f != "read") return;
    const auto found = remembered_[node].find(op.key);
    answer(Done{shown(found == remembered_[node].end() ? Cell{} : found->second)});
}

void ToyRegister::on_kill() {
    if (nature_.bug != ToyBug::lost_writes) return;
    for (; !recent_.empty(); recent_.pop_back())
        state_[recent_.back().key] = recent_.back().before;
}

Completion ToyRegister::apply(const Invocation& op) {
    const Cell& cell = state_[op.key];
    if (op.f == "read") return Done{shown(cell)};
    if (op.f == "cas") {
        const Value now = nature_.versioned ? Value{cell.version} : cell.value;
        if (now != op.arg.list()->front()) return Done{false};
        write(op.key, op.arg.list()->back());
    } else {
        write(op.key, op.arg);
    }
    return Done{nature_.versioned ? shown(cell) : Value{true}};
}

Value ToyRegister::shown(const Cell& cell) const {
    if (!nature_.versioned) return cell.value;
    return Value::List{cell.value, cell.version};
}

void ToyRegister::write(const Value& key, const Value& value) {
    constexpr Nanos unsafe = 500 * millisecond;
    while (!recent_.empty() && recent_.front().t < time().now() - unsafe)
        recent_.pop_front();
    recent_.push_back({.t = time().now(), .key = key, .before = state_[key]});
    Cell& cell = state_[key];
    cell = {.value = value, .version = cell.version + 1};
}

namespace {

class ToyNemesis : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override { return {}; }
    void draw(Rng&, std::int32_t, FaultSpec&) const override {}
    [[nodiscard]] FaultSpec exact(const Fault&, const FaultSpec& spec) const override {
        return spec;
    }
    Result<Fault> resolve(const FaultSpec& spec, const ClusterView& view) const override {
        Rng rng(spec.seed);
        const auto node = static_cast<NodeId>(rng.below(view.nodes.size()));
        const std::string& name = view.nodes[static_cast<std::size_t>(node)].name;
        return Fault{.nemesis = spec.nemesis,
                     .summary = spec.nemesis + " of " + name,
                     .targets = {node},
                     .params = {{"host", name}},
                     .undo = {{"host", name}}};
    }
    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget&, EvidencePhase phase) const override {
        return {{.phase = phase,
                 .node = fault.targets[0],
                 .name = "toy",
                 .proves = phase != EvidencePhase::before}};
    }
};

class ToyPartition : public ToyNemesis {
public:
    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        return apply(fault, target, "cut");
    }
    Result<void> heal(const Fault& fault, FaultTarget& target) const override {
        return apply(fault, target, "join");
    }

private:
    static Result<void> apply(const Fault& fault, FaultTarget& target, const char* text) {
        const Result<std::vector<std::string>> applied =
            target.apply_rules({{.host = *fault.undo.at("host").text(), .text = text}});
        if (!applied) return applied.error();
        return {};
    }
};

class ToyKill : public ToyNemesis {
public:
    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        return target.kill_node(fault.targets[0]);
    }
    Result<void> heal(const Fault& fault, FaultTarget& target) const override {
        return target.start_node(fault.targets[0]);
    }
};

} // namespace

const Nemesis* find_toy_nemesis(std::string_view name) {
    static const ToyPartition partition;
    static const ToyKill kill;
    if (name == "partition") return &partition;
    if (name == "kill") return &kill;
    return nullptr;
}

Plan toy_plan(const Workload& workload,
              std::uint64_t seed,
              std::vector<std::string> nemeses,
              const Options& options) {
    Plan plan{.seed = seed, .system = "toy", .workload = "register", .nemeses = nemeses};
    plan.options = complete_options(options, workload.options(), "the workload").value();
    const Rng root(seed);
    for (std::int32_t w = 0; w < plan.workers(); ++w)
        plan.stream_seeds.push_back(root.split("process/" + std::to_string(w)).seed());
    Rng rng = root.split("nemesis");
    FaultId id = 0;
    for (Nanos t = 3 * second; t + 4 * second < plan.duration && !nemeses.empty();
         t += 5 * second) {
        plan.faults.push_back({.id = id,
                               .nemesis = nemeses[static_cast<std::size_t>(id) % nemeses.size()],
                               .t_start = t,
                               .duration = 3 * second,
                               .target = "one",
                               .seed = rng.next()});
        ++id;
    }
    return plan;
}

} // namespace faultlab
