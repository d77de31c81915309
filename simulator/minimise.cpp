#include "simulator/minimise.hpp"

#include <algorithm>
#include <numeric>

namespace faultlab::simulator {

std::vector<std::size_t>
minimise(std::size_t count,
         const std::function<bool(const std::vector<std::size_t>& kept)>& holds) {
    std::vector<std::size_t> kept(count);
    std::iota(kept.begin(), kept.end(), std::size_t{0});
    if (count == 0 || holds({})) return {};
    std::size_t chunk = std::max<std::size_t>(count / 2, 1);
    while (true) {
        bool less = false;
        for (std::size_t at = 0; at < kept.size();) {
            const std::size_t end = std::min(at + chunk, kept.size());
            std::vector<std::size_t> left(kept.begin(),
                                          kept.begin() + static_cast<std::ptrdiff_t>(at));
            left.insert(left.end(), kept.begin() + static_cast<std::ptrdiff_t>(end), kept.end());
            // Nothing at all was asked for at the beginning.
            if (!left.empty() && holds(left)) {
                kept = std::move(left);
                less = true;
            } else {
                at = end;
            }
        }
        if (chunk == 1 && !less) return kept;
        if (chunk > 1) chunk /= 2;
    }
}

} // namespace faultlab::simulator
