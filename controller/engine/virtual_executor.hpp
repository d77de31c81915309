#pragma once

#include "controller/engine/conductor.hpp"
#include "controller/engine/engine.hpp"
#include "controller/engine/virtual_time.hpp"
#include "core/executor.hpp"
#include "core/nemesis.hpp"
#include "core/workload.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <utility>

namespace faultlab {

/// A system that lives in this process, in virtual time, with its hosts: a toy.
class VirtualSystem : public FaultTarget {
public:
    using Answer = std::function<void(Completion)>;
    /// A client's operation reaches this node. Answers by events of the virtual time, or never.
    virtual void invoke(NodeId node, const Invocation& op, Answer answer) = 0;
    virtual NodeStatus status(NodeId node) = 0;
    [[nodiscard]] virtual ClusterView view() = 0;
};

/// What the executor works with. Everything that is referred to outlives it.
struct VirtualParts {
    VirtualTime& time;
    VirtualSystem& system;
    const Workload& workload;
    FindNemesis find_nemesis;
    CreateWriter create_writer;
    std::filesystem::path run_db;
    std::string run_id;
    Params meta;
};

/// Runs a plan against a toy system in one thread, with the workers, streams and conductor of the
/// real engine. Nothing but the plan decides what happens: one seed, one history, byte for byte.
/// Requires: one run an executor, on a time that stands at 0.
class VirtualExecutor : public Executor {
public:
    explicit VirtualExecutor(VirtualParts parts) : parts_(std::move(parts)) {}
    Result<RunOutcome> run(const Plan& plan) override;

private:
    VirtualParts parts_;
};

} // namespace faultlab
