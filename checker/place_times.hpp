#pragma once

#include "checker/search_input.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace faultlab {

/// When places of a register (see SearchInput) are needed and can be reached, so that a search sees
/// early that one was left for good. Owned by one thread: questions move a hint.
class PlaceTimes {
public:
    explicit PlaceTimes(const SearchInput& input);

    /// The earliest return among the definite operations that need the place and are invoked after
    /// `time`; `never` when there is none.
    [[nodiscard]] Index need_after(std::uint64_t place, Index time) const {
        const std::size_t i = needs_.after(place, time);
        return i == nowhere ? never : earliest_return_[i];
    }

    /// The first invocation after `time` of an update that leads to the place; `never` when there
    /// is none. Versions do not come back.
    [[nodiscard]] Index reach_after(std::uint64_t place, Index time) const {
        const std::size_t i = reaches_.after(place, time);
        return i == nowhere ? never : reaches_.times[i];
    }

private:
    static constexpr std::size_t nowhere = SIZE_MAX;

    /// Times by place, ascending.
    struct Timeline {
        std::vector<std::uint32_t> starts; ///< by place; one more than there are
        std::vector<Index> times;
        mutable std::vector<std::uint32_t> hints; ///< by place: where the last answer was

        /// The position of the place's first time after this one.
        [[nodiscard]] std::size_t after(std::uint64_t place, Index time) const;
    };

    Timeline needs_;
    Timeline reaches_;
    std::vector<Index> earliest_return_; ///< by position in needs_: of this one and later ones
};

/// Look-ahead: a configuration of the search that cannot be completed any more, because
///
///  - it left a place that a definite operation needs, and before that one returns no update that
///    could lead back to it is left; or
///  - it is at a place that is needed by an operation that is invoked only after a pending update
///    has returned, which has to lead away from the place before, and no update leads back in time.
///
/// Tell it of every update and every definite observer that is pending in the configuration.
class PlacesLost {
public:
    PlacesLost(const SearchInput& input,
               const PlaceTimes& times,
               std::uint64_t left,
               std::uint64_t at,
               Index now)
        : input_(input), times_(times), left_(left), at_(at), now_(now) {}

    void add_pending(const RegisterOp& op) {
        if (op.definite() && input_.needed_place(op) == left_)
            left_needed_ = std::min(left_needed_, op.ret);
        if (op.preserves_state()) return;
        if (!input_.by_version && op.value == left_) back_to_left_ = true;
        if (!input_.by_version && op.value == at_)
            back_to_at_ = true;
        else
            moved_on_ = std::min(moved_on_, op.ret);
    }

    /// `open_leads_to` tells of open updates that were not added.
    template <class OpenLeadsTo>
    [[nodiscard]] bool any(OpenLeadsTo open_leads_to) const {
        if (left_ != at_ && !back_to_left_) {
            const Index need = std::min(left_needed_, times_.need_after(left_, now_));
            if (out_of_reach(left_, need) && !open_leads_to(left_)) return true;
        }
        if (moved_on_ == never || back_to_at_) return false;
        const Index need = times_.need_after(at_, moved_on_);
        return out_of_reach(at_, need) && !open_leads_to(at_);
    }

private:
    [[nodiscard]] bool out_of_reach(std::uint64_t place, Index need) const {
        return need != never && times_.reach_after(place, now_) > need;
    }

    const SearchInput& input_;
    const PlaceTimes& times_;
    std::uint64_t left_;
    std::uint64_t at_;
    Index now_;
    Index left_needed_ = never; ///< the earliest return of a pending operation that needs it
    Index moved_on_ = never;    ///< by then the place has changed
    bool back_to_left_ = false;
    bool back_to_at_ = false;
};

} // namespace faultlab
