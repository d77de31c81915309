#pragma once

#include "replica/core/assert.hpp"
#include "replica/core/block_tree.hpp"
#include "replica/core/operation_view.hpp"
#include "replica/core/state_machine.hpp"

#include <vector>

namespace faultlab::replica {

/// The tree and what operations on it need.
struct StateMachine::State {
    State(const Limits& limits, std::uint64_t process_salt)
        : tree(limits.entries, limits.value_blocks), salt(process_salt),
          scratch(limits.request_bytes), replaced(std::size_t{4} * limits.request_bytes),
          undo(limits.request_bytes / least_step_bytes + 1),
          most_value(limits.request_bytes - bare_result_bytes - sizeof(std::uint32_t)) {
        REPLICA_ASSERT("machine-request-bytes",
                       limits.request_bytes > bare_result_bytes + sizeof(std::uint32_t));
    }

    /// How to take back one step of a transaction.
    struct Undo {
        SpacedKey key;
        std::size_t offset = 0; ///< of the value before, in `replaced`
        std::size_t size = 0;   ///< 0: there was none
    };
    static constexpr std::size_t least_step_bytes = 11; ///< kind, two lengths, two types

    Outcome read(const SpacedKey& key, CellWriter& out) const;
    Outcome scan(const OperationView& operation, CellWriter& out) const;
    Outcome scan_by_place(const OperationView& operation, CellWriter& out) const;
    Outcome write(const OperationView& operation, CellWriter& out);
    Outcome put(const SpacedKey& key, Bytes value);
    Outcome add(const SpacedKey& key, Bytes delta, CellWriter& out);
    Outcome append(const SpacedKey& key, Bytes suffix, CellWriter& out);
    Outcome transact(const OperationView& operation, CellWriter& out);
    Outcome step(const SpacedKey& key, const StepView& step, CellWriter& out);
    bool remember(const SpacedKey& key, std::size_t count, std::size_t& used);
    void take_back(std::size_t count);
    [[nodiscard]] bool in_scan(BlockTree::Index index, const OperationView& operation) const;
    void write_pair(BlockTree::Index index, CellWriter& out) const;
    CellType stored_type(BlockTree::Index index);

    BlockTree tree;
    std::uint64_t salt;
    std::vector<std::byte> scratch; ///< one key or one value
    std::vector<std::byte> replaced;
    std::vector<Undo> undo;
    std::size_t most_value; ///< bytes of the largest value that a read can give back
};

} // namespace faultlab::replica
