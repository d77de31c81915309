#pragma once

#include "checker/register_model.hpp"

#include <cstdint>
#include <optional>
#include <queue>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace faultlab {

/// Chooses, version by version, which of the updates that do not know their version makes it: of
/// those that fit, the definite one that returns first, or, with `open_first` and where there is
/// none, an open one. A guess: what comes of it must be checked. Owned by one thread.
class VersionFill {
public:
    /// A version without a maker, and between which moments it begins.
    struct Gap {
        std::uint64_t version = 0;
        ValueId value = any_value; ///< that was seen, if it was
        Index after = -1;
        Index before = never;
    };

    /// Requires: `writes` in order of invocation, `open_cas` by what they compare with.
    VersionFill(std::span<const RegisterOp> ops,
                std::span<const std::uint32_t> writes,
                std::span<const std::uint32_t> open_cas,
                bool open_first);

    /// Not to be chosen any more.
    void take(std::uint32_t i) { taken_[i] = 1; }
    /// A gap with this value will come.
    void will_need(ValueId value) { ++needed_[value]; }
    /// Requires: gaps in ascending order, their moments too. Nothing when there is no choice left.
    std::optional<std::uint32_t> choose(const Gap& gap);

private:
    static constexpr std::uint32_t nobody = UINT32_MAX;
    struct OfValue {
        std::vector<std::uint32_t> writes; ///< in order of invocation
        std::size_t begin = 0;             ///< all before it are taken
    };

    [[nodiscard]] std::uint32_t definite_of_value(OfValue& of_value, const Gap& gap) const;
    [[nodiscard]] std::uint32_t open_of_value(const OfValue& of_value, const Gap& gap) const;
    std::uint32_t most_urgent(const Gap& gap);
    std::uint32_t some_open_write();
    [[nodiscard]] std::uint32_t open_cas(const Gap& gap);

    std::span<const RegisterOp> ops_;
    std::span<const std::uint32_t> writes_;
    std::span<const std::uint32_t> open_cas_;
    bool open_first_;
    std::vector<std::uint8_t> taken_; ///< by position
    std::unordered_map<ValueId, OfValue> by_value_;
    std::unordered_map<ValueId, std::uint32_t> needed_; ///< gaps to come, by value
    std::size_t next_write_ = 0; ///< the first that no gap so far could begin after
    std::size_t next_cas_ = 0;
    using Deadline = std::pair<Index, std::uint32_t>;
    std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> definite_;
    std::vector<std::uint32_t> open_; ///< writes that were invoked in time
    std::size_t open_begin_ = 0;      ///< all before it are taken
};

} // namespace faultlab
