#include "nemesis/packages.hpp"

#include "core/check.hpp"
#include "core/options.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/schedule.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

namespace faultlab {
namespace {

constexpr std::string_view chaos = "chaos";

/// What the families are, in the order of `list`.
constexpr std::array<Package, 5> families = {{
    {"network", "all faults of the network between replicas, and to clients"},
    {"process", "all faults of replicas' processes"},
    {"disk", "all faults of replicas' files"},
    {"clock", "all faults of replicas' clocks"},
    {"resources", "all faults that make a replica slow for lack of something"},
}};

std::vector<std::string> members_of_family(std::string_view family) {
    std::vector<std::string> members;
    for (const NemesisEntry& entry : nemesis_catalogue()) {
        if (family == chaos || entry.family == family) members.emplace_back(entry.name);
    }
    return members;
}

/// A value around the usual one: from a quarter of a number to four times it.
std::optional<std::string> varied(const OptionSpec& option, Rng& rng) {
    if (option.several) return std::nullopt;
    if (!option.choices.empty()) return option.choices[rng.below(option.choices.size())];
    if (option.range)
        return fmt::format("{}", rng.between(option.range->first, option.range->second));
    constexpr std::array<double, 5> factors = {0.25, 0.5, 1, 2, 4};
    const double factor = factors.at(rng.below(factors.size()));
    const std::string& usual = option.fallback;
    double number = 0;
    const auto [unit, error] = std::from_chars(usual.data(), usual.data() + usual.size(), number);
    if (error != std::errc() || number <= 0) return std::nullopt;
    const std::string_view unit_text(unit,
                                     static_cast<std::size_t>(usual.data() + usual.size() - unit));
    // Without a unit it may be a count, which is whole.
    if (unit_text.empty()) return fmt::format("{}", std::max(1L, std::lround(number * factor)));
    return fmt::format("{:g}{}", number * factor, unit_text);
}

/// Whether a plan could have a fault of this name and detail.
bool can_be(const std::string& name, std::int32_t nodes, const Rng& rng) {
    const auto entry = find_nemesis(fault_class(name));
    if (!entry) return false;
    const auto nemesis = (*entry)->make();
    FaultSpec spec{.nemesis = std::string(fault_class(name)), .seed = rng.seed()};
    const std::string detail = name.substr(std::min(name.size(), spec.nemesis.size() + 1));
    if (!read_detail(detail, nemesis->options(), spec.nemesis, spec)) return false;
    Rng draw = rng.split("draw");
    nemesis->draw(draw, nodes, spec);
    return check_spec(spec, nodes).ok();
}

/// The fault with other parameters than the usual ones, where such can be.
std::string with_varied_parameters(const std::string& fault, std::int32_t nodes, const Rng& rng) {
    std::string name = fault;
    for (const OptionSpec& option : find_nemesis(fault).value()->make()->options()) {
        if (option.name == "mechanism") continue; // how it is done is up to the host
        Rng stream = rng.split(option.name);
        const auto value = varied(option, stream);
        if (!value || *value == option.fallback) continue;
        const std::string more = fmt::format("{}:{}={}", name, option.name, *value);
        // Some values do not go together.
        if (can_be(more, nodes, rng)) name = more;
    }
    return name;
}

std::vector<std::string>
draw_chaos(std::span<const std::string> names, std::int32_t nodes, const Rng& rng) {
    std::vector<std::string> members = members_of_family(chaos);
    std::erase_if(members, [&](const std::string& member) {
        const bool asked = std::ranges::any_of(names, [&](const std::string& name) {
            return name == member || (name != chaos && is_package(name) &&
                                      std::ranges::count(package_members(name), member) > 0);
        });
        return asked || !can_be(member, nodes, rng);
    });
    Rng choice = rng.split("choice");
    choice.shuffle(std::span(members));
    if (!members.empty()) members.resize(1 + choice.below(members.size()));
    for (std::string& member : members)
        member = with_varied_parameters(member, nodes, rng.split(member));
    return members;
}

Result<std::vector<std::string>> members_of(const std::string& name,
                                            std::span<const std::string> names,
                                            std::int32_t nodes,
                                            const Rng& rng) {
    const std::string kind(fault_class(name));
    if (find_nemesis(kind)) return std::vector<std::string>{name};
    if (!is_package(kind)) {
        std::vector<std::string> known = members_of_family(chaos);
        for (const Package& package : fault_packages())
            known.emplace_back(package.name);
        return usage_error(fmt::format("there is no fault '{}'", kind),
                           fmt::format("nearest: {}", fmt::join(nearest_names(kind, known), ", ")));
    }
    if (kind != name) {
        return usage_error(
            fmt::format(
                "'{}': {} is several faults, which share no target or parameter", name, kind),
            fmt::format("name them: {}", fmt::join(package_members(kind), ",")));
    }
    return kind == chaos ? draw_chaos(names, nodes, rng.split(chaos)) : package_members(kind);
}

} // namespace

std::vector<Package> fault_packages() {
    std::vector<Package> packages(families.begin(), families.end());
    packages.push_back(
        {chaos, "some of all faults, with other parameters than usual, by the seed"});
    return packages;
}

bool is_package(std::string_view name) {
    return std::ranges::any_of(fault_packages(),
                               [&](const Package& package) { return package.name == name; });
}

std::vector<std::string> package_members(std::string_view name) {
    FAULTLAB_CHECK(is_package(name));
    return members_of_family(name);
}

Result<std::vector<std::string>>
expand_packages(std::span<const std::string> names, std::int32_t nodes, const Rng& rng) {
    std::vector<std::string> expanded;
    std::map<std::string, std::string> reasons; // of each fault: the name that it came by
    for (const std::string& name : names) {
        FAULTLAB_TRY(const auto members, members_of(name, names, nodes, rng));
        for (const std::string& member : members) {
            const auto [reason, is_new] = reasons.emplace(member, name);
            if (!is_new) {
                return usage_error(
                    reason->second == name
                        ? fmt::format("fault '{}' is asked for twice", name)
                        : fmt::format("fault '{}' is asked for twice: by '{}' and by '{}'",
                                      member,
                                      reason->second,
                                      name));
            }
            expanded.push_back(member);
        }
    }
    return expanded;
}

} // namespace faultlab
