#include "reports/planted.hpp"

#include "core/options.hpp"
#include "reports/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace faultlab {
namespace {

constexpr std::string_view counter = "fired.";

/// Whether the id is this one or one of its parts: F6 stands for F6a and F6b.
bool names(std::string_view whole, std::string_view id) {
    if (!id.starts_with(whole)) return false;
    const std::string_view rest = id.substr(whole.size());
    return rest.empty() || (rest.size() == 1 && rest[0] >= 'a' && rest[0] <= 'z');
}

} // namespace

std::vector<PlantedInRun> planted_in(const Record& record) {
    const auto option = record.plan.options.find("bug");
    if (option == record.plan.options.end()) return {};
    std::map<std::string, std::optional<std::int64_t>> fired;
    // Counters count from the start of the process: of each life the last word is the total.
    std::map<std::pair<NodeId, std::int32_t>, std::map<std::string, std::int64_t>> lives;
    for (const Sample& sample : record.samples) {
        if (!sample.metric.starts_with(counter)) continue;
        std::int64_t& total =
            lives[{sample.node, sample.incarnation}][sample.metric.substr(counter.size())];
        total = std::max(total, sample.value);
    }
    for (const auto& [life, totals] : lives) {
        for (const auto& [id, total] : totals)
            fired[id] = fired[id].value_or(0) + total;
    }
    for (const std::string& id : split_list(option->second)) {
        const bool counted =
            std::ranges::any_of(fired, [&id](const auto& entry) { return names(id, entry.first); });
        if (!counted) fired[id];
    }
    std::vector<PlantedInRun> planted;
    for (const auto& [id, total] : fired)
        planted.push_back({.id = id, .fired = total});
    return planted;
}

std::vector<std::string> planted_lines(const Record& record) {
    std::vector<std::string> lines;
    for (const PlantedInRun& bug : planted_in(record)) {
        const std::string id = visible(bug.id, 40);
        if (!bug.fired) {
            lines.push_back(id + ": no replica said whether it fired");
        } else if (*bug.fired == 0) {
            lines.push_back(id + " never fired: no outcome differed because of it");
        } else {
            lines.push_back(fmt::format(
                "{} fired {}", id, *bug.fired == 1 ? "once" : count_text(*bug.fired) + " times"));
        }
    }
    return lines;
}

std::string planted_text(const Record& record) {
    std::vector<std::string> ids;
    for (const PlantedInRun& bug : planted_in(record))
        ids.push_back(bug.id);
    if (ids.empty()) return {};
    return (ids.size() == 1 ? "planted bug " : "planted bugs ") + list_text(ids);
}

} // namespace faultlab
