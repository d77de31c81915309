#pragma once

#include "tests/support/toy_systems.hpp"

#include <deque>
#include <map>
#include <optional>

namespace faultlab {

/// What is wrong with a toy map.
enum class ToyMapBug {
    none,
    stale_scans,      ///< a node that is cut off answers reads and scans from what it knew before
    lost_writes,      ///< a kill loses what any node acknowledged in the half second before it
    undone_deletes,   ///< a kill brings back what was deleted in the half second before it
    lost_sums,        ///< an addition reads the sum when it arrives, and writes it a little later
    double_appends,   ///< now and then an append is done once more, a little later
    torn_transaction, ///< a transaction does its first step when it arrives, the rest a little
                      ///< later
    loose_cas,        ///< now and then a compare-and-set does not compare
};

/// One map of model kv that all nodes share, as if by a perfect protocol.
class ToyMap : public ToyCluster {
public:
    ToyMap(VirtualTime& time, std::int32_t nodes, std::uint64_t seed, ToyMapBug bug)
        : ToyCluster(time, nodes, seed), bug_(bug) {}

private:
    using State = std::map<Value, Value>;
    struct Written {
        Nanos t = 0;
        Value key;
        Value before;
        bool deleted = false;
    };

    void serve(NodeId node, bool cut, const Invocation& op, const Answer& answer) override;
    void on_cut(NodeId node) override { remembered_[node] = state_; }
    void on_kill() override;

    void serve_wrongly(const Invocation& op, const Answer& answer);
    Completion apply(const Invocation& op);
    Completion apply_transaction(const Value::Transaction& asked);
    /// Absent: refused, because what is there is of another type.
    std::optional<Value> add(const Value& key, const Value& more);
    void put(const Value& key, const Value& value);
    static Value get(const State& state, const Value& key);
    static Value scan(const State& state, const Value::List& range);

    ToyMapBug bug_;
    State state_;
    std::map<NodeId, State> remembered_; ///< what a node knew when it was cut off
    std::deque<Written> recent_;
};

} // namespace faultlab
