#include "nemesis/parameters.hpp"

#include "core/units.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

constexpr std::int64_t whole = 1'000'000; // millionths

/// A number and the unit after it.
struct Measured {
    double amount = 0;
    std::string unit;
};

bool measure(std::string_view text, Measured& measured) {
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), measured.amount);
    measured.unit = std::string(end, text.data() + text.size());
    return error == std::errc{} && std::isfinite(measured.amount) && measured.amount >= 0;
}

using Unit = std::pair<std::string_view, double>;

/// The amount in the smallest unit, rounded; -1 when it has no such unit or is too large.
std::int64_t in_units(std::string_view text, std::span<const Unit> units) {
    constexpr double most = 1e15;
    Measured measured;
    if (!measure(text, measured)) return -1;
    for (const auto& [name, size] : units) {
        if (name != measured.unit) continue;
        const double amount = measured.amount * size;
        return amount <= most ? std::llround(amount) : -1;
    }
    return -1;
}

} // namespace

Error refused_parameter(const std::string& name, const std::string& text, std::string_view right) {
    return usage_error(fmt::format("{} cannot be '{}'", name, text),
                       fmt::format("write {}", right));
}

Result<void> read_detail(std::string_view detail,
                         std::span<const OptionSpec> options,
                         std::string_view owner,
                         FaultSpec& spec) {
    if (options.empty()) {
        spec.target = detail;
        return {};
    }
    Options given;
    bool first = true;
    while (!detail.empty() || !first) {
        const auto colon = detail.find(':');
        const std::string_view part = detail.substr(0, colon);
        const auto equals = part.find('=');
        if (equals != std::string_view::npos) {
            given[std::string(part.substr(0, equals))] = std::string(part.substr(equals + 1));
        } else if (first) {
            spec.target = part;
        } else {
            return usage_error(fmt::format("fault {}: '{}' is no PARAMETER=VALUE", owner, part),
                               fmt::format("whom it hits comes first, as in {}:leader", owner));
        }
        first = false;
        if (colon == std::string_view::npos) break;
        detail.remove_prefix(colon + 1);
    }
    FAULTLAB_TRY(const Options completed, complete_options(given, options, owner));
    for (const auto& [name, value] : completed)
        spec.params[name] = value;
    return {};
}

std::string text_of(const Params& params, const std::string& name) {
    const auto found = params.find(name);
    if (found == params.end() || found->second.text() == nullptr) return {};
    return *found->second.text();
}

std::vector<std::string> texts_of(const Params& params, const std::string& name) {
    std::vector<std::string> texts;
    const auto found = params.find(name);
    if (found == params.end() || found->second.list() == nullptr) return texts;
    for (const Value& item : *found->second.list()) {
        if (item.text() != nullptr) texts.push_back(*item.text());
    }
    return texts;
}

Value::List text_list(const std::vector<std::string>& texts) {
    Value::List list;
    for (const std::string& text : texts)
        list.emplace_back(text);
    return list;
}

std::int64_t integer_of(const Params& params, const std::string& name) {
    const auto found = params.find(name);
    if (found == params.end() || found->second.integer() == nullptr) return 0;
    return *found->second.integer();
}

Result<Nanos> duration_parameter(const Params& params, const std::string& name) {
    const std::string text = text_of(params, name);
    if (text == "0") return Nanos{0};
    const auto parsed = parse_duration(text);
    if (!parsed)
        return refused_parameter(name, text, "a length of time like 50ms, 100us or 1s, or 0");
    return *parsed;
}

Result<Nanos> positive_duration_parameter(const Params& params, const std::string& name) {
    const std::string text = text_of(params, name);
    const auto parsed = parse_duration(text);
    if (!parsed) return refused_parameter(name, text, "a length of time like 50ms, 100us or 1s");
    return *parsed;
}

Result<std::int64_t> share_parameter(const Params& params, const std::string& name) {
    constexpr std::array<Unit, 2> units = {{{"%", whole / 100.0}, {"", whole / 100.0}}};
    const std::string text = text_of(params, name);
    const std::int64_t share = in_units(text, units);
    if (share < 0 || share > whole)
        return refused_parameter(name, text, "a share like 20% or 0.1%");
    return share;
}

Result<std::int64_t> processors_parameter(const Params& params, const std::string& name) {
    constexpr std::array<Unit, 1> units = {{{"%", whole / 100.0}}};
    const std::string text = text_of(params, name);
    const std::int64_t share = in_units(text, units);
    if (share < 1 || share > 100 * whole) {
        return refused_parameter(name, text, "a share of a processor, above 0, like 5% or 150%");
    }
    return share;
}

Result<std::int64_t> bytes_parameter(const Params& params, const std::string& name) {
    constexpr double kilo = 1024;
    constexpr std::array<Unit, 5> units = {
        {{"", 1}, {"B", 1}, {"KiB", kilo}, {"MiB", kilo * kilo}, {"GiB", kilo * kilo * kilo}}};
    const std::string text = text_of(params, name);
    const std::int64_t bytes = in_units(text, units);
    if (bytes < 1) return refused_parameter(name, text, "a size like 4096, 128KiB or 5MiB");
    return bytes;
}

Result<std::int64_t> rate_parameter(const Params& params, const std::string& name) {
    constexpr std::array<Unit, 3> units = {{{"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}}};
    const std::string text = text_of(params, name);
    const std::int64_t rate = in_units(text, units);
    if (rate < 1000) return refused_parameter(name, text, "a rate like 100kbit, 1mbit or 1gbit");
    return rate;
}

Result<std::int64_t> integer_parameter(const Params& params,
                                       const std::string& name,
                                       std::int64_t least,
                                       std::int64_t most) {
    const std::string text = text_of(params, name);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool read = error == std::errc{} && end == text.data() + text.size();
    if (!read || number < least || number > most) {
        return refused_parameter(
            name, text, fmt::format("a whole number from {} to {}", least, most));
    }
    return number;
}

std::string bytes_text(std::int64_t bytes) {
    constexpr std::int64_t kilo = 1024;
    constexpr std::array<const char*, 4> names = {"bytes", "KiB", "MiB", "GiB"};
    std::size_t unit = 0;
    while (unit + 1 < names.size() && bytes >= kilo && bytes % kilo == 0) {
        bytes /= kilo;
        ++unit;
    }
    return fmt::format("{} {}", bytes, names.at(unit));
}

std::string share_text(std::int64_t millionths) {
    return fmt::format("{:g} %", static_cast<double>(millionths) * 100 / whole);
}

} // namespace faultlab
