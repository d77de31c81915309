#include "core/options.hpp"

#include "core/check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <numeric>

namespace faultlab {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t substitute = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substitute});
        }
    }
    return row[b.size()];
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stopped != end) return std::nullopt;
    return number;
}

Result<void> check_choices(const OptionSpec& spec, std::string_view value, std::string_view owner) {
    if (spec.choices.empty()) return {};
    if (!spec.several) {
        if (std::ranges::find(spec.choices, value) != spec.choices.end()) return {};
        return usage_error(fmt::format("option {} of {} cannot be '{}'", spec.name, owner, value),
                           fmt::format("one of: {}", fmt::join(spec.choices, ", ")));
    }
    for (const std::string& part : split_list(value)) {
        if (std::ranges::find(spec.choices, part) != spec.choices.end()) continue;
        return usage_error(
            fmt::format("option {} of {} cannot have '{}'", spec.name, owner, part),
            fmt::format("nearest: {}", fmt::join(nearest_names(part, spec.choices), ", ")));
    }
    return {};
}

Result<void> check_range(const OptionSpec& spec, std::string_view value, std::string_view owner) {
    if (!spec.range) return {};
    const auto [low, high] = *spec.range;
    const std::optional<std::int64_t> number = parse_integer(value);
    if (number && *number >= low && *number <= high) return {};
    return usage_error(fmt::format("option {} of {} cannot be '{}'", spec.name, owner, value),
                       fmt::format("an integer from {} to {}", low, high));
}

} // namespace

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        if (comma > 0) parts.emplace_back(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return parts;
}

std::vector<std::string> nearest_names(std::string_view typed,
                                       std::span<const std::string> candidates) {
    std::vector<std::pair<std::size_t, std::string>> near;
    for (const std::string& candidate : candidates) {
        const std::size_t distance = edit_distance(typed, candidate);
        const bool shares_start = !typed.empty() && candidate.starts_with(typed);
        if (shares_start || distance <= std::max<std::size_t>(2, candidate.size() / 3)) {
            near.emplace_back(shares_start ? 0 : distance, candidate);
        }
    }
    if (near.empty()) return {candidates.begin(), candidates.end()};
    std::ranges::stable_sort(near, {}, [](const auto& pair) { return pair.first; });
    near.resize(std::min<std::size_t>(near.size(), 3));
    std::vector<std::string> names;
    for (auto& [distance, name] : near)
        names.push_back(std::move(name));
    return names;
}

Result<Options>
complete_options(const Options& given, std::span<const OptionSpec> specs, std::string_view owner) {
    Options completed;
    std::vector<std::string> names;
    for (const OptionSpec& spec : specs) {
        completed[spec.name] = spec.fallback;
        names.push_back(spec.name);
    }
    for (const auto& [name, value] : given) {
        const auto spec = std::ranges::find(specs, name, &OptionSpec::name);
        if (spec == specs.end()) {
            return usage_error(
                fmt::format("{} has no option '{}'", owner, name),
                names.empty()
                    ? "it has no options"
                    : fmt::format("nearest: {}", fmt::join(nearest_names(name, names), ", ")));
        }
        FAULTLAB_DO(check_choices(*spec, value, owner));
        FAULTLAB_DO(check_range(*spec, value, owner));
        completed[name] = value;
    }
    return completed;
}

std::int64_t integer_option(const Options& options, const std::string& name) {
    const auto found = options.find(name);
    FAULTLAB_CHECK(found != options.end());
    const std::optional<std::int64_t> number = parse_integer(found->second);
    FAULTLAB_CHECK(number.has_value());
    return *number;
}

} // namespace faultlab
