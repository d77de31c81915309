#pragma once

#include "core/op.hpp"
#include "core/rng.hpp"

#include <cstdint>
#include <vector>

namespace faultlab {

/// Lets `wanted` operations overlap at random: at its turn a process invokes one, at its next turn
/// that takes effect, and at the one after it returns. `invoke(process)` gives the position of the
/// operation, which `apply` and `finish` are called with. Brute-force references draw their
/// histories with it; it knows nothing of what the operations mean.
template <typename Invoke, typename Apply, typename Finish>
void overlap(Rng& rng,
             std::int64_t processes,
             std::int64_t wanted,
             Invoke invoke,
             Apply apply,
             Finish finish) {
    struct Pending {
        OpId op = -1;
        bool applied = false;
    };
    std::vector<Pending> pending(static_cast<std::size_t>(processes));
    std::int64_t invoked = 0;
    std::int64_t returned = 0;
    while (returned < wanted) {
        const auto process = static_cast<std::size_t>(rng.below(pending.size()));
        Pending& slot = pending[process];
        if (slot.op < 0) {
            if (invoked == wanted) continue;
            slot = {.op = invoke(static_cast<std::int32_t>(process)), .applied = false};
            ++invoked;
        } else if (!slot.applied) {
            apply(slot.op);
            slot.applied = true;
        } else {
            finish(slot.op);
            slot.op = -1;
            ++returned;
        }
    }
}

/// The operations of a history that is drawn so: at least two, and in some histories up to so many
/// corruptions. `options` has max_ops, processes and corrupt_percent.
template <typename Options, typename Invoke, typename Apply, typename Finish, typename Corrupt>
void draw_history(Rng& rng,
                  const Options& options,
                  std::vector<Op>& ops,
                  Invoke invoke,
                  Apply apply,
                  Finish finish,
                  std::int64_t most_corruptions,
                  Corrupt corrupt) {
    const auto at = [&ops](OpId op) -> Op& { return ops[static_cast<std::size_t>(op)]; };
    overlap(
        rng,
        options.processes,
        rng.between(2, options.max_ops),
        invoke,
        [&](OpId op) { apply(at(op)); },
        [&](OpId op) { finish(at(op)); });
    if (!rng.chance(options.corrupt_percent, 100)) return;
    for (std::int64_t i = rng.between(1, most_corruptions); i > 0; --i)
        corrupt();
}

} // namespace faultlab
