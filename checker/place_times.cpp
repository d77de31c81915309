#include "checker/place_times.hpp"

#include <algorithm>
#include <optional>

namespace faultlab {

std::size_t PlaceTimes::Timeline::after(std::uint64_t place, Index time) const {
    if (place + 1 >= starts.size()) return nowhere;
    const std::uint32_t begin = starts[place];
    const std::uint32_t end = starts[place + 1];
    // Searches move along the history: the answer is near the last one.
    std::uint32_t at = std::clamp(hints[place], begin, end);
    for (int near = 0; near < 8; ++near) {
        if (at < end && times[at] <= time)
            ++at;
        else if (at > begin && times[at - 1] > time)
            --at;
        else
            break;
    }
    if ((at < end && times[at] <= time) || (at > begin && times[at - 1] > time)) {
        const auto first = times.begin() + begin;
        const auto found = std::upper_bound(first, times.begin() + end, time);
        at = begin + static_cast<std::uint32_t>(found - first);
    }
    hints[place] = at;
    return at == end ? nowhere : at;
}

PlaceTimes::PlaceTimes(const SearchInput& input) {
    const std::size_t places = input.last_needed.size();
    const auto needed = [&](const RegisterOp& op) -> std::size_t {
        const std::optional<std::uint64_t> place = input.needed_place(op);
        return place && *place < places ? static_cast<std::size_t>(*place) : places;
    };
    const auto reached = [&](const RegisterOp& op) -> std::size_t {
        return !op.preserves_state() && !input.by_version ? op.value : places;
    };
    // Counting sort by place; the operations are in order of invocation.
    const auto fill = [&](Timeline& line, const auto& place_of, std::vector<Index>* returns) {
        line.starts.assign(places + 1, 0);
        for (const RegisterOp& op : input.ops) {
            if (const std::size_t place = place_of(op); place < places) ++line.starts[place + 1];
        }
        for (std::size_t place = 0; place < places; ++place)
            line.starts[place + 1] += line.starts[place];
        line.times.resize(line.starts.back());
        if (returns != nullptr) returns->resize(line.starts.back());
        line.hints = line.starts;
        for (const RegisterOp& op : input.ops) {
            const std::size_t place = place_of(op);
            if (place == places) continue;
            const std::uint32_t at = line.hints[place]++;
            line.times[at] = op.inv;
            if (returns != nullptr) (*returns)[at] = op.ret;
        }
        line.hints = line.starts;
    };
    fill(needs_, needed, &earliest_return_);
    fill(reaches_, reached, nullptr);
    for (std::size_t place = 0; place < places; ++place) {
        for (std::size_t i = needs_.starts[place + 1]; i-- > needs_.starts[place] + std::size_t{1};)
            earliest_return_[i - 1] = std::min(earliest_return_[i - 1], earliest_return_[i]);
    }
}

} // namespace faultlab
