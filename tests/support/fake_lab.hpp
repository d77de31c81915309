#pragma once

#include "controller/hosts/lab.hpp"
#include "core/system.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace faultlab {

/// A cluster in this process: hosts whose processes are entries of a table, and a system of
/// registers that share one state. Thread-safe. What happens to it stands in `log`.
class FakeWorld {
public:
    explicit FakeWorld(std::int32_t nodes);
    ~FakeWorld();

    Lab& lab() { return *lab_; }
    const System& system() { return *system_; }

    // How it behaves; set before the run.
    bool becomes_ready = true;
    bool starts_empty = true;
    /// Replaces the answers of the clients when set. May throw.
    std::function<Completion(NodeId, const Invocation&)> answer;
    NodeId asked = no_node; ///< what every client says of whom it asked; set before the run

    /// The replica ends by itself, as in a crash of the program.
    void crash(NodeId node);
    [[nodiscard]] ProcessState state(NodeId node);
    /// Everything that was done to hosts, in order: "n1 spawn toy", "n1 signal 9", "n1 rules cut".
    [[nodiscard]] std::vector<std::string> log();
    [[nodiscard]] std::int32_t entered(NodeId client);

private:
    friend class FakeHost;
    friend class FakeLab;
    friend class FakeSystem;
    friend class FakeClient;
    friend class FakeTelemetry;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> log_;
    std::map<std::int64_t, std::pair<NodeId, ProcessState>> groups_;
    std::map<NodeId, std::int32_t> entered_;
    std::map<Value, Value> registers_;
    std::unique_ptr<Lab> lab_;
    std::unique_ptr<System> system_;
};

} // namespace faultlab
