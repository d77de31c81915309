#pragma once

#include "checker/kv_model.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace faultlab {

/// Which work the search may leave undone. All are exact; tests compare with none.
struct KvLicences {
    bool drop_unnoticed = true; ///< what nobody can notice is gone, or equal
    bool look_ahead = true;     ///< states from which the rest cannot be completed are given up
    bool narrow = true;         ///< only operations that have to do with the forced one are tried
    bool symmetric = true;      ///< equal operations are interchangeable
};

/// What one operation asks of a key and leaves there.
struct KvTouch {
    KeyId key = 0;
    PlaceId needs = no_place;  ///< what must be there before, if that is one value
    PlaceId leaves = no_place; ///< what is there afterwards, if it updates and that is known
    bool vague = false;        ///< it updates, and what it leaves is not known
    bool blind = false;        ///< it begins with a write: what was there does not matter
};

/// The operations of one group, made ready for the search.
struct KvInput {
    std::vector<KvOp> ops;                ///< in order of invocation
    std::vector<std::uint32_t> signature; ///< by op: equal for interchangeable updates
    std::uint32_t signatures = 0;
    /// By op: it does nothing but write, definitely, one value that nobody can tell from others.
    std::vector<std::uint8_t> dead;

    /// By op, flat.
    [[nodiscard]] std::span<const KvTouch> touches(std::size_t op) const {
        return std::span(touch).subspan(first_touch[op], first_touch[op + 1] - first_touch[op]);
    }
    std::vector<KvTouch> touch;
    std::vector<std::uint32_t> first_touch;

    /// By place: the last invocation of a definite operation that needs it; -1: none.
    std::vector<Index> last_needed;
    /// By place: the last invocation of an update that is known to leave it.
    std::vector<Index> last_left;
    /// By key: the last invocation of an update of unknown result.
    std::vector<Index> last_vague;
};

[[nodiscard]] KvInput
prepare_kv(std::span<const KvOp> ops, KvPlaces& places, const KvLicences& licences);

} // namespace faultlab
