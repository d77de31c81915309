#pragma once

#include "checker/object_model.hpp"

#include <optional>
#include <vector>

namespace faultlab {

/// All of them are needed: tests switch off each.
struct ProjectionRules {
    bool own_writes = true; ///< a read after a write of the same transaction is about that write
    bool last_write = true; ///< of several writes to one register others see the last
    bool open_reads = true; ///< what an indeterminate transaction read is not known
};

/// Looks for one register of a multi-register that cannot explain what transactions did to it. In a
/// legal order of the transactions those that touch a register are in an order that is legal for
/// it: one that reads it is a read, one that writes it a write, and one that does both a cas. Each
/// register is judged as in checker/register_judge.hpp; with `quick` without a search, which takes
/// time linear in the operations but for sorting them. Nothing where all registers are legal:
/// together they need not be.
[[nodiscard]] std::optional<Judgement> refute_by_registers(const ObjectPartition& partition,
                                                           const Budget& budget,
                                                           bool quick,
                                                           const ProjectionRules& rules = {});

/// A transaction stays only if all that wrote what it read stay. Strike the others from a legal
/// order: each read still follows the write that it saw, and no write came between.
void support_transactions(const ObjectPartition& all, std::vector<bool>& kept);

} // namespace faultlab
