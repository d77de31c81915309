#include "reports/roles.hpp"

#include <algorithm>
#include <map>

namespace faultlab {
namespace {

constexpr Nanos silence = second; ///< without a sample for so long, nothing is known
constexpr std::size_t most_bands = 400;

} // namespace

std::vector<RoleBand> role_bands(const Record& record) {
    std::map<NodeId, std::int64_t> terms;
    std::map<NodeId, std::size_t> current;
    std::vector<RoleBand> bands;
    for (const Sample& sample : record.samples) {
        if (sample.metric == "term") {
            terms[sample.node] = sample.value;
            // The term of one answer may be stored after its role.
            const auto open = current.find(sample.node);
            if (open != current.end() && bands[open->second].role == 2 &&
                bands[open->second].to == sample.t)
                bands[open->second].term = sample.value;
            continue;
        }
        if (sample.metric != "role") continue;
        const auto open = current.find(sample.node);
        if (open != current.end()) {
            RoleBand& band = bands[open->second];
            const bool silent = sample.t - band.to > silence;
            if (!silent) band.to = sample.t;
            if (!silent && band.role == sample.value) continue;
        }
        if (bands.size() == most_bands) break;
        const auto term = terms.find(sample.node);
        current[sample.node] = bands.size();
        bands.push_back({.node = sample.node,
                         .from = sample.t,
                         .to = sample.t,
                         .role = sample.value,
                         .term = term == terms.end() ? -1 : term->second});
    }
    return bands;
}

} // namespace faultlab
