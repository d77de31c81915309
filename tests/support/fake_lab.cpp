#include "tests/support/fake_lab.hpp"

#include <chrono>
#include <csignal>

namespace faultlab {

class FakeHost : public Host {
public:
    FakeHost(FakeWorld& world, NodeId node, std::string name, std::string address)
        : world_(world), node_(node), name_(std::move(name)), address_(std::move(address)) {}

    [[nodiscard]] const std::string& name() const override { return name_; }
    [[nodiscard]] const std::string& address() const override { return address_; }
    Result<Output> run(const Command& command) override {
        const std::scoped_lock lock(world_.mutex_);
        world_.log_.push_back(name_ + " run " + command.argv.front());
        return Output{};
    }
    Result<ProcessGroup> spawn(const ProcessSpec& spec) override {
        const std::scoped_lock lock(world_.mutex_);
        world_.log_.push_back(name_ + " spawn " + spec.name);
        const auto id = static_cast<std::int64_t>(world_.groups_.size());
        world_.groups_[id] = {node_, ProcessState::running};
        return ProcessGroup{id};
    }
    Result<void> signal(ProcessGroup group, int signal) override {
        const std::scoped_lock lock(world_.mutex_);
        world_.log_.push_back(name_ + " signal " + std::to_string(signal));
        ProcessState& state = world_.groups_.at(group.id).second;
        if (state == ProcessState::gone) return {};
        if (signal == SIGKILL) state = ProcessState::gone;
        if (signal == SIGSTOP) state = ProcessState::stopped;
        if (signal == SIGCONT) state = ProcessState::running;
        world_.changed_.notify_all();
        return {};
    }
    Result<ProcessState> state(ProcessGroup group) override {
        const std::scoped_lock lock(world_.mutex_);
        return world_.groups_.at(group.id).second;
    }
    Result<std::string> apply_rules(std::string_view text) override {
        const std::scoped_lock lock(world_.mutex_);
        world_.log_.push_back(name_ + " rules " + std::string(text));
        return std::string();
    }
    Result<void> put(const std::filesystem::path&, const std::filesystem::path&) override {
        return {};
    }
    Result<void> get(const std::filesystem::path&, const std::filesystem::path&) override {
        return {};
    }
    Result<void> remove(const std::filesystem::path&) override { return {}; }
    [[nodiscard]] std::filesystem::path data_directory() const override { return "data"; }
    [[nodiscard]] std::filesystem::path node_tool() const override { return "faultlab-node"; }
    [[nodiscard]] std::filesystem::path fault_directory() const override { return "faults"; }

private:
    FakeWorld& world_;
    NodeId node_;
    std::string name_;
    std::string address_;
};

class FakeLab : public Lab {
public:
    FakeLab(FakeWorld& world, std::int32_t nodes) : world_(world) {
        for (NodeId i = 0; i < nodes; ++i) {
            const std::string number = std::to_string(i + 1);
            nodes_.push_back(
                std::make_unique<FakeHost>(world, i, "n" + number, "10.0.0." + number));
            clients_.push_back(
                std::make_unique<FakeHost>(world, no_node, "c" + number, "10.0.1." + number));
        }
    }
    [[nodiscard]] std::int32_t nodes() const override {
        return static_cast<std::int32_t>(nodes_.size());
    }
    Host& node(NodeId node) override { return *nodes_[static_cast<std::size_t>(node)]; }
    Host& client(NodeId client) override { return *clients_[static_cast<std::size_t>(client)]; }
    Result<void> enter_client(NodeId client) override {
        const std::scoped_lock lock(world_.mutex_);
        ++world_.entered_[client];
        return {};
    }
    Result<std::vector<std::string>>
    apply_rules(const std::vector<FaultTarget::HostRules>& rules) override {
        for (const FaultTarget::HostRules& rule : rules) {
            const std::scoped_lock lock(world_.mutex_);
            world_.log_.push_back(rule.host + " rules " + rule.text);
        }
        return std::vector<std::string>(rules.size());
    }

private:
    FakeWorld& world_;
    std::vector<std::unique_ptr<FakeHost>> nodes_;
    std::vector<std::unique_ptr<FakeHost>> clients_;
};

class FakeClient : public Client {
public:
    FakeClient(FakeWorld& world, NodeId node) : world_(world), node_(node) {}

    [[nodiscard]] NodeId asked() const override { return world_.asked; }

    Completion invoke(const Invocation& op, Nanos limit) override {
        if (world_.answer) return world_.answer(node_, op);
        std::unique_lock lock(world_.mutex_);
        const auto serves = [&] { return state() != ProcessState::stopped; };
        if (!world_.changed_.wait_for(lock, std::chrono::nanoseconds(limit), serves))
            return Unknown{"timed out"};
        if (state() == ProcessState::gone) return Failed{"connection refused"};
        Value& value = world_.registers_[op.key];
        if (op.f == "read") return Done{value};
        if (op.f == "cas" && value != op.arg.list()->front()) return Done{false};
        value = op.f == "cas" ? op.arg.list()->back() : op.arg;
        return Done{true};
    }

private:
    [[nodiscard]] ProcessState state() const {
        ProcessState last = ProcessState::gone;
        for (const auto& [id, group] : world_.groups_) {
            if (group.first == node_) last = group.second;
        }
        return last;
    }
    FakeWorld& world_;
    NodeId node_;
};

class FakeTelemetry : public Telemetry {
public:
    FakeTelemetry(FakeWorld& world, NodeId node) : world_(world), node_(node) {}
    Result<NodeStatus> poll(Nanos) override {
        if (world_.state(node_) != ProcessState::running) return lab_error("no answer");
        // The first node that runs leads.
        for (NodeId i = 0; i < node_; ++i) {
            if (world_.state(i) == ProcessState::running)
                return NodeStatus{.metrics = {{"role", 0}, {"term", 1}}};
        }
        return NodeStatus{.leads = true, .metrics = {{"role", 2}, {"term", 1}}};
    }
    Result<bool> ready(Nanos) override {
        return world_.becomes_ready && world_.state(node_) == ProcessState::running;
    }

private:
    FakeWorld& world_;
    NodeId node_;
};

class FakeSystem : public System {
public:
    explicit FakeSystem(FakeWorld& world) : world_(world) {}
    [[nodiscard]] std::vector<OptionSpec> options() const override { return {}; }
    [[nodiscard]] std::vector<std::string> operations() const override {
        return {"read", "write", "cas"};
    }
    [[nodiscard]] std::vector<ErrorRule> error_table() const override { return {}; }
    [[nodiscard]] std::pair<std::int32_t, std::int32_t> node_limits() const override {
        return {1, 16};
    }
    Result<std::string> installed(Host&) const override { return std::string("1.0"); }
    [[nodiscard]] std::vector<ProcessSpec> launch(const Deployment&, NodeId) const override {
        return {{.name = "toy", .argv = {"toy"}}};
    }
    [[nodiscard]] std::unique_ptr<Telemetry> telemetry(const Deployment&,
                                                       NodeId node) const override {
        return std::make_unique<FakeTelemetry>(world_, node);
    }
    [[nodiscard]] std::unique_ptr<Client> connect(const Deployment&, NodeId node) const override {
        return std::make_unique<FakeClient>(world_, node);
    }
    Result<bool> empty(const Deployment&, Nanos) const override { return world_.starts_empty; }

private:
    FakeWorld& world_;
};

FakeWorld::FakeWorld(std::int32_t nodes)
    : lab_(std::make_unique<FakeLab>(*this, nodes)), system_(std::make_unique<FakeSystem>(*this)) {}

FakeWorld::~FakeWorld() = default;

void FakeWorld::crash(NodeId node) {
    const std::scoped_lock lock(mutex_);
    for (auto& [id, group] : groups_) {
        if (group.first == node) group.second = ProcessState::gone;
    }
    changed_.notify_all();
}

ProcessState FakeWorld::state(NodeId node) {
    const std::scoped_lock lock(mutex_);
    ProcessState last = ProcessState::gone;
    for (const auto& [id, group] : groups_) {
        if (group.first == node) last = group.second;
    }
    return last;
}

std::vector<std::string> FakeWorld::log() {
    const std::scoped_lock lock(mutex_);
    return log_;
}

std::int32_t FakeWorld::entered(NodeId client) {
    const std::scoped_lock lock(mutex_);
    return entered_[client];
}

} // namespace faultlab
