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

} // namespace faultlab
